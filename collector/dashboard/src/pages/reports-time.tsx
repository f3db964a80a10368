/** What the time of the month went into: by state, by each grouping, and by model in card-hours. */
import { useTranslation } from 'react-i18next'
import type { ReportAnswer } from '../../../src/api/answers/report-schema.ts'
import { amountText, cardHoursText, countText, shareText } from '../format.ts'
import { STATES } from '../states.ts'
import { boundsText, ratioText, shareOf } from './reports-figures.ts'
import { placesAndParties } from './reports-groups.ts'
import { useRowName } from './reports-ledger.tsx'
import { type PaperColumn, PaperTable } from './reports-table.tsx'

type TimeRow = ReportAnswer['time']['total']
const COMPARED = ['utilization_zero', 'utilization_below_tenth', 'allocated_idle'] as const

type ModelRow = ReportAnswer['time']['by_model'][number]

export function TimeTables({ answer }: { readonly answer: ReportAnswer }) {
  const { t } = useTranslation('reports')
  const { time } = answer
  const parts = placesAndParties(time, t)
  return (
    <>
      <StatesTable total={time.total} />
      <ComparisonTable total={time.total} />
      {parts.map(({ by, rows, title }) => (
        <UsePart
          key={by}
          title={`${t('paper.sections.use')} · ${title}`}
          by={by}
          rows={rows}
          total={time.total}
        />
      ))}
      <ModelTable rows={time.by_model} />
    </>
  )
}

function StatesTable({ total }: { readonly total: TimeRow }) {
  const { t } = useTranslation('reports')
  const { t: common } = useTranslation()
  const whole = wholeOf(total)
  const rows = STATES.map((state) => ({ state, amount: total.p_hours[`${state}_ph`] ?? '0' }))
  return (
    <>
      <h3>{t('paper.sections.states')}</h3>
      <PaperTable
        label={t('paper.sections.states')}
        columns={[
          { title: t('paper.state'), value: ({ state }) => common(`state.${state}`) },
          {
            title: t('paper.p_hours'),
            isNumber: true,
            value: ({ amount }) => amountText(amount, 3),
          },
          {
            title: common('share'),
            isNumber: true,
            value: ({ amount }) => shareText(shareOf(amount, whole), 2),
          },
        ]}
        rows={rows}
        rowKey={({ state }) => state}
      />
      <p className="paper-note">
        {`${t('paper.hours')} ${countText(total.hours_sealed)} / ${countText(total.hours_total)}`}
      </p>
    </>
  )
}

/** How idle the fleet is by definitions in use elsewhere, beside ours. */
function ComparisonTable({ total }: { readonly total: TimeRow }) {
  const { t } = useTranslation('reports')
  const { t: common } = useTranslation()
  const { comparison, p_hours } = total
  const rows = [
    { name: 'free', share: shareText(shareOf(p_hours.free_ph, wholeOf(total)), 2) },
    ...COMPARED.map((name) => ({ name, share: ratioText(comparison[name]) })),
  ]
  return (
    <>
      <h3>{t('paper.sections.comparison')}</h3>
      <PaperTable
        label={t('paper.sections.comparison')}
        columns={[
          { title: t('paper.definition'), value: ({ name }) => t(`paper.comparison.${name}`) },
          { title: common('share'), isNumber: true, value: ({ share }) => share },
        ]}
        rows={rows}
        rowKey={({ name }) => name}
      />
      <p className="paper-note">{t('paper.comparison_note')}</p>
    </>
  )
}

function UsePart(props: {
  readonly title: string
  readonly by: string
  readonly rows: readonly TimeRow[]
  readonly total: TimeRow
}) {
  const { t } = useTranslation('reports')
  const nameOf = useRowName(props.by)
  const columns: readonly PaperColumn<TimeRow>[] = [
    {
      title: t('paper.name'),
      value: (row) => (row === props.total ? t('paper.all') : nameOf(row)),
    },
    {
      title: t('paper.total_p_hours'),
      isNumber: true,
      value: (row) => amountText(wholeOf(row), 1),
    },
    { title: t('paper.busy_rate'), isNumber: true, value: (row) => <Rate of={row.busy_rate} /> },
    {
      title: t('paper.allocation_rate'),
      isNumber: true,
      value: (row) => <Rate of={row.allocation_rate} />,
    },
    { title: t('paper.coverage'), isNumber: true, value: (row) => ratioText(row.coverage) },
    {
      title: t('paper.utilization_coverage'),
      isNumber: true,
      value: (row) => ratioText(row.utilization_coverage),
    },
    { title: t('paper.energy'), isNumber: true, value: (row) => amountText(row.energy_kwh, 1) },
    {
      title: t('paper.p_hours_per_kwh'),
      isNumber: true,
      value: (row) => amountText(row.p_hours_per_kwh, 3),
    },
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

/** Card-hours of one model are of one kind; there is no sum over models (C28). */
function ModelTable({ rows }: { readonly rows: readonly ModelRow[] }) {
  const { t } = useTranslation('reports')
  const { t: common } = useTranslation()
  const title = `${t('paper.sections.use')} · ${t('paper.sections.models')} · ${t('paper.card_hours')}`
  const columns: readonly PaperColumn<ModelRow>[] = [
    { title: t('paper.model'), value: ({ model }) => model },
    ...STATES.map((state) => ({
      title: common(`state.${state}`),
      isNumber: true,
      value: ({ figures }: ModelRow) => cardHoursText(figures[`${state}_ms`], 1),
    })),
    { title: t('paper.busy_rate'), isNumber: true, value: (row) => ratioText(row.busy_rate.rate) },
    { title: t('paper.coverage'), isNumber: true, value: (row) => ratioText(row.coverage) },
  ]
  return (
    <>
      <h3>{title}</h3>
      <PaperTable label={title} columns={columns} rows={rows} rowKey={({ model }) => model} />
    </>
  )
}

/** A rate, and below it the bounds between which the truth lies, where they differ from it. */
function Rate({ of }: { readonly of: TimeRow['busy_rate'] }) {
  const bounds = boundsText(of)
  return (
    <>
      {ratioText(of.rate)}
      {bounds === null ? null : <div className="paper-bounds">{bounds}</div>}
    </>
  )
}

/** P·h of the seven states together, for the eye; they are kept apart in the report. */
function wholeOf({ p_hours }: TimeRow): string {
  const milli = STATES.reduce((sum, state) => {
    const [whole = '0', part = ''] = (p_hours[`${state}_ph`] ?? '0').split('.')
    return sum + BigInt(whole + part.padEnd(3, '0').slice(0, 3))
  }, 0n)
  return `${milli / 1_000n}.${String(milli % 1_000n).padStart(3, '0')}`
}
