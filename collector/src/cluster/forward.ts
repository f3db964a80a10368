/**
 * Requests that only the collector that leads can answer, taken by another one: sent there whole,
 * answered there as if they had come there, and answered here with the same bytes. What the store
 * alone answers is answered here, streams among it.
 */
import { Buffer } from 'node:buffer'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Post } from './post.ts'

const TOPIC = 'http'
/** Longer than any request takes that waits for nodes. */
const ANSWER_MS_MAX = 20_000
/** As the interface itself bounds them. */
const BODY_BYTES_MAX = 256 * 1024
/** Of an answer, which is read whole. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024
const RETRY_AFTER_SECONDS = '2'

/** Answered from the store alone, or about this process. */
const HERE = [
  /^\/(healthz|readyz|metrics)$/,
  /^\/v1\/(live|changes|journal|ledger|rollups|corrections|balance|regions|models|definitions)(\/|$)/,
  /^\/v1\/openapi\.json$/,
  // The pages and their description.
  /^\/(?!v1\/)/,
]
/** Of one connection each, not of the message. */
const HOP_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'date',
])

interface SentRequest {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly remoteAddress: string
  readonly body: string
}

interface SentAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body: string
}

/** What the interface answers to a request that it is handed. */
export type Inject = (request: {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly remoteAddress: string
  readonly payload: Buffer
}) => Promise<{
  readonly statusCode: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly rawPayload: Buffer
}>

/** Of the one that leads. */
export function answerForwarded(post: Pick<Post, 'on'>, inject: Inject): void {
  post.on(TOPIC, async (content): Promise<SentAnswer> => {
    const { body, headers, method, remoteAddress, url } = content as SentRequest
    const payload = Buffer.from(body, 'base64')
    const answer = await inject({ method, url, headers, remoteAddress, payload })
    if (answer.rawPayload.length > ANSWER_BYTES_MAX) {
      return problem(503, 'overloaded', 'the answer is too long: ask the collector that leads')
    }
    return {
      status: answer.statusCode,
      headers: passedOn(answer.headers),
      body: answer.rawPayload.toString('base64'),
    }
  })
}

/** Of the others: `handler` answers what needs nobody else. */
export function forwarding(
  handler: RequestListener,
  post: Pick<Post, 'ask'>,
  leader: () => string | null,
): RequestListener {
  return (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    if (isRead && HERE.some((pattern) => pattern.test(path))) {
      handler(request, response)
      return
    }
    forward(request, response, { post, leader: leader() }).catch(() => response.destroy())
  }
}

async function forward(
  request: IncomingMessage,
  response: ServerResponse,
  { leader, post }: { readonly post: Pick<Post, 'ask'>; readonly leader: string | null },
): Promise<void> {
  const body = await bodyOf(request)
  if (body === null) {
    send(response, problem(400, 'request_invalid', 'the body is too large'), true)
    return
  }
  const sent: SentRequest = {
    method: request.method ?? 'GET',
    url: request.url ?? '/',
    headers: request.headers,
    remoteAddress: request.socket.remoteAddress ?? '',
    body: body.toString('base64'),
  }
  const answer = leader === null ? null : await post.ask(leader, TOPIC, sent, ANSWER_MS_MAX)
  const nobody = 'the collector that leads does not answer: ask again, with the same id'
  send(response, (answer as SentAnswer | null) ?? problem(503, 'store_unavailable', nobody), false)
}

/** `null`: longer than any request may be. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += (chunk as Buffer).length
    if (length > BODY_BYTES_MAX) return null
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}

function send(response: ServerResponse, answer: SentAnswer, mustClose: boolean): void {
  const body = Buffer.from(answer.body, 'base64')
  const more = mustClose ? { connection: 'close' } : {}
  const headers = { ...answer.headers, ...more, 'content-length': body.length }
  response.writeHead(answer.status, headers)
  response.end(body)
}

function passedOn(headers: Readonly<Record<string, unknown>>): SentAnswer['headers'] {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      if (HOP_HEADERS.has(name) || value === undefined) return []
      return [[name, Array.isArray(value) ? value.map(String) : String(value)]]
    }),
  )
}

/** As RFC 9457 has it, and as the interface itself refuses. */
function problem(status: number, code: string, detail: string): SentAnswer {
  const title = code.replaceAll('_', ' ')
  const text = JSON.stringify({ type: `urn:yiben:problem:${code}`, title, status, code, detail })
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'x-content-type-options': 'nosniff',
      ...(status === 503 ? { 'retry-after': RETRY_AFTER_SECONDS } : {}),
    },
    body: Buffer.from(text).toString('base64'),
  }
}
