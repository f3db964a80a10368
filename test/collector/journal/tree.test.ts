/** RFC 6962 hashes, by the vectors of the Certificate Transparency reference implementation. */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { leafHash, nodeHash, RootBuilder, rootOf } from '../../../collector/src/journal/tree.ts'

const LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
]
/** `ROOTS[n]`: root over the first n leaves. */
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

const hashes = LEAVES.map((leaf) => leafHash(Buffer.from(leaf, 'hex')))
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('vectors', () => {
  test.each(ROOTS.map((root, count) => [count, root] as const))('%i leaves', (count, root) => {
    expect(hex(rootOf(hashes.slice(0, count)))).toBe(root)
  })

  test('a leaf is not a node of the same bytes', () => {
    const [left, right] = [hashes[0] ?? new Uint8Array(), hashes[1] ?? new Uint8Array()]
    expect(hex(nodeHash(left, right))).not.toBe(hex(leafHash(Buffer.concat([left, right]))))
  })
})

/** Section 2.1 as it is written: split at the largest power of two below the number of leaves. */
function recursiveRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves
  if (only === undefined) return createHash('sha256').digest()
  if (leaves.length === 1) return only
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return nodeHash(recursiveRoot(leaves.slice(0, split)), recursiveRoot(leaves.slice(split)))
}

test('the root built leaf by leaf is the root of the definition', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 8 }), { maxLength: 70 }), (contents) => {
      const leaves = contents.map(leafHash)
      const builder = new RootBuilder()
      for (const leaf of leaves) builder.add(leaf)
      expect(hex(builder.root())).toBe(hex(recursiveRoot(leaves)))
      expect(builder.leafCount).toBe(leaves.length)
    }),
  )
})
