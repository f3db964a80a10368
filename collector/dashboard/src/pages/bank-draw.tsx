/** One draw: what was asked for, what became of it card by card, and what each grant rested on. */
import { Alert, Descriptions, Flex, type TableColumnsType, Tag, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import type { DrawAnswer } from '../../../src/api/answers/draw-schema.ts'
import { useAnswer } from '../api/client.ts'
import { amountText, countText, instantText, NOT_KNOWN, shareText } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { Rows } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { DrawState, NodeLink, useCode } from './bank-parts.tsx'
import { useNames } from './ledger-names.ts'

type Card = DrawAnswer['cards'][number]
type Lease = DrawAnswer['leases'][number]

interface CardsProps {
  /** Of the draw. */
  readonly id: string
  readonly cards: readonly Card[]
}

/** Ends in good order; all others break a promise. */
const ORDERLY = ['voided', 'lapsed', 'expired', 'returned']

export function OneDraw({ id }: { readonly id: string }) {
  const { t } = useTranslation('bank')
  const draw = useAnswer<DrawAnswer>(`/v1/draws/${encodeURIComponent(id)}`)
  return (
    <Flex vertical gap={16}>
      <Link href="/bank/draws">{`← ${t('draws.title')}`}</Link>
      <Answer of={draw} rows={8}>
        {(answer) => (
          <>
            <Summary draw={answer} />
            {answer.leases.length === 0 ? null : <Leases id={id} leases={answer.leases} />}
            {answer.cards.length === 0 ? null : <Cards id={id} cards={answer.cards} />}
            {answer.cards.some(({ evidence }) => evidence !== null) ? (
              <Evidence id={id} cards={answer.cards} />
            ) : null}
          </>
        )}
      </Answer>
    </Flex>
  )
}

function Summary({ draw }: { readonly draw: DrawAnswer }) {
  const { t } = useTranslation('bank')
  const names = useNames()
  const swap = useCode('swap_rule')
  const yes = (is: boolean) => (is ? t('draws.yes') : t('draws.no'))
  const items = [
    ['state', t('state'), <DrawState key="state" state={draw.state} />],
    ['borrower', t('draws.borrower'), draw.borrower],
    ['bank', t('draws.bank'), draw.bank],
    ['contract', t('draws.contract'), draw.contract],
    ['asked', t('draws.asked'), countText(draw.cards_asked)],
    ['live', t('draws.live'), countText(draw.cards_live)],
    ['model', t('model'), draw.model ?? t('any')],
    ['site', t('site'), draw.site_code === null ? t('any') : names.of('site', draw.site_code)],
    ['created', t('draws.created'), instantText(draw.created_at)],
    ['hold', t('draws.hold_until'), instantText(draw.hold_until)],
    ['start', t('start'), instantText(draw.start)],
    ['until', t('until'), instantText(draw.until)],
    ['ended', t('draws.ended'), instantText(draw.ended_at)],
    ['confidence', t('draws.confidence'), shareText(draw.confidence)],
    ['swap', t('draws.swap'), swap(draw.swap)],
    ['silence', t('draws.silence'), yes(draw.keep_in_silence)],
    ['version', t('draws.version'), countText(draw.version)],
    [
      'lots',
      t('draws.lots'),
      draw.lots.map((lot) => `${lot.lot_id} × ${countText(lot.cards)}`).join('，') || NOT_KNOWN,
    ],
  ] as const
  return (
    <Section title={draw.draw_id}>
      <Flex vertical gap={12}>
        <Refusal draw={draw} />
        <Broken draw={draw} />
        <Descriptions
          size="small"
          className="tabular"
          column={{ xs: 1, sm: 2, lg: 3, xl: 4 }}
          items={items.map(([key, label, children]) => ({ key, label, children }))}
        />
      </Flex>
    </Section>
  )
}

function Refusal({ draw: { refusal } }: { readonly draw: DrawAnswer }) {
  const { t } = useTranslation('bank')
  if (refusal === null) return null
  const available =
    refusal.cards_available === null
      ? null
      : t('draws.available', { count: refusal.cards_available })
  const parts = [refusal.sentence, refusal.reason, available].filter((part) => part !== null)
  return (
    <Alert
      type="error"
      showIcon
      title={`${t('draws.refusal')}：${refusal.code}`}
      description={<span lang="en">{parts.join(' · ')}</span>}
    />
  )
}

/** How many cards were broken, and by what. */
function Broken({ draw: { cards } }: { readonly draw: DrawAnswer }) {
  const { t } = useTranslation('bank')
  const code = useCode('claim_end')
  const broken = cards.filter(({ end }) => end !== null && !ORDERLY.includes(end))
  if (broken.length === 0) return null
  const causes = [...Map.groupBy(broken, ({ end }) => end)].map(
    ([end, ofEnd]) => `${code(end)} ${countText(ofEnd.length)}`,
  )
  const text = t('draws.broken', { count: broken.length, causes: causes.join('、') })
  return <Alert type="warning" showIcon title={text} />
}

function Leases({
  id: drawId,
  leases,
}: {
  readonly id: string
  readonly leases: readonly Lease[]
}) {
  const { t } = useTranslation('bank')
  const columns: TableColumnsType<Lease> = [
    { title: t('draws.lease'), dataIndex: 'lease_id' },
    { title: t('start'), key: 'start', render: (_, lease) => instantText(lease.start) },
    { title: t('until'), key: 'until', render: (_, lease) => instantText(lease.until) },
    { title: t('cards'), key: 'cards', render: (_, lease) => lease.cards.join(', ') },
    {
      title: t('draws.told'),
      key: 'told',
      render: (_, { told }) => (
        <Tag color={told ? 'green' : 'gold'}>{told ? t('draws.yes') : t('draws.no')}</Tag>
      ),
    },
    {
      title: t('draws.handover'),
      key: 'handover',
      render: (_, { handover }) =>
        handover === null ? NOT_KNOWN : <Handover handover={handover} />,
    },
    ...nodeColumn(leases, t('deposits.node')),
  ]
  return (
    <Section title={t('draws.leases')} exported={{ table: 'draw-leases', query: { id: drawId } }}>
      <Rows
        label={t('draws.leases')}
        rows={leases}
        columns={columns}
        rowKey={({ lease_id: id }) => id}
      />
    </Section>
  )
}

/** How the borrower comes to the cards; what was not given is not said. */
function Handover({ handover }: { readonly handover: NonNullable<Lease['handover']> }) {
  const { t } = useTranslation('bank')
  const { account, endpoint, kind, queue, valid_until: until } = handover
  const parts = [
    kind,
    endpoint,
    queue === null ? null : t('draws.queue', { queue }),
    t('draws.account', { account }),
    t('draws.valid_until', { until: instantText(until) }),
  ]
  return parts.filter((part) => part !== null).join(' · ')
}

function Cards({ id, cards }: CardsProps) {
  const { t } = useTranslation('bank')
  const names = useNames()
  const state = useCode('claim_state')
  const end = useCode('claim_end')
  const columns: TableColumnsType<Card> = [
    { title: t('draws.ordinal'), dataIndex: 'ordinal', align: 'right' },
    { title: t('state'), key: 'state', render: (_, card) => state(card.state) },
    { title: t('site'), key: 'site', render: (_, card) => names.of('site', card.site_code) },
    { title: t('model'), key: 'model', render: (_, { model }) => model ?? t('unrated') },
    { title: t('deposits.lot'), key: 'lot', render: (_, card) => card.lot_id ?? NOT_KNOWN },
    { title: t('start'), key: 'start', render: (_, card) => instantText(card.start) },
    { title: t('until'), key: 'until', render: (_, card) => instantText(card.until) },
    { title: t('draws.ended'), key: 'ended', render: (_, card) => instantText(card.ended_at) },
    {
      title: t('draws.end'),
      key: 'end',
      render: (_, card) =>
        card.end === null ? null : (
          <Tag color={ORDERLY.includes(card.end) ? 'default' : 'red'}>{end(card.end)}</Tag>
        ),
    },
    {
      title: t('draws.recall'),
      key: 'recall',
      render: (_, { recall_at: at, recall_cause: cause }) =>
        at === null ? null : [instantText(at), cause].filter((part) => part !== null).join(' · '),
    },
    { title: t('draws.clean'), key: 'clean', render: (_, card) => instantText(card.clean_at) },
    { title: t('draws.swap_of'), key: 'swap_of', render: (_, card) => countText(card.swap_of) },
    ...nodeColumn(cards, t('deposits.node')),
    ...(cards.some(({ accelerator_id: one }) => one !== undefined)
      ? [{ title: t('deposits.accelerator'), dataIndex: 'accelerator_id' }]
      : []),
  ]
  return (
    <Section title={t('draws.claims')} exported={{ table: 'draw-cards', query: { id } }}>
      <Rows
        label={t('draws.claims')}
        rows={cards}
        columns={columns}
        rowKey={({ ordinal }) => String(ordinal)}
      />
    </Section>
  )
}

/** The table of the cards holds it too. */
function Evidence({ id, cards }: CardsProps) {
  const { t } = useTranslation('bank')
  const rows = cards.flatMap(({ ordinal, evidence }) =>
    evidence === null ? [] : [{ ordinal, ...evidence }],
  )
  const columns: TableColumnsType<(typeof rows)[number]> = [
    { title: t('draws.ordinal'), dataIndex: 'ordinal', align: 'right' },
    { title: t('draws.sampled'), key: 'sampled', render: (_, row) => instantText(row.sampled_at) },
    { title: t('draws.class'), dataIndex: 'evidence_class' },
    { title: t('draws.free_since'), key: 'free', render: (_, row) => instantText(row.free_since) },
    { title: t('draws.proven_to'), key: 'proven', render: (_, row) => instantText(row.proven_to) },
    {
      title: t('draws.fenced'),
      key: 'fenced',
      render: (_, { fenced }) => (fenced ? t('draws.yes') : t('draws.no')),
    },
    {
      title: t('draws.chance'),
      key: 'chance',
      align: 'right',
      render: (_, row) => shareText(row.chance),
    },
    {
      title: t('draws.forecast'),
      key: 'forecast',
      render: (_, row) => row.forecast_version ?? NOT_KNOWN,
    },
    {
      title: t('draws.brier'),
      key: 'brier',
      align: 'right',
      render: (_, row) => amountText(row.forecast_brier, 4),
    },
  ]
  return (
    <Section title={t('draws.evidence')} exported={{ table: 'draw-cards', query: { id } }}>
      <Typography.Paragraph type="secondary">{t('draws.evidence_help')}</Typography.Paragraph>
      <Rows
        label={t('draws.evidence')}
        rows={rows}
        columns={columns}
        rowKey={({ ordinal }) => String(ordinal)}
      />
    </Section>
  )
}

/** There only for those to whom the interface names nodes. */
function nodeColumn<Row extends { readonly node_id?: string | undefined }>(
  rows: readonly Row[],
  title: string,
): TableColumnsType<Row> {
  if (rows.every(({ node_id: node }) => node === undefined)) return []
  return [
    {
      title,
      key: 'node',
      render: (_, { node_id: node }) => (node === undefined ? null : <NodeLink id={node} />),
    },
  ]
}
