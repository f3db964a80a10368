/**
 * Sites of children. They are rows of `sites`, `site_terms` and `declared` as our own, so that every
 * read finds them; `site_origins` says whose they are. What is said of one is kept on both axes: as
 * known here, from when it came.
 */
import { compareVersions, type SiteReport } from '@yiben/shared'
import { isWithin, termsOf } from '../child-rows.ts'
import { OLDER, refusal, TAKEN, type Taken, type Teller, versionOf } from '../children-taking.ts'
import { integer } from '../values.ts'
import { refusalOfSite } from './children-taking.ts'
import { numberThing } from './codes.ts'
import { markDirty } from './dirty.ts'
import type { Database } from './driver.ts'
import { declareAt, readTerms, sayTerms } from './sites.ts'

export function takeSite(db: Database, teller: Teller, collector: number, site: SiteReport): Taken {
  const { siteCode } = site
  const notItsOwn = refusalOfSite(db, collector, siteCode)
  if (notItsOwn !== null) return notItsOwn
  const outside = site.terms.find((terms) => !isWithin(teller.regionCode, terms.regionCode))
  if (outside !== undefined) {
    const sentence = `the site ${siteCode} lies in ${outside.regionCode}, outside of the region ${teller.regionCode} of this child`
    return refusal('record_site', sentence)
  }
  if (site.terms.length === 0) return refusal('record_site', `the site ${siteCode} has no terms`)
  const held = db.get(
    'SELECT generation, number FROM child_sites WHERE collector_number = ? AND site_code = ?',
    collector,
    siteCode,
  )
  if (held !== undefined && compareVersions(site.version, versionOf(held)) <= 0) return OLDER
  keepReport(db, teller, collector, site)
  // Whose it is comes first: who watches `sites` must not take it for one of our own.
  db.run(
    `INSERT INTO site_origins (site_code, collector_number) VALUES (?, ?)
     ON CONFLICT (site_code) DO NOTHING`,
    siteCode,
    collector,
  )
  db.run(
    `INSERT INTO sites (code, name) VALUES (?, ?)
     ON CONFLICT (code) DO UPDATE SET name = excluded.name`,
    siteCode,
    site.name,
  )
  numberThing(db, 'site', siteCode)
  takeTerms(db, teller, site)
  takeDeclared(db, teller, site)
  if (held === undefined) markTold(db, collector, siteCode)
  return TAKEN
}

function keepReport(db: Database, teller: Teller, collector: number, site: SiteReport): void {
  const declared = site.declared.map((one) => ({
    ...one,
    declaredMilliP: one.declaredMilliP.toString(),
  }))
  db.run(
    `INSERT INTO child_sites (collector_number, site_code, name, terms, declared, generation, number,
       received_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (collector_number, site_code) DO UPDATE SET name = excluded.name,
       terms = excluded.terms, declared = excluded.declared, generation = excluded.generation,
       number = excluded.number, received_at_ms = excluded.received_at_ms`,
    collector,
    site.siteCode,
    site.name,
    JSON.stringify(site.terms),
    JSON.stringify(declared),
    site.version.generation,
    site.version.number,
    teller.atMs,
  )
}

/** Only what is said anew is a statement of now. */
function takeTerms(db: Database, { atMs }: Teller, { name, siteCode, terms }: SiteReport): void {
  for (const told of terms) {
    const said = termsOf(told)
    const held = readTerms(db, siteCode)
    if (held.some((one) => JSON.stringify(one) === JSON.stringify(said))) continue
    sayTerms(db, { code: siteCode, name, terms: said, saidAtMs: atMs })
  }
}

/** Known here from when it came, not from when it was declared there. */
function takeDeclared(db: Database, { atMs }: Teller, { declared, siteCode }: SiteReport): void {
  const latest = new Map<string, SiteReport['declared'][number]>()
  for (const one of declared) {
    const before = latest.get(one.model)
    if (before === undefined || before.declaredAtMs < one.declaredAtMs) latest.set(one.model, one)
  }
  for (const one of latest.values()) {
    const held = db.get(
      `SELECT cards, CAST(declared_milli_p AS TEXT) AS p, basis, author FROM declared
       WHERE site_code = ? AND model = ? ORDER BY declared_at_ms DESC LIMIT 1`,
      siteCode,
      one.model,
    )
    const isSame =
      held !== undefined &&
      held.cards === one.cards &&
      held.p === one.declaredMilliP.toString() &&
      held.basis === one.basis &&
      held.author === one.author
    if (!isSame) declareAt(db, { ...one, siteCode, declaredAtMs: atMs })
  }
}

/** What was told of its cards and hours before the site itself counts from now on. */
function markTold(db: Database, collector: number, siteCode: string): void {
  const first = db.get(
    `SELECT min(first_ms) AS first FROM (
       SELECT min(valid_from_ms) AS first_ms FROM child_cards
         WHERE site_code = ? AND collector_number = ?
       UNION ALL SELECT min(hour_ms) FROM child_hours
         WHERE collector_number = ? AND site_code = ?)`,
    siteCode,
    collector,
    collector,
    siteCode,
  )
  if (first !== undefined && first.first !== null) markDirty(db, integer(first, 'first'), null)
}
