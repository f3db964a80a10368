/**
 * A real store in memory with nodes that tell it what their cards do, through the real fold: the
 * ground the bank, the journal and the rollup stand on. The clock moves only as told.
 */
import {
  type DepositPolicy,
  type DurableRecord,
  hourStartMs,
  type RunName,
  runCode,
  type UnitKind,
  type Veto,
} from '@yiben/shared'
import { expect } from 'vitest'
import type { BankStore } from '../../../collector/src/bank/bank.ts'
import { Lots } from '../../../collector/src/bank/lots.ts'
import { DEPOSIT_SETTINGS, type DepositSettings } from '../../../collector/src/bank/question.ts'
import { loadCatalogue } from '../../../collector/src/catalogue/catalogue.ts'
import type {
  LedgerGeneration,
  NodeId,
  SessionGeneration,
  UnitId,
} from '../../../collector/src/model/ids.ts'
import type { UnitRow } from '../../../collector/src/model/inventory.ts'
import type { Deposit } from '../../../collector/src/model/ledger.ts'
import { type NodeState, SCOPE_ALL } from '../../../collector/src/storage/requests.ts'
import { openSqliteStoreInProcess } from '../../../collector/src/storage/sqlite/store.ts'
import type { Store } from '../../../collector/src/storage/store.ts'
import { foldRecords } from '../../../collector/src/timeline/fold.ts'
import { endWindow } from '../../../collector/src/timeline/windows.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { factsOf, tickOf, unitTick } from '../timeline/support.ts'

/** 2026-03-01T08:00:00Z, a full hour. */
export const START_MS = 1_772_352_000_000
export const MINUTE = 60_000
export const HOUR = 3_600_000
export const SITE = 'SITE-1'

/** As shipped, but that a card is watched for a moment only. */
export const QUICK: DepositSettings = { ...DEPOSIT_SETTINGS, observingMs: 1_000 }
export const LOTS = new Lots(new Uint8Array(32).fill(7), loadCatalogue())

const DEFAULT_POLICY: DepositPolicy = {
  version: 1,
  atMs: START_MS,
  enabled: true,
  keepCardsPerNode: 0,
  minFreeMs: 15 * MINUTE,
  maxLeaseMs: 8 * HOUR,
  calendar: null,
  handover: null,
}

export interface CardSpec {
  readonly kind?: UnitKind
  readonly strength?: 'strong' | 'board' | 'slot'
  readonly name?: string
}

/** What one card does, one piece after another: name of the run and seconds. */
export type Doing = readonly (readonly [RunName, number])[]

interface NodeSession {
  readonly nodeId: NodeId
  readonly epoch: string
  readonly generation: SessionGeneration
  seq: number
  policyVersion: number
}

export class LedgerRig {
  readonly clock = new FakeClock(START_MS)
  readonly store: Store
  readonly #nodes = new Map<NodeId, NodeSession>()

  constructor(path = ':memory:') {
    this.store = openSqliteStoreInProcess({
      path,
      newLedger: {
        generation: 1 as LedgerGeneration,
        origin: '0a'.repeat(16),
        openedAtMs: START_MS,
        identityKeyNumber: 1,
        identityKey: '0b'.repeat(32),
        isDemo: false,
      },
    })
  }

  /** A node of cards whose time begins now; every site is made on its first use. */
  async admit(number: number, cards: readonly CardSpec[], siteCode = SITE): Promise<NodeId> {
    const nodeId = `n-${number.toString(16).padStart(16, '0')}` as NodeId
    const epoch = number.toString(16).padStart(32, '0')
    await this.#enroll(nodeId, number, siteCode)
    const opened = await this.store.openSession({
      nodeId,
      expectedJoinState: 1,
      presentedJoinState: 1,
      nextJoinState: 2,
      epoch,
      previousEpoch: null,
      collectorInstance: 'rig',
      remoteAddress: '127.0.0.1',
      agentVersion: '0.1.0',
      bootId: 'boot-1',
      nowMs: this.now,
    })
    expect(opened.status).toBe('opened')
    if (opened.status !== 'opened') throw new Error('no session')
    const { generation } = opened
    this.#nodes.set(nodeId, { nodeId, epoch, generation, seq: 1, policyVersion: 0 })
    const committed = await this.store.commitFacts({
      nodeId,
      sessionGeneration: generation,
      epoch,
      expectedWatermark: 0,
      watermark: 1,
      watermarkHash: '00'.repeat(32),
      facts: factsOf({ atMs: this.now }),
      receivedAtMs: this.now,
      units: cards.map((card, index) => ({
        index,
        kind: card.kind ?? 'card',
        parentIndex: (card.kind ?? 'card') === 'card' ? null : 0,
        profile: {
          vendor: 'nvidia',
          name: card.name ?? 'NVIDIA H800',
          memoryTotalMib: 81_559,
          powerCapWatts: 700,
        },
        sharePpm: 1_000_000,
        driverVersion: '550.54',
        identities: [
          {
            keyNumber: 1,
            hash: `${number}-${index}`.padStart(64, '0'),
            strength: card.strength ?? 'strong',
          },
        ],
        acceleratorId: null,
        unitId: null,
        validFromMs: this.now,
      })),
      ended: [],
      silencesBegun: [],
      silencesEnded: [],
      conflicts: [],
      expectedClaims: [],
      outbox: [],
    })
    expect(committed.status).toBe('committed')
    return nodeId
  }

