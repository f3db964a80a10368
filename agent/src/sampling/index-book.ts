/**
 * Unit indexes: assigned once per epoch, from 0, never reused, so that a record can name a unit in
 * one byte and mean the same one for ever. Kept as text in the spool's own file; a new epoch begins
 * with an empty book.
 */
import { AppError, assert, parseJson } from '@yiben/shared'
import * as z from 'zod/mini'

/** Slices are cut and recut; this many in one epoch is a loop, not an administrator. */
const UNIT_INDEXES_MAX = 65_536

const bookSchema = z.object({
  epoch: z.string(),
  /** Pairs of unit key and index. */
  indexes: z.array(z.tuple([z.string(), z.int().check(z.nonnegative())])),
})

export class IndexBook {
  readonly #epoch: string
  readonly #indexes: Map<string, number>

  private constructor(epoch: string, indexes: Map<string, number>) {
    this.#epoch = epoch
    this.#indexes = indexes
  }

  /** `text` is what `toText` gave; of another epoch, or none, the book begins empty. */
  static load(epoch: string, text: string | null): IndexBook {
    if (text === null) return new IndexBook(epoch, new Map())
    const parsed = bookSchema.safeParse(parseJson(text))
    // A book that cannot be read must not be begun anew in its epoch: indexes would be reused.
    if (!parsed.success) {
      throw new AppError('disk_failed', 'The unit indexes kept in the spool file are unreadable.')
    }
    if (parsed.data.epoch !== epoch) return new IndexBook(epoch, new Map())
    return new IndexBook(epoch, new Map(parsed.data.indexes))
  }

  /** The index of a unit, assigned now if it is new; `isNew` says that the book must be kept. */
  assign(key: string): { readonly index: number; readonly isNew: boolean } {
    const known = this.#indexes.get(key)
    if (known !== undefined) return { index: known, isNew: false }
    const index = this.#indexes.size
    assert(index < UNIT_INDEXES_MAX, 'more units in one epoch than a node can have')
    this.#indexes.set(key, index)
    return { index, isNew: true }
  }

  toText(): string {
    return JSON.stringify({ epoch: this.#epoch, indexes: [...this.#indexes] })
  }
}
