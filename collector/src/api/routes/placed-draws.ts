/**
 * What the routes of draws do with those that are granted by a collector below: the same calls, answers
 * and refusals. 202 while that collector has not answered: the call can be made again, and what it says
 * comes with `GET /v1/draws/{id}` and the change feed.
 */
import { AppError } from '@yiben/shared'
import type { FastifyReply } from 'fastify'
import { refusalOf } from '../../bank/draw-refusal.ts'
import type { HoldRequest } from '../../bank/draws.ts'
import type { DrawRefusal } from '../../model/draw.ts'
import { drawIdOf, type PlacedStep, placedStateOf } from '../../model/placed-draw.ts'
import { isFromAbove, placementOf } from '../../placed/ids.ts'
import type { PlacedResult } from '../../placed/placed-draws.ts'
import type { PlacedFilter } from '../../storage/placed-store.ts'
import type { PageRequest } from '../../storage/requests.ts'
import type { DrawAnswer } from '../answers/draw-schema.ts'
import type { Viewer } from '../answers/draws.ts'
import { isPlacedSeen, isPlacedWithin, placedAnswerOf, placedSummaryOf } from '../answers/placed.ts'
import type { ApiContext } from '../context.ts'
import { invalid } from '../schemas.ts'

/** Answers with a refusal, as the routes of draws do. */
export type Refuse = (
  reply: FastifyReply,
  refusal: DrawRefusal,
  draw: DrawAnswer | null,
) => FastifyReply

export interface PlacedCall {
  readonly context: ApiContext
  readonly viewer: Viewer
  readonly reply: FastifyReply
  readonly refuse: Refuse
}

/** Of a draw that the parent has placed here only the parent decides. */
export function refuseFromAbove(drawId: string): void {
  if (!isFromAbove(drawId)) return
  throw new AppError(
    'forbidden',
    'a draw that the parent has placed here is the parent’s to change',
  )
}

/** `null`: all of it is of this ledger itself. */
export async function holdPlaced(
  { context, refuse, reply, viewer }: PlacedCall,
  request: HoldRequest,
  isTrial: boolean,
): Promise<FastifyReply | null> {
  if (isFromAbove(request.drawId)) throw invalid('draw_id', 'must not begin with `up:`')
  const { below } = context
  if (below === null) return null
  if (placementOf(request.what).status === 'own') {
    const isReused = !isTrial && (await below.draws.isPlaced(request.drawId))
    return isReused ? refuse(reply, refusalOf('id_reused'), null) : null
  }
  if (isTrial) throw invalid('dry_run', 'lots of collectors below cannot be tried: hold them')
  const { actor, scope } = viewer.asker
  const result = await below.draws.hold({ request, actor, scope })
  return answer({ context, refuse, reply, viewer }, result)
}

/** `null`: it was not placed. */
export async function stepPlaced(
  call: PlacedCall,
  drawId: string,
  step: PlacedStep,
): Promise<FastifyReply | null> {
  const { context, refuse, reply, viewer } = call
  const { below } = context
  const placed = (await below?.draws.find(drawId)) ?? null
  if (below === null || placed === null) return null
  if (!isPlacedWithin(viewer, placed)) return refuse(reply, refusalOf('draw_unknown'), null)
  return answer(call, await below.draws.step(drawId, step))
}

/** `null`: there is none that the viewer may see. */
export async function findPlaced(
  context: ApiContext,
  viewer: Viewer,
  drawId: string,
): Promise<DrawAnswer | null> {
  const placed = (await context.below?.draws.find(drawId)) ?? null
  if (placed === null || !isPlacedSeen(viewer, placed)) return null
  return placedAnswerOf(context, viewer, placed)
}

export async function listPlaced(
  context: ApiContext,
  viewer: Viewer,
  filter: Omit<PlacedFilter, 'seenBy'>,
  page: PageRequest,
) {
  if (context.below === null) return { draws: [], nextCursor: null }
  const { asker, sites } = viewer
  const seenBy = sites === 'all' ? null : { actor: asker.actor, sites: [...sites] }
  const { nextCursor, rows } = await context.below.draws.list({ ...filter, seenBy }, page)
  return { draws: rows.map((placed) => placedSummaryOf(context, viewer, placed)), nextCursor }
}

function answer({ context, refuse, reply, viewer }: PlacedCall, result: PlacedResult) {
  const { placed } = result
  const isSeen = placed !== null && isPlacedSeen(viewer, placed)
  const draw = isSeen ? placedAnswerOf(context, viewer, placed) : null
  if (result.status === 'refused') return refuse(reply, result.refusal, draw)
  // Somebody else's, who has asked in the same words: told as any other id in use.
  if (placed === null || draw === null) return refuse(reply, refusalOf('id_reused'), null)
  const isOpen = placed.steps.length > 0
  const status = isOpen ? 202 : result.isNew && placedStateOf(placed) === 'held' ? 201 : 200
  reply.header('location', `/v1/draws/${encodeURIComponent(drawIdOf(placed))}`)
  return reply.code(status).send(draw)
}
