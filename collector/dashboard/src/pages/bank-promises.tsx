/** Promises kept, with and without swaps, what broke the others, and how good the forecast was. */

import { Flex, Segmented, type TableColumnsType, Typography } from 'antd'
import type { EChartsOption } from 'echarts/types/dist/shared'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { PromisesAnswer } from '../../../src/api/answers/promises.ts'
import { useAnswer } from '../api/client.ts'
import { amountText, countText, shareText } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { Chart } from '../parts/chart.tsx'
import { Figure, Term } from '../parts/figure.tsx'
import { useInstant } from '../parts/instant.tsx'
import { Pedigree } from '../parts/pedigree.tsx'
import { Rows } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { Swatch } from '../parts/swatch.tsx'
import { STATE_COLORS, useShade } from '../theme.ts'
import { AccountRows, PART_TERMS } from './bank-accounts.tsx'
import { ForecastScore } from './bank-forecast.tsx'
import { accountsByModel, keptRates, type Outcomes, PARTS } from './bank-sums.ts'

const HOUR_MS = 3_600_000
const SPANS = { week: 7, month: 30, quarter: 90 } as const
type SpanName = keyof typeof SPANS

export function PromisesTab() {
  const { t } = useTranslation('bank')
  const [span, setSpan] = useState<SpanName>('month')
  const [instant] = useInstant()
  const query = useMemo(() => {
    const untilMs = instant.as_of === null ? Date.now() : Date.parse(instant.as_of)
    const toMs = Math.ceil(untilMs / HOUR_MS) * HOUR_MS
    const iso = (ms: number) => new Date(ms).toISOString()
    const from = iso(toMs - SPANS[span] * 24 * HOUR_MS)
    return { from, to: iso(toMs), known_at: instant.known_at }
  }, [instant.as_of, instant.known_at, span])
  const promises = useAnswer<PromisesAnswer>('/v1/promises', query)
  return (
    <Flex vertical gap={16}>
      <Segmented<SpanName>
        className="no-print"
        aria-label={t('promises.range.label')}
        style={{ alignSelf: 'start' }}
        value={span}
        onChange={setSpan}
        options={(['week', 'month', 'quarter'] as const).map((value) => ({
          value,
          label: t(`promises.range.${value}`),
        }))}
      />
      <Answer of={promises} rows={6}>
        {(answer) => (
          <>
            <Kept answer={answer} />
            {answer.models.length === 0 ? null : (
              <Section title={t('promises.models')} exported={{ table: 'promises', query }}>
                <Typography.Paragraph type="secondary">
                  {t('promises.models_help')}
                </Typography.Paragraph>
                <AccountRows
                  label={t('promises.models')}
                  rows={accountsByModel(answer.models).map(({ account, model }) => ({
                    key: model,
                    names: [model],
                    account,
                  }))}
                  heads={[t('model')]}
                />
              </Section>
            )}
          </>
        )}
      </Answer>
      <ForecastScore />
    </Flex>
  )
}

function Kept({ answer }: { readonly answer: PromisesAnswer }) {
  const { t } = useTranslation('bank')
  const rates = keptRates(answer.draws)
  const { counted, kept, kept_by_swap: bySwap } = answer.draws
  const { settled } = rates
  return (
    <Section title={t('promises.title')}>
      <Flex vertical gap={16}>
        <Flex wrap gap="16px 40px">
          <Figure
            definition="promises_kept"
            name={t('promises.rate')}
            value={shareText(rates.withoutSwaps)}
            note={t('promises.of', { kept: countText(kept), settled: countText(settled) })}
          />
          <Figure
            definition="promises_kept"
            name={t('promises.rate_swap')}
            value={shareText(rates.withSwaps)}
            note={t('promises.of', { kept: countText(kept + bySwap), settled: countText(settled) })}
          />
          <Figure
            definition="promised"
            name={t('statement.promised')}
            value={amountText(answer.p_hours.promised, 1)}
            unit={t('common:unit.p_hours')}
          />
          <Figure
            definition="coverage"
            name={t('common:coverage')}
            value={shareText(answer.coverage === null ? null : Number(answer.coverage))}
            note={t('promises.coverage_note')}
          />
        </Flex>
        {counted === 0 ? (
          <Typography.Text type="secondary">{t('promises.none')}</Typography.Text>
        ) : (
          <>
            <OutcomeRows draws={answer.draws} bookings={answer.bookings} />
            <WhereItWent amounts={answer.p_hours} />
          </>
        )}
        {answer.unrated_lines === 0 ? null : (
          <Typography.Text type="secondary">
            {t('promises.unrated', { count: answer.unrated_lines })}
          </Typography.Text>
        )}
        <Pedigree of={answer} />
      </Flex>
    </Section>
  )
}

