/**
 * Terms of sites on both axes: in force at one instant, as known at another. Statements are kept in
 * the order they were made; what was known at an instant is what the statements until then make.
 */
import type { Site } from '../../model/site.ts'
import type { SiteInstant } from '../site-facts-store.ts'
import { type Said, termsOf, withTerms } from '../site-rows.ts'
import { text } from '../values.ts'
import type { Database } from './driver.ts'

/** Sites said by then, by code; before its first terms a site is under its first. */
export function sitesAt(db: Database, { atMs, knownAtMs }: SiteInstant): ReadonlyMap<string, Site> {
  const sites = new Map<string, Site>()
  for (const [code, { name, all }] of saidBy(db, knownAtMs)) {
    const terms = all.findLast(({ validFromMs }) => validFromMs <= atMs) ?? all[0]
    if (terms !== undefined) sites.set(code, { code, name, terms })
  }
  return sites
}

function saidBy(db: Database, knownAtMs: number): ReadonlyMap<string, Said> {
  const said = new Map<string, Said>()
  const rows = db.all(
    'SELECT * FROM site_terms_said WHERE said_at_ms <= ? ORDER BY site_code, said_number',
    knownAtMs,
  )
  for (const row of rows) {
    const code = text(row, 'site_code')
    const before = said.get(code)?.all ?? []
    said.set(code, { name: text(row, 'name'), all: withTerms(before, termsOf(row)) })
  }
  return said
}
