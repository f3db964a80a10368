/** What a bank sends to hold cards or to book them, and the canonical request that it means. */
import { z } from 'zod'
import { canonicalDraw, type DrawInput } from '../../bank/draw-request.ts'
import type { HoldRequest } from '../../bank/draws.ts'
import { type DrawRequest, SWAPS } from '../../model/draw.ts'
import { instantIn, invalid } from '../schemas.ts'

const HOUR_MS = 3_600_000
const PPM_WHOLE = 1_000_000

const whatIn = {
  lots: z
    .array(z.strictObject({ lot_id: z.string(), cards: z.number().int() }))
    .optional()
    .meta({ description: 'cards of lots, as capacity search showed them' }),
  pool: z
    .strictObject({
      vendor: z.string().optional(),
      model: z.string().optional(),
      domestic: z.boolean().optional(),
      memory_gib_min: z.number().optional(),
      site: z.string().optional(),
      region: z.string().optional(),
      hub: z.string().optional(),
      cards: z.number().int(),
      cards_min: z.number().int().optional().meta({
        description: 'a booking is bound with no fewer; default: all of them',
      }),
      per_node: z.number().int().optional(),
      same_site: z.boolean().optional(),
    })
    .optional()
    .meta({ description: 'so many cards of a kind, chosen by the collector' }),
}

export const drawIn = z.strictObject({
  draw_id: z.string().meta({ description: 'yours, never used before: a retry answers the same' }),
  bank: z.string(),
  borrower: z.string(),
  contract: z.string(),
  ...whatIn,
  start: instantIn.optional().meta({ description: 'later: a booking' }),
  hours: z.number().positive().meta({ description: 'length of the lease' }),
  hold_ms: z.number().int().optional().meta({ description: 'default 30 s, at most 5 min' }),
  swap: z.enum(SWAPS).optional(),
  confidence: z.number().optional().meta({
    description: 'joint: that all of it lasts; of a booking 0.5, 0.8 or 0.95',
  }),
  unfenced: z.boolean().optional().meta({
    description: 'also cards that the owner’s scheduler can still place jobs on',
  }),
  keep_in_silence: z.boolean().optional().meta({
    description: 'the lease outlives any silence of its node, instead of breaking after 10 min',
  }),
})
type DrawBody = z.output<typeof drawIn>

export type BookingRequest = DrawRequest & { readonly startMs: number }

export function isBooking(request: HoldRequest | BookingRequest): request is BookingRequest {
  return request.startMs !== null
}

/** Throws `request_invalid` with the field at fault. */
export function requestOf(body: DrawBody): HoldRequest | BookingRequest {
  if ((body.lots === undefined) === (body.pool === undefined)) {
    throw invalid('lots', 'name lots or a pool, one of them')
  }
  const canonical = canonicalDraw(inputOf(body))
  if (canonical.status === 'invalid') {
    throw invalid(FIELDS[canonical.field] ?? canonical.field, canonical.sentence)
  }
  const { request } = canonical
  const { startMs } = request
  return startMs === null ? { ...request, startMs } : { ...request, startMs }
}

/** Fields that are called otherwise here. */
const FIELDS: Readonly<Record<string, string>> = {
  for: 'hours',
  hold: 'hold_ms',
  cards_per_node: 'per_node',
}

function inputOf(body: DrawBody): DrawInput {
  return {
    drawId: body.draw_id,
    bank: body.bank,
    borrower: body.borrower,
    contract: body.contract,
    what: whatOf(body),
    startMs: body.start ?? null,
    forMs: Math.round(body.hours * HOUR_MS),
    ...(body.hold_ms === undefined ? {} : { holdMs: body.hold_ms }),
    ...(body.swap === undefined ? {} : { swap: body.swap }),
    ...(body.confidence === undefined
      ? {}
      : { confidencePpm: Math.round(body.confidence * PPM_WHOLE) }),
    isUnfencedTaken: body.unfenced ?? false,
    isKeptInSilence: body.keep_in_silence ?? false,
  }
}

function whatOf({ lots, pool }: DrawBody): DrawInput['what'] {
  if (pool === undefined) {
    const named = (lots ?? []).map(({ lot_id: lotId, cards }) => ({ lotId, cards }))
    return { kind: 'cards', lots: named }
  }
  return {
    kind: 'pool',
    cards: pool.cards,
    cardsMin: pool.cards_min ?? null,
    vendor: pool.vendor ?? null,
    model: pool.model ?? null,
    isDomestic: pool.domestic ?? null,
    memoryGibMin: pool.memory_gib_min ?? null,
    siteCode: pool.site ?? null,
    regionCode: pool.region ?? null,
    hub: pool.hub ?? null,
    cardsPerNode: pool.per_node ?? null,
    isSameSite: pool.same_site ?? false,
  }
}
