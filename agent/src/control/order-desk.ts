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
  /** Into the stream and to the collector; `too_early` before the timeline begins. */
  readonly record: (veto: OrderedVeto) => 'durable' | 'waiting' | 'too_early'
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

  reclaim(names: readonly string[]): OrderResult {
    return this.#order('reclaim', names, (keys) => this.orders.reclaim(keys, this.#options.nowMs()))
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
    const indexes = found.units.map(({ index }) => index)
    const isRecorded = this.#record({ kind, units: names.length === 0 ? [] : indexes })
    this.#options.log.info({ order: kind, units: indexes }, "the owner's order holds")
    return { status: 'done', units: indexes, isDurable: this.#isKept && isRecorded }
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
