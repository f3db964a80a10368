/**
 * Cards that this process is drawing, or has just drawn and the index of lots does not know yet: a
 * plan leaves them out, so that draws made at once do not get into each other's way. That no card is
 * granted twice is the store's doing; this only saves the tries. Lost with the process, to no harm.
 *
 * Bounded by the cards of draws under way and of those committed within the index's lag, and by those
 * that a node would not lend a moment ago.
 */
import type { NodeId, UnitId } from '../model/ids.ts'

/** A node that did not answer, or would not lend, is not asked for another pool at once. */
const RESTING_MS = 10_000

export interface CardRef {
  readonly nodeId: NodeId
  readonly unitId: UnitId
}

/** Which cards a plan does without. */
export interface CardsOut {
  /** Whether any card of the node may be out: most nodes need no look at their cards. */
  touches(nodeId: NodeId): boolean
  isOut(card: CardRef): boolean
}

/** Until when, by the monotonic clock, a card is out. `null`: as long as its draw is under way. */
interface Reserved {
  readonly committedAtMonotonicMs: number | null
}

export class CardsInHand implements CardsOut {
  readonly #byNode = new Map<NodeId, Map<UnitId, Reserved>>()

  touches(nodeId: NodeId): boolean {
    return this.#byNode.has(nodeId)
  }

  isOut({ nodeId, unitId }: CardRef): boolean {
    return this.#byNode.get(nodeId)?.has(unitId) === true
  }

  take(cards: readonly CardRef[]): void {
    for (const card of cards) this.#put(card, { committedAtMonotonicMs: null })
  }

  /** They are claimed in the store: out until the index has seen that. */
  commit(cards: readonly CardRef[], nowMonotonicMs: number): void {
    for (const card of cards) this.#put(card, { committedAtMonotonicMs: nowMonotonicMs })
  }

  release(cards: readonly CardRef[]): void {
    for (const { nodeId, unitId } of cards) {
      const units = this.#byNode.get(nodeId)
      if (units?.delete(unitId) === true && units.size === 0) this.#byNode.delete(nodeId)
    }
  }

  /** The index holds everything that was committed before this instant. */
  seenUpTo(monotonicMs: number): void {
    for (const [nodeId, units] of this.#byNode) {
      for (const [unitId, { committedAtMonotonicMs }] of units) {
        if ((committedAtMonotonicMs ?? monotonicMs) < monotonicMs) units.delete(unitId)
      }
      if (units.size === 0) this.#byNode.delete(nodeId)
    }
  }

  #put({ nodeId, unitId }: CardRef, reserved: Reserved): void {
    const units = this.#byNode.get(nodeId)
    if (units === undefined) this.#byNode.set(nodeId, new Map([[unitId, reserved]]))
    else units.set(unitId, reserved)
  }
}

/** Cards, or all cards of nodes, that turned out not to be had. */
export class CardsMissed implements CardsOut {
  readonly #byNode = new Map<NodeId, Set<UnitId> | 'all'>()

  touches(nodeId: NodeId): boolean {
    return this.#byNode.has(nodeId)
  }

  isOut({ nodeId, unitId }: CardRef): boolean {
    const units = this.#byNode.get(nodeId)
    return units === 'all' || units?.has(unitId) === true
  }

  /** `units` empty: all of the node's. */
  add(nodeId: NodeId, units: readonly UnitId[]): void {
    const before = this.#byNode.get(nodeId)
    if (units.length === 0 || before === 'all') this.#byNode.set(nodeId, 'all')
    else this.#byNode.set(nodeId, new Set([...(before ?? []), ...units]))
  }
}

/** What was missed of late, by whatever draw. */
export class CardsResting implements CardsOut {
  readonly #nodes = new Map<NodeId, { readonly missed: CardsMissed; readonly untilMs: number }>()
  readonly #monotonicMs: () => number

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs
  }

  touches(nodeId: NodeId): boolean {
    return this.#of(nodeId) !== null
  }

  isOut(card: CardRef): boolean {
    return this.#of(card.nodeId)?.isOut(card) === true
  }

  add(nodeId: NodeId, units: readonly UnitId[]): void {
    const missed = this.#of(nodeId) ?? new CardsMissed()
    missed.add(nodeId, units)
    const untilMs = this.#monotonicMs() + RESTING_MS
    // Set anew, so that the first of the map is the one that rested longest.
    this.#nodes.delete(nodeId)
    this.#nodes.set(nodeId, { missed, untilMs })
    for (const [other, resting] of this.#nodes) {
      if (resting.untilMs > this.#monotonicMs()) break
      this.#nodes.delete(other)
    }
  }

  #of(nodeId: NodeId): CardsMissed | null {
    const resting = this.#nodes.get(nodeId)
    return resting !== undefined && resting.untilMs > this.#monotonicMs() ? resting.missed : null
  }
}

export function anyOf(...lists: readonly CardsOut[]): CardsOut {
  return {
    touches: (nodeId) => lists.some((list) => list.touches(nodeId)),
    isOut: (card) => lists.some((list) => list.isOut(card)),
  }
}
