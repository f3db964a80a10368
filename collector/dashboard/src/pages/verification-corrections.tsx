/** What late data moved in sealed hours: each correction, and what a month's add up to per site. */
import { useQuery } from '@tanstack/react-query'
import { Alert, DatePicker, Flex, Segmented, Select, type TableColumnsType, Typography } from 'antd'
import type { Dayjs } from 'dayjs'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'wouter'
import type { CorrectionsAnswer } from '../../../src/api/answers/corrections.ts'
import { getJson, type Query } from '../api/client.ts'
import { countText, instantText, TIME_ZONE } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { instantOf, pickerOf } from '../parts/civil.ts'
import { Term } from '../parts/figure.tsx'
import { Paged, Rows, usePages } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { useNames } from './ledger-names.ts'
import { monthsUntil, movesBySite, type SiteMoves } from './verification-figures.ts'
import { Moves, signed } from './verification-moves.tsx'

const PATH = '/v1/corrections'
const MONTHS_OFFERED = 24
/** What one sum is read from; past it the export is the place. */
const SUMMED_MAX = 5_000
const PAGE_ROWS = 500

type Correction = CorrectionsAnswer['corrections'][number]

export function CorrectionsTab() {
  const { t } = useTranslation('verification')
  const { t: common } = useTranslation()
  const [by, setBy] = useState<'month' | 'known'>('month')
  const [months] = useState(() => monthsUntil(civilMonth(), MONTHS_OFFERED))
  const [month, setMonth] = useState(months[0] ?? '')
  const [known, setKnown] = useState(lastWeek)
  const [from, to] = known
  const query: Query = by === 'month' ? { month } : { from: instantOf(from), to: instantOf(to) }
  return (
    <Flex vertical gap={16}>
      <Typography.Text type="secondary">
        {t('corrections.help')} <Term id="finality">{common('pedigree.finality')}</Term>
      </Typography.Text>
      <Flex gap={12} wrap className="no-print">
        <Segmented
          value={by}
          onChange={setBy}
          options={(['month', 'known'] as const).map((value) => ({
            value,
            label: t(`corrections.by_${value}`),
          }))}
        />
        {by === 'month' ? (
          <Select
            aria-label={t('corrections.month')}
            value={month}
            onChange={setMonth}
            options={months.map((value) => ({ value, label: value }))}
            style={{ width: 120 }}
          />
        ) : (
          <DatePicker.RangePicker
            aria-label={t('corrections.by_known')}
            showTime
            allowClear={false}
            style={{ maxWidth: '100%' }}
            value={[from, to]}
            onChange={(picked) => {
              const [start, end] = picked ?? []
              if (start && end) setKnown([start, end])
            }}
          />
        )}
      </Flex>
      {by === 'month' ? <MonthTable month={month} /> : null}
      <CorrectionsList query={query} emptyText={by === 'month' ? 'none' : 'none_known'} />
    </Flex>
  )
}

/** All corrections of the month's hours, added up per site; exact, or said to be partial. */
function MonthTable({ month }: { readonly month: string }) {
  const { t } = useTranslation('verification')
  const all = useQuery({
    queryKey: [PATH, month, 'summed'],
    queryFn: async ({ signal }) => await allOf(month, signal),
  })
  return (
    <Section
      title={t('corrections.monthly', { month })}
      exported={{ table: 'corrections', query: { month } }}
    >
      <Answer of={all}>
        {({ corrections, isWhole }) =>
          corrections.length === 0 ? (
            <Typography.Text>{t('corrections.none')}</Typography.Text>
          ) : (
            <Flex vertical gap={8}>
              {isWhole ? null : (
                <Alert
                  type="warning"
                  showIcon
                  title={t('corrections.partial', { count: countText(corrections.length) })}
                />
              )}
              <SumTable
                rows={movesBySite(corrections)}
                label={t('corrections.monthly', { month })}
              />
            </Flex>
          )
        }
      </Answer>
    </Section>
  )
}

