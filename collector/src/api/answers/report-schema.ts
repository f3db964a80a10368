/**
 * What a monthly report says. Every amount is text or an integer, so that its canonical JSON has one
 * sequence of bytes, and its hash can be made again anywhere.
 */
import { z } from 'zod'
import { EVIDENCE_LEVELS, type EvidenceLevel } from '../../rollup/evidence.ts'
import { LEDGER_STAGES, type LedgerStage } from '../../rollup/ledger.ts'
import type { ReportRow } from '../../storage/report-store.ts'
import { amountOut, decimalOut, instantOut, instantText } from '../schemas.ts'
import { movesOut } from './corrections.ts'
import { definitionSchema } from './definition.ts'
import { shareOut } from './site-record.ts'

const keyed = {
  key: z.string().nullable().meta({ description: 'null: what has none' }),
  name: z.string().nullable().meta({ description: 'as it was called then' }),
}
const rateSchema = z.object({ rate: shareOut, lower: shareOut, upper: shareOut })

const stageSchema = z.object({ cards: z.number().int(), p: decimalOut })
const ledgerRowSchema = z.object({
  ...keyed,
  declared: z.object({
    cards: z.number().int(),
    p: decimalOut,
    p_fp16_sparse: decimalOut,
    p_basis_unstated: decimalOut,
    flag: z
      .object({ sentence: z.string(), sentence_zh: z.string() })
      .nullable()
      .meta({ description: 'declared above the catalogue’s figure for the cards named' }),
  }),
  stages: z.object(
    Object.fromEntries(LEDGER_STAGES.map((stage) => [stage, stageSchema])) as Record<
      LedgerStage,
      typeof stageSchema
    >,
  ),
  not_connected_cards: z.number().int(),
  lapsed_cards: z.number().int(),
  unrated_cards: z.number().int(),
  evidence: z
    .object(
      Object.fromEntries(EVIDENCE_LEVELS.map((level) => [level, stageSchema])) as Record<
        EvidenceLevel,
        typeof stageSchema
      >,
    )
    .meta({ description: 'connected cards by how well it is founded what they did' }),
  coverage: shareOut,
  access_rate: decimalOut.nullable().meta({ description: 'connected P ÷ declared dense P' }),
})
export type ReportLedgerRow = z.infer<typeof ledgerRowSchema>

const measures = {
  coverage: shareOut,
  ranked: z.boolean().meta({ description: 'coverage is at least 0.9' }),
  comparison: z
    .object({
      utilization_zero: shareOut,
      utilization_below_tenth: shareOut,
      allocated_idle: shareOut,
    })
    .meta({ description: 'definitions of idleness in use elsewhere, beside ours' }),
  energy_joules: amountOut.nullable().meta({ description: 'as far as it was read; null: nowhere' }),
  energy_kwh: decimalOut.nullable(),
  p_hours_per_kwh: decimalOut.nullable(),
}

const timeRowSchema = z.object({
  ...keyed,
  hours_sealed: z.number().int(),
  hours_total: z.number().int(),
  p_hours: z.record(z.string(), decimalOut).meta({ description: 'P·h by state and measure' }),
  busy_rate: rateSchema.meta({ description: 'active ÷ (all − unknown), by P·h' }),
  allocation_rate: rateSchema.meta({ description: 'given ÷ (all − unknown), by P·h' }),
  utilization_coverage: shareOut,
  ...measures,
})
export type ReportTimeRow = z.infer<typeof timeRowSchema>

const modelRowSchema = z.object({
  model: z.string().meta({ description: 'of the catalogue; as printed where it is unrated' }),
  vendor: z.string().nullable(),
  figures: z
    .record(z.string(), amountOut)
    .meta({ description: 'card-ms by state, joules, samples' }),
  busy_rate: rateSchema.meta({ description: 'by card time' }),
  allocation_rate: rateSchema,
  ...measures,
})

const outcomesSchema = z.object({
  counted: z.number().int(),
  open: z.number().int(),
  kept: z.number().int(),
  kept_by_swap: z.number().int(),
  broken: z.number().int(),
})

