/**
 * The Merkle tree of RFC 6962, section 2.1, grown leaf by leaf. Leaves of the journal are the
 * canonical bytes of its entries: entry n is leaf n - 1.
 *
 * What is kept of a tree are the hashes of its complete subtrees: `level` 0 are leaf hashes, the
 * subtree at (level, position) has 2^level leaves and begins at leaf position × 2^level. They never
 * change as the tree grows, and every root and proof of every size is computed from them (proof.ts).
 */
import { assert, digest } from '@yiben/shared'
import type { TreeNode, TreeNodeId } from '../model/journal-tree.ts'
import { LEAF_PREFIX, NODE_PREFIX } from './format.ts'

export function leafHash(algorithm: number, bytes: Uint8Array): Uint8Array {
  return digest(algorithm, Buffer.concat([Uint8Array.of(LEAF_PREFIX), bytes]))
}

export function nodeHash(algorithm: number, left: Uint8Array, right: Uint8Array): Uint8Array {
  return digest(algorithm, Buffer.concat([Uint8Array.of(NODE_PREFIX), left, right]))
}

/** The root of no leaves is the hash of nothing. */
export function emptyRoot(algorithm: number): Uint8Array {
  return digest(algorithm, new Uint8Array())
}

/** The complete subtrees that make up leaves [from, to), left to right; `from` must be aligned. */
export function completeSubtrees(from: number, to: number): readonly TreeNodeId[] {
  const found: TreeNodeId[] = []
  let at = from
  // Bounded by the bits of a number: each turn takes the largest subtree that still fits.
  while (at < to) {
    const level = heightOf(to - at)
    const leaves = 2 ** level
    assert(at % leaves === 0, 'leaves of one subtree begin at a multiple of their number')
    found.push({ level, position: at / leaves })
    at += leaves
  }
  return found
}

/** The largest `height` with 2^height ≤ `leaves`; exact, as a logarithm of floats is not. */
export function heightOf(leaves: number): number {
  let height = 0
  while (2 ** (height + 1) <= leaves) height += 1
  return height
}

/** Root over neighbouring complete subtrees, largest first, as `completeSubtrees` lists them. */
export function foldSubtrees(algorithm: number, hashes: readonly Uint8Array[]): Uint8Array {
  const last = hashes.at(-1)
  if (last === undefined) return emptyRoot(algorithm)
  return hashes.slice(0, -1).reduceRight((right, left) => nodeHash(algorithm, left, right), last)
}

/** A tree known by its size and the roots of its complete subtrees: enough to go on with it. */
export class CompactRange {
  readonly #algorithm: number
  /** Roots of the complete subtrees, largest first. */
  readonly #subtrees: Uint8Array[]
  #size: number

  /** `subtrees`: hashes of `completeSubtrees(0, size)`. Default: an empty tree. */
  constructor(algorithm: number, size = 0, subtrees: readonly Uint8Array[] = []) {
    assert(subtrees.length === completeSubtrees(0, size).length, 'a tree has a root per subtree')
    this.#algorithm = algorithm
    this.#size = size
    this.#subtrees = [...subtrees]
  }

  get size(): number {
    return this.#size
  }

  /** Adds a leaf by its hash; answers every subtree that it completes, itself first. */
  append(leaf: Uint8Array): readonly TreeNode[] {
    const nodes: TreeNode[] = [{ level: 0, position: this.#size, hash: leaf }]
    let hash = leaf
    let position = this.#size
    // A leaf completes one subtree per one-bit at the end of the number of leaves before it.
    for (let level = 1; position % 2 === 1; level += 1) {
      const left = this.#subtrees.pop()
      assert(left !== undefined, 'an odd position has a neighbour to its left')
      hash = nodeHash(this.#algorithm, left, hash)
      position = (position - 1) / 2
      nodes.push({ level, position, hash })
    }
    this.#subtrees.push(hash)
    this.#size += 1
    return nodes
  }

  root(): Uint8Array {
    return foldSubtrees(this.#algorithm, this.#subtrees)
  }
}

/** Root over leaf hashes in order. */
export function rootOf(algorithm: number, leaves: readonly Uint8Array[]): Uint8Array {
  const range = new CompactRange(algorithm)
  for (const leaf of leaves) range.append(leaf)
  return range.root()
}