  get now(): number {
    return this.clock.wallMs()
  }

  /** Sets the node's policy; a record of its stream. */
  async policy(nodeId: NodeId, change: Partial<DepositPolicy> = {}): Promise<void> {
    const session = this.#session(nodeId)
    session.policyVersion += 1
    const version = session.policyVersion
    const policy = { ...DEFAULT_POLICY, atMs: this.now, ...change, version }
    await this.tell(nodeId, [{ kind: 'policy', policy }])
  }

  async veto(nodeId: NodeId, veto: Omit<Veto, 'atMs'> & { readonly atMs?: number }): Promise<void> {
    await this.tell(nodeId, [{ kind: 'veto', veto: { atMs: this.now, ...veto } }])
  }

  /** Lives through `doing` minute by minute: the clock moves, then the node tells its tick. */
  async live(nodeId: NodeId, doing: Doing, depositable = true): Promise<void> {
    for (const tick of await this.#ticksOf(nodeId, doing, depositable)) {
      this.clock.advance(Math.max(0, tick.tick.startMs + tick.tick.spanMs - this.now))
      await this.tell(nodeId, [tick])
    }
  }

  /** As `live`, but everything arrives at once, whatever time it is by then. */
  async tellLate(nodeId: NodeId, doing: Doing): Promise<void> {
    await this.tell(nodeId, await this.#ticksOf(nodeId, doing, true))
  }

  async tell(nodeId: NodeId, records: readonly DurableRecord[]): Promise<void> {
    const session = this.#session(nodeId)
    const state = await this.state(nodeId)
    const expectedWatermark = session.seq
    const stream = records.map((record) => {
      session.seq += 1
      const result = { status: 'ok' as const, record }
      return { seq: session.seq, bytes: new Uint8Array(), result }
    })
    const effect = foldRecords(
      {
        nodeId,
        open: state.open,
        facts: { epoch: session.epoch, revision: 1, bootId: 'boot-1' },
        placements: state.placements,
        units: state.units,
        silences: state.silences,
        hours: [],
      },
      stream,
      { epoch: session.epoch, nowMs: this.now, futureLimitMs: this.now + 5 * MINUTE },
    )
    expect(effect.refused).toEqual([])
    const [result] = await this.store.commitIngest([
      {
        nodeId,
        sessionGeneration: session.generation,
        epoch: session.epoch,
        expectedWatermark,
        watermark: session.seq,
        watermarkHash: '00'.repeat(32),
        open: effect.open,
        closedRuns: effect.closedRuns,
        unitHours: effect.unitHours,
        nodeHours: effect.nodeHours,
        closedWindows: effect.closedWindows,
        refused: effect.refused,
        silencesEnded: effect.silencesEnded,
        silencesBegun: [],
        conflicts: [],
        dirtyHours: effect.dirtyHours,
        clockSteps: [],
        leaseRecords: effect.leaseRecords,
        outbox: effect.outbox,
      },
    ])
    expect(result?.status).toBe('committed')
  }

  /** What liveness does at 90 s: the node is silent from its last proven instant. */
  async declareSilent(nodeId: NodeId): Promise<void> {
    const { open } = await this.state(nodeId)
    if (open === null) throw new Error('a node that never told anything is not declared silent')
    const code = runCode('unknown/silent')
    const closedWindows = open.units.flatMap(({ unitId, window }) =>
      window === null ? [] : [{ unitId, ...endWindow(window, code) }],
    )
    const silence = {
      nodeId,
      unitId: null,
      fromMs: open.timelineEndMs,
      toMs: null,
      code,
      declaredAtMs: this.now,
    }
    await this.store.beginSilences([silence], closedWindows, [])
  }

  /** The first cards of two nodes turn out to be one: the claim of `kept` counts (C5). */
  async conflict(kept: NodeId, other: NodeId): Promise<void> {
    const session = this.#session(kept)
    const { open } = await this.state(kept)
    const [unit] = await this.units(kept)
    if (open === null || unit === undefined) throw new Error('the node has told no time')
    const conflict = {
      acceleratorId: unit.acceleratorId,
      keptUnitId: unit.unitId,
      otherUnitId: await this.unitId(other, 0),
      fromMs: START_MS,
      openedAtMs: this.now,
    }
    const [result] = await this.store.commitIngest([
      {
        nodeId: kept,
        sessionGeneration: session.generation,
        epoch: session.epoch,
        expectedWatermark: session.seq,
        watermark: session.seq,
        watermarkHash: '00'.repeat(32),
        open,
        closedRuns: [],
        unitHours: [],
        nodeHours: [],
        closedWindows: [],
        refused: [],
        silencesEnded: [],
        silencesBegun: [],
        conflicts: [conflict],
        dirtyHours: [],
        clockSteps: [],
        leaseRecords: [],
        outbox: [],
      },
    ])
    expect(result?.status).toBe('committed')
  }

  async state(nodeId: NodeId): Promise<NodeState> {
    const state = await this.store.loadNode(nodeId)
    if (state === null) throw new Error('the node is not enrolled')
    return state
  }

  async units(nodeId: NodeId): Promise<readonly UnitRow[]> {
    return (await this.state(nodeId)).units
  }

  async unitId(nodeId: NodeId, index: number): Promise<UnitId> {
    const unit = (await this.units(nodeId))[index]
    if (unit === undefined) throw new Error('no such card')
    return unit.unitId
  }

  async deposits(): Promise<readonly Deposit[]> {
    const page = await this.store.listDeposits(SCOPE_ALL, false, { cursor: null, limit: 1000 })
    return page.rows
  }

  async #ticksOf(nodeId: NodeId, doing: Doing, depositable: boolean) {
    const state = await this.state(nodeId)
    const isTold = state.open !== null && state.open.units.length > 0
    const firstMs = isTold && state.open !== null ? state.open.timelineEndMs : START_MS
    const cards = state.placements.length
    return cutIntoTicks(firstMs, doing).map(({ startMs, pieces }) => {
      const runs = pieces.map(([name, ms]) => ({ code: runCode(name), durationMs: ms }))
      const units = Array.from({ length: cards }, (_, index) =>
        unitTick(index, runs, { depositable }),
      )
      return { kind: 'tick' as const, tick: tickOf(startMs, units) }
    })
  }

