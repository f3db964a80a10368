/** This ledger's figures beside what others publish as idle: each with what it is a share of. */
import { Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import type { Query } from '../api/client.ts'
import { shareText } from '../format.ts'
import { Term } from '../parts/figure.tsx'
import { Rows } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import {
  measuresOf,
  type RollupRow,
  shareOfTime,
  type TimeBasis,
  timeOf,
} from './utilization-sums.ts'

interface Line {
  /** Of `/v1/definitions`. */
  readonly id: string
  readonly name: string
  readonly isOurs: boolean
  readonly share: number | null
  readonly of: string
}

interface ComparisonProps {
  readonly row: RollupRow
  readonly basis: TimeBasis
  /** Of `/v1/rollups`: the row is in its answer. */
  readonly query: Query
}

export function Comparison({ row, basis, query }: ComparisonProps) {
  const { t } = useTranslation('utilization')
  return (
    <Section title={t('comparison.title')} exported={{ table: 'rollups', query }}>
      <Rows<Line>
        label={t('comparison.title')}
        rows={useLines(row, basis)}
        rowKey={({ id }) => id}
        columns={[
          {
            key: 'group',
            title: t('comparison.group'),
            render: (_, { isOurs }) => t(isOurs ? 'comparison.ours' : 'comparison.others'),
          },
          {
            key: 'name',
            title: t('comparison.definition'),
            render: (_, { id, name }) => <Term id={id}>{name}</Term>,
          },
          {
            key: 'share',
            align: 'right',
            title: t('comparison.value'),
            render: (_, { share }) => shareText(share),
          },
          {
            key: 'of',
            title: t('comparison.of'),
            render: (_, { of }) => t(`comparison.${of}`),
          },
        ]}
      />
      <Typography.Text type="secondary">{t('comparison.note')}</Typography.Text>
    </Section>
  )
}

function useLines(row: RollupRow, basis: TimeBasis): readonly Line[] {
  const { t } = useTranslation('utilization')
  const measures = measuresOf(row, basis)
  const time = timeOf(row, basis)
  if (measures === null || time === null) return []
  const ours = (id: string, name: string, share: number | null, of: string) => {
    return { id, name: t(`comparison.${name}`), isOurs: true, share, of }
  }
  const { comparison } = measures
  return [
    ours('busy_rate', 'busy', measures.busy_rate.rate, 'known'),
    ours('allocation_rate', 'allocation', measures.allocation_rate.rate, 'known'),
    ours('free', 'free', shareOfTime(time.states.free, time.all), 'all'),
    ...(['utilization_zero', 'utilization_below_tenth', 'allocated_idle'] as const).map((id) => ({
      id,
      name: t(`comparison.${id}`),
      isOurs: false,
      ...comparison[id],
    })),
  ]
}
