/**
 * `POST /v1/draws` (`?dry_run=true`), `…/{id}/post|void|extend|return`, `GET /v1/draws`,
 * `GET /v1/draws/{id}`.
 *
 * Every call can be made again. What is refused answers 409 (404, 503) with a problem document whose
 * `code` is the refusal's name; a hold that was refused stays refused under its id.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { DrawResult } from '../../bank/draw-desk.ts'
import { refusalOf } from '../../bank/draw-refusal.ts'
import type { DryRun } from '../../bank/draws.ts'
import { DRAW_REFUSALS, DRAW_STATES, type Draw, type DrawRefusal } from '../../model/draw.ts'
import { PLACED_STATES_OPEN, type PlacedStep } from '../../model/placed-draw.ts'
import { DRAW_PROBLEMS, problemOfRefusal } from '../answers/draw-problems.ts'
import { drawSchema, drawSummarySchema } from '../answers/draw-schema.ts'
import { isDrawSeen, isDrawWithin, type SeenSites, seenSites } from '../answers/draw-scope.ts'
import { drawAnswerIfSeen, drawAnswerOf, drawSummaryOf, type Viewer } from '../answers/draws.ts'
import type { App } from '../app.ts'
import { askerOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { RETRY_AFTER_SECONDS } from '../errors.ts'
import {
  countIn,
  flagIn,
  instantIn,
  nextCursorOut,
  PROBLEMS,
  pageIn,
  pageOf,
  ratioOfPpm,
  ratioOut,
} from '../schemas.ts'
import { drawIn, isBooking, requestOf } from './draw-body.ts'
import { findPlaced, holdPlaced, listPlaced, refuseFromAbove, stepPlaced } from './placed-draws.ts'

const ORDINALS_MAX = 1_024
/** Each is read whole, and may be of 1,024 cards. */
export const DRAWS_PER_PAGE_MAX = 100

const idParams = z.object({ id: z.string().min(1).max(64) })
const returnIn = z.strictObject({
  cards: z.array(z.number().int().nonnegative()).min(1).max(ORDINALS_MAX).optional().meta({
    description: 'ordinals; left out: all of them',
  }),
})
const extendIn = z.strictObject({ until: instantIn })

const dryRunSchema = z
  .object({
    demo: z.boolean(),
    possible: z.boolean(),
    refusal: z.object({ code: z.enum(DRAW_REFUSALS), sentence: z.string() }).nullable(),
    lots: z.array(z.object({ lot_id: z.string(), site_code: z.string(), cards: z.number().int() })),
    chance: ratioOut,
  })
  .meta({ id: 'DrawDryRun' })
const listSchema = z.object({
  demo: z.boolean(),
  draws: z.array(drawSummarySchema),
  next_cursor: nextCursorOut,
})

export function drawsRoutes(app: App, context: ApiContext): void {
  listRoute(app, context)
  findRoute(app, context)
  holdRoute(app, context)
  const step = stepRoutes(app, context)
  const nothing = z.strictObject({}).nullish()
  step('post', 'The lease begins: at least two seconds from now', nothing, {
    take: ({ id }) => context.control.draws().post(id),
    below: () => ({ kind: 'post' }),
  })
  step('void', 'Gives a hold or a booking up', nothing, {
    take: ({ id, draw }) =>
      draw?.state === 'booked'
        ? context.control.bookings().void(id)
        : context.control.draws().void(id),
    below: () => ({ kind: 'void' }),
  })
  step('extend', 'The lease ends later, for all cards alike', extendIn, {
    take: ({ id, body }) => context.control.draws().extend(id, body.until),
    below: ({ until }) => ({ kind: 'extend', untilMs: until }),
  })
  step('return', 'Gives lent cards back now', returnIn.nullish(), {
    take: ({ id, body }) => context.control.draws().return(id, body?.cards ?? 'all'),
    below: (body) => ({ kind: 'return', cards: body?.cards ?? 'all' }),
  })
}