const accountsSchema = z.object({
  p_hours: z.record(z.string(), decimalOut).meta({ description: 'promised, and where it went' }),
  unrated_lines: z.number().int(),
  coverage: shareOut,
  draws: outcomesSchema.meta({ description: 'whose promise begins in the month' }),
  bookings: outcomesSchema,
  promises_kept: shareOut.meta({ description: 'of draws that are over, with swaps' }),
  promises_kept_without_swap: shareOut,
})

const rankedSchema = z.object({ ...keyed, busy_rate: shareOut, coverage: shareOut })
const rankingSchema = z.object({
  by: z.literal('site'),
  coverage_min: z.string(),
  sites: z.number().int(),
  unranked: z.number().int().meta({ description: 'below that coverage: shown, not ranked' }),
  top: z.array(rankedSchema).meta({ description: 'highest busy rate first' }),
  bottom: z.array(rankedSchema).meta({ description: 'lowest first' }),
})

export const adjustmentSchema = z.object({
  month: z.string(),
  since_report_id: z.string(),
  since_known_at: instantOut,
  site_code: z.string(),
  hours: z.number().int().meta({ description: 'of which something moved' }),
  moves: movesOut,
})

export const reportAnswerSchema = z
  .object({
    demo: z.boolean(),
    region_code: z.string().nullable().meta({ description: 'null: the whole country' }),
    region_name: z.string().nullable(),
    month: z.string(),
    tz: z.string(),
    from: instantOut,
    to: instantOut,
    as_of: instantOut.meta({ description: 'of the ledger: the last instant of the month' }),
    known_at: instantOut,
    finality: z.enum(['preliminary', 'final']),
    definition_versions: z.object({
      states: z.string(),
      ledger: z.string(),
      buckets: z.string(),
      accounts: z.string(),
    }),
    catalogue_version: z.string(),
    p_basis: z.literal('fp16_dense'),
    ledger: z.object({
      total: ledgerRowSchema,
      places_are: z.enum(['region', 'site']),
      by_place: z.array(ledgerRowSchema),
      by_hub: z.array(ledgerRowSchema),
      by_operator: z.array(ledgerRowSchema),
      by_vendor: z.array(ledgerRowSchema),
      by_model: z.array(ledgerRowSchema),
    }),
    time: z.object({
      total: timeRowSchema,
      places_are: z.enum(['region', 'site']),
      by_place: z.array(timeRowSchema),
      by_hub: z.array(timeRowSchema),
      by_operator: z.array(timeRowSchema),
      by_vendor: z.array(timeRowSchema),
      by_model: z.array(modelRowSchema),
    }),
    ranking: rankingSchema,
    accounts: accountsSchema,
    adjustments: z.array(adjustmentSchema).meta({
      description: 'what moved in earlier months since their last report: prior-period adjustments',
    }),
    unrated_models: z.array(
      z.object({ vendor: z.string(), printed_name: z.string(), cards: z.number().int() }),
    ),
    definitions: z.array(definitionSchema),
  })
  .meta({ id: 'ReportAnswer' })
export type ReportAnswer = z.infer<typeof reportAnswerSchema>

const headParts = {
  report_id: z.string(),
  region_code: z.string().nullable(),
  month: z.string(),
  tz: z.string(),
  known_at: instantOut,
  issued_at: instantOut,
  finality: z.enum(['preliminary', 'final']),
  author: z.string(),
  catalogue_version: z.string(),
  sha256: z.string().meta({ description: 'of the canonical JSON of `answer` (RFC 8785)' }),
  journal_seq: z.number().int().nullable().meta({ description: 'null for a few seconds' }),
}
export const reportHeadSchema = z.object(headParts).meta({ id: 'ReportHead' })
export type ReportHeadAnswer = z.infer<typeof reportHeadSchema>
export const reportSchema = z
  .object({ demo: z.boolean(), ...headParts, answer: reportAnswerSchema })
  .meta({ id: 'Report' })

export function reportHeadOf(report: ReportRow): ReportHeadAnswer {
  return {
    report_id: report.reportId,
    region_code: report.regionCode,
    month: report.month,
    tz: report.timeZone,
    known_at: instantText(report.knownAtMs),
    issued_at: instantText(report.issuedAtMs),
    finality: report.finality,
    author: report.author,
    catalogue_version: report.catalogueVersion,
    sha256: report.sha256,
    journal_seq: report.journalSeq,
  }
}
