/** What the takers of each kind of record share: who tells, what came of a record, versions. */
import { refusal, type Taken } from '../children-taking.ts'
import { integer } from '../values.ts'
import type { Database } from './driver.ts'
import { sql } from './sql.ts'

/**
 * Whether the ledger may tell of the site: it is its own, or nobody's yet. What is told before the
 * site is waits for it.
 */
export async function refusalOfSite(
  db: Database,
  collector: number,
  siteCode: string,
): Promise<Taken | null> {
  const held = await db.get(
    sql`SELECT collector_number FROM site_origins WHERE site_code = ${siteCode}`,
  )
  if (held !== undefined) {
    if (integer(held, 'collector_number') === collector) return null
    return refusal('record_site', `the site ${siteCode} is one of another collector`)
  }
  if ((await db.get(sql`SELECT code FROM sites WHERE code = ${siteCode}`)) === undefined)
    return null
  return refusal('record_site', `the site ${siteCode} is one of this collector`)
}
