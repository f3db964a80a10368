/** Rows of reports, and what moved in hours since they were told. */
import { AppError } from '@yiben/shared'
import { SUM_FIELDS } from './hour-columns.ts'
import type {
  Correction,
  CorrectionRange,
  MovedFigure,
  ReportedMonth,
  ReportRow,
} from './report-store.ts'
import type { PageRequest } from './requests.ts'
import { bigint, integer, type Row, text, textOrNull, wordOf } from './values.ts'

export const HEAD = `r.report_number, r.report_id, r.region_code, r.month, r.time_zone, r.from_ms, r.to_ms,
  r.known_at_ms, r.issued_at_ms, r.finality, r.author, r.catalogue_version, r.sha256`
export const FINALITIES = ['preliminary', 'final'] as const

export function reportedOf(row: Row): ReportedMonth {
  return {
    reportId: text(row, 'report_id'),
    month: text(row, 'month'),
    fromMs: integer(row, 'from_ms'),
    toMs: integer(row, 'to_ms'),
    knownAtMs: integer(row, 'known_at_ms'),
  }
}

/** All but the entry that it was issued with. */
export function reportOf(row: Row): Omit<ReportRow, 'journalSeq'> {
  return {
    ...reportedOf(row),
    number: integer(row, 'report_number'),
    regionCode: textOrNull(row, 'region_code'),
    timeZone: text(row, 'time_zone'),
    issuedAtMs: integer(row, 'issued_at_ms'),
    finality: wordOf(row, 'finality', FINALITIES),
    author: text(row, 'author'),
    catalogueVersion: text(row, 'catalogue_version'),
    sha256: text(row, 'sha256'),
  }
}

/** Versions of hours that one page looks at: a scope of one site finds few rows in many. */
export const LOOK_VERSIONS_MAX = 500

export const MOVED = (sign: string) =>
  SUM_FIELDS.map(([, column]) => `sum(${sign} * b.${column}) AS ${column}`).join(', ')
export const HAS_MOVED = SUM_FIELDS.map(([, column]) => `${column} <> 0`).join(' OR ')

export interface Version {
  readonly hourMs: number
  readonly version: number
  readonly knownAtMs: number
  readonly beforeKnownAtMs: number
}

/** Where a page begins: a version, and the site of it that was shown last. */
export interface Place extends Pick<Version, 'hourMs' | 'version' | 'knownAtMs'> {
  readonly afterSite: string
}

export function movesOf(row: Row): Correction['moves'] {
  const moves: Partial<Record<MovedFigure, bigint>> = {}
  for (const [field, column] of SUM_FIELDS) {
    const moved = bigint(row, column)
    if (moved !== 0n) moves[field] = moved
  }
  return moves
}

/** What the journal says of a corrected hour: an entry per 200 sites, at the instant it was known. */
export interface ToldHour {
  readonly hour_ms: number
  readonly version: number
  readonly sites: readonly { readonly site: string }[]
}

export function cursorOf({ knownAtMs, hourMs, version, afterSite }: Place): string {
  return `${knownAtMs}.${hourMs}.${version}.${afterSite}`
}

export function placeOf({ cursor }: PageRequest, range: CorrectionRange): Place {
  if (cursor === null) {
    return { knownAtMs: range.knownFromMs, hourMs: 0, version: 0, afterSite: '' }
  }
  const [, knownAt, hour, version, site] =
    /^(\d{1,15})\.(\d{1,15})\.(\d{1,9})\.(.*)$/.exec(cursor) ?? []
  if (site === undefined) {
    throw new AppError('request_invalid', 'The cursor is not one that this list has given out.')
  }
  return {
    knownAtMs: Number(knownAt),
    hourMs: Number(hour),
    version: Number(version),
    afterSite: site,
  }
}
