/** A node: what it says of itself, and every card in it with what that does now. */
import { Descriptions, Flex, Tag, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link, useSearch } from 'wouter'
import type { NodeCardsAnswer } from '../../../src/api/answers/node-cards.ts'
import type { OneNodeAnswer } from '../../../src/api/answers/nodes.ts'
import { useAnswer } from '../api/client.ts'
import { amountText, countText, instantText, NOT_KNOWN } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { Term } from '../parts/figure.tsx'
import { Rows } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { StateSwatch } from '../parts/state-bar.tsx'
import { hrefOf, type Place, partsOf } from './utilization-place.ts'
import { NodeStatus } from './utilization-site.tsx'

type Card = NodeCardsAnswer['accelerators'][number]

export function NodeView({ place, id }: { readonly place: Place; readonly id: string }) {
  const { t } = useTranslation('utilization')
  const path = `/v1/nodes/${encodeURIComponent(id)}`
  const node = useAnswer<OneNodeAnswer>(path)
  const cards = useAnswer<NodeCardsAnswer>(`${path}/accelerators`)
  return (
    <>
      <Section title={t('node.title')}>
        <Answer of={node}>{(answer) => <NodeFacts node={answer} />}</Answer>
      </Section>
      <Section title={t('node.cards')} exported={{ table: 'accelerators', query: { node: id } }}>
        <Answer of={cards} isEmpty={({ accelerators }) => accelerators.length === 0}>
          {({ accelerators }) => <Cards cards={accelerators} place={place} />}
        </Answer>
        <Typography.Text type="secondary">{t('node.buckets')}</Typography.Text>
      </Section>
    </>
  )
}

function NodeFacts({ node }: { readonly node: OneNodeAnswer }) {
  const { t } = useTranslation('utilization')
  const { facts } = node
  const items = [
    { key: 'name', label: t('node.name'), children: node.name },
    { key: 'code', label: t('site.code'), children: node.resource_code },
    { key: 'status', label: t('node.status'), children: <NodeStatus node={node} /> },
    { key: 'told_to', label: t('node.told_to'), children: instantText(node.told_to) },
    {
      key: 'agent',
      label: t('node.agent'),
      children: node.session?.agent_version ?? NOT_KNOWN,
    },
    {
      key: 'system',
      label: t('node.system'),
      children: facts?.operating_system ?? NOT_KNOWN,
    },
    { key: 'cores', label: t('node.cores'), children: countText(facts?.cpu_cores) },
    { key: 'owner', label: t('node.owner_kind'), children: facts?.owner_kind ?? NOT_KNOWN },
  ]
  return <Descriptions size="small" column={{ xs: 1, sm: 2, lg: 4 }} items={items} />
}

function Cards({ cards, place }: { readonly cards: readonly Card[]; readonly place: Place }) {
  const { t } = useTranslation('utilization')
  const search = useSearch()
  const parts = partsOf(place)
  return (
    <Rows<Card>
      label={t('node.cards')}
      rows={cards}
      rowKey={({ unit_id }) => String(unit_id)}
      columns={[
        {
          key: 'id',
          title: t('card.code'),
          render: (_, { accelerator_id: id }) => (
            <Link href={hrefOf([...parts, id], search)}>{id}</Link>
          ),
        },
        {
          key: 'model',
          title: t('card.model'),
          render: (_, { model, printed_name, in_conflict }) => (
            <Flex gap={6} align="center">
              {model ?? printed_name}
              {model === null ? <Tag color="gold">{t('ledger:vendors.unrated')}</Tag> : null}
              {in_conflict ? <Tag color="red">{t('card.conflict')}</Tag> : null}
            </Flex>
          ),
        },
        {
          key: 'state',
          title: t('card.state'),
          render: (_, { state }) =>
            state === null ? (
              NOT_KNOWN
            ) : (
              <Flex gap={6} align="center">
                <StateSwatch state={state.state} />
                <Term id={state.state}>{t(`common:state.${state.state}`)}</Term>
              </Flex>
            ),
        },
        {
          key: 'cause',
          title: t('card.cause'),
          render: (_, { state }) =>
            state === null ? NOT_KNOWN : t(`cause.${state.cause}`, state.cause),
        },
        {
          key: 'since',
          title: t('card.since'),
          render: (_, { state }) => instantText(state?.since),
        },
        {
          key: 'deposit',
          title: t('card.deposit'),
          render: (_, card) => <DepositStatus status={card.deposit_status} />,
        },
        {
          key: 'p',
          align: 'right',
          title: <Term id="p">{t('card.p')}</Term>,
          render: (_, { p }) => amountText(p, 3),
        },
      ]}
    />
  )
}

/** Why it is not deposited is told to administrators and operators only. */
export function DepositStatus({ status }: { readonly status: Card['deposit_status'] }) {
  const { t } = useTranslation('utilization')
  if (status === null) return NOT_KNOWN
  const reason = status.reason === null ? '' : ` ${status.reason}`
  return (
    <span>
      <Tag color={status.status === 'deposited' ? 'green' : 'default'}>
        {t(`card.${status.status}`)}
      </Tag>
      <Typography.Text type="secondary">{reason}</Typography.Text>
    </span>
  )
}
