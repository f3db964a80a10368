/** Reports as they were issued: written once with their entry, never changed, found by their scope. */
import { payloadOf } from '../journal-rows.ts'
import { numberCursor, pageLimit, pageOf } from '../paging.ts'
import { HEAD, reportedOf, reportOf } from '../report-rows.ts'
import type { ReportRow, StoredReport } from '../report-store.ts'
import type { Scope } from '../requests.ts'
import { integer, type Row, text } from '../values.ts'
import { correctionMethods } from './corrections.ts'
import type { Database } from './driver.ts'
import type { SyncStore } from './methods.ts'
import { addToOutbox } from './outbox.ts'

type ReportMethods = Pick<
  SyncStore,
  | 'listCorrections'
  | 'readAdjustments'
  | 'keepReport'
  | 'listReports'
  | 'findReport'
  | 'readReportedMonths'
>

/** The whole region must be seen; a scope of single sites sees none. Bind `seenRegions` twice. */
const SEEN = `(? IS NULL OR r.region_code IS NOT NULL AND EXISTS (
  SELECT 1 FROM json_each(?) p WHERE p.value <> ''
    AND substr(r.region_code, 1, length(p.value)) = p.value))`

export function reportMethods(db: Database): ReportMethods {
  return {
    ...correctionMethods(db),

    keepReport: ({ outbox, ...report }) => {
      const known = db.get('SELECT 1 FROM reports WHERE report_id = ?', report.reportId)
      if (known !== undefined) return { status: 'known' }
      db.run(
        `INSERT INTO reports (report_id, region_code, month, time_zone, from_ms, to_ms, known_at_ms,
           issued_at_ms, finality, author, catalogue_version, sha256, answer)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        report.reportId,
        report.regionCode,
        report.month,
        report.timeZone,
        report.fromMs,
        report.toMs,
        report.knownAtMs,
        report.issuedAtMs,
        report.finality,
        report.author,
        report.catalogueVersion,
        report.sha256,
        report.answer,
      )
      addToOutbox(db, outbox)
      return { status: 'issued' }
    },

    listReports: (scope, page) => {
      const limit = pageLimit(page)
      const seen = seenRegions(scope)
      const rows = db.all(
        `SELECT ${HEAD} FROM reports r WHERE r.report_number < ? AND ${SEEN}
         ORDER BY r.report_number DESC LIMIT ?`,
        page.cursor === null ? Number.MAX_SAFE_INTEGER : numberCursor(page),
        seen,
        seen,
        limit + 1,
      )
      const shown = pageOf(rows, limit, (row) => String(integer(row, 'report_number')))
      return { rows: shown.rows.map((row) => rowOf(db, row)), nextCursor: shown.nextCursor }
    },

    findReport: (scope, reportId) => {
      const seen = seenRegions(scope)
      const sql = `SELECT ${HEAD}, r.answer FROM reports r WHERE r.report_id = ? AND ${SEEN}`
      const row = db.get(sql, reportId, seen, seen)
      return row === undefined ? null : storedOf(db, row)
    },

    readReportedMonths: (scope, question) => {
      const seen = seenRegions(scope)
      return db
        .all(
          `SELECT ${HEAD}, max(r.report_number) FROM reports r
           WHERE r.region_code IS ? AND r.time_zone = ? AND r.to_ms <= ? AND r.report_number < ?
             AND ${SEEN} GROUP BY r.month ORDER BY r.month`,
          question.regionCode,
          question.timeZone,
          question.endedByMs,
          question.beforeNumber ?? Number.MAX_SAFE_INTEGER,
          seen,
          seen,
        )
        .map(reportedOf)
    },
  }
}

/** Prefixes as a JSON array; `null` for who may see everything. */
function seenRegions({ regions, sites }: Scope): string | null {
  if (sites !== 'all') return '[]'
  return regions === 'all' ? null : JSON.stringify(regions)
}

function rowOf(db: Database, row: Row): ReportRow {
  const journalSeq = journalSeqOf(db, text(row, 'report_id'), integer(row, 'issued_at_ms'))
  return { ...reportOf(row), journalSeq }
}

function storedOf(db: Database, row: Row): StoredReport {
  return { ...rowOf(db, row), answer: text(row, 'answer') }
}

function journalSeqOf(db: Database, reportId: string, issuedAtMs: number): number | null {
  const entry = db
    .all(
      `SELECT seq, bytes FROM journal INDEXED BY journal_reported
       WHERE kind = 'report_issued' AND at_ms = ? ORDER BY seq`,
      issuedAtMs,
    )
    .find((row) => {
      return payloadOf<{ readonly report_id?: string }>(row).report_id === reportId
    })
  return entry === undefined ? null : integer(entry, 'seq')
}
