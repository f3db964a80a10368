/**
 * What the signature of a lease notice is over: every field but the signature, as one line of JSON
 * under a label of its own, so that no other signature of the same key passes for it.
 */
import { isAlgorithmAvailable, type KeyPair, sign, verify } from '../algorithms.ts'
import type { LeaseNotice } from './messages.ts'

const LABEL = 'yiben.lease-notice.v1'

export type UnsignedLeaseNotice = Omit<LeaseNotice, 'algorithm' | 'signature'>

export function signLeaseNotice(keys: KeyPair, notice: UnsignedLeaseNotice): LeaseNotice {
  const signature = sign(keys, signedBytes(notice, keys.algorithm))
  return { ...notice, algorithm: keys.algorithm, signature }
}

/** `publicKey`: the identity key of the collector that the node has pinned, hex. */
export function isLeaseNoticeSigned(notice: LeaseNotice, publicKey: string): boolean {
  const { algorithm, signature } = notice
  if (!isAlgorithmAvailable(algorithm)) return false
  return verify({ algorithm, publicKey }, signedBytes(notice, algorithm), signature)
}

function signedBytes(notice: UnsignedLeaseNotice, algorithm: number): Uint8Array {
  const { leaseId, kind, revision, epoch, units, startMs, endMs, account, cause } = notice
  const fields = [leaseId, kind, revision, epoch, units, startMs, endMs, account, cause]
  return Buffer.from(JSON.stringify([LABEL, algorithm, ...fields]), 'utf8')
}
