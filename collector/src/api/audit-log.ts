/**
 * The audit log's writer: rows wait in memory for at most a second, many to one transaction; who
 * needs a row to be durable waits for the transaction it is in. After so many rows, once a day and
 * at the end the journal is told where the chain stands; old rows are pruned in between.
 *
 * Promises: a row that was written is durable when `write` resolves. A kill loses what was only
 * noted in the last second. When the disk takes no rows, noted ones wait, bounded, and are written
 * when it does again; who must be durable is refused, and past the bound everybody is.
 */
import { AppError, type Clock, type Logger, type Timer } from '@yiben/shared'
import type { AuditFacts } from '../model/audit.ts'
import type { AuditState } from '../storage/access-store.ts'
import type { Store } from '../storage/store.ts'

const BATCH_EVERY_MS = 1_000
/** One transaction stays well under the time that ingest may wait. */
const BATCH_ROWS_MAX = 1_000
/** Some megabytes; at a thousand reads a second the disk may be full for as many seconds as tens. */
const WAITING_MAX = 10_000
const SEAL_ROWS = 1_000
const SEAL_EVERY_MS = 86_400_000
const ROUND_EVERY_MS = 10 * 60_000
/** Seals whose rows are pruned in one round. */
const PRUNE_SEALS_MAX = 100

export type AuditStore = Pick<Store, 'appendAudit' | 'auditState' | 'pruneAudit'>

interface Waiting {
  readonly facts: AuditFacts
  /** Told when the row is durable, or why it is not. */
  readonly done: ((error: unknown) => void) | null
}

export class AuditLog {
  readonly #store: AuditStore
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #retentionMs: number
  readonly #onSealed: () => void
  #waiting: Waiting[] = []
  #seen = new Map<string, number>()
  #state: AuditState | null = null
  #flushing: Promise<void> | null = null
  #flushTimer: Timer | null = null
  #roundTimer: Timer | null = null
  #isFailing = false
  #isClosed = false

  constructor(parts: {
    readonly store: AuditStore
    readonly clock: Clock
    readonly logger: Logger
    readonly retentionMs: number
    /** An entry on the log was written to the outbox. */
    readonly onSealed: () => void
  }) {
    this.#store = parts.store
    this.#clock = parts.clock
    this.#logger = parts.logger.child({ component: 'audit' })
    this.#retentionMs = parts.retentionMs
    this.#onSealed = parts.onSealed
  }

  /** Throws `audit_unavailable` where what is asked now could not be logged as it must be. */
  refuseUnlogged(mustBeDurable: boolean): void {
    if (this.#waiting.length >= WAITING_MAX || (mustBeDurable && this.#isFailing)) {
      throw unavailable()
    }
  }

