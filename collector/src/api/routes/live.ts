/**
 * `GET /v1/live`: a stream of server-sent events for pages that are open. Events say that something
 * moved, within the asker's rights; what it is now is asked as ever. A stream ends at once when its
 * session or token does in this process, within a heartbeat when another one ends it.
 */
import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { changesAfter, cursorText } from '../answers/changes.ts'
import type { App } from '../app.ts'
import { auditStream } from '../audit-hooks.ts'
import { type Asker, askerOf, stillHolds } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { LiveBoard, type LiveEvent } from '../live-board.ts'
import { instantText } from '../schemas.ts'

/** A stream that says nothing for longer is cut by proxies. */
const HEARTBEAT_MS = 15_000
/** Then the reader reconnects: nothing is held for ever. */
const STREAM_MS_MAX = 3_600_000
/** Text waiting for a slow reader; then the stream ends and the reader comes back. */
const STREAM_BUFFER_BYTES_MAX = 64 * 1024
/** A week of hours that are sealed at once, and some. */
const EVENTS_MAX = 200
/** Changes of others are passed over this many entries at a time. */
const CHANGES_LOOK = 1

export function liveRoutes(app: App, context: ApiContext): void {
  const board = new LiveBoard({ ...context, followersMax: context.settings.followersMax })
  app.get(
    '/v1/live',
    {
      config: { access: 'live' },
      schema: {
        summary:
          'What moves, as server-sent events: ledger, hour_sealed, hour_corrected, changes; also `end` before the stream is closed',
        produces: ['text/event-stream'],
      },
    },
    (request, reply) => new LiveStream(context, request, reply).run(board),
  )
}

/** One follower. */
class LiveStream {
  readonly #context: ApiContext
  readonly #request: FastifyRequest
  readonly #reply: FastifyReply
  readonly #asker: Asker
  readonly #raw: ServerResponse
  #events: LiveEvent[] = []
  #mustCheck = false
  #isGone = false
  #wake: () => void = () => {}

  constructor(context: ApiContext, request: FastifyRequest, reply: FastifyReply) {
    this.#context = context
    this.#request = request
    this.#reply = reply
    this.#asker = askerOf(request)
    this.#raw = reply.raw
  }

  async run(board: LiveBoard): Promise<FastifyReply> {
    const unfollow = board.follow((event) => this.#hear(event))
    const unlisten = this.#context.logins.onChange(() => this.#recheck())
    this.#raw.once('close', () => this.#leave())
    try {
      this.#begin()
      await this.#stream()
    } catch (error) {
      if (!this.#isGone) this.#context.logger.warn({ err: error }, 'a live stream was ended')
    } finally {
      unfollow()
      unlisten()
    }
    this.#raw.end()
    return this.#reply
  }

  #begin(): void {
    auditStream(this.#context, this.#request, 200)
    this.#reply.hijack()
    this.#raw.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
    this.#raw.write('retry: 2000\n\n')
    this.#write('ledger', this.#ledgerNow(this.#context.clock.wallMs()))
  }

  async #stream(): Promise<void> {
    const { clock, entries } = this.#context
    const endMs = clock.monotonicMs() + STREAM_MS_MAX
    let beatMs = clock.monotonicMs() + HEARTBEAT_MS
    while (!this.#isGone && !entries.isClosed && clock.monotonicMs() < endMs) {
      const isBeat = clock.monotonicMs() >= beatMs
      if (isBeat || this.#mustCheck) {
        this.#mustCheck = false
        if (!(await stillHolds(this.#request, this.#context))) break
      }
      if (isBeat) this.#raw.write(': \n\n')
      if (isBeat) beatMs = clock.monotonicMs() + HEARTBEAT_MS
      for (const event of this.#events.splice(0)) await this.#tell(event)
      if (this.#raw.writableLength > STREAM_BUFFER_BYTES_MAX) break
      await this.#waitFor(beatMs - clock.monotonicMs())
    }
    if (!this.#isGone) this.#write('end', {})
  }

  async #tell(event: LiveEvent): Promise<void> {
    switch (event.kind) {
      case 'ledger':
        return this.#write('ledger', this.#ledgerNow(event.atMs))
      case 'hour_sealed':
      case 'hour_corrected':
        return this.#write(event.kind, {
          hour: instantText(event.hourMs),
          version: event.version,
          known_at: instantText(event.knownAtMs),
        })
      case 'changes':
        return await this.#tellChanges(event)
      default:
        return event satisfies never
    }
  }

  /** Only where the asker would be shown one of them. */
  async #tellChanges({ afterSeq, seq }: LiveEvent & { readonly kind: 'changes' }): Promise<void> {
    let looked = afterSeq
    while (looked < seq) {
      const found = await changesAfter(this.#context, this.#asker, {
        seq: looked,
        limit: CHANGES_LOOK,
      })
      if (found.changes.length > 0) {
        return this.#write('changes', { next: cursorText(this.#context.ledger.generation, seq) })
      }
      if (found.seq <= looked) return
      looked = found.seq
    }
  }

  #ledgerNow(atMs: number) {
    return {
      as_of: instantText(atMs - this.#context.settings.settledLagMs),
      known_at: instantText(atMs),
    }
  }

  #write(kind: string, data: object): void {
    this.#raw.write(`event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  /** What waits is little: of each kind but hours one is enough, and of hours the newest. */
  #hear(event: LiveEvent): void {
    const before = this.#events.findIndex(({ kind }) => kind === event.kind)
    const known = this.#events[before]
    if (known === undefined) this.#events.push(event)
    else if (event.kind === 'ledger') this.#events[before] = event
    else if (event.kind === 'changes' && known.kind === 'changes') {
      this.#events[before] = { ...event, afterSeq: known.afterSeq }
    } else this.#events.push(event)
    if (this.#events.length > EVENTS_MAX) this.#events.shift()
    this.#wake()
  }

  #recheck(): void {
    this.#mustCheck = true
    this.#wake()
  }

  #leave(): void {
    this.#isGone = true
    this.#wake()
  }

  /** Until something is heard; the process's end is seen at the next look. */
  async #waitFor(waitMs: number): Promise<void> {
    if (this.#events.length > 0 || this.#mustCheck || this.#isGone) return
    const { clock, entries } = this.#context
    const woken = Promise.withResolvers<void>()
    const timer = clock.after(Math.max(0, waitMs), woken.resolve)
    const unclose = entries.onClose(woken.resolve)
    this.#wake = woken.resolve
    await woken.promise
    timer.cancel()
    unclose()
    this.#wake = () => {}
  }
}