interface OutcomeRowsProps {
  readonly draws: Outcomes
  readonly bookings: Outcomes
}

export function OutcomeRows({ draws, bookings }: OutcomeRowsProps) {
  const { t } = useTranslation('bank')
  const rows = [
    { kind: 'draws', ...draws },
    { kind: 'bookings', ...bookings },
  ]
  type Row = (typeof rows)[number]
  const column = (name: string, text: (row: Row) => string) => ({
    title: t(`promises.${name}`),
    key: name,
    align: 'right' as const,
    render: (_: unknown, row: Row) => text(row),
  })
  const columns: TableColumnsType<Row> = [
    { title: t('promises.kind'), key: 'kind', render: (_, { kind }) => t(`promises.${kind}`) },
    column('counted', (row) => countText(row.counted)),
    column('open', (row) => countText(row.open)),
    column('kept', (row) => countText(row.kept)),
    column('kept_by_swap', (row) => countText(row.kept_by_swap)),
    column('broken', (row) => countText(row.broken)),
    column('rate', (row) => shareText(keptRates(row).withoutSwaps)),
    column('rate_swap', (row) => shareText(keptRates(row).withSwaps)),
  ]
  return (
    <Rows label={t('promises.title')} rows={rows} columns={columns} rowKey={({ kind }) => kind} />
  )
}

/** One bar that is all of the promise; the same figures below it. */
function WhereItWent({ amounts }: { readonly amounts: PromisesAnswer['p_hours'] }) {
  const { t } = useTranslation('bank')
  const [shade] = useShade()
  const summary = t('promises.where_summary', { promised: amountText(amounts.promised, 1) })
  const parts = useMemo(() => {
    const colors = STATE_COLORS[shade]
    const colorOf = {
      delivered_active: colors.lent,
      delivered_idle: colors.allocated,
      returned: colors.free,
      broken: colors.faulty,
      unproven: colors.unknown,
      pending: colors.occupied,
    } as const
    const told = PARTS.filter((name) => name !== 'swapped')
    return told.map((name) => ({ name, color: colorOf[name], amount: amounts[name] }))
  }, [amounts, shade])
  const option = useMemo<EChartsOption>(
    () => ({
      grid: { left: 8, right: 8, top: 4, bottom: 24 },
      tooltip: { trigger: 'item', confine: true },
      xAxis: { type: 'value', max: Number(amounts.promised) },
      yAxis: { type: 'category', data: [''], show: false },
      series: parts.map(({ name, color, amount }) => ({
        type: 'bar',
        stack: 'all',
        name: t(`statement.${name}`),
        itemStyle: { color },
        data: [Number(amount)],
      })),
    }),
    [amounts.promised, parts, t],
  )
  return (
    <div className="print-block">
      <h3 style={{ margin: 0, fontSize: 14 }}>{t('promises.where')}</h3>
      <Chart option={option} summary={summary} height={72} />
      <Flex wrap gap="4px 24px" className="tabular">
        {parts.map(({ name, color, amount }) => (
          <Flex key={name} gap={6} align="center">
            <Swatch color={color} />
            <Term id={PART_TERMS[name]}>{t(`statement.${name}`)}</Term>
            {amountText(amount, 3)}
          </Flex>
        ))}
      </Flex>
    </div>
  )
}
