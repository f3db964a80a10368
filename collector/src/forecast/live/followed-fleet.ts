/**
 * Which cards the forecast follows and what it has heard of each: turns looks at nodes into changes in
 * time order. It knows how far each node has told its time; what arrives after that time has been
 * settled tells only what the card does now, as if it had just been found, never what it did meanwhile.
 */
import { assert } from '@yiben/shared'
import type { CardSight, NodeSight } from '../../model/forecast.ts'
import type { NodeId, UnitId } from '../../model/ids.ts'
import type { DeviceProfile } from '../../model/inventory.ts'
import type { ClosedWindow } from '../../model/timeline.ts'
import type { CardPlace, CardState } from '../fleet.ts'
import { type CardChange, changesOf, mayHideWindows } from './card-changes.ts'
import { poolIdOf } from './pool-id.ts'
import { LAG_MS_MAX } from './settled.ts'
import type { TimeQueue } from './time-queue.ts'

/** Whether a card is under a lease, answered from memory. */
export interface Lending {
  isLentAt(unitId: UnitId, atMs: number): boolean
}

export interface FollowedCard {
  readonly unitId: UnitId
  readonly place: CardPlace
  /** Its number in the forecast, kept by whoever has looked it up; `null` before. */
  card: number | null
  /** What was queued last. */
  state: CardState
  /** Of the free window that was open at the last look. */
  windowStartMs: number | null
}

interface FollowedNode {
  readonly nodeId: NodeId
  endMs: number
  progressedMs: number
  /** It has told less than is settled: its cards are out of sight. */
  isBehind: boolean
  readonly cards: Map<UnitId, FollowedCard>
}

export interface FollowedNodeJson {
  readonly nodeId: NodeId
  readonly endMs: number
  readonly isBehind: boolean
  readonly cards: readonly {
    readonly unitId: UnitId
    readonly poolId: string
    readonly state: CardState
    readonly windowStartMs: number | null
  }[]
}

export interface FollowedFleetParts {
  readonly queue: TimeQueue
  readonly lending: Lending
  readonly kindKeyOf: (profile: DeviceProfile) => string
}

/** What was read of some nodes at once. */
export interface Looks {
  readonly sights: readonly NodeSight[]
  readonly ended: readonly ClosedWindow[]
  /** Nothing is told of what was before. */
  readonly fromMs: number
  readonly monotonicMs: number
}

export class FollowedFleet {
  readonly #parts: FollowedFleetParts
  readonly #nodes = new Map<NodeId, FollowedNode>()
  readonly #cards = new Map<UnitId, FollowedCard>()

  constructor(parts: FollowedFleetParts, nodes: readonly FollowedNodeJson[] = [], monotonicMs = 0) {
    this.#parts = parts
    for (const { cards, ...node } of nodes) {
      const followed = cards.map(({ poolId, ...card }): FollowedCard => {
        return { ...card, card: null, place: placeOf(card.unitId, node.nodeId, poolId) }
      })
      const byUnit = new Map(followed.map((card) => [card.unitId, card]))
      this.#nodes.set(node.nodeId, { ...node, progressedMs: monotonicMs, cards: byUnit })
      for (const card of followed) this.#cards.set(card.unitId, card)
    }
  }

  nodes(): Iterable<Readonly<FollowedNode>> {
    return this.#nodes.values()
  }

  cards(): Iterable<Readonly<FollowedCard>> {
    return this.#cards.values()
  }

  cardOf(unitId: UnitId): FollowedCard | null {
    return this.#cards.get(unitId) ?? null
  }

  /** Windows that have to be read before looking at these nodes. */
  hiddenWindows(sights: readonly NodeSight[], fromMs: number) {
    return sights
      .filter(({ timelineEndMs }) => timelineEndMs >= fromMs)
      .flatMap((sight) => sight.cards.flatMap((card) => this.#hiddenFrom(sight, card, fromMs)))
  }

  look({ sights, ended, fromMs, monotonicMs }: Looks): void {
    const byUnit = Map.groupBy(ended, ({ unitId }) => unitId)
    for (const sight of sights) {
      const node = this.#nodeOf(sight, monotonicMs)
      if (sight.timelineEndMs > node.endMs) {
        node.endMs = sight.timelineEndMs
        node.progressedMs = monotonicMs
      }
      if (node.endMs < fromMs) this.#loseSight(node, fromMs)
      else this.#lookAt(node, sight, { byUnit, fromMs })
    }
  }

  /** Everything up to `atMs` is settled; `beforeMs` was before. */
  settle(atMs: number, beforeMs: number): void {
    for (const node of this.#nodes.values()) {
      if (node.endMs < atMs && !node.isBehind) {
        this.#loseSight(node, Math.max(node.endMs, beforeMs))
      }
    }
  }

  toJSON(): readonly FollowedNodeJson[] {
    return [...this.#nodes.values()].map(({ nodeId, endMs, isBehind, cards }) => ({
      nodeId,
      endMs,
      isBehind,
      cards: [...cards.values()].map(({ unitId, place, state, windowStartMs }) => {
        return { unitId, poolId: place.poolId, state, windowStartMs }
      }),
    }))
  }

