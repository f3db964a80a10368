/**
 * The bank's follower: looks at every node whose timeline has changed, opens and closes deposits,
 * and moves its own durable cursor in the same transaction.
 *
 * Killed anywhere it starts again at that cursor; looking twice at the same row decides the same. A
 * cursor moved by another process makes a decision stale: it is thrown away and made anew. What is
 * read may be older than what is stored by the time it is written: then a deposit may open on a
 * window that has just ended, and closes with nothing in it at the next look.
 *
 * `run` begins with one look at every node: a proof that grew old while no collector ran is a
 * silence. Wait for `opened` before agents are let in, so that this look sees what was proven live.
 * From then on each round looks again at nodes with deposits whose proof has grown old meanwhile: a
 * stuck sampler changes no row, and its heartbeats prove nothing.
 */
import { type Clock, type Logger, type Random, Rounds, randomHex } from '@yiben/shared'
import type { NodeId } from '../model/ids.ts'
import type { UnitRow } from '../model/inventory.ts'
import type { OpenNode, OpenUnit } from '../model/timeline.ts'
import type { DepositChange } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import {
  type DepositDecision,
  decideDeposits,
  endedWindowKeys,
  type UnitDepositStatus,
} from './deposit.ts'
import { DEPOSIT_SETTINGS, type DepositSettings, type NodeGuards } from './question.ts'

/** Nodes per decision: one short transaction. 12,000 nodes a minute are 200 a second. */
const NODES_PER_ROUND_MAX = 256
const DEFAULT_POLL_MS = 1_000
const DEPOSIT_ID_BYTES = 8

export type BankStore = Pick<
  Store,
  | 'readTimelineChanges'
  | 'readCursor'
  | 'readOpenDeposits'
  | 'readClosedWindows'
  | 'commitDeposits'
  | 'loadNode'
>

/** What the bank asks of liveness; answered from memory, at once. */
export interface BankLiveness {
  /** Unheard for 30 s: nothing opens. */
  isSuspended(nodeId: NodeId): boolean
  /** The collector suspects itself: nothing opens, and silence closes nothing yet. */
  depositsSuspended(): boolean
  /** Not `null` while the collector doubts its own clock: nothing opens, no offset closes. */
  clockAccusation(): object | null
  /** Collector time minus node timeline; `null` while it has not been measured. */
  clockOffsetMs(nodeId: NodeId): number | null
}

export interface BankOptions {
  readonly store: BankStore
  readonly clock: Clock
  readonly random: Random
  readonly liveness: BankLiveness
  readonly logger: Logger
  readonly settings?: DepositSettings
  readonly pollMs?: number
  /** Called after deposits opened or closed: the outbox holds their entries. */
  readonly onCommitted?: () => void
}

/** One node as it is looked at. */
interface Look {
  readonly open: OpenNode
  readonly units: readonly UnitRow[]
  readonly isSilent: boolean
}

/** The oldest proof that a node's open deposits rest on, and when it was first seen here. */
interface WatchedProof {
  readonly provenToMs: number
  readonly wallMs: number
  readonly monotonicMs: number
}

/** Why a unit is or is not deposited, for a person. */
export interface DepositExplanation extends UnitDepositStatus {
  /** Since when it is deposited, withheld, or what it does now; `null` where no instant says it. */
  readonly sinceMs: number | null
}

export class Bank {
  readonly #store: BankStore
  readonly #clock: Clock
  readonly #random: Random
  readonly #liveness: BankLiveness
  readonly #logger: Logger
  readonly #settings: DepositSettings
  readonly #onCommitted: () => void
  readonly #rounds: Rounds
  /** Nodes to look at although their timeline has not changed; at most every node once. */
  readonly #pending = new Set<NodeId>()
  /** Nodes with open deposits; at most every node once. */
  readonly #watched = new Map<NodeId, WatchedProof>()
  #opening: Promise<void> | null = null

