/** Columns that tables of sums share: states, rates with bounds, coverage, time. */
import type { TableColumnsType } from 'antd'
import type { TFunction } from 'i18next'
import { amountText, cardHoursText, NOT_KNOWN, shareText } from '../format.ts'
import { Term } from '../parts/figure.tsx'
import { StateBar } from '../parts/state-bar.tsx'
import {
  type Measures,
  measuresOf,
  type Rate,
  type RollupRow,
  stateShares,
  type TimeBasis,
  timeOf,
} from './utilization-sums.ts'

const THOUSANDTHS = 1_000

export function rateColumns<Row>(
  t: TFunction,
  measures: (row: Row) => Measures | null,
): TableColumnsType<Row> {
  const rate = (id: 'busy_rate' | 'allocation_rate', name: string) => [
    {
      key: id,
      align: 'right' as const,
      title: <Term id={id}>{name}</Term>,
      render: (_: unknown, row: Row) => shareText(measures(row)?.[id].rate),
    },
    {
      key: `${id}_bounds`,
      align: 'right' as const,
      title: t('utilization:rank.bounds'),
      render: (_: unknown, row: Row) => boundsText(measures(row)?.[id]),
    },
  ]
  return [
    ...rate('busy_rate', t('utilization:rates.busy')),
    ...rate('allocation_rate', t('utilization:rates.allocation')),
    {
      key: 'coverage',
      align: 'right',
      title: <Term id="coverage">{t('utilization:rates.coverage')}</Term>,
      render: (_, row) => shareText(measures(row)?.coverage),
    },
  ]
}

export function sumColumns(t: TFunction, basis: TimeBasis): TableColumnsType<RollupRow> {
  return [
    {
      key: 'states',
      title: t('utilization:rank.states'),
      render: (_, row) => {
        const time = timeOf(row, basis)
        return <StateBar shares={time === null ? {} : (stateShares(time) ?? {})} />
      },
    },
    ...rateColumns<RollupRow>(t, (row) => measuresOf(row, basis)),
    {
      key: 'time',
      align: 'right',
      title: t(basis.kind === 'p' ? 'common:unit.p_hours' : 'common:unit.card_hours'),
      render: (_, row) => timeText(row, basis),
    },
    {
      key: 'energy',
      align: 'right',
      title: <Term id="energy">{t('common:unit.kwh')}</Term>,
      render: (_, row) => amountText(measuresOf(row, basis)?.energy_kwh),
    },
  ]
}

function timeText(row: RollupRow, basis: TimeBasis): string {
  const time = timeOf(row, basis)
  if (time === null) return NOT_KNOWN
  return basis.kind === 'p' ? amountText(Number(time.all) / THOUSANDTHS) : cardHoursText(time.all)
}

function boundsText(rate: Rate | undefined): string {
  if (rate === undefined || rate.lower === null || rate.upper === null) return NOT_KNOWN
  return `${shareText(rate.lower)} – ${shareText(rate.upper)}`
}
