/**
 * Inclusion and consistency proofs of RFC 6962, sections 2.1.1 and 2.1.2. A proof is planned as the
 * spans of leaves whose roots it lists, in order (pure); the roots are then folded from the complete
 * subtrees that are kept: one read per proof, some tens of hashes at most, whatever the size.
 */
import { assert } from '@yiben/shared'
import type { Store } from '../storage/store.ts'
import { completeSubtrees, foldSubtrees, heightOf } from './tree.ts'

/** Leaves [from, to). */
export interface LeafSpan {
  readonly from: number
  readonly to: number
}

/** Where kept subtrees are read from. */
export type TreeReader = Pick<Store, 'readTreeNodes'>

/** What shows that leaf `index` is in the tree of `size` leaves: PATH(index, D[size]). */
export function inclusionSpans(index: number, size: number): readonly LeafSpan[] {
  assert(index >= 0 && index < size, 'a leaf that is proven lies in the tree')
  return pathSpans(index, { from: 0, to: size })
}

/** What shows that the tree of `to` leaves begins with that of `from`: PROOF(from, D[to]). */
export function consistencySpans(from: number, to: number): readonly LeafSpan[] {
  assert(from >= 1 && from <= to, 'a tree is consistent with a smaller one that is not empty')
  return subproofSpans(from, { from: 0, to }, true)
}

/** The root of the tree at any size that is kept. */
export async function readRoot(
  reader: TreeReader,
  algorithm: number,
  size: number,
): Promise<Uint8Array> {
  const hashes = await reader.readTreeNodes(algorithm, completeSubtrees(0, size))
  return foldSubtrees(algorithm, hashes)
}

/** The roots of the spans: the proof. */
export async function readProof(
  reader: TreeReader,
  algorithm: number,
  spans: readonly LeafSpan[],
): Promise<readonly Uint8Array[]> {
  const parts = spans.map(({ from, to }) => completeSubtrees(from, to))
  const hashes = await reader.readTreeNodes(algorithm, parts.flat())
  let at = 0
  return parts.map((part) => {
    const end = at + part.length
    const root = foldSubtrees(algorithm, hashes.slice(at, end))
    at = end
    return root
  })
}

/** Bounded by the height of the tree: each turn halves the span. */
function pathSpans(index: number, { from, to }: LeafSpan): readonly LeafSpan[] {
  if (to - from === 1) return []
  const middle = from + splitOf(to - from)
  return index < middle
    ? [...pathSpans(index, { from, to: middle }), { from: middle, to }]
    : [...pathSpans(index, { from: middle, to }), { from, to: middle }]
}

/** `isKnown`: the verifier has the root of the span, because it is the older tree as a whole. */
function subproofSpans(end: number, { from, to }: LeafSpan, isKnown: boolean): readonly LeafSpan[] {
  if (end === to) return isKnown ? [] : [{ from, to }]
  const middle = from + splitOf(to - from)
  return end <= middle
    ? [...subproofSpans(end, { from, to: middle }, isKnown), { from: middle, to }]
    : [...subproofSpans(end, { from: middle, to }, false), { from, to: middle }]
}

/** The largest power of two below `leaves`. */
function splitOf(leaves: number): number {
  return 2 ** heightOf(leaves - 1)
}
