/**
 * From a request to a hold: plan, ask every node, write (SPEC, Draws). Nodes are asked before
 * anything is written, so that there is never a hold that a node has not accepted: killed anywhere
 * before the write nothing is there and a retry begins anew; after it the retry finds the hold.
 *
 * A card that cannot be had is replaced by another where the request leaves the choice: cards of a
 * pool always, those of a named lot only while no node has been asked about them.
 */
import type { Draw, DrawRefusal, DrawRequest } from '../model/draw.ts'
import type { Scope } from '../storage/requests.ts'
import type { Obstacle } from './draw-asking.ts'
import {
  cardsToHold,
  changing,
  type DrawDesk,
  type DrawResult,
  PLANS_MAX,
  refusalOfAll,
  refused,
  storeObstacles,
} from './draw-desk.ts'
import { decideHold, decideRefused } from './draw-hold.ts'
import { type DrawPlan, planDraw } from './draw-plan.ts'
import { refusalOf } from './draw-refusal.ts'
import { isSameRequest } from './draw-request.ts'
import { CardsMissed } from './draw-reserve.ts'

type Plan = Extract<DrawPlan, { readonly status: 'planned' }>

type Tried =
  | { readonly status: 'held'; readonly draw: Draw }
  | { readonly status: 'stale' }
  | {
      readonly status: 'missed'
      readonly obstacles: readonly Obstacle[]
      /** A node itself said so. */
      readonly wasAsked: boolean
    }

/** The id is not in use while this runs. */
export async function holdCards(
  desk: DrawDesk,
  request: DrawRequest,
  scope: Scope,
): Promise<DrawResult> {
  const replayed = await desk.replay(request)
  if (replayed !== null) return repeated(replayed, request)
  const refusal = desk.grantRefusal()
  if (refusal !== null) return refused(refusal)
  const existing = await desk.store.findDraw(request.drawId)
  if (existing !== null) return repeated(existing, request)
  const missed = new CardsMissed()
  let obstacle: DrawRefusal | null = null
  for (let plans = 0; plans < PLANS_MAX; plans += 1) {
    const plan = await planned(desk, request, scope, missed)
    if (plan.status === 'refused') {
      const { cardsAvailable } = plan.refusal
      // What cannot be had is the reason, not that there is nothing else.
      return keepRefusal(
        desk,
        request,
        obstacle === null ? plan.refusal : { ...obstacle, cardsAvailable },
      )
    }
    const tried = await tryPlan(desk, request, plan)
    if (tried.status === 'held') return { status: 'done', draw: tried.draw, isRepeat: false }
    if (tried.status === 'stale') return lookAgain(desk, request)
    obstacle = refusalOfAll(tried.obstacles)
    if (tried.wasAsked && request.what.kind === 'cards') break
    for (const { nodeId, unitIds } of tried.obstacles) missed.add(nodeId, unitIds)
  }
  return keepRefusal(desk, request, obstacle ?? refusalOf('not_enough'))
}

/** What is planned is in hand at once: no other draw plans it too. */
async function planned(
  desk: DrawDesk,
  request: DrawRequest,
  scope: Scope,
  missed: CardsMissed,
): Promise<DrawPlan> {
  const plan = planDraw(request, await desk.surroundings(request, scope, missed))
  if (plan.status === 'planned') desk.inHand.take(plan.cards)
  return plan
}

async function tryPlan(
  desk: DrawDesk,
  request: DrawRequest,
  { cards: planned, chance }: Plan,
): Promise<Tried> {
  let isHeld = false
  try {
    const questions = desk.questionsFor(planned, request)
    const [facts, asked] = await Promise.all([
      desk.readGrantCards(planned.map(({ unitId }) => unitId)),
      desk.asking.ask(questions, request.isUnfencedTaken),
    ])
    for (const { nodeId, unitIds } of asked.obstacles) desk.resting.add(nodeId, unitIds)
    const { cards, obstacles } = cardsToHold(planned, facts, asked.acceptances)
    if (asked.obstacles.length > 0) {
      return { status: 'missed', obstacles: asked.obstacles, wasAsked: true }
    }
    if (obstacles.length > 0) return { status: 'missed', obstacles, wasAsked: false }

    const change = decideHold(request, cards, chance, desk.decided())
    const result = await desk.commit(change)
    if (result.status === 'taken' || result.status === 'not_free') {
      const inTheWay = storeObstacles(result, change.draw.claims)
      return { status: 'missed', obstacles: inTheWay, wasAsked: false }
    }
    if (result.status !== 'committed') return { status: 'stale' }
    isHeld = true
    desk.asking.remember(request.drawId, asked.acceptances)
    return { status: 'held', draw: change.draw }
  } finally {
    if (isHeld) desk.inHand.commit(planned, desk.monotonicMs)
    else desk.inHand.release(planned)
  }
}

/** The answer to a retry of the id: what it was granted as it is by now, or the refusal. */
function repeated(existing: Draw, request: DrawRequest): DrawResult {
  // The other draw may be somebody else's.
  if (!isSameRequest(existing.request, request)) return refused(refusalOf('id_reused'))
  if (existing.state === 'refused' && existing.refusal !== null) {
    return refused(existing.refusal, existing)
  }
  return { status: 'done', draw: existing, isRepeat: true }
}

async function keepRefusal(
  desk: DrawDesk,
  request: DrawRequest,
  refusal: DrawRefusal,
): Promise<DrawResult> {
  const change = decideRefused(request, refusal, desk.decided())
  const result = await desk.commit(change)
  return result.status === 'committed' ? refused(refusal, change.draw) : lookAgain(desk, request)
}

/** Another process was quicker with this id, or writing has waited for too long. */
async function lookAgain(desk: DrawDesk, request: DrawRequest): Promise<DrawResult> {
  const existing = await desk.store.findDraw(request.drawId)
  if (existing === null) throw changing()
  return repeated(existing, request)
}
