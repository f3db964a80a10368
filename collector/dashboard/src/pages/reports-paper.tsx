/** One report as it was issued, as paper: headings, tables, pedigree; prints on A4 by the browser. */
import { useTranslation } from 'react-i18next'
import type { ReportAnswer, ReportHeadAnswer } from '../../../src/api/answers/report-schema.ts'
import { amountText, countText, instantText } from '../format.ts'
import { languageOf } from '../text/index.ts'
import { ratioText } from './reports-figures.ts'
import { FunnelTable, LedgerTables, useRowName } from './reports-ledger.tsx'
import { AccountsPart, AdjustmentsPart, RankingPart } from './reports-parts.tsx'
import './reports-paper.css'
import { PaperTable } from './reports-table.tsx'
import { TimeTables } from './reports-time.tsx'

export type Report = ReportHeadAnswer & { readonly answer: ReportAnswer }

export function Paper({ report }: { readonly report: Report }) {
  const { t } = useTranslation('reports')
  const nameOf = useRowName('region')
  const { answer } = report
  const { month, region_code: key, region_name: name } = answer
  const place = key === null ? t('country') : nameOf({ key, name })
  const title = `${place} · ${month} · ${t('paper.heading')}`
  return (
    <article className="paper tabular" aria-label={title}>
      <style>{footerOf(report)}</style>
      <p className="paper-note">{t('paper.ledger_name')}</p>
      <h2>{title}</h2>
      {answer.demo ? <p className="paper-demo">{t('paper.demo')}</p> : null}
      <Pedigree report={report} />
      <Summary answer={answer} />
      <FunnelTable answer={answer} />
      <LedgerTables answer={answer} />
      <TimeTables answer={answer} />
      <RankingPart answer={answer} />
      <AccountsPart answer={answer} />
      <AdjustmentsPart answer={answer} />
      <Unrated answer={answer} />
      <Definitions answer={answer} />
      <h3>{t('paper.sections.reproduce')}</h3>
      <p>{t('paper.reproduce_text', { id: report.report_id, seq: report.journal_seq ?? '…' })}</p>
    </article>
  )
}

/** Every printed page says which report it is of. Both texts are letters, digits and `._:-`. */
function footerOf({ report_id, sha256 }: Report): string {
  const safe = (text: string) => text.replaceAll(/[^\w.:-]/g, '')
  const mark = `${safe(report_id)} · SHA-256 ${safe(sha256)}`
  const font = 'font: 7pt monospace; color: #4d5861;'
  return `@page report {
    @bottom-left { content: "${mark}"; ${font} white-space: nowrap; }
    @bottom-right { content: counter(page) " / " counter(pages); ${font} }
  }`
}

function Pedigree({ report }: { readonly report: Report }) {
  const { t } = useTranslation('reports')
  const { t: common } = useTranslation()
  const { answer } = report
  const facts = [
    [t('paper.period'), `${instantText(answer.from)} – ${instantText(answer.to)}`],
    [t('paper.zone'), answer.tz],
    [t('paper.as_of'), instantText(answer.as_of)],
    [t('known'), instantText(answer.known_at)],
    [t('finality'), common(`finality.${answer.finality}`)],
    [t('issued_at'), instantText(report.issued_at)],
    [t('author'), report.author],
    [t('paper.catalogue'), answer.catalogue_version],
    [t('paper.versions'), t('paper.versions_text', answer.definition_versions)],
    [t('paper.basis'), t('paper.basis_text')],
    [t('paper.id'), report.report_id],
    [t('entry'), report.journal_seq === null ? t('entry_pending') : countText(report.journal_seq)],
  ] as const
  return (
    <dl className="paper-facts">
      {facts.map(([name, value]) => (
        <div key={name} style={{ display: 'contents' }}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
      <dt>{t('paper.sha256')}</dt>
      <dd className="paper-wide">
        <code>{report.sha256}</code>
      </dd>
    </dl>
  )
}

function Summary({ answer }: { readonly answer: ReportAnswer }) {
  const { t } = useTranslation('reports')
  const { total } = answer.ledger
  const { time } = answer
  const bounds = ({ lower, upper }: { lower: string | null; upper: string | null }) =>
    `${t('paper.bounds')} ${ratioText(lower)} – ${ratioText(upper)}`
  const figures = [
    [
      t('paper.declared_p'),
      `${amountText(total.declared.p, 3)} P`,
      cardsText(total.declared.cards),
    ],
    [
      t('paper.connected_p'),
      `${amountText(total.stages.connected.p, 3)} P`,
      cardsText(total.stages.connected.cards),
    ],
    [t('paper.access_rate'), ratioText(total.access_rate), ''],
    [
      t('paper.free_p'),
      `${amountText(total.stages.free.p, 3)} P`,
      cardsText(total.stages.free.cards),
    ],
    [t('paper.busy_rate'), ratioText(time.total.busy_rate.rate), bounds(time.total.busy_rate)],
    [
      t('paper.allocation_rate'),
      ratioText(time.total.allocation_rate.rate),
      bounds(time.total.allocation_rate),
    ],
    [
      t('paper.coverage'),
      ratioText(time.total.coverage),
      `${t('paper.utilization_coverage')} ${ratioText(time.total.utilization_coverage)}`,
    ],
    [
      t('paper.energy'),
      amountText(time.total.energy_kwh, 1),
      `${t('paper.p_hours_per_kwh')} ${amountText(time.total.p_hours_per_kwh, 3)}`,
    ],
  ] as const
  function cardsText(cards: number): string {
    return `${countText(cards)} ${t('paper.cards')}`
  }
  return (
    <>
      <h3>{t('paper.sections.summary')}</h3>
      <dl className="paper-figures">
        {figures.map(([name, value, note]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <strong>{value}</strong>
              <br />
              <span className="paper-note">{note}</span>
            </dd>
          </div>
        ))}
      </dl>
    </>
  )
}

function Unrated({ answer }: { readonly answer: ReportAnswer }) {
  const { t } = useTranslation('reports')
  return (
    <>
      <h3>{t('paper.sections.unrated')}</h3>
      {answer.unrated_models.length === 0 ? (
        <p>{t('paper.unrated_none')}</p>
      ) : (
        <PaperTable
          label={t('paper.sections.unrated')}
          columns={[
            { title: t('paper.model'), value: (row) => row.printed_name },
            { title: t('paper.vendor'), value: (row) => row.vendor },
            { title: t('paper.cards'), isNumber: true, value: (row) => countText(row.cards) },
          ]}
          rows={answer.unrated_models}
          rowKey={(row) => `${row.vendor} ${row.printed_name}`}
        />
      )}
    </>
  )
}

/** As they were when it was issued: they are part of the report. */
function Definitions({ answer }: { readonly answer: ReportAnswer }) {
  const { t, i18n } = useTranslation('reports')
  const language = languageOf(i18n.language)
  return (
    <>
      <h3 className="paper-new-page">{t('paper.sections.definitions')}</h3>
      {answer.definitions.map((item) => {
        const { formula, name, text } = item[language]
        return (
          <div key={item.id} className="paper-definition">
            <h4>{`${name} · ${item.id} · ${item.version}`}</h4>
            <p>{text}</p>
            {formula === null ? null : <p className="paper-note">{formula}</p>}
          </div>
        )
      })}
    </>
  )
}