  #nodeOf({ nodeId, timelineEndMs }: NodeSight, monotonicMs: number): FollowedNode {
    const known = this.#nodes.get(nodeId)
    if (known !== undefined) return known
    const node: FollowedNode = {
      nodeId,
      endMs: timelineEndMs,
      progressedMs: monotonicMs,
      isBehind: false,
      cards: new Map(),
    }
    this.#nodes.set(nodeId, node)
    return node
  }

  #hiddenFrom({ nodeId }: NodeSight, sight: CardSight, fromMs: number) {
    const { unitId } = sight
    const node = this.#nodes.get(nodeId)
    const card = node?.cards.get(unitId)
    if (node === undefined || node.isBehind || card === undefined) return [{ unitId, fromMs }]
    if (!mayHideWindows(card, sight, node.endMs)) return []
    return [{ unitId, fromMs: card.windowStartMs ?? node.endMs }]
  }

  #lookAt(
    node: FollowedNode,
    { cards, siteCode, timelineEndMs }: NodeSight,
    told: { readonly byUnit: ReadonlyMap<UnitId, ClosedWindow[]>; readonly fromMs: number },
  ): void {
    const { kindKeyOf, lending } = this.#parts
    node.isBehind = false
    const here = new Set<UnitId>()
    for (const sight of cards) {
      const { unitId } = sight
      here.add(unitId)
      const poolId = poolIdOf(siteCode, kindKeyOf(sight.profile))
      const card = this.#cardIn(node, unitId, poolId, told.fromMs)
      const isLentAt = (atMs: number) => lending.isLentAt(unitId, atMs)
      const ended = told.byUnit.get(unitId) ?? []
      this.#queue(card, changesOf(card, { sight, timelineEndMs, ended, isLentAt }), told.fromMs)
      card.windowStartMs = sight.windowStartMs
    }
    for (const card of node.cards.values()) {
      if (!here.has(card.unitId)) this.#drop(node, card, Math.max(timelineEndMs, told.fromMs))
    }
  }

  /** A card that counts as another kind from now on is another card. */
  #cardIn(node: FollowedNode, unitId: UnitId, poolId: string, fromMs: number): FollowedCard {
    const known = node.cards.get(unitId)
    if (known?.place.poolId === poolId) return known
    if (known !== undefined) this.#drop(node, known, fromMs)
    const place = placeOf(unitId, node.nodeId, poolId)
    const made: FollowedCard = {
      unitId,
      place,
      card: null,
      state: 'unseen',
      windowStartMs: null,
    }
    node.cards.set(unitId, made)
    this.#cards.set(unitId, made)
    return made
  }

  #drop(node: FollowedNode, card: FollowedCard, atMs: number): void {
    this.#change(card, { atMs, state: 'unseen' })
    node.cards.delete(card.unitId)
    if (this.#cards.get(card.unitId) === card) this.#cards.delete(card.unitId)
  }

  #loseSight(node: FollowedNode, atMs: number): void {
    node.isBehind = true
    for (const card of node.cards.values()) {
      this.#change(card, { atMs, state: 'unseen' })
      card.windowStartMs = null
    }
  }

  /** Of what lies before `fromMs` only the last counts; where that hides anything it is a gap. */
  #queue(card: FollowedCard, changes: readonly CardChange[], fromMs: number): void {
    const late = changes.filter(({ atMs }) => atMs < fromMs)
    const last = late.at(-1)
    if (last !== undefined) {
      const isGap = late.length > 1 || fromMs - last.atMs > LAG_MS_MAX
      if (isGap) this.#change(card, { atMs: fromMs, state: 'unseen' })
      this.#change(card, { atMs: fromMs, state: last.state })
    }
    for (const change of changes.slice(late.length)) this.#change(card, change)
  }

  #change(card: FollowedCard, { atMs, state }: CardChange): void {
    if (card.state === state) return
    assert(Number.isFinite(atMs), 'a change has its time')
    card.state = state
    this.#parts.queue.add({ atMs, place: card.place, state })
  }
}

function placeOf(unitId: UnitId, nodeId: NodeId, poolId: string): CardPlace {
  return { cardId: String(unitId), nodeId, poolId }
}
