/** The one ledger at the end of the month: the funnel over everything, then by each grouping. */

import { useTranslation } from 'react-i18next'
import type { ReportAnswer } from '../../../src/api/answers/report-schema.ts'
import { amountText, countText, shareText } from '../format.ts'
import { languageOf } from '../text/index.ts'
import { useNames } from './ledger-names.ts'
import { ratioText, shareOf } from './reports-figures.ts'
import { placesAndParties } from './reports-groups.ts'
import { type PaperColumn, PaperTable } from './reports-table.tsx'

const STAGES = [
  'connected',
  'busy',
  'allocated',
  'occupied',
  'free',
  'deposited',
  'lent',
  'faulty',
  'unknown',
  'untold',
] as const

type LedgerRow = ReportAnswer['ledger']['total']

interface FunnelRow {
  readonly stage: string
  readonly cards: number
  /** `null`: told in cards only. */
  readonly p: string | null
}

export function FunnelTable({ answer }: { readonly answer: ReportAnswer }) {
  const { t } = useTranslation('reports')
  const { total } = answer.ledger
  const whole = total.stages.connected.p
  const rows: readonly FunnelRow[] = [
    { stage: 'declared', cards: total.declared.cards, p: total.declared.p },
    ...STAGES.map((stage) => ({ stage, ...total.stages[stage] })),
    { stage: 'not_connected', cards: total.not_connected_cards, p: null },
    { stage: 'lapsed', cards: total.lapsed_cards, p: null },
    { stage: 'unrated', cards: total.unrated_cards, p: null },
  ]
  return (
    <>
      <h3>{t('paper.sections.funnel')}</h3>
      <PaperTable
        label={t('paper.sections.funnel')}
        columns={[
          { title: t('paper.stage_name'), value: ({ stage }) => t(`paper.stage.${stage}`) },
          { title: t('paper.cards'), isNumber: true, value: ({ cards }) => countText(cards) },
          { title: 'P', isNumber: true, value: ({ p }) => amountText(p, 3) },
          {
            title: t('paper.share'),
            isNumber: true,
            value: ({ p, stage }) =>
              p === null || stage === 'declared' ? '' : shareText(shareOf(p, whole), 2),
          },
        ]}
        rows={rows}
        rowKey={({ stage }) => stage}
      />
      <p className="paper-note">
        {`${t('paper.declared_sparse')} ${amountText(total.declared.p_fp16_sparse, 3)} · ${t(
          'paper.declared_unstated',
        )} ${amountText(total.declared.p_basis_unstated, 3)} · ${t('paper.access_rate')} ${ratioText(
          total.access_rate,
        )} · ${t('paper.coverage')} ${ratioText(total.coverage)}`}
      </p>
    </>
  )
}

export function LedgerTables({ answer }: { readonly answer: ReportAnswer }) {
  const { t } = useTranslation('reports')
  const { ledger } = answer
  const parts = [
    ...placesAndParties(ledger, t),
    { title: t('paper.sections.models'), by: 'model', rows: ledger.by_model },
  ]
  return parts.map(({ by, rows, title }) => (
    <LedgerPart key={by} title={title} by={by} rows={rows} total={ledger.total} />
  ))
}

function LedgerPart(props: {
  readonly title: string
  readonly by: string
  readonly rows: readonly LedgerRow[]
  readonly total: LedgerRow
}) {
  const { t } = useTranslation('reports')
  const nameOf = useRowName(props.by)
  const p = (value: string) => amountText(value, 3)
  const columns: readonly PaperColumn<LedgerRow>[] = [
    {
      title: t('paper.name'),
      value: (row) => (row === props.total ? t('paper.all') : nameOf(row)),
    },
    { title: t('paper.declared_p'), isNumber: true, value: (row) => p(row.declared.p) },
    {
      title: t('paper.connected_cards'),
      isNumber: true,
      value: (row) => countText(row.stages.connected.cards),
    },
    { title: t('paper.connected_p'), isNumber: true, value: (row) => p(row.stages.connected.p) },
    { title: t('paper.access_rate'), isNumber: true, value: (row) => ratioText(row.access_rate) },
    { title: t('paper.free_p'), isNumber: true, value: (row) => p(row.stages.free.p) },
    { title: t('paper.deposited_p'), isNumber: true, value: (row) => p(row.stages.deposited.p) },
    { title: t('paper.lent_p'), isNumber: true, value: (row) => p(row.stages.lent.p) },
    { title: t('paper.coverage'), isNumber: true, value: (row) => ratioText(row.coverage) },
  ]
  return (
    <>
      <h3>{props.title}</h3>
      <PaperTable
        label={props.title}
        columns={columns}
        rows={props.rows}
        rowKey={({ key }, index) => key ?? `none ${index}`}
        sum={props.total}
      />
    </>
  )
}

/** As it was called when the report was issued; vendors and hubs as the dashboard calls them. */
export function useRowName(by: string) {
  const { t, i18n } = useTranslation('reports')
  const names = useNames()
  // Names are kept in Chinese; those of regions have an English one that never changes.
  const isTranslated = by === 'region' && languageOf(i18n.language) === 'en'
  return ({ key, name }: { readonly key: string | null; readonly name?: string | null }) => {
    if (key === null) return t('paper.no_name')
    const called = names.of(by, key)
    return isTranslated && called !== key ? called : (name ?? called)
  }
}
