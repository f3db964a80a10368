/**
 * One journal entry: its canonical bytes and the hash that links it to the one before.
 *
 * bytes = canonical JSON of {"at_ms","generation","kind","payload","seq","v":1}
 * hash  = SHA-256 over label, previous hash and bytes, each behind its length (4 bytes, big
 *         endian), so that no two triples give the same input
 * The leaf of the Merkle tree is over the same bytes (tree.ts).
 */
import { assert, labelledHash } from '@yiben/shared'
import type { EntrySeq, LedgerGeneration } from '../model/ids.ts'
import {
  ENTRY_KINDS,
  type EntryKind,
  type JournalEntry,
  type JsonObject,
  type OutboxEntry,
} from '../model/ledger.ts'
import type { JournalHead } from '../storage/requests.ts'
import { canonicalBytes, parseCanonical } from './canonical.ts'
import {
  ENTRY_BYTES_MAX,
  ENTRY_FIELDS,
  ENTRY_HASH_LABEL,
  ENTRY_VERSION,
  GENESIS_HASH,
  HASH_SHAPE,
} from './format.ts'

/** Numbers `entry` as the next after `head`. */
export function numberEntry(
  head: JournalHead,
  generation: LedgerGeneration,
  entry: OutboxEntry,
): JournalEntry {
  const seq = (head.seq + 1) as EntrySeq
  const bytes = canonicalBytes({
    v: ENTRY_VERSION,
    generation,
    seq,
    kind: entry.kind,
    at_ms: entry.atMs,
    payload: entry.payload,
  })
  assert(bytes.length <= ENTRY_BYTES_MAX, `an entry of kind ${entry.kind} fits its bound`)
  const previousHash = previousOf(head)
  const hash = entryHash(previousHash, bytes)
  return { seq, generation, kind: entry.kind, atMs: entry.atMs, bytes, previousHash, hash }
}

/** The hash the entry after `head` has to name. */
function previousOf(head: JournalHead): string {
  return head.seq === 0 ? GENESIS_HASH : head.hash
}

function entryHash(previousHash: string, bytes: Uint8Array): string {
  assert(HASH_SHAPE.test(previousHash), 'a previous hash is 32 bytes in lower-case hex')
  const hash = labelledHash(ENTRY_HASH_LABEL, Buffer.from(previousHash, 'hex'), bytes)
  return Buffer.from(hash).toString('hex')
}

export interface DecodedEntry {
  readonly generation: number
  readonly seq: number
  readonly kind: EntryKind
  readonly atMs: number
  readonly payload: JsonObject
}

/** Reads bytes of our own journal; `null` unless they are exactly what `numberEntry` writes. */
export function decodeEntry(bytes: Uint8Array): DecodedEntry | null {
  if (bytes.length > ENTRY_BYTES_MAX) return null
  const fields = parseCanonical(bytes)
  if (fields === null || Object.keys(fields).join() !== ENTRY_FIELDS.join()) return null
  const { v, generation, seq, at_ms: atMs, payload } = fields
  const kind = ENTRY_KINDS.find((one) => one === fields.kind)
  if (v !== ENTRY_VERSION || kind === undefined) return null
  if (typeof generation !== 'number' || typeof seq !== 'number') return null
  if (typeof atMs !== 'number' || !isPlainObject(payload)) return null
  return { generation, seq, kind, atMs, payload }
}

function isPlainObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
