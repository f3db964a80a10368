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
import { type Clock, type Logger, type Random, Rounds } from '@yiben/shared'
import type { NodeId } from '../model/ids.ts'
import type { UnitRow } from '../model/inventory.ts'
import type { OpenUnit } from '../model/timeline.ts'
import type { Store } from '../storage/store.ts'
import { type BankLiveness, Decider, type DeciderStore, type Look } from './decider.ts'
import type { DepositDecision, UnitDepositStatus } from './deposit.ts'
import type { Lots } from './lots.ts'
import { ProofWatch } from './proof-watch.ts'
import { DEPOSIT_SETTINGS, type DepositSettings } from './question.ts'
import { SiteHours } from './site-hours.ts'

/** Nodes per decision: one short transaction. 12,000 nodes a minute are 200 a second. */
const NODES_PER_ROUND_MAX = 256
const DEFAULT_POLL_MS = 1_000

export type BankStore = DeciderStore &
  Pick<Store, 'readTimelineChanges' | 'readCursor' | 'commitDeposits' | 'loadNode'>

export interface BankOptions {
  readonly store: BankStore
  readonly clock: Clock
  readonly random: Random
  readonly liveness: BankLiveness
  readonly lots: Lots
  readonly logger: Logger
  readonly settings?: DepositSettings
  readonly pollMs?: number
  /** Called after deposits opened or closed: the outbox holds their entries. */
  readonly onCommitted?: () => void
}

/** Why a unit is or is not deposited, for a person. */
export interface DepositExplanation extends UnitDepositStatus {
  /** Since when it is deposited, withheld, or what it does now; `null` where no instant says it. */
  readonly sinceMs: number | null
}

export class Bank {
  readonly #store: BankStore
  readonly #clock: Clock
  readonly #liveness: BankLiveness
  readonly #logger: Logger
  readonly #settings: DepositSettings
  readonly #onCommitted: () => void
  readonly #rounds: Rounds
  /** Nodes to look at although their timeline has not changed; at most every node once. */
  readonly #pending = new Set<NodeId>()
  readonly #watch: ProofWatch
  readonly #decider: Decider
  /** When sites lend, by the policies seen so far: of every node once `opened` has come through. */
  readonly siteHours = new SiteHours()
  #opening: Promise<void> | null = null

  constructor(options: BankOptions) {
    this.#store = options.store
    this.#clock = options.clock
    this.#liveness = options.liveness
    this.#logger = options.logger.child({ component: 'bank' })
    this.#settings = options.settings ?? DEPOSIT_SETTINGS
    this.#onCommitted = options.onCommitted ?? (() => {})
    this.#watch = new ProofWatch({ clock: options.clock, ...this.#settings })
    this.#decider = new Decider({ ...options, settings: this.#settings, watch: this.#watch })
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

  /** Leases of cards of these nodes are over, clean or not: their deposits go on or close. */
  onClaimsEnded(nodeIds: readonly NodeId[]): void {
    this.onSilent(nodeIds)
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
    const [decision] = await this.#decider.decide([look])
    const deposits = await this.#store.readOpenDeposits([nodeId])
    const openedAtMs = new Map(deposits.map((deposit) => [deposit.unitId, deposit.openedAtMs]))
    const units = new Map(look.open.units.map((unit) => [unit.unitId, unit]))
    const rows = new Map(look.units.map((row) => [row.unitId, row]))
    return (decision?.statuses ?? []).map((status) => {
      const depositedMs = openedAtMs.get(status.unitId) ?? null
      const [unit, row] = [units.get(status.unitId), rows.get(status.unitId)]
      return { ...status, sinceMs: sinceOf(status, unit, row, depositedMs) }
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
    await this.#noteExcess()
    const hasMorePending = await this.#lookAtPending()
    return changes.length === NODES_PER_ROUND_MAX || hasMorePending
  }

  /** Not while silence closes nothing: they are found again when the suspension ends. */
  #noteOldProofs(): void {
    for (const nodeId of this.#watch.lentUnseen()) this.#pending.add(nodeId)
    if (this.#liveness.depositsSuspended() || this.#liveness.clockAccusation() !== null) return
    for (const nodeId of this.#watch.grownOld()) this.#pending.add(nodeId)
  }

  async #noteExcess(): Promise<void> {
    for (const nodeId of await this.#decider.nodesWithTooMany()) this.#pending.add(nodeId)
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
    const decisions = await this.#decider.decide(looks)
    const change = await this.#decider.changeOf(looks, decisions, cursor)
    const hasEffect = change.outbox.length > 0
    if (hasEffect || cursor.to !== cursor.from) {
      const result = await this.#store.commitDeposits(change)
      if (result.status === 'stale') {
        this.#decider.wasStale()
        return false
      }
    }
    for (const [index, look] of looks.entries()) this.#looked(look, decisions[index])
    if (hasEffect) {
      const counts = { opened: change.openings.length, closed: change.closings.length }
      this.#logger.debug(counts, 'deposits changed')
      this.#onCommitted()
    }
    return true
  }

  /** What a look that counts leaves to be looked at again. */
  #looked({ open, units }: Look, decision: DepositDecision | undefined): void {
    const { nodeId } = open
    if (decision?.isDeferred === true) this.#pending.add(nodeId)
    else this.#decider.settled(nodeId)
    this.#watch.looked(nodeId, decision?.oldestProofMs ?? null, decision?.isLending === true)
    const siteCode = units[0]?.siteCode
    if (siteCode !== undefined) this.siteHours.note(nodeId, siteCode, open.policy)
  }
}

function sinceOf(
  { status }: UnitDepositStatus,
  unit: OpenUnit | undefined,
  row: UnitRow | undefined,
  depositedMs: number | null,
): number | null {
  if (status === 'deposited') return depositedMs
  if (unit === undefined) return null
  if (status === 'reclaimed' || status === 'paused' || status === 'withheld') {
    return unit.withheld?.sinceMs ?? null
  }
  if (status === 'not_free') return unit.runStartMs
  if (status === 'proof_stale') return unit.window?.provenToMs ?? null
  if (status === 'observing') return row?.validFromMs ?? null
  return status === 'window_too_young' ? (unit.window?.ageStartMs ?? null) : null
}
