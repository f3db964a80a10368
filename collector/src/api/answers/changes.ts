/**
 * The change feed: numbered journal entries of the kinds the bank follows, in order, as the asker
 * may see them. A cursor is `<ledger generation>.<journal number>`: one from another generation, or
 * from the future, belongs to a ledger that is no more and is refused (`cursor_expired`).
 *
 * Reading is at least once: the cursor of an answer covers everything it has looked at, so that a
 * reader who stores it after acting repeats, and never loses.
 */
import { AppError } from '@yiben/shared'
import { z } from 'zod'
import { decodeEntry } from '../../journal/entry.ts'
import type { NodeId, UnitId } from '../../model/ids.ts'
import { DEPOSIT_CLOSE_REASONS, FEED_KINDS } from '../../model/ledger.ts'
import type { Asker } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { instantOut, instantText } from '../schemas.ts'
import { depositOf, depositSchema, type ToldDeposit, unitsOfDeposits } from './deposits.ts'

/** Entries looked at for one answer; feed kinds are a fraction of them. */
const LOOK_ENTRIES_MAX = 2_000

export const changeSchema = z
  .object({
    cursor: z.string(),
    kind: z.enum(['deposit_opened', 'deposit_closed']),
    at: instantOut,
    deposit: depositSchema,
  })
  .meta({ id: 'Change' })
export type Change = z.infer<typeof changeSchema>

/** What the feed takes of an entry's payload (bank/entries.ts). */
const payloadSchema = z.object({
  deposit_id: z.string(),
  unit_id: z.number().int(),
  node_id: z.string(),
  window_start_ms: z.number().int(),
  opened_at_ms: z.number().int(),
  closed_at_ms: z.number().int().nullable().default(null),
  reason: z.enum(DEPOSIT_CLOSE_REASONS).nullable().default(null),
})

export interface Changes {
  readonly changes: readonly Change[]
  /** Journal number up to which everything has been looked at. */
  readonly seq: number
}

export function cursorText(generation: number, seq: number): string {
  return `${generation}.${seq}`
}

/** Throws `request_invalid` or `cursor_expired`. */
export function seqOfCursor(text: string, generation: number): number {
  const [, ofGeneration, seq] = /^(\d{1,9})\.(\d{1,15})$/.exec(text) ?? []
  if (ofGeneration === undefined || seq === undefined) {
    throw new AppError('request_invalid', 'after: must be a cursor this feed has given', {
      fields: { field: 'after' },
    })
  }
  if (Number(ofGeneration) !== generation) {
    const sentence = `the cursor is of ledger generation ${ofGeneration}; this is ${generation}`
    throw new AppError('cursor_expired', `${sentence}: take a new snapshot`)
  }
  return Number(seq)
}

export async function changesAfter(
  context: ApiContext,
  asker: Asker,
  after: { readonly seq: number; readonly limit: number },
): Promise<Changes> {
  const entries = await context.store.readJournal(after.seq, LOOK_ENTRIES_MAX)
  const found: { seq: number; atMs: number; kind: Change['kind']; deposit: ToldDeposit }[] = []
  let seq = after.seq
  for (const entry of entries) {
    if (found.length >= after.limit) break
    seq = entry.seq
    if (!FEED_KINDS.includes(entry.kind)) continue
    const kind = entry.kind === 'deposit_opened' ? entry.kind : 'deposit_closed'
    const deposit = depositOfBytes(entry.bytes)
    found.push({ seq: entry.seq, atMs: entry.atMs, kind, deposit })
  }
  const unitIds = found.map(({ deposit }) => deposit.unitId)
  const units = await unitsOfDeposits(context, asker, unitIds)
  const changes = found.flatMap(({ deposit, ...entry }): Change[] => {
    const unit = units.get(deposit.unitId)
    if (unit === undefined) return []
    return [
      {
        cursor: cursorText(context.ledger.generation, entry.seq),
        kind: entry.kind,
        at: instantText(entry.atMs),
        deposit: depositOf(context, asker, deposit, unit),
      },
    ]
  })
  return { changes, seq }
}

function depositOfBytes(bytes: Uint8Array): ToldDeposit {
  const payload = payloadSchema.parse(decodeEntry(bytes)?.payload)
  return {
    depositId: payload.deposit_id,
    unitId: payload.unit_id as UnitId,
    nodeId: payload.node_id as NodeId,
    windowStartMs: payload.window_start_ms,
    openedAtMs: payload.opened_at_ms,
    closedAtMs: payload.closed_at_ms,
    closeReason: payload.reason,
  }
}
