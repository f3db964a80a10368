/** Runs, leases and deposits of one accelerator as tables. */
import { Flex, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import type { SegmentAnswer } from '../../../src/api/answers/segments.ts'
import { durationText, instantText } from '../format.ts'
import { Term } from '../parts/figure.tsx'
import { Rows } from '../parts/rows.tsx'
import { StateSwatch } from '../parts/state-bar.tsx'
import type { DepositLine } from './utilization-card-answers.ts'
import { leaseSpans } from './utilization-runs.ts'

/** Newest first. */
export function RunTable({ segments }: { readonly segments: readonly SegmentAnswer[] }) {
  const { t } = useTranslation('utilization')
  return (
    <Rows<SegmentAnswer>
      label={t('timeline.runs')}
      rows={[...segments].reverse()}
      rowKey={({ from }) => from}
      columns={[
        { key: 'from', title: t('timeline.from'), render: (_, { from }) => instantText(from) },
        { key: 'to', title: t('timeline.to'), render: (_, { to }) => instantText(to) },
        {
          key: 'length',
          align: 'right',
          title: t('timeline.length'),
          render: (_, { from, to }) => durationText(Date.parse(to) - Date.parse(from)),
        },
        {
          key: 'state',
          title: t('timeline.state'),
          render: (_, { state }) => (
            <Flex gap={6} align="center">
              <StateSwatch state={state} />
              <Term id={state}>{t(`common:state.${state}`)}</Term>
            </Flex>
          ),
        },
        {
          key: 'cause',
          title: t('card.cause'),
          render: (_, { cause }) => t(`cause.${cause}`, cause),
        },
        {
          key: 'late',
          title: t('timeline.late'),
          render: (_, { recorded_at }) => (recorded_at === null ? '' : instantText(recorded_at)),
        },
      ]}
    />
  )
}

interface LeaseLine {
  readonly fromMs: number
  readonly toMs: number
}

export function LeaseTable({ segments }: { readonly segments: readonly SegmentAnswer[] }) {
  const { t } = useTranslation('utilization')
  const spans = leaseSpans(segments)
  if (spans.length === 0) {
    return <Typography.Text type="secondary">{t('timeline.no_leases')}</Typography.Text>
  }
  const iso = (ms: number) => instantText(new Date(ms).toISOString())
  return (
    <Rows<LeaseLine>
      label={t('timeline.leases')}
      rows={[...spans].reverse()}
      rowKey={({ fromMs }) => String(fromMs)}
      columns={[
        { key: 'from', title: t('timeline.from'), render: (_, { fromMs }) => iso(fromMs) },
        { key: 'to', title: t('timeline.to'), render: (_, { toMs }) => iso(toMs) },
        {
          key: 'length',
          align: 'right',
          title: t('timeline.length'),
          render: (_, { fromMs, toMs }) => durationText(toMs - fromMs),
        },
      ]}
    />
  )
}

export function DepositTable({ deposits }: { readonly deposits: readonly DepositLine[] }) {
  const { t } = useTranslation('utilization')
  if (deposits.length === 0) {
    return <Typography.Text type="secondary">{t('timeline.no_deposits')}</Typography.Text>
  }
  return (
    <Rows<DepositLine>
      label={t('timeline.deposits')}
      rows={[...deposits].reverse()}
      rowKey={({ deposit_id }) => deposit_id}
      columns={[
        {
          key: 'opened',
          title: t('timeline.opened'),
          render: (_, { opened_at }) => instantText(opened_at),
        },
        {
          key: 'closed',
          title: t('timeline.closed'),
          render: (_, { closed_at }) =>
            closed_at === null ? t('timeline.open_still') : instantText(closed_at),
        },
        {
          key: 'reason',
          title: t('timeline.reason'),
          render: (_, { close_reason }) => close_reason ?? '',
        },
      ]}
    />
  )
}
