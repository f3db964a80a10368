/**
 * 一本账: declared, connected, what the cards do, deposited and lent, as of any instant; by place,
 * party, maker and model. One question to the interface for each part of the page.
 */
import { Button, Flex, Segmented, Typography } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useAnswer } from '../api/client.ts'
import { Answer } from '../parts/answer.tsx'
import { Term } from '../parts/figure.tsx'
import { InstantPicker, useInstant } from '../parts/instant.tsx'
import { Pedigree } from '../parts/pedigree.tsx'
import { Section } from '../parts/section.tsx'
import { addTexts } from '../text/index.ts'
import { Evidence } from './ledger-evidence.tsx'
import type { Ledger, LedgerBasis } from './ledger-figures.ts'
import { Funnel } from './ledger-funnel.tsx'
import { Headline } from './ledger-headline.tsx'
import { ProvinceMap } from './ledger-map.tsx'
import { useNames } from './ledger-names.ts'
import { GroupTable } from './ledger-table.tsx'
import { ledgerText } from './ledger-text.ts'
import { Trend } from './ledger-trend.tsx'
import { VendorSplit } from './ledger-vendors.tsx'

addTexts('ledger', ledgerText)

export function LedgerPage() {
  const { t } = useTranslation()
  const [instant] = useInstant()
  const [basis, setBasis] = useState<LedgerBasis>('p')
  const names = useNames()
  const total = useAnswer<Ledger>('/v1/ledger', { ...instant })
  return (
    <Flex vertical gap={16}>
      <Flex wrap gap={12} justify="space-between" align="center">
        <h1 style={{ margin: 0, fontSize: 24 }}>{t('subtitle')}</h1>
        <Flex wrap gap={8} className="no-print">
          <Segmented<LedgerBasis>
            aria-label={t('ledger:basis.label')}
            value={basis}
            onChange={setBasis}
            options={[
              { value: 'p', label: t('ledger:basis.p') },
              { value: 'cards', label: t('ledger:basis.cards') },
            ]}
          />
          <InstantPicker />
          <Button onClick={() => window.print()}>{t('print')}</Button>
        </Flex>
      </Flex>
      <Answer of={total} rows={8} isEmpty={({ rows }) => rows.length === 0}>
        {(ledger) => <Top ledger={ledger} />}
      </Answer>
      <div style={COLUMNS}>
        <Answer of={total} rows={8} isEmpty={({ rows }) => rows.length === 0}>
          {(ledger) => <Stages ledger={ledger} basis={basis} />}
        </Answer>
        <div style={{ minWidth: 0 }}>
          <ProvinceMap basis={basis} names={names} />
        </div>
      </div>
      <VendorSplit basis={basis} names={names} />
      <GroupTable basis={basis} names={names} />
      <Trend />
    </Flex>
  )
}

/** Side by side where there is room for both. */
const COLUMNS = {
  display: 'grid',
  gap: 16,
  gridTemplateColumns: 'repeat(auto-fit, minmax(min(100%, 540px), 1fr))',
  alignItems: 'start',
} as const

function Top({ ledger }: { readonly ledger: Ledger }) {
  const { t } = useTranslation('ledger')
  const [row] = ledger.rows
  return (
    <>
      <Pedigree of={ledger} />
      {ledger.implausible_cards === 0 ? null : (
        <Typography.Text type="warning">
          <Term id="implausible">{t('implausible', { count: ledger.implausible_cards })}</Term>
        </Typography.Text>
      )}
      {row === undefined ? null : (
        <Section title={t('headline.title')}>
          <Headline row={row} />
        </Section>
      )}
    </>
  )
}

function Stages({ ledger, basis }: { readonly ledger: Ledger; readonly basis: LedgerBasis }) {
  const { t } = useTranslation('ledger')
  const [row] = ledger.rows
  if (row === undefined) return null
  const { as_of, known_at } = ledger
  const exported = { table: 'ledger', query: { as_of, known_at } }
  return (
    <Flex vertical gap={16} style={{ minWidth: 0 }}>
      <Section title={t('funnel.title')} exported={exported}>
        <Funnel row={row} basis={basis} />
      </Section>
      {row.evidence === undefined ? null : (
        <Section title={t('evidence.title')} exported={exported}>
          <Evidence row={row} />
        </Section>
      )}
    </Flex>
  )
}
