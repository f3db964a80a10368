/**
 * Lots as the asker may see them: what they are, where they stand and on what terms. The bank and
 * everybody else get the opaque id; nodes are named only to those for whom they are not opaque.
 */
import { VENDORS } from '@yiben/shared'
import { z } from 'zod'
import type { LotSite } from '../../bank/capacity-index.ts'
import { FENCES, freeSinceMsOf, isWholeNode, type Lot } from '../../bank/lots.ts'
import { isOpaqueFor } from '../access.ts'
import type { Asker } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { decimalOut, instantOrNull, instantOut } from '../schemas.ts'
import { petaText } from './ledger.ts'
import { siteRecordOf, siteRecordSchema } from './site-record.ts'

export const FENCE_SENTENCE =
  'whether the owner’s scheduler can still place jobs of its own on the lot: it cannot on a fenced ' +
  'one. A node whose policy states no fence is unfenced'

export const lotSchema = z
  .object({
    lot_id: z.string().meta({ description: 'opaque; the same for as long as the lot lasts' }),
    model: z.string().nullable().meta({ description: 'null: the catalogue does not know it' }),
    vendor: z.enum(VENDORS),
    domestic: z.boolean().nullable(),
    memory_gib: z.number().nullable().meta({ description: 'of one card, nominal where known' }),
    memory_total_mib: z.number().nullable().meta({ description: 'of one card, as reported' }),
    cards: z.number().int().meta({ description: 'cards of the lot that can be drawn now' }),
    cards_deposited: z.number().int().meta({ description: 'its open deposits' }),
    p: decimalOut.nullable().meta({ description: 'P of `cards`; null when the model is unrated' }),
    whole_node: z.boolean().meta({ description: '`cards` are all the cards of their node' }),
    site_code: z.string(),
    region_code: z.string(),
    hub: z.string().nullable(),
    free_since: instantOut.nullable().meta({ description: 'of the card free shortest' }),
    free_since_first: instantOut.nullable().meta({ description: 'of the card free longest' }),
    proven_to: instantOut.nullable().meta({ description: 'of the card proven longest ago' }),
    window_age_ms_min: z.number().int().nullable(),
    window_age_ms_max: z.number().int().nullable(),
    lease_ms_max: z.number().int().nullable().meta({
      description: 'longest lease that the owner consents to',
    }),
    open_until: instantOut.nullable().meta({
      description: 'end of the owner’s hours: no lease reaches beyond it; null: none in sight',
    }),
    fence: z.enum(FENCES).meta({ description: FENCE_SENTENCE }),
    suspended: z.boolean().meta({ description: 'visible, not drawable: the node is not heard' }),
    site_record: siteRecordSchema.nullable().meta({
      description: 'null: no lease has ended there in 90 days',
    }),
    node_id: z.string().optional(),
  })
  .meta({ id: 'Lot' })
export type LotAnswer = z.infer<typeof lotSchema>

export function lotAnswerOf(
  { clock, isSuspended, siteRecords }: Pick<ApiContext, 'clock' | 'isSuspended' | 'siteRecords'>,
  asker: Asker,
  lot: Lot,
  site: Omit<LotSite, 'ordinal'>,
): LotAnswer {
  const { cards, drawable, kind } = lot
  const record = siteRecords.of(site.code)
  return {
    lot_id: lot.id,
    model: kind.model,
    vendor: kind.vendor,
    domestic: kind.domestic,
    memory_gib: kind.memoryGib,
    memory_total_mib: lot.memoryTotalMib,
    cards: drawable.length,
    cards_deposited: cards.length,
    p: petaOf(lot, drawable.length),
    whole_node: isWholeNode(lot),
    site_code: site.code,
    region_code: site.regionCode,
    hub: site.hub,
    ...windowsOf(lot),
    lease_ms_max: lot.leaseMsMax,
    open_until: instantOrNull(lot.hours.openUntilMs(clock.wallMs())),
    fence: lot.fence,
    suspended: isSuspended(lot.nodeId),
    site_record: record === null ? null : siteRecordOf(record),
    ...(isOpaqueFor(asker.role) ? {} : { node_id: lot.nodeId }),
  }
}

/** P of so many of its cards; `null` when the model is unrated. */
export function petaOf({ kind }: Lot, cards: number): string | null {
  return kind.nanoTflops === null ? null : petaText(BigInt(cards) * kind.nanoTflops)
}

/** Ages are of proven time: what comes after the last proof is nobody's. */
function windowsOf(lot: Lot) {
  const { drawable } = lot
  const ages = drawable.map(({ window }) => window.provenToMs - window.ageStartMs)
  const provenToMs = Math.min(...drawable.map(({ window }) => window.provenToMs))
  const isEmpty = drawable.length === 0
  return {
    free_since: instantOrNull(freeSinceMsOf(lot)),
    free_since_first: instantOrNull(drawable[0]?.window.ageStartMs ?? null),
    proven_to: instantOrNull(isEmpty ? null : provenToMs),
    window_age_ms_min: isEmpty ? null : Math.min(...ages),
    window_age_ms_max: isEmpty ? null : Math.max(...ages),
  }
}
