/**
 * What sites state of themselves, in force at an instant and known at another. Statements are only
 * added: of those made by then that hold from the instant or before, the last one counts.
 */
import { isDeepStrictEqual } from 'node:util'
import type { SiteFactStatement } from '../site-facts-store.ts'
import { factOf } from '../site-rows.ts'
import { integer, storedJson } from '../values.ts'
import type { Database } from './driver.ts'
import type { SyncStore } from './methods.ts'
import { addToOutbox } from './outbox.ts'
import { inScope, sitesInScope } from './scope.ts'
import { sitesAt } from './site-terms.ts'

type SiteFactsMethods = Pick<
  SyncStore,
  | 'readSitesAt'
  | 'readSiteFactsAt'
  | 'readFactStatements'
  | 'readSiteFactHistory'
  | 'stateSiteFacts'
>

export function siteFactsMethods(db: Database): SiteFactsMethods {
  return {
    readSitesAt: (scope, instant) => {
      const codes = sitesInScope(db, scope)
      const seen = codes === null ? null : new Set(storedJson<readonly string[]>(codes))
      return [...sitesAt(db, instant).values()].filter(
        ({ code }) => seen === null || seen.has(code),
      )
    },

    readSiteFactsAt: (scope, { atMs, knownAtMs }) => {
      const sites = sitesInScope(db, scope)
      return db
        .all(
          `SELECT f.* FROM site_facts f JOIN (
             SELECT max(fact_number) AS fact_number FROM site_facts
             WHERE stated_at_ms <= ? AND valid_from_ms <= ? GROUP BY site_code, kind) last
             ON last.fact_number = f.fact_number
           WHERE f.value <> 'null' AND ${inScope('f.site_code')} ORDER BY f.site_code, f.kind`,
          knownAtMs,
          atMs,
          sites,
          sites,
        )
        .map(factOf)
    },

    readFactStatements: (scope, kind, knownAtMs) => {
      const sites = sitesInScope(db, scope)
      return db
        .all(
          `SELECT f.* FROM site_facts f WHERE f.kind = ? AND f.stated_at_ms <= ?
             AND ${inScope('f.site_code')} ORDER BY f.site_code, f.fact_number`,
          kind,
          knownAtMs,
          sites,
          sites,
        )
        .map(factOf)
    },

    readSiteFactHistory: (scope, siteCode, limit) => {
      const sites = sitesInScope(db, scope)
      return db
        .all(
          `SELECT f.* FROM site_facts f WHERE f.site_code = ? AND ${inScope('f.site_code')}
           ORDER BY f.fact_number DESC LIMIT ?`,
          siteCode,
          sites,
          sites,
          limit,
        )
        .map(factOf)
    },

    stateSiteFacts: (statements) => {
      const added = statements.filter((statement) => stateFact(db, statement))
      return { stated: added.length }
    },
  }
}

/** `false`: it says nothing new. */
function stateFact(db: Database, { stated, outbox }: SiteFactStatement): boolean {
  const { siteCode, author, statedAtMs, validFromMs, fact } = stated
  const last = db.get(
    'SELECT * FROM site_facts WHERE site_code = ? AND kind = ? ORDER BY fact_number DESC LIMIT 1',
    siteCode,
    fact.kind,
  )
  if (last === undefined && fact.value === null) return false
  if (last !== undefined && integer(last, 'valid_from_ms') <= validFromMs) {
    if (isDeepStrictEqual(factOf(last).fact, fact)) return false
  }
  db.run(
    `INSERT INTO site_facts (site_code, kind, value, author, stated_at_ms, valid_from_ms)
     VALUES (?, ?, ?, ?, ?, ?)`,
    siteCode,
    fact.kind,
    JSON.stringify(fact.value),
    author,
    statedAtMs,
    validFromMs,
  )
  addToOutbox(db, outbox)
  return true
}