async function allOf(month: string, signal: AbortSignal) {
  const corrections: Correction[] = []
  let cursor: string | null = null
  do {
    const query: Query = { month, limit: PAGE_ROWS, cursor }
    const page: CorrectionsAnswer = await getJson<CorrectionsAnswer>(PATH, query, signal)
    corrections.push(...page.corrections)
    cursor = page.next_cursor
  } while (cursor !== null && corrections.length < SUMMED_MAX)
  return { corrections, isWhole: cursor === null }
}

function SumTable(props: { readonly rows: readonly SiteMoves[]; readonly label: string }) {
  const { t } = useTranslation('verification')
  const names = useNames()
  const columns: TableColumnsType<SiteMoves> = [
    {
      title: t('corrections.site'),
      render: (_, { site }) => `${names.of('site', site)} ${site}`,
    },
    {
      title: t('corrections.hours'),
      align: 'right',
      render: (_, { hours }) => countText(hours),
    },
    {
      title: t('corrections.moves'),
      render: (_, { moves }) => <Moves of={moves} />,
    },
  ]
  return (
    <Rows label={props.label} rows={props.rows} columns={columns} rowKey={({ site }) => site} />
  )
}

function CorrectionsList(props: {
  readonly query: Query
  readonly emptyText: 'none' | 'none_known'
}) {
  const { t } = useTranslation('verification')
  const { query } = props
  const pages = usePages<CorrectionsAnswer>(PATH, query)
  return (
    <Section title={t('corrections.list')} exported={{ table: 'corrections', query }}>
      <Paged
        of={pages}
        rowsOf={({ corrections }) => corrections}
        emptyText={t(`corrections.${props.emptyText}`)}
      >
        {(rows) => <CorrectionRows rows={rows} />}
      </Paged>
    </Section>
  )
}

function CorrectionRows({ rows }: { readonly rows: readonly Correction[] }) {
  const { t } = useTranslation('verification')
  const names = useNames()
  const columns: TableColumnsType<Correction> = [
    {
      title: <Term id="known_at">{t('corrections.known')}</Term>,
      render: (_, row) => instantText(row.known_at),
    },
    { title: t('corrections.hour'), render: (_, row) => instantText(row.hour) },
    {
      title: t('corrections.site'),
      render: (_, row) => names.of('site', row.site_code),
    },
    { title: t('corrections.moves'), render: (_, row) => <Moves of={row.moves} /> },
    {
      title: t('corrections.cards'),
      align: 'right',
      render: (_, row) => (row.cards_moved === 0 ? '0' : signed(row.cards_moved, countText)),
    },
    {
      title: t('corrections.cause'),
      render: (_, row) => t(`corrections.causes.${row.cause}`),
    },
    { title: t('corrections.version'), align: 'right', render: (_, row) => `v${row.version}` },
    {
      title: t('corrections.before'),
      render: (_, row) => instantText(row.before_known_at),
    },
    {
      title: t('corrections.entry'),
      align: 'right',
      render: (_, { journal_seq: seq }) =>
        seq === null ? (
          t('corrections.entry_pending')
        ) : (
          <Link href={`/verification/journal?seq=${seq}`}>{countText(seq)}</Link>
        ),
    },
  ]
  return (
    <Rows
      label={t('corrections.list')}
      rows={rows}
      columns={columns}
      rowKey={(row) => `${row.hour} ${row.site_code} ${row.version}`}
    />
  )
}

function lastWeek(): readonly [Dayjs, Dayjs] {
  const to = pickerOf(Date.now())
  return [to.subtract(7, 'day'), to]
}

/** `2026-10`, now, where the ledger's days are counted. */
function civilMonth(): string {
  return new Date().toLocaleDateString('en-CA', { timeZone: TIME_ZONE }).slice(0, 7)
}
