/**
 * What an asker may see, as one condition that every read for people carries: no row of a site
 * outside the regions and sites of its scope leaves the store.
 */
import type { Scope } from '../requests.ts'
import { isInRegions } from '../site-rows.ts'
import { text } from '../values.ts'
import type { Database } from './driver.ts'
import { type Sql, sql } from './sql.ts'

/** Codes of the sites that an asker may see; `null` for the whole country. */
export type SeenSites = readonly string[] | null

/** A site lies where its newest terms put it. An empty prefix names no region. */
export async function sitesInScope(db: Database, scope: Scope): Promise<SeenSites> {
  if (scope.regions === 'all' && scope.sites === 'all') return null
  const { regions, sites } = scope
  const rows = await db.all(sql`
    SELECT s.code, (SELECT t.region_code FROM site_terms t WHERE t.site_code = s.code
      ORDER BY t.valid_from_ms DESC LIMIT 1) AS region_code
    FROM sites s ORDER BY s.code`)
  return rows
    .filter((row) => sites === 'all' || sites.includes(text(row, 'code')))
    .filter((row) => regions === 'all' || isInRegions(row.region_code, regions))
    .map((row) => text(row, 'code'))
}

/** The condition on a site column. */
export function inScope(column: Sql, sites: SeenSites): Sql {
  return sites === null ? sql`true` : sql`${column} = ANY(${sites}::text[])`
}
