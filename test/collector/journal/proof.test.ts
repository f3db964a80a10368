/**
 * Proofs that the journal writes, checked by the reader's own code: against proofs of an outside
 * implementation, against the definition, and every corruption by name.
 */
import { HASH_BYTES } from '@yiben/shared'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TREE_SHA256 } from '../../../collector/src/journal/format.ts'
import {
  consistencySpans,
  inclusionSpans,
  type LeafSpan,
  readProof,
  readRoot,
  type TreeReader,
} from '../../../collector/src/journal/proof.ts'
import { CompactRange, leafHash, rootOf } from '../../../collector/src/journal/tree.ts'
import {
  type ConsistencyClaim,
  type InclusionClaim,
  verifyConsistency,
  verifyInclusion,
} from '../../../collector/src/journal/verify-tree.ts'
import probes from './rfc6962-probes.json' with { type: 'json' }
import { hashLeaf, hex, TREE_LEAVES } from './tree-support.ts'

const bytes = (base64: string): Uint8Array => Buffer.from(base64, 'base64')

/** Keeps every node of a tree in memory; forgets none. */
class KeptTree implements TreeReader {
  readonly #nodes = new Map<string, Uint8Array>()
  readonly leaves: readonly Uint8Array[]

  constructor(leaves: readonly Uint8Array[]) {
    this.leaves = leaves
    const range = new CompactRange(TREE_SHA256)
    for (const node of leaves.flatMap((leaf) => range.append(leaf))) {
      this.#nodes.set(`${node.level} ${node.position}`, node.hash)
    }
  }

  async readTreeNodes(
    _algorithm: number,
    nodes: readonly { readonly level: number; readonly position: number }[],
  ): Promise<readonly Uint8Array[]> {
    return nodes.map(({ level, position }) => {
      const hash = this.#nodes.get(`${level} ${position}`)
      if (hash === undefined) throw new Error('no such node')
      return hash
    })
  }

  async inclusion(index: number, size: number): Promise<InclusionClaim> {
    return {
      algorithm: TREE_SHA256,
      index,
      size,
      leafHash: this.leaves[index] ?? new Uint8Array(),
      root: await readRoot(this, TREE_SHA256, size),
      proof: await readProof(this, TREE_SHA256, inclusionSpans(index, size)),
    }
  }

  async consistency(from: number, to: number): Promise<ConsistencyClaim> {
    return {
      algorithm: TREE_SHA256,
      from,
      to,
      fromRoot: await readRoot(this, TREE_SHA256, from),
      toRoot: await readRoot(this, TREE_SHA256, to),
      proof: await readProof(this, TREE_SHA256, consistencySpans(from, to)),
    }
  }
}

describe('the probes of transparency-dev/merkle', () => {
  test.each(probes.inclusion)('inclusion $name', (probe) => {
    const claim: InclusionClaim = {
      algorithm: TREE_SHA256,
      index: probe.leafIdx,
      size: probe.treeSize,
      leafHash: bytes(probe.leafHash),
      root: bytes(probe.root),
      proof: probe.proof.map(bytes),
    }
    expect(verifyInclusion(claim)).toBe(!probe.wantErr)
  })

  // There a root may be any bytes where no hash is taken of it; here it is 32 bytes or refused.
  const isOdd = (probe: { root1: string }) => bytes(probe.root1).length !== HASH_BYTES

  test('all but one are about hashes', () => {
    expect(probes.consistency.filter((probe) => !probe.wantErr && isOdd(probe))).toHaveLength(1)
  })

  test.each(probes.consistency)('consistency $name', (probe) => {
    const claim: ConsistencyClaim = {
      algorithm: TREE_SHA256,
      from: probe.size1,
      to: probe.size2,
      fromRoot: bytes(probe.root1),
      toRoot: bytes(probe.root2),
      proof: probe.proof.map(bytes),
    }
    expect(verifyConsistency(claim)).toBe(!probe.wantErr && !isOdd(probe))
  })

  const tree = new KeptTree(TREE_LEAVES.map(hashLeaf))

  // The one of a single entry is of another tree.
  const ours = probes.inclusion.filter((probe) => !probe.wantErr && !probe.name.includes('entry'))
  test.each(ours)('the proof of $name is the one we write', async (probe) => {
    const claim = await tree.inclusion(probe.leafIdx, probe.treeSize)
    expect(claim.proof.map(hex)).toEqual(probe.proof.map((one) => hex(bytes(one))))
    expect(hex(claim.root)).toBe(hex(bytes(probe.root)))
  })

  test.each(probes.consistency.filter((probe) => !probe.wantErr && !isOdd(probe)))(
    'the growth of $name is the one we write',
    async (probe) => {
      const claim = await tree.consistency(probe.size1, probe.size2)
      expect(claim.proof.map(hex)).toEqual(probe.proof.map((one) => hex(bytes(one))))
    },
  )
})

