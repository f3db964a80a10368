/**
 * What sites state of themselves, in force at an instant and known at another. Statements are only
 * added: of those made by then that hold from the instant or before, the last one counts.
 */
import { isDeepStrictEqual } from 'node:util'
import type { SiteFactStatement } from '../site-facts-store.ts'
import { factOf } from '../site-rows.ts'
import type { Store } from '../store.ts'
import { integer } from '../values.ts'
import type { Database } from './driver.ts'
import { lock } from './locks.ts'
import { addToOutbox } from './outbox.ts'
import { inScope, sitesInScope } from './scope.ts'
import { sitesAt } from './site-terms.ts'
import { sql } from './sql.ts'

type SiteFactsMethods = Pick<
  Store,
  | 'readSitesAt'
  | 'readSiteFactsAt'
  | 'readFactStatements'
  | 'readSiteFactHistory'
  | 'stateSiteFacts'
>

export function siteFactsMethods(db: Database): SiteFactsMethods {
  return {
    readSitesAt: async (scope, instant) => {
      const codes = await sitesInScope(db, scope)
      const seen = codes === null ? null : new Set(codes)
      return [...(await sitesAt(db, instant)).values()].filter(
        ({ code }) => seen === null || seen.has(code),
      )
    },

    readSiteFactsAt: async (scope, { atMs, knownAtMs }) => {
      const sites = await sitesInScope(db, scope)
      return (
        await db.all(
          sql`SELECT f.* FROM site_facts f JOIN (
             SELECT max(fact_number) AS fact_number FROM site_facts
             WHERE stated_at_ms <= ${knownAtMs} AND valid_from_ms <= ${atMs}
               GROUP BY site_code, kind) last
             ON last.fact_number = f.fact_number
           WHERE f.value <> 'null' AND ${inScope(sql`f.site_code`, sites)}
             ORDER BY f.site_code, f.kind`,
        )
      ).map(factOf)
    },

    readFactStatements: async (scope, kind, knownAtMs) => {
      const sites = await sitesInScope(db, scope)
      return (
        await db.all(
          sql`SELECT f.* FROM site_facts f WHERE f.kind = ${kind} AND f.stated_at_ms <= ${knownAtMs}
             AND ${inScope(sql`f.site_code`, sites)} ORDER BY f.site_code, f.fact_number`,
        )
      ).map(factOf)
    },

    readSiteFactHistory: async (scope, siteCode, limit) => {
      const sites = await sitesInScope(db, scope)
      return (
        await db.all(
          sql`SELECT f.* FROM site_facts f WHERE f.site_code = ${siteCode}
            AND ${inScope(sql`f.site_code`, sites)}
           ORDER BY f.fact_number DESC LIMIT ${limit}`,
        )
      ).map(factOf)
    },

    stateSiteFacts: async (statements) => {
      await lock(db, 'sites')
      let stated = 0
      for (const statement of statements) if (await stateFact(db, statement)) stated += 1
      return { stated }
    },
  }
}

/** `false`: it says nothing new. */
async function stateFact(db: Database, { stated, outbox }: SiteFactStatement): Promise<boolean> {
  const { siteCode, author, statedAtMs, validFromMs, fact } = stated
  const last = await db.get(
    sql`SELECT * FROM site_facts WHERE site_code = ${siteCode} AND kind = ${fact.kind}
      ORDER BY fact_number DESC LIMIT 1`,
  )
  if (last === undefined && fact.value === null) return false
  if (last !== undefined && integer(last, 'valid_from_ms') <= validFromMs) {
    if (isDeepStrictEqual(factOf(last).fact, fact)) return false
  }
  await db.run(
    sql`INSERT INTO site_facts (site_code, kind, value, author, stated_at_ms, valid_from_ms)
     VALUES (${siteCode}, ${fact.kind}, ${JSON.stringify(fact.value)}, ${author}, ${statedAtMs},
       ${validFromMs})`,
  )
  addToOutbox(db, outbox)
  return true
}
