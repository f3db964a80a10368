/** The forecast's own record: what its chances were worth against what happened. */
import { Descriptions, Flex, type TableColumnsType, Tag, Typography } from 'antd'
import type { EChartsOption } from 'echarts/types/dist/shared'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { ForecastScoreAnswer } from '../../../src/api/answers/forecast-score.ts'
import { useAnswer } from '../api/client.ts'
import {
  amountText,
  countText,
  durationText,
  instantText,
  NOT_KNOWN,
  shareText,
} from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { Chart } from '../parts/chart.tsx'
import { Term } from '../parts/figure.tsx'
import { Rows } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { useView } from '../parts/state-view.tsx'
import { STATE_COLORS, useShade } from '../theme.ts'
import { useStepName } from './bank-deposit-groups.tsx'

type Known = NonNullable<ForecastScoreAnswer['forecast']>
type Horizon = ForecastScoreAnswer['horizons'][number]

/** What is offered as safe. */
const PROMISE_LEAST = 0.9

export function ForecastScore() {
  const { t } = useTranslation('bank')
  const { isTable, toggle } = useView()
  const score = useAnswer<ForecastScoreAnswer>('/v1/forecast')
  return (
    <Section title={t('forecast.title')} actions={toggle} exported={{ table: 'forecast' }}>
      <Answer of={score}>
        {({ forecast, horizons }) =>
          forecast === null ? (
            <Typography.Text type="secondary">{t('forecast.none')}</Typography.Text>
          ) : (
            <Flex vertical gap={12}>
              <Typography.Text type="secondary">{t('forecast.help')}</Typography.Text>
              <About forecast={forecast} />
              {isTable ? null : <BrierChart horizons={horizons} />}
              <HorizonRows horizons={horizons} />
            </Flex>
          )
        }
      </Answer>
    </Section>
  )
}

function About({ forecast }: { readonly forecast: Known }) {
  const { t } = useTranslation('bank')
  const lag = forecast.lag_seconds
  const items = [
    ['models', forecast.is_shipped_prior ? t('forecast.shipped') : forecast.models],
    ['trained', instantText(forecast.trained_at)],
    ['examples', countText(forecast.examples)],
    ['cards', countText(forecast.cards)],
    ['lag', lag === null ? NOT_KNOWN : durationText(lag * 1_000)],
    ['failures', countText(forecast.training_failures)],
  ] as const
  return (
    <Descriptions
      size="small"
      className="tabular"
      column={{ xs: 1, sm: 2, lg: 3 }}
      items={items.map(([key, children]) => ({ key, label: t(`forecast.${key}`), children }))}
    />
  )
}

function BrierChart({ horizons }: { readonly horizons: readonly Horizon[] }) {
  const { t } = useTranslation('bank')
  const [shade] = useShade()
  const step = useStepName()
  const option = useMemo<EChartsOption>(() => {
    const colors = STATE_COLORS[shade]
    return {
      grid: { left: 48, right: 16, top: 36, bottom: 24 },
      legend: { top: 0 },
      tooltip: { trigger: 'axis', confine: true },
      xAxis: { type: 'category', data: horizons.map(({ minutes }) => step(minutes)) },
      yAxis: { type: 'value', min: 0 },
      series: [
        {
          type: 'bar',
          name: t('forecast.brier'),
          itemStyle: { color: colors.busy },
          barMaxWidth: 40,
          data: horizons.map(({ brier }) => brier),
        },
        {
          type: 'bar',
          name: t('forecast.reference'),
          itemStyle: { color: colors.unknown },
          barMaxWidth: 40,
          data: horizons.map(({ brier_reference: brier }) => brier),
        },
      ],
    }
  }, [horizons, shade, step, t])
  return <Chart option={option} summary={t('forecast.chart')} height={200} />
}

function HorizonRows({ horizons }: { readonly horizons: readonly Horizon[] }) {
  const { t } = useTranslation('bank')
  const step = useStepName()
  const column = (name: string, text: (row: Horizon) => string) => ({
    title: <Term id="brier">{t(`forecast.${name}`)}</Term>,
    key: name,
    align: 'right' as const,
    render: (_: unknown, row: Horizon) => text(row),
  })
  const columns: TableColumnsType<Horizon> = [
    { title: t('forecast.horizon'), key: 'minutes', render: (_, row) => step(row.minutes) },
    column('guesses', (row) => countText(Math.round(row.guesses))),
    column('base_rate', (row) => shareText(row.base_rate)),
    column('brier', (row) => amountText(row.brier, 4)),
    column('reference', (row) => amountText(row.brier_reference, 4)),
    column('skill', (row) => amountText(row.skill, 3)),
    column('promises', (row) => countText(Math.round(row.promises))),
    {
      title: t('forecast.kept'),
      key: 'kept',
      render: (_, { promises_kept: kept }) =>
        kept === null ? (
          NOT_KNOWN
        ) : (
          <>
            {shareText(kept)}{' '}
            <Tag color={kept >= PROMISE_LEAST ? 'green' : 'gold'}>
              {t(kept >= PROMISE_LEAST ? 'forecast.calibrated' : 'forecast.over')}
            </Tag>
          </>
        ),
    },
  ]
  return (
    <Rows
      label={t('forecast.title')}
      rows={horizons}
      columns={columns}
      rowKey={({ minutes }) => String(minutes)}
    />
  )
}