describe('J11, J12: what is written verifies', () => {
  const leaves = Array.from({ length: 70 }, (_, index) => hashLeaf(Buffer.from(`${index}`)))
  const tree = new KeptTree(leaves)

  test('every leaf in every tree', async () => {
    for (let size = 1; size <= leaves.length; size += 1) {
      const root = rootOf(TREE_SHA256, leaves.slice(0, size))
      for (let index = 0; index < size; index += 1) {
        const claim = await tree.inclusion(index, size)
        expect(hex(claim.root)).toBe(hex(root))
        expect([index, size, verifyInclusion(claim)]).toEqual([index, size, true])
      }
    }
  })

  test('every tree in every larger one', async () => {
    for (let to = 1; to <= leaves.length; to += 1) {
      for (let from = 1; from <= to; from += 1) {
        const claim = await tree.consistency(from, to)
        expect([from, to, verifyConsistency(claim)]).toEqual([from, to, true])
      }
    }
  })

  test('a proof is as long as the tree is high, whatever the size', () => {
    const size = 4_000_000_001
    expect(inclusionSpans(1_234_567_890, size).length).toBeLessThanOrEqual(32)
    expect(consistencySpans(3_999_999_999, size).length).toBeLessThanOrEqual(33)
  })

  test('what there is no proof of is a bug to ask for', () => {
    expect(() => inclusionSpans(3, 3)).toThrow('lies in the tree')
    expect(() => inclusionSpans(-1, 3)).toThrow('lies in the tree')
    expect(() => consistencySpans(0, 3)).toThrow('not empty')
    expect(() => consistencySpans(4, 3)).toThrow('consistent')
  })

  test('spans stand side by side with what they prove, and cover the tree once', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.integer({ min: 1, max: 10_000 }), (seed, size) => {
        const index = seed % size
        const covered = [{ from: index, to: index + 1 }, ...inclusionSpans(index, size)].sort(
          (left, right) => left.from - right.from,
        )
        expect(endOf(covered)).toBe(size)
      }),
    )
  })
})

