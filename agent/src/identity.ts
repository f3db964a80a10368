/**
 * What leaves the node instead of a raw id: a keyed hash per accelerator, and a digest of the
 * machine that tells a copied disk from its original.
 *
 * Accelerator ids are hashed with the nation's key (DESIGN 1.5), so that a card is the same card
 * in every registry that holds the key and a riddle to everyone else. Weak ids name a place, not
 * silicon: they are prefixed by the node, so that slot 3 of two nodes never meets.
 *
 * The fingerprint rests on one source, the first that this machine offers. A digest over all of
 * them would make a changed network card look like a copied disk; accelerators are left out for
 * the same reason. The source is kept with the enrollment, because some are readable by root only
 * and another user must not seem to be another machine.
 */
import { createHmac } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Identity, IdentityStrength, Vendor } from '@yiben/shared'

/** The nation's key and its number, as handed down at enrollment. */
export interface IdentityKey {
  readonly keyNumber: number
  readonly key: Uint8Array
}

export interface RawAcceleratorId {
  readonly vendor: Vendor
  readonly strength: IdentityStrength
  readonly raw: string
}

const IDENTITY_LABEL = 'yiben accelerator identity v1'
const FINGERPRINT_LABEL = 'yiben node fingerprint v1'

/** HMAC-SHA-256 over length-prefixed parts: no two different lists of parts give the same bytes. */
function keyedDigest(key: Uint8Array, parts: readonly string[]): Buffer {
  const hmac = createHmac('sha256', key)
  for (const part of parts) {
    const bytes = Buffer.from(part, 'utf8')
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    hmac.update(length).update(bytes)
  }
  return hmac.digest()
}

/** The id as it travels. `nodeId` enters only for weak ids. */
export function hashIdentity(key: IdentityKey, id: RawAcceleratorId, nodeId: string): Identity {
  const scope = id.strength === 'strong' ? '' : nodeId
  const digest = keyedDigest(key.key, [IDENTITY_LABEL, id.vendor, id.strength, scope, id.raw])
  return { keyNumber: key.keyNumber, hash: digest.toString('hex'), strength: id.strength }
}

/** Where a fingerprint came from, best first. */
export const FINGERPRINT_SOURCES = [
  'product_uuid',
  'serials',
  'network_addresses',
  'machine_id',
] as const
export type FingerprintSource = (typeof FINGERPRINT_SOURCES)[number]

export interface Fingerprint {
  readonly source: FingerprintSource
  /** 32 bytes. */
  readonly digest: Uint8Array
}

/**
 * Board makers ship these instead of a number of their own (dmidecode output of many
 * white-box servers); two machines that show one are not the same machine.
 */
const PLACEHOLDERS = new Set([
  '',
  '0',
  'none',
  'default string',
  'not specified',
  'not applicable',
  'system serial number',
  'base board serial number',
  'to be filled by o.e.m.',
  'to be filled by o.e.m',
  '123456789',
  '0123456789',
  '03000200-0400-0500-0006-000700080009',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
])

/**
 * The digest of this machine, keyed by the node's public key so that it means nothing elsewhere.
 * `source` pins the one used at enrollment; `null` when that one (or any) cannot be read.
 */
export function readFingerprint(options: {
  readonly rootPrefix: string
  readonly nodeKey: Uint8Array
  readonly source: FingerprintSource | null
}): Fingerprint | null {
  const sources = options.source === null ? FINGERPRINT_SOURCES : [options.source]
  for (const source of sources) {
    const parts = READERS[source](options.rootPrefix)
    if (parts.length === 0) continue
    const digest = keyedDigest(options.nodeKey, [FINGERPRINT_LABEL, source, ...parts])
    return { source, digest: new Uint8Array(digest) }
  }
  return null
}

const READERS: Readonly<Record<FingerprintSource, (rootPrefix: string) => string[]>> = {
  product_uuid: (root) => readValues(root, ['product_uuid']),
  serials: (root) => readValues(root, ['product_serial', 'board_serial']),
  network_addresses: readPermanentAddresses,
  machine_id: (root) => present([readValue(join(root, '/etc/machine-id'))]),
}

function readValues(root: string, names: readonly string[]): string[] {
  return present(names.map((name) => readValue(join(root, '/sys/class/dmi/id', name))))
}

/** Permanent addresses of physical network cards; virtual ones and drawn addresses are left out. */
function readPermanentAddresses(root: string): string[] {
  const folder = join(root, '/sys/class/net')
  const addresses: (string | null)[] = []
  for (const name of listFolder(folder)) {
    const card = join(folder, name)
    // `device` exists for hardware only; assign type 0 is the address burnt into the card.
    if (!existsSync(join(card, 'device'))) continue
    if (readText(join(card, 'addr_assign_type')) !== '0') continue
    addresses.push(readValue(join(card, 'address')))
  }
  return present(addresses).filter((address) => address !== '00:00:00:00:00:00')
}

function present(values: readonly (string | null)[]): string[] {
  return values.filter((value): value is string => value !== null).sort()
}

function listFolder(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    // No such folder: this machine does not offer the source.
    return []
  }
}

/** `null` also for what a maker wrote in place of a value. */
function readValue(path: string): string | null {
  const text = readText(path)
  return text === null || PLACEHOLDERS.has(text) ? null : text
}

/** One lower-case line; `null` when it cannot be read. */
function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim().toLowerCase()
  } catch {
    // Missing or readable by root only: the source is not offered to us.
    return null
  }
}
