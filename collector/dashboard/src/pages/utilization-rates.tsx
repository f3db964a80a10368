/** Rates with their bounds and both coverages, energy, and how much time they are of. */
import { Alert, Flex, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { amountText, cardHoursText, instantText, shareText } from '../format.ts'
import { Figure } from '../parts/figure.tsx'
import { measuresOf, type Rate, type Rollups, type TimeBasis, timeOf } from './utilization-sums.ts'

const GRID = {
  display: 'grid',
  gap: '16px 24px',
  gridTemplateColumns: 'repeat(auto-fit, minmax(140px, 1fr))',
} as const

/** Thousandths of a P·h, as sums of P·h are told. */
const THOUSANDTHS = 1_000

export function Rates({ answer, basis }: { readonly answer: Rollups; readonly basis: TimeBasis }) {
  const { t } = useTranslation('utilization')
  const [row] = answer.rows
  if (row === undefined) return null
  const measures = measuresOf(row, basis)
  const time = timeOf(row, basis)
  if (measures === null || time === null) {
    return <Typography.Text type="secondary">{t('basis.none')}</Typography.Text>
  }
  const bounds = ({ lower, upper }: Rate) =>
    t('rates.bounds', { lower: shareText(lower), upper: shareText(upper) })
  const all =
    basis.kind === 'p' ? amountText(Number(time.all) / THOUSANDTHS) : cardHoursText(time.all)
  return (
    <Flex vertical gap={12}>
      <Typography.Text type="secondary" className="tabular">
        {t('range.told', { from: instantText(answer.from), to: instantText(answer.to) })}
      </Typography.Text>
      <div style={GRID}>
        <Figure
          definition="busy_rate"
          name={t('rates.busy')}
          value={shareText(measures.busy_rate.rate)}
          note={bounds(measures.busy_rate)}
        />
        <Figure
          definition="allocation_rate"
          name={t('rates.allocation')}
          value={shareText(measures.allocation_rate.rate)}
          note={bounds(measures.allocation_rate)}
        />
        <Figure
          definition="coverage"
          name={t('rates.coverage')}
          value={shareText(measures.coverage)}
        />
        <Figure
          definition="utilization_coverage"
          name={t('rates.utilization_coverage')}
          value={shareText(row.utilization_coverage)}
          note={t('rates.all_models')}
        />
        <Figure
          definition={basis.kind === 'p' ? 'p_hours' : 'card_hours'}
          name={t('rates.time')}
          value={all}
          unit={t(basis.kind === 'p' ? 'common:unit.p_hours' : 'common:unit.card_hours')}
          note={t('rates.sealed', { sealed: row.hours_sealed, total: row.hours_total })}
        />
        <Figure
          definition="energy"
          name={t('rates.energy')}
          value={amountText(measures.energy_kwh)}
          unit={t('common:unit.kwh')}
        />
        <Figure
          definition="p_hours_per_kwh"
          name={t('rates.efficiency')}
          value={amountText(measures.p_hours_per_kwh, 3)}
          note={t('rates.efficiency_note')}
        />
      </div>
      {measures.ranked ? null : <Alert type="warning" showIcon title={t('rates.unranked')} />}
    </Flex>
  )
}
