/**
 * Reports as they were issued: written once with their entry, never changed, found by their scope.
 */
import { payloadOf } from '../journal-rows.ts'
import { numberCursor, pageLimit, pageOf } from '../paging.ts'
import { HEAD as HEAD_TEXT, reportedOf, reportOf } from '../report-rows.ts'
import type { ReportRow, StoredReport } from '../report-store.ts'
import type { Scope } from '../requests.ts'
import type { Store } from '../store.ts'
import type { Row } from '../values.ts'
import { integer, text } from '../values.ts'
import { correctionMethods } from './corrections.ts'
import type { Database } from './driver.ts'
import { addToOutbox } from './outbox.ts'
import { raw, type Sql, sql } from './sql.ts'

type ReportMethods = Pick<
  Store,
  | 'listCorrections'
  | 'readAdjustments'
  | 'keepReport'
  | 'listReports'
  | 'findReport'
  | 'readReportedMonths'
>

const HEAD = raw(HEAD_TEXT)

/** The whole region must be seen; a scope of single sites sees none. */
function isSeen({ regions, sites }: Scope): Sql {
  if (sites !== 'all') return sql`false`
  if (regions === 'all') return sql`true`
  return sql`(r.region_code IS NOT NULL AND EXISTS (
    SELECT 1 FROM unnest(${regions}::text[]) p (prefix) WHERE p.prefix <> ''
      AND substr(r.region_code, 1, length(p.prefix)) = p.prefix))`
}

export function reportMethods(db: Database): ReportMethods {
  return {
    ...correctionMethods(db),

    keepReport: async ({ outbox, ...report }) => {
      const { changes } = await db.run(sql`
        INSERT INTO reports (report_id, region_code, month, time_zone, from_ms, to_ms, known_at_ms,
          issued_at_ms, finality, author, catalogue_version, sha256, answer)
        VALUES (${report.reportId}, ${report.regionCode}, ${report.month}, ${report.timeZone},
          ${report.fromMs}, ${report.toMs}, ${report.knownAtMs}, ${report.issuedAtMs},
          ${report.finality}, ${report.author}, ${report.catalogueVersion}, ${report.sha256},
          ${report.answer})
        ON CONFLICT (report_id) DO NOTHING`)
      if (changes === 0) return { status: 'known' }
      addToOutbox(db, outbox)
      return { status: 'issued' }
    },

    listReports: async (scope, page) => {
      const limit = pageLimit(page)
      const before = page.cursor === null ? Number.MAX_SAFE_INTEGER : numberCursor(page)
      const rows = await db.all(sql`
        SELECT ${HEAD} FROM reports r WHERE r.report_number < ${before} AND ${isSeen(scope)}
        ORDER BY r.report_number DESC LIMIT ${limit + 1}`)
      const shown = pageOf(rows, limit, (row) => String(integer(row, 'report_number')))
      const reports: ReportRow[] = []
      for (const row of shown.rows) reports.push(await rowOf(db, row))
      return { rows: reports, nextCursor: shown.nextCursor }
    },

    findReport: async (scope, reportId) => {
      const row = await db.get(sql`
        SELECT ${HEAD}, r.answer FROM reports r
        WHERE r.report_id = ${reportId} AND ${isSeen(scope)}`)
      return row === undefined ? null : await storedOf(db, row)
    },

    readReportedMonths: async (scope, question) => {
      const before = question.beforeNumber ?? Number.MAX_SAFE_INTEGER
      const rows = await db.all(sql`
        SELECT DISTINCT ON (r.month) ${HEAD} FROM reports r
        WHERE r.region_code IS NOT DISTINCT FROM ${question.regionCode}
          AND r.time_zone = ${question.timeZone} AND r.to_ms <= ${question.endedByMs}
          AND r.report_number < ${before} AND ${isSeen(scope)}
        ORDER BY r.month, r.report_number DESC`)
      return rows.map(reportedOf)
    },
  }
}

async function rowOf(db: Database, row: Row): Promise<ReportRow> {
  const journalSeq = await journalSeqOf(db, text(row, 'report_id'), integer(row, 'issued_at_ms'))
  return { ...reportOf(row), journalSeq }
}

async function storedOf(db: Database, row: Row): Promise<StoredReport> {
  return { ...(await rowOf(db, row)), answer: text(row, 'answer') }
}

async function journalSeqOf(
  db: Database,
  reportId: string,
  issuedAtMs: number,
): Promise<number | null> {
  const entry = (
    await db.all(
      sql`SELECT seq, bytes FROM journal
       WHERE kind = 'report_issued' AND at_ms = ${issuedAtMs} ORDER BY seq`,
    )
  ).find((row) => {
    return payloadOf<{ readonly report_id?: string }>(row).report_id === reportId
  })
  return entry === undefined ? null : integer(entry, 'seq')
}
