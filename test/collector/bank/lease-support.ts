/** A posted draw and what its cards do, without any store: the ground of pure lease decisions. */
import { type LeaseRecord, type RunName, runCode } from '@yiben/shared'
import { expect } from 'vitest'
import { drawFaults, postingFaults } from '../../../collector/src/bank/draw-invariants.ts'
import { decideLeases } from '../../../collector/src/bank/lease-decision.ts'
import type { CardLook, LeaseLook } from '../../../collector/src/bank/lease-look.ts'
import { extendTrace, traceFrom } from '../../../collector/src/bank/lease-trace.ts'
import { positionOf, takeBacks } from '../../../collector/src/model/accounts.ts'
import type {
  Account,
  Claim,
  Draw,
  DrawRequest,
  Posting,
} from '../../../collector/src/model/draw.ts'
import type { AcceleratorId, NodeId, UnitId } from '../../../collector/src/model/ids.ts'
import type { DeviceProfile, UnitRow } from '../../../collector/src/model/inventory.ts'
import type { OpenUnit } from '../../../collector/src/model/timeline.ts'
import type { DrawChange, StoredLeaseRecord } from '../../../collector/src/storage/draw-requests.ts'

export const SECOND = 1_000
export const MINUTE = 60_000
export const HOUR = 3_600_000
/** 2026-03-01T22:00:00Z. */
export const TEN_PM = 1_772_402_400_000
export const LEASE = 'e-0000000000000001'
export const NODE = 'n-0000000000000001' as NodeId

const PROFILE: DeviceProfile = {
  vendor: 'nvidia',
  name: 'NVIDIA H800',
  memoryTotalMib: 81_559,
  powerCapWatts: 700,
}

const REQUEST: DrawRequest = {
  drawId: 'draw-1',
  bank: 'bank-1',
  borrower: 'borrower-1',
  contract: 'contract-1',
  what: { kind: 'cards', lots: [{ lotId: 'l-1', cards: 1 }] },
  startMs: null,
  forMs: 8 * HOUR,
  holdMs: 30 * SECOND,
  swap: 'never',
  confidencePpm: null,
  isUnfencedTaken: true,
  isKeptInSilence: false,
}

export type Did = readonly (readonly [RunName, number])[]

/** Eight hours from 22:00 on of cards of one node; moves from decision to decision. */
export class LeaseRig {
  draw: Draw
  readonly postings: Posting[] = []
  readonly changes: DrawChange[] = []
  readonly startMs: number
  #recordNumber = 0

  constructor(change: { cards?: number; request?: Partial<DrawRequest> } = {}) {
    const cards = change.cards ?? 1
    this.startMs = TEN_PM
    const untilMs = TEN_PM + 8 * HOUR
    const lots = [{ lotId: 'l-1', cards }]
    const request: DrawRequest = { ...REQUEST, what: { kind: 'cards', lots }, ...change.request }
    this.draw = {
      version: 2,
      request,
      state: 'posted',
      refusal: null,
      createdAtMs: TEN_PM - 10 * SECOND,
      holdUntilMs: null,
      startMs: TEN_PM,
      untilMs,
      endedAtMs: null,
      leases: [
        {
          leaseId: LEASE,
          nodeId: NODE,
          startMs: TEN_PM,
          untilMs,
          revision: 1,
          confirmedRevision: 1,
          interruptedAtMs: null,
          idleSinceMs: null,
          handover: null,
        },
      ],
      claims: Array.from({ length: cards }, (_, ordinal) => claimOf(ordinal, untilMs)),
    }
    for (const { ordinal } of this.draw.claims) {
      const span = { fromMs: TEN_PM, toMs: untilMs }
      const drawId = request.drawId
      const knownAtMs = TEN_PM
      this.postings.push({ drawId, ordinal, ...span, from: 'promised', to: 'pending', knownAtMs })
    }
    expect(drawFaults(this.draw)).toEqual([])
  }

  /** The same draw before it was posted. */
  static held(request: Partial<DrawRequest> = {}): LeaseRig {
    const rig = new LeaseRig({ request })
    rig.postings.length = 0
    rig.draw = {
      ...rig.draw,
      version: 1,
      state: 'held',
      holdUntilMs: TEN_PM + 20 * SECOND,
      startMs: null,
      untilMs: null,
      leases: [],
      claims: rig.draw.claims.map((claim) => {
        return { ...claim, state: 'held', leaseId: null, startMs: null, untilMs: null }
      }),
    }
    expect(drawFaults(rig.draw)).toEqual([])
    return rig
  }

  /** Decides; a change is taken over, and must leave every promised millisecond in one account. */
  decide(look: LeaseLook, records: readonly StoredLeaseRecord[] = []): DrawChange | null {
    const change = decideLeases({ draw: this.draw, records, look })
    if (change === null) return null
    this.take(change)
    return change
  }

  take(change: DrawChange): void {
    this.draw = change.draw
    this.changes.push(change)
    for (const posting of change.postings) {
      // As the store does, in the same transaction.
      const own = this.postings.filter(({ ordinal }) => ordinal === posting.ordinal)
      this.postings.push(...takeBacks(positionOf(own), posting), posting)
    }
    expect(postingFaults(this.draw, this.postings)).toEqual([])
    expect(positionOf(this.postings.filter(({ ordinal }) => ordinal === 0)).faults).toEqual([])
  }

