/** The tree by its definition, and the leaves of the reference implementation. */
import { createHash } from 'node:crypto'
import { TREE_SHA256 } from '../../../collector/src/journal/format.ts'
import { leafHash } from '../../../collector/src/journal/tree.ts'

/** certificate-transparency, merkletree/merkle_tree_test.cc. */
export const TREE_LEAVES: readonly Uint8Array[] = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map((leaf) => Buffer.from(leaf, 'hex'))

export const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

export const hashLeaf = (bytes: Uint8Array) => leafHash(TREE_SHA256, bytes)

/** Section 2.1 as it is written: split at the largest power of two below the number of leaves. */
export function recursiveRoot(
  digestName: 'sha256' | 'sm3',
  leaves: readonly Uint8Array[],
): Uint8Array {
  const [only] = leaves
  if (only === undefined) return createHash(digestName).digest()
  if (leaves.length === 1) return only
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return createHash(digestName)
    .update(Uint8Array.of(1))
    .update(recursiveRoot(digestName, leaves.slice(0, split)))
    .update(recursiveRoot(digestName, leaves.slice(split)))
    .digest()
}
