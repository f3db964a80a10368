/**
 * Proofs as the browser checks them: by vectors of an outside implementation, by proofs of the
 * journal's own writer, and every corruption by name.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  checkConsistency,
  checkInclusion,
  climb,
  hashOf,
  hexOf,
} from '../../collector/dashboard/src/pages/verification-proof.ts'
import { TREE_SHA256 } from '../../collector/src/journal/format.ts'
import {
  consistencySpans,
  inclusionSpans,
  type LeafSpan,
} from '../../collector/src/journal/proof.ts'
import probes from '../collector/journal/rfc6962-probes.json' with { type: 'json' }
import { hashLeaf, hex, recursiveRoot, TREE_LEAVES } from '../collector/journal/tree-support.ts'

const hexOfBase64 = (base64: string | null) => hex(Buffer.from(base64 ?? '', 'base64'))

/** Hash of a span of leaves: every span of a proof is a tree of its own. */
function proofOf(leaves: readonly Uint8Array[], spans: readonly LeafSpan[]): readonly string[] {
  return spans.map(({ from, to }) => hex(recursiveRoot('sha256', leaves.slice(from, to))))
}

const rootOf = (leaves: readonly Uint8Array[]) => hex(recursiveRoot('sha256', leaves))

describe('the probes of transparency-dev/merkle', () => {
  test.each(probes.inclusion)('inclusion $name', async (probe) => {
    const leaf = hashOf(hexOfBase64(probe.leafHash))
    const { verified } = await climb(leaf, {
      index: probe.leafIdx,
      size: probe.treeSize,
      root: hexOfBase64(probe.root),
      proof: (probe.proof ?? []).map(hexOfBase64),
    })
    expect(verified).toBe(!probe.wantErr)
  })

  // There a root may be any bytes where no hash is taken of it; here it is 32 bytes or refused.
  const isOdd = (root: string) => hexOfBase64(root).length !== 64

  test.each(probes.consistency)('consistency $name', async (probe) => {
    const verified = await checkConsistency({
      from: probe.size1,
      to: probe.size2,
      fromRoot: hexOfBase64(probe.root1),
      toRoot: hexOfBase64(probe.root2),
      proof: (probe.proof ?? []).map(hexOfBase64),
    })
    expect(verified).toBe(!probe.wantErr && !isOdd(probe.root1))
  })
})

describe('proofs of the journal', () => {
  const entries = Array.from({ length: 40 }, (_, index) => `{"payload":{"名":${index}},"v":1}`)
  const leaves = entries.map((entry) => hashLeaf(Buffer.from(entry, 'utf8')))
  const question = (index: number, size: number) => ({
    canonical: entries[index] ?? '',
    index,
    size,
    root: rootOf(leaves.slice(0, size)),
    proof: proofOf(leaves, inclusionSpans(index, size)),
  })

  test('every entry of every tree is found in it, from its bytes up', async () => {
    for (const size of [1, 2, 3, 5, 8, 13, 31, 32, 33, 40]) {
      for (let index = 0; index < size; index += 1) {
        const check = await checkInclusion(question(index, size))
        expect(check.verified).toBe(true)
        expect(check.steps.at(-1)?.hash ?? check.leafHash).toBe(check.root)
      }
    }
  })

  test('every pair of trees goes on from one another', async () => {
    for (const [from, to] of [
      [1, 2],
      [1, 40],
      [3, 7],
      [8, 40],
      [32, 33],
      [39, 40],
      [7, 7],
    ] as const) {
      const claim = {
        from,
        to,
        fromRoot: rootOf(leaves.slice(0, from)),
        toRoot: rootOf(leaves.slice(0, to)),
        proof: proofOf(leaves, consistencySpans(from, to)),
      }
      expect(await checkConsistency(claim)).toBe(true)
      const elsewhere = rootOf([...leaves.slice(1, from), hashLeaf(Buffer.from('other'))])
      expect(await checkConsistency({ ...claim, fromRoot: elsewhere })).toBe(false)
    }
  })

  test('nothing verifies after any one change', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc
          .integer({ min: 2, max: 40 })
          .chain((size) =>
            fc.record({ size: fc.constant(size), index: fc.nat({ max: size - 1 }), at: fc.nat() }),
          ),
        fc.constantFrom('entry', 'index', 'size', 'root', 'cut', 'longer', 'flipped', 'case'),
        async ({ size, index, at }, change) => {
          const claim = question(index, size)
          const { proof } = claim
          const where = at % proof.length
          const flip = (text: string) => (text[0] === 'f' ? '0' : 'f') + text.slice(1)
          const changed = {
            entry: { ...claim, canonical: `${claim.canonical} ` },
            index: { ...claim, index: size },
            size: { ...claim, size: index },
            root: { ...claim, root: flip(claim.root) },
            cut: { ...claim, proof: proof.filter((_, position) => position !== where) },
            longer: { ...claim, proof: [...proof, claim.root] },
            flipped: {
              ...claim,
              proof: proof.map((hash, position) => (position === where ? flip(hash) : hash)),
            },
            case: { ...claim, root: `${claim.root.toUpperCase()} ` },
          }[change]
          expect((await checkInclusion(changed)).verified).toBe(false)
        },
      ),
    )
  })

  test('the leaves of the reference implementation hash to its root', async () => {
    const reference = TREE_LEAVES.map(hashLeaf)
    for (const [index, leaf] of reference.entries()) {
      const { verified } = await climb(hashOf(hexOf(leaf)), {
        index,
        size: reference.length,
        root: '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
        proof: proofOf(reference, inclusionSpans(index, reference.length)),
      })
      expect(verified).toBe(true)
    }
    expect(TREE_SHA256).toBe(1)
  })
})
