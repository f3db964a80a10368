/**
 * Wakes those who wait for the next journal entries. Another process may number entries too, so
 * that nobody waits longer than one look without looking again; how many wait is bounded.
 */
import { AppError, type Clock } from '@yiben/shared'

/** Longest wait without a look at the journal: another collector on the same store may append. */
const LOOK_EVERY_MS = 1_000

export class EntrySignal {
  readonly #clock: Clock
  readonly #waitersMax: number
  readonly #waiters = new Set<() => void>()
  readonly #closers = new Set<() => void>()
  #isClosed = false

  constructor(clock: Clock, waitersMax: number) {
    this.#clock = clock
    this.#waitersMax = waitersMax
  }

  get waiting(): number {
    return this.#waiters.size
  }

  /** Entries were numbered: everybody looks. */
  appended(): void {
    for (const wake of [...this.#waiters]) wake()
  }

  /** Wakes everybody for the last time; later waits return at once. Idempotent. */
  close(): void {
    this.#isClosed = true
    this.appended()
    for (const close of [...this.#closers]) close()
  }

  /** Calls back when it is closed, for those who wait elsewhere; answers how to take that back. */
  onClose(close: () => void): () => void {
    this.#closers.add(close)
    return () => void this.#closers.delete(close)
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Resolves when there may be something new, at the latest after `waitMs` or one look. */
  async wait(waitMs: number, signal: AbortSignal): Promise<void> {
    if (this.#isClosed || signal.aborted) return
    if (this.#waiters.size >= this.#waitersMax) {
      throw new AppError('overloaded', 'too many readers wait on the change feed')
    }
    await new Promise<void>((resolve) => {
      const wake = () => {
        timer.cancel()
        signal.removeEventListener('abort', wake)
        this.#waiters.delete(wake)
        resolve()
      }
      const timer = this.#clock.after(Math.min(waitMs, LOOK_EVERY_MS), wake)
      signal.addEventListener('abort', wake, { once: true })
      this.#waiters.add(wake)
    })
  }
}
