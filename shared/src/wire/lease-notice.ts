/**
 * What the signature of a lease notice is over: every field but the signature, as one line of JSON
 * under a label of its own, so that no other signature of the same key passes for it.
 */
import { isAlgorithmAvailable, type KeyPair, sign, verify } from '../algorithms.ts'
import { clipText } from './fields.ts'
import { TEXT_SHORT_BYTES_MAX } from './limits.ts'
import type { LeaseNotice } from './messages.ts'

const LABEL = 'yiben.lease-notice.v1'

export type UnsignedLeaseNotice = Omit<LeaseNotice, 'algorithm' | 'signature'>

/** What people wrote is cut to what the wire carries: a notice that nobody can read says nothing. */
export function signLeaseNotice(keys: KeyPair, notice: UnsignedLeaseNotice): LeaseNotice {
  const account = clipText(notice.account, TEXT_SHORT_BYTES_MAX)
  const cause = clipText(notice.cause, TEXT_SHORT_BYTES_MAX)
  const carried = { ...notice, account, cause }
  const signature = sign(keys, signedBytes(carried, keys.algorithm))
  return { ...carried, algorithm: keys.algorithm, signature }
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