  constructor(options: BankOptions) {
    this.#store = options.store
    this.#clock = options.clock
    this.#random = options.random
    this.#liveness = options.liveness
    this.#logger = options.logger.child({ component: 'bank' })
    this.#settings = options.settings ?? DEPOSIT_SETTINGS
    this.#onCommitted = options.onCommitted ?? (() => {})
    this.#rounds = new Rounds({
      clock: options.clock,
      intervalMs: options.pollMs ?? DEFAULT_POLL_MS,
      round: () => this.#round(),
      onFailure: (error) => this.#logger.error({ err: error }, 'deposits could not be decided'),
    })
  }

  /** The first look at every node, once; rejects when the store does. */
  opened(): Promise<void> {
    this.#opening ??= this.#lookAtAll()
    return this.#opening
  }

  /** Until `stop`; rejects with a bug. */
  async run(): Promise<void> {
    await this.opened()
    await this.#rounds.run()
  }

  stop(): Promise<void> {
    return this.#rounds.stop()
  }

  /** Something was committed, or a node told at once that a card has left free. */
  hint(): void {
    this.#rounds.wake()
  }

  /** These nodes have been declared silent: their deposits close at the last proven second. */
  onSilent(nodeIds: readonly NodeId[]): void {
    for (const nodeId of nodeIds) this.#pending.add(nodeId)
    this.#rounds.wake()
  }

  /** Looks at everything that has changed by now. */
  async drain(): Promise<void> {
    await this.opened()
    while (await this.#rounds.once()) {
      // Each round moves the cursor or takes nodes off the list.
    }
  }

  /** Why each unit of a node is or is not deposited; decides nothing. */
  async explain(nodeId: NodeId): Promise<readonly DepositExplanation[]> {
    const look = await this.#load(nodeId)
    if (look === null) return []
    const [decision] = await this.#decide([look])
    const deposits = await this.#store.readOpenDeposits([nodeId])
    const openedAtMs = new Map(deposits.map((deposit) => [deposit.unitId, deposit.openedAtMs]))
    const units = new Map(look.open.units.map((unit) => [unit.unitId, unit]))
    return (decision?.statuses ?? []).map((status) => {
      const depositedMs = openedAtMs.get(status.unitId) ?? null
      return { ...status, sinceMs: sinceOf(status, units.get(status.unitId), depositedMs) }
    })
  }

  /** True when there is more to look at. */
  async #round(): Promise<boolean> {
    const cursor = await this.#store.readCursor('bank')
    const changes = await this.#store.readTimelineChanges(cursor, NODES_PER_ROUND_MAX)
    const last = changes.at(-1)
    if (last !== undefined) {
      const looks = changes.map((change) => ({ ...change, isSilent: false }))
      // Stale: another bank has moved on; the next round reads what it left.
      if (!(await this.#settle(looks, { from: cursor, to: last.open.changeSeq }))) return true
    }
    this.#noteOldProofs()
    const hasMorePending = await this.#lookAtPending()
    return changes.length === NODES_PER_ROUND_MAX || hasMorePending
  }

  /** Not while silence closes nothing: they are found again when the suspension ends. */
  #noteOldProofs(): void {
    if (this.#liveness.depositsSuspended() || this.#liveness.clockAccusation() !== null) return
    const nowMs = this.#clock.wallMs()
    for (const [nodeId, { provenToMs }] of this.#watched) {
      const ageMs = this.#proofNowMs(nodeId, nowMs) - provenToMs
      if (ageMs >= this.#settings.proofMsMax) this.#pending.add(nodeId)
    }
  }

  /** Keeps when a proof was first seen, however often its node is looked at. */
  #watch(nodeId: NodeId, provenToMs: number | null): void {
    const before = this.#watched.get(nodeId)
    if (provenToMs === null) this.#watched.delete(nodeId)
    if (provenToMs === null || provenToMs === before?.provenToMs) return
    const monotonicMs = this.#clock.monotonicMs()
    const nowMs = this.#clock.wallMs()
    const unsteppedMs = before === undefined ? nowMs : unsteppedMsOf(before, monotonicMs)
    // What the clocks differ by little is drift and forgotten; more is a step and kept out (C4).
    const isStepped = Math.abs(nowMs - unsteppedMs) > this.#settings.clockOffsetMsMax
    this.#watched.set(nodeId, { provenToMs, wallMs: isStepped ? unsteppedMs : nowMs, monotonicMs })
  }

  async #lookAtPending(): Promise<boolean> {
    // They wait for the end of the suspension: until then their silence closes nothing.
    if (this.#pending.size === 0 || this.#liveness.depositsSuspended()) return false
    const nodeIds = [...this.#pending].slice(0, NODES_PER_ROUND_MAX)
    const looks: Look[] = []
    for (const nodeId of nodeIds) {
      const look = await this.#load(nodeId)
      if (look !== null) looks.push(look)
    }
    const cursor = await this.#store.readCursor('bank')
    for (const nodeId of nodeIds) this.#pending.delete(nodeId)
    if (await this.#settle(looks, { from: cursor, to: cursor })) return this.#pending.size > 0
    for (const nodeId of nodeIds) this.#pending.add(nodeId)
    return true
  }

  async #lookAtAll(): Promise<void> {
    // A node that changes meanwhile is met again further on; bounded by the number of nodes, since
    // no agent is let in before.
    let after = 0
    for (;;) {
      const changes = await this.#store.readTimelineChanges(after, NODES_PER_ROUND_MAX)
      const last = changes.at(-1)
      if (last === undefined) return
      const nowMs = this.#clock.wallMs()
      const looks = changes.map((change) => {
        const ageMs = nowMs - change.open.timelineEndMs
        return { ...change, isSilent: ageMs >= this.#settings.proofMsMax }
      })
      const cursor = await this.#store.readCursor('bank')
      const isSettled = await this.#settle(looks, { from: cursor, to: cursor })
      if (isSettled) after = last.open.changeSeq
    }
  }

  async #load(nodeId: NodeId): Promise<Look | null> {
    const state = await this.#store.loadNode(nodeId)
    if (state === null || state.open === null) return null
    const isSilent = state.silences.some(({ unitId, toMs }) => unitId === null && toMs === null)
    return { open: state.open, units: state.units, isSilent }
  }

  /** Decides and commits; false when the decision was stale. */
  async #settle(
    looks: readonly Look[],
    cursor: { readonly from: number; readonly to: number },
  ): Promise<boolean> {
    const decisions = await this.#decide(looks)
    const change: DepositChange = {
      expectedCursor: cursor.from,
      cursor: cursor.to,
      openings: decisions.flatMap((decision) => decision.openings),
      closings: decisions.flatMap((decision) => decision.closings),
      outbox: decisions.flatMap((decision) => decision.outbox),
    }
    const hasEffect = change.outbox.length > 0
    if (hasEffect || cursor.to !== cursor.from) {
      const result = await this.#store.commitDeposits(change)
      if (result.status === 'stale') return false
    }
    looks.forEach(({ open }, index) => {
      if (decisions[index]?.isDeferred === true) this.#pending.add(open.nodeId)
      this.#watch(open.nodeId, decisions[index]?.oldestProofMs ?? null)
    })
    if (hasEffect) {
      const counts = { opened: change.openings.length, closed: change.closings.length }
      this.#logger.debug(counts, 'deposits changed')
      this.#onCommitted()
    }
    return true
  }

  async #decide(looks: readonly Look[]): Promise<readonly DepositDecision[]> {
    if (looks.length === 0) return []
    const deposits = await this.#store.readOpenDeposits(looks.map(({ open }) => open.nodeId))
    const byNode = Map.groupBy(deposits, (deposit) => deposit.nodeId)
    const keys = looks.flatMap(({ open }) => {
      return endedWindowKeys(open, byNode.get(open.nodeId) ?? [])
    })
    const closedWindows = keys.length === 0 ? [] : await this.#store.readClosedWindows(keys)
    const nowMs = this.#clock.wallMs()
    return looks.map((look) =>
      decideDeposits({
        ...look,
        openDeposits: byNode.get(look.open.nodeId) ?? [],
        closedWindows,
        nowMs,
        proofNowMs: this.#proofNowMs(look.open.nodeId, nowMs),
        guards: this.#guardsOf(look.open.nodeId),
        settings: this.#settings,
        mintDepositId: () => `d-${randomHex(this.#random, DEPOSIT_ID_BYTES)}`,
      }),
    )
  }

  #proofNowMs(nodeId: NodeId, nowMs: number): number {
    const watched = this.#watched.get(nodeId)
    if (watched === undefined) return nowMs
    return Math.min(nowMs, unsteppedMsOf(watched, this.#clock.monotonicMs()))
  }

  #guardsOf(nodeId: NodeId): NodeGuards {
    return {
      isSuspended: this.#liveness.isSuspended(nodeId),
      depositsSuspended: this.#liveness.depositsSuspended(),
      isClockAccused: this.#liveness.clockAccusation() !== null,
      clockOffsetMs: this.#liveness.clockOffsetMs(nodeId),
    }
  }
}

/** What the wall clock would say without steps. */
function unsteppedMsOf({ wallMs, monotonicMs }: WatchedProof, nowMonotonicMs: number): number {
  return wallMs + (nowMonotonicMs - monotonicMs)
}

function sinceOf(
  { status }: UnitDepositStatus,
  unit: OpenUnit | undefined,
  depositedMs: number | null,
): number | null {
  if (status === 'deposited') return depositedMs
  if (unit === undefined) return null
  if (status === 'reclaimed' || status === 'paused' || status === 'withheld') {
    return unit.withheld?.sinceMs ?? null
  }
  if (status === 'not_free') return unit.runStartMs
  if (status === 'proof_stale') return unit.window?.provenToMs ?? null
  return status === 'window_too_young' ? (unit.window?.ageStartMs ?? null) : null
}
