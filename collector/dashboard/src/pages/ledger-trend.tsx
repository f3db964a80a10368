/** P·h by state of the last thirty civil days, from sealed hours. */
import { Typography } from 'antd'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { useAnswer } from '../api/client.ts'
import { amountText, dayText } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { useInstant } from '../parts/instant.tsx'
import { Rows } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { StateChart } from '../parts/state-chart.tsx'
import { useView } from '../parts/state-view.tsx'
import { STATES, type StateName } from '../states.ts'
import { spanOf, spanQuery } from './utilization-range.ts'
import type { RollupRow, Rollups } from './utilization-sums.ts'

export function Trend() {
  const { t } = useTranslation('ledger')
  const [{ as_of, known_at }] = useInstant()
  const view = useView()
  const span = spanOf('30d', as_of === null ? Date.now() : Date.parse(as_of))
  const query = { ...spanQuery(span), known_at, grain: 'day' }
  const answer = useAnswer<Rollups>('/v1/rollups', { ...query, models: false })
  const points = useMemo(
    () => answer.data?.rows.map((row) => ({ label: labelOf(row), values: pHoursOf(row) })) ?? [],
    [answer.data],
  )
  return (
    <Section title={t('trend.title')} exported={{ table: 'rollups', query }} actions={view.toggle}>
      <Answer of={answer} isEmpty={({ rows }) => rows.length === 0}>
        {({ rows }) => (
          <>
            {view.isTable ? (
              <TrendTable rows={rows} />
            ) : (
              <StateChart
                points={points}
                summary={t('trend.summary', { days: rows.length })}
                unit={t('common:unit.p_hours')}
              />
            )}
            {rows.some(isPartial) ? (
              <Typography.Text type="secondary">{t('trend.partial')}</Typography.Text>
            ) : null}
          </>
        )}
      </Answer>
    </Section>
  )
}

function TrendTable({ rows }: { readonly rows: readonly RollupRow[] }) {
  const { t } = useTranslation('ledger')
  return (
    <Rows<RollupRow>
      label={t('trend.title')}
      rows={[...rows].reverse()}
      rowKey={({ from }) => from}
      columns={[
        { key: 'day', title: t('trend.day'), render: (_, row) => labelOf(row) },
        ...STATES.map((state) => ({
          key: state,
          align: 'right' as const,
          title: t(`common:state.${state}`),
          render: (_: unknown, row: RollupRow) => amountText(row.p_hours[`${state}_ph`]),
        })),
        {
          key: 'sealed',
          align: 'right',
          title: t('trend.sealed'),
          render: (_, row) => `${row.hours_sealed} / ${row.hours_total}`,
        },
      ]}
    />
  )
}

function pHoursOf(row: RollupRow): Readonly<Record<StateName, number>> {
  const amounts = STATES.map((state) => [state, Number(row.p_hours[`${state}_ph`] ?? 0)])
  return Object.fromEntries(amounts) as Record<StateName, number>
}

const HOURS_OF_A_DAY = 24

function isPartial(row: RollupRow): boolean {
  return row.hours_sealed < HOURS_OF_A_DAY
}

function labelOf(row: RollupRow): string {
  return `${dayText(row.from)}${isPartial(row) ? '*' : ''}`
}
