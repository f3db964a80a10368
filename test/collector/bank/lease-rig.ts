/**
 * Leases over a real store, with nodes that tell their time through the real fold, and a link that
 * remembers what it was told. The clock moves only as told.
 */
import {
  ALGORITHM_ED25519,
  keyPairFromSeed,
  type LeaseNotice,
  type LeaseRecord,
  signLeaseNotice,
  silentLogger,
} from '@yiben/shared'
import { expect } from 'vitest'
import { Leases, type LeasesOptions } from '../../../collector/src/bank/lease-follower.ts'
import { leaseIdOf } from '../../../collector/src/bank/lease-id.ts'
import { SteadyClock } from '../../../collector/src/bank/steady-clock.ts'
import { positionOf } from '../../../collector/src/model/accounts.ts'
import type { Account, Claim, Draw, DrawRequest } from '../../../collector/src/model/draw.ts'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import type { EntryKind } from '../../../collector/src/model/ledger.ts'
import type { NoticeToNode } from '../../../collector/src/model/node-link.ts'
import type { Store } from '../../../collector/src/storage/store.ts'
import { type Doing, HOUR, LedgerRig, MINUTE, SITE } from './ledger-rig.ts'

export const SECOND = 1_000
export const KEYS = keyPairFromSeed(ALGORITHM_ED25519, new Uint8Array(32).fill(9))

export class LeasesRig {
  readonly ledger = new LedgerRig()
  /** Notices that arrived, oldest first. */
  readonly notices: NoticeToNode[] = []
  /** Nodes that can be told. */
  readonly connected = new Set<NodeId>()
  readonly guards = { isSuspended: false, isAccused: false, isRecovering: false }
  leases: Leases
  readonly #change: Partial<LeasesOptions>
  #draws = 0

  constructor(change: Partial<LeasesOptions> = {}) {
    this.#change = change
    this.leases = this.restarted()
  }

  get now(): number {
    return this.ledger.now
  }

  get store(): Store {
    return this.ledger.store
  }

  /** A new process over the same store; the one before is dead. */
  restarted(change: Partial<LeasesOptions> = {}): Leases {
    const { clock } = this.ledger
    const steady = new SteadyClock({ clock, isAccused: () => this.guards.isAccused })
    this.leases = new Leases({
      store: this.store,
      clock,
      nowMs: () => steady.nowMs(),
      link: {
        notify: (notice) => {
          const isConnected = this.connected.has(notice.nodeId)
          if (isConnected) this.notices.push(notice)
          return Promise.resolve(isConnected)
        },
      },
      guards: {
        depositsSuspended: () => this.guards.isSuspended,
        clockAccusation: () => (this.guards.isAccused ? {} : null),
        isRecovering: () => this.guards.isRecovering,
      },
      lotIdOf: (nodeId) => `l-${nodeId}`,
      logger: silentLogger,
      ...this.#change,
      ...change,
    })
    return this.leases
  }

  /** A connected node of cards that have been free for 20 minutes. */
  async node(cards: number): Promise<NodeId> {
    const [nodeId] = await this.nodes([cards])
    if (nodeId === undefined) throw new Error('no node')
    return nodeId
  }

  /** Several, by their numbers of cards: they live side by side from the beginning. */
  async nodes(cards: readonly number[]): Promise<readonly NodeId[]> {
    const nodeIds: NodeId[] = []
    for (const [index, count] of cards.entries()) {
      const specs = Array.from({ length: count }, () => ({}))
      const nodeId = await this.ledger.admit(index + 1, specs)
      await this.ledger.policy(nodeId)
      this.connected.add(nodeId)
      nodeIds.push(nodeId)
    }
    for (let minute = 0; minute < 20; minute += 1) {
      for (const nodeId of nodeIds) await this.ledger.live(nodeId, [['free/proven', 60]])
    }
    return nodeIds
  }

  /** All cards of these nodes, lent from now on. Nobody is told yet. */
  async lend(nodeIds: readonly NodeId[], change: Partial<DrawRequest> = {}): Promise<Draw> {
    const held = await this.hold(nodeIds, change)
    const startMs = this.now
    const untilMs = startMs + held.request.forMs
    const { drawId } = held.request
    const leases = nodeIds.map((nodeId) => ({
      leaseId: leaseIdOf(drawId, nodeId),
      nodeId,
      startMs,
      untilMs,
      revision: 1,
      confirmedRevision: 0,
      interruptedAtMs: null,
      idleSinceMs: null,
      handover: null,
    }))
    const draw: Draw = {
      ...held,
      version: 2,
      state: 'posted',
      holdUntilMs: null,
      startMs,
      untilMs,
      leases,
      claims: held.claims.map((claim) => {
        const leaseId = leaseIdOf(drawId, claim.nodeId ?? ('' as NodeId))
        return { ...claim, state: 'leased', leaseId, startMs, untilMs }
      }),
    }
    await this.#commit(draw, 1)
    return draw
  }

