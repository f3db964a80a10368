/**
 * A draw as it is answered: to who asks for it, and to a parent that placed it here. Nothing in it tells
 * a node to those for whom nodes are opaque.
 */
import { VENDORS } from '@yiben/shared'
import { z } from 'zod'
import { CLAIM_ENDS, CLAIM_STATES, DRAW_REFUSALS, DRAW_STATES, SWAPS } from '../../model/draw.ts'
import { PLACED_STATES_OPEN } from '../../model/placed-draw.ts'
import { instantOut, ratioOut } from '../schemas.ts'

/** What a child can be asked about a draw. */
const PLACED_STEPS = ['hold', 'post', 'void', 'extend', 'return'] as const

export const evidenceSchema = z
  .object({
    sampled_at: instantOut.nullable().meta({
      description: 'of the fresh sample that the node’s acceptance rested on',
    }),
    evidence_class: z.enum(['A', 'B']),
    free_since: instantOut,
    proven_to: instantOut,
    fenced: z.boolean(),
    chance: ratioOut.meta({
      description: 'joint: that all of the draw lasts as promised; null without a forecast',
    }),
    forecast_version: z.string().nullable(),
    forecast_brier: z.number().nullable(),
  })
  .meta({ id: 'GrantEvidence', description: 'what the grant rested on' })

const cardSchema = z.object({
  ordinal: z.number().int().meta({ description: 'names the card within the draw' }),
  lease_id: z.string().nullable(),
  lot_id: z.string().nullable().meta({ description: 'null: no card was found for this place' }),
  state: z.enum(CLAIM_STATES),
  model: z.string().nullable(),
  vendor: z.enum(VENDORS),
  site_code: z.string(),
  start: instantOut.nullable(),
  until: instantOut.nullable().meta({ description: 'end of the promise' }),
  recall_at: instantOut.nullable().meta({ description: 'announced by the owner' }),
  recall_cause: z.string().nullable(),
  ended_at: instantOut.nullable(),
  end: z.enum(CLAIM_ENDS).nullable(),
  clean_at: instantOut.nullable().meta({ description: 'seen free again after the lease' }),
  swap_of: z.number().int().nullable().meta({ description: 'the card whose place it took' }),
  evidence: evidenceSchema.nullable(),
  node_id: z.string().optional(),
  accelerator_id: z.string().optional(),
})

const leaseSchema = z.object({
  lease_id: z.string(),
  start: instantOut,
  until: instantOut,
  cards: z.array(z.number().int()).meta({ description: 'ordinals' }),
  told: z.boolean().meta({ description: 'the node has confirmed the newest notice' }),
  handover: z
    .object({
      kind: z.string(),
      endpoint: z.string().nullable(),
      queue: z.string().nullable(),
      account: z.string().meta({ description: 'whose jobs may run: the draw’s id' }),
      valid_until: instantOut,
    })
    .nullable()
    .meta({ description: 'how the borrower comes to the cards' }),
  node_id: z.string().optional(),
})

export const refusalSchema = z
  .object({
    code: z.enum(DRAW_REFUSALS),
    sentence: z.string(),
    reason: z.string().nullable().meta({ description: 'as the node gave it' }),
    cards_available: z.number().int().nullable(),
  })
  .meta({ id: 'DrawRefusal' })

const lotSchema = z.object({ lot_id: z.string(), cards: z.number().int() })

const placedSchema = z
  .object({
    child_id: z.string().nullable().meta({ description: 'null: nobody was asked' }),
    path: z.array(z.string()).meta({ description: 'the child, then those below it' }),
    waiting_for: z.enum(PLACED_STEPS).nullable().meta({
      description: 'the step that the child has not answered yet: asked again until it has',
    }),
    told_at: instantOut.nullable().meta({ description: 'when the child said what is shown' }),
    refusal: refusalSchema.nullable().meta({ description: 'of the last step that was refused' }),
  })
  .meta({
    id: 'PlacedDraw',
    description: 'of a draw that was placed here and is granted by a collector below this one',
  })

/** What is told of a draw in a list: everything but the single cards. */
const summaryParts = {
  draw_id: z.string(),
  version: z.number().int().meta({ description: 'rises by one with each change' }),
  state: z.enum([...PLACED_STATES_OPEN, ...DRAW_STATES]),
  refusal: refusalSchema.nullable(),
  bank: z.string(),
  borrower: z.string(),
  contract: z.string(),
  swap: z.enum(SWAPS),
  keep_in_silence: z.boolean(),
  confidence: ratioOut,
  cards_asked: z.number().int(),
  cards_live: z.number().int().meta({ description: 'held or lent now' }),
  lots: z.array(lotSchema).meta({ description: 'of the cards that are held or lent now' }),
  site_code: z.string().nullable().meta({ description: 'that a pool was asked of' }),
  model: z.string().nullable().meta({ description: 'that a pool was asked of' }),
  created_at: instantOut,
  hold_until: instantOut.nullable(),
  start: instantOut.nullable(),
  until: instantOut.nullable(),
  ended_at: instantOut.nullable(),
  placed: placedSchema.optional(),
}
export const drawSummarySchema = z.object(summaryParts).meta({ id: 'DrawSummary' })
export type DrawSummary = z.infer<typeof drawSummarySchema>

export const drawSchema = z
  .object({
    demo: z.boolean(),
    ...summaryParts,
    leases: z.array(leaseSchema),
    cards: z.array(cardSchema),
  })
  .meta({ id: 'Draw' })
export type DrawAnswer = z.infer<typeof drawSchema>
