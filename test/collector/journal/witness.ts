/** A regulator's witness, written from C2SP `tlog-cosignature` alone. */
import { createHash } from 'node:crypto'
import { ALGORITHM_ED25519, type KeyPair, keyPairFromSeed, sign } from '@yiben/shared'

export interface Witness {
  readonly name: string
  readonly keys: KeyPair
  readonly keyId: Uint8Array
  readonly verifierKey: string
}

export function witnessOf(name: string, seed: number): Witness {
  const keys = keyPairFromSeed(ALGORITHM_ED25519, new Uint8Array(32).fill(seed))
  const encoded = Buffer.concat([Uint8Array.of(4), Buffer.from(keys.publicKey, 'hex')])
  const digest = createHash('sha256').update(`${name}\n`).update(encoded).digest()
  const keyId = digest.subarray(0, 4)
  const verifierKey = `${name}+${keyId.toString('hex')}+${encoded.toString('base64')}`
  return { name, keys, keyId, verifierKey }
}

/** The note with the witness's line below it. */
export function cosigned(note: string, witness: Witness, seconds: number): string {
  const text = note.slice(0, note.lastIndexOf('\n\n') + 1)
  const time = Buffer.alloc(8)
  time.writeBigUInt64BE(BigInt(seconds))
  const message = Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`, 'utf8')
  const bytes = Buffer.concat([witness.keyId, time, sign(witness.keys, message)])
  return `${note}— ${witness.name} ${bytes.toString('base64')}\n`
}
