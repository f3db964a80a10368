/**
 * What happens to holds and leases after the client's call: follows what nodes tell (their timeline
 * and their records of leases, each by a durable cursor), what is due by time, and who falls silent,
 * and keeps every node's picture of its leases right (SPEC, Leases).
 *
 * Killed anywhere it starts again at its cursors; looking twice decides the same once. Decisions are
 * pure (lease-decision.ts) and written under the version of the draw they were made on, so that a
 * client's call and a look never both count. `run` begins with a look at every live draw. Nothing is
 * decided while the ledger is recovering. Now is the steady clock's.
 */
import {
  AppError,
  type Clock,
  errorSentence,
  type LeaseNotice,
  type LiveEvent,
  type Logger,
  Rounds,
} from '@yiben/shared'
import type { Draw } from '../model/draw.ts'
import type { NodeId } from '../model/ids.ts'
import type { NodeLink } from '../model/node-link.ts'
import type { DrawChange, StoredLeaseRecord } from '../storage/draw-requests.ts'
import type { Store } from '../storage/store.ts'
import type { LotNaming } from './draw-entries.ts'
import { nodesOf } from './draw-post.ts'
import { type Decision, LeaseCommits } from './lease-commits.ts'
import { decideLeases } from './lease-decision.ts'
import { LeaseFacts } from './lease-facts.ts'
import { OwnerClaims } from './lease-fences.ts'
import type { CardLook, LeaseLook } from './lease-look.ts'
import { LeaseMessenger } from './lease-messenger.ts'
import { decideRecall, type RecallRequest } from './lease-recall.ts'
import { claimsToSwap, type SwapPlanner } from './lease-swap.ts'
import { LeasesTold } from './lease-told.ts'
import { LeaseWatch } from './lease-watch.ts'
import { LentCards } from './lent-cards.ts'

/** Nodes, records or due draws of one round: a few hundred milliseconds at most. */
const PER_ROUND_MAX = 256
/** C11: the bank hears of an end within 2 s. */
const POLL_MS_DEFAULT = 1_000
const RECALL_TRIES_MAX = 3
const TIMELINE = 'leases'
const RECORDS = 'lease_records'

export type LeasesStore = Pick<
  Store,
  | 'readTimelineChanges'
  | 'readCursor'
  | 'moveCursor'
  | 'readLeaseRecords'
  | 'readLiveDraws'
  | 'readDueDraws'
  | 'findDraw'
  | 'findDrawOfLease'
  | 'commitDraws'
  | 'readOwnerClaims'
  | 'loadNode'
  | 'readUnits'
  | 'readUnitSpan'
>

/** What leases ask of the rest of the collector; answered from memory, at once. */
export interface LeaseGuards {
  depositsSuspended(): boolean
  clockAccusation(): object | null
  /** The ledger was restored, and does not know yet what is lent. */
  isRecovering(): boolean
}

export interface LeasesOptions {
  readonly store: LeasesStore
  readonly clock: Clock
  /** Of the steady clock. */
  readonly nowMs: () => number
  readonly link: Pick<NodeLink, 'notify'>
  readonly guards: LeaseGuards
  readonly lotIdOf: LotNaming
  readonly logger: Logger
  /** Without one no card ever takes the place of another. */
  readonly swaps?: SwapPlanner
  readonly pollMs?: number
  /** Something was decided: the outbox holds its entries. */
  readonly onCommitted?: () => void
  /** Cards of these nodes are no longer claimed: their deposits go on. */
  readonly onCardsFreed?: (nodeIds: readonly NodeId[]) => void
}

export type RecallResult =
  | { readonly status: 'recalled'; readonly recallAtMs: number; readonly draw: Draw }
  | { readonly status: 'lease_unknown' | 'lease_over' }

