/**
 * Finds cards that can take the place of lent ones (C16): of the same kind, accepted by their nodes a
 * moment ago for what is left of the promise. Places that nothing is found for are left out; cards
 * that come in groups of one node are replaced as a group or not at all.
 *
 * What the client asked of chances was judged when the draw was granted: of cards that are lent no
 * forecast says anything.
 */
import type { Claim, Draw, DrawRequest } from '../model/draw.ts'
import { SCOPE_ALL } from '../storage/requests.ts'
import { cardsToHold, type DrawDesk, handoversOf, PLANS_MAX } from './draw-desk.ts'
import type { CardToHold } from './draw-hold.ts'
import { type PlannedCard, planReplacements } from './draw-plan.ts'
import { LEASE_LEAD_MS } from './draw-post.ts'
import { CardsMissed } from './draw-reserve.ts'
import type { Replacement, SwapPlanner, Swaps } from './lease-swap.ts'

/** Places that are replaced together, and what was found for them. */
interface Found {
  readonly places: readonly Claim[]
  readonly cards: readonly PlannedCard[]
}

export class DrawSwaps implements SwapPlanner {
  readonly #desk: DrawDesk

  constructor(desk: DrawDesk) {
    this.#desk = desk
  }

  async replacementsFor(draw: Draw, dropped: readonly Claim[]): Promise<Swaps> {
    const swaps = new Map<number, Replacement>()
    const missed = new CardsMissed()
    let open = groupsOf(draw, dropped)
    for (let plans = 0; plans < PLANS_MAX && open.length > 0; plans += 1) {
      const found = await this.#plan(draw, open, missed)
      if (found.length === 0) break
      const accepted = await this.#accepted(draw, found, missed)
      for (const [ordinal, replacement] of accepted) {
        swaps.set(ordinal, replacement)
        // Chosen, and not written yet: for no other place of the draw.
        const { nodeId, unitId } = replacement.card
        missed.add(nodeId, [unitId])
      }
      open = found
        .map(({ places }) => places)
        .filter((places) => places.some(({ ordinal }) => !swaps.has(ordinal)))
    }
    return swaps
  }

  /** Group by group, each without what those before it have taken. */
  async #plan(
    draw: Draw,
    groups: readonly (readonly Claim[])[],
    missed: CardsMissed,
  ): Promise<readonly Found[]> {
    const left = { ...this.#leftOf(draw, groups.flat()), confidencePpm: null }
    const around = await this.#desk.surroundings(left, SCOPE_ALL, missed)
    const found: Found[] = []
    for (const places of groups) {
      const asked = { ...draw, request: left }
      const plan = planReplacements(asked, places, around, this.#desk.kindOf)
      if (plan === null) continue
      this.#desk.inHand.take(plan.cards)
      found.push({ places, cards: plan.cards })
    }
    return found
  }

  async #accepted(
    draw: Draw,
    found: readonly Found[],
    missed: CardsMissed,
  ): Promise<ReadonlyMap<number, Replacement>> {
    const { inHand, resting } = this.#desk
    const planned = found.flatMap(({ cards }) => cards)
    const swaps = new Map<number, Replacement>()
    try {
      const left = this.#leftOf(
        draw,
        found.flatMap(({ places }) => places),
      )
      const [facts, asked] = await Promise.all([
        this.#desk.readGrantCards(planned.map(({ unitId }) => unitId)),
        this.#desk.asking.ask(this.#desk.questionsFor(planned, left), left.isUnfencedTaken),
      ])
      const handovers = handoversOf(facts)
      const { cards, obstacles } = cardsToHold(planned, facts, asked.acceptances)
      for (const { nodeId, unitIds } of asked.obstacles) resting.add(nodeId, unitIds)
      for (const { nodeId, unitIds } of [...asked.obstacles, ...obstacles])
        missed.add(nodeId, unitIds)
      const byUnit = new Map(cards.map((card) => [card.unitId, card]))
      for (const group of found) {
        const own = group.cards.map(({ unitId }) => byUnit.get(unitId))
        if (!own.every((card): card is CardToHold => card !== undefined)) continue
        for (const [index, { ordinal }] of group.places.entries()) {
          const card = own[index]
          if (card === undefined) continue
          swaps.set(ordinal, { card, handover: handovers.get(card.nodeId) ?? null })
        }
      }
    } finally {
      // Written by who asked: out of reach until the index of lots has seen that, or anybody's again.
      const isTaken = (card: PlannedCard) =>
        [...swaps.values()].some((swap) => swap.card.unitId === card.unitId)
      inHand.commit(planned.filter(isTaken), this.#desk.monotonicMs)
      inHand.release(planned.filter((card) => !isTaken(card)))
    }
    return swaps
  }

  /** As if it were asked for now: what the new cards would be lent for. */
  #leftOf({ request }: Draw, places: readonly Claim[]): DrawRequest {
    const startMs = this.#desk.decided().nowMs + LEASE_LEAD_MS
    const untilMs = Math.max(...places.map((claim) => claim.untilMs ?? startMs))
    return { ...request, forMs: Math.max(1, untilMs - startMs) }
  }
}

function groupsOf({ request }: Draw, dropped: readonly Claim[]): readonly (readonly Claim[])[] {
  const { what } = request
  const isGrouped = what.kind === 'pool' && (what.cardsPerNode ?? 1) > 1
  if (!isGrouped) return dropped.map((claim) => [claim])
  return [...Map.groupBy(dropped, ({ nodeId }) => nodeId).values()]
}