  /** Every card does the same from the start of the lease, or from its end, on. */
  look(nowMs: number, did: Did, change: Partial<CardLook> = {}): LeaseLook {
    const cards = this.draw.claims.map((claim) => {
      const fromMs = claim.endedAtMs ?? claim.startMs ?? claim.heldAtMs
      return [claim.ordinal, { ...cardLook(fromMs, this.startMs, did), ...change }] as const
    })
    return lookOf(nowMs, new Map(cards))
  }

  record(event: LeaseRecord['event'], change: Partial<LeaseRecord> = {}): StoredLeaseRecord {
    this.#recordNumber += 1
    const record: LeaseRecord = {
      atMs: TEN_PM,
      leaseId: LEASE,
      event,
      revision: 1,
      units: [],
      cause: null,
      ...change,
    }
    return {
      recordNumber: this.#recordNumber,
      nodeId: NODE,
      unitIds: record.units.map((index) => (index + 1) as UnitId),
      record,
      receivedAtMs: record.atMs,
    }
  }

  /** Card-ms by account, of all cards. */
  accounts(): Partial<Record<Account, number>> {
    const sums: Partial<Record<Account, number>> = {}
    for (const { ordinal } of this.draw.claims) {
      const own = this.postings.filter((posting) => posting.ordinal === ordinal)
      for (const { account, fromMs, toMs } of positionOf(own).spans) {
        sums[account] = (sums[account] ?? 0) + (toMs - fromMs)
      }
    }
    return sums
  }

  entries(kind: string) {
    return this.changes
      .flatMap(({ outbox }) => outbox)
      .filter((entry) => entry.kind === kind)
      .map(({ payload }) => payload)
  }
}

export function lookOf(nowMs: number, cards: LeaseLook['cards']): LeaseLook {
  return {
    nowMs,
    lotIdOf: () => 'l-1',
    cards,
    listeningSinceMs: TEN_PM - HOUR,
    isSilenceJudged: true,
  }
}

/** Names and seconds, from the start of the lease on; what is looked at begins at `fromMs`. */
export function cardLook(fromMs: number, startMs: number, did: Did): CardLook {
  let atMs = startMs
  const runs = did.map(([name, seconds]) => {
    const run = { startMs: atMs, endMs: atMs + seconds * SECOND, code: runCode(name) }
    atMs = run.endMs
    return run
  })
  return {
    unit: openUnit(runs.at(-1)?.code ?? runCode('free/proven'), runs.at(-1)?.startMs ?? startMs),
    row: UNIT_ROW,
    recutAtMs: null,
    toldToMs: atMs,
    trace: extendTrace(traceFrom(fromMs), runs, Math.max(atMs, fromMs)),
    hasLeftFree: false,
  }
}

export const UNIT_ROW: UnitRow = {
  unitId: 1 as UnitId,
  acceleratorId: 1 as AcceleratorId,
  nodeId: NODE,
  siteCode: 'SITE-1',
  kind: 'card',
  parentUnitId: null,
  profile: PROFILE,
  sharePpm: 1_000_000,
  driverVersion: null,
  strongestIdentity: 'strong',
  validFromMs: TEN_PM - 24 * HOUR,
  validToMs: null,
  bookedToMs: null,
  validToReason: null,
  isInConflict: false,
  isCounted: true,
}

export function openUnit(code: OpenUnit['runCode'], runStartMs: number): OpenUnit {
  return {
    unitId: 1 as UnitId,
    index: 0,
    runStartMs,
    runCode: code,
    runRecordedAtMs: null,
    window: null,
    depositable: true,
    withheld: null,
    consentEnds: { count: 0, latest: [] },
    evidence: 'A',
    hour: {
      unitId: 1 as UnitId,
      hourMs: TEN_PM,
      busyMs: 0,
      allocatedMs: 0,
      occupiedMs: 0,
      freeMs: 0,
      faultyMs: 0,
      unknownMs: 0,
      classBMs: 0,
      activeMs: 0,
      givenMs: 0,
      samplesExpected: 0,
      samplesGot: 0,
      samplesZero: 0,
      samplesBelowTenth: 0,
      samplesUtilization: 0,
      utilizationSumPermille: 0,
      utilizationMaxPermille: null,
      memoryUsedMibMax: null,
      energyJoules: null,
      temperatureCelsiusMax: null,
    },
  }
}

function claimOf(ordinal: number, untilMs: number): Claim {
  return {
    ordinal,
    leaseId: LEASE,
    unitId: (ordinal + 1) as UnitId,
    acceleratorId: (ordinal + 1) as AcceleratorId,
    nodeId: NODE,
    depositId: `d-${ordinal}`,
    siteCode: 'SITE-1',
    ownerCode: 'owner-1',
    profile: PROFILE,
    state: 'leased',
    heldAtMs: TEN_PM - 10 * SECOND,
    startMs: TEN_PM,
    untilMs,
    recallAtMs: null,
    recallCause: null,
    endedAtMs: null,
    end: null,
    cleanAtMs: null,
    swapOf: null,
    evidence: null,
  }
}
