/** What is done with a draw that is there: voided, extended, given back. Each is one transaction. */
import type { Draw, DrawId } from '../model/draw.ts'
import type { NodeId } from '../model/ids.ts'
import type { LendingQuestion } from '../model/node-link.ts'
import type { DrawChange, GrantCard } from '../storage/draw-requests.ts'
import {
  changing,
  type DrawDesk,
  type DrawResult,
  ROUNDS_MAX,
  refusalOfAll,
  refused,
} from './draw-desk.ts'
import { decideExtend, extensibleOf } from './draw-extend.ts'
import type { Acceptance } from './draw-post.ts'
import { refusalOf } from './draw-refusal.ts'
import { decideReturn } from './draw-return.ts'
import { type DrawOutcome, decideVoid } from './draw-void.ts'
import { OwnerCalendars } from './owner-hours.ts'

export async function voidDraw(desk: DrawDesk, drawId: DrawId): Promise<DrawResult> {
  const result = await change(desk, drawId, (draw) => decideVoid(draw, desk.decided()))
  if (result.status === 'done') desk.letGo(result.draw)
  return result
}

/** Card by card by their ordinals, or all. */
export function returnCards(
  desk: DrawDesk,
  drawId: DrawId,
  ordinals: readonly number[] | 'all',
): Promise<DrawResult> {
  return change(desk, drawId, (draw) => decideReturn(draw, ordinals, desk.decided()))
}

/** Of all cards to one instant, so that a retry extends nothing twice. */
export async function extendDraw(
  desk: DrawDesk,
  drawId: DrawId,
  untilMs: number,
): Promise<DrawResult> {
  const refusal = desk.grantRefusal()
  if (refusal !== null) return refused(refusal)
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const draw = await desk.store.findDraw(drawId)
    if (draw === null) return refused(refusalOf('draw_unknown'))
    const result = await extendStored(desk, draw, untilMs)
    if (result !== 'stale') return result
  }
  throw changing()
}

async function extendStored(
  desk: DrawDesk,
  draw: Draw,
  untilMs: number,
): Promise<DrawResult | 'stale'> {
  const { nowMs } = desk.decided()
  const claims = extensibleOf(draw, nowMs)
  const units = claims.map(({ unitId }) => unitId).filter((unitId) => unitId !== null)
  const leaseMsMax = leaseMsMaxOf(await desk.readGrantCards(units), { nowMs, untilMs })
  const decide = (acceptances: ReadonlyMap<NodeId, Acceptance>) =>
    decideExtend(draw, {
      ...desk.decided(),
      untilMs,
      nowMonotonicMs: desk.monotonicMs,
      // An acceptance of the lease as it was says nothing of a longer one.
      acceptances,
      leaseMsMax,
    })
  let outcome = decide(new Map())
  if (outcome.status === 'unaccepted') {
    const { nodeIds } = outcome
    const longer = claims.filter(({ nodeId }) => nodeId !== null && nodeIds.includes(nodeId))
    const questions = questionsOf(longer, untilMs)
    const asked = await desk.asking.ask(questions, draw.request.isUnfencedTaken)
    const refusal = refusalOfAll(asked.obstacles)
    if (refusal !== null) return refused(refusal, draw)
    outcome = decide(asked.acceptances)
  }
  if (outcome.status === 'refused') return refused(outcome.refusal, draw)
  if (outcome.status === 'done') return { status: 'done', draw, isRepeat: true }
  if (outcome.status === 'unaccepted') return refused(refusalOf('node_unreachable'), draw)
  return committed(desk, outcome.change)
}

/** A node is asked for the time that is new to it: from the end that it knows on. */
function questionsOf(
  claims: ReturnType<typeof extensibleOf>,
  untilMs: number,
): readonly LendingQuestion[] {
  return [...Map.groupBy(claims, ({ nodeId }) => nodeId)].flatMap(([nodeId, own]) => {
    if (nodeId === null) return []
    return [...Map.groupBy(own, (claim) => claim.untilMs)].map(([startMs, alike]) => {
      const unitIds = alike.map(({ unitId }) => unitId).filter((unitId) => unitId !== null)
      return { nodeId, unitIds, startMs, untilMs }
    })
  })
}

/** Decided anew while others change the draw meanwhile. */
async function change(
  desk: DrawDesk,
  drawId: DrawId,
  decide: (draw: Draw) => DrawOutcome,
): Promise<DrawResult> {
  const refusal = desk.changeRefusal()
  if (refusal !== null) return refused(refusal)
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const draw = await desk.store.findDraw(drawId)
    if (draw === null) return refused(refusalOf('draw_unknown'))
    const outcome = decide(draw)
    if (outcome.status === 'refused') return refused(outcome.refusal, draw)
    if (outcome.status === 'done') return { status: 'done', draw, isRepeat: true }
    const result = await committed(desk, outcome.change)
    if (result !== 'stale') return result
  }
  throw changing()
}

async function committed(desk: DrawDesk, decided: DrawChange): Promise<DrawResult | 'stale'> {
  const result = await desk.commit(decided)
  if (result.status === 'taken') return refused(refusalOf('taken'))
  if (result.status !== 'committed') return 'stale'
  return { status: 'done', draw: decided.draw, isRepeat: false }
}

/** The longest lease of each owner; none where the new end lies beyond the hours in which he lends. */
function leaseMsMaxOf(
  facts: readonly GrantCard[],
  { nowMs, untilMs }: { readonly nowMs: number; readonly untilMs: number },
): ReadonlyMap<NodeId, number> {
  const calendars = new OwnerCalendars()
  return new Map(
    facts.map(({ policy, unit }) => {
      if (policy === null || !policy.enabled) return [unit.nodeId, 0]
      const openUntilMs = calendars.of(policy.calendar).openUntilMs(nowMs)
      const isWithinHours = openUntilMs === null || untilMs <= openUntilMs
      return [unit.nodeId, isWithinHours ? policy.maxLeaseMs : 0]
    }),
  )
}
