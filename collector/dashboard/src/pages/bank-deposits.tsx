/** What is deposited now: by site and model, with what will last; and card by card. */
import { Flex, Segmented, Typography } from 'antd'
import type { EChartsOption } from 'echarts/types/dist/shared'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { DepositSummaryAnswer } from '../../../src/api/answers/deposit-summary.ts'
import { useAnswer } from '../api/client.ts'
import { amountText, countText, durationText, instantText } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { Chart } from '../parts/chart.tsx'
import { Figure } from '../parts/figure.tsx'
import { Paged, usePages } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { useView } from '../parts/state-view.tsx'
import { STATE_COLORS, useShade } from '../theme.ts'
import {
  DEPOSIT_GROUPINGS,
  type DepositGroup,
  type DepositGrouping,
  GroupRows,
  modelName,
  STEPS,
  useStepName,
} from './bank-deposit-groups.tsx'
import { CardByCard } from './bank-deposit-list.tsx'
import { useNames } from './ledger-names.ts'

const PATH = '/v1/deposits/summary'
/** Five thin bars and room around them. */
const ROW_HEIGHT = 72
/** Bars of more models than these cannot be told apart. */
const MODELS_SHOWN_MAX = 12

export function DepositsTab() {
  return (
    <Flex vertical gap={16}>
      <Total />
      <Groups />
      <CardByCard />
    </Flex>
  )
}

function Total() {
  const { t } = useTranslation('bank')
  const { isTable, toggle } = useView()
  const byModel = useAnswer<DepositSummaryAnswer>(PATH, { by: 'model', limit: MODELS_SHOWN_MAX })
  return (
    <Section
      title={t('deposits.title')}
      actions={toggle}
      exported={{ table: 'deposit-summary', query: { by: 'model' } }}
    >
      <Answer of={byModel}>
        {(answer) => (
          <Flex vertical gap={16}>
            <TotalFigures answer={answer} />
            {answer.groups.length === 0 ? null : isTable ? (
              <GroupRows groups={answer.groups} by="model" asOf={answer.as_of} />
            ) : (
              <LastingChart groups={answer.groups} />
            )}
          </Flex>
        )}
      </Answer>
    </Section>
  )
}

function TotalFigures({ answer }: { readonly answer: DepositSummaryAnswer }) {
  const { t } = useTranslation('bank')
  const { total } = answer
  const cards = t('common:unit.cards')
  const inP = (p: string) => t('deposits.of_p', { p: amountText(p, 2) })
  return (
    <>
      <Flex wrap gap="16px 40px">
        <Figure
          definition="deposited"
          name={t('deposits.deposited')}
          value={countText(total.cards_deposited)}
          unit={cards}
          note={inP(total.p_deposited)}
        />
        <Figure
          definition="drawable"
          name={t('deposits.drawable')}
          value={countText(total.cards)}
          unit={cards}
          note={inP(total.p)}
        />
        <Figure
          definition="drawable"
          name={t('deposits.fenced')}
          value={countText(total.cards_fenced)}
          unit={cards}
          note={t('deposits.fenced_note')}
        />
        <Figure
          definition="drawable"
          name={t('deposits.suspended')}
          value={countText(total.cards_suspended)}
          unit={cards}
          note={t('deposits.suspended_note')}
        />
        <Figure definition="lot" name={t('deposits.lots')} value={countText(total.lots)} />
      </Flex>
      <Typography.Text type="secondary" className="tabular">
        {t('deposits.as_of', { at: instantText(answer.as_of), lag: durationText(answer.lag_ms) })}
      </Typography.Text>
    </>
  )
}

function LastingChart({ groups }: { readonly groups: readonly DepositGroup[] }) {
  const { t } = useTranslation('bank')
  const [shade] = useShade()
  const names = useNames()
  const step = useStepName()
  const option = useMemo<EChartsOption>(() => {
    const color = STATE_COLORS[shade].free
    const series = [
      { name: t('deposits.now'), data: groups.map(({ cards }) => cards), opacity: 1 },
      ...STEPS.map((minutes, index) => ({
        name: t('deposits.after', { time: step(minutes) }),
        data: groups.map(({ lasting }) => lasting[`minutes_${minutes}`].cards_expected),
        opacity: 0.78 - index * 0.18,
      })),
    ]
    const labels = groups.map((group) => group.model ?? modelName(names, group, t('unrated')))
    return {
      grid: { left: 8, right: 24, top: 36, bottom: 8, containLabel: true },
      legend: { top: 0, type: 'scroll' },
      tooltip: { trigger: 'axis', confine: true, axisPointer: { type: 'shadow' } },
      xAxis: { type: 'value', minInterval: 1 },
      yAxis: {
        type: 'category',
        inverse: true,
        data: labels,
        axisLabel: { width: 110, overflow: 'truncate' },
      },
      series: series.map(({ name, data, opacity }) => ({
        type: 'bar',
        name,
        data,
        barGap: '10%',
        barMaxWidth: 10,
        itemStyle: { color, opacity },
      })),
    }
  }, [groups, names, shade, step, t])
  const height = 60 + groups.length * ROW_HEIGHT
  return <Chart option={option} summary={t('deposits.chart')} height={height} />
}

function Groups() {
  const { t } = useTranslation('bank')
  const [by, setBy] = useState<DepositGrouping>('site_model')
  const pages = usePages<DepositSummaryAnswer>(PATH, { by })
  const asOf = pages.data?.pages[0]?.as_of ?? null
  return (
    <Section
      title={t('deposits.groups')}
      exported={{ table: 'deposit-summary', query: { by } }}
      actions={
        <Segmented<DepositGrouping>
          aria-label={t('deposits.by.label')}
          value={by}
          onChange={setBy}
          options={DEPOSIT_GROUPINGS.map((value) => ({ value, label: t(`deposits.by.${value}`) }))}
        />
      }
    >
      <Paged of={pages} rowsOf={({ groups }) => groups}>
        {(groups) => <GroupRows groups={groups} by={by} asOf={asOf} />}
      </Paged>
      <Typography.Paragraph type="secondary" style={{ margin: '8px 0 0' }}>
        {t('deposits.lasting_help')}
      </Typography.Paragraph>
    </Section>
  )
}
