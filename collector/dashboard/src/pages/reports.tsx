/** 报告: monthly reports that were issued, and each of them as paper. */

import { useQuery } from '@tanstack/react-query'
import { Button, Flex, type TableColumnsType } from 'antd'
import { useTranslation } from 'react-i18next'
import { Link, useRoute } from 'wouter'
import type { ReportHeadAnswer } from '../../../src/api/answers/report-schema.ts'
import { getText } from '../api/client.ts'
import { useSession } from '../api/session.ts'
import { countText, instantText } from '../format.ts'
import { Answer } from '../parts/answer.tsx'
import { ExportButton } from '../parts/export-button.tsx'
import { Term } from '../parts/figure.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { Paged, Rows, usePages } from '../parts/rows.tsx'
import { Section } from '../parts/section.tsx'
import { addTexts } from '../text/index.ts'
import { useNames } from './ledger-names.ts'
import { CheckSection, SinceSection } from './reports-check.tsx'
import { answerTextOf } from './reports-hash.ts'
import { IssueSection } from './reports-issue.tsx'
import { Paper, type Report } from './reports-paper.tsx'
import { reportsText } from './reports-text.ts'

addTexts('reports', reportsText)

interface ReportsAnswer {
  readonly reports: readonly ReportHeadAnswer[]
  readonly next_cursor: string | null
}

export function ReportsPage() {
  const [isOne, params] = useRoute('/reports/:id')
  return isOne ? <OneReport reportId={params.id} /> : <AllReports />
}

function AllReports() {
  const { t } = useTranslation('reports')
  const { data: session } = useSession()
  const pages = usePages<ReportsAnswer>('/v1/reports')
  const mayIssue =
    (session?.role === 'admin' || session?.role === 'regulator') && session.site_code === null
  return (
    <Flex vertical gap={16}>
      <PageHead title={t('title')} intro={t('intro')} />
      {mayIssue ? <IssueSection session={session} /> : null}
      <Section title={t('issued')} exported={{ table: 'reports' }}>
        <Paged of={pages} rowsOf={({ reports }) => reports} emptyText={t('none')}>
          {(reports) => <ReportsTable reports={reports} />}
        </Paged>
      </Section>
    </Flex>
  )
}

function ReportsTable({ reports }: { readonly reports: readonly ReportHeadAnswer[] }) {
  const { t } = useTranslation('reports')
  const { t: common } = useTranslation()
  const names = useNames()
  const columns: TableColumnsType<ReportHeadAnswer> = [
    {
      title: t('region'),
      render: (_, { region_code: code }) =>
        code === null ? t('country') : `${names.of('region', code)} ${code}`,
    },
    {
      title: t('month'),
      render: (_, report) => (
        <Link href={`/reports/${encodeURIComponent(report.report_id)}`}>
          {`${report.month} · ${t('open')}`}
        </Link>
      ),
    },
    {
      title: <Term id="finality">{t('finality')}</Term>,
      render: (_, { finality }) => common(`finality.${finality}`),
    },
    {
      title: <Term id="known_at">{t('known')}</Term>,
      render: (_, row) => instantText(row.known_at),
    },
    { title: t('issued_at'), render: (_, row) => instantText(row.issued_at) },
    { title: t('author'), dataIndex: 'author' },
    { title: 'SHA-256', render: (_, row) => <code>{`${row.sha256.slice(0, 12)}…`}</code> },
    {
      title: t('entry'),
      align: 'right',
      render: (_, { journal_seq: seq }) => (seq === null ? t('entry_pending') : countText(seq)),
    },
  ]
  return (
    <Rows
      label={t('issued')}
      rows={reports}
      columns={columns}
      rowKey={({ report_id }) => report_id}
    />
  )
}

function OneReport({ reportId }: { readonly reportId: string }) {
  const { t } = useTranslation('reports')
  const path = `/v1/reports/${encodeURIComponent(reportId)}`
  const report = useQuery<{ readonly report: Report; readonly body: string }, Error>({
    queryKey: [path],
    queryFn: async ({ signal }) => {
      const body = await getText(path, {}, signal)
      return { report: JSON.parse(body) as Report, body }
    },
  })
  return (
    <Flex vertical gap={16}>
      <Flex wrap gap={12} align="center" className="no-print">
        <h1 style={{ margin: 0, fontSize: 22, flex: 1 }}>{t('title')}</h1>
        <Link href="/reports">{t('back')}</Link>
        <ExportButton table="report" query={{ report_id: reportId }} formats={['xlsx']} />
        <Button type="primary" onClick={() => window.print()}>
          {t('print')}
        </Button>
      </Flex>
      <Answer of={report} rows={20}>
        {({ body, report: issued }) => (
          <>
            <div className="no-print">
              <CheckSection
                reportId={issued.report_id}
                sha256={issued.sha256}
                answerText={answerTextOf(body)}
              />
            </div>
            <Paper report={issued} />
            <div className="no-print">
              <SinceSection reportId={issued.report_id} />
            </div>
          </>
        )}
      </Answer>
    </Flex>
  )
}
