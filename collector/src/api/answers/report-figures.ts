/** The rows of a report out of the answers of ledger and rollups: amounts as text, names as they were. */
import type { Site } from '../../model/site.ts'
import { LEDGER_STAGES } from '../../rollup/ledger.ts'
import type { LedgerAnswer } from './ledger.ts'
import type { Rate } from './rates.ts'
import type { ReportAnswer, ReportLedgerRow, ReportTimeRow } from './report-schema.ts'
import type { RollupsAnswer } from './rollups.ts'

/** As the rollups judge it: below, a site is shown and not ranked (DESIGN 6). */
const COVERAGE_MIN = '0.900000'
const RANKED_MAX = 10
const RATIO_DIGITS = 6

/** How a key of a grouping is called; `null` where nothing calls it. */
export type NameOf = (key: string | null) => string | null

export function ledgerRowsOf(answer: LedgerAnswer, nameOf: NameOf): ReportLedgerRow[] {
  return answer.rows.map((row) => ledgerRow(row, nameOf))
}

function ledgerRow(row: LedgerAnswer['rows'][number], nameOf: NameOf): ReportLedgerRow {
  const { declared, stages } = row
  const told = LEDGER_STAGES.map((stage) => {
    const { cards, p } = stages[stage]
    return [stage, { cards, p }] as const
  })
  return {
    key: row.key,
    name: nameOf(row.key),
    declared: {
      cards: declared.cards,
      p: declared.p,
      p_fp16_sparse: declared.p_fp16_sparse,
      p_basis_unstated: declared.p_basis_unstated,
      flag:
        declared.flag === null
          ? null
          : { sentence: declared.flag.sentence, sentence_zh: declared.flag.sentence_zh },
    },
    stages: Object.fromEntries(told) as ReportLedgerRow['stages'],
    not_connected_cards: row.not_connected_cards,
    lapsed_cards: row.lapsed_cards,
    unrated_cards: row.unrated_cards,
    evidence: row.evidence,
    coverage: ratioText(row.coverage),
    access_rate: ratioText(row.access_rate),
  }
}

export function timeRowsOf(answer: RollupsAnswer, nameOf: NameOf): ReportTimeRow[] {
  return answer.rows.map((row) => ({
    key: row.key,
    name: nameOf(row.key),
    hours_sealed: row.hours_sealed,
    hours_total: row.hours_total,
    p_hours: row.p_hours,
    busy_rate: rateText(row.busy_rate),
    allocation_rate: rateText(row.allocation_rate),
    utilization_coverage: ratioText(row.utilization_coverage),
    ...measuresOf(row),
  }))
}

/** Models of the row over everything: card time is summed within one model only (C28). */
export function modelRowsOf(
  answer: RollupsAnswer,
  vendorOf: (model: string) => string | null,
): ReportAnswer['time']['by_model'] {
  return answer.rows.flatMap(({ models }) =>
    models.map((row) => ({
      model: row.model,
      vendor: vendorOf(row.model),
      figures: row.figures,
      busy_rate: rateText(row.busy_rate),
      allocation_rate: rateText(row.allocation_rate),
      ...measuresOf(row),
    })),
  )
}

type Measured = Pick<
  RollupsAnswer['rows'][number],
  'coverage' | 'ranked' | 'comparison' | 'energy_joules' | 'energy_kwh' | 'p_hours_per_kwh'
>

function measuresOf({ comparison, coverage, ranked, ...energy }: Measured) {
  return {
    coverage: ratioText(coverage),
    ranked,
    comparison: {
      utilization_zero: ratioText(comparison.utilization_zero.share),
      utilization_below_tenth: ratioText(comparison.utilization_below_tenth.share),
      allocated_idle: ratioText(comparison.allocated_idle.share),
    },
    energy_joules: energy.energy_joules,
    energy_kwh: energy.energy_kwh,
    p_hours_per_kwh: energy.p_hours_per_kwh,
  }
}

/** Sites by busy rate; one of too little coverage, or without a rate, has no place in it. */
export function rankingOf(answer: RollupsAnswer, nameOf: NameOf): ReportAnswer['ranking'] {
  const ranked = answer.rows
    .flatMap((row) => {
      const { rate } = row.busy_rate
      return rate === null || !row.ranked ? [] : [{ row, rate }]
    })
    .sort((left, right) => right.rate - left.rate)
  const shown = ranked.map(({ row, rate }) => ({
    key: row.key,
    name: nameOf(row.key),
    busy_rate: ratioText(rate),
    coverage: ratioText(row.coverage),
  }))
  return {
    by: 'site',
    coverage_min: COVERAGE_MIN,
    sites: answer.rows.length,
    unranked: answer.rows.length - ranked.length,
    top: shown.slice(0, RANKED_MAX),
    bottom: shown.slice(-RANKED_MAX).reverse(),
  }
}

export function operatorNames(sites: readonly Site[]): NameOf {
  const names = new Map(sites.map(({ terms }) => [terms.operatorCode, terms.operatorName]))
  return (key) => names.get(key) ?? null
}

export function siteNames(sites: readonly Site[]): NameOf {
  const names = new Map<string | null, string>(sites.map(({ code, name }) => [code, name]))
  return (key) => names.get(key) ?? null
}

function rateText({ rate, lower, upper }: Rate) {
  return { rate: ratioText(rate), lower: ratioText(lower), upper: ratioText(upper) }
}

/** A ratio has been cut to parts per million: six digits say it exactly. */
function ratioText(ratio: number | null): string | null {
  return ratio === null ? null : ratio.toFixed(RATIO_DIGITS)
}
