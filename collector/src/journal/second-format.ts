/**
 * The second journal's bytes (SPEC, The second journal): segments of records, each with its length, a
 * checksum and the hash of the record before it. A record is all that was made durable at once, so
 * that a whole one never stands behind one that a killed writer left. Read leniently in one place
 * only: such an end of a segment is cut off. Anything else that is not as written is corruption, told
 * by where it is.
 */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { equalBytes } from '@yiben/shared'
import { z } from 'zod'

const MAGIC = Buffer.from('YIBENSJ1', 'latin1')
const LABEL = 'yiben.second.v1'
const LENGTH_BYTES = 4
const CHECKSUM_BYTES = 4
const HASH_BYTES = 32
const HEAD_BYTES = LENGTH_BYTES + CHECKSUM_BYTES + HASH_BYTES
/** A draw of a hundred thousand cards; a length above it is none. */
const BODY_BYTES_MAX = 256 * 1024 * 1024

/** Hash of what is before the first record. */
export const NO_HASH: Uint8Array = new Uint8Array(HASH_BYTES)

const beginSchema = z.object({
  kind: z.literal('begin'),
  origin: z.string(),
  generation: z.number().int(),
  /** Of the first decision that comes. */
  first_number: z.number().int().min(1),
  at_ms: z.number().int(),
})
export type Begin = z.infer<typeof beginSchema>

const decisionsSchema = z.object({
  kind: z.literal('decisions'),
  first_number: z.number().int().min(1),
  changes: z.array(z.record(z.string(), z.unknown())).min(1),
})

export interface Decision {
  readonly number: number
  /** JSON of the change, parsed. */
  readonly change: Readonly<Record<string, unknown>>
  /** Of the record that it came in. */
  readonly hash: Uint8Array
}

/** One file, read to its end. */
export interface Segment {
  readonly begin: Begin
  /** Of the record that the segment follows on. */
  readonly link: Uint8Array
  readonly decisions: readonly Decision[]
  /** Bytes behind the last whole record: what a killed writer left. */
  readonly tornBytes: number
}

export type SegmentRead =
  | { readonly status: 'read'; readonly segment: Segment }
  /** Not even its first record is whole: nothing in it was ever answered for. */
  | { readonly status: 'empty' }
  | { readonly status: 'corrupted'; readonly atByte: number; readonly sentence: string }

export function beginBody(begin: Omit<Begin, 'kind'>): string {
  return JSON.stringify({ kind: 'begin', ...begin })
}

/** Changes are JSON already. */
export function decisionsBody(firstNumber: number, changes: readonly string[]): string {
  return `{"kind":"decisions","first_number":${firstNumber},"changes":[${changes.join(',')}]}`
}

/** A record behind the one with this hash; the first of a segment comes with the file's first bytes. */
export function encodeRecord(
  body: string,
  link: Uint8Array,
  isFirst = false,
): { readonly bytes: Buffer; readonly hash: Uint8Array } {
  const text = Buffer.from(body, 'utf8')
  const head = Buffer.alloc(LENGTH_BYTES + CHECKSUM_BYTES)
  head.writeUInt32BE(text.length, 0)
  head.writeUInt32BE(checksum(link, text), LENGTH_BYTES)
  const parts = [...(isFirst ? [MAGIC] : []), head, link, text]
  return { bytes: Buffer.concat(parts), hash: hashOf(link, text) }
}

export function readSegment(bytes: Buffer): SegmentRead {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    const isCut = bytes.length < MAGIC.length && MAGIC.subarray(0, bytes.length).equals(bytes)
    return isCut ? { status: 'empty' } : corrupted(0, 'it is no segment of a second journal')
  }
  const first = recordAt(bytes, MAGIC.length)
  if (first === null) return torn(bytes, MAGIC.length) ?? { status: 'empty' }
  const begin = beginSchema.safeParse(first.value)
  if (!begin.success) return corrupted(MAGIC.length, 'its first record does not begin a segment')
  const decisions: Decision[] = []
  let { endByte: atByte, hash: link } = first
  while (atByte < bytes.length) {
    const record = recordAt(bytes, atByte)
    if (record === null) {
      const fault = torn(bytes, atByte)
      if (fault !== null) return fault
      break
    }
    const parsed = decisionsSchema.safeParse(record.value)
    const number = begin.data.first_number + decisions.length
    if (!parsed.success) return corrupted(atByte, `what should be decision ${number} is none`)
    const { changes, first_number: first } = parsed.data
    if (first !== number) {
      return corrupted(atByte, `decision ${first} stands in the place of ${number}`)
    }
    if (!equalBytes(record.link, link)) {
      return corrupted(atByte, `decision ${number} does not follow on the record before it`)
    }
    for (const [index, change] of changes.entries()) {
      decisions.push({ number: first + index, change, hash: record.hash })
    }
    ;({ endByte: atByte, hash: link } = record)
  }
  const segment: Segment = {
    begin: begin.data,
    link: first.link,
    decisions,
    tornBytes: bytes.length - atByte,
  }
  return { status: 'read', segment }
}

interface FoundRecord {
  readonly value: unknown
  readonly link: Uint8Array
  readonly hash: Uint8Array
  readonly endByte: number
}

/** `null`: there is no whole record here. */
function recordAt(bytes: Buffer, atByte: number): FoundRecord | null {
  const bodyAt = atByte + HEAD_BYTES
  if (bodyAt > bytes.length) return null
  const length = bytes.readUInt32BE(atByte)
  const endByte = bodyAt + length
  if (length === 0 || length > BODY_BYTES_MAX || endByte > bytes.length) return null
  const link = bytes.subarray(atByte + LENGTH_BYTES + CHECKSUM_BYTES, bodyAt)
  const body = bytes.subarray(bodyAt, endByte)
  if (bytes.readUInt32BE(atByte + LENGTH_BYTES) !== checksum(link, body)) return null
  return { value: parsedOrNull(body), link, hash: hashOf(link, body), endByte }
}

/** A whole record further on says that this one was whole once: then it is no torn end. */
function torn(bytes: Buffer, atByte: number): SegmentRead | null {
  for (let later = atByte + 1; later + HEAD_BYTES < bytes.length; later += 1) {
    if (recordAt(bytes, later) !== null) {
      return corrupted(atByte, 'a record is damaged, and whole ones follow it')
    }
  }
  return null
}

function corrupted(atByte: number, sentence: string): SegmentRead {
  return { status: 'corrupted', atByte, sentence }
}

function parsedOrNull(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return null
  }
}

function checksum(link: Uint8Array, body: Uint8Array): number {
  return crc32(body, crc32(link))
}

function hashOf(link: Uint8Array, body: Uint8Array): Uint8Array {
  const digest = createHash('sha256')
  for (const part of [Buffer.from(LABEL, 'utf8'), link, body]) {
    const length = Buffer.alloc(LENGTH_BYTES)
    length.writeUInt32BE(part.length)
    digest.update(length).update(part)
  }
  return new Uint8Array(digest.digest())
}
