/**
 * From a hold to a lease: nodes whose acceptance has grown old are asked again, and what they will
 * not lend after all is replaced behind the promise where the client left that open, or the hold is
 * refused for good (SPEC, Draws; C7, C22). Written in one transaction, so that a post has happened
 * whole or not at all: killed anywhere the hold lasts until it lapses, and a retry posts it.
 */
import type { Claim, Draw, DrawId, Lease } from '../model/draw.ts'
import type { NodeId } from '../model/ids.ts'
import type { GrantCard } from '../storage/draw-requests.ts'
import { SCOPE_ALL } from '../storage/requests.ts'
import type { Obstacle } from './draw-asking.ts'
import {
  cardsToHold,
  changing,
  type DrawDesk,
  type DrawResult,
  handoversOf,
  PLANS_MAX,
  ROUNDS_MAX,
  refusalOfAll,
  refused,
  storeObstacles,
} from './draw-desk.ts'
import { withCardsReplaced } from './draw-hold.ts'
import { type PlannedCard, planReplacements } from './draw-plan.ts'
import { decidePost } from './draw-post.ts'
import { refusalOf } from './draw-refusal.ts'
import { CardsMissed } from './draw-reserve.ts'
import { decideRefusedHold } from './draw-void.ts'

/** Asked, asked again after a replacement, and decided: with every replacement that is tried. */
const STEPS_MAX = 2 * PLANS_MAX + 2

/** The draw is not being changed by this process meanwhile. */
export async function postDraw(desk: DrawDesk, drawId: DrawId): Promise<DrawResult> {
  const refusal = desk.grantRefusal()
  if (refusal !== null) return refused(refusal)
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const stored = await desk.store.findDraw(drawId)
    if (stored === null) return refused(refusalOf('draw_unknown'))
    const posting = new Posting(desk, stored)
    try {
      const result = await posting.run()
      if (result !== 'stale') return result
    } finally {
      posting.letGo()
    }
  }
  throw changing()
}

/** One attempt on the draw as it is stored. */
class Posting {
  readonly #desk: DrawDesk
  readonly #stored: Draw
  readonly #missed = new CardsMissed()
  readonly #handovers = new Map<NodeId, Lease['handover']>()
  /** In hand for this attempt. */
  #replacements: readonly PlannedCard[] = []
  /** The stored draw, with cards replaced that are not written yet. */
  #draw: Draw

  constructor(desk: DrawDesk, stored: Draw) {
    this.#desk = desk
    this.#stored = stored
    this.#draw = stored
  }

