/** Makers and models: domestic and foreign apart, unrated ones marked. */

import { Flex, Segmented, Tag, Typography } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useAnswer } from '../api/client.ts'
import { amountText, countText, shareText } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { useInstant } from '../parts/instant.tsx'
import { Rows } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { Swatch } from '../parts/swatch.tsx'
import { ledgerColumns } from './ledger-columns.tsx'
import type { Ledger, LedgerBasis, LedgerRow } from './ledger-figures.ts'
import type { Names } from './ledger-names.ts'
import { type OriginSum, originsOf } from './ledger-origins.ts'

type Grouping = 'vendor' | 'model'

interface Shown {
  readonly basis: LedgerBasis
  readonly names: Names
}

export function VendorSplit({ basis, names }: Shown) {
  const { t } = useTranslation('ledger')
  const [instant] = useInstant()
  const [by, setBy] = useState<Grouping>('vendor')
  const query = { ...instant, by }
  const answer = useAnswer<Ledger>('/v1/ledger', query)
  return (
    <Section
      title={t('vendors.title')}
      exported={{ table: 'ledger', query }}
      actions={
        <Segmented<Grouping>
          className="no-print"
          aria-label={t('table.by.label')}
          value={by}
          onChange={setBy}
          options={[
            { value: 'vendor', label: t('vendors.by.vendor') },
            { value: 'model', label: t('vendors.by.model') },
          ]}
        />
      }
    >
      <Answer of={answer} isEmpty={({ rows }) => rows.length === 0}>
        {(ledger) =>
          ledger.by === by ? <Split ledger={ledger} basis={basis} names={names} /> : null
        }
      </Answer>
    </Section>
  )
}

function Split({ ledger, basis, names }: Shown & { readonly ledger: Ledger }) {
  const { t } = useTranslation('ledger')
  const { by, rows } = ledger
  const isModel = by === 'model'
  const origin = (key: string | null) => names.originOf(by, key)
  const sums = originsOf(rows, ({ key }) => origin(key))
  const hasUnrated = rows.some((row) => row.unrated_cards > 0)
  return (
    <Flex vertical gap={10}>
      <OriginBar sums={sums} basis={basis} />
      <Rows<LedgerRow>
        label={t('vendors.title')}
        rows={rows}
        rowKey={({ key }) => key ?? ''}
        columns={[
          {
            key: 'name',
            title: t(isModel ? 'vendors.model' : 'vendors.vendor'),
            render: (_, row) => (
              <Flex gap={6} align="center">
                {names.of(by, row.key)}
                {row.unrated_cards > 0 ? (
                  <Tag color="gold">
                    {`${t('vendors.unrated')} ${countText(row.unrated_cards)} ${t('common:unit.cards')}`}
                  </Tag>
                ) : null}
              </Flex>
            ),
          },
          {
            key: 'origin',
            title: t('vendors.origin'),
            render: (_, row) => {
              const from = origin(row.key)
              return from === null ? t('common:unknown_value') : t(`vendors.${from}`)
            },
          },
          ...(isModel
            ? [
                {
                  key: 'tflops',
                  align: 'right' as const,
                  title: t('vendors.tflops'),
                  render: (_: unknown, row: LedgerRow) => amountText(names.tflopsOf(row.key)),
                },
              ]
            : []),
          ...ledgerColumns(t, basis),
        ]}
      />
      {hasUnrated ? (
        <Typography.Text type="secondary">{t('vendors.unrated_note')}</Typography.Text>
      ) : null}
    </Flex>
  )
}

const ORIGIN_COLORS = { domestic: '#1f8a63', foreign: '#5b84a6', unknown: '#8f9aa3' } as const

/** Domestic against foreign, of what is connected. */
function OriginBar({
  sums,
  basis,
}: {
  readonly sums: readonly OriginSum[]
  readonly basis: LedgerBasis
}) {
  const { t } = useTranslation('ledger')
  const nameOf = ({ origin }: OriginSum) =>
    origin === 'unknown' ? t('common:unknown_value') : t(`vendors.${origin}`)
  const figure = (sum: OriginSum) =>
    basis === 'p'
      ? `${amountText(sum.p)} P · ${shareText(sum.shareOfP)}`
      : `${countText(sum.cards)} ${t('common:unit.cards')} · ${shareText(sum.shareOfCards)}`
  return (
    <div>
      <Flex wrap gap="4px 20px" className="tabular">
        {sums.map((sum) => (
          <Flex key={sum.origin} align="center" gap={6}>
            <Swatch color={ORIGIN_COLORS[sum.origin]} />
            <Typography.Text>{`${nameOf(sum)} ${figure(sum)}`}</Typography.Text>
          </Flex>
        ))}
      </Flex>
      <div
        aria-hidden="true"
        style={{ display: 'flex', height: 12, borderRadius: 3, overflow: 'hidden', marginTop: 6 }}
      >
        {sums.map((sum) => {
          const share = basis === 'p' ? sum.shareOfP : sum.shareOfCards
          return share === null ? null : (
            <span
              key={sum.origin}
              style={{
                width: `${share * 100}%`,
                background: ORIGIN_COLORS[sum.origin],
                printColorAdjust: 'exact',
              }}
            />
          )
        })}
      </div>
    </div>
  )
}
