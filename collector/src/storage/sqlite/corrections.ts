/**
 * Corrections of sealed hours: each version of an hour beside the one before, as what moved per site.
 * Sums stay within SQLite's 64 bits: a month of a site with 100,000 cards is 2.7 × 10^14 card-ms.
 */
import { SUM_FIELDS } from '../hour-columns.ts'
import { payloadOf } from '../journal-rows.ts'
import { pageLimit } from '../paging.ts'
import {
  cursorOf,
  HAS_MOVED,
  LOOK_VERSIONS_MAX,
  MOVED,
  movesOf,
  type Place,
  placeOf,
  type ToldHour,
  type Version,
} from '../report-rows.ts'
import type { Correction, CorrectionRange } from '../report-store.ts'
import type { Page, PageRequest, Scope } from '../requests.ts'
import { integer, type Row, smallOfBigint, text } from '../values.ts'
import type { Database } from './driver.ts'
import type { SyncStore } from './methods.ts'
import { inScope, sitesInScope } from './scope.ts'

const VERSIONS = `
  SELECT s.hour_ms, s.version, s.sealed_at_ms, p.sealed_at_ms AS before_ms
  FROM seals s INDEXED BY seals_corrected
  JOIN seals p ON p.hour_ms = s.hour_ms AND p.version = s.version - 1
  WHERE s.version > 1 AND s.sealed_at_ms >= ? AND s.sealed_at_ms < ?
    AND s.hour_ms >= ? AND s.hour_ms < ?
    AND (s.sealed_at_ms, s.hour_ms, s.version) >= (?, ?, ?)
  ORDER BY s.sealed_at_ms, s.hour_ms, s.version LIMIT ?`

const MOVES_OF_VERSION = `
  SELECT * FROM (
    SELECT b.site_code, sum(b.sign * b.cards) AS cards, ${MOVED('b.sign')}
    FROM (SELECT 1 AS sign, n.* FROM buckets n WHERE n.hour_ms = ? AND n.version = ?
      UNION ALL SELECT -1, o.* FROM buckets o WHERE o.hour_ms = ? AND o.version = ?) b
    WHERE b.site_code > ? AND ${inScope('b.site_code')} GROUP BY b.site_code)
  WHERE cards <> 0 OR ${HAS_MOVED} ORDER BY site_code LIMIT ?`

/** Of each hour the version known at either instant, where they differ. */
const ADJUSTMENTS = `
  SELECT site_code, count(*) AS hours, ${SUM_FIELDS.map(([, column]) => `sum(${column}) AS ${column}`).join(', ')}
  FROM (
    SELECT b.hour_ms, b.site_code, sum(b.cards * CASE b.version WHEN v.newer THEN 1 ELSE -1 END)
      AS cards, ${MOVED('CASE b.version WHEN v.newer THEN 1 ELSE -1 END')}
    FROM (SELECT hour_ms, max(version) AS newer,
        max(CASE WHEN sealed_at_ms <= ? THEN version END) AS older
      FROM seals WHERE hour_ms >= ? AND hour_ms < ? AND sealed_at_ms <= ?
      GROUP BY hour_ms HAVING older IS NOT NULL AND older < newer) v
    JOIN buckets b ON b.hour_ms = v.hour_ms AND b.version IN (v.older, v.newer)
    WHERE ${inScope('b.site_code')} GROUP BY b.hour_ms, b.site_code)
  WHERE cards <> 0 OR ${HAS_MOVED} GROUP BY site_code ORDER BY site_code`

type CorrectionMethods = Pick<SyncStore, 'listCorrections' | 'readAdjustments'>

export function correctionMethods(db: Database): CorrectionMethods {
  return {
    listCorrections: (scope, range, page) => listCorrections(db, scope, range, page),
    readAdjustments: (scope, range) => {
      const sites = sitesInScope(db, scope)
      return db
        .allBigint(
          ADJUSTMENTS,
          range.knownAfterMs,
          range.fromMs,
          range.toMs,
          range.knownAtMs,
          sites,
          sites,
        )
        .map((row) => ({
          siteCode: text(row, 'site_code'),
          hours: smallOfBigint(row, 'hours'),
          moves: movesOf(row),
        }))
    },
  }
}

