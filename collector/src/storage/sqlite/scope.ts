/**
 * What an asker may see, as one condition that every read for people carries: no row of a site
 * outside the regions and sites of its scope leaves the store.
 */
import type { Scope } from '../requests.ts'
import { isInRegions } from '../site-rows.ts'
import { text } from '../values.ts'
import type { Database } from './driver.ts'

/**
 * Site codes in scope as a JSON array, for `IN_SCOPE`; `null` for the whole country. A site lies
 * where its newest terms put it. An empty prefix names no region.
 */
export function sitesInScope(db: Database, scope: Scope): string | null {
  if (scope.regions === 'all' && scope.sites === 'all') return null
  const { regions, sites } = scope
  const codes = db
    .all(
      `SELECT s.code, (SELECT t.region_code FROM site_terms t WHERE t.site_code = s.code
         ORDER BY t.valid_from_ms DESC LIMIT 1) AS region_code
       FROM sites s ORDER BY s.code`,
    )
    .filter((row) => sites === 'all' || sites.includes(text(row, 'code')))
    .filter((row) => regions === 'all' || isInRegions(row.region_code, regions))
    .map((row) => text(row, 'code'))
  return JSON.stringify(codes)
}

/** The condition on a site column; bind the answer of `sitesInScope` twice. */
export function inScope(column: string): string {
  return `(? IS NULL OR ${column} IN (SELECT value FROM json_each(?)))`
}
