/** Seven days ahead: of each kind of card at each site, how many are free at least, with 50, 80, 95 %. */
import { Flex, Select, type TableColumnsType, Typography } from 'antd'
import type { EChartsOption } from 'echarts/types/dist/shared'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { CapacityOutlookAnswer } from '../../../src/api/answers/capacity-outlook.ts'
import { countText, instantText, NOT_KNOWN, shareText, TIME_ZONE } from '../format.ts'
import { useAsked } from '../parts/asked.ts'
import { Chart } from '../parts/chart.tsx'
import { Paged, Rows, usePages } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { useView } from '../parts/state-view.tsx'
import { STATE_COLORS, useShade } from '../theme.ts'
import { Legend } from './bank-parts.tsx'
import { type Names, useNames } from './ledger-names.ts'

/** Each row takes the collector some milliseconds: the interface gives no more at once. */
const ROWS = 10
/** Quantile, share, opacity of its band, and what it looks like with the wider bands below it. */
const QUANTILES = [
  ['p95', 0.95, 0.85, 0.94],
  ['p80', 0.8, 0.5, 0.62],
  ['p50', 0.5, 0.25, 0.25],
] as const
/** Hours ahead that the table shows. */
const COLUMNS = [1, 4, 8, 24, 72, 168] as const

type Row = CapacityOutlookAnswer['rows'][number]

export function OutlookTab() {
  const { t } = useTranslation('bank')
  const { isTable, toggle } = useView()
  const names = useNames()
  const [asked, ask] = useAsked(['site', 'model'])
  const pages = usePages<CapacityOutlookAnswer>('/v1/capacity/outlook', { ...asked, limit: ROWS })
  const asOf = pages.data?.pages[0]?.as_of ?? null
  return (
    <Section
      title={t('outlook.title')}
      actions={toggle}
      exported={{ table: 'outlook', query: { ...asked } }}
    >
      <Flex vertical gap={12}>
        <Flex wrap gap={8} className="no-print">
          <Select
            aria-label={t('site')}
            allowClear
            showSearch={{ optionFilterProp: 'label' }}
            placeholder={t('site')}
            style={{ width: 240 }}
            value={asked.site}
            onChange={(site: string | undefined) => ask({ site: site ?? null })}
            options={names.sites?.map(({ code, name }) => ({ value: code, label: name })) ?? []}
          />
          <Select
            aria-label={t('model')}
            allowClear
            showSearch
            placeholder={t('model')}
            style={{ width: 240 }}
            value={asked.model}
            onChange={(model: string | undefined) => ask({ model: model ?? null })}
            options={
              names.models?.models.map(({ model }) => ({ value: model, label: model })) ?? []
            }
          />
        </Flex>
        <Typography.Text type="secondary">{t('outlook.help')}</Typography.Text>
        {asOf === null ? null : (
          <Typography.Text type="secondary" className="tabular">
            {t('outlook.as_of', { at: instantText(asOf) })}
          </Typography.Text>
        )}
        <BandLegend />
        <Paged of={pages} rowsOf={({ rows }) => rows}>
          {(rows) =>
            isTable ? (
              <OutlookRows rows={rows} names={names} />
            ) : (
              <Bands rows={rows} names={names} />
            )
          }
        </Paged>
      </Flex>
    </Section>
  )
}

function BandLegend() {
  const { t } = useTranslation('bank')
  const [shade] = useShade()
  const items = QUANTILES.map(([, share, , opacity]) => ({
    name: t('outlook.quantile', { share: shareText(share, 0) }),
    color: withOpacity(STATE_COLORS[shade].free, opacity),
  }))
  return <Legend items={items} />
}

interface RowsShown {
  readonly rows: readonly Row[]
  readonly names: Names
}

