/**
 * Which bundle comes next: judged from what was taken in of a ledger before. Pure; whoever takes
 * bundles in keeps number and hash of the last one of each ledger.
 */
import type { BundleHeader } from './format.ts'

/** The last bundle of a ledger that was taken in. */
export interface LastBundle {
  readonly number: number
  readonly hash: string
  readonly generation: number
}

export type BundlePlace =
  /** To be taken in: the next one, or a full one, which needs none before it. */
  | { readonly status: 'next' }
  /** It was taken in before, or is older than a full one: nothing to do. */
  | { readonly status: 'already' }
  /** Some between the last and this one have not come. */
  | { readonly status: 'gap'; readonly missing: { readonly from: number; readonly to: number } }
  /** Another bundle of its number, or of the one before, was taken in. */
  | { readonly status: 'forked' }

/** `last`: `null` while none has been taken in of its ledger. */
export function placeOf(
  { full, generation, number, previous }: BundleHeader,
  hash: string,
  last: LastBundle | null,
): BundlePlace {
  if (last !== null && last.number === number && last.hash === hash) return { status: 'already' }
  // A full one says all that its generation knows; an older generation knows less than was told.
  if (full && (last === null || generation >= last.generation)) {
    return last === null || number > last.number || generation > last.generation
      ? { status: 'next' }
      : { status: 'already' }
  }
  if (last === null) {
    return number === 1
      ? { status: 'next' }
      : { status: 'gap', missing: { from: 1, to: number - 1 } }
  }
  if (generation < last.generation || number < last.number) return { status: 'already' }
  if (number === last.number) return { status: 'forked' }
  if (number > last.number + 1) {
    return { status: 'gap', missing: { from: last.number + 1, to: number - 1 } }
  }
  return previous === last.hash ? { status: 'next' } : { status: 'forked' }
}
