/** Who stands where: rows by a rate, and apart those of which too little is known. Pure. */
import { type Measures, measuresOf, type RollupRow, type TimeBasis } from './utilization-sums.ts'

export const RANK_RATES = ['busy', 'allocation'] as const
export type RankRate = (typeof RANK_RATES)[number]

export interface RankRow {
  readonly row: RollupRow
  readonly measures: Measures
  /** Equal rates share a place; `null`: shown, not ranked. */
  readonly rank: number | null
}

/** Ranked rows by falling rate, then the others by falling coverage; ties by key. */
export function rankRows(
  rows: readonly RollupRow[],
  basis: TimeBasis,
  by: RankRate,
): readonly RankRow[] {
  const all = rows.flatMap((row) => {
    const measures = measuresOf(row, basis)
    return measures === null ? [] : [{ row, measures, rate: rateOf(measures, by) }]
  })
  const ranked = all
    .filter(({ measures, rate }) => measures.ranked && rate !== null)
    .sort((left, right) => (right.rate ?? 0) - (left.rate ?? 0) || byKey(left.row, right.row))
  const others = all
    .filter(({ measures, rate }) => !measures.ranked || rate === null)
    .sort((left, right) => coverage(right) - coverage(left) || byKey(left.row, right.row))
  let rank = 0
  const placed = ranked.map(({ rate, ...one }, index) => {
    if (index === 0 || ranked[index - 1]?.rate !== rate) rank = index + 1
    return { ...one, rank }
  })
  return [...placed, ...others.map(({ row, measures }) => ({ row, measures, rank: null }))]
}

export function rateOf(measures: Measures, by: RankRate): number | null {
  return (by === 'busy' ? measures.busy_rate : measures.allocation_rate).rate
}

/** Rows of which nothing is known come last. */
function coverage({ measures }: { readonly measures: Measures }): number {
  return measures.coverage ?? -1
}

function byKey(left: RollupRow, right: RollupRow): number {
  const [one, other] = [left.key ?? '', right.key ?? '']
  return one < other ? -1 : one > other ? 1 : 0
}