  /** Written within a second; refused ones of nobody that are alike are folded into one. */
  note(facts: AuditFacts): void {
    const isRefused = facts.status >= 400
    if (isRefused && facts.actor === null && this.#fold(facts)) return
    // Past the bound nothing is answered any more, and of what was refused nobody learned anything.
    if (isRefused && this.#waiting.length >= WAITING_MAX) return
    this.#waiting.push({ facts, done: null })
    this.#flushSoon()
  }

  /** Durable when it resolves. */
  async write(facts: AuditFacts): Promise<void> {
    this.#roundSoon()
    await new Promise<void>((resolve, reject) => {
      const done = (error: unknown) => (error === null ? resolve() : reject(error))
      this.#waiting.push({ facts, done })
      this.#flush()
    })
  }

  /** A login was heard of. */
  seen(loginId: string, atMs: number): void {
    if (this.#seen.size < WAITING_MAX) this.#seen.set(loginId, atMs)
    this.#flushSoon()
  }

  /** Whatever waits is written, and sealed. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#flushTimer?.cancel()
    this.#roundTimer?.cancel()
    await this.#flushing
    if (this.#waiting.length === 0 && this.#state === null) return
    await this.#writeWaiting(true)
  }

  /** Seals what has been open for a day, and prunes what is older than the retention. */
  async round(): Promise<void> {
    await this.#flushing
    await this.#writeWaiting(false)
    const atMs = this.#clock.wallMs()
    const request = { atMs, olderThanMs: atMs - this.#retentionMs }
    try {
      for (let seal = 0; seal < PRUNE_SEALS_MAX && !this.#isClosed; seal += 1) {
        if ((await this.#store.pruneAudit(request)) === 0) break
      }
    } catch (error) {
      this.#logger.warn({ err: error }, 'old rows of the audit log could not be pruned')
    }
  }

  #flushSoon(): void {
    if (this.#isClosed || this.#flushTimer !== null) return
    this.#flushTimer = this.#clock.after(BATCH_EVERY_MS, () => {
      this.#flushTimer = null
      this.#flush()
    })
    this.#roundSoon()
  }

  /** From the first row on, until it is closed. */
  #roundSoon(): void {
    if (this.#isClosed) return
    this.#roundTimer ??= this.#clock.after(ROUND_EVERY_MS, () => {
      this.#roundTimer = null
      void this.round().finally(() => this.#roundSoon())
    })
  }

  #flush(): void {
    this.#flushing ??= this.#writeWaiting(false).finally(() => {
      this.#flushing = null
      if (this.#waiting.some(({ done }) => done !== null)) this.#flush()
      else if (this.#waiting.length > 0) this.#flushSoon()
    })
  }

  async #writeWaiting(isLast: boolean): Promise<void> {
    try {
      do {
        this.#state ??= await this.#store.auditState()
        await this.#writeBatch(this.#state, isLast)
      } while (this.#waiting.length > 0 && !this.#isFailing)
    } catch (error) {
      this.#failed(this.#waiting, error)
    }
  }

  async #writeBatch(state: AuditState, isLast: boolean): Promise<void> {
    const batch = this.#waiting.slice(0, BATCH_ROWS_MAX)
    const seen = this.#seen
    const sealAtMs = this.#isSealDue(state, batch.length, isLast) ? this.#clock.wallMs() : null
    if (batch.length === 0 && seen.size === 0 && sealAtMs === null) return
    this.#waiting = this.#waiting.slice(batch.length)
    this.#seen = new Map()
    try {
      this.#state = await this.#store.appendAudit({
        rows: batch.map(({ facts }) => facts),
        seen: [...seen].map(([loginId, atMs]) => ({ loginId, atMs })),
        sealAtMs,
      })
    } catch (error) {
      // What was promised to nobody waits for the next try; the others are told.
      this.#waiting = [...batch.map(({ facts }) => ({ facts, done: null })), ...this.#waiting]
      for (const [loginId, atMs] of this.#seen) seen.set(loginId, atMs)
      this.#seen = seen
      this.#failed(batch, error)
      return
    }
    this.#isFailing = false
    for (const { done } of batch) done?.(null)
    if (sealAtMs !== null) this.#onSealed()
  }

  #failed(batch: readonly Waiting[], error: unknown): void {
    if (!this.#isFailing) this.#logger.error({ err: error }, 'the audit log cannot be written')
    this.#isFailing = true
    // Another process may have written meanwhile: look again.
    this.#state = null
    for (const { done } of batch) done?.(unavailable(error))
    this.#waiting = this.#waiting.map(({ facts }) => ({ facts, done: null }))
    this.#flushSoon()
  }

  #isSealDue(state: AuditState, coming: number, isLast: boolean): boolean {
    const open = state.head.number + coming - (state.seal?.throughNumber ?? 0)
    if (open === 0) return false
    if (isLast || open >= SEAL_ROWS) return true
    const sinceMs = state.unsealedSinceMs
    return sinceMs !== null && this.#clock.wallMs() - sinceMs >= SEAL_EVERY_MS
  }

  /** Into one that waits: whoever cannot log in cannot fill the disk either. */
  #fold(facts: AuditFacts): boolean {
    const index = this.#waiting.findLastIndex(({ facts: other }) => isAlike(other, facts))
    const waiting = this.#waiting[index]
    if (waiting === undefined) return false
    const folded = { ...waiting.facts, repeats: waiting.facts.repeats + 1 }
    this.#waiting[index] = { ...waiting, facts: folded }
    return true
  }
}

function isAlike(left: AuditFacts, right: AuditFacts): boolean {
  return (
    left.status === right.status &&
    left.route === right.route &&
    left.method === right.method &&
    left.address === right.address &&
    left.actor === right.actor
  )
}

function unavailable(cause?: unknown): AppError {
  const sentence = 'the audit log cannot be written: nothing is answered that it would not hold'
  return new AppError('audit_unavailable', sentence, { cause })
}