function listRoute(app: App, context: ApiContext): void {
  app.get(
    '/v1/draws',
    {
      config: { access: 'draws' },
      schema: {
        summary: 'Draws, newest first, without their single cards',
        querystring: z.strictObject({
          state: z.enum([...PLACED_STATES_OPEN, ...DRAW_STATES]).optional(),
          placed: flagIn.optional().meta({
            description: 'true: instead, those placed here that a collector below grants',
          }),
          bank: z.string().max(120).optional(),
          borrower: z.string().max(120).optional(),
          ...pageIn,
          limit: countIn(1, DRAWS_PER_PAGE_MAX).optional(),
        }),
        response: { 200: listSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const viewer = await viewerOf(context, request)
      const { state, bank, borrower } = request.query
      const parties = { bank: bank ?? null, borrower: borrower ?? null }
      const asked = pageOf(request.query)
      const page = { ...asked, limit: Math.min(asked.limit, DRAWS_PER_PAGE_MAX) }
      if (request.query.placed ?? false) {
        const states = state === undefined ? ('all' as const) : [state]
        const { draws, nextCursor } = await listPlaced(
          context,
          viewer,
          { ...parties, states },
          page,
        )
        return { demo: context.ledger.isDemo, draws, next_cursor: nextCursor }
      }
      const own = DRAW_STATES.filter((one) => one === state)
      const filter = { ...parties, states: state === undefined ? ('all' as const) : own }
      const found = await context.control.draws().list(viewer.asker.scope, filter, page)
      return {
        demo: context.ledger.isDemo,
        draws: found.rows.map((draw) => drawSummaryOf(context, viewer, draw)),
        next_cursor: found.nextCursor,
      }
    },
  )
}

function findRoute(app: App, context: ApiContext): void {
  app.get(
    '/v1/draws/:id',
    {
      config: { access: 'draws' },
      schema: {
        summary: 'A draw: what it is now, what each grant rested on, how the borrower comes to it',
        params: idParams,
        response: { 200: drawSchema, ...DRAW_PROBLEMS },
      },
    },
    async (request, reply) => {
      const viewer = await viewerOf(context, request)
      const draw = await context.control.draws().find(request.params.id)
      if (draw !== null && isDrawSeen(viewer.sites, draw)) {
        return drawAnswerOf(context, viewer, draw)
      }
      const placed = await findPlaced(context, viewer, request.params.id)
      if (placed !== null) return placed
      return refuse(reply, unknownDraw(context), null)
    },
  )
}

function holdRoute(app: App, context: ApiContext): void {
  app.post(
    '/v1/draws',
    {
      config: { access: 'draws_change' },
      schema: {
        summary: 'Holds cards for a moment, or with `start` books them for later',
        description:
          'A hold asks every node concerned, all or nothing, and lapses by itself unless it is ' +
          'posted. 201 the first time, 200 for a retry with the same draw_id and fields; 202 while ' +
          'the collector that has the cards has not answered.',
        querystring: z.strictObject({ dry_run: flagIn.optional() }),
        body: drawIn,
        response: {
          200: z.union([drawSchema, dryRunSchema]),
          201: drawSchema,
          202: drawSchema,
          ...DRAW_PROBLEMS,
        },
      },
    },
    async (request, reply) => {
      const viewer = await viewerOf(context, request)
      const { scope } = viewer.asker
      const asked = requestOf(request.body)
      const isTrial = request.query.dry_run ?? false
      if (isBooking(asked)) {
        const bookings = context.control.bookings()
        if (isTrial) return dryRunOf(context, await bookings.dryRun(asked, scope))
        return answer(context, viewer, reply, await bookings.book(asked, scope))
      }
      const call = { context, viewer, reply, refuse }
      const placed = await holdPlaced(call, asked, isTrial)
      if (placed !== null) return placed
      const draws = context.control.draws()
      if (isTrial) return dryRunOf(context, await draws.dryRun(asked, scope))
      return answer(context, viewer, reply, await draws.hold(asked, scope))
    },
  )
}

interface Step<Body> {
  readonly id: string
  /** As it was a moment ago; `null`: there is none. */
  readonly draw: Draw | null
  readonly body: Body
}

function stepRoutes(app: App, context: ApiContext) {
  return <Body extends z.ZodType>(
    step: string,
    summary: string,
    body: Body,
    does: {
      readonly take: (step: Step<z.output<Body>>) => Promise<DrawResult>
      /** Of a draw that a collector below grants. */
      readonly below: (body: z.output<Body>) => PlacedStep
    },
  ): void => {
    app.post(
      `/v1/draws/:id/${step}`,
      {
        config: { access: 'draws_change' },
        schema: {
          summary,
          params: idParams,
          body,
          response: { 200: drawSchema, 202: drawSchema, ...DRAW_PROBLEMS },
        },
      },
      async (request, reply) => {
        const viewer = await viewerOf(context, request)
        const { id } = request.params as z.output<typeof idParams>
        const body = request.body as z.output<Body>
        const draw = await context.control.draws().find(id)
        if (draw !== null && !isDrawWithin(viewer.sites, draw)) {
          return refuse(reply, unknownDraw(context), null)
        }
        if (draw === null) {
          const call = { context, viewer, reply, refuse }
          const placed = await stepPlaced(call, id, does.below(body))
          if (placed !== null) return placed
        }
        refuseFromAbove(id)
        const result = await does.take({ id, draw, body })
        return answer(context, viewer, reply, result)
      },
    )
  }
}

async function viewerOf(context: ApiContext, request: FastifyRequest): Promise<Viewer> {
  const asker = askerOf(request)
  const sites: SeenSites = await seenSites(context, asker)
  return { asker, sites }
}

/** A ledger that was restored may have forgotten it. */
function unknownDraw({ control }: ApiContext): DrawRefusal {
  return control.draws().desk.changeRefusal() ?? refusalOf('draw_unknown')
}

function answer(context: ApiContext, viewer: Viewer, reply: FastifyReply, result: DrawResult) {
  const draw = result.draw === null ? null : drawAnswerIfSeen(context, viewer, result.draw)
  if (result.status === 'refused') return refuse(reply, result.refusal, draw)
  // Somebody else's, who has asked in the same words: told as any other id in use.
  if (draw === null) return refuse(reply, refusalOf('id_reused'), null)
  const isMade = !result.isRepeat && result.draw.version === 1
  return reply.code(isMade ? 201 : 200).send(draw)
}

function refuse(
  reply: FastifyReply,
  refusal: DrawRefusal,
  draw: ReturnType<typeof drawAnswerIfSeen>,
) {
  const problem = problemOfRefusal(refusal, draw)
  if (problem.status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS)
  return reply.code(problem.status).type('application/problem+json').send(problem)
}

function dryRunOf({ ledger }: ApiContext, run: DryRun): z.infer<typeof dryRunSchema> {
  if (run.status === 'refused') {
    const { code, sentence } = run.refusal
    const refusal = { code, sentence }
    return { demo: ledger.isDemo, possible: false, refusal, lots: [], chance: null }
  }
  const lots = run.lots.map(({ lotId, siteCode, cards }) => {
    return { lot_id: lotId, site_code: siteCode, cards }
  })
  const chance = ratioOfPpm(run.chancePpm)
  return { demo: ledger.isDemo, possible: true, refusal: null, lots, chance }
}
