/** One accelerator: where it is and was, and what it did with its time, run by run. */
import { Alert, Descriptions, Flex, Segmented, Tag, Typography } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useAnswer } from '../api/client.ts'
import { amountText, countText, durationText, instantText, NOT_KNOWN } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { useInstant } from '../parts/instant.tsx'
import { Section } from '../parts/section.tsx'
import { StateLegend, StateSwatch } from '../parts/state-bar.tsx'
import { useView } from '../parts/state-view.tsx'
import { STATES } from '../states.ts'
import type { Balance, OneCard, Timeline } from './utilization-card-answers.ts'
import { DepositTable, LeaseTable, RunTable } from './utilization-card-tables.tsx'
import { DepositStatus } from './utilization-node.tsx'
import { lastDays, spanQuery } from './utilization-range.ts'
import { timeByState } from './utilization-runs.ts'
import { TimelineChart } from './utilization-timeline.tsx'

const MINUTE_MS = 60_000
const DAYS = ['1', '3', '7'] as const
type Days = (typeof DAYS)[number]

export function CardView({ id, endMs }: { readonly id: string; readonly endMs: number }) {
  const { t } = useTranslation('utilization')
  const path = `/v1/accelerators/${encodeURIComponent(id)}`
  const card = useAnswer<OneCard>(path)
  return (
    <>
      <Section title={t('card.title')}>
        <Answer of={card}>{(answer) => <CardFacts card={answer} />}</Answer>
      </Section>
      <CardTime id={id} path={path} endMs={endMs} />
    </>
  )
}

function CardFacts({ card }: { readonly card: OneCard }) {
  const { t } = useTranslation('utilization')
  return (
    <Flex vertical gap={12}>
      {card.placements.map((unit) => {
        const { model, printed_name, valid_from, valid_to } = unit
        const span = { from: instantText(valid_from), to: instantText(valid_to) }
        const items = [
          { key: 'code', label: t('card.code'), children: card.accelerator_id },
          {
            key: 'model',
            label: t('card.model'),
            children: (
              <Flex gap={6} wrap align="center">
                {`${model ?? printed_name} · ${t('card.printed', { name: printed_name })}`}
                {model === null ? <Tag color="gold">{t('ledger:vendors.unrated')}</Tag> : null}
                {unit.in_conflict ? <Tag color="red">{t('card.conflict')}</Tag> : null}
              </Flex>
            ),
          },
          { key: 'p', label: t('card.p'), children: amountText(unit.p, 3) },
          {
            key: 'memory',
            label: t('card.memory'),
            children:
              unit.memory_total_mib === null
                ? NOT_KNOWN
                : `${countText(unit.memory_total_mib)} MiB`,
          },
          { key: 'driver', label: t('card.driver'), children: unit.driver_version ?? NOT_KNOWN },
          { key: 'identity', label: t('card.identity'), children: unit.identity ?? NOT_KNOWN },
          {
            key: 'place',
            label: t('card.placements'),
            children: `${unit.site_code} / ${unit.node_id} · ${t(valid_to === null ? 'card.valid' : 'card.valid_to', span)}`,
          },
          {
            key: 'deposit',
            label: t('card.deposit'),
            children: <DepositStatus status={unit.deposit_status} />,
          },
        ]
        return (
          <Descriptions
            key={unit.unit_id}
            size="small"
            column={{ xs: 1, md: 2, xl: 3 }}
            items={items}
          />
        )
      })}
    </Flex>
  )
}

interface CardTimeProps {
  readonly id: string
  readonly path: string
  readonly endMs: number
}

function CardTime({ id, path, endMs }: CardTimeProps) {
  const { t } = useTranslation('utilization')
  const [{ known_at }] = useInstant()
  const [days, setDays] = useState<Days>('3')
  const view = useView()
  const toMs = Math.floor(endMs / MINUTE_MS) * MINUTE_MS
  const span = lastDays({ fromMs: 0, toMs }, Number(days))
  const query = { ...spanQuery(span), known_at }
  const timeline = useAnswer<Timeline>(`${path}/timeline`, query)
  const runs = { table: 'accelerator-timeline', query: { ...query, id } }
  const balance = useAnswer<Balance>(`${path}/balance`, spanQuery(span))
  const picker = (
    <Segmented<Days>
      aria-label={t('timeline.days.label')}
      value={days}
      onChange={setDays}
      options={DAYS.map((value) => ({ value, label: t(`timeline.days.${value}`) }))}
    />
  )
  return (
    <Answer of={timeline} rows={8}>
      {(answer) => {
        const segments = answer.placements.flatMap((one) => one.segments)
        return (
          <>
            <Section
              title={t('timeline.title')}
              exported={runs}
              actions={
                <>
                  {picker}
                  {view.toggle}
                </>
              }
            >
              {segments.length === 0 ? (
                t('timeline.empty')
              ) : view.isTable ? (
                <RunTable segments={segments} />
              ) : (
                <>
                  <StateLegend />
                  <TimelineChart timeline={answer} />
                  <Typography.Text type="secondary">{t('timeline.lane_note')}</Typography.Text>
                </>
              )}
            </Section>
            <Section title={t('timeline.sums')}>
              <StateSums segments={segments} />
              {balance.data === undefined ? null : (
                <Alert
                  style={{ marginTop: 12 }}
                  showIcon
                  type={balance.data.balanced ? 'success' : 'error'}
                  title={t(
                    balance.data.balanced ? 'timeline.balance_good' : 'timeline.balance_bad',
                  )}
                />
              )}
            </Section>
            <Section title={t('timeline.leases')} exported={runs}>
              <LeaseTable segments={segments} />
            </Section>
            <Section
              title={t('timeline.deposits')}
              exported={{ ...runs, table: 'accelerator-deposits' }}
            >
              <DepositTable deposits={answer.placements.flatMap((one) => one.deposits)} />
            </Section>
          </>
        )
      }}
    </Answer>
  )
}

function StateSums({ segments }: { readonly segments: Parameters<typeof timeByState>[0] }) {
  const { t } = useTranslation('utilization')
  const sums = timeByState(segments)
  return (
    <Flex wrap gap="8px 24px" className="tabular">
      {STATES.map((state) => (
        <Flex key={state} gap={6} align="center">
          <StateSwatch state={state} />
          {`${t(`common:state.${state}`)} ${durationText(sums[state])}`}
        </Flex>
      ))}
    </Flex>
  )
}
