/** Accounts as a table that adds up before the reader's eyes: promised, and every part it went to. */
import { Flex, type TableColumnsType, Tag, Typography } from 'antd'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Term } from '../parts/figure.tsx'
import { Rows } from '../parts/rows.tsx'
import { StepsText, useCode } from './bank-parts.tsx'
import { type Account, PARTS, type Part, type ShownAccount, shownAccount } from './bank-sums.ts'

export interface AccountRow {
  readonly key: string
  /** Under `heads`, in their order. */
  readonly names: readonly ReactNode[]
  readonly account: Account
}

export interface AccountRowsProps {
  readonly label: string
  readonly heads: readonly string[]
  readonly rows: readonly AccountRow[]
}

/** Where the definition of a part stands. */
export const PART_TERMS: Readonly<Record<Part, string>> = {
  delivered_active: 'delivered',
  delivered_idle: 'delivered',
  returned: 'returned',
  broken: 'broken',
  unproven: 'promised',
  pending: 'promised',
  swapped: 'promised',
}

interface ShownRow extends AccountRow {
  readonly shown: ShownAccount
}

export function AccountRows({ label, heads, rows }: AccountRowsProps) {
  const { t } = useTranslation('bank')
  const shown = rows.map((row) => ({ ...row, shown: shownAccount(row.account) }))
  const columns: TableColumnsType<ShownRow> = [
    ...heads.map((title, index) => ({
      title,
      key: title,
      render: (_: unknown, { names }: ShownRow) => names[index],
    })),
    {
      title: <Term id="promised">{t('statement.promised')}</Term>,
      key: 'promised',
      align: 'right',
      render: (_, row) => (
        <strong>
          <StepsText steps={row.shown.promised} />
        </strong>
      ),
    },
    ...PARTS.map((part, index) => ({
      title: (
        <span style={{ whiteSpace: 'nowrap' }}>
          {index === 0 ? '= ' : '+ '}
          <Term id={PART_TERMS[part]}>{t(`statement.${part}`)}</Term>
        </span>
      ),
      key: part,
      align: 'right' as const,
      render: (_: unknown, row: ShownRow) =>
        part === 'broken' ? (
          <Broken shown={row.shown} />
        ) : (
          <StepsText steps={row.shown.parts[part]} />
        ),
    })),
    {
      title: t('statement.sum'),
      key: 'sum',
      render: (_, row) => <Check differenceMs={row.shown.differenceMs} />,
    },
  ]
  return <Rows label={label} rows={shown} columns={columns} rowKey={({ key }) => key} />
}

function Broken({ shown }: { readonly shown: ShownAccount }) {
  const cause = useCode('broken_cause')
  return (
    <Flex vertical align="end">
      <StepsText steps={shown.parts.broken} />
      {[...shown.broken].map(([name, steps]) => (
        <Typography.Text key={name} type="secondary" style={{ fontSize: 12 }}>
          {cause(name)} <StepsText steps={steps} />
        </Typography.Text>
      ))}
    </Flex>
  )
}

/** Exact, to the millisecond; what is shown beside it is rounded. */
function Check({ differenceMs }: { readonly differenceMs: bigint }) {
  const { t } = useTranslation('bank')
  return differenceMs === 0n ? (
    <Tag color="green">{`✓ ${t('statement.adds_up')}`}</Tag>
  ) : (
    <Tag color="red">{t('statement.differs', { ms: String(differenceMs) })}</Tag>
  )
}
