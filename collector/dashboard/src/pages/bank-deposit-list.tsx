/** Deposits card by card, open ones or closed ones too. */
import { Segmented, type TableColumnsType, Tag } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { DepositAnswer } from '../../../src/api/answers/deposits.ts'
import { amountText, instantText } from '../format.ts'
import { Paged, Rows, usePages } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { NodeLink, useCode } from './bank-parts.tsx'
import { useNames } from './ledger-names.ts'

interface DepositList {
  readonly deposits: readonly DepositAnswer[]
  readonly next_cursor: string | null
}

export function CardByCard() {
  const { t } = useTranslation('bank')
  const [isAll, setAll] = useState(false)
  const query = { open: isAll ? false : null }
  const pages = usePages<DepositList>('/v1/deposits', query)
  return (
    <Section
      title={t('deposits.list')}
      exported={{ table: 'deposits', query }}
      actions={
        <Segmented<boolean>
          aria-label={t('state')}
          value={isAll}
          onChange={setAll}
          options={[
            { value: false, label: t('deposits.open_only') },
            { value: true, label: t('deposits.all') },
          ]}
        />
      }
    >
      <Paged of={pages} rowsOf={({ deposits }) => deposits}>
        {(deposits) => <DepositRows deposits={deposits} />}
      </Paged>
    </Section>
  )
}

function DepositRows({ deposits }: { readonly deposits: readonly DepositAnswer[] }) {
  const { t } = useTranslation('bank')
  const names = useNames()
  const reason = useCode('close_reason')
  const columns: TableColumnsType<DepositAnswer> = [
    { title: t('deposits.id'), dataIndex: 'deposit_id' },
    { title: t('deposits.lot'), dataIndex: 'lot_id' },
    {
      title: t('site'),
      key: 'site',
      render: (_, { site_code: code }) => names.of('site', code),
    },
    { title: t('model'), key: 'model', render: (_, { model }) => model ?? t('unrated') },
    {
      title: t('common:unit.p'),
      key: 'p',
      align: 'right',
      render: (_, { p }) => amountText(p, 3),
    },
    {
      title: t('deposits.free_since'),
      key: 'since',
      render: (_, { free_since: at }) => instantText(at),
    },
    { title: t('deposits.opened'), key: 'opened', render: (_, one) => instantText(one.opened_at) },
    {
      title: t('deposits.closed'),
      key: 'closed',
      render: (_, one) =>
        one.closed_at === null ? (
          <Tag color={one.suspended ? 'gold' : 'green'}>
            {t(one.suspended ? 'deposits.suspended' : 'deposits.open')}
          </Tag>
        ) : (
          instantText(one.closed_at)
        ),
    },
    {
      title: t('deposits.reason'),
      key: 'reason',
      render: (_, { close_reason: code }) => reason(code),
    },
    ...nodeColumns(deposits, t),
  ]
  return (
    <Rows
      label={t('deposits.list')}
      rows={deposits}
      columns={columns}
      rowKey={({ deposit_id: id }) => id}
      perPage={Number.MAX_SAFE_INTEGER}
    />
  )
}

/** There only for those to whom the interface names nodes. */
function nodeColumns(
  deposits: readonly DepositAnswer[],
  t: (key: string) => string,
): TableColumnsType<DepositAnswer> {
  if (deposits.every(({ node_id: node }) => node === undefined)) return []
  return [
    {
      title: t('deposits.node'),
      key: 'node',
      render: (_, { node_id: node }) => (node === undefined ? null : <NodeLink id={node} />),
    },
    { title: t('deposits.accelerator'), dataIndex: 'accelerator_id' },
  ]
}
