/** How much of the time was told at all, place by place, the least of it first. */
import { Flex, Progress, Segmented, type TableColumnsType, Tag, Typography } from 'antd'
import type { EChartsOption } from 'echarts/types/dist/shared'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { RollupsAnswer } from '../../../src/api/answers/rollups.ts'
import { useAnswer } from '../api/client.ts'
import { amountText, countText, dayText, shareText } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { Chart } from '../parts/chart.tsx'
import { Term } from '../parts/figure.tsx'
import { useInstant } from '../parts/instant.tsx'
import { Pedigree } from '../parts/pedigree.tsx'
import { Rows } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { useView } from '../parts/state-view.tsx'
import { STATE_COLORS, useShade } from '../theme.ts'
import { useNames } from './ledger-names.ts'
import { worstFirst } from './verification-figures.ts'

const HOUR_MS = 3_600_000
const SPANS = { day: 24, week: 7 * 24, month: 30 * 24 } as const
type SpanName = keyof typeof SPANS
const GROUPINGS = ['site', 'region', 'operator'] as const
type Grouping = (typeof GROUPINGS)[number]
/** DESIGN 6: below it a place is shown, not ranked. */
const RANKED_COVERAGE = 0.9

type RollupRow = RollupsAnswer['rows'][number]

export function CoverageTab() {
  const { t } = useTranslation('verification')
  const [span, setSpan] = useState<SpanName>('week')
  const [by, setBy] = useState<Grouping>('site')
  const [instant] = useInstant()
  const range = useMemo(() => rangeUntil(instant.as_of, SPANS[span]), [instant.as_of, span])
  const query = { ...range, known_at: instant.known_at }
  const places = useAnswer<RollupsAnswer>('/v1/rollups', { ...query, by, grain: 'whole' })
  return (
    <Flex vertical gap={16}>
      <Flex gap={12} wrap className="no-print">
        <Segmented
          aria-label={t('range.label')}
          value={span}
          onChange={setSpan}
          options={(['day', 'week', 'month'] as const).map((value) => ({
            value,
            label: t(`range.${value}`),
          }))}
        />
        <Segmented
          aria-label={t('coverage.place')}
          value={by}
          onChange={setBy}
          options={GROUPINGS.map((value) => ({ value, label: t(`coverage.by.${value}`) }))}
        />
      </Flex>
      <Section
        title={t('coverage.title')}
        exported={{ table: 'rollups', query: { ...query, by, grain: 'whole' } }}
      >
        <Typography.Paragraph type="secondary">{t('coverage.help')}</Typography.Paragraph>
        <Answer of={places} isEmpty={({ rows }) => rows.length === 0}>
          {(answer) => (
            <>
              <PlacesTable rows={worstFirst(answer.rows)} by={by} />
              <div style={{ marginTop: 12 }}>
                <Pedigree of={answer} />
              </div>
            </>
          )}
        </Answer>
      </Section>
      <Trend query={query} />
    </Flex>
  )
}

function PlacesTable(props: { readonly rows: readonly RollupRow[]; readonly by: Grouping }) {
  const { t } = useTranslation('verification')
  const names = useNames()
  const columns: TableColumnsType<RollupRow> = [
    {
      title: t('coverage.place'),
      render: (_, { key }) => {
        const name = names.of(props.by, key)
        return (
          <>
            {name}
            {key === null || name === key ? null : (
              <Typography.Text type="secondary">{` ${key}`}</Typography.Text>
            )}
          </>
        )
      },
    },
    {
      title: <Term id="coverage">{t('coverage.state')}</Term>,
      align: 'right',
      width: 240,
      render: (_, { coverage }) => <CoverageBar ratio={coverage} />,
    },
    {
      title: <Term id="utilization_coverage">{t('coverage.utilization')}</Term>,
      align: 'right',
      render: (_, row) => shareText(row.utilization_coverage, 2),
    },
    {
      title: t('coverage.sealed'),
      align: 'right',
      render: (_, row) => `${countText(row.hours_sealed)} / ${countText(row.hours_total)}`,
    },
    {
      title: <Term id="unknown">{t('coverage.unknown')}</Term>,
      align: 'right',
      render: (_, row) => amountText(row.p_hours.unknown_ph, 3),
    },
    {
      title: t('coverage.rank'),
      render: (_, { coverage }) =>
        (coverage ?? 0) >= RANKED_COVERAGE ? (
          t('coverage.ranked')
        ) : (
          <Tag>{t('coverage.not_ranked')}</Tag>
        ),
    },
  ]
  return (
    <Rows
      label={t('coverage.title')}
      rows={props.rows}
      columns={columns}
      rowKey={({ key }) => key ?? ''}
    />
  )
}

