/** Columns that every table of ledger rows has, whatever it is grouped by. */
import type { TableColumnsType } from 'antd'
import { Tag, Typography } from 'antd'
import type { TFunction } from 'i18next'
import { amountText, countText, shareText } from '../format.ts'
import { Term } from '../parts/figure.tsx'
import { StateBar } from '../parts/state-bar.tsx'
import { STATES } from '../states.ts'
import { type LedgerBasis, type LedgerRow, shareOf } from './ledger-figures.ts'

/** One stage of the ledger as a column, in P or in cards. */
type Amount = { readonly cards: number; readonly p: string }
const STAGE_COLUMNS = ['free', 'deposited', 'lent'] as const

export function ledgerColumns(t: TFunction, basis: LedgerBasis): TableColumnsType<LedgerRow> {
  const text = ({ cards, p }: Amount) => (basis === 'p' ? amountText(p) : countText(cards))
  const size = ({ cards, p }: Amount) => (basis === 'p' ? Number(p) : cards)
  const amount = (id: string, name: string, of: (row: LedgerRow) => Amount) => ({
    key: id,
    align: 'right' as const,
    title: <Term id={id}>{name}</Term>,
    sorter: (left: LedgerRow, right: LedgerRow) => size(of(left)) - size(of(right)),
    render: (_: unknown, row: LedgerRow) => text(of(row)),
  })
  const share = (id: string, name: string, of: (row: LedgerRow) => number | null) => ({
    key: id,
    align: 'right' as const,
    title: <Term id={id}>{name}</Term>,
    sorter: (left: LedgerRow, right: LedgerRow) => (of(left) ?? -1) - (of(right) ?? -1),
    render: (_: unknown, row: LedgerRow) => shareText(of(row)),
  })
  return [
    amount('declared', t('common:stage.declared'), (row) => row.declared),
    amount('connected', t('common:stage.connected'), (row) => row.stages.connected),
    share('access_rate', t('ledger:headline.access_rate'), (row) => row.access_rate),
    {
      key: 'states',
      title: t('ledger:table.states'),
      render: (_, row) => <StateBar shares={sharesOf(row, basis)} />,
    },
    share('busy', t('common:state.busy'), (row) => shareOf(row.stages.busy, basis)),
    ...STAGE_COLUMNS.map((stage) =>
      amount(
        stage,
        stage === 'deposited' ? t('common:stage.deposited') : t(`common:state.${stage}`),
        (row) => row.stages[stage],
      ),
    ),
    share('coverage', t('common:coverage'), (row) => row.coverage),
    {
      key: 'not_connected',
      align: 'right',
      title: <Term id="not_connected">{t('ledger:table.not_connected')}</Term>,
      render: (_, row) => countText(row.not_connected_cards + row.lapsed_cards),
    },
  ]
}

/** Whether what was declared here is in question, and by how much. */
export function flagColumn(t: TFunction, isChinese: boolean): TableColumnsType<LedgerRow>[number] {
  return {
    key: 'flag',
    title: <Term id="declared_flag">{t('ledger:table.flag')}</Term>,
    render: (_, row) => {
      const flag = row.declared.flag ?? null
      if (flag === null)
        return <Typography.Text type="secondary">{t('common:none')}</Typography.Text>
      const ratio = flag.ratio === null ? null : amountText(flag.ratio, 2)
      return (
        <Tag color="gold" title={isChinese ? flag.sentence_zh : flag.sentence}>
          {ratio === null ? t('ledger:table.flagged_plain') : t('ledger:table.flagged', { ratio })}
        </Tag>
      )
    },
  }
}

function sharesOf(row: LedgerRow, basis: LedgerBasis) {
  return Object.fromEntries(STATES.map((state) => [state, shareOf(row.stages[state], basis)]))
}
