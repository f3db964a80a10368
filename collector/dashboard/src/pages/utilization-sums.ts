/** What a row of sums says of time: by P·h over models, or by card time of one model. Pure. */
import type { RollupsAnswer } from '../../../src/api/answers/rollups.ts'
import { STATES, type StateName } from '../states.ts'

export type Rollups = RollupsAnswer
export type RollupRow = RollupsAnswer['rows'][number]
export type Rate = RollupRow['busy_rate']

/** Card time is summed within one model only: hours of two models are not alike. */
export type TimeBasis = { readonly kind: 'p' } | { readonly kind: 'cards'; readonly model: string }

/** Exact: thousandths of a P·h, or card-milliseconds. */
export interface TimeSums {
  readonly states: Readonly<Record<StateName, bigint>>
  readonly all: bigint
  readonly deposited: bigint
  readonly active: bigint
  readonly given: bigint
}

/** `null`: the row has nothing on this basis. */
export function timeOf(row: RollupRow, basis: TimeBasis): TimeSums | null {
  const read = readerOf(row, basis)
  if (read === null) return null
  const states = Object.fromEntries(STATES.map((state) => [state, read(state)])) as Record<
    StateName,
    bigint
  >
  const all = STATES.reduce((sum, state) => sum + states[state], 0n)
  return { states, all, deposited: read('deposited'), active: read('active'), given: read('given') }
}

function readerOf(row: RollupRow, basis: TimeBasis): ((name: string) => bigint) | null {
  if (basis.kind === 'p') return (name) => thousandths(row.p_hours[`${name}_ph`] ?? '0')
  const model = row.models.find((one) => one.model === basis.model)
  return model === undefined ? null : (name) => BigInt(model.figures[`${name}_ms`] ?? '0')
}

/** How rows are asked for on a basis: without the models that are not looked at. */
export function basisQuery(basis: TimeBasis): Readonly<Record<string, string | boolean>> {
  return basis.kind === 'p' ? { models: false } : {}
}

/** What a row and each of its models have alike. */
export type Measures = Pick<
  RollupRow,
  | 'busy_rate'
  | 'allocation_rate'
  | 'coverage'
  | 'comparison'
  | 'energy_kwh'
  | 'p_hours_per_kwh'
  | 'ranked'
>

/** Measures on the basis; `null` where the row has nothing on it. */
export function measuresOf(row: RollupRow, basis: TimeBasis): Measures | null {
  if (basis.kind === 'p') return row
  return row.models.find((one) => one.model === basis.model) ?? null
}

/** Of 1, to the millionth; `null` of nothing. */
export function shareOfTime(part: bigint, whole: bigint): number | null {
  return whole <= 0n ? null : Number((part * 1_000_000n) / whole) / 1_000_000
}

export function stateShares({ states, all }: TimeSums): Readonly<Record<StateName, number>> | null {
  if (all <= 0n) return null
  const shares = STATES.map((state) => [state, shareOfTime(states[state], all)])
  return Object.fromEntries(shares) as Record<StateName, number>
}

/** `12.345` → 12345: the interface tells P·h to the thousandth. */
function thousandths(text: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.')
  return BigInt(`${whole}${fraction.padEnd(3, '0').slice(0, 3)}`)
}

/** Every model of the rows, by name. */
export function modelsOf(rows: readonly RollupRow[]): readonly string[] {
  return [...new Set(rows.flatMap((row) => row.models.map(({ model }) => model)))].sort()
}
