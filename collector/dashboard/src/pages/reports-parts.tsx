/** Ranking, accounts and prior-period adjustments of a report. */
import { useTranslation } from 'react-i18next'
import type { ReportAnswer } from '../../../src/api/answers/report-schema.ts'
import { amountText, countText, instantText } from '../format.ts'
import { useNames } from './ledger-names.ts'
import { ratioText } from './reports-figures.ts'
import { PaperTable } from './reports-table.tsx'
import { Moves } from './verification-moves.tsx'

type Ranked = ReportAnswer['ranking']['top'][number]
export type Adjustment = ReportAnswer['adjustments'][number]

export function RankingPart({ answer }: { readonly answer: ReportAnswer }) {
  const { t } = useTranslation('reports')
  const { ranking } = answer
  return (
    <>
      <h3>{t('paper.sections.ranking')}</h3>
      <p className="paper-note">
        {t('paper.ranking_note', {
          sites: countText(ranking.sites),
          unranked: countText(ranking.unranked),
          least: ratioText(ranking.coverage_min),
        })}
      </p>
      {ranking.top.length === 0 ? (
        <p>{t('paper.ranking_none')}</p>
      ) : (
        <>
          <h4>{t('paper.rank_top')}</h4>
          <RankedTable label={t('paper.rank_top')} rows={ranking.top} />
          <h4>{t('paper.rank_bottom')}</h4>
          <RankedTable label={t('paper.rank_bottom')} rows={ranking.bottom} />
        </>
      )}
    </>
  )
}

function RankedTable({
  label,
  rows,
}: {
  readonly label: string
  readonly rows: readonly Ranked[]
}) {
  const { t } = useTranslation('reports')
  return (
    <PaperTable
      label={label}
      columns={[
        { title: t('paper.name'), value: ({ key, name }) => `${name ?? ''} ${key ?? ''}`.trim() },
        {
          title: t('paper.busy_rate'),
          isNumber: true,
          value: ({ busy_rate }) => ratioText(busy_rate),
        },
        {
          title: t('paper.coverage'),
          isNumber: true,
          value: ({ coverage }) => ratioText(coverage),
        },
      ]}
      rows={rows}
      rowKey={({ key }, index) => key ?? String(index)}
    />
  )
}

const ACCOUNT_ITEMS = [
  'promised',
  'delivered',
  'delivered_active',
  'delivered_idle',
  'returned',
  'broken',
  'unproven',
  'pending',
] as const

export function AccountsPart({ answer }: { readonly answer: ReportAnswer }) {
  const { t } = useTranslation('reports')
  const { accounts } = answer
  const told = ACCOUNT_ITEMS.flatMap((item) => {
    const amount = accounts.p_hours[item]
    return amount === undefined ? [] : [{ item, amount }]
  })
  const kept = [
    [t('paper.promises'), ratioText(accounts.promises_kept)],
    [t('paper.promises_without_swap'), ratioText(accounts.promises_kept_without_swap)],
    [t('paper.coverage'), ratioText(accounts.coverage)],
  ] as const
  return (
    <>
      <h3>{t('paper.sections.accounts')}</h3>
      <PaperTable
        label={t('paper.sections.accounts')}
        columns={[
          { title: t('paper.account_item'), value: ({ item }) => t(`paper.account.${item}`) },
          {
            title: t('paper.p_hours'),
            isNumber: true,
            value: ({ amount }) => amountText(amount, 3),
          },
        ]}
        rows={told}
        rowKey={({ item }) => item}
      />
      <p>{kept.map(([name, value]) => `${name} ${value}`).join(' · ')}</p>
      <p>{`${t('paper.draws')}: ${t('paper.outcomes', accounts.draws)}`}</p>
      <p>{`${t('paper.bookings')}: ${t('paper.outcomes', accounts.bookings)}`}</p>
    </>
  )
}

export function AdjustmentsPart({ answer }: { readonly answer: ReportAnswer }) {
  const { t } = useTranslation('reports')
  return (
    <>
      <h3>{t('paper.sections.adjustments')}</h3>
      <p className="paper-note">{t('paper.adjustments_note')}</p>
      {answer.adjustments.length === 0 ? (
        <p>{t('paper.adjustments_none')}</p>
      ) : (
        <AdjustmentsTable rows={answer.adjustments} />
      )}
    </>
  )
}

function AdjustmentsTable({ rows }: { readonly rows: readonly Adjustment[] }) {
  const { t } = useTranslation('reports')
  const names = useNames()
  return (
    <PaperTable
      label={t('paper.sections.adjustments')}
      columns={[
        { title: t('month'), value: ({ month }) => month },
        {
          title: t('paper.name'),
          value: ({ site_code }) => `${names.of('site', site_code)} ${site_code}`,
        },
        { title: t('paper.hours'), isNumber: true, value: ({ hours }) => countText(hours) },
        { title: t('paper.moves'), value: ({ moves }) => <Moves of={moves} /> },
        {
          title: t('paper.adjustment_since'),
          value: ({ since_known_at, since_report_id }) =>
            `${since_report_id} (${instantText(since_known_at)})`,
        },
      ]}
      rows={rows}
      rowKey={({ month, site_code }) => `${month} ${site_code}`}
    />
  )
}
