/** Changes that wait for their time to be settled; they leave in the order of time, then of coming. */
import type { CardPlace, CardState } from '../fleet.ts'

export interface QueuedChange {
  readonly atMs: number
  readonly place: CardPlace
  readonly state: CardState
}

export class TimeQueue {
  #changes: QueuedChange[]
  /** Those before it have left. */
  #first = 0
  #isInOrder = false

  constructor(changes: readonly QueuedChange[] = []) {
    this.#changes = [...changes]
  }

  get length(): number {
    return this.#changes.length - this.#first
  }

  add(change: QueuedChange): void {
    this.#changes.push(change)
    this.#isInOrder = false
  }

  /** Of the next one; `null` when it is empty. */
  get firstMs(): number | null {
    this.#order()
    return this.#changes[this.#first]?.atMs ?? null
  }

  /** The next of at most `untilMs`. */
  take(untilMs: number): QueuedChange | null {
    this.#order()
    const next = this.#changes[this.#first]
    if (next === undefined || next.atMs > untilMs) return null
    this.#first += 1
    return next
  }

  toJSON(): readonly QueuedChange[] {
    this.#order()
    return this.#changes.slice(this.#first)
  }

  /** Nearly all of it is in order already, which is what the runtime's stable sort is quick at. */
  #order(): void {
    if (this.#isInOrder) return
    this.#changes = this.#changes.slice(this.#first).sort((left, right) => left.atMs - right.atMs)
    this.#first = 0
    this.#isInOrder = true
  }
}