  async run(): Promise<DrawResult | 'stale'> {
    if (this.#stored.state === 'held') await this.#readHandovers()
    for (let step = 0; step < STEPS_MAX; step += 1) {
      const outcome = this.#decide()
      if (outcome.status === 'refused') return refused(outcome.refusal, this.#stored)
      if (outcome.status === 'done') return { status: 'done', draw: this.#stored, isRepeat: true }
      const tried =
        outcome.status === 'unaccepted'
          ? await this.#ask(outcome.nodeIds)
          : await this.#write(outcome.change)
      if (tried === 'stale') return 'stale'
      if (tried === 'posted') return { status: 'done', draw: this.#draw, isRepeat: false }
      if (tried.length > 0 && !(await this.#replace(tried))) return this.#giveUp(tried)
    }
    return this.#giveUp([])
  }

  /** What was replaced and not posted is anybody's again. */
  letGo(): void {
    this.#desk.inHand.release(this.#replacements)
  }

  #decide() {
    return decidePost(this.#draw, {
      ...this.#desk.decided(),
      nowMonotonicMs: this.#desk.monotonicMs,
      acceptances: this.#desk.asking.acceptancesOf(this.#stored.request.drawId),
      handovers: this.#handovers,
    })
  }

  async #ask(nodeIds: readonly NodeId[]): Promise<readonly Obstacle[]> {
    const cards = liveOf(this.#draw).filter(
      ({ nodeId }) => nodeId !== null && nodeIds.includes(nodeId),
    )
    const { request } = this.#stored
    const questions = this.#desk.questionsFor(cards, request)
    const asked = await this.#desk.asking.ask(questions, request.isUnfencedTaken)
    this.#desk.asking.remember(request.drawId, asked.acceptances)
    for (const { nodeId, unitIds } of asked.obstacles) this.#desk.resting.add(nodeId, unitIds)
    return asked.obstacles
  }

  async #write(change: Parameters<DrawDesk['commit']>[0]) {
    const result = await this.#desk.commit(change)
    if (result.status === 'taken' || result.status === 'not_free') {
      return storeObstacles(result, change.draw.claims)
    }
    if (result.status !== 'committed') return 'stale'
    this.#draw = change.draw
    this.#desk.inHand.commit(this.#replacements, this.#desk.monotonicMs)
    this.#replacements = []
    this.#desk.asking.forget(change.draw.request.drawId)
    return 'posted'
  }

  /** `false`: the client wants these cards, or there are no others. */
  async #replace(obstacles: readonly Obstacle[]): Promise<boolean> {
    const { request } = this.#stored
    if (request.what.kind !== 'pool' || request.swap === 'never') return false
    const dropped = placesLost(this.#draw, obstacles)
    for (const { nodeId, unitIds } of obstacles) this.#missed.add(nodeId, unitIds)
    for (let plans = 0; plans < PLANS_MAX; plans += 1) {
      // Who may draw at all was judged at the hold.
      const around = await this.#desk.surroundings(request, SCOPE_ALL, this.#missed)
      const plan = planReplacements(this.#draw, dropped, around, this.#desk.kindOf)
      if (plan === null) return false
      this.#desk.inHand.take(plan.cards)
      const before = this.#replacements
      this.#replacements = [...before, ...plan.cards]
      const found = await this.#accepted(plan.cards)
      if (found.obstacles.length === 0) {
        const ordinals = dropped.map(({ ordinal }) => ordinal)
        const { nowMs } = this.#desk.decided()
        const chosen = { chance: plan.chance, nowMs }
        this.#draw = withCardsReplaced(this.#draw, ordinals, found.cards, chosen)
        return true
      }
      this.#desk.inHand.release(plan.cards)
      this.#replacements = before
      for (const { nodeId, unitIds } of found.obstacles) this.#missed.add(nodeId, unitIds)
    }
    return false
  }

  /** Their nodes are asked about all that the draw would have of them. */
  async #accepted(cards: readonly PlannedCard[]) {
    const nodeIds = new Set(cards.map(({ nodeId }) => nodeId))
    const kept = liveOf(this.#draw).filter(({ nodeId }) => nodeId !== null && nodeIds.has(nodeId))
    const { request } = this.#stored
    const questions = this.#desk.questionsFor([...kept, ...cards], request)
    const [facts, asked] = await Promise.all([
      this.#desk.readGrantCards(cards.map(({ unitId }) => unitId)),
      this.#desk.asking.ask(questions, request.isUnfencedTaken),
    ])
    this.#desk.asking.remember(request.drawId, asked.acceptances)
    for (const { nodeId, unitIds } of asked.obstacles) this.#desk.resting.add(nodeId, unitIds)
    this.#noteHandovers(facts)
    const found = cardsToHold(cards, facts, asked.acceptances)
    return { cards: found.cards, obstacles: [...asked.obstacles, ...found.obstacles] }
  }

  /**
   * Silence may pass before the hold lapses, so the hold stays. What an owner has claimed, or another
   * draw has, does not come back: then it is over, and every retry is told the same.
   */
  async #giveUp(obstacles: readonly Obstacle[]): Promise<DrawResult | 'stale'> {
    const lasting = obstacles.filter(({ refusal }) => refusal.code !== 'node_unreachable')
    const refusal = refusalOfAll(lasting)
    if (refusal === null) {
      return refused(refusalOfAll(obstacles) ?? refusalOf('node_unreachable'), this.#stored)
    }
    const outcome = decideRefusedHold(this.#stored, refusal, this.#desk.decided())
    if (outcome.status !== 'decided') return 'stale'
    const result = await this.#desk.commit(outcome.change)
    if (result.status !== 'committed') return 'stale'
    this.#desk.letGo(outcome.change.draw)
    return refused(refusal, outcome.change.draw)
  }

  async #readHandovers(): Promise<void> {
    const units = liveOf(this.#stored).map(({ unitId }) => unitId)
    const facts = await this.#desk.readGrantCards(units.filter((unitId) => unitId !== null))
    this.#noteHandovers(facts)
  }

  #noteHandovers(facts: readonly GrantCard[]): void {
    for (const [nodeId, handover] of handoversOf(facts)) this.#handovers.set(nodeId, handover)
  }
}

/** Cards that come in groups of one node go as a group. */
function placesLost(draw: Draw, obstacles: readonly Obstacle[]): readonly Claim[] {
  const { what } = draw.request
  const isGrouped = what.kind === 'pool' && (what.cardsPerNode ?? 1) > 1
  return liveOf(draw).filter(({ nodeId, unitId }) =>
    obstacles.some((obstacle) => {
      if (obstacle.nodeId !== nodeId || unitId === null) return false
      return isGrouped || obstacle.unitIds.length === 0 || obstacle.unitIds.includes(unitId)
    }),
  )
}

function liveOf({ claims }: Draw): readonly Claim[] {
  return claims.filter(({ state }) => state !== 'ended')
}
