/**
 * Numbers of the records that count up with each change within an epoch: facts and policy.
 *
 * Kept in the spool's file beside the queue, not in one transaction with it. A number is therefore
 * reserved before its record is written: a crash between the two skips a number, and never gives
 * one number to two different contents.
 */
import { AppError, parseJson, type Spool } from '@yiben/shared'
import * as z from 'zod/mini'

const keptSchema = z.object({
  epoch: z.string(),
  number: z.int().check(z.nonnegative()),
  /** What was last written, whole; `null` while a reserved number is not yet on disk. */
  content: z.nullable(z.string()),
})

export class NumberedContent {
  readonly #spool: Spool
  readonly #key: string
  readonly #epoch: string
  #number: number
  #content: string | null
  #isConfirmed = true

  constructor(spool: Spool, key: string) {
    this.#spool = spool
    this.#key = key
    this.#epoch = spool.state().epoch
    const kept = parseKept(spool.getMeta(key))
    const isOurs = kept !== null && kept.epoch === this.#epoch
    this.#number = isOurs ? kept.number : 0
    this.#content = isOurs ? kept.content : null
  }

  /** Number of what was written last in this epoch; 0 before the first. */
  get number(): number {
    return this.#number
  }

  isSame(content: string): boolean {
    return this.#content === content
  }

  /** The number for new content. Throws a disk failure; then nothing has changed. */
  reserve(content: string): number {
    this.#keep(this.#number + 1, null)
    this.#number += 1
    this.#content = content
    this.#isConfirmed = false
    return this.#number
  }

  /**
   * The record with the reserved number is on disk. Throws a disk failure; until it succeeds, a
   * restart writes the content once more, under a new number.
   */
  confirm(): void {
    if (this.#isConfirmed) return
    this.#keep(this.#number, this.#content)
    this.#isConfirmed = true
  }

  #keep(number: number, content: string | null): void {
    this.#spool.setMeta(this.#key, JSON.stringify({ epoch: this.#epoch, number, content }))
  }
}

function parseKept(text: string | null): z.infer<typeof keptSchema> | null {
  if (text === null) return null
  const parsed = keptSchema.safeParse(parseJson(text))
  // To begin at 1 again would give a number a second meaning.
  if (!parsed.success) {
    throw new AppError('disk_failed', 'A record number kept in the spool file is unreadable.')
  }
  return parsed.data
}
