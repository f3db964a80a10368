/** Shares of the seven states over the span, by hour where it is short, else by civil day. */
import { Segmented, Typography } from 'antd'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useAnswer } from '../api/client.ts'
import { dayText, instantText, shareText, TIME_ZONE } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { Rows } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { StateChart } from '../parts/state-chart.tsx'
import { useView } from '../parts/state-view.tsx'
import { STATES } from '../states.ts'
import type { PartProps } from './utilization-part.ts'
import { filterOf } from './utilization-place.ts'
import { grainsOf, spanQuery } from './utilization-range.ts'
import {
  basisQuery,
  measuresOf,
  type RollupRow,
  type Rollups,
  stateShares,
  type TimeBasis,
  timeOf,
} from './utilization-sums.ts'

type Grain = 'hour' | 'day'

export function StatesOverTime({ place, span, knownAt, basis }: PartProps) {
  const { t } = useTranslation('utilization')
  const view = useView()
  const [wanted, setWanted] = useState<Grain>('hour')
  const grains = grainsOf(span)
  const grain = grains.includes(wanted) ? wanted : 'day'
  const query = { ...filterOf(place), ...spanQuery(span), known_at: knownAt, grain }
  const answer = useAnswer<Rollups>('/v1/rollups', { ...query, ...basisQuery(basis) })
  const points = useMemo(
    () =>
      answer.data?.rows.map((row) => ({
        label: labelOf(row, grain),
        values: sharesOf(row, basis),
      })) ?? [],
    [answer.data, basis, grain],
  )
  return (
    <Section
      title={t('states.title')}
      exported={{ table: 'rollups', query }}
      actions={
        <>
          {grains.length < 2 ? null : (
            <Segmented<Grain>
              className="no-print"
              aria-label={t('states.grain')}
              value={grain}
              onChange={setWanted}
              options={grains.map((value) => ({ value, label: t(`states.${value}`) }))}
            />
          )}
          {view.toggle}
        </>
      }
    >
      <Answer of={answer} rows={6} isEmpty={({ rows }) => rows.length === 0}>
        {({ rows, from, to }) => (
          <>
            {view.isTable ? (
              <StatesTable rows={rows} basis={basis} grain={grain} />
            ) : (
              <StateChart
                points={points}
                summary={t('states.summary', {
                  from: instantText(from),
                  to: instantText(to),
                  count: rows.length,
                })}
                unit="share"
              />
            )}
            <Typography.Text type="secondary">{t('states.note')}</Typography.Text>
          </>
        )}
      </Answer>
    </Section>
  )
}

interface TableProps {
  readonly rows: readonly RollupRow[]
  readonly basis: TimeBasis
  readonly grain: Grain
}

function StatesTable({ rows, basis, grain }: TableProps) {
  const { t } = useTranslation('utilization')
  return (
    <Rows<RollupRow>
      label={t('states.title')}
      rows={[...rows].reverse()}
      rowKey={({ from }) => from}
      columns={[
        { key: 'time', title: t('states.time'), render: (_, row) => labelOf(row, grain) },
        ...STATES.map((state) => ({
          key: state,
          align: 'right' as const,
          title: t(`common:state.${state}`),
          render: (_: unknown, row: RollupRow) => shareText(sharesOf(row, basis)?.[state]),
        })),
        {
          key: 'busy_rate',
          align: 'right',
          title: t('rates.busy'),
          render: (_, row) => shareText(measuresOf(row, basis)?.busy_rate.rate),
        },
        {
          key: 'coverage',
          align: 'right',
          title: t('common:coverage'),
          render: (_, row) => shareText(measuresOf(row, basis)?.coverage),
        },
      ]}
    />
  )
}

function sharesOf(row: RollupRow, basis: TimeBasis) {
  const time = timeOf(row, basis)
  return time === null ? null : stateShares(time)
}

function labelOf({ from }: RollupRow, grain: Grain): string {
  if (grain === 'day') return dayText(from)
  return new Date(from).toLocaleString('zh-CN', {
    timeZone: TIME_ZONE,
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
  })
}
