/**
 * Checkpoints as C2SP `tlog-checkpoint` defines them: a signed note of three lines, the log's
 * origin, the number of entries, and the root over them. No extension lines: nobody can audit them.
 *
 * Each generation of a ledger is a log of its own, named in the origin line; the name of the
 * signing key is the origin.
 */
import { assert, HASH_BYTES, type KeyPair } from '@yiben/shared'
import type { LedgerState } from '../storage/requests.ts'
import { ORIGIN_PREFIX } from './format.ts'
import { type NoteSigner, noteSigner } from './note.ts'

export function logOrigin({ origin, generation }: Pick<LedgerState, 'origin' | 'generation'>) {
  return `${ORIGIN_PREFIX}/${origin}/${generation}`
}

/** Signs what this generation of the ledger says of itself. */
export function ledgerSigner(
  ledger: Pick<LedgerState, 'origin' | 'generation'>,
  identity: KeyPair,
): NoteSigner {
  return noteSigner(logOrigin(ledger), identity)
}

export function checkpointText(checkpoint: {
  readonly origin: string
  readonly size: number
  readonly root: Uint8Array
}): string {
  const { origin, size, root } = checkpoint
  assert(Number.isSafeInteger(size) && size >= 0, 'a checkpoint counts its entries')
  assert(root.length === HASH_BYTES, 'a root has the length of a hash')
  return `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`
}
