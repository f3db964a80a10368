/** Lots of a capacity search: what they are, where, how long free, on what terms. */
import { Flex, type TableColumnsType, Tag, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import type { CapacityFound } from '../../../src/api/answers/capacity.ts'
import {
  amountText,
  countText,
  durationText,
  instantText,
  NOT_KNOWN,
  shareText,
} from '../format.ts'
import { Rows } from '../parts/rows.tsx'
import { NodeLink, useCode } from './bank-parts.tsx'
import { useNames } from './ledger-names.ts'

type Lot = CapacityFound['lots'][number]

export function LotRows({ lots }: { readonly lots: readonly Lot[] }) {
  const { t } = useTranslation('bank')
  const names = useNames()
  const fence = useCode('fence')
  const columns: TableColumnsType<Lot> = [
    { title: t('deposits.lot'), dataIndex: 'lot_id' },
    { title: t('site'), key: 'site', render: (_, lot) => names.of('site', lot.site_code) },
    {
      title: t('model'),
      key: 'model',
      render: (_, { model, vendor }) => model ?? `${names.of('vendor', vendor)} · ${t('unrated')}`,
    },
    {
      title: t('capacity.take'),
      key: 'take',
      align: 'right',
      render: (_, lot) => `${countText(lot.take_cards)} / ${countText(lot.cards)}`,
    },
    {
      title: t('common:unit.p'),
      key: 'p',
      align: 'right',
      render: (_, lot) => amountText(lot.take_p, 3),
    },
    {
      title: t('capacity.whole_node'),
      key: 'whole',
      render: (_, lot) => (lot.whole_node ? <Tag>{t('capacity.yes')}</Tag> : null),
    },
    {
      title: t('deposits.free_since'),
      key: 'free',
      render: (_, lot) => <FreeSince lot={lot} />,
    },
    {
      title: t('capacity.lease_max'),
      key: 'lease',
      render: (_, { lease_ms_max: ms }) =>
        ms === null ? t('capacity.no_limit') : durationText(ms),
    },
    {
      title: t('capacity.open_until'),
      key: 'open_until',
      render: (_, { open_until: at }) => (at === null ? t('capacity.no_limit') : instantText(at)),
    },
    { title: t('capacity.fence'), key: 'fence', render: (_, lot) => fence(lot.fence) },
    { title: t('capacity.record'), key: 'record', render: (_, lot) => <Record lot={lot} /> },
    ...(lots.some(({ node_id: node }) => node !== undefined)
      ? [
          {
            title: t('deposits.node'),
            key: 'node',
            render: (_: unknown, { node_id: node }: Lot) =>
              node === undefined ? null : <NodeLink id={node} />,
          },
        ]
      : []),
  ]
  return (
    <Rows
      label={t('capacity.lots')}
      rows={lots}
      columns={columns}
      rowKey={({ lot_id: id }) => id}
    />
  )
}

function FreeSince({ lot }: { readonly lot: Lot }) {
  if (lot.free_since === null) return NOT_KNOWN
  const age = lot.window_age_ms_min
  return (
    <Flex vertical>
      <span>{instantText(lot.free_since)}</span>
      {age === null ? null : (
        <Typography.Text type="secondary">{durationText(age)}</Typography.Text>
      )}
    </Flex>
  )
}

function Record({ lot: { site_record: record } }: { readonly lot: Lot }) {
  const { t } = useTranslation('bank')
  if (record === null || record.kept_share === null) {
    return <Typography.Text type="secondary">{t('capacity.no_record')}</Typography.Text>
  }
  const kept = Math.round(Number(record.kept_share) * record.cards_ended)
  return (
    <Flex vertical>
      <span>{shareText(Number(record.kept_share))}</span>
      <Typography.Text type="secondary">
        {t('capacity.record_note', {
          kept: countText(kept),
          cards: countText(record.cards_ended),
          claims: countText(record.owner_claims_90_days),
        })}
      </Typography.Text>
    </Flex>
  )
}