function CoverageBar({ ratio }: { readonly ratio: number | null }) {
  const [shade] = useShade()
  const colors = STATE_COLORS[shade]
  return (
    <Flex align="center" gap={8} justify="flex-end">
      <span aria-hidden="true" style={{ width: 110 }}>
        <Progress
          percent={(ratio ?? 0) * 100}
          showInfo={false}
          size="small"
          strokeColor={(ratio ?? 0) >= RANKED_COVERAGE ? colors.busy : colors.occupied}
        />
      </span>
      <span style={{ minWidth: 64 }}>{shareText(ratio, 2)}</span>
    </Flex>
  )
}

function Trend({ query }: { readonly query: Readonly<Record<string, string | null>> }) {
  const { t } = useTranslation('verification')
  const { isTable, toggle } = useView()
  const asked = { ...query, by: 'total', grain: 'day' }
  const days = useAnswer<RollupsAnswer>('/v1/rollups', asked)
  const columns: TableColumnsType<RollupRow> = [
    { title: t('coverage.day'), render: (_, row) => dayText(row.from) },
    {
      title: t('coverage.state'),
      align: 'right',
      render: (_, row) => shareText(row.coverage, 2),
    },
    {
      title: t('coverage.utilization'),
      align: 'right',
      render: (_, row) => shareText(row.utilization_coverage, 2),
    },
    {
      title: t('coverage.sealed'),
      align: 'right',
      render: (_, row) => `${countText(row.hours_sealed)} / ${countText(row.hours_total)}`,
    },
  ]
  return (
    <Section
      title={t('coverage.trend')}
      exported={{ table: 'rollups', query: asked }}
      actions={toggle}
    >
      <Answer of={days} isEmpty={({ rows }) => rows.length === 0}>
        {({ rows }) =>
          isTable ? (
            <Rows
              label={t('coverage.trend')}
              rows={rows}
              columns={columns}
              rowKey={({ from }) => from}
            />
          ) : (
            <TrendChart rows={rows} />
          )
        }
      </Answer>
    </Section>
  )
}

function TrendChart({ rows }: { readonly rows: readonly RollupRow[] }) {
  const { t, i18n } = useTranslation('verification')
  const [shade] = useShade()
  // biome-ignore lint/correctness/useExhaustiveDependencies: the words change with the language
  const option = useMemo<EChartsOption>(() => {
    const { busy, lent } = STATE_COLORS[shade]
    const least = Math.min(RANKED_COVERAGE, ...rows.map((row) => row.coverage ?? 1))
    return {
      color: [busy, lent],
      grid: { left: 56, right: 24, top: 36, bottom: 28 },
      legend: { top: 0 },
      tooltip: {
        trigger: 'axis',
        valueFormatter: (value) => shareText(typeof value === 'number' ? value : null, 2),
      },
      xAxis: { type: 'category', data: rows.map(({ from }) => dayText(from)) },
      yAxis: {
        type: 'value',
        min: Math.max(0, Math.floor(least * 20 - 1) / 20),
        max: 1,
        axisLabel: { formatter: (value: number) => shareText(value, 0) },
      },
      series: [
        {
          name: t('coverage.state'),
          type: 'line',
          symbol: 'circle',
          symbolSize: 7,
          data: rows.map((row) => row.coverage),
          markLine: {
            silent: true,
            symbol: 'none',
            label: { formatter: '90%', position: 'insideEndTop' },
            data: [{ yAxis: RANKED_COVERAGE }],
          },
        },
        {
          name: t('coverage.utilization'),
          type: 'line',
          symbol: 'rect',
          symbolSize: 7,
          lineStyle: { type: 'dashed' },
          data: rows.map((row) => row.utilization_coverage),
        },
      ],
    }
  }, [rows, shade, i18n.language])
  return (
    <Chart
      option={option}
      height={240}
      summary={t('coverage.trend_summary', { days: rows.length })}
    />
  )
}

/** Full hours that end at the instant; at the present, with the last full hour. */
function rangeUntil(asOf: string | null, hours: number) {
  const atMs = asOf === null ? Date.now() : Date.parse(asOf)
  const toMs = Math.floor(atMs / HOUR_MS) * HOUR_MS
  return {
    from: new Date(toMs - hours * HOUR_MS).toISOString(),
    to: new Date(toMs).toISOString(),
  }
}
