/**
 * What a parent and a child say to each other about draws: JSON, packed with raw DEFLATE, whose draws
 * and lots are those of the public interface. Read once, here, with bounds on all of it: whatever is no
 * answer is none.
 */
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import { ASK_HOPS_MAX, parseJson, VENDORS } from '@yiben/shared'
import { z } from 'zod'
import { drawSchema } from '../api/answers/draw-schema.ts'
import { refusalOf } from '../bank/draw-refusal.ts'
import { CARDS_PER_DRAW_MAX } from '../bank/draw-request.ts'
import {
  DRAW_REFUSALS,
  DRAW_STATES,
  type DrawRefusal,
  type DrawRequest,
  SWAPS,
} from '../model/draw.ts'
import type { PlacedDraw } from '../model/placed-draw.ts'
import { lotAtOwner } from './ids.ts'

/** Draws of 1,024 cards with everything that is told of each are a megabyte; so are lots of a province. */
const JSON_BYTES_MAX = 8 * 1024 * 1024
export const STATES_MAX = 64
export const LOTS_TOLD_MAX = 1_000
export const LEDGERS_TOLD_MAX = 1_000
const TEXT_MAX = 200

const text = z.string().max(TEXT_MAX)
const whole = z.number().int().min(0)
const amount = z.string().regex(/^\d{1,30}$/)
const listOrAll = z.union([z.literal('all'), z.array(text).max(10_000)])
const scopeSchema = z.object({ regions: listOrAll, sites: listOrAll })
const path = z.array(text).max(ASK_HOPS_MAX)

// ---- asked -------------------------------------------------------------------------------------

export const askedHoldSchema = z.object({
  draw_id: text,
  bank: text,
  borrower: text,
  contract: text,
  lots: z.array(z.object({ lot_id: text, cards: whole })).max(CARDS_PER_DRAW_MAX),
  for_ms: whole,
  hold_ms: whole,
  swap: z.enum(SWAPS),
  confidence_ppm: whole.nullable(),
  unfenced: z.boolean(),
  keep_in_silence: z.boolean(),
  scope: scopeSchema,
})
export type AskedHold = z.infer<typeof askedHoldSchema>

export const askedStepSchema = z.object({
  draw_id: text,
  until_ms: whole.optional(),
  cards: z.union([z.literal('all'), z.array(whole).max(CARDS_PER_DRAW_MAX)]).optional(),
})
export type AskedStep = z.infer<typeof askedStepSchema>

/** Each with the version that is known of it: what has not changed is left out of the answer. */
export const askedStatesSchema = z.object({
  draws: z.array(z.object({ draw_id: text, version: whole })).max(STATES_MAX),
})
export type AskedStates = z.infer<typeof askedStatesSchema>

export const askedCapacitySchema = z.object({
  request: z.object({
    filters: z.object({
      model: text.nullable(),
      vendor: z.enum(VENDORS).nullable(),
      domestic: z.boolean().nullable(),
      memoryGibMin: z.number().nullable(),
      region: text.nullable(),
      hub: text.nullable(),
      forMs: whole.nullable(),
      includesUnfenced: z.boolean(),
    }),
    amount: z
      .discriminatedUnion('unit', [
        z.object({ unit: z.literal('cards'), cards: whole }),
        z.object({ unit: z.literal('p'), nano_tflops: amount }),
      ])
      .nullable(),
    cardsPerNode: whole.nullable(),
    isSameSite: z.boolean(),
    confidence: z.number().nullable(),
  }),
  scope: scopeSchema,
  limit: whole.max(LOTS_TOLD_MAX),
  /** Collectors that may still hand it down below the one that is asked. */
  hops: whole.max(ASK_HOPS_MAX),
})
export type AskedCapacity = z.infer<typeof askedCapacitySchema>

// ---- answered ----------------------------------------------------------------------------------

const toldDrawSchema = drawSchema.extend({ state: z.enum(DRAW_STATES) })
/** A draw as the collector that has its cards answers it. */
export type DrawTold = z.infer<typeof toldDrawSchema>

