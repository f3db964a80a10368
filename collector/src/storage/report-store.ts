/**
 * What the storage port promises of corrections and reports: how figures of sealed hours moved, from
 * when on that was known, and reports kept as they were issued.
 */
import type { Bucket, OutboxEntry } from '../model/ledger.ts'
import type { Page, PageRequest, Scope } from './requests.ts'

/** The sums of a bucket: what a correction can move. */
export type MovedFigure = {
  [Key in keyof Bucket]-?: Bucket[Key] extends bigint ? Key : never
}[keyof Bucket]

/** One site's figures in one hour, written again; a version that moved nothing here is left out. */
export interface Correction {
  readonly hourMs: number
  readonly siteCode: string
  readonly version: number
  readonly knownAtMs: number
  /** When the version that it took the place of became known. */
  readonly beforeKnownAtMs: number
  readonly cardsDelta: number
  /** Never zero. */
  readonly moves: Readonly<Partial<Record<MovedFigure, bigint>>>
  /** The entry that names it; `null` while that has no number yet. */
  readonly journalSeq: number | null
}

/** Half-open on both axes: hours that begin within, known within. */
export interface CorrectionRange {
  readonly fromMs: number
  readonly toMs: number
  readonly knownFromMs: number
  readonly knownToMs: number
}

/** How one site's figures moved over many hours, from what was known at one instant to another. */
export interface SiteAdjustment {
  readonly siteCode: string
  /** Hours of which some figure of the site moved. */
  readonly hours: number
  /** A figure that moved there and back is left out. */
  readonly moves: Readonly<Partial<Record<MovedFigure, bigint>>>
}

/** Of what a report speaks, and what it rests on. */
export interface ReportHead {
  /** Given by who asked. */
  readonly reportId: string
  /** GB/T 2260, six digits; `null`: the whole country. */
  readonly regionCode: string | null
  /** `2026-10`, a civil month of the time zone. */
  readonly month: string
  readonly timeZone: string
  readonly fromMs: number
  readonly toMs: number
  readonly knownAtMs: number
  readonly issuedAtMs: number
  readonly finality: 'preliminary' | 'final'
  readonly author: string
  readonly catalogueVersion: string
  /** Over the canonical answer, hex. */
  readonly sha256: string
}

/** `number`: the order of issuing. */
export interface ReportRow extends ReportHead {
  readonly number: number
  /** The entry that names its hash; `null` while that has no number yet. */
  readonly journalSeq: number | null
}

/** `answer`: canonical JSON, as it was issued. */
export interface StoredReport extends ReportRow {
  readonly answer: string
}

/** The last report of a month. */
export interface ReportedMonth {
  readonly reportId: string
  readonly month: string
  readonly fromMs: number
  readonly toMs: number
  readonly knownAtMs: number
}

export interface ReportStore {
  /** In the order in which they became known; a page may hold fewer rows than asked for. */
  listCorrections(
    scope: Scope,
    range: CorrectionRange,
    page: PageRequest,
  ): Promise<Page<Correction>>
  /**
   * Per site, by code: what moved in hours within the range between two instants of knowing. An hour
   * that was not sealed by the first of them is left out: nothing was said of it.
   */
  readAdjustments(
    scope: Scope,
    range: {
      readonly fromMs: number
      readonly toMs: number
      readonly knownAfterMs: number
      readonly knownAtMs: number
    },
  ): Promise<readonly SiteAdjustment[]>
  /** With its entry; `known` when there is a report of this id. */
  keepReport(
    report: ReportHead & { readonly answer: string; readonly outbox: readonly OutboxEntry[] },
  ): Promise<{ readonly status: 'issued' | 'known' }>
  /**
   * A report is in the scope of who may see its whole region: that of the country only in the scope
   * of everything. Newest first.
   */
  listReports(scope: Scope, page: PageRequest): Promise<Page<ReportRow>>
  findReport(scope: Scope, reportId: string): Promise<StoredReport | null>
  /**
   * Of each month that ended by `endedByMs` the last report of this region and time zone among those
   * issued before the number (`null`: among all); by month.
   */
  readReportedMonths(
    scope: Scope,
    question: {
      readonly regionCode: string | null
      readonly timeZone: string
      readonly endedByMs: number
      readonly beforeNumber: number | null
    },
  ): Promise<readonly ReportedMonth[]>
}
