/**
 * `GET /v1/changes`: the feed, by long poll or as an event stream; `GET /v1/changes/snapshot`: every
 * deposit that is open and every draw that lives, and the cursor to go on from. A stream ends soon after its token or session does,
 * and by itself after a while; its reader reconnects with the last id it has seen.
 */
import type { ServerResponse } from 'node:http'
import { AppError, sleep } from '@yiben/shared'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Draw } from '../../model/draw.ts'
import type { DrawFilter } from '../../storage/draw-requests.ts'
import type { Page, PageRequest } from '../../storage/requests.ts'
import {
  type Change,
  changeSchema,
  changesAfter,
  cursorText,
  seqOfCursor,
} from '../answers/changes.ts'
import {
  type DepositAnswer,
  depositOf,
  depositSchema,
  unitsOfDeposits,
} from '../answers/deposits.ts'
import { type DrawSummary, drawSummarySchema } from '../answers/draw-schema.ts'
import { seenSites } from '../answers/draw-scope.ts'
import { drawSummaryOf } from '../answers/draws.ts'
import type { App } from '../app.ts'
import { auditStream } from '../audit-hooks.ts'
import { type Asker, askerOf, stillHolds } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import {
  countIn,
  durationIn,
  invalid,
  nextCursorOut,
  PROBLEMS,
  pageIn,
  pageOf,
} from '../schemas.ts'
import { DRAWS_PER_PAGE_MAX } from './draws.ts'
import { listPlaced } from './placed-draws.ts'

const CHANGES_MAX = 500
const CHANGES_DEFAULT = 100
/** A stream that says nothing for longer is cut by proxies. */
const COMMENT_EVERY_MS = 15_000
/** Nothing is held for ever. */
const STREAM_MS_MAX = 600_000
/** Text waiting for a slow reader; then the stream ends and the reader comes back. */
const STREAM_BUFFER_BYTES_MAX = 1024 * 1024

const questionSchema = z.strictObject({
  after: z.string().max(64).optional(),
  wait: durationIn('1min').optional(),
  limit: countIn(1, CHANGES_MAX).optional(),
})

const changesSchema = z.object({
  demo: z.boolean(),
  changes: z.array(changeSchema),
  next: z.string().meta({ description: 'hand in as `after`' }),
})
const snapshotSchema = z.object({
  demo: z.boolean(),
  after: z.string().meta({ description: 'of the first page: the feed goes on from here' }),
  deposits: z.array(depositSchema),
  draws: z
    .array(drawSummarySchema)
    .meta({ description: 'held, booked, lent or asked for; on pages after the last deposits' }),
  next_cursor: nextCursorOut,
})

const LIVE_DRAWS: DrawFilter = {
  states: ['held', 'booked', 'posted'],
  bank: null,
  borrower: null,
}
/** Cursors of the snapshot: first all deposits, then all draws, then those of collectors below. */
const DRAWS_MARK = 'draws:'
const PLACED_MARK = 'placed:'
const LIVE_PLACED = { ...LIVE_DRAWS, states: ['asking', 'held', 'posting', 'posted'] } as const

