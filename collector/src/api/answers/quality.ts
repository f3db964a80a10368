/** What `/v1/quality` answers: lists that are cut, with totals that are not. */
import { z } from 'zod'
import { instantOut } from '../schemas.ts'
import { childQualitySchema } from './children.ts'
import { conflictSchema } from './conflicts.ts'
import { findingSchema } from './findings.ts'
import { forecastQualitySchema } from './forecast.ts'

function listOf<Row extends z.ZodType>(row: Row) {
  return z.object({ total: z.number().int(), rows: z.array(row) })
}

export const refusedSchema = z.object({
  node_id: z.string(),
  epoch: z.string(),
  seq: z.number().int(),
  code: z.string(),
  sentence: z.string(),
  refused_at: instantOut,
})

export const qualitySchema = z.object({
  demo: z.boolean(),
  since: instantOut,
  known_at: instantOut,
  catalogue_version: z.string(),
  collector: z.object({
    clock_accusation: z
      .object({ by_ms: z.number(), sentence: z.string() })
      .nullable()
      .meta({ description: 'the collector doubts its own clock: nothing is deposited anew' }),
    deposits_suspended: z
      .boolean()
      .meta({ description: 'the collector doubts its links: deposits are visible, not drawable' }),
    recovering: z
      .boolean()
      .meta({ description: 'the ledger was restored: nothing is granted, see /v1/recovery' }),
  }),
  forecast: forecastQualitySchema,
  conflicts: listOf(conflictSchema),
  children: childQualitySchema,
  implausible: listOf(findingSchema).meta({
    description: 'what nodes told and no honest one tells, until a person clears it',
  }),
  clones: listOf(
    z.object({
      node_id: z.string(),
      remote_address: z.string(),
      reason: z.enum(['other_fingerprint', 'old_join_state']),
      seen_at: instantOut,
    }),
  ),
  epochs: listOf(
    z.object({
      node_id: z.string(),
      epoch: z.string(),
      previous_epoch: z.string().nullable(),
      begun_as: z
        .enum(['replaced', 'forked'])
        .meta({ description: 'forked: the spool before held other records than were taken' }),
      began_at: instantOut,
    }),
  ),
  refused: listOf(refusedSchema),
  holes: listOf(refusedSchema).meta({
    description: 'the refused rows that name time a node left out: booked unknown(refused)',
  }),
  silences: listOf(
    z.object({
      node_id: z.string(),
      unit_id: z.number().int().nullable(),
      cause: z.string(),
      from: instantOut,
      to: instantOut.nullable(),
      declared_at: instantOut,
    }),
  ),
  clock_offsets: listOf(
    z.object({
      node_id: z.string(),
      clock_offset_ms: z.number(),
      depositable: z.boolean(),
    }),
  ),
  clock_steps: listOf(
    z.object({
      node_id: z.string(),
      at: instantOut.meta({ description: 'end of the tick that told it: a minute at most after' }),
      step_ms: z.number().int(),
    }),
  ).meta({ description: 'steps of the wall clock of a node: evidence, no interval is moved' }),
  clock_gaps: listOf(
    z.object({ node_id: z.string(), from: instantOut, to: instantOut }).meta({
      description: 'where a node has mended its timeline after a wrong clock: unknown(clock)',
    }),
  ),
  suspended_nodes: listOf(z.object({ node_id: z.string(), last_heard_at: instantOut })),
  unrated_models: listOf(
    z.object({ vendor: z.string(), printed_name: z.string(), cards: z.number().int() }),
  ),
  weak_identities: listOf(
    z.object({ node_id: z.string(), unit_id: z.number().int(), identity: z.string().nullable() }),
  ),
})
export type QualityAnswer = z.infer<typeof qualitySchema>
