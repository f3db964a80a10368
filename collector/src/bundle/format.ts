/**
 * The form of a bundle: what a collector tells its parent as one signed file, for networks that let
 * files through and no connections.
 *
 *   line 1   a sentence for whoever finds the file
 *   line 2   the header, JSON
 *   records  each: its length as 4 bytes, most significant first, then `Record` of link.proto
 *   4 zeros  the end of the records
 *   line     the trailer, JSON: how many records, SHA-256 of all before the trailer, signature over it
 *
 * Bundles of a ledger are numbered from 1 without gaps, and each names the hash of the one before, so
 * that a lost, swapped or forged one shows. Records are absolute and carry their versions: the same
 * one twice, or an old one late, does no harm. A full bundle needs none before it.
 */
import { lengthPrefixed } from '@yiben/shared'
import { z } from 'zod'

export const BUNDLE_FORMAT = 1
export const FIRST_LINE =
  'Yiben bundle: signed records of a collector; take it in with `yiben-collector bundle import FILE`\n'
export const HEADER_BYTES_MAX = 16 * 1024
export const TRAILER_BYTES_MAX = 4 * 1024
export const LENGTH_BYTES = 4

const hex = z
  .string()
  .regex(/^([0-9a-f]{2})+$/)
  .max(400)
const whole = z.number().int().min(0)
/** How far the lanes of the feed have been told. */
export const cursorSchema = z.object({ collectors: whole, facts: whole, hours: whole })

export const headerSchema = z.object({
  format: z.literal(BUNDLE_FORMAT),
  /** Identity key of the ledger, raw; it signs the bundle. */
  origin: hex,
  algorithm: z.number().int().min(1),
  name: z.string().max(200),
  /** Of the ledger, when it was written. */
  generation: z.number().int().min(1),
  /** Identity key of the parent, where it is known. */
  parent: hex.nullable(),
  number: z.number().int().min(1),
  /** Hash of the bundle before; `null` for the first. */
  previous: hex.nullable(),
  /** Everything there is: it needs no bundle before it. */
  full: z.boolean(),
  /** It tells what has changed in the ledger's feed since then; the next one goes on where it ends. */
  after: cursorSchema,
  written_at_ms: whole,
  program_version: z.string().max(64),
})
export type BundleHeader = Readonly<z.infer<typeof headerSchema>>

export const trailerSchema = z.object({
  records: whole,
  sha256: hex,
  signature: hex,
})
export type BundleTrailer = Readonly<z.infer<typeof trailerSchema>>

/** What the identity key of the ledger signs. */
export function signedBytes(hash: Uint8Array): Uint8Array {
  return lengthPrefixed('yiben.bundle.v1', hash)
}
