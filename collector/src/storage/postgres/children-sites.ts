/**
 * Sites of children. They are rows of `sites`, `site_terms` and `declared` as our own, so that
 * every read finds them; `site_origins` says whose they are. What is said of one is kept on both
 * axes: as known here, from when it came.
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
import { sql } from './sql.ts'

export async function takeSite(
  db: Database,
  teller: Teller,
  collector: number,
  site: SiteReport,
): Promise<Taken> {
  const { siteCode } = site
  const notItsOwn = await refusalOfSite(db, collector, siteCode)
  if (notItsOwn !== null) return notItsOwn
  const outside = site.terms.find((terms) => !isWithin(teller.regionCode, terms.regionCode))
  if (outside !== undefined) {
    const sentence = `the site ${siteCode} lies in ${outside.regionCode}, outside of the region ${teller.regionCode} of this child`
    return refusal('record_site', sentence)
  }
  if (site.terms.length === 0) return refusal('record_site', `the site ${siteCode} has no terms`)
  const held = await db.get(
    sql`SELECT generation, number FROM child_sites WHERE collector_number = ${collector}
      AND site_code = ${siteCode}`,
  )
  if (held !== undefined && compareVersions(site.version, versionOf(held)) <= 0) return OLDER
  await keepReport(db, teller, collector, site)
  // Whose it is comes first: who watches `sites` must not take it for one of our own.
  await db.run(
    sql`INSERT INTO site_origins (site_code, collector_number) VALUES (${siteCode}, ${collector})
     ON CONFLICT (site_code) DO NOTHING`,
  )
  await db.run(
    sql`INSERT INTO sites (code, name) VALUES (${siteCode}, ${site.name})
     ON CONFLICT (code) DO UPDATE SET name = excluded.name`,
  )
  await numberThing(db, 'site', siteCode)
  await takeTerms(db, teller, site)
  await takeDeclared(db, teller, site)
  if (held === undefined) await markTold(db, collector, siteCode)
  return TAKEN
}

async function keepReport(
  db: Database,
  teller: Teller,
  collector: number,
  site: SiteReport,
): Promise<void> {
  const declared = site.declared.map((one) => ({
    ...one,
    declaredMilliP: one.declaredMilliP.toString(),
  }))
  await db.run(
    sql`INSERT INTO child_sites (collector_number, site_code, name, terms, declared, generation,
      number,
       received_at_ms) VALUES (${collector}, ${site.siteCode}, ${site.name},
         ${JSON.stringify(site.terms)}, ${JSON.stringify(declared)}, ${site.version.generation},
         ${site.version.number}, ${teller.atMs})
     ON CONFLICT (collector_number, site_code) DO UPDATE SET name = excluded.name,
       terms = excluded.terms, declared = excluded.declared, generation = excluded.generation,
       number = excluded.number, received_at_ms = excluded.received_at_ms`,
  )
}

/** Only what is said anew is a statement of now. */
async function takeTerms(
  db: Database,
  { atMs }: Teller,
  { name, siteCode, terms }: SiteReport,
): Promise<void> {
  for (const told of terms) {
    const said = termsOf(told)
    const held = await readTerms(db, siteCode)
    if (held.some((one) => JSON.stringify(one) === JSON.stringify(said))) continue
    await sayTerms(db, { code: siteCode, name, terms: said, saidAtMs: atMs })
  }
}

/** Known here from when it came, not from when it was declared there. */
async function takeDeclared(
  db: Database,
  { atMs }: Teller,
  { declared, siteCode }: SiteReport,
): Promise<void> {
  const latest = new Map<string, SiteReport['declared'][number]>()
  for (const one of declared) {
    const before = latest.get(one.model)
    if (before === undefined || before.declaredAtMs < one.declaredAtMs) latest.set(one.model, one)
  }
  for (const one of latest.values()) {
    const held = await db.get(
      sql`SELECT cards, declared_milli_p::text AS p, basis, author FROM declared
       WHERE site_code = ${siteCode} AND model = ${one.model} ORDER BY declared_at_ms DESC LIMIT 1`,
    )
    const isSame =
      held !== undefined &&
      held.cards === one.cards &&
      held.p === one.declaredMilliP.toString() &&
      held.basis === one.basis &&
      held.author === one.author
    if (!isSame) await declareAt(db, { ...one, siteCode, declaredAtMs: atMs })
  }
}

/** What was told of its cards and hours before the site itself counts from now on. */
async function markTold(db: Database, collector: number, siteCode: string): Promise<void> {
  const first = await db.get(
    sql`SELECT min(first_ms) AS first FROM (
       SELECT min(valid_from_ms) AS first_ms FROM child_cards
         WHERE site_code = ${siteCode} AND collector_number = ${collector}
       UNION ALL SELECT min(hour_ms) FROM child_hours
         WHERE collector_number = ${collector} AND site_code = ${siteCode}) told`,
  )
  if (first !== undefined && first.first !== null)
    await markDirty(db, integer(first, 'first'), null)
}
