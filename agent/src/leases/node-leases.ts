/**
 * The node's side of leases: takes the collector's signed notices, ends leases by itself, keeps all
 * of it over restarts, and says so in the node's stream (DESIGN 4 and 5; CASES C8, C9, C11, C22).
 *
 * Promises: a lease is on disk before it is said to be taken; what ends holds at once, whatever the
 * disk does; a lease ends at its stated end with no collector in reach; nothing is lent that the
 * owner has taken back. A crash between two writes says something twice, never leaves it out. The
 * agent never ends what runs on a card.
 */
import {
  type Clock,
  type DurableRecord,
  isLeaseNoticeSigned,
  type LeaseNotice,
  type Logger,
  TIME_MS_MAX,
  TIME_MS_MIN,
  type Timer,
} from '@yiben/shared'
import type { AgentConfig } from '../config.ts'
import type { DiskGuard } from '../sampling/disk-guard.ts'
import { type IndexedUnit, identitiesOf } from '../sampling/facts.ts'
import type { JudgedUnit } from '../sampling/judge.ts'
import type { OwnerOrders } from '../sampling/owner-orders.ts'
import { type LendingPlan, lendingAt, NEVER_LENT } from '../verdict/lending.ts'
import { beginBoot, beginEpoch } from './carry-over.ts'
import { announceRecall, endByClaim, endByHandover, endByVeto, endDue } from './end-leases.ts'
import { HandoverDesk } from './handover-desk.ts'
import type { HandoverScript } from './handover-script.ts'
import {
  type HandoverCall,
  type LeaseBook,
  type LeaseWord,
  leaseOf,
  lendingPlan,
  nextLeaseEdgeMs,
  type RunningUnit,
  runningLeases,
  signedNotices,
} from './lease-book.ts'
import { ownersRefusal } from './lease-consent.ts'
import { bookOfText, bookToText } from './lease-file.ts'
import type { LendingRefusal } from './lease-question.ts'
import { lookAtUnits } from './look-at-units.ts'
import { type LeaseOnNode, leasesOnNode } from './show-leases.ts'
import { takeNotice } from './take-notice.ts'

/** A timer set for longer is set again: the timeline may have been mended meanwhile. */
const TIMER_MS_MAX = 60_000

/** Where leases are kept, and shown to the administrator's own tooling. */
export interface LeaseStore {
  /** `null`: nothing was ever lent here. */
  load(): string | null
  /** Durable when it returns. Throws a disk failure; then what was there is kept. */
  save(text: string): void
  /** Throws a disk failure. */
  show(leases: readonly LeaseOnNode[]): void
}

/** What leases need of the rest of the agent. */
export interface LeaseNode {
  /** UTC ms on the node's timeline; `null` before it begins. */
  nowMs(): number | null
  /** With their indexes of this epoch; the same list until they change. */
  units(): readonly IndexedUnit[]
  record(records: readonly DurableRecord[]): 'durable' | 'waiting'
  /** Nothing waits for the disk. */
  isAllWritten(): boolean
  /** Where a run begins that a sample at `atMs` finds on the unit. */
  runStartMs(index: number, atMs: number): number
}

export interface NodeLeasesOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly disk: DiskGuard
  readonly store: LeaseStore
  readonly deposit: AgentConfig['deposit']
  readonly orders: OwnerOrders
  /** The collector's identity key as pinned, hex. */
  readonly collectorKey: string
  /** Epoch of the spool and boot of the machine, now. */
  readonly epoch: () => string
  readonly bootId: string
  /** `null`: handover is nobody's script. */
  readonly script: HandoverScript | null
  readonly node: LeaseNode
}

export class NodeLeases {
  readonly #options: NodeLeasesOptions
  readonly #log: Logger
  readonly #desk: HandoverDesk | null
  readonly #plans = new Map<number, LendingPlan>()
  #planUnits: readonly IndexedUnit[] = []
  #book: LeaseBook
  #isSaved = true
  #isShown = false
  /** Words that are in the queue to the spool and not yet known to be on disk. */
  #handedOn = 0
  #timer: Timer | null = null

  /** Throws `disk_failed` where what was kept cannot be read. */
  constructor(options: NodeLeasesOptions) {
    const { store, script, bootId, clock } = options
    this.#options = options
    this.#log = options.log.child({ component: 'leases' })
    this.#book = bookOfText(store.load(), { epoch: options.epoch(), bootId })
    this.#desk =
      script === null
        ? null
        : new HandoverDesk({
            clock,
            log: this.#log,
            script,
            calls: () => this.#book.calls,
            devicesOf: (unitIds) => this.#devicesOf(unitIds),
            nowMs: () => options.node.nowMs() ?? clock.wallMs(),
            done: (call, problem) => this.#noteHandover(call, problem),
          })
  }

  get book(): LeaseBook {
    return this.#book
  }

