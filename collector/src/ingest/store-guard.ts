/**
 * Waits a store out that cannot write now (disk full, locked): tries again with growing pauses for
 * as long as somebody wants the result, says so once, and once more when it works again. Nothing is
 * acknowledged meanwhile, so agents stop by their window and keep everything in their spools.
 */
import {
  AppError,
  type Clock,
  type ErrorCode,
  errorSentence,
  type Logger,
  sleep,
} from '@yiben/shared'

const RETRY_MS_MIN = 1_000
/** Long enough to be no burden, short enough to be back soon after space is. */
const RETRY_MS_MAX = 15_000
const FORGET_MS = 2 * RETRY_MS_MAX
/** Failures that pass by themselves or by an administrator's hand. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  'disk_full',
  'disk_failed',
  'disk_locked',
  'store_unavailable',
  'overloaded',
])

/** Thrown when nobody wants the result any more. */
export class Unwanted extends Error {
  override readonly name = 'Unwanted'
}

export class StoreGuard {
  readonly #clock: Clock
  readonly #log: Logger
  #failingSinceMs: number | null = null
  #failedAtMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock
    this.#log = log
  }

  /**
   * Whether the store refused its last write: `readyz` and new sessions want to know. A failure is
   * forgotten after a while, because with nobody left to try no success would ever be seen.
   */
  isFailing(): boolean {
    const isFresh = this.#clock.monotonicMs() - this.#failedAtMs < FORGET_MS
    return this.#failingSinceMs !== null && isFresh
  }

  /** The result of `attempt`, however often it takes; other failures are thrown at once. */
  async run<Result>(attempt: () => Promise<Result>, isWanted: () => boolean): Promise<Result> {
    for (let delayMs = RETRY_MS_MIN; ; delayMs = Math.min(delayMs * 2, RETRY_MS_MAX)) {
      try {
        const result = await attempt()
        this.#noteSuccess()
        return result
      } catch (error) {
        if (!isPassing(error)) throw error
        this.#noteFailure(error)
      }
      await sleep(this.#clock, delayMs)
      if (!isWanted()) throw new Unwanted('nobody waits for this write any more')
    }
  }

  #noteFailure(error: unknown): void {
    this.#failedAtMs = this.#clock.monotonicMs()
    if (this.#failingSinceMs !== null) return
    this.#failingSinceMs = this.#clock.monotonicMs()
    const fields = { err: error, reason: errorSentence(error) }
    this.#log.error(fields, 'the store cannot write: nothing is acknowledged until it can')
  }

  #noteSuccess(): void {
    if (this.#failingSinceMs === null) return
    const failedMs = Math.round(this.#clock.monotonicMs() - this.#failingSinceMs)
    this.#failingSinceMs = null
    this.#log.info({ failed_ms: failedMs }, 'the store can write again')
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof AppError && PASSING.has(error.code)
}
