/**
 * Corrections of sealed hours: each version of an hour beside the one before, as what moved per
 * site. Sums stay within 64 bits: a month of a site with 100,000 cards is 2.7 × 10^14 card-ms.
 */
import { SUM_FIELDS } from '../hour-columns.ts'
import { payloadOf } from '../journal-rows.ts'
import { pageLimit } from '../paging.ts'
import {
  cursorOf,
  HAS_MOVED as HAS_MOVED_TEXT,
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
import type { Store } from '../store.ts'
import type { Row } from '../values.ts'
import { integer, smallOfBigint, text } from '../values.ts'
import type { Database } from './driver.ts'
import { inScope, type SeenSites, sitesInScope } from './scope.ts'
import { raw, type Sql, sql } from './sql.ts'

const ADDED_UP = raw(SUM_FIELDS.map(([, column]) => `sum(${column}) AS ${column}`).join(', '))
const HAS_MOVED = raw(HAS_MOVED_TEXT)
/**
 * Of each hour the version known at either instant, where they differ: the newer one less the
 * other.
 */
const SIGN_TEXT = 'CASE b.version WHEN v.newer THEN 1 ELSE -1 END'
const SIGN = raw(SIGN_TEXT)

function moved(sign: string): Sql {
  return raw(MOVED(sign))
}

type CorrectionMethods = Pick<Store, 'listCorrections' | 'readAdjustments'>

export function correctionMethods(db: Database): CorrectionMethods {
  return {
    listCorrections: async (scope, range, page) => await listCorrections(db, scope, range, page),
    readAdjustments: async (scope, range) => {
      const sites = await sitesInScope(db, scope)
      const rows = await db.allBigint(sql`
        SELECT site_code, count(*) AS hours, ${ADDED_UP} FROM (
          SELECT b.hour_ms, b.site_code, sum(b.cards * ${SIGN}) AS cards, ${moved(SIGN_TEXT)}
          FROM (SELECT hour_ms, max(version) AS newer,
              max(version) FILTER (WHERE sealed_at_ms <= ${range.knownAfterMs}) AS older
            FROM seals WHERE hour_ms >= ${range.fromMs} AND hour_ms < ${range.toMs}
              AND sealed_at_ms <= ${range.knownAtMs} GROUP BY hour_ms) v
          JOIN buckets b ON b.hour_ms = v.hour_ms AND b.version IN (v.older, v.newer)
          WHERE v.older < v.newer AND ${inScope(sql`b.site_code`, sites)}
          GROUP BY b.hour_ms, b.site_code) s
        WHERE cards <> 0 OR ${HAS_MOVED} GROUP BY site_code ORDER BY site_code`)
      return rows.map((row) => ({
        siteCode: text(row, 'site_code'),
        hours: smallOfBigint(row, 'hours'),
        moves: movesOf(row),
      }))
    },
  }
}

async function listCorrections(
  db: Database,
  scope: Scope,
  range: CorrectionRange,
  page: PageRequest,
): Promise<Page<Correction>> {
  const limit = pageLimit(page)
  const sites = await sitesInScope(db, scope)
  const begin = placeOf(page, range)
  const versions = await readVersions(db, range, begin)
  const entries = new Entries(db)
  const rows: Correction[] = []
  for (const version of versions.slice(0, LOOK_VERSIONS_MAX)) {
    const isFirst = version.hourMs === begin.hourMs && version.version === begin.version
    const afterSite = isFirst ? begin.afterSite : ''
    const found = await readMoves(db, version, { sites, afterSite, limit: limit - rows.length + 1 })
    for (const row of found) {
      const last = rows.at(-1)
      if (rows.length === limit && last !== undefined) {
        return { rows, nextCursor: cursorOf({ ...last, afterSite: last.siteCode }) }
      }
      rows.push(await correctionOf(row, version, entries))
    }
  }
  const next = versions[LOOK_VERSIONS_MAX]
  return { rows, nextCursor: next === undefined ? null : cursorOf({ ...next, afterSite: '' }) }
}

async function readVersions(
  db: Database,
  range: CorrectionRange,
  begin: Place,
): Promise<readonly Version[]> {
  const rows = await db.all(sql`
    SELECT s.hour_ms, s.version, s.sealed_at_ms, p.sealed_at_ms AS before_ms
    FROM seals s JOIN seals p ON p.hour_ms = s.hour_ms AND p.version = s.version - 1
    WHERE s.version > 1 AND s.sealed_at_ms >= ${range.knownFromMs}
      AND s.sealed_at_ms < ${range.knownToMs} AND s.hour_ms >= ${range.fromMs}
      AND s.hour_ms < ${range.toMs} AND (s.sealed_at_ms, s.hour_ms, s.version)
        >= (${begin.knownAtMs}::bigint, ${begin.hourMs}::bigint, ${begin.version}::bigint)
    ORDER BY s.sealed_at_ms, s.hour_ms, s.version LIMIT ${LOOK_VERSIONS_MAX + 1}`)
  return rows.map((row) => ({
    hourMs: integer(row, 'hour_ms'),
    version: integer(row, 'version'),
    knownAtMs: integer(row, 'sealed_at_ms'),
    beforeKnownAtMs: integer(row, 'before_ms'),
  }))
}

async function readMoves(
  db: Database,
  { hourMs, version }: Version,
  page: { readonly sites: SeenSites; readonly afterSite: string; readonly limit: number },
): Promise<readonly Row[]> {
  return await db.allBigint(sql`
    SELECT * FROM (
      SELECT b.site_code, sum(b.sign * b.cards) AS cards, ${moved('b.sign')}
      FROM (SELECT 1 AS sign, n.* FROM buckets n
          WHERE n.hour_ms = ${hourMs} AND n.version = ${version}
        UNION ALL SELECT -1, o.* FROM buckets o
          WHERE o.hour_ms = ${hourMs} AND o.version = ${version - 1}) b
      WHERE b.site_code > ${page.afterSite} AND ${inScope(sql`b.site_code`, page.sites)}
      GROUP BY b.site_code) s
    WHERE cards <> 0 OR ${HAS_MOVED} ORDER BY site_code LIMIT ${page.limit}`)
}

async function correctionOf(row: Row, version: Version, entries: Entries): Promise<Correction> {
  const siteCode = text(row, 'site_code')
  return {
    ...version,
    siteCode,
    cardsDelta: smallOfBigint(row, 'cards'),
    moves: movesOf(row),
    journalSeq: await entries.seqOf(version, siteCode),
  }
}

/** Entries of corrections by their instant, each read once. */
class Entries {
  readonly #db: Database
  readonly #byInstant = new Map<number, readonly (ToldHour & { readonly seq: number })[]>()

  constructor(db: Database) {
    this.#db = db
  }

  async seqOf({ hourMs, version, knownAtMs }: Version, siteCode: string): Promise<number | null> {
    const told = (await this.#at(knownAtMs)).find(
      (entry) =>
        entry.hour_ms === hourMs &&
        entry.version === version &&
        entry.sites.some(({ site }) => site === siteCode),
    )
    return told?.seq ?? null
  }

  async #at(atMs: number): Promise<readonly (ToldHour & { readonly seq: number })[]> {
    const known = this.#byInstant.get(atMs)
    if (known !== undefined) return known
    const read = (
      await this.#db.all(
        sql`SELECT seq, bytes FROM journal
         WHERE kind = 'hour_corrected' AND at_ms = ${atMs} ORDER BY seq`,
      )
    ).map((row) => {
      return { ...payloadOf<ToldHour>(row), seq: integer(row, 'seq') }
    })
    this.#byInstant.set(atMs, read)
    return read
  }
}
