/**
 * The reader's own understanding of an entry's bytes: canonical JSON of six fields, and the hash
 * that links it to the one before. Shares nothing with the side that writes entries but the format;
 * kinds it does not know are read too, so that an older program verifies a newer ledger.
 */
import { createHash } from 'node:crypto'
import {
  ENTRY_BYTES_MAX,
  ENTRY_DEPTH_MAX,
  ENTRY_FIELDS,
  ENTRY_HASH_LABEL,
  ENTRY_VERSION,
} from './format.ts'

export interface ReadEntry {
  readonly generation: number
  readonly seq: number
  readonly kind: string
  readonly atMs: number
  readonly payload: Readonly<Record<string, unknown>>
}

const KIND_SHAPE = /^[a-z][a-z_]{0,63}$/

/** `null` unless the bytes are the one canonical form of an entry. */
export function readEntry(bytes: Uint8Array): ReadEntry | null {
  if (bytes.length > ENTRY_BYTES_MAX) return null
  const fields = readCanonicalObject(bytes)
  if (fields === null || Object.keys(fields).join() !== ENTRY_FIELDS.join()) return null
  const { at_ms: atMs, generation, kind, payload, seq, v } = fields
  if (v !== ENTRY_VERSION || typeof kind !== 'string' || !KIND_SHAPE.test(kind)) return null
  if (typeof atMs !== 'number' || typeof generation !== 'number') return null
  if (typeof seq !== 'number' || !isObject(payload)) return null
  return { generation, seq, kind, atMs, payload }
}

/** SHA-256 over label, previous hash and bytes, each behind its length in 4 bytes, big endian. */
export function linkHash(previousHash: string, bytes: Uint8Array): string {
  const hash = createHash('sha256')
  const label = Buffer.from(ENTRY_HASH_LABEL, 'utf8')
  for (const part of [label, Buffer.from(previousHash, 'hex'), bytes]) {
    const length = new Uint8Array(4)
    new DataView(length.buffer).setUint32(0, part.length)
    hash.update(length).update(part)
  }
  return hash.digest('hex')
}

/** `null` unless the bytes are the one canonical form of an object. */
export function readCanonicalObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | null {
  const text = textOf(bytes)
  if (text === null) return null
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) && writtenForm(value, 0) === text ? value : null
  } catch {
    // No JSON, or nested deeper than the stack: in either case not the form.
    return null
  }
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

/** How RFC 8785 writes the value, numbers only as safe integers; `null` for what has no form. */
function writtenForm(value: unknown, depth: number): string | null {
  if (depth > ENTRY_DEPTH_MAX) return null
  switch (typeof value) {
    case 'boolean':
      return value ? 'true' : 'false'
    case 'number':
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? `${value}` : null
    case 'string':
      return value.isWellFormed() ? JSON.stringify(value) : null
    case 'object':
      return value === null ? 'null' : writtenParts(value, depth)
    default:
      return null
  }
}

function writtenParts(value: object, depth: number): string | null {
  const parts = Array.isArray(value)
    ? value.map((item) => writtenForm(item, depth + 1))
    : [...Object.entries(value)]
        // Strings compare by UTF-16 code unit, as the RFC asks.
        .sort(([left], [right]) => (left < right ? -1 : 1))
        .map(([key, field]) => {
          const [name, form] = [writtenForm(key, depth), writtenForm(field, depth + 1)]
          return name === null || form === null ? null : `${name}:${form}`
        })
  if (parts.includes(null)) return null
  return Array.isArray(value) ? `[${parts.join(',')}]` : `{${parts.join(',')}}`
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