function Bands({ rows, names }: RowsShown) {
  const { t } = useTranslation('bank')
  return (
    <div
      style={{
        display: 'grid',
        gap: 16,
        gridTemplateColumns: 'repeat(auto-fill, minmax(min(100%, 420px), 1fr))',
      }}
    >
      {rows.map((row) => (
        <div key={keyOf(row)} className="print-block">
          <h3 style={{ margin: 0, fontSize: 14 }}>{nameOf(row, names)}</h3>
          <Typography.Text type="secondary" className="tabular">
            {t('outlook.seen', { cards: countText(row.cards), free: countText(row.free_cards) })}
          </Typography.Text>
          {row.hours === null ? (
            <Typography.Paragraph type="secondary">{t('outlook.short')}</Typography.Paragraph>
          ) : (
            <Band row={row} hours={row.hours} name={nameOf(row, names)} />
          )}
        </div>
      ))}
    </div>
  )
}

interface BandProps {
  readonly row: Row
  readonly hours: NonNullable<Row['hours']>
  readonly name: string
}

/** The higher the confidence, the fewer cards and the darker the band. */
function Band({ row, hours, name }: BandProps) {
  const { t, i18n } = useTranslation('bank')
  const [shade] = useShade()
  const option = useMemo<EChartsOption>(() => {
    const color = STATE_COLORS[shade].free
    const day = new Intl.DateTimeFormat(i18n.language === 'zh' ? 'zh-CN' : 'en-GB', {
      timeZone: TIME_ZONE,
      month: '2-digit',
      day: '2-digit',
    })
    return {
      grid: { left: 36, right: 12, top: 12, bottom: 24 },
      tooltip: { trigger: 'axis', confine: true },
      xAxis: {
        type: 'time',
        splitNumber: 7,
        axisLabel: { formatter: (at: number) => day.format(at), hideOverlap: true },
      },
      yAxis: { type: 'value', min: 0, max: row.cards, minInterval: 1 },
      // The widest first, so that the surer ones lie on top of it.
      series: QUANTILES.toReversed().map(([quantile, share, opacity]) => ({
        type: 'line',
        step: 'end',
        name: t('outlook.quantile', { share: shareText(share, 0) }),
        symbol: 'none',
        lineStyle: { width: 1, color },
        itemStyle: { color: withOpacity(color, opacity) },
        areaStyle: { color: withOpacity(color, opacity), opacity: 1 },
        data: hours.map((hour) => [Date.parse(hour.at), hour[quantile]]),
      })),
    }
  }, [hours, i18n.language, row.cards, shade, t])
  return (
    <Chart
      option={option}
      height={150}
      summary={t('outlook.summary', { name, count: hours.length })}
    />
  )
}

function OutlookRows({ rows, names }: RowsShown) {
  const { t } = useTranslation('bank')
  const columns: TableColumnsType<Row> = [
    { title: t('site'), key: 'site', render: (_, row) => names.of('site', row.site) },
    { title: t('model'), key: 'model', render: (_, row) => row.model ?? row.printed_name },
    {
      title: t('outlook.seen_cards'),
      key: 'cards',
      align: 'right',
      render: (_, row) => countText(row.cards),
    },
    {
      title: t('outlook.now'),
      key: 'now',
      align: 'right',
      render: (_, row) => countText(row.free_cards),
    },
    ...COLUMNS.map((ahead) => ({
      title: t('outlook.at', { hours: ahead }),
      key: `at_${ahead}`,
      children: QUANTILES.toReversed().map(([quantile, share]) => ({
        title: shareText(share, 0),
        key: `at_${ahead}_${quantile}`,
        align: 'right' as const,
        render: (_: unknown, { hours }: Row) => {
          const hour = hours?.[ahead - 1]
          return hour === undefined ? NOT_KNOWN : countText(hour[quantile])
        },
      })),
    })),
  ]
  return <Rows label={t('outlook.title')} rows={rows} columns={columns} rowKey={keyOf} />
}

function keyOf({ site, vendor, model, printed_name: printed, memory_gib: gib }: Row): string {
  return [site, vendor, model, printed, gib].join('/')
}

function nameOf(row: Row, names: Names): string {
  return `${names.of('site', row.site)} · ${row.model ?? row.printed_name ?? row.vendor}`
}

function withOpacity(hex: string, opacity: number): string {
  const byte = Math.round(opacity * 255)
  return `${hex}${byte.toString(16).padStart(2, '0')}`
}
