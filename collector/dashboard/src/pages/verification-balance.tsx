/** The balance equation over a span: seven states add up to wall time, or where they do not. */
import {
  Alert,
  Button,
  DatePicker,
  Flex,
  Form,
  Input,
  type TableColumnsType,
  Typography,
} from 'antd'
import type { Dayjs } from 'dayjs'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { BalanceAnswer } from '../../../src/api/answers/balance.ts'
import { type Query, useAnswer } from '../api/client.ts'
import { cardHoursText, countText, instantText, shareText } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { instantOf, pickerOf } from '../parts/civil.ts'
import { Figure, Term } from '../parts/figure.tsx'
import { Rows } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { StateBar, StateSwatch } from '../parts/state-bar.tsx'
import { STATES, type StateName } from '../states.ts'
import { balanceCheck } from './verification-figures.ts'

interface Asked {
  readonly span: readonly [Dayjs, Dayjs]
  readonly accelerator?: string
}

type Span = BalanceAnswer['errors'][number]
interface StateRow {
  readonly state: StateName
  readonly ms: string
}

export function BalanceTab() {
  const { t } = useTranslation('verification')
  const [query, setQuery] = useState<Query>(() => queryOf({ span: lastDay() }))
  const balance = useAnswer<BalanceAnswer>('/v1/balance', query)
  return (
    <Flex vertical gap={16}>
      <Section title={t('balance.title')}>
        <Typography.Paragraph type="secondary">
          {`${t('balance.help')} ${t('balance.limit')}`}
        </Typography.Paragraph>
        <Form<Asked>
          layout="vertical"
          requiredMark={false}
          className="no-print asking"
          initialValues={{ span: lastDay() }}
          onFinish={(asked) => setQuery(queryOf(asked))}
        >
          <Form.Item
            name="span"
            label={t('balance.span')}
            rules={[{ required: true, message: '' }]}
          >
            <DatePicker.RangePicker
              showTime={{ format: 'HH:mm' }}
              format="YYYY-MM-DD HH:mm"
              style={{ maxWidth: '100%' }}
            />
          </Form.Item>
          <Form.Item name="accelerator" label={t('balance.accelerator')}>
            <Input
              allowClear
              maxLength={32}
              placeholder={t('balance.accelerator_help')}
              style={{ width: 280, maxWidth: '100%' }}
            />
          </Form.Item>
          <Form.Item>
            <Button type="primary" htmlType="submit" loading={balance.isFetching}>
              {t('balance.run')}
            </Button>
          </Form.Item>
        </Form>
      </Section>
      {balance.isError ? (
        <Alert type="error" showIcon title={balance.error.message} />
      ) : (
        <Answer of={balance} rows={8}>
          {(answer) => <Verdict of={answer} query={query} />}
        </Answer>
      )}
    </Flex>
  )
}

interface VerdictProps {
  readonly of: BalanceAnswer
  readonly query: Query
}

function Verdict({ of, query }: VerdictProps) {
  const { t } = useTranslation('verification')
  const { t: common } = useTranslation()
  const { difference, sum } = balanceCheck(of)
  const isBalanced = of.balanced && difference === 0n
  const hours = common('unit.card_hours')
  return (
    <>
      <Section title={`${instantText(of.from)} – ${instantText(of.to)}`}>
        <Flex vertical gap={16}>
          <Alert
            type={isBalanced ? 'success' : 'error'}
            showIcon
            title={
              isBalanced
                ? `${t('balance.balanced')} · ${t('balance.equation')}`
                : t('balance.not_balanced', { count: of.errors_total })
            }
          />
          <Flex wrap gap="16px 40px">
            <Figure
              definition="card_hours"
              name={t('balance.wall')}
              value={cardHoursText(of.wall_ms)}
              unit={hours}
              note={`${countText(BigInt(of.wall_ms))} ms`}
            />
            <Figure
              definition="card_hours"
              name={t('balance.browser_sum')}
              value={cardHoursText(sum)}
              unit={hours}
              note={`${t('balance.difference')} ${countText(difference)} ms`}
            />
            <Figure
              definition="coverage"
              name={common('coverage')}
              value={shareText(of.coverage, 2)}
              note={`${t('balance.silent')} ${cardHoursText(of.silent_ms)} ${hours}`}
            />
            <Figure
              definition="connected"
              name={t('balance.units')}
              value={countText(of.units)}
              note={`${common('pedigree.known_at')} ${instantText(of.known_at)}`}
            />
          </Flex>
          <StatesTable of={of} />
        </Flex>
      </Section>
      <Errors of={of} query={query} />
    </>
  )
}

function StatesTable({ of }: { readonly of: BalanceAnswer }) {
  const { t } = useTranslation('verification')
  const { t: common } = useTranslation()
  const wall = BigInt(of.wall_ms)
  const shareOf = (ms: string) =>
    wall === 0n ? null : Number((BigInt(ms) * 1_000_000n) / wall) / 1_000_000
  const rows = STATES.map((state): StateRow => ({ state, ms: of.states[`${state}_ms`] }))
  const columns: TableColumnsType<StateRow> = [
    {
      title: t('balance.state'),
      render: (_, { state }) => (
        <Flex align="center" gap={8}>
          <StateSwatch state={state} />
          <Term id={state}>{common(`state.${state}`)}</Term>
        </Flex>
      ),
    },
    { title: t('balance.time'), align: 'right', render: (_, { ms }) => cardHoursText(ms, 3) },
    {
      title: t('balance.share'),
      align: 'right',
      render: (_, { ms }) => shareText(shareOf(ms), 2),
    },
    {
      title: t('balance.milliseconds'),
      align: 'right',
      render: (_, { ms }) => countText(BigInt(ms)),
    },
  ]
  return (
    <>
      <StateBar shares={Object.fromEntries(rows.map(({ state, ms }) => [state, shareOf(ms)]))} />
      <Rows
        label={t('balance.equation')}
        rows={rows}
        columns={columns}
        rowKey={({ state }) => state}
      />
    </>
  )
}

function Errors({ of, query }: VerdictProps) {
  const { t } = useTranslation('verification')
  const columns: TableColumnsType<Span> = [
    { title: t('balance.kind'), render: (_, { kind }) => t(`balance.${kind}`) },
    { title: t('balance.unit'), dataIndex: 'unit_id' },
    { title: t('balance.from'), render: (_, { from }) => instantText(from) },
    { title: t('balance.to'), render: (_, { to }) => instantText(to) },
    { title: t('balance.sentence'), dataIndex: 'sentence' },
  ]
  return (
    <Section title={t('balance.errors')} exported={{ table: 'balance', query }}>
      {of.errors_total === 0 ? (
        <Typography.Text>{t('balance.no_errors')}</Typography.Text>
      ) : (
        <>
          <Typography.Paragraph>
            {t('balance.shown', { total: of.errors_total, shown: of.errors.length })}
          </Typography.Paragraph>
          <Rows
            label={t('balance.errors')}
            rows={of.errors}
            columns={columns}
            rowKey={({ from, kind, unit_id }) => `${unit_id} ${kind} ${from}`}
          />
        </>
      )}
    </Section>
  )
}

function lastDay(): readonly [Dayjs, Dayjs] {
  const to = pickerOf(Date.now()).startOf('hour')
  return [to.subtract(1, 'day'), to]
}

function queryOf({ span: [from, to], accelerator }: Asked): Query {
  return {
    from: instantOf(from),
    to: instantOf(to),
    accelerator: accelerator?.trim(),
  }
}
