/**
 * `report issue | list | show`: monthly reports, kept as they were issued; with `--json` what the API
 * answers. `show --format xlsx` is the workbook on standard output.
 */
import { AppError, divisionCodeOf, randomHex, renderTable } from '@yiben/shared'
import { CatalogueLookup } from '../api/answers/lookup.ts'
import type { ReportParts } from '../api/answers/report.ts'
import { issueReport } from '../api/answers/report-issue.ts'
import { type ReportHeadAnswer, reportHeadOf } from '../api/answers/report-schema.ts'
import { writeReportBook } from '../api/exports/report-book.ts'
import { loadCatalogue } from '../catalogue/catalogue.ts'
import { MONTH_SHAPE, monthSpan } from '../rollup/report-month.ts'
import type { StoredReport } from '../storage/report-store.ts'
import { SCOPE_ALL } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import {
  type CommandContext,
  type CommandResult,
  commandAuthor,
  jsonText,
  withLedger,
  wordOf,
} from './command.ts'
import { commandMark } from './export-mark.ts'
import { settledLagMs } from './settled-lag.ts'

const ID_BYTES = 8
const LIST_ROWS = 100

export interface ReportIssueOptions {
  readonly month: string
  readonly region?: string
  readonly id?: string
}

export async function runReportIssue(
  context: CommandContext,
  options: ReportIssueOptions,
): Promise<CommandResult> {
  const { config, world } = context
  if (!MONTH_SHAPE.test(options.month)) {
    throw new AppError('usage_invalid', '--month must be a month such as 2026-10')
  }
  const regionCode = options.region === undefined ? null : divisionCodeOf(options.region)
  if (options.region !== undefined && regionCode === null) {
    throw new AppError('usage_invalid', '--region must be a code of GB/T 2260, such as 150000')
  }
  const { report, isRepeat } = await withLedger(context, async (store) =>
    issueReport(await partsOf(store, context), {
      reportId: options.id ?? `r-${randomHex(world.random, ID_BYTES)}`,
      regionCode,
      span: monthSpan(options.month, config.timeZone),
      author: commandAuthor(),
      nowMs: world.clock.wallMs(),
    }),
  )
  const head = reportHeadOf(report)
  const said = isRepeat ? 'was issued before' : 'issued'
  const text = `Report ${head.report_id} ${said}: ${head.month}, ${head.finality}, sha256 ${head.sha256}\n`
  return { exitCode: 0, stdout: context.json ? jsonText(head) : text }
}

export async function runReportList(context: CommandContext): Promise<CommandResult> {
  const { rows } = await withLedger(context, (store) =>
    store.listReports(SCOPE_ALL, { cursor: null, limit: LIST_ROWS }),
  )
  const reports = rows.map(reportHeadOf)
  if (context.json) return { exitCode: 0, stdout: jsonText({ reports }) }
  const titles = ['report', 'month', 'region', 'finality', 'known at', 'author']
  return { exitCode: 0, stdout: renderTable(titles, reports.map(listRow)) }
}

function listRow(head: ReportHeadAnswer): string[] {
  const { author, finality, known_at, month, region_code, report_id } = head
  return [report_id, month, region_code ?? 'the whole country', finality, known_at, author]
}

export interface ReportShowOptions {
  readonly format?: string
}

/** Hands what it shows to `write`: text, or the bytes of a workbook. */
export async function runReportShow(
  context: CommandContext,
  reportId: string,
  options: ReportShowOptions,
  write: (part: string | Uint8Array) => Promise<void>,
): Promise<void> {
  const format = wordOf(options.format ?? 'json', ['json', 'xlsx'], '--format')
  const report = await withLedger(context, (store) => store.findReport(SCOPE_ALL, reportId))
  if (report === null) throw new AppError('not_found', `there is no report ${reportId}`)
  if (format === 'xlsx') return await write(await bookOf(context, report))
  const head = JSON.stringify(reportHeadOf(report))
  await write(`${head.slice(0, -1)},"answer":${report.answer}}\n`)
}

async function bookOf({ world }: CommandContext, report: StoredReport): Promise<Uint8Array> {
  const mark = {
    ...commandMark(world),
    table: { name: 'report', zh: '月报', en: 'Report' },
    question: `report_id=${report.reportId}`,
  }
  return (await writeReportBook(world.clock, mark, report)).bytes
}

async function partsOf(store: Store, { config, world }: CommandContext): Promise<ReportParts> {
  const catalogue = loadCatalogue()
  return {
    store,
    clock: world.clock,
    catalogue,
    lookup: new CatalogueLookup(catalogue),
    ledger: await store.ledgerState(),
    settings: { timeZone: config.timeZone, settledLagMs: settledLagMs(config) },
  }
}
