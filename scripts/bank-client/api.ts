/**
 * The bank's side of HTTP: every call is made again after a network failure, with the same id and the
 * same words, until it is answered. What the collector refuses by name is thrown as `Refused`.
 */
import { setTimeout as delay } from 'node:timers/promises'

/** Long polls take up to a minute. */
const ANSWER_MS_MAX = 90_000
const TRIES_MAX = 12
const WAIT_MS_FIRST = 250
const WAIT_MS_MAX = 8_000

/** A problem document (RFC 9457). `code` is never renamed. */
export interface Problem {
  readonly status: number
  readonly code: string
  readonly detail: string
  /** As a node gave it, of a refused draw. */
  readonly reason?: string | null
}

export class Refused extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(`${problem.code}: ${problem.detail}`)
    this.problem = problem
  }

  get code(): string {
    return this.problem.code
  }
}

export interface ApiOptions {
  readonly url: string
  readonly token: string
  /** Told of every try that failed. */
  readonly onRetry?: (sentence: string) => void
  readonly fetch?: typeof fetch
  /** How often a call is made at most, and how long it waits after the first failure. */
  readonly triesMax?: number
  readonly waitMsFirst?: number
}

// biome-ignore lint/suspicious/noExplicitAny: what answers look like is written at /docs
export type Json = any

export class Api {
  readonly #options: ApiOptions

  constructor(options: ApiOptions) {
    this.#options = options
  }

  get(path: string): Promise<Json> {
    return this.#ask('GET', path)
  }

  /** Every POST of this interface can be made again: that is why the ids are ours. */
  post(path: string, body: object = {}): Promise<Json> {
    return this.#ask('POST', path, body)
  }

  /** As it was sent: a signed statement must not be changed by a byte. */
  text(path: string): Promise<string> {
    return this.#ask('GET', path, undefined, true)
  }

  async #ask(method: string, path: string, body?: object, isText = false): Promise<Json> {
    for (let tried = 1; ; tried += 1) {
      const isLast = tried >= (this.#options.triesMax ?? TRIES_MAX)
      try {
        const response = await this.#send(method, path, body)
        if (response.ok) return isText ? await response.text() : await response.json()
        const problem = await problemOf(response)
        if (!isPassing(problem) || isLast) throw new Refused(problem)
        this.#options.onRetry?.(`${problem.code}, asked again`)
        await delay(afterMs(response) ?? this.#waitMs(tried))
      } catch (error) {
        // Whether the call has arrived is not known: the same words again tell.
        if (error instanceof Refused || isLast) throw error
        this.#options.onRetry?.(`no answer (${String(error)}), asked again`)
        await delay(this.#waitMs(tried))
      }
    }
  }

  #send(method: string, path: string, body?: object): Promise<Response> {
    const { fetch: send = fetch, token, url } = this.#options
    return send(new URL(path, url), {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  }

  #waitMs(tried: number): number {
    return Math.min((this.#options.waitMsFirst ?? WAIT_MS_FIRST) * 2 ** (tried - 1), WAIT_MS_MAX)
  }
}

/** What says nothing of the request itself. `recovering` needs an answer of the bank first. */
function isPassing({ code, status }: Problem): boolean {
  return (status === 503 && code !== 'recovering') || status === 502 || status === 429
}

/** A proxy answers without a problem document. */
async function problemOf(response: Response): Promise<Problem> {
  const { status } = response
  const text = await response.text()
  try {
    const { code, detail, reason } = JSON.parse(text)
    return { status, code: String(code), detail: String(detail), reason: reason ?? null }
  } catch {
    return { status, code: `http_${status}`, detail: text.slice(0, 200) }
  }
}

function afterMs(response: Response): number | null {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1_000, WAIT_MS_MAX) : null
}
