/**
 * Hashes of the Merkle tree of RFC 6962, section 2.1: leaves are prefixed with 0x00 and nodes with
 * 0x01, so that no leaf can be passed for a node. The leaves of the journal are canonical bytes.
 */
import { createHash } from 'node:crypto'

const LEAF_PREFIX = new Uint8Array([0])
const NODE_PREFIX = new Uint8Array([1])

export function leafHash(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(LEAF_PREFIX).update(bytes).digest()
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return createHash('sha256').update(NODE_PREFIX).update(left).update(right).digest()
}

/** Root over leaf hashes in order; the root of no leaves is the hash of nothing. */
export function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  const root = new RootBuilder()
  for (const leaf of leaves) root.add(leaf)
  return root.root()
}

/** Keeps one hash per level, so that a root over millions of leaves needs no list of them. */
export class RootBuilder {
  /** `#subtrees[level]`: root of a complete subtree of 2^level leaves that waits for its sibling. */
  readonly #subtrees: (Uint8Array | null)[] = []
  #leafCount = 0

  get leafCount(): number {
    return this.#leafCount
  }

  add(leaf: Uint8Array): void {
    this.#leafCount += 1
    let hash = leaf
    let level = 0
    // Bounded by the logarithm of the leaf count.
    for (; ; level += 1) {
      const left = this.#subtrees[level] ?? null
      if (left === null) break
      this.#subtrees[level] = null
      hash = nodeHash(left, hash)
    }
    this.#subtrees[level] = hash
  }

  root(): Uint8Array {
    let root: Uint8Array | null = null
    for (const subtree of this.#subtrees) {
      if (subtree === null) continue
      root = root === null ? subtree : nodeHash(subtree, root)
    }
    return root ?? createHash('sha256').digest()
  }
}
