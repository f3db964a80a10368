/**
 * Entries of deposits and lots as the change feed tells them (bank/entries.ts, bank/promises.ts): what
 * came into a lot, what left it and why, how many cards are in it then, how many of them will last.
 * Ledgers older than lots have entries of single deposits; they are told as they are.
 */
import { z } from 'zod'
import { decodeEntry } from '../../journal/entry.ts'
import type { NodeId, UnitId } from '../../model/ids.ts'
import type { UnitRow } from '../../model/inventory.ts'
import { DEPOSIT_CLOSE_REASONS, type EntryKind, type JournalEntry } from '../../model/ledger.ts'
import type { Asker } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { depositOf, depositSchema, type ToldDeposit } from './deposits.ts'

const DEPOSIT_KINDS = ['deposit_opened', 'deposit_closed'] as const
const LOT_KINDS = ['lot_opened', 'lot_changed', 'lot_closed', 'lot_promised'] as const
export const OFFER_KINDS = [...DEPOSIT_KINDS, ...LOT_KINDS] as const
export type OfferKind = (typeof OFFER_KINDS)[number]

const lotSchema = z.object({
  lot_id: z.string().nullable().meta({ description: 'null: of cards that are known no longer' }),
  model: z.string().nullable(),
  site_code: z.string().nullable(),
  cards: z.number().int().meta({ description: 'open deposits of the lot from then on' }),
  opened: z.array(depositSchema),
  closed: z.array(depositSchema),
  renewed: z.array(depositSchema).meta({ description: 'come back from a lease, in a new window' }),
  promised: z
    .array(z.object({ for_ms: z.number().int(), cards: z.number().int() }))
    .meta({ description: 'cards that last so long with 90 %; empty unless it has changed' }),
})

/** Of every kind that is about deposits; which parts there are depends on the kind. */
export const offerChangeParts = {
  deposit: depositSchema.optional().meta({ description: 'of a single card, in older entries' }),
  lot: lotSchema.optional(),
}
export interface OfferChange {
  readonly deposit?: z.infer<typeof depositSchema>
  readonly lot?: z.infer<typeof lotSchema>
}

const cardSchema = z.object({
  deposit_id: z.string(),
  unit_id: z.number().int(),
  window_start_ms: z.number().int(),
  opened_at_ms: z.number().int(),
  closed_at_ms: z.number().int().nullable().default(null),
  reason: z.enum(DEPOSIT_CLOSE_REASONS).nullable().default(null),
})
const depositEntrySchema = cardSchema.extend({ node_id: z.string() })
const lotEntrySchema = z.object({
  lot_id: z.string().nullable(),
  node_id: z.string(),
  site: z.string().nullable(),
  model: z.string().nullable(),
  cards: z.number().int(),
  opened: z.array(cardSchema).default([]),
  closed: z.array(cardSchema).default([]),
  renewed: z.array(cardSchema).default([]),
  promised: z.array(z.object({ for_ms: z.number().int(), cards: z.number().int() })).default([]),
  unit_ids: z.array(z.number().int()).default([]),
})

/** An entry, read; shown to those who may see any of its cards. */
export interface ToldOffer {
  readonly unitIds: readonly UnitId[]
  /** `null` when none of the cards is among `units`. */
  changeFor(
    context: ApiContext,
    asker: Asker,
    units: ReadonlyMap<UnitId, UnitRow>,
  ): OfferChange | null
}

export function isOfferKind(kind: EntryKind): kind is OfferKind {
  return OFFER_KINDS.some((one) => one === kind)
}

export function toldOffer({ bytes, kind }: JournalEntry): ToldOffer {
  const payload = decodeEntry(bytes)?.payload
  return DEPOSIT_KINDS.some((one) => one === kind) ? toldDeposit(payload) : toldLot(payload)
}

function toldDeposit(payload: unknown): ToldOffer {
  const { node_id: nodeId, ...card } = depositEntrySchema.parse(payload)
  const deposit = depositOfCard(card, nodeId)
  return {
    unitIds: [deposit.unitId],
    changeFor: (context, asker, units) => {
      const [shown] = depositsShown(context, asker, units, [deposit])
      return shown === undefined ? null : { deposit: shown }
    },
  }
}

function toldLot(payload: unknown): ToldOffer {
  const entry = lotEntrySchema.parse(payload)
  const [opened, closed, renewed] = [entry.opened, entry.closed, entry.renewed].map((cards) =>
    cards.map((card) => depositOfCard(card, entry.node_id)),
  )
  const all = [...(opened ?? []), ...(closed ?? []), ...(renewed ?? [])]
  const unitIds = [...all.map(({ unitId }) => unitId), ...entry.unit_ids.map((id) => id as UnitId)]
  return {
    unitIds,
    changeFor: (context, asker, units) => {
      if (!unitIds.some((unitId) => units.has(unitId))) return null
      const shown = (deposits: readonly ToldDeposit[] = []) =>
        depositsShown(context, asker, units, deposits)
      const lot = {
        lot_id: entry.lot_id,
        model: entry.model,
        site_code: entry.site,
        cards: entry.cards,
        opened: shown(opened),
        closed: shown(closed),
        renewed: shown(renewed),
        promised: entry.promised,
      }
      return { lot }
    },
  }
}

function depositOfCard(card: z.output<typeof cardSchema>, nodeId: string): ToldDeposit {
  return {
    depositId: card.deposit_id,
    unitId: card.unit_id as UnitId,
    nodeId: nodeId as NodeId,
    windowStartMs: card.window_start_ms,
    openedAtMs: card.opened_at_ms,
    closedAtMs: card.closed_at_ms,
    closeReason: card.reason,
  }
}

function depositsShown(
  context: ApiContext,
  asker: Asker,
  units: ReadonlyMap<UnitId, UnitRow>,
  deposits: readonly ToldDeposit[],
): z.infer<typeof depositSchema>[] {
  return deposits.flatMap((deposit) => {
    const unit = units.get(deposit.unitId)
    return unit === undefined ? [] : [depositOf(context, asker, deposit, unit)]
  })
}