  #session(nodeId: NodeId): NodeSession {
    const session = this.#nodes.get(nodeId)
    if (session === undefined) throw new Error('the node has no session')
    return session
  }

  async #enroll(nodeId: NodeId, number: number, siteCode: string): Promise<void> {
    await this.store.putSite({
      code: siteCode,
      name: siteCode,
      terms: {
        operatorCode: null,
        operatorName: null,
        ownerCode: null,
        ownerName: null,
        regionCode: '150100',
        keep: [],
        validFromMs: START_MS - HOUR,
        validToMs: null,
      },
      outbox: [],
    })
    await this.store.createToken(
      {
        tokenId: `t-${number}`,
        kind: 'enroll',
        secretHash: 'hash',
        siteCode,
        role: null,
        regionCode: null,
        cidr: null,
        usesLeft: null,
        createdAtMs: this.now,
        expiresAtMs: this.now + HOUR,
        revokedAtMs: null,
      },
      [],
    )
    const enrolled = await this.store.enrollNode({
      tokenId: `t-${number}`,
      secretHash: 'hash',
      remoteAddress: '127.0.0.1',
      nodeId,
      nodeName: nodeId,
      algorithm: 1,
      publicKey: number.toString(16).padStart(64, '0'),
      fingerprint: number.toString(16).padStart(64, '0'),
      joinState: 1,
      nowMs: this.now,
    })
    expect(enrolled.status).toBe('enrolled')
  }
}

/** All that a bank reads: a store of a test stands in for its commits alone. */
export function readsOf(store: BankStore): Omit<BankStore, 'commitDeposits'> {
  return {
    readTimelineChanges: (after, limit) => store.readTimelineChanges(after, limit),
    readCursor: (follower) => store.readCursor(follower),
    readOpenDeposits: (nodeIds) => store.readOpenDeposits(nodeIds),
    readClosedWindows: (keys) => store.readClosedWindows(keys),
    readDepositClaims: (nodeIds) => store.readDepositClaims(nodeIds),
    readWithheldByFinding: (nodeIds) => store.readWithheldByFinding(nodeIds),
    readKeptSites: (atMs) => store.readKeptSites(atMs),
    readCardStock: (siteCodes) => store.readCardStock(siteCodes),
    readYoungestDeposits: (model, limit) => store.readYoungestDeposits(model, limit),
    loadNode: (nodeId) => store.loadNode(nodeId),
  }
}

interface CutTick {
  readonly startMs: number
  readonly pieces: [RunName, number][]
}

/** Minutes from `firstMs` on, cut at full hours, neighbours of one name joined. */
function cutIntoTicks(firstMs: number, doing: Doing): readonly CutTick[] {
  const ticks: CutTick[] = []
  let atMs = firstMs
  let tick: CutTick | null = null
  for (const [name, seconds] of doing) {
    let leftMs = seconds * 1000
    while (leftMs > 0) {
      tick ??= { startMs: atMs, pieces: [] }
      const endMs = Math.min(tick.startMs + MINUTE, hourStartMs(tick.startMs) + HOUR)
      const ms = Math.min(leftMs, endMs - atMs)
      const last = tick.pieces.at(-1)
      if (last?.[0] === name) last[1] += ms
      else tick.pieces.push([name, ms])
      atMs += ms
      leftMs -= ms
      if (atMs === endMs) {
        ticks.push(tick)
        tick = null
      }
    }
  }
  if (tick !== null) ticks.push(tick)
  return ticks
}
