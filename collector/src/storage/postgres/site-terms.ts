/**
 * Terms of sites on both axes: in force at one instant, as known at another. Statements are kept in
 * the order they were made; what was known at an instant is what the statements until then make.
 */
import type { Site } from '../../model/site.ts'
import type { SiteInstant } from '../site-facts-store.ts'
import type { Said } from '../site-rows.ts'
import { termsOf, withTerms } from '../site-rows.ts'
import { text } from '../values.ts'
import type { Database } from './driver.ts'
import { sql } from './sql.ts'

/** Sites said by then, by code; before its first terms a site is under its first. */
export async function sitesAt(
  db: Database,
  { atMs, knownAtMs }: SiteInstant,
): Promise<ReadonlyMap<string, Site>> {
  const sites = new Map<string, Site>()
  for (const [code, { name, all }] of await saidBy(db, knownAtMs)) {
    const terms = all.findLast(({ validFromMs }) => validFromMs <= atMs) ?? all[0]
    if (terms !== undefined) sites.set(code, { code, name, terms })
  }
  return sites
}

async function saidBy(db: Database, knownAtMs: number): Promise<ReadonlyMap<string, Said>> {
  const said = new Map<string, Said>()
  const rows = await db.all(
    sql`SELECT * FROM site_terms_said WHERE said_at_ms <= ${knownAtMs}
      ORDER BY site_code, said_number`,
  )
  for (const row of rows) {
    const code = text(row, 'site_code')
    const before = said.get(code)?.all ?? []
    said.set(code, { name: text(row, 'name'), all: withTerms(before, termsOf(row)) })
  }
  return said
}
