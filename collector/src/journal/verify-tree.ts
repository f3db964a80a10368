/**
 * The reader's own Merkle tree: roots over leaves, and the checks of inclusion and consistency
 * proofs, by the algorithms of RFC 9162, sections 2.1.3.2 and 2.1.4.2 (the same tree as RFC 6962).
 * Shares nothing with the side that writes proofs but the format. `false` for whatever does not
 * prove what is claimed, malformed numbers and hashes included; never throws on what it is given.
 */
import { digest, equalBytes, HASH_BYTES } from '@yiben/shared'
import { LEAF_PREFIX, NODE_PREFIX } from './format.ts'

/** A path of the tallest tree there can be (2^53 leaves), twice: no proof is longer. */
const PROOF_HASHES_MAX = 106

export function leafHashOf(algorithm: number, bytes: Uint8Array): Uint8Array {
  return digest(algorithm, Buffer.concat([Uint8Array.of(LEAF_PREFIX), bytes]))
}

/** Takes leaves one after the other and knows the root at any moment. */
export class RootWalk {
  readonly #algorithm: number
  /** Roots of complete trees of falling height that stand side by side. */
  readonly #trees: { readonly height: number; readonly hash: Uint8Array }[] = []
  #leafCount = 0

  constructor(algorithm: number) {
    this.#algorithm = algorithm
  }

  get leafCount(): number {
    return this.#leafCount
  }

  addLeaf(bytes: Uint8Array): void {
    this.addHash(leafHashOf(this.#algorithm, bytes))
  }

  addHash(hash: Uint8Array): void {
    this.#leafCount += 1
    this.#trees.push({ height: 0, hash })
    // Two neighbours of one height become one of the next: bounded by the height of the tree.
    for (;;) {
      const [left, right] = this.#trees.slice(-2)
      if (left === undefined || right === undefined || left.height !== right.height) return
      const joined = joinOf(this.#algorithm, left.hash, right.hash)
      this.#trees.splice(-2, 2, { height: left.height + 1, hash: joined })
    }
  }

  root(): Uint8Array {
    const hashes = this.#trees.map(({ hash }) => hash)
    let root = hashes.pop() ?? digest(this.#algorithm, new Uint8Array())
    for (const left of hashes.reverse()) root = joinOf(this.#algorithm, left, root)
    return root
  }
}

export interface InclusionClaim {
  readonly algorithm: number
  /** From 0. */
  readonly index: number
  readonly size: number
  readonly leafHash: Uint8Array
  readonly root: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/** Whether the leaf is number `index` of the tree of `size` leaves with that root. */
export function verifyInclusion(claim: InclusionClaim): boolean {
  const { algorithm, index, size, leafHash, root, proof } = claim
  if (!isCount(index) || !isCount(size) || index >= size) return false
  if (![leafHash, root, ...proof].every(isHash) || proof.length > PROOF_HASHES_MAX) return false
  const path = new Path(index, size - 1)
  let hash = leafHash
  for (const sibling of proof) {
    if (path.isAtRoot) return false
    const isRight = path.isRightChild
    hash = isRight ? joinOf(algorithm, sibling, hash) : joinOf(algorithm, hash, sibling)
    path.climb()
  }
  return path.isAtRoot && equalBytes(hash, root)
}

export interface ConsistencyClaim {
  readonly algorithm: number
  readonly from: number
  readonly to: number
  readonly fromRoot: Uint8Array
  readonly toRoot: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/** Whether the tree of `to` leaves begins with all leaves of the tree of `from`, from 1 on. */
export function verifyConsistency(claim: ConsistencyClaim): boolean {
  const { from, to, fromRoot, toRoot, proof } = claim
  if (!isCount(from) || !isCount(to) || from < 1 || from > to) return false
  if (![fromRoot, toRoot, ...proof].every(isHash) || proof.length > PROOF_HASHES_MAX) return false
  if (from === to) return proof.length === 0 && equalBytes(fromRoot, toRoot)
  return growsInto(claim)
}

function growsInto({ algorithm, from, to, fromRoot, toRoot, proof }: ConsistencyClaim): boolean {
  // A complete older tree is itself the first node of the path, and its root is not sent.
  const [first, ...rest] = isPowerOfTwo(from) ? [fromRoot, ...proof] : proof
  if (first === undefined) return false
  const path = new Path(from - 1, to - 1)
  path.climbWhileRight()
  let older = first
  let newer = first
  for (const sibling of rest) {
    if (path.isAtRoot) return false
    if (path.isRightChild) {
      older = joinOf(algorithm, sibling, older)
      newer = joinOf(algorithm, sibling, newer)
    } else newer = joinOf(algorithm, newer, sibling)
    path.climb()
  }
  return path.isAtRoot && equalBytes(older, fromRoot) && equalBytes(newer, toRoot)
}

/** The way up from a leaf, beside the way up from the last leaf (`fn` and `sn` of RFC 9162). */
class Path {
  #node: number
  #last: number

  constructor(node: number, last: number) {
    this.#node = node
    this.#last = last
  }

  get isAtRoot(): boolean {
    return this.#last === 0
  }

  /** Joined with what stands to its left: it is odd, or the last of its level. */
  get isRightChild(): boolean {
    return this.#node % 2 === 1 || this.#node === this.#last
  }

  climb(): void {
    // The last of a level without a sibling is moved up unchanged until it has one.
    if (this.#node % 2 === 0 && this.#node === this.#last) {
      while (this.#node % 2 === 0 && this.#node !== 0) this.#halve()
    }
    this.#halve()
  }

  climbWhileRight(): void {
    while (this.#node % 2 === 1) this.#halve()
  }

  #halve(): void {
    this.#node = Math.floor(this.#node / 2)
    this.#last = Math.floor(this.#last / 2)
  }
}

function joinOf(algorithm: number, left: Uint8Array, right: Uint8Array): Uint8Array {
  return digest(algorithm, Buffer.concat([Uint8Array.of(NODE_PREFIX), left, right]))
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function isHash(bytes: Uint8Array): boolean {
  return bytes.length === HASH_BYTES
}

function isPowerOfTwo(value: number): boolean {
  let rest = value
  while (rest % 2 === 0) rest /= 2
  return rest === 1
}
