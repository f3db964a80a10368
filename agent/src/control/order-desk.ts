/**
 * Takes the owner's orders: finds the named units, lets the order hold at once, keeps it for the
 * next process, and has it written into the node's stream. What the disk does not take is tried
 * again; what is ordered before the timeline begins enters it first. Times are UTC ms on the
 * node's timeline.
 */
import type { Logger, Spool, Veto } from '@yiben/shared'
import type { DiskGuard } from '../sampling/disk-guard.ts'
import type { IndexedUnit } from '../sampling/facts.ts'
import { OwnerOrders } from '../sampling/owner-orders.ts'
import type { OrderResult } from './controllable.ts'
import { findUnits } from './find-units.ts'

const META_ORDERS = 'agent.orders'
/** A person gives orders; more than this before the timeline begins is a script gone wrong. */
const EARLY_VETOES_MAX = 64

/** `units` empty means all. */
export type OrderedVeto = Pick<Veto, 'kind' | 'units'>

export interface OrderDeskOptions {
  readonly log: Logger
  readonly spool: Pick<Spool, 'getMeta' | 'setMeta'>
  readonly disk: DiskGuard
  readonly nowMs: () => number
  readonly units: () => readonly IndexedUnit[]
  readonly leases: () => LeasesOfDesk
  /** Into the stream and to the collector; `too_early` before the timeline begins. */
  readonly record: (veto: OrderedVeto) => 'durable' | 'waiting' | 'too_early'
}

/** What an order means for leases. */
export interface LeasesOfDesk {
  /** Leases on these units end now; null: on all. How many units had one. */
  veto(unitIds: readonly string[] | null): number
  /** They end at `atMs`, and the units are taken back then. */
  recall(unitIds: readonly string[], atMs: number): void
  isLent(unitId: string): boolean
}

export class OrderDesk {
  readonly #options: OrderDeskOptions
  /** What holds now; others read it. */
  readonly orders: OwnerOrders
  #isKept = true
  #early: readonly OrderedVeto[] = []

  constructor(options: OrderDeskOptions) {
    this.#options = options
    this.orders = OwnerOrders.load(options.spool.getMeta(META_ORDERS))
  }

  get isPaused(): boolean {
    return this.orders.pausedSinceMs !== null
  }

  /**
   * What is not lent is taken back at once; what is lent when the notice is over, and nothing new is
   * lent of it meanwhile. Without notice (0) leases end now.
   */
  reclaim(names: readonly string[], noticeMs = 0): OrderResult {
    const apply = (keys: readonly string[] | null) =>
      this.orders.reclaim(keys, this.#options.nowMs())
    return noticeMs === 0
      ? this.#order('reclaim', names, apply)
      : this.#reclaimLater(names, noticeMs, apply)
  }

  offer(names: readonly string[]): OrderResult {
    const all = this.#options.units().map(({ id }) => id)
    return this.#order('offer', names, (keys) => this.orders.offer(keys, all))
  }

  /** `forMs` null: until `resume`. */
  pause(forMs: number | null): OrderResult {
    const atMs = this.#options.nowMs()
    const untilMs = forMs === null ? null : atMs + forMs
    return this.#order('pause', [], () => this.orders.pause(atMs, untilMs))
  }

  resume(): OrderResult {
    return this.#order('resume', [], () => this.orders.resume())
  }

  /** The timeline has begun: what was ordered before goes into it. */
  recordEarly(): void {
    for (const veto of this.#early) this.#options.record(veto)
    this.#early = []
  }

  /** Once a round: a disk that was full may take the orders now. */
  keepAgain(): void {
    if (!this.#isKept) this.#isKept = this.#keep()
  }

  #order(
    kind: Veto['kind'],
    names: readonly string[],
    apply: (unitIds: readonly string[] | null) => void,
  ): OrderResult {
    const found = findUnits(this.#options.units(), names)
    if (found.status !== 'found') return found
    apply(names.length === 0 ? null : found.units.map(({ id }) => id))
    this.#isKept = this.#keep()
    const keys = names.length === 0 ? null : found.units.map(({ id }) => id)
    // The order is kept before a lease ends by it: a crash between the two ends it at the next start.
    // A pause ends none: what is lent goes on unseen, and counts as interrupted.
    const leasesEnded = kind === 'reclaim' ? this.#options.leases().veto(keys) : 0
    const indexes = found.units.map(({ index }) => index)
    const isRecorded = this.#record({ kind, units: names.length === 0 ? [] : indexes })
    this.#options.log.info({ order: kind, units: indexes, leasesEnded }, "the owner's order holds")
    return { status: 'done', units: indexes, leasesEnded, isDurable: this.#isKept && isRecorded }
  }

  #reclaimLater(
    names: readonly string[],
    noticeMs: number,
    apply: (unitIds: readonly string[] | null) => void,
  ): OrderResult {
    const { units, nowMs, log } = this.#options
    const leases = this.#options.leases()
    const found = findUnits(units(), names)
    if (found.status !== 'found') return found
    const [lent = [], others = []] = [true, false].map((isLent) =>
      found.units.filter(({ id }) => leases.isLent(id) === isLent),
    )
    apply(names.length === 0 ? null : found.units.map(({ id }) => id))
    this.#isKept = this.#keep()
    const ids = lent.map(({ id }) => id)
    leases.recall(ids, nowMs() + noticeMs)
    const now = others.map(({ index }) => index)
    const isRecorded = now.length === 0 || this.#record({ kind: 'reclaim', units: now })
    const indexes = found.units.map(({ index }) => index)
    log.info({ units: indexes, leases: ids.length, noticeMs }, "the owner's recall is announced")
    const isDurable = this.#isKept && isRecorded
    return { status: 'done', units: indexes, leasesEnded: ids.length, isDurable }
  }

  #record(veto: OrderedVeto): boolean {
    const result = this.#options.record(veto)
    if (result === 'too_early') this.#early = [...this.#early, veto].slice(-EARLY_VETOES_MAX)
    return result === 'durable'
  }

  #keep(): boolean {
    const { disk, spool } = this.#options
    return disk.run(() => spool.setMeta(META_ORDERS, this.orders.toText()))
  }
}
