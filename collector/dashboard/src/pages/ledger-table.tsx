/** Ledger rows by hub, cluster, operator or site. */
import { Segmented } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useSearch } from 'wouter'
import { useAnswer } from '../api/client.ts'
import { Answer } from '../parts/answer.tsx'
import { useInstant } from '../parts/instant.tsx'
import { Rows } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { languageOf } from '../text/index.ts'
import { flagColumn, ledgerColumns } from './ledger-columns.tsx'
import type { Ledger, LedgerBasis, LedgerRow } from './ledger-figures.ts'
import type { Names } from './ledger-names.ts'
import { hrefOf, provinceOf } from './utilization-place.ts'

const GROUPINGS = ['hub', 'cluster', 'operator', 'site'] as const
type Grouping = (typeof GROUPINGS)[number]

export function GroupTable({
  basis,
  names,
}: {
  readonly basis: LedgerBasis
  readonly names: Names
}) {
  const { t, i18n } = useTranslation('ledger')
  const [instant] = useInstant()
  const [by, setBy] = useState<Grouping>('hub')
  const search = useSearch()
  const query = { ...instant, by }
  const answer = useAnswer<Ledger>('/v1/ledger', query)
  const nameOf = (row: LedgerRow) => {
    const name = names.of(by, row.key)
    const site = by === 'site' ? names.sites?.find(({ code }) => code === row.key) : undefined
    if (site === undefined) return name
    return <Link href={hrefOf([provinceOf(site.region_code), site.code], search)}>{name}</Link>
  }
  return (
    <Section
      title={t('table.title')}
      exported={{ table: 'ledger', query }}
      actions={
        <Segmented<Grouping>
          className="no-print"
          aria-label={t('table.by.label')}
          value={by}
          onChange={setBy}
          options={GROUPINGS.map((value) => ({ value, label: t(`table.by.${value}`) }))}
        />
      }
    >
      <Answer of={answer} isEmpty={({ rows }) => rows.length === 0}>
        {(ledger) => (
          <Rows<LedgerRow>
            label={`${t('table.title')} · ${t(`table.by.${by}`)}`}
            // The rows of the grouping before stay until the next have come.
            rows={ledger.by === by ? ledger.rows : []}
            rowKey={({ key }) => key ?? ''}
            columns={[
              { key: 'name', title: t(`table.by.${by}`), render: (_, row) => nameOf(row) },
              ...ledgerColumns(t, basis),
              flagColumn(t, languageOf(i18n.language) === 'zh'),
            ]}
          />
        )}
      </Answer>
    </Section>
  )
}
