/** The cards that are in a node now: what each does and since when, and why it is deposited or not. */
import { Flex, type TableColumnsType, Tag, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import type { NodeCardsAnswer } from '../../../src/api/answers/node-cards.ts'
import { useAnswer } from '../api/client.ts'
import { amountText, instantText, NOT_KNOWN } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { Term } from '../parts/figure.tsx'
import { Rows } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { StateSwatch } from '../parts/state-bar.tsx'
import { useNodeCode } from './nodes-parts.tsx'

const HOUR_MS = 3_600_000
type Card = NodeCardsAnswer['accelerators'][number]

export function NodeCards({ id }: { readonly id: string }) {
  const { t } = useTranslation('nodes')
  const cards = useAnswer<NodeCardsAnswer>(`/v1/nodes/${encodeURIComponent(id)}/accelerators`)
  return (
    <Section title={t('one.cards')} exported={{ table: 'node-cards', query: { id } }}>
      <Answer of={cards}>
        {(answer) =>
          answer.accelerators.length === 0 ? (
            <Typography.Text type="secondary">{t('one.no_cards')}</Typography.Text>
          ) : (
            <Flex vertical gap={8}>
              <CardRows answer={answer} />
              <Typography.Text type="secondary">
                {t('one.cards_help', { hours: amountText(answer.looked_back_ms / HOUR_MS, 1) })}
              </Typography.Text>
              {answer.accelerators.every((card) => card.deposit_status === null) ? (
                <Typography.Text type="secondary">{t('one.reasons_hidden')}</Typography.Text>
              ) : null}
            </Flex>
          )
        }
      </Answer>
    </Section>
  )
}

function CardRows({ answer }: { readonly answer: NodeCardsAnswer }) {
  const { t } = useTranslation('nodes')
  const kind = useNodeCode('kind')
  const cause = useNodeCode('cause')
  const identity = useNodeCode('identity')
  const { accelerators: cards } = answer
  const longer = t('one.card.longer', { hours: amountText(answer.looked_back_ms / HOUR_MS, 1) })
  const isTold = cards.some((card) => card.deposit_status !== null)
  const columns: TableColumnsType<Card> = [
    { title: t('one.card.id'), dataIndex: 'accelerator_id' },
    {
      title: t('one.card.model'),
      key: 'model',
      render: (_, card) => card.model ?? card.printed_name,
    },
    {
      title: t('one.card.state'),
      key: 'state',
      render: (_, { state }) =>
        state === null ? (
          t('one.card.untold')
        ) : (
          <Flex align="center" gap={6}>
            <StateSwatch state={state.state} />
            <Term id={state.state}>{t(`common:state.${state.state}`)}</Term>
          </Flex>
        ),
    },
    {
      title: t('one.card.cause'),
      key: 'cause',
      render: (_, { state }) => cause(state?.cause ?? null),
    },
    {
      title: t('one.card.since'),
      key: 'since',
      render: (_, { state }) =>
        state === null ? null : state.since === null ? longer : instantText(state.since),
    },
    { title: t('one.card.to'), key: 'to', render: (_, { state }) => instantText(state?.to) },
    ...(isTold
      ? [
          {
            title: t('one.card.deposit'),
            key: 'deposit',
            render: (_: unknown, card: Card) => <Deposit status={card.deposit_status} />,
          },
        ]
      : []),
    {
      title: t('common:unit.p'),
      key: 'p',
      align: 'right',
      render: (_, card) => amountText(card.p, 3),
    },
    {
      title: t('one.card.memory'),
      key: 'memory',
      align: 'right',
      render: (_, { memory_total_mib: mib }) =>
        mib === null ? NOT_KNOWN : `${amountText(mib / 1_024, 1)} GiB`,
    },
    {
      title: t('one.card.driver'),
      key: 'driver',
      render: (_, card) => card.driver_version ?? NOT_KNOWN,
    },
    {
      title: t('one.card.kind'),
      key: 'kind',
      render: (_, card) => {
        const parent = cards.find(({ unit_id: unit }) => unit === card.parent_unit_id)
        if (parent === undefined) return kind(card.kind)
        const from = t('one.card.slice_of', { unit: parent.accelerator_id })
        return `${kind(card.kind)} · ${from}`
      },
    },
    {
      title: t('one.card.identity'),
      key: 'identity',
      render: (_, card) => (
        <Flex gap={4}>
          {identity(card.identity)}
          {card.in_conflict ? <Tag color="red">{t('one.card.conflict')}</Tag> : null}
          {card.counted ? null : <Tag>{t('one.card.not_counted')}</Tag>}
        </Flex>
      ),
    },
  ]
  return (
    <Rows
      label={t('one.cards')}
      rows={cards}
      columns={columns}
      rowKey={({ unit_id: unit }) => String(unit)}
    />
  )
}

function Deposit({ status }: { readonly status: Card['deposit_status'] }) {
  const deposit = useNodeCode('deposit')
  const reason = useNodeCode('reason')
  if (status === null) return null
  const isDeposited = status.status === 'deposited'
  return (
    <Flex vertical>
      <span>
        <Tag color={isDeposited ? 'green' : 'default'}>{deposit(status.status)}</Tag>
        {reason(status.reason)}
      </span>
      {status.since === null ? null : (
        <Typography.Text type="secondary">{instantText(status.since)}</Typography.Text>
      )}
    </Flex>
  )
}
