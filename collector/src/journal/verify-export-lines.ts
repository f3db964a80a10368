/**
 * The lines of a jsonl export as `verify` reads them: one object per line with its `type`. What the
 * checks rest on is read strictly; lines of other types, later ones among them, are covered by the
 * hash of the export and by nothing else.
 */
import { parseJson } from '@yiben/shared'
import { z } from 'zod'
import { HASH_SHAPE } from './format.ts'

const instant = z.iso.datetime().transform((text) => Date.parse(text))
const hash = z.string().regex(HASH_SHAPE)
const count = z.number().int().nonnegative()

const ledgerLine = z.object({
  type: z.literal('ledger'),
  generation: count,
  origin: z.string(),
  from: instant,
  to: instant,
  known_at: instant,
})

const checkpointLine = z.strictObject({
  type: z.literal('checkpoint'),
  algorithm: count,
  note: z.string(),
})

const proofLine = z.strictObject({
  type: z.literal('consistency_proof'),
  from: count,
  to: count,
  proof: z.array(hash),
})

const bucketLine = z.object({
  type: z.literal('bucket'),
  hour: instant,
  site_code: z.string(),
  owner_code: z.string(),
  vendor: z.string(),
  printed_name: z.string(),
  memory_total_mib: count.nullable(),
  power_cap_watts: count.nullable(),
  version: count,
  cards: count,
  figures: z.record(z.string(), z.string()),
})

const entryLine = z.strictObject({
  type: z.literal('journal_entry'),
  seq: count,
  generation: count,
  kind: z.string(),
  at_ms: z.number().int(),
  canonical: z.string(),
  previous_hash: hash,
  hash,
})

const endLine = z.strictObject({
  type: z.literal('end'),
  lines: count,
  sha256: hash,
  note: z.string().nullable(),
})

const lineSchema = z.discriminatedUnion('type', [
  ledgerLine,
  checkpointLine,
  proofLine,
  bucketLine,
  entryLine,
  endLine,
])
type ReadLine = z.output<typeof lineSchema>
export type ExportLine = ReadLine | { readonly type: 'other' }
export type LineOf<Type extends ReadLine['type']> = Extract<ReadLine, { readonly type: Type }>

const otherLine = z.object({ type: z.string().regex(/^[a-z][a-z_]{0,63}$/) })
const READ_TYPES = new Set<string>(lineSchema.options.map((option) => option.shape.type.value))

/** `null` for bytes that are no line of an export. */
export function readExportLine(bytes: Uint8Array): ExportLine | null {
  const text = textOf(bytes)
  const value = text === null ? null : parseJson(text)
  const typed = otherLine.safeParse(value)
  if (!typed.success) return null
  if (!READ_TYPES.has(typed.data.type)) return { type: 'other' }
  const parsed = lineSchema.safeParse(value)
  return parsed.success ? parsed.data : null
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}