const toldRefusalSchema = z
  .object({
    code: text,
    sentence: z.string().max(1_000),
    reason: text.nullable(),
    cards_available: whole.nullable(),
  })
  .transform(({ cards_available: cardsAvailable, code, reason, sentence }): DrawRefusal => {
    const known = DRAW_REFUSALS.find((one) => one === code)
    // Of a newer program: it declines, for a reason that has a name there.
    if (known === undefined) return refusalOf('declined', { reason: code, cardsAvailable })
    return { code: known, sentence, reason, cardsAvailable }
  })

export const toldResultSchema = z.discriminatedUnion('status', [
  z.object({ status: z.literal('done'), draw: toldDrawSchema }),
  z.object({
    status: z.literal('refused'),
    refusal: toldRefusalSchema,
    draw: toldDrawSchema.nullable(),
  }),
])
export type ToldResult = z.output<typeof toldResultSchema>
/** The same as it is sent. */
export type ResultWords = z.input<typeof toldResultSchema>

export const toldStatesSchema = z.object({
  /** `null`: its ledger has no such draw. */
  draws: z.array(z.object({ draw_id: text, draw: toldDrawSchema.nullable() })).max(STATES_MAX),
  /** It was restored and does not know yet what is lent: it asks to be asked for live draws again. */
  recovering: z.boolean(),
})
export type ToldStates = z.infer<typeof toldStatesSchema>

/** What one ledger has for a request. */
const placeSchema = z.object({
  path,
  name: text,
  satisfied: z.boolean(),
  cards: whole,
  nano_tflops: amount,
  lots_total: whole,
  /** As `GET /v1/capacity` lists them. */
  lots: z.array(z.looseObject({ lot_id: text })).max(LOTS_TOLD_MAX),
  available: z.object({ cards: whole, nano_tflops: amount }),
  suspended_cards: whole,
  probability: z.number().min(0).max(1).nullable(),
})
export type ToldPlace = z.infer<typeof placeSchema>

const unheardSchema = z.object({ path, name: text })
/** One of which nothing is known now. */
export type UnheardPlace = z.infer<typeof unheardSchema>

export const toldCapacitySchema = z.object({
  places: z.array(placeSchema).max(LEDGERS_TOLD_MAX),
  unheard: z.array(unheardSchema).max(LEDGERS_TOLD_MAX),
})
export type ToldCapacity = z.infer<typeof toldCapacitySchema>

/** As it is sent. */
export function refusalTold({ cardsAvailable, ...refusal }: DrawRefusal) {
  return { ...refusal, cards_available: cardsAvailable }
}

/** What is asked for, lots by the ids of the collector that has them. */
export function askedHoldOf({ request, scope }: PlacedDraw): AskedHold {
  return {
    draw_id: request.drawId,
    bank: request.bank,
    borrower: request.borrower,
    contract: request.contract,
    lots: lotsIn(request),
    for_ms: request.forMs,
    hold_ms: request.holdMs,
    swap: request.swap,
    confidence_ppm: request.confidencePpm,
    unfenced: request.isUnfencedTaken,
    keep_in_silence: request.isKeptInSilence,
    scope: {
      regions: scope.regions === 'all' ? 'all' : [...scope.regions],
      sites: scope.sites === 'all' ? 'all' : [...scope.sites],
    },
  }
}

function lotsIn({ what }: DrawRequest) {
  if (what.kind === 'pool') return []
  return what.lots.map(({ cards, lotId }) => ({ lot_id: lotAtOwner(lotId), cards }))
}

// ---- packed ------------------------------------------------------------------------------------

export function packed(words: object): Uint8Array {
  return deflateRawSync(JSON.stringify(words), { level: constants.Z_BEST_SPEED })
}

/** `null` for whatever does not say what it should. */
export function unpacked<Words>(schema: z.ZodType<Words>, body: Uint8Array): Words | null {
  let json: string
  try {
    json = inflateRawSync(body, { maxOutputLength: JSON_BYTES_MAX }).toString('utf8')
  } catch {
    // Cut short, no DEFLATE at all, or far more than anybody has to say.
    return null
  }
  return schema.safeParse(parseJson(json)).data ?? null
}
