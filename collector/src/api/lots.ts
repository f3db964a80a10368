/**
 * Lots: what can be drawn together, the cards of one profile on one node. The bank knows a lot by an
 * opaque id, the same for as long as the collector keeps its identity, from which no node can be
 * told: its key is known to this collector alone, not to the members that hash accelerator ids.
 */
import { createHmac, hkdfSync } from 'node:crypto'
import type { KeyPair } from '@yiben/shared'
import type { NodeId } from '../model/ids.ts'
import type { DeviceProfile } from '../model/inventory.ts'

const LABEL = 'yiben.lot.v1'
const KEY_BYTES = 32
/** 64 bits: a billion lots share an id with a chance of 3 %, a country's with one of 10^-7. */
const ID_HEX_CHARACTERS = 16

/** The key of this collector's lots: one-way from the private key that it signs with. */
export function lotKeyOf(identity: Pick<KeyPair, 'privateKey'>): Uint8Array {
  const secret = identity.privateKey.export({ format: 'der', type: 'pkcs8' })
  return new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(), LABEL, KEY_BYTES))
}

export class Lots {
  readonly #key: Uint8Array

  constructor(key: Uint8Array) {
    this.#key = key
  }

  idOf(nodeId: NodeId, profile: DeviceProfile): string {
    const { vendor, name, memoryTotalMib } = profile
    const hash = createHmac('sha256', this.#key)
      .update(JSON.stringify([LABEL, nodeId, vendor, name, memoryTotalMib]))
      .digest('hex')
    return `l-${hash.slice(0, ID_HEX_CHARACTERS)}`
  }
}