  /** What the owner's script makes wrong now, for people. */
  get problems(): readonly string[] {
    return this.#desk?.problems ?? []
  }

  /** The timeline begins, or begins anew in another epoch: what was ordered or fell due meanwhile. */
  begin(nowMs: number): void {
    const { bootId, orders, epoch } = this.#options
    const indexes = new Map(this.#options.node.units().map(({ id, index }) => [id, index]))
    if (this.#book.epoch !== epoch()) this.#handedOn = 0
    const indexOf = (unitId: string) => indexes.get(unitId) ?? null
    const facts = { epoch: epoch(), nowMs, indexOf }
    const carried = beginEpoch(beginBoot(this.#book, bootId, nowMs), facts)
    const lent = runningUnits(carried).filter(({ unit }) => !unit.isReclaimed)
    const takenBack = Map.groupBy(lent, ({ unit }) => orders.reclaimedSinceMs(unit.unitId))
    let next = carried
    for (const [sinceMs, units] of takenBack) {
      const ids = units.map(({ unit }) => unit.unitId)
      if (sinceMs !== null) next = endByVeto(next, ids, sinceMs)
    }
    this.#apply(endDue(next, nowMs))
    // Also where nothing has changed since: what was kept is still to be acted on.
    this.#actOn()
  }

  stop(): void {
    this.#timer?.cancel()
    this.#desk?.stop()
  }

  /** Once a round: what fell due, and what the disk did not take before. */
  round(): void {
    const { node } = this.#options
    const nowMs = node.nowMs()
    if (nowMs === null) return
    this.#apply(endDue(this.#book, nowMs))
    if (this.#handedOn > 0 && node.isAllWritten()) this.#forgetTold()
    this.#save()
    if (!this.#isShown) this.#show()
  }

  /** A notice that cannot be kept, or comes before the timeline, goes unanswered: it comes again. */
  take(notice: LeaseNotice): void {
    const { collectorKey, node, disk, store } = this.#options
    const { leaseId, revision } = notice
    const nowMs = node.nowMs()
    if (nowMs === null) return
    if (!isLeaseNoticeSigned(notice, collectorKey) || !isInTime(notice)) {
      this.#log.error({ leaseId, revision }, 'a lease notice is not as the collector signs it')
      return
    }
    const units = node.units()
    const next = takeNotice(this.#book, notice, {
      nowMs,
      unitIdOf: (index) => units.find((unit) => unit.index === index)?.id ?? null,
      refusalOf: (unitId, startMs, endMs) => this.#refusalOf(unitId, startMs, endMs),
    })
    if (next === this.#book) return
    const kept = this.#withoutVainCalls(next)
    if (!disk.run(() => store.save(bookToText(kept)))) return
    this.#log.info({ leaseId, revision, kind: notice.kind }, 'a lease notice has been answered')
    this.#apply(kept, true)
  }

  /** The owner takes cards back or lets go of all; leases on them end now. How many units. */
  veto(unitIds: readonly string[] | null): number {
    const atMs = this.#nowMs()
    const before = runningUnits(this.#book).length
    this.#apply(endByVeto(endDue(this.#book, atMs), unitIds, atMs))
    return before - runningUnits(this.#book).length
  }

  /** Leases on these units end at `atMs`, and the cards are the owner's then. */
  recall(unitIds: readonly string[], atMs: number): void {
    this.#apply(announceRecall(endDue(this.#book, this.#nowMs()), unitIds, atMs))
  }

  /** What samples say of lent units, and of what borrowers left; before they are booked. */
  note(judged: readonly JudgedUnit[], atMs: number): void {
    const seen = lookAtUnits(judged, atMs, {
      lendingOf: (index) => lendingAt(this.planOf(index), atMs),
      runStartMs: (index) => this.#options.node.runStartMs(index, atMs),
    })
    for (const { unitId, fromMs } of seen.claimed) {
      this.#log.error({ unitId }, "the owner's scheduler has given a lent card to somebody else")
      this.#apply(endByClaim(this.#book, unitId, fromMs))
    }
    this.#apply(seen.clean(this.#book))
  }

  /** How the unit with this index stands with the bank over time. */
  planOf(index: number): LendingPlan {
    if (this.#book.leases.length === 0) return NEVER_LENT
    const units = this.#options.node.units()
    if (units !== this.#planUnits) this.#plans.clear()
    this.#planUnits = units
    const known = this.#plans.get(index)
    if (known !== undefined) return known
    const unitId = units.find((unit) => unit.index === index)?.id
    const plan = unitId === undefined ? NEVER_LENT : lendingPlan(this.#book, unitId)
    this.#plans.set(index, plan)
    return plan
  }

  leaseOf(unitId: string): RunningUnit | null {
    return leaseOf(this.#book, unitId)
  }

  isLent(unitId: string): boolean {
    return this.leaseOf(unitId) !== null
  }

  /** What this node believes to be lent, as the collector signed it. */
  signed(): readonly LeaseNotice[] {
    return signedNotices(this.#book)
  }

  ownersRefusal(unit: IndexedUnit, startMs: number, endMs: number): LendingRefusal | null {
    const { orders, deposit } = this.#options
    const facts = {
      deposit,
      strongestIdentity: identitiesOf(unit.unit)[0]?.strength ?? 'slot',
      isReclaimed: orders.reclaimedSinceMs(unit.id) !== null,
      isPaused: orders.pausedSinceMs !== null,
    }
    return ownersRefusal(facts, startMs, endMs)
  }

  #refusalOf(unitId: string, startMs: number, endMs: number): LendingRefusal | null {
    const unit = this.#options.node.units().find(({ id }) => id === unitId)
    return unit === undefined ? 'unknown_unit' : this.ownersRefusal(unit, startMs, endMs)
  }

  #nowMs(): number {
    const { node, clock } = this.#options
    return node.nowMs() ?? Math.round(clock.wallMs())
  }

  #noteHandover(call: HandoverCall, problem: string | null): void {
    const next = { ...this.#book, calls: this.#book.calls.filter((one) => one !== call) }
    const isRefused = problem !== null && call.event === 'lend'
    this.#apply(isRefused ? endByHandover(next, call, this.#nowMs()) : next)
  }

  #withoutVainCalls(book: LeaseBook): LeaseBook {
    return this.#desk === null ? { ...book, calls: [] } : book
  }

  #apply(next: LeaseBook, isSaved = false): void {
    if (next === this.#book) return
    this.#book = this.#withoutVainCalls(next)
    this.#plans.clear()
    this.#isSaved = isSaved
    this.#save()
    this.#actOn()
  }

  #actOn(): void {
    this.#tell()
    this.#show()
    this.#arm()
    this.#desk?.wake()
  }

  #save(): void {
    const { disk, store } = this.#options
    if (!this.#isSaved) this.#isSaved = disk.run(() => store.save(bookToText(this.#book)))
  }

  /** Into the stream, in order; nothing twice in this process. */
  #tell(): void {
    const { node } = this.#options
    const words = this.#book.words.slice(this.#handedOn)
    if (words.length === 0 || node.nowMs() === null) return
    const written = node.record(words.flatMap((word) => this.#recordOf(word)))
    this.#handedOn = this.#book.words.length
    if (written === 'durable') this.#forgetTold()
  }

  /** Saved with what comes next: after a crash before that it is told once more. */
  #forgetTold(): void {
    this.#book = { ...this.#book, words: this.#book.words.slice(this.#handedOn) }
    this.#handedOn = 0
    this.#isSaved = false
  }

  /** A card that was offered again during its notice is not taken back at the end of it. */
  #recordOf(word: LeaseWord): DurableRecord[] {
    if (word.kind === 'lease') return [{ kind: 'lease', lease: word.record }]
    const { orders, node } = this.#options
    const units = node
      .units()
      .filter(({ id }) => word.unitIds.includes(id) && orders.reclaimedSinceMs(id) !== null)
      .map(({ index }) => index)
    if (units.length === 0) return []
    return [{ kind: 'veto', veto: { atMs: word.atMs, kind: 'reclaim', units } }]
  }

  #show(): void {
    const { disk, store, node } = this.#options
    this.#isShown = disk.run(() => store.show(leasesOnNode(this.#book, node.units())))
  }

  /** For the next edge: what ends is ended then, what begins is cut then. */
  #arm(): void {
    const { clock, node } = this.#options
    this.#timer?.cancel()
    const nowMs = node.nowMs()
    const edgeMs = nowMs === null ? null : nextLeaseEdgeMs(this.#book, nowMs)
    if (nowMs === null || edgeMs === null) return
    const delayMs = Math.min(Math.max(1, edgeMs - nowMs), TIMER_MS_MAX)
    this.#timer = clock.after(delayMs, () => {
      this.#apply(endDue(this.#book, this.#nowMs()))
      this.#arm()
    })
  }

  #devicesOf(unitIds: readonly string[]): string[] {
    const units = new Map(this.#options.node.units().map((unit) => [unit.id, unit.unit]))
    return unitIds.map((id) => units.get(id)?.pciAddress ?? id)
  }
}

/** Instants that a record of this node could name. */
function isInTime({ startMs, endMs }: LeaseNotice): boolean {
  return [startMs, endMs].every((atMs) => atMs >= TIME_MS_MIN && atMs < TIME_MS_MAX)
}

function runningUnits(book: LeaseBook): RunningUnit[] {
  return runningLeases(book).flatMap((lease) =>
    lease.units.filter(({ endedAtMs }) => endedAtMs === null).map((unit) => ({ lease, unit })),
  )
}