  async hold(nodeIds: readonly NodeId[], change: Partial<DrawRequest> = {}): Promise<Draw> {
    this.#draws += 1
    const claims: Claim[] = []
    for (const nodeId of nodeIds) {
      for (const { unitId, acceleratorId, profile } of await this.ledger.units(nodeId)) {
        const ordinal = claims.length
        const card = { ordinal, leaseId: null, unitId, acceleratorId, nodeId, profile }
        claims.push({ ...card, ...HELD, heldAtMs: this.now })
      }
    }
    const request: DrawRequest = {
      drawId: `draw-${this.#draws}`,
      bank: 'bank-1',
      borrower: 'borrower-1',
      contract: 'contract-1',
      what: { kind: 'cards', lots: [{ lotId: 'l-1', cards: claims.length }] },
      startMs: null,
      forMs: 8 * HOUR,
      holdMs: 30 * SECOND,
      swap: 'never',
      confidencePpm: null,
      isUnfencedTaken: true,
      isKeptInSilence: false,
      ...change,
    }
    const draw: Draw = {
      version: 1,
      request,
      state: 'held',
      refusal: null,
      createdAtMs: this.now,
      holdUntilMs: this.now + request.holdMs,
      startMs: null,
      untilMs: null,
      endedAtMs: null,
      leases: [],
      claims,
    }
    await this.#commit(draw, 0)
    return draw
  }

  /** The node lives on, and the collector looks after each minute. */
  async live(nodeId: NodeId, doing: Doing): Promise<void> {
    for (const [name, seconds] of doing) {
      for (let leftS = seconds; leftS > 0; leftS -= 60) {
        await this.ledger.live(nodeId, [[name, Math.min(60, leftS)]])
        await this.leases.drain()
      }
    }
  }

  /** Time passes in which nobody tells anything; the collector looks every ten seconds. */
  async pass(ms: number): Promise<void> {
    for (let leftMs = ms; leftMs > 0; leftMs -= 10 * SECOND) {
      this.ledger.clock.advance(Math.min(10 * SECOND, leftMs))
      await this.leases.drain()
    }
  }

  async record(
    { leases }: Draw,
    event: LeaseRecord['event'],
    change: Partial<LeaseRecord> & { readonly lease?: number } = {},
  ): Promise<void> {
    const { lease: position = 0, ...rest } = change
    const lease = leases[position]
    if (lease === undefined) throw new Error('no such lease')
    const { leaseId, nodeId } = lease
    const told = { atMs: this.now, leaseId, event, revision: 1, units: [], cause: null, ...rest }
    await this.ledger.tell(nodeId, [{ kind: 'lease', lease: told }])
  }

  async draw({ request }: Draw): Promise<Draw> {
    const draw = await this.store.findDraw(request.drawId)
    if (draw === null) throw new Error('no such draw')
    return draw
  }

  async entries(kind: EntryKind) {
    const outbox = await this.store.readOutbox(10_000)
    return outbox.filter((entry) => entry.kind === kind).map(({ payload }) => payload)
  }

  /** Card-ms by account, as the store has them. */
  async accounts(draw: Draw): Promise<Partial<Record<Account, number>>> {
    const sums: Partial<Record<Account, number>> = {}
    const { rows } = await this.store.listBookedClaims({ cursor: null, limit: 1_000 })
    for (const { drawId, postings } of rows) {
      if (drawId !== draw.request.drawId) continue
      const { spans, faults } = positionOf(postings)
      expect(faults).toEqual([])
      for (const { account, fromMs, toMs } of spans) {
        sums[account] = (sums[account] ?? 0) + (toMs - fromMs)
      }
    }
    return sums
  }

  /** What a node shows of its leases. */
  async shown(notice: NoticeToNode): Promise<LeaseNotice> {
    const { placements, factsEpoch } = await this.ledger.state(notice.nodeId)
    const { nodeId: _, unitIds, ...rest } = notice
    const units = placements
      .filter(({ unitId }) => unitIds.includes(unitId))
      .map(({ index }) => index)
    return signLeaseNotice(KEYS, { ...rest, units, epoch: factsEpoch ?? '' })
  }

  async #commit(draw: Draw, expectedVersion: number): Promise<void> {
    const { drawId } = draw.request
    const postings = draw.claims.flatMap(({ ordinal, startMs, untilMs }) => {
      if (startMs === null || untilMs === null) return []
      const move = { from: 'promised' as const, to: 'pending' as const, knownAtMs: this.now }
      return [{ drawId, ordinal, fromMs: startMs, toMs: untilMs, ...move }]
    })
    const [result] = await this.store.commitDraws([
      {
        expectedVersion,
        draw,
        mustBeFree: [],
        provenSinceMs: 0,
        booked: [],
        postings,
        residues: [],
        outbox: [],
      },
    ])
    expect(result).toEqual({ status: 'committed' })
  }
}

const HELD = {
  depositId: null,
  siteCode: SITE,
  ownerCode: 'owner-1',
  state: 'held',
  startMs: null,
  untilMs: null,
  recallAtMs: null,
  recallCause: null,
  endedAtMs: null,
  end: null,
  cleanAtMs: null,
  swapOf: null,
  evidence: null,
} as const

export { HOUR, MINUTE }
