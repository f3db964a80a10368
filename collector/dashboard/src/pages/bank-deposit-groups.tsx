/** Deposits by site and model as a table: how much, how long free, and what will last. */
import { Flex, type TableColumnsType, Typography } from 'antd'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { DepositSummaryAnswer } from '../../../src/api/answers/deposit-summary.ts'
import { amountText, countText, durationText, NOT_KNOWN } from '../format.ts'
import { Rows } from '../parts/rows.tsx'
import { type Names, useNames } from './ledger-names.ts'

export const DEPOSIT_GROUPINGS = ['site_model', 'site', 'model'] as const
export type DepositGrouping = (typeof DEPOSIT_GROUPINGS)[number]
/** Minutes ahead, as the bank is promised them. */
export const STEPS = [30, 60, 240, 480] as const
export type DepositGroup = DepositSummaryAnswer['groups'][number]

interface GroupRowsProps {
  readonly groups: readonly DepositGroup[]
  readonly by: DepositGrouping
  readonly asOf: string | null
}

export function GroupRows({ groups, by, asOf }: GroupRowsProps) {
  const { t } = useTranslation('bank')
  const names = useNames()
  const step = useStepName()
  const isKnown = groups.some(({ lasting }) => lasting.minutes_30.cards_known > 0)
  const columns = useMemo<TableColumnsType<DepositGroup>>(() => {
    const count = (
      name: string,
      figure: (group: DepositGroup) => number,
      inP?: (group: DepositGroup) => string,
    ) => ({
      title: t(`deposits.${name}`),
      key: name,
      align: 'right' as const,
      render: (_: unknown, group: DepositGroup) => (
        <Flex vertical align="end">
          <span>{countText(figure(group))}</span>
          {inP === undefined ? null : (
            <Typography.Text type="secondary">
              {group.rated === false
                ? t('unrated')
                : t('deposits.of_p', { p: amountText(inP(group), 2) })}
            </Typography.Text>
          )}
        </Flex>
      ),
    })
    const site = {
      title: t('site'),
      key: 'site',
      render: (_: unknown, { site_code: code }: DepositGroup) => names.of('site', code),
    }
    const model = {
      title: t('model'),
      key: 'model',
      render: (_: unknown, group: DepositGroup) => (
        <Flex vertical>
          <span>{modelName(names, group, t('unrated'))}</span>
          <Typography.Text type="secondary">{names.of('vendor', group.vendor)}</Typography.Text>
        </Flex>
      ),
    }
    return [
      ...(by === 'model' ? [] : [site]),
      ...(by === 'site' ? [] : [model]),
      count(
        'deposited',
        ({ cards_deposited: cards }) => cards,
        ({ p_deposited: p }) => p,
      ),
      count(
        'drawable',
        ({ cards }) => cards,
        ({ p }) => p,
      ),
      count('fenced', ({ cards_fenced: cards }) => cards),
      count('suspended', ({ cards_suspended: cards }) => cards),
      {
        title: t('deposits.free_for'),
        key: 'free',
        render: (_: unknown, group: DepositGroup) => <FreeFor group={group} asOf={asOf} />,
      },
      ...(isKnown ? [{ title: t('deposits.lasting'), children: lastingColumns(step, t) }] : []),
    ]
  }, [asOf, by, isKnown, names, step, t])
  return (
    <>
      <Rows
        label={t('deposits.groups')}
        rows={groups}
        columns={columns}
        rowKey={(group) =>
          [group.site_code, group.vendor, group.model, group.memory_gib, group.lots].join('/')
        }
      />
      {isKnown ? null : (
        <Typography.Text type="secondary">{t('deposits.no_forecast')}</Typography.Text>
      )}
    </>
  )
}

function lastingColumns(
  step: (minutes: number) => string,
  t: (key: string) => string,
): TableColumnsType<DepositGroup> {
  return STEPS.map((minutes) => ({
    title: step(minutes),
    key: `after_${minutes}`,
    align: 'right' as const,
    render: (_: unknown, { lasting }: DepositGroup) => {
      const told = lasting[`minutes_${minutes}`]
      if (told.cards_expected === null) return NOT_KNOWN
      return (
        <Flex vertical align="end">
          <span>{amountText(told.cards_expected, 1)}</span>
          <Typography.Text type="secondary">
            {`${t('deposits.lasting_sure')} ${countText(told.cards_sure)}`}
          </Typography.Text>
        </Flex>
      )
    },
  }))
}

function FreeFor({ group, asOf }: { readonly group: DepositGroup; readonly asOf: string | null }) {
  const { t } = useTranslation('bank')
  const { free_since: last, free_since_first: first, free_since_median: median } = group
  if (asOf === null || last === null || first === null || median === null) return NOT_KNOWN
  const since = (instant: string) => durationText(Date.parse(asOf) - Date.parse(instant))
  const range = t('deposits.free_range', { first: since(first), last: since(last) })
  return (
    <Flex vertical>
      <span>{since(median)}</span>
      <Typography.Text type="secondary">{range}</Typography.Text>
    </Flex>
  )
}

export function modelName(
  names: Names,
  { model, memory_gib: gib, vendor }: DepositGroup,
  unrated: string,
) {
  const name = model ?? `${names.of('vendor', vendor)} · ${unrated}`
  return gib === null || name.includes(String(gib)) ? name : `${name} · ${gib} GiB`
}

/** `30 min`, `8 h`. */
export function useStepName(): (minutes: number) => string {
  const { t } = useTranslation('bank')
  return useMemo(
    () => (minutes: number) =>
      minutes < 60 ? t('minutes', { count: minutes }) : t('hours', { count: minutes / 60 }),
    [t],
  )
}
