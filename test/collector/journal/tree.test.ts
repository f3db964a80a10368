/** The tree of RFC 6962, by the vectors of the Certificate Transparency reference implementation. */
import { createHash } from 'node:crypto'
import { ALGORITHM_ED25519, ALGORITHM_SM2, isAlgorithmAvailable } from '@yiben/shared'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TREE_SHA256 } from '../../../collector/src/journal/format.ts'
import {
  CompactRange,
  completeSubtrees,
  emptyRoot,
  heightOf,
  leafHash,
  nodeHash,
  rootOf,
} from '../../../collector/src/journal/tree.ts'
import { RootWalk } from '../../../collector/src/journal/verify-tree.ts'
import { hashLeaf, hex, recursiveRoot, TREE_LEAVES } from './tree-support.ts'

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

const utf8 = (text: string) => Buffer.from(text, 'utf8')

describe('vectors', () => {
  test.each(ROOTS.map((root, count) => [count, root] as const))('%i leaves', (count, root) => {
    expect(hex(rootOf(TREE_SHA256, TREE_LEAVES.slice(0, count).map(hashLeaf)))).toBe(root)
    const walk = new RootWalk(TREE_SHA256)
    for (const leaf of TREE_LEAVES.slice(0, count)) walk.addLeaf(leaf)
    expect(hex(walk.root())).toBe(root)
  })

  // transparency-dev/merkle, rfc6962/rfc6962_test.go.
  test.each([
    ['no leaf', emptyRoot(TREE_SHA256), ROOTS[0]],
    ['an empty leaf', leafHash(TREE_SHA256, utf8('')), ROOTS[1]],
    [
      'a leaf',
      leafHash(TREE_SHA256, utf8('L123456')),
      '395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56',
    ],
    [
      'a node',
      nodeHash(TREE_SHA256, utf8('N123'), utf8('N456')),
      'aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb',
    ],
  ])('%s', (_, hash, expected) => {
    expect(hex(hash)).toBe(expected)
  })

  test('a leaf is not a node of the same bytes, and the order of two counts', () => {
    const left = leafHash(TREE_SHA256, utf8('Hello'))
    const right = leafHash(TREE_SHA256, utf8('World'))
    const node = hex(nodeHash(TREE_SHA256, left, right))
    expect(node).not.toBe(hex(leafHash(TREE_SHA256, Buffer.concat([left, right]))))
    expect(node).not.toBe(hex(nodeHash(TREE_SHA256, right, left)))
  })
})

describe.each([
  ['SHA-256', ALGORITHM_ED25519, 'sha256'],
  ['SM3', ALGORITHM_SM2, 'sm3'],
] as const)('%s', (_, algorithm, name) => {
  test('is in this OpenSSL', () => {
    expect(isAlgorithmAvailable(algorithm)).toBe(true)
  })

  test('J5: the root built leaf by leaf is the root of the definition', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 8 }), { maxLength: 70 }), (contents) => {
        const leaves = contents.map((bytes) => leafHash(algorithm, bytes))
        expect(hex(rootOf(algorithm, leaves))).toBe(hex(recursiveRoot(name, leaves)))
        const walk = new RootWalk(algorithm)
        for (const bytes of contents) walk.addLeaf(bytes)
        expect([hex(walk.root()), walk.leafCount]).toEqual([
          hex(recursiveRoot(name, leaves)),
          leaves.length,
        ])
      }),
    )
  })

  test('a leaf is hashed behind its prefix', () => {
    const expected = createHash(name)
      .update(Buffer.from([0, 1, 2]))
      .digest('hex')
    expect(hex(leafHash(algorithm, Uint8Array.of(1, 2)))).toBe(expected)
  })
})

describe('a compact range', () => {
  const leafOf = (index: number) => leafHash(TREE_SHA256, utf8(`leaf ${index}`))

  test('answers every complete subtree once, and goes on from any size by them alone', () => {
    const kept = new Map<string, Uint8Array>()
    const whole = new CompactRange(TREE_SHA256)
    for (let size = 0; size < 130; size += 1) {
      const subtrees = completeSubtrees(0, size).map(
        ({ level, position }) => kept.get(`${level} ${position}`) ?? new Uint8Array(),
      )
      const resumed = new CompactRange(TREE_SHA256, size, subtrees)
      expect(hex(resumed.root())).toBe(hex(whole.root()))
      expect(resumed.append(leafOf(size))).toEqual(
        whole.append(leafOf(size)).map((node) => {
          const name = `${node.level} ${node.position}`
          expect(kept.has(name)).toBe(false)
          kept.set(name, node.hash)
          return node
        }),
      )
    }
    // n leaves have n minus the number of their one-bits nodes above them.
    expect(kept.size).toBe(130 + 130 - 2)
  })

  test('a size without its subtrees is a bug', () => {
    expect(() => new CompactRange(TREE_SHA256, 3, [leafOf(0)])).toThrow('root per subtree')
  })
})

describe('complete subtrees', () => {
  test.each([
    [0, 0, []],
    [0, 1, [[0, 0]]],
    [
      0,
      7,
      [
        [2, 0],
        [1, 2],
        [0, 6],
      ],
    ],
    [4, 8, [[2, 1]]],
    [
      8,
      11,
      [
        [1, 4],
        [0, 10],
      ],
    ],
  ])('of [%i, %i)', (from, to, expected) => {
    const found = completeSubtrees(from, to).map(({ level, position }) => [level, position])
    expect(found).toEqual(expected)
  })

  test('a span that begins in the middle of a subtree is a bug', () => {
    expect(() => completeSubtrees(1, 3)).toThrow('multiple')
  })

  test('heights are exact where logarithms are not', () => {
    expect(heightOf(2 ** 49 - 1)).toBe(48)
    expect(heightOf(2 ** 49)).toBe(49)
    expect(heightOf(Number.MAX_SAFE_INTEGER)).toBe(52)
    expect(heightOf(1)).toBe(0)
  })
})