export class Leases {
  /** Which cards are lent, and were of late. */
  readonly lent = new LentCards()
  readonly #options: LeasesOptions
  readonly #logger: Logger
  readonly #rounds: Rounds
  readonly #facts: LeaseFacts
  readonly #commits: LeaseCommits
  readonly #messenger: LeaseMessenger
  readonly #ownerClaims: OwnerClaims
  readonly #watch: LeaseWatch
  /** Nodes to look at although nothing new was told; at most every node once. */
  readonly #pending = new Set<NodeId>()
  /** What nodes said at once and no look has seen yet; at most every node once. */
  readonly #leftFree = new Map<NodeId, ReadonlySet<number> | 'all'>()
  readonly #told: LeasesTold
  #opening: Promise<void> | null = null

  constructor(options: LeasesOptions) {
    const { clock, link, nowMs, store } = options
    this.#options = options
    this.#logger = options.logger.child({ component: 'leases' })
    this.#facts = new LeaseFacts(store)
    this.#ownerClaims = new OwnerClaims(store, nowMs)
    this.#messenger = new LeaseMessenger({ store, clock, nowMs, link, logger: this.#logger })
    this.#watch = new LeaseWatch({ clock, nowMs })
    this.#commits = new LeaseCommits({
      store,
      committed: (before, change) => this.#committed(before, change),
    })
    this.#told = new LeasesTold({
      store,
      nowMs,
      commits: this.#commits,
      forgotten: (leaseId) => this.#messenger.forgotten(leaseId),
    })
    this.#rounds = new Rounds({
      clock,
      intervalMs: options.pollMs ?? POLL_MS_DEFAULT,
      round: () => this.#round(),
      onFailure: (error) => this.#logger.error({ err: error }, 'leases could not be followed'),
    })
  }

  async run(): Promise<void> {
    this.#watch.begin()
    await this.#rounds.run()
  }

  stop(): Promise<void> {
    return this.#rounds.stop()
  }

  /** Something was committed. */
  hint(): void {
    this.#rounds.wake()
  }

  /** Looks at everything there is to look at now. */
  async drain(): Promise<void> {
    while (await this.#rounds.once()) {
      // Each round moves a cursor or takes something off a list.
    }
  }

  /** These nodes have been declared silent. */
  onSilent(nodeIds: readonly NodeId[]): void {
    for (const nodeId of nodeIds) this.#pending.add(nodeId)
    this.#rounds.wake()
  }

  /** A node says at once what its records will say later: its holds are looked at now. */
  onEvent(nodeId: NodeId, { units }: Pick<LiveEvent, 'units'>): void {
    const before = this.#leftFree.get(nodeId)
    const isAll = units.length === 0 || before === 'all'
    this.#leftFree.set(nodeId, isAll ? 'all' : new Set([...(before ?? []), ...units]))
    this.#pending.add(nodeId)
    this.#rounds.wake()
  }

  /** The node can be told again. */
  onConnected(nodeId: NodeId): void {
    this.#messenger.connected(nodeId).catch((error: unknown) => this.#notSent(error))
  }

  /** What the node believes to be lent, in the collector's own signed notices. */
  told(nodeId: NodeId, notices: readonly LeaseNotice[]): void {
    this.#told.hear(nodeId, notices)
    this.#pending.add(nodeId)
    this.#rounds.wake()
  }

  /** A client's call has changed the draw: its nodes are told at once, and watched from now on. */
  drawCommitted(draw: Draw): void {
    this.lent.note(draw)
    this.#watch.note(draw)
    this.#messenger.consider(draw)
    this.#messenger.send().catch((error: unknown) => this.#notSent(error))
  }

  /** Since that site's scheduler took lent cards twice in 30 days, only fenced lots of it are lent. */
  needsFence(siteCode: string): boolean {
    return this.#ownerClaims.needsFence(siteCode)
  }

  /** The owner takes a lease back, now or with notice. Throws `overloaded`, or as the store does. */
  async recall(request: RecallRequest): Promise<RecallResult> {
    const { nowMs, lotIdOf, store } = this.#options
    for (let tries = 0; tries < RECALL_TRIES_MAX; tries += 1) {
      const draw = await store.findDrawOfLease(request.leaseId)
      if (draw === null) return { status: 'lease_unknown' }
      const outcome = decideRecall(draw, request, { nowMs: nowMs(), lotIdOf })
      if (outcome.status === 'refused') return { status: outcome.reason }
      const { recallAtMs } = outcome
      if (outcome.status === 'done') return { status: 'recalled', recallAtMs, draw }
      const [result] = await store.commitDraws([outcome.change])
      if (result?.status !== 'committed') continue
      this.#committed(draw, outcome.change)
      return { status: 'recalled', recallAtMs, draw: outcome.change.draw }
    }
    throw new AppError('overloaded', 'the draw keeps changing meanwhile: try again')
  }

  /** True when there is more to look at. */
  async #round(): Promise<boolean> {
    this.#watch.tick()
    if (this.#options.guards.isRecovering()) return false
    // A node's own word comes before what it told of time, in the first round as in any other.
    const hasMoreRecords = await this.#followRecords()
    this.#opening ??= this.#lookAtAll()
    await this.#opening.catch((error: unknown) => {
      this.#opening = null
      throw error
    })
    const hasMoreChanges = await this.#followTimeline()
    const hasMoreDue = await this.#lookAtDue()
    for (const nodeId of this.#watch.due()) this.#pending.add(nodeId)
    const hasMorePending = await this.#lookAtPending()
    await this.#messenger.send()
    return hasMoreRecords || hasMoreChanges || hasMoreDue || hasMorePending
  }

  async #lookAtAll(): Promise<void> {
    await this.#ownerClaims.read()
    const draws = await this.#options.store.readLiveDraws('all')
    for (const draw of draws) {
      this.lent.note(draw)
      this.#messenger.consider(draw)
    }
    this.lent.allNoted()
    const nodeIds = [...new Set(draws.flatMap(nodesOf))]
    for (let first = 0; first < nodeIds.length; first += PER_ROUND_MAX) {
      await this.#lookAt(nodeIds.slice(first, first + PER_ROUND_MAX))
    }
  }

  async #followRecords(): Promise<boolean> {
    const { store } = this.#options
    const cursor = await store.readCursor(RECORDS)
    const records = await store.readLeaseRecords(cursor, PER_ROUND_MAX)
    const last = records.at(-1)
    if (last === undefined) return false
    const draws = new Map<string, Draw>()
    for (const leaseId of new Set(records.map(({ record }) => record.leaseId))) {
      const draw = await store.findDrawOfLease(leaseId)
      if (draw !== null) draws.set(draw.request.drawId, draw)
    }
    const decide = async (draw: Draw) =>
      this.#decide(draw, { records: recordsOf(draw, records), cards: NO_CARDS })
    // Stale again and again: the next round reads the same records.
    if (!(await this.#commits.settle([...draws.values()], decide))) return true
    await store.moveCursor(RECORDS, last.recordNumber)
    return records.length === PER_ROUND_MAX
  }

  async #followTimeline(): Promise<boolean> {
    const { store } = this.#options
    const cursor = await store.readCursor(TIMELINE)
    const changes = await store.readTimelineChanges(cursor, PER_ROUND_MAX)
    const last = changes.at(-1)
    if (last === undefined) return false
    await this.#lookAt(changes.map(({ open }) => open.nodeId))
    await store.moveCursor(TIMELINE, last.open.changeSeq)
    return changes.length === PER_ROUND_MAX
  }

  /** By time alone: what nodes tell later of that time moves it in the accounts. */
  async #lookAtDue(): Promise<boolean> {
    const { nowMs, store } = this.#options
    const draws = await store.readDueDraws('lending', nowMs(), PER_ROUND_MAX)
    let decided = 0
    await this.#commits.settle(draws, async (draw) => {
      const decision = this.#decide(draw, { records: [], cards: NO_CARDS })
      if (decision !== null) decided += 1
      return decision
    })
    return decided > 0 && draws.length === PER_ROUND_MAX
  }

  async #lookAtPending(): Promise<boolean> {
    const nodeIds = [...this.#pending].slice(0, PER_ROUND_MAX)
    for (const nodeId of nodeIds) this.#pending.delete(nodeId)
    if (nodeIds.length > 0) await this.#lookAt(nodeIds)
    return this.#pending.size > 0
  }

  /** What is not decided for being stale stays pending. */
  async #lookAt(nodeIds: readonly NodeId[]): Promise<void> {
    const draws = await this.#options.store.readLiveDraws(nodeIds)
    const live = new Set(draws.flatMap(nodesOf))
    const toRead = nodeIds.filter((nodeId) => live.has(nodeId) || this.#told.has(nodeId))
    const states = await this.#facts.readNodes(toRead)
    const leftFree = new Map(this.#leftFree)
    for (const nodeId of nodeIds) this.#leftFree.delete(nodeId)
    const seen = { states, leftFree }
    const decide = async (draw: Draw) => {
      const cards = await this.#facts.cardsOf(draw, seen)
      return this.#decide(draw, { records: [], cards })
    }
    const isSettled = await this.#commits.settle(draws, decide)
    for (const nodeId of nodeIds) {
      if (!isSettled) this.#pending.add(nodeId)
      const state = states.get(nodeId)
      this.#watch.looked(nodeId, live.has(nodeId) ? (state?.open?.timelineEndMs ?? 0) : null)
      if (state !== undefined) await this.#told.setRight(state)
    }
  }

  #decide(
    draw: Draw,
    at: {
      readonly records: readonly StoredLeaseRecord[]
      readonly cards: ReadonlyMap<number, CardLook>
    },
  ): Decision {
    const { records, cards } = at
    const look = this.#look(cards)
    const change = decideLeases({ draw, records, look })
    if (change === null) return null
    const dropped = claimsToSwap(draw, change, look.nowMs)
    const { swaps: planner } = this.#options
    if (planner === undefined || dropped.length === 0) return { change }
    const better = async () => {
      const swaps = await planner.replacementsFor(draw, dropped)
      if (swaps.size === 0) return null
      // Asking nodes has taken time: the new lease begins from now.
      return decideLeases({ draw, records, look: this.#look(cards), swaps })
    }
    return { change, better }
  }

  #look(cards: LeaseLook['cards']): LeaseLook {
    const { guards, lotIdOf, nowMs } = this.#options
    return {
      nowMs: nowMs(),
      lotIdOf,
      cards,
      listeningSinceMs: this.#watch.listeningSinceMs,
      isSilenceJudged: !guards.depositsSuspended() && guards.clockAccusation() === null,
    }
  }

  #committed(before: Draw, { draw, outbox }: DrawChange): void {
    this.#options.onCommitted?.()
    for (const claim of draw.claims) {
      const wasLive = before.claims[claim.ordinal]?.state === 'leased'
      // Cleaning reads on from the end: another look, at once.
      if (wasLive && claim.state === 'cleaning' && claim.nodeId !== null) {
        this.#pending.add(claim.nodeId)
      }
    }
    const freed = draw.claims.flatMap(({ nodeId, ordinal, state }) => {
      const wasCleaning = before.claims[ordinal]?.state === 'cleaning'
      return nodeId !== null && state === 'ended' && wasCleaning ? [nodeId] : []
    })
    if (freed.length > 0) this.#options.onCardsFreed?.([...new Set(freed)])
    this.#logger.debug({ draw_id: draw.request.drawId, entries: outbox.length }, 'a draw changed')
    if (outbox.some(({ payload }) => payload.cause === 'owner_claimed')) {
      this.#ownerClaims.read().catch((error: unknown) => {
        this.#logger.warn({ err: error }, 'owners’ claims could not be read')
      })
    }
    this.drawCommitted(draw)
  }

  #notSent(error: unknown): void {
    // They are due still: the next round sends them.
    this.#logger.warn({ err: error }, `notices could not be sent: ${errorSentence(error)}`)
  }
}

const NO_CARDS: ReadonlyMap<number, CardLook> = new Map()

function recordsOf(
  { leases }: Draw,
  records: readonly StoredLeaseRecord[],
): readonly StoredLeaseRecord[] {
  const own = new Set(leases.map(({ leaseId }) => leaseId))
  return records.filter(({ record }) => own.has(record.leaseId))
}
