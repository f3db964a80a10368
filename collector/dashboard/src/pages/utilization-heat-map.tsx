/** When the week is busy: hour × weekday, from the hours of at most four weeks. */
import { keepPreviousData, useQueries } from '@tanstack/react-query'
import { Empty, Skeleton, Typography } from 'antd'
import type { EChartsOption } from 'echarts/types/dist/shared'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { getJson } from '../api/client.ts'
import { shareText, TIME_ZONE } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { Chart } from '../parts/chart.tsx'
import { Rows } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { useView } from '../parts/state-view.tsx'
import { STEP_COLORS, StepLegend } from '../parts/tile-map.tsx'
import { useShade } from '../theme.ts'
import { type HeatCell, HOURS, heatCells, WEEKDAYS } from './utilization-heat.ts'
import type { PartProps } from './utilization-part.ts'
import { filterOf } from './utilization-place.ts'
import { heatPieces, spanQuery } from './utilization-range.ts'
import { basisQuery, type Rollups } from './utilization-sums.ts'

const WEEK = Array.from({ length: WEEKDAYS }, (_, weekday) => weekday)
const DAY = Array.from({ length: HOURS }, (_, hour) => hour)

export function HeatMap({ place, span, knownAt, basis }: PartProps) {
  const { t } = useTranslation('utilization')
  const view = useView()
  const filter = filterOf(place)
  const queries = heatPieces(span).map((piece) => ({
    ...filter,
    ...spanQuery(piece),
    known_at: knownAt,
    grain: 'hour',
  }))
  // Week by week, so that no single answer is large.
  const { cells, failed, isRead } = useQueries({
    queries: queries
      .map((query) => ({ ...query, ...basisQuery(basis) }))
      .map((query) => ({
        queryKey: ['/v1/rollups', query],
        queryFn: ({ signal }: { readonly signal: AbortSignal }) =>
          getJson<Rollups>('/v1/rollups', query, signal),
        placeholderData: keepPreviousData<Rollups | undefined>,
      })),
    combine: (answers) => ({
      cells: heatCells(
        answers.flatMap(({ data }) => data?.rows ?? []),
        basis,
        TIME_ZONE,
      ),
      failed: answers.find(({ error }) => error !== null),
      isRead: answers.every(({ data }) => data !== undefined),
    }),
  })
  return (
    <Section
      title={t('heat.title')}
      exported={{ table: 'rollups', query: queries.at(-1) ?? {} }}
      actions={view.toggle}
    >
      {failed !== undefined ? (
        <Answer of={failed}>{() => null}</Answer>
      ) : !isRead ? (
        <Skeleton active paragraph={{ rows: 6 }} />
      ) : cells.every(({ hours }) => hours === 0) ? (
        <Empty description={t('heat.summary_none')} />
      ) : (
        <>
          {view.isTable ? <HeatTable cells={cells} /> : <HeatChart cells={cells} />}
          <Typography.Text type="secondary">{t('heat.note', { tz: TIME_ZONE })}</Typography.Text>
        </>
      )}
    </Section>
  )
}

function HeatChart({ cells }: { readonly cells: readonly HeatCell[] }) {
  const { t } = useTranslation('utilization')
  const [shade] = useShade()
  const option = useMemo((): EChartsOption => {
    const say = ({ weekday, hour, rate, hours }: HeatCell) =>
      t('heat.cell', {
        day: t(`heat.weekday.${weekday}`),
        hour,
        end: hour + 1,
        rate: shareText(rate),
        hours,
      })
    const known = cells.filter(({ rate }) => rate !== null)
    return {
      grid: { left: 8, right: 8, top: 8, bottom: 8, outerBoundsMode: 'same' },
      tooltip: {
        formatter: (item: unknown) => {
          const [hour, weekday] = (item as { readonly value: readonly number[] }).value
          const cell = cells[(weekday ?? 0) * HOURS + (hour ?? 0)]
          return cell === undefined ? '' : say(cell)
        },
      },
      xAxis: { type: 'category', data: DAY.map(String) },
      yAxis: {
        type: 'category',
        inverse: true,
        data: WEEK.map((weekday) => t(`heat.weekday.${weekday}`)),
      },
      visualMap: {
        type: 'piecewise',
        show: false,
        min: 0,
        max: 1,
        splitNumber: STEP_COLORS[shade].length,
        inRange: { color: STEP_COLORS[shade].map(({ fill }) => fill) },
      },
      series: [
        {
          type: 'heatmap',
          data: known.map(({ weekday, hour, rate }) => [hour, weekday, rate]),
          itemStyle: { borderWidth: 1, borderColor: shade === 'dark' ? '#141414' : '#ffffff' },
        },
      ],
    }
  }, [cells, shade, t])
  const edges = STEP_COLORS[shade].map((_, step, { length }) => shareText(step / length, 0))
  return (
    <>
      <Chart option={option} summary={useSummary(cells)} height={260} />
      <StepLegend edges={edges} none={t('heat.summary_none')} />
    </>
  )
}

function useSummary(cells: readonly HeatCell[]): string {
  const { t } = useTranslation('utilization')
  const known = cells.flatMap((cell) => (cell.rate === null ? [] : [{ ...cell, rate: cell.rate }]))
  const [first] = known
  if (first === undefined) return t('heat.summary_none')
  const high = known.reduce((best, cell) => (cell.rate > best.rate ? cell : best), first)
  const low = known.reduce((best, cell) => (cell.rate < best.rate ? cell : best), first)
  return t('heat.summary', {
    day: t(`heat.weekday.${high.weekday}`),
    hour: high.hour,
    rate: shareText(high.rate),
    low_day: t(`heat.weekday.${low.weekday}`),
    low_hour: low.hour,
    low_rate: shareText(low.rate),
  })
}

interface HeatRow {
  readonly hour: number
  readonly cells: readonly HeatCell[]
}

function HeatTable({ cells }: { readonly cells: readonly HeatCell[] }) {
  const { t } = useTranslation('utilization')
  const rows = DAY.map((hour) => ({ hour, cells: cells.filter((cell) => cell.hour === hour) }))
  return (
    <Rows<HeatRow>
      label={t('heat.title')}
      rows={rows}
      rowKey={({ hour }) => String(hour)}
      columns={[
        { key: 'hour', title: t('heat.hour'), render: (_, { hour }) => hour },
        ...WEEK.map((weekday) => ({
          key: String(weekday),
          align: 'right' as const,
          title: t(`heat.weekday.${weekday}`),
          render: (_: unknown, row: HeatRow) => shareText(row.cells[weekday]?.rate),
        })),
      ]}
    />
  )
}