export function changesRoutes(app: App, context: ApiContext): void {
  app.get(
    '/v1/changes',
    {
      config: { access: 'changes' },
      schema: {
        summary: 'What has changed, in order; waits, or streams as text/event-stream',
        querystring: questionSchema,
        response: { 200: changesSchema, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const feed = new Feed(context, askerOf(request))
      const limit = request.query.limit ?? CHANGES_DEFAULT
      const seq = await feed.start(lastEventId(request) ?? request.query.after)
      if (wantsStream(request)) return stream(context, feed, seq, reply)
      const aborted = abortOf(reply.raw)
      const { changes, seq: next } = await feed.wait(
        { seq, limit },
        request.query.wait ?? 0,
        aborted,
      )
      return {
        demo: context.ledger.isDemo,
        changes: [...changes],
        next: cursorText(context.ledger.generation, next),
      }
    },
  )
  snapshotRoute(app, context)
}

function snapshotRoute(app: App, context: ApiContext): void {
  app.get(
    '/v1/changes/snapshot',
    {
      config: { access: 'changes' },
      schema: {
        summary: 'Every open deposit and every live draw, and the cursor to follow from',
        querystring: z.strictObject(pageIn),
        response: { 200: snapshotSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const { store, ledger } = context
      const asker = askerOf(request)
      // The head first: what is numbered after it is in the feed, whether the page has it or not.
      const head = await store.journalHead()
      const page = pageOf(request.query)
      const cursor = page.cursor ?? ''
      const rows = await snapshotRows(context, asker, { ...page, cursor })
      const after = cursorText(ledger.generation, head.seq)
      return { demo: ledger.isDemo, after, ...rows }
    },
  )
}

interface SnapshotRows {
  readonly deposits: DepositAnswer[]
  readonly draws: DrawSummary[]
  readonly next_cursor: string | null
}

type MarkedPage = PageRequest & { readonly cursor: string }

async function snapshotRows(
  context: ApiContext,
  asker: Asker,
  page: MarkedPage,
): Promise<SnapshotRows> {
  const { cursor } = page
  const after = (mark: string) => ({ ...page, cursor: cursor.slice(mark.length) })
  if (cursor.startsWith(PLACED_MARK)) return placedDraws(context, asker, after(PLACED_MARK))
  if (cursor.startsWith(DRAWS_MARK)) return liveDraws(context, asker, after(DRAWS_MARK))
  return openDeposits(context, asker, page.cursor === '' ? { ...page, cursor: null } : page)
}

/** After the last of them come the draws, on the same page while there is room. */
async function openDeposits(
  context: ApiContext,
  asker: Asker,
  page: PageRequest,
): Promise<SnapshotRows> {
  const { rows, nextCursor } = await context.store.listDeposits(asker.scope, true, page)
  const units = await unitsOfDeposits(
    context,
    asker,
    rows.map((deposit) => deposit.unitId),
  )
  const deposits = rows.flatMap((deposit) => {
    const unit = units.get(deposit.unitId)
    return unit === undefined ? [] : [depositOf(context, asker, deposit, unit)]
  })
  if (nextCursor !== null) return { deposits, draws: [], next_cursor: nextCursor }
  const left = page.limit - rows.length
  if (left <= 0) return { deposits, draws: [], next_cursor: DRAWS_MARK }
  return { ...(await liveDraws(context, asker, { cursor: '', limit: left })), deposits }
}

async function liveDraws(
  context: ApiContext,
  asker: Asker,
  asked: MarkedPage,
): Promise<SnapshotRows> {
  const viewer = { asker, sites: await seenSites(context, asker) }
  const limits = drawsPage(asked)
  const page: Page<Draw> = await context.store.listDraws(asker.scope, LIVE_DRAWS, limits)
  const draws = page.rows.map((draw) => drawSummaryOf(context, viewer, draw))
  if (page.nextCursor !== null) {
    return { deposits: [], draws, next_cursor: `${DRAWS_MARK}${page.nextCursor}` }
  }
  const left = limits.limit - draws.length
  if (left <= 0) return { deposits: [], draws, next_cursor: PLACED_MARK }
  const placed = await placedDraws(context, asker, { cursor: '', limit: left })
  return { ...placed, draws: [...draws, ...placed.draws] }
}

async function placedDraws(
  context: ApiContext,
  asker: Asker,
  asked: MarkedPage,
): Promise<SnapshotRows> {
  const viewer = { asker, sites: await seenSites(context, asker) }
  const { draws, nextCursor } = await listPlaced(context, viewer, LIVE_PLACED, drawsPage(asked))
  const next = nextCursor === null ? null : `${PLACED_MARK}${nextCursor}`
  return { deposits: [], draws, next_cursor: next }
}

function drawsPage({ cursor, limit }: MarkedPage): PageRequest {
  if (!/^\d{0,15}$/.test(cursor)) throw invalid('cursor', 'must be one that was given')
  return { cursor: cursor === '' ? null : cursor, limit: Math.min(limit, DRAWS_PER_PAGE_MAX) }
}

/** One reader's walk along the feed. */
class Feed {
  readonly #context: ApiContext
  readonly #asker: Asker

  constructor(context: ApiContext, asker: Asker) {
    this.#context = context
    this.#asker = asker
  }

  /** Where to go on; without a cursor from the beginning. Throws for cursors of other ledgers. */
  async start(cursor: string | undefined): Promise<number> {
    if (cursor === undefined) return 0
    const seq = seqOfCursor(cursor, this.#context.ledger.generation)
    const head = await this.#context.store.journalHead()
    if (seq > head.seq) {
      throw new AppError('cursor_expired', 'the cursor is ahead of this ledger: take a snapshot')
    }
    return seq
  }

  /** The next changes, at once or within `waitMs`; empty when there were none. */
  async wait(
    after: { readonly seq: number; readonly limit: number },
    waitMs: number,
    aborted: AbortSignal,
  ): Promise<{ readonly changes: readonly Change[]; readonly seq: number }> {
    const { clock, entries } = this.#context
    const deadlineMs = clock.monotonicMs() + waitMs
    let seq = after.seq
    for (;;) {
      const found = await changesAfter(this.#context, this.#asker, { seq, limit: after.limit })
      const hasMoved = found.seq > seq
      seq = found.seq
      if (found.changes.length > 0) return found
      // Entries that are none of the asker's are passed over without waiting.
      if (hasMoved) continue
      const leftMs = deadlineMs - clock.monotonicMs()
      if (leftMs <= 0 || entries.isClosed || aborted.aborted) return { changes: [], seq }
      await entries.wait(leftMs, aborted)
    }
  }
}

async function stream(
  context: ApiContext,
  feed: Feed,
  startSeq: number,
  reply: FastifyReply,
): Promise<FastifyReply> {
  reply.hijack()
  const { raw } = reply
  const aborted = abortOf(raw)
  raw.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  raw.write(`retry: 1000\n\n`)
  auditStream(context, reply.request, 200)
  const endMs = context.clock.monotonicMs() + STREAM_MS_MAX
  let checkMs = context.clock.monotonicMs() + COMMENT_EVERY_MS
  let seq = startSeq
  try {
    // Bounded by STREAM_MS_MAX and by the reader, who may leave or be too slow.
    while (!aborted.aborted && !context.entries.isClosed && context.clock.monotonicMs() < endMs) {
      const after = { seq, limit: CHANGES_DEFAULT }
      const found = await feed.wait(after, COMMENT_EVERY_MS, aborted)
      seq = found.seq
      if (context.clock.monotonicMs() >= checkMs) {
        checkMs = context.clock.monotonicMs() + COMMENT_EVERY_MS
        if (!(await stillHolds(reply.request, context))) break
      }
      raw.write(eventText(found.changes, cursorText(context.ledger.generation, seq)))
      if (raw.writableLength > STREAM_BUFFER_BYTES_MAX) await drained(context, raw, aborted)
      if (raw.writableLength > STREAM_BUFFER_BYTES_MAX) break
    }
  } catch (error) {
    if (!aborted.aborted) context.logger.warn({ err: error }, 'a change stream was ended')
  }
  raw.end()
  return reply
}

/** Gives a slow reader one more chance, as long as a comment may take. */
async function drained(
  { clock }: ApiContext,
  raw: ServerResponse,
  aborted: AbortSignal,
): Promise<void> {
  const isDrained = new AbortController()
  raw.once('drain', () => isDrained.abort())
  const either = AbortSignal.any([isDrained.signal, aborted])
  await sleep(clock, COMMENT_EVERY_MS, either).catch(() => {})
}

/** Without changes the cursor alone, as a comment that keeps the line open. */
function eventText(changes: readonly Change[], cursor: string): string {
  if (changes.length === 0) return `: ${cursor}\n\n`
  return changes
    .map((change) => {
      const data = JSON.stringify(change)
      return `id: ${change.cursor}\nevent: ${change.kind}\ndata: ${data}\n\n`
    })
    .join('')
}

function wantsStream(request: FastifyRequest): boolean {
  return request.headers.accept?.includes('text/event-stream') ?? false
}

function lastEventId(request: FastifyRequest): string | undefined {
  const id = request.headers['last-event-id']
  return typeof id === 'string' && wantsStream(request) ? id : undefined
}

/** Aborted when the asker has gone away. */
function abortOf(raw: ServerResponse): AbortSignal {
  const controller = new AbortController()
  raw.once('close', () => controller.abort())
  return controller.signal
}
