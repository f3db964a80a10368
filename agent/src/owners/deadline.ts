/** Bounds one piece of work by the world's clock. */
import type { Clock } from '@yiben/shared'

/** What a piece of work that did not end in time is rejected with. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError'
}

/**
 * Rejects with a `DeadlineError` after `limitMs` and aborts the signal, so that the work lets go of
 * what it holds; what it answers after that goes nowhere.
 */
export async function withDeadline<T>(
  clock: Clock,
  limitMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController()
  const late = Promise.withResolvers<never>()
  const timer = clock.after(limitMs, () => {
    late.reject(new DeadlineError(`not done within ${limitMs} ms`))
    abort.abort()
  })
  try {
    return await Promise.race([work(abort.signal), late.promise])
  } finally {
    timer.cancel()
  }
}
