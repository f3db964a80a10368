/**
 * Proofs of RFC 6962 checked where they are read: in the browser, with its own SHA-256, from the
 * entry's bytes up to the root of a checkpoint. Nothing the server says about the result is used.
 * The walk is the one of RFC 9162, sections 2.1.3.2 and 2.1.4.2. What is malformed does not verify;
 * nothing here throws on what it is given.
 */

const HASH_BYTES = 32
const LEAF_PREFIX = 0x00
const NODE_PREFIX = 0x01
/** A path of the tallest tree there can be (2^53 leaves), twice: no proof is longer. */
const PROOF_HASHES_MAX = 106

type Bytes = Uint8Array<ArrayBuffer>

/** One hash on the way from the leaf to the root. */
export interface ProofStep {
  readonly sibling: string
  /** Where the sibling stands. */
  readonly side: 'left' | 'right'
  /** Of both together, hex. */
  readonly hash: string
}

export interface InclusionCheck {
  readonly verified: boolean
  /** Over 0x00 and the entry's bytes, hex. */
  readonly leafHash: string
  readonly steps: readonly ProofStep[]
  /** What the walk ended at; `null` where the proof has too few or too many hashes. */
  readonly root: string | null
}

export interface InclusionQuestion {
  /** The entry's bytes as they are hashed. */
  readonly canonical: string
  /** Of the leaf, from 0. */
  readonly index: number
  readonly size: number
  /** Of the checkpoint, hex: not of the answer that brought the proof. */
  readonly root: string
  readonly proof: readonly string[]
}

/** Whether the entry is leaf `index` of the tree of that size and root. */
export async function checkInclusion(question: InclusionQuestion): Promise<InclusionCheck> {
  const leaf = await leafHashOf(new TextEncoder().encode(question.canonical))
  return await climb(leaf, question)
}

/** The same, where the leaf's hash is known already. */
export async function climb(
  leaf: Bytes | null,
  { index, size, root, proof }: Omit<InclusionQuestion, 'canonical'>,
): Promise<InclusionCheck> {
  const wrong = {
    verified: false,
    leafHash: leaf === null ? '' : hexOf(leaf),
    steps: [],
    root: null,
  }
  const siblings = hashesOf(proof)
  if (leaf === null || siblings === null || hashOf(root) === null) return wrong
  if (!isCount(index) || !isCount(size) || index >= size) return wrong
  const path = new Path(index, size - 1)
  const steps: ProofStep[] = []
  let hash = leaf
  for (const sibling of siblings) {
    if (path.isAtRoot) return { ...wrong, steps }
    const side = path.isRightChild ? 'left' : 'right'
    hash = await (side === 'left' ? joinOf(sibling, hash) : joinOf(hash, sibling))
    steps.push({ sibling: hexOf(sibling), side, hash: hexOf(hash) })
    path.climb()
  }
  if (!path.isAtRoot) return { ...wrong, steps }
  const reached = hexOf(hash)
  return { verified: reached === root, leafHash: hexOf(leaf), steps, root: reached }
}

export interface ConsistencyQuestion {
  readonly from: number
  readonly to: number
  readonly fromRoot: string
  readonly toRoot: string
  readonly proof: readonly string[]
}

/** Whether the larger tree begins with every leaf of the smaller one, in its order. */
export async function checkConsistency(question: ConsistencyQuestion): Promise<boolean> {
  const { from, to, fromRoot, toRoot } = question
  const proof = hashesOf(question.proof)
  const [older, newer] = [hashOf(fromRoot), hashOf(toRoot)]
  if (proof === null || older === null || newer === null) return false
  if (!isCount(from) || !isCount(to) || from < 1 || from > to) return false
  if (from === to) return proof.length === 0 && fromRoot === toRoot
  // A complete older tree is itself the first node of the path, and its root is not sent.
  const [first, ...rest] = isPowerOfTwo(from) ? [older, ...proof] : proof
  if (first === undefined) return false
  const path = new Path(from - 1, to - 1)
  path.climbWhileRight()
  let before = first
  let after = first
  for (const sibling of rest) {
    if (path.isAtRoot) return false
    if (path.isRightChild) {
      before = await joinOf(sibling, before)
      after = await joinOf(sibling, after)
    } else after = await joinOf(after, sibling)
    path.climb()
  }
  return path.isAtRoot && hexOf(before) === fromRoot && hexOf(after) === toRoot
}

/** Browsers hand their cryptography to pages from HTTPS and from this machine only. */
export function canHash(): boolean {
  return globalThis.crypto?.subtle !== undefined
}

async function leafHashOf(bytes: Uint8Array): Promise<Bytes> {
  return await sha256(Uint8Array.of(LEAF_PREFIX), bytes)
}

export async function sha256(...parts: readonly Uint8Array[]): Promise<Bytes> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', whole))
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** `null` unless it is a hash in lower-case hex. */
export function hashOf(hex: string): Bytes | null {
  if (!/^[0-9a-f]{64}$/.test(hex)) return null
  const bytes = new Uint8Array(HASH_BYTES)
  for (let at = 0; at < HASH_BYTES; at += 1) {
    bytes[at] = Number.parseInt(hex.slice(at * 2, at * 2 + 2), 16)
  }
  return bytes
}

/** `null` if one of them is no hash, or there are too many. */
function hashesOf(proof: readonly string[]): readonly Bytes[] | null {
  if (proof.length > PROOF_HASHES_MAX) return null
  const hashes = proof.map(hashOf).filter((hash) => hash !== null)
  return hashes.length === proof.length ? hashes : null
}

async function joinOf(left: Uint8Array, right: Uint8Array): Promise<Bytes> {
  return await sha256(Uint8Array.of(NODE_PREFIX), left, right)
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

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function isPowerOfTwo(value: number): boolean {
  let rest = value
  while (rest % 2 === 0) rest /= 2
  return rest === 1
}
