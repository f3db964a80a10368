/** Provinces, operators and sites by a rate; those of which too little is known stand unranked. */
import { Flex, Segmented, Tag, Typography } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useSearch } from 'wouter'
import { useAnswer } from '../api/client.ts'
import { Answer } from '../parts/answer.tsx'
import { Rows } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import type { Names } from './ledger-names.ts'
import { sumColumns } from './utilization-columns.tsx'
import type { PartProps } from './utilization-part.ts'
import { filterOf, hrefOf, provinceOf } from './utilization-place.ts'
import { spanQuery } from './utilization-range.ts'
import { RANK_RATES, type RankRate, type RankRow, rankRows } from './utilization-rank.ts'
import { basisQuery, type RollupRow, type Rollups, type TimeBasis } from './utilization-sums.ts'

const GROUPINGS = { country: ['region', 'operator', 'site'], region: ['site', 'operator'] } as const
type Grouping = (typeof GROUPINGS)['country'][number]

export function Ranking({ place, span, knownAt, basis, names }: PartProps) {
  const { t } = useTranslation('utilization')
  const groupings: readonly Grouping[] =
    place.region === null ? GROUPINGS.country : GROUPINGS.region
  const [by, setBy] = useState<Grouping>(groupings[0] ?? 'site')
  const [rate, setRate] = useState<RankRate>('busy')
  const query = {
    ...filterOf(place),
    ...spanQuery(span),
    known_at: knownAt,
    grain: 'whole',
    by,
  }
  const answer = useAnswer<Rollups>('/v1/rollups', { ...query, ...basisQuery(basis) })
  return (
    <Section
      title={t('rank.title')}
      exported={{ table: 'rollups', query }}
      actions={
        <Flex wrap gap={8} className="no-print">
          <Segmented<Grouping>
            aria-label={t('rank.by.label')}
            value={by}
            onChange={setBy}
            options={groupings.map((value) => ({ value, label: t(`rank.by.${value}`) }))}
          />
          <Segmented<RankRate>
            aria-label={t('rank.rate.label')}
            value={rate}
            onChange={setRate}
            options={RANK_RATES.map((value) => ({ value, label: t(`rank.rate.${value}`) }))}
          />
        </Flex>
      }
    >
      <Answer of={answer} isEmpty={({ rows }) => rows.length === 0}>
        {(sums) =>
          sums.by === by ? (
            <RankTable
              rows={rankRows(sums.rows, basis, rate)}
              by={by}
              basis={basis}
              names={names}
            />
          ) : null
        }
      </Answer>
    </Section>
  )
}

interface RankTableProps {
  readonly rows: readonly RankRow[]
  readonly by: Grouping
  readonly basis: TimeBasis
  readonly names: Names
}

function RankTable({ rows, by, basis, names }: RankTableProps) {
  const { t } = useTranslation('utilization')
  const unranked = rows.filter(({ rank }) => rank === null).length
  const rankOf = new Map(rows.map(({ row, rank }) => [row, rank]))
  return (
    <>
      <Rows<RollupRow>
        label={t('rank.title')}
        rows={rows.map(({ row }) => row)}
        rowKey={({ key }) => key ?? ''}
        columns={[
          {
            key: 'rank',
            title: t('rank.place'),
            render: (_, row) => rankOf.get(row) ?? <Tag>{t('rank.unranked')}</Tag>,
          },
          {
            key: 'name',
            title: t('rank.name'),
            render: (_, { key }) => <PlaceName by={by} id={key} names={names} />,
          },
          ...sumColumns(t, basis),
        ]}
      />
      {unranked === 0 ? null : (
        <Typography.Text type="secondary">{t('rank.note', { count: unranked })}</Typography.Text>
      )}
    </>
  )
}

/** Leads further down where there is something below. */
function PlaceName({
  by,
  id,
  names,
}: {
  readonly by: Grouping
  readonly id: string | null
  readonly names: Names
}) {
  const search = useSearch()
  const name = names.of(by, id)
  if (id === null || by === 'operator') return name
  if (by === 'region') return <Link href={hrefOf([id], search)}>{name}</Link>
  const site = names.sites?.find(({ code }) => code === id)
  if (site === undefined) return name
  return <Link href={hrefOf([provinceOf(site.region_code), id], search)}>{name}</Link>
}
