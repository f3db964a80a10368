/**
 * What is signed of the messages about keys and authorities: every field but the signatures, length
 * by length, under a label of its own, so that no other signature of the same key passes for it.
 */
import { isAlgorithmAvailable, type KeyPair, lengthPrefixed, sign, verify } from '../algorithms.ts'
import type { KeyChange, RotateKey, TrustRoots } from '../wire/key-messages.ts'
import type { PublicIdentity } from './handshake.ts'

type Unsigned<Message extends { readonly algorithm: number; readonly signature: Uint8Array }> =
  Omit<Message, 'algorithm' | 'signature'>

export function signTrustRoots(keys: KeyPair, trust: Unsigned<TrustRoots>): TrustRoots {
  const { algorithm } = keys
  return { ...trust, algorithm, signature: sign(keys, trustPayload(trust)) }
}

/** `collector`: the identity that the node has pinned. */
export function isTrustRootsSigned(trust: TrustRoots, collector: PublicIdentity): boolean {
  if (trust.algorithm !== collector.algorithm) return false
  return verify(collector, trustPayload(trust), trust.signature)
}

export function signRotateKey(keys: KeyPair, rotate: Unsigned<RotateKey>): RotateKey {
  const { algorithm } = keys
  return { ...rotate, algorithm, signature: sign(keys, rotatePayload(rotate)) }
}

export function isRotateKeySigned(rotate: RotateKey, collector: PublicIdentity): boolean {
  if (rotate.algorithm !== collector.algorithm) return false
  return verify(collector, rotatePayload(rotate), rotate.signature)
}

/** Between whom a key changes: a proof that was given to one collector is worth nothing elsewhere. */
interface ChangeParties {
  /** Raw, hex. */
  readonly collectorKey: string
  readonly oldKeys: KeyPair
  readonly newKeys: KeyPair
}

export function signKeyChange(
  { collectorKey, oldKeys, newKeys }: ChangeParties,
  change: Pick<KeyChange, 'nonce' | 'fingerprint'>,
): KeyChange {
  const { algorithm, publicKey: newKey } = newKeys
  const unsigned = { ...change, algorithm, newKey }
  const payload = changePayload(unsigned, oldKeys.publicKey, collectorKey)
  return {
    ...unsigned,
    oldSignature: sign(oldKeys, payload),
    newSignature: sign(newKeys, payload),
  }
}

/** Whoever sent it holds both keys. */
export function isKeyChangeProven(
  change: KeyChange,
  oldKey: PublicIdentity,
  collectorKey: string,
): boolean {
  const { algorithm, newKey, oldSignature, newSignature } = change
  if (!isAlgorithmAvailable(algorithm)) return false
  const payload = changePayload(change, oldKey.publicKey, collectorKey)
  return (
    verify(oldKey, payload, oldSignature) &&
    verify({ algorithm, publicKey: newKey }, payload, newSignature)
  )
}

function trustPayload({ version, roots }: Unsigned<TrustRoots>): Uint8Array {
  return lengthPrefixed('yiben.trust-roots.v1', version, ...roots)
}

function rotatePayload({ nonce, oldKey, newKey }: Unsigned<RotateKey>): Uint8Array {
  return lengthPrefixed('yiben.rotate-key.v1', hex(nonce), hex(oldKey), hex(newKey ?? ''))
}

function changePayload(
  change: Omit<KeyChange, 'oldSignature' | 'newSignature'>,
  oldKey: string,
  collectorKey: string,
): Uint8Array {
  const { nonce, algorithm, newKey, fingerprint } = change
  const keys = [hex(collectorKey), hex(oldKey), hex(newKey)]
  return lengthPrefixed('yiben.key-change.v1', hex(nonce), algorithm, ...keys, hex(fingerprint))
}

function hex(text: string): Uint8Array {
  return Buffer.from(text, 'hex')
}
