/** Draws, newest first, narrowed by state and parties; each leads to its own page. */
import { Button, Flex, Form, Input, Select, type TableColumnsType, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import type { DrawSummary } from '../../../src/api/answers/draw-schema.ts'
import { countText, instantText } from '../format.ts'
import { useAsked } from '../parts/asked.ts'
import { Paged, Rows, usePages } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { DrawState, useCode } from './bank-parts.tsx'
import { useNames } from './ledger-names.ts'

const STATES: readonly DrawSummary['state'][] = [
  'held',
  'booked',
  'posted',
  'ended',
  'voided',
  'lapsed',
  'broken',
  'refused',
]
const NAMES = ['state', 'bank', 'borrower'] as const
type Filter = Readonly<Record<(typeof NAMES)[number], string | null>>

interface DrawList {
  readonly draws: readonly DrawSummary[]
  readonly next_cursor: string | null
}

export function DrawsTab() {
  const { t } = useTranslation('bank')
  const [asked, ask] = useAsked(NAMES)
  const pages = usePages<DrawList>('/v1/draws', { ...asked })
  return (
    <Section title={t('draws.title')} exported={{ table: 'draws', query: { ...asked } }}>
      <Flex vertical gap={12}>
        <DrawFilter asked={asked} onAsk={ask} />
        <Paged of={pages} rowsOf={({ draws }) => draws}>
          {(draws) => <DrawRows draws={draws} />}
        </Paged>
      </Flex>
    </Section>
  )
}

interface DrawFilterProps {
  readonly asked: Filter
  readonly onAsk: (next: Partial<Filter>) => void
}

function DrawFilter({ asked, onAsk }: DrawFilterProps) {
  const { t } = useTranslation('bank')
  const code = useCode('draw_state')
  const key = [asked.state, asked.bank, asked.borrower].join('/')
  return (
    <Form<Filter>
      key={key}
      layout="inline"
      className="no-print"
      style={{ rowGap: 8 }}
      initialValues={asked}
      onFinish={({ bank, borrower, state }) =>
        onAsk({ bank: bank ?? null, borrower: borrower ?? null, state: state ?? null })
      }
    >
      <Form.Item name="state" label={t('draws.filter.state')}>
        <Select
          allowClear
          style={{ width: 140 }}
          placeholder={t('draws.filter.all')}
          onChange={(state: string | undefined) => onAsk({ state: state ?? null })}
          options={STATES.map((value) => ({ value, label: code(value) }))}
        />
      </Form.Item>
      <Form.Item name="bank" label={t('draws.filter.bank')}>
        <Input allowClear maxLength={120} style={{ width: 140 }} />
      </Form.Item>
      <Form.Item name="borrower" label={t('draws.filter.borrower')}>
        <Input allowClear maxLength={120} style={{ width: 160 }} />
      </Form.Item>
      <Button htmlType="submit">{t('draws.filter.apply')}</Button>
    </Form>
  )
}

function DrawRows({ draws }: { readonly draws: readonly DrawSummary[] }) {
  const { t } = useTranslation('bank')
  const names = useNames()
  const columns: TableColumnsType<DrawSummary> = [
    {
      title: t('draws.id'),
      key: 'id',
      render: (_, { draw_id: id }) => (
        <Link href={`/bank/draws/${encodeURIComponent(id)}`}>{id}</Link>
      ),
    },
    { title: t('state'), key: 'state', render: (_, { state }) => <DrawState state={state} /> },
    { title: t('draws.borrower'), dataIndex: 'borrower' },
    { title: t('draws.bank'), dataIndex: 'bank' },
    {
      title: t('draws.what'),
      key: 'what',
      render: (_, draw) =>
        [draw.model, draw.site_code === null ? null : names.of('site', draw.site_code)]
          .filter((part) => part !== null)
          .join(' · ') || t('any'),
    },
    {
      title: t('draws.asked'),
      key: 'asked',
      align: 'right',
      render: (_, draw) => countText(draw.cards_asked),
    },
    {
      title: t('draws.live'),
      key: 'live',
      align: 'right',
      render: (_, draw) => countText(draw.cards_live),
    },
    { title: t('draws.created'), key: 'created', render: (_, one) => instantText(one.created_at) },
    { title: t('start'), key: 'start', render: (_, draw) => instantText(draw.start) },
    { title: t('until'), key: 'until', render: (_, draw) => instantText(draw.until) },
    { title: t('draws.ended'), key: 'ended', render: (_, draw) => instantText(draw.ended_at) },
    {
      title: t('draws.refusal'),
      key: 'refusal',
      render: (_, { refusal }) =>
        refusal === null ? null : (
          <Typography.Text title={refusal.sentence}>{refusal.code}</Typography.Text>
        ),
    },
  ]
  return (
    <Rows
      label={t('draws.title')}
      rows={draws}
      columns={columns}
      rowKey={({ draw_id: id }) => id}
      perPage={Number.MAX_SAFE_INTEGER}
    />
  )
}
