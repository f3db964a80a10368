/** Rows of the ledger and of sums as the interface answers them, with what a test states. */
import type { LedgerRow } from '../../collector/dashboard/src/pages/ledger-figures.ts'
import type { RollupRow } from '../../collector/dashboard/src/pages/utilization-sums.ts'

const STAGES = [
  'connected',
  'busy',
  'allocated',
  'occupied',
  'free',
  'faulty',
  'unknown',
  'lent',
  'untold',
  'deposited',
] as const
type Stage = (typeof STAGES)[number]

/** Cards by stage; each card is one tenth of a P. */
export function ledgerRow(
  key: string | null,
  cards: Partial<Record<Stage | 'declared', number>>,
): LedgerRow {
  const connected = cards.connected ?? 0
  const stageOf = (count: number) => ({
    cards: count,
    p: (count / 10).toFixed(1),
    share_of_cards: connected === 0 ? null : count / connected,
    share_of_p: connected === 0 ? null : count / connected,
  })
  const declared = cards.declared ?? 0
  return {
    key,
    declared: {
      cards: declared,
      p: (declared / 10).toFixed(1),
      p_fp16_sparse: '0',
      p_basis_unstated: '0',
      flag: null,
    },
    stages: Object.fromEntries(
      STAGES.map((stage) => [stage, stageOf(cards[stage] ?? 0)]),
    ) as LedgerRow['stages'],
    not_connected_cards: 0,
    lapsed_cards: 0,
    unrated_cards: 0,
    coverage: 1,
    access_rate: declared === 0 ? null : connected / declared,
  }
}

export interface Hours {
  readonly busy?: number
  readonly free?: number
  readonly unknown?: number
  readonly active?: number
}

const ZERO_RATE = { rate: 0, lower: 0, upper: 0 }
const HOUR_MS = 3_600_000

/** Sums of one hour from `from` on: P·h over models, and as many card-hours of one model. */
export function rollupRow(
  key: string | null,
  from: string,
  hours: Hours,
  measures: Partial<RollupRow> = {},
): RollupRow {
  const figure = (name: string) =>
    (hours as Readonly<Record<string, number | undefined>>)[name] ?? 0
  const names = ['busy', 'allocated', 'occupied', 'free', 'faulty', 'unknown', 'lent']
  const all = [...names, 'deposited', 'active', 'given']
  const common = {
    busy_rate: ZERO_RATE,
    allocation_rate: ZERO_RATE,
    coverage: 1,
    comparison: {
      utilization_zero: { share: null, of: 'samples_got' as const },
      utilization_below_tenth: { share: null, of: 'samples_got' as const },
      allocated_idle: { share: null, of: 'given_ph' as const },
    },
    energy_joules: null,
    energy_kwh: null,
    p_hours_per_kwh: null,
    ranked: true,
  }
  return {
    ...common,
    key,
    from,
    to: new Date(Date.parse(from) + HOUR_MS).toISOString(),
    hours_sealed: 1,
    hours_total: 1,
    utilization_coverage: 1,
    p_hours: Object.fromEntries(all.map((name) => [`${name}_ph`, figure(name).toFixed(3)])),
    models: [
      {
        ...common,
        model: 'H800 SXM',
        figures: Object.fromEntries(
          all.map((name) => [`${name}_ms`, String(figure(name) * HOUR_MS)]),
        ),
      },
    ],
    ...measures,
  }
}