function listCorrections(
  db: Database,
  scope: Scope,
  range: CorrectionRange,
  page: PageRequest,
): Page<Correction> {
  const limit = pageLimit(page)
  const sites = sitesInScope(db, scope)
  const begin = placeOf(page, range)
  const versions = readVersions(db, range, begin)
  const entries = new Entries(db)
  const rows: Correction[] = []
  for (const version of versions.slice(0, LOOK_VERSIONS_MAX)) {
    const isFirst = version.hourMs === begin.hourMs && version.version === begin.version
    const afterSite = isFirst ? begin.afterSite : ''
    const found = readMoves(db, version, { sites, afterSite, limit: limit - rows.length + 1 })
    for (const row of found) {
      const last = rows.at(-1)
      if (rows.length === limit && last !== undefined) {
        return { rows, nextCursor: cursorOf({ ...last, afterSite: last.siteCode }) }
      }
      rows.push(correctionOf(row, version, entries))
    }
  }
  const next = versions[LOOK_VERSIONS_MAX]
  return { rows, nextCursor: next === undefined ? null : cursorOf({ ...next, afterSite: '' }) }
}

function readVersions(db: Database, range: CorrectionRange, begin: Place): readonly Version[] {
  return db
    .all(
      VERSIONS,
      range.knownFromMs,
      range.knownToMs,
      range.fromMs,
      range.toMs,
      begin.knownAtMs,
      begin.hourMs,
      begin.version,
      LOOK_VERSIONS_MAX + 1,
    )
    .map((row) => ({
      hourMs: integer(row, 'hour_ms'),
      version: integer(row, 'version'),
      knownAtMs: integer(row, 'sealed_at_ms'),
      beforeKnownAtMs: integer(row, 'before_ms'),
    }))
}

function readMoves(
  db: Database,
  { hourMs, version }: Version,
  page: { readonly sites: string | null; readonly afterSite: string; readonly limit: number },
): readonly Row[] {
  return db.allBigint(
    MOVES_OF_VERSION,
    hourMs,
    version,
    hourMs,
    version - 1,
    page.afterSite,
    page.sites,
    page.sites,
    page.limit,
  )
}

function correctionOf(row: Row, version: Version, entries: Entries): Correction {
  const siteCode = text(row, 'site_code')
  return {
    ...version,
    siteCode,
    cardsDelta: smallOfBigint(row, 'cards'),
    moves: movesOf(row),
    journalSeq: entries.seqOf(version, siteCode),
  }
}

/** Entries of corrections by their instant, each read once. */
class Entries {
  readonly #db: Database
  readonly #byInstant = new Map<number, readonly (ToldHour & { readonly seq: number })[]>()

  constructor(db: Database) {
    this.#db = db
  }

  seqOf({ hourMs, version, knownAtMs }: Version, siteCode: string): number | null {
    const told = this.#at(knownAtMs).find(
      (entry) =>
        entry.hour_ms === hourMs &&
        entry.version === version &&
        entry.sites.some(({ site }) => site === siteCode),
    )
    return told?.seq ?? null
  }

  #at(atMs: number): readonly (ToldHour & { readonly seq: number })[] {
    const known = this.#byInstant.get(atMs)
    if (known !== undefined) return known
    const read = this.#db
      .all(
        `SELECT seq, bytes FROM journal INDEXED BY journal_corrected
         WHERE kind = 'hour_corrected' AND at_ms = ? ORDER BY seq`,
        atMs,
      )
      .map((row) => {
        return { ...payloadOf<ToldHour>(row), seq: integer(row, 'seq') }
      })
    this.#byInstant.set(atMs, read)
    return read
  }
}