describe('J11, J12: no corruption verifies', () => {
  const tree = new KeptTree(
    Array.from({ length: 21 }, (_, index) => hashLeaf(Buffer.from(`${index}`))),
  )
  type Claim = { readonly proof: readonly Uint8Array[] }
  type Spoil<C extends Claim> = readonly [string, (claim: C) => C]

  const flip = (hash: Uint8Array, bit = 3) => {
    const copy = Uint8Array.from(hash)
    copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    return copy
  }
  const proofs: readonly (readonly [string, (proof: readonly Uint8Array[]) => Uint8Array[]])[] = [
    ['cut at the end', (proof) => proof.slice(0, -1)],
    ['cut at the front', (proof) => proof.slice(1)],
    ['emptied', () => []],
    ['prefixed with garbage', (proof) => [new Uint8Array(32), ...proof]],
    ['followed by garbage', (proof) => [...proof, new Uint8Array(32)]],
    ['prefixed with its own first', (proof) => [...proof.slice(0, 1), ...proof]],
    ['followed by its own last', (proof) => [...proof, ...proof.slice(-1)]],
    ['turned around', (proof) => [...proof].reverse()],
    ['swapped in the middle', ([first, second, ...rest]) => both(second, first, rest)],
    ['flipped at the front', ([first, ...rest]) => [flip(first ?? new Uint8Array(32)), ...rest]],
    [
      'with a hash too short',
      ([first, ...rest]) => [(first ?? new Uint8Array()).slice(1), ...rest],
    ],
    [
      'with a hash too long',
      ([first, ...rest]) => [Buffer.concat([first ?? '', '0'].map(raw)), ...rest],
    ],
    [
      'longer than any',
      (proof) => Array.from({ length: 200 }, () => proof[0] ?? new Uint8Array(32)),
    ],
  ]
  const ofProof = <C extends Claim>(): Spoil<C>[] =>
    proofs.map(([name, spoil]) => [name, (claim) => ({ ...claim, proof: spoil(claim.proof) })])

  const inclusions: readonly Spoil<InclusionClaim>[] = [
    ...ofProof<InclusionClaim>(),
    ['of the leaf after it', (claim) => ({ ...claim, index: claim.index + 1 })],
    ['of the leaf before it', (claim) => ({ ...claim, index: claim.index - 1 })],
    ['of a leaf past the tree', (claim) => ({ ...claim, index: claim.size })],
    ['of half a leaf', (claim) => ({ ...claim, index: claim.index + 0.5 })],
    ['in a tree twice the size', (claim) => ({ ...claim, size: claim.size * 2 })],
    ['in a tree half the size', (claim) => ({ ...claim, size: Math.floor(claim.size / 2) })],
    ['in no tree', (claim) => ({ ...claim, size: 0 })],
    ['of another leaf', (claim) => ({ ...claim, leafHash: flip(claim.leafHash) })],
    ['under another root', (claim) => ({ ...claim, root: flip(claim.root) })],
    ['under no root', (claim) => ({ ...claim, root: new Uint8Array() })],
    ['under the leaf itself', (claim) => ({ ...claim, root: claim.leafHash })],
    ['by the hash of another suite', (claim) => ({ ...claim, algorithm: 2 })],
  ]
  const growths: readonly Spoil<ConsistencyClaim>[] = [
    ...ofProof<ConsistencyClaim>(),
    ['from one leaf more', (claim) => ({ ...claim, from: claim.from + 1 })],
    ['from one leaf less', (claim) => ({ ...claim, from: claim.from - 1 })],
    ['from nothing', (claim) => ({ ...claim, from: 0 })],
    ['backwards', (claim) => ({ ...claim, from: claim.to, to: claim.from })],
    ['to twice the size', (claim) => ({ ...claim, to: claim.to * 2 })],
    ['to itself', (claim) => ({ ...claim, to: claim.from })],
    ['with the roots swapped', (claim) => swapped(claim)],
    ['from another root', (claim) => ({ ...claim, fromRoot: flip(claim.fromRoot) })],
    ['to another root', (claim) => ({ ...claim, toRoot: flip(claim.toRoot) })],
    ['to the root it came from', (claim) => ({ ...claim, toRoot: claim.fromRoot })],
    ['by the hash of another suite', (claim) => ({ ...claim, algorithm: 2 })],
  ]
  // In small and odd places a proof turned around may be the same proof.
  const places = [
    [2, 11],
    [5, 21],
    [13, 20],
    [10, 17],
  ] as const

  test.each(inclusions)('a proof of inclusion %s', async (_, spoil) => {
    for (const [index, size] of places) {
      const claim = await tree.inclusion(index, size)
      expect(verifyInclusion(claim)).toBe(true)
      expect([index, size, verifyInclusion(spoil(claim))]).toEqual([index, size, false])
    }
  })

  test.each(growths)('a proof of growth %s', async (_, spoil) => {
    for (const [from, to] of places) {
      const claim = await tree.consistency(from, to)
      expect(verifyConsistency(claim)).toBe(true)
      expect([from, to, verifyConsistency(spoil(claim))]).toEqual([from, to, false])
    }
  })

  test('any bit of any hash', async () => {
    const inclusion = await tree.inclusion(5, 21)
    const growth = await tree.consistency(10, 17)
    fc.assert(
      fc.property(fc.nat(1_000), fc.nat(255), (place, bit) => {
        const at = place % inclusion.proof.length
        const one = inclusion.proof.map((hash, index) => (index === at ? flip(hash, bit) : hash))
        expect(verifyInclusion({ ...inclusion, proof: one })).toBe(false)
        const there = place % growth.proof.length
        const two = growth.proof.map((hash, index) => (index === there ? flip(hash, bit) : hash))
        expect(verifyConsistency({ ...growth, proof: two })).toBe(false)
      }),
    )
  })

  test('a node passed for a leaf', () => {
    const tree = new KeptTree(TREE_LEAVES.map(hashLeaf))
    const [first = new Uint8Array(), second = new Uint8Array()] = tree.leaves
    const asLeaf = leafHash(TREE_SHA256, Buffer.concat([first, second]))
    const root = rootOf(TREE_SHA256, tree.leaves.slice(0, 2))
    const claim = { algorithm: TREE_SHA256, index: 0, size: 1, leafHash: asLeaf, root, proof: [] }
    expect(verifyInclusion(claim)).toBe(false)
  })
})

function both(
  first: Uint8Array | undefined,
  second: Uint8Array | undefined,
  rest: readonly Uint8Array[],
): Uint8Array[] {
  return [first ?? new Uint8Array(32), second ?? new Uint8Array(32), ...rest]
}

function swapped(claim: ConsistencyClaim): ConsistencyClaim {
  return { ...claim, fromRoot: claim.toRoot, toRoot: claim.fromRoot }
}

function raw(part: Uint8Array | string): Uint8Array {
  return typeof part === 'string' ? Buffer.from(part) : part
}

/** Where neighbours that begin at 0 end; NaN when there is a hole between them. */
function endOf(spans: readonly LeafSpan[]): number {
  return spans.reduce((end, { from, to }) => (from === end ? to : Number.NaN), 0)
}
