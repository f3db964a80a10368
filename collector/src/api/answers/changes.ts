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
import type { JournalEntry } from '../../model/ledger.ts'
import type { Asker } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { instantOut, instantText } from '../schemas.ts'
import { unitsOfDeposits } from './deposits.ts'
import {
  isLendingKind,
  LENDING_KINDS,
  type LendingKind,
  lendingChangeParts,
  namedDraws,
  type ToldLending,
  toldLending,
} from './draw-changes.ts'
import { seenSites } from './draw-scope.ts'
import {
  isOfferKind,
  OFFER_KINDS,
  type OfferKind,
  offerChangeParts,
  type ToldOffer,
  toldOffer,
} from './lot-changes.ts'

/** Entries looked at for one answer; feed kinds are a fraction of them. */
const LOOK_ENTRIES_MAX = 2_000

export const changeSchema = z
  .object({
    cursor: z.string(),
    kind: z.enum([...OFFER_KINDS, ...LENDING_KINDS]),
    at: instantOut,
    ...offerChangeParts,
    ...lendingChangeParts,
  })
  .meta({ id: 'Change' })
export type Change = z.infer<typeof changeSchema>

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
  const [, ofGeneration, seq] = /^(\d{1,15})\.(\d{1,15})$/.exec(text) ?? []
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

/** An entry of the feed, read. */
type Found =
  | { readonly entry: JournalEntry; readonly kind: OfferKind; readonly offer: ToldOffer }
  | { readonly entry: JournalEntry; readonly kind: LendingKind; readonly lending: ToldLending }

export async function changesAfter(
  context: ApiContext,
  asker: Asker,
  after: { readonly seq: number; readonly limit: number },
): Promise<Changes> {
  const entries = await context.store.readJournal(after.seq, LOOK_ENTRIES_MAX)
  const found: Found[] = []
  let seq = after.seq
  for (const entry of entries) {
    if (found.length >= after.limit) break
    seq = entry.seq
    const one = foundIn(entry)
    if (one !== null) found.push(one)
  }
  return { changes: await shownTo(context, asker, found), seq }
}

function foundIn(entry: JournalEntry): Found | null {
  const { kind } = entry
  if (isOfferKind(kind)) return { entry, kind, offer: toldOffer(entry) }
  if (isLendingKind(kind)) return { entry, kind, lending: toldLending(entry) }
  return null
}

/** Those that are the asker's, each as the asker may see it. */
async function shownTo(
  context: ApiContext,
  asker: Asker,
  found: readonly Found[],
): Promise<readonly Change[]> {
  if (found.length === 0) return []
  const unitIds = found.flatMap((one) => ('offer' in one ? one.offer.unitIds : []))
  const drawIds = found.flatMap((one) => ('lending' in one ? (one.lending.drawId ?? []) : []))
  const sites = await seenSites(context, asker)
  const [units, draws] = await Promise.all([
    unitsOfDeposits(context, asker, unitIds),
    namedDraws(context, sites, drawIds),
  ])
  return found.flatMap((one): Change[] => {
    const parts =
      'offer' in one
        ? one.offer.changeFor(context, asker, units)
        : one.lending.changeFor(context, { asker, sites }, draws)
    if (parts === null) return []
    const cursor = cursorText(context.ledger.generation, one.entry.seq)
    return [{ cursor, kind: one.kind, at: instantText(one.entry.atMs), ...parts }]
  })
}
