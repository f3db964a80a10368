/**
 * Issues a report: makes it, keeps it with its hash in the journal, answers the stored one. Under an
 * id that was used before, the report of then is answered; nothing is made anew.
 */
import { createHash } from 'node:crypto'
import { AppError, HOUR_MS } from '@yiben/shared'
import { canonicalText } from '../../journal/canonical.ts'
import type { JsonObject } from '../../model/ledger.ts'
import type { MonthSpan } from '../../rollup/report-month.ts'
import { finalityOf } from '../../rollup/seal.ts'
import type { StoredReport } from '../../storage/report-store.ts'
import { SCOPE_ALL } from '../../storage/requests.ts'
import { instantText, invalid } from '../schemas.ts'
import { type ReportAsk, type ReportParts, reportAnswer } from './report.ts'

/**
 * What was decided or sealed in the last moments may still be on its way to the store: a report is
 * as known before them, so that made again it says the same.
 */
const KNOWN_LAG_MS = 60_000

export interface ReportRequest {
  readonly reportId: string
  readonly regionCode: string | null
  readonly span: MonthSpan
  readonly author: string
  readonly nowMs: number
}

export interface IssuedReport {
  readonly report: StoredReport
  /** There was one of this id. */
  readonly isRepeat: boolean
}

/** Throws `month_not_over`; `conflict` for an id that another report has. */
export async function issueReport(
  parts: ReportParts,
  request: ReportRequest,
): Promise<IssuedReport> {
  const before = await parts.store.findReport(SCOPE_ALL, request.reportId)
  if (before !== null) return { report: sameAs(before, request), isRepeat: true }
  const { regionCode, reportId, span, nowMs } = request
  const knownAtMs = nowMs - KNOWN_LAG_MS
  const finality = await monthFinality(parts, span, knownAtMs)
  const ask: ReportAsk = { regionCode, span, knownAtMs, finality, beforeNumber: null }
  const answer = reportText(await reportAnswer(parts, ask))
  const sha256 = hashOf(answer)
  const { status } = await parts.store.keepReport({
    reportId,
    regionCode,
    ...span,
    knownAtMs,
    issuedAtMs: nowMs,
    finality,
    author: request.author,
    catalogueVersion: parts.catalogue.version,
    sha256,
    answer,
    outbox: [
      {
        kind: 'report_issued',
        atMs: nowMs,
        payload: {
          report_id: reportId,
          region: regionCode,
          month: span.month,
          tz: span.timeZone,
          known_at: instantText(knownAtMs),
          finality,
          catalogue: parts.catalogue.version,
          sha256,
          by: request.author,
        },
      },
    ],
  })
  const report = await parts.store.findReport(SCOPE_ALL, reportId)
  if (report === null) throw new AppError('store_unavailable', 'the report could not be read back')
  // Somebody else was faster under this id.
  if (status === 'known') return { report: sameAs(report, request), isRepeat: true }
  return { report, isRepeat: false }
}

/** The bytes that are hashed, stored and compared. */
export function reportText(answer: object): string {
  return canonicalText(answer as JsonObject)
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}

function sameAs(report: StoredReport, { regionCode, span }: ReportRequest): StoredReport {
  const isSame =
    report.regionCode === regionCode &&
    report.month === span.month &&
    report.timeZone === span.timeZone
  if (isSame) return report
  const what = `${report.month}, ${report.regionCode ?? 'the whole country'}, ${report.timeZone}`
  throw new AppError('conflict', `report_id: ${report.reportId} is a report of ${what}`, {
    fields: { field: 'report_id' },
  })
}

/** Refuses a month of which anything was still to be sealed at that instant. */
async function monthFinality(
  { store }: ReportParts,
  span: MonthSpan,
  knownAtMs: number,
): Promise<'preliminary' | 'final'> {
  const { fromMs, month, timeZone, toMs } = span
  const { firstHourMs } = await store.rollupBacklog()
  if (firstHourMs === null || firstHourMs >= toMs) {
    throw invalid('month', `the ledger holds no hour of ${month}`)
  }
  // Hours are sealed in order: with the last one of the month all of them are.
  const { lastHourMs } = await store.readSealed({ fromMs: toMs - HOUR_MS, toMs, knownAtMs })
  const finality = finalityOf({ toMs, knownAtMs, lastSealedHourMs: lastHourMs, timeZone })
  if (finality === 'preliminary' || finality === 'final') return finality
  const over = knownAtMs < toMs ? `is over at ${instantText(toMs)}` : 'is not sealed yet'
  const sentence = `${month} of ${timeZone}, from ${instantText(fromMs)} on, ${over}`
  throw new AppError(
    'month_not_over',
    `${sentence}: its hours are sealed two hours after their end`,
  )
}
