/** Sites, who runs and owns them since when, and what they declare to have. */
import type { DeclaredCapacity, KeptCards, Site, SiteTerms } from '../../model/site.ts'
import { ALWAYS_KNOWN_MS, declaredOf, siteOfChild, termsOf, withTerms } from '../site-rows.ts'
import type { Store } from '../store.ts'
import { text } from '../values.ts'
import { numberThing } from './codes.ts'
import type { Database } from './driver.ts'
import { lock } from './locks.ts'
import { addToOutbox } from './outbox.ts'
import { inScope, sitesInScope } from './scope.ts'
import { sql } from './sql.ts'

type SiteMethods = Pick<Store, 'putSite' | 'putDeclared' | 'readDeclared' | 'listSites'>

export function siteMethods(db: Database): SiteMethods {
  return {
    putSite: async ({ code, name, terms, outbox }) => {
      await refuseOfChild(db, code)
      await db.run(sql`
        INSERT INTO sites (code, name) VALUES (${code}, ${name})
        ON CONFLICT (code) DO UPDATE SET name = excluded.name`)
      await numberThing(db, 'site', code)
      await sayTerms(db, { code, name, terms, saidAtMs: outbox[0]?.atMs ?? ALWAYS_KNOWN_MS })
      addToOutbox(db, outbox)
      return { code, name, terms }
    },

    putDeclared: async (declared, outbox) => {
      await refuseOfChild(db, declared.siteCode)
      await declareAt(db, declared)
      addToOutbox(db, outbox)
    },

    readDeclared: async (scope, knownAtMs) => {
      const sites = await sitesInScope(db, scope)
      return (
        await db.allBigint(
          sql`SELECT d.* FROM declared d WHERE ${inScope(sql`d.site_code`, sites)}
            AND d.declared_at_ms =
             (SELECT max(l.declared_at_ms) FROM declared l WHERE l.site_code = d.site_code
                AND l.model = d.model AND l.declared_at_ms <= ${knownAtMs})
           ORDER BY d.site_code, d.model`,
        )
      ).map(declaredOf)
    },

    listSites: async (scope) => {
      const sites = await sitesInScope(db, scope)
      return (
        await db.all(
          sql`SELECT s.code, s.name, t.* FROM sites s JOIN site_terms t ON t.site_code = s.code
             AND t.valid_from_ms = (SELECT max(l.valid_from_ms) FROM site_terms l
               WHERE l.site_code = s.code)
           WHERE ${inScope(sql`s.code`, sites)} ORDER BY s.code`,
        )
      ).map(
        (row): Site => ({
          code: text(row, 'code'),
          name: text(row, 'name'),
          terms: termsOf(row),
        }),
      )
    },
  }
}

/** Terms of every site as in force at `atMs`; before its first terms a site is under its first. */
export async function termsAt(db: Database, atMs: number): Promise<ReadonlyMap<string, SiteTerms>> {
  const inForce = new Map<string, SiteTerms>()
  for (const row of await db.all(sql`SELECT * FROM site_terms ORDER BY site_code, valid_from_ms`)) {
    const code = text(row, 'site_code')
    const terms = termsOf(row)
    if (!inForce.has(code) || terms.validFromMs <= atMs) inForce.set(code, terms)
  }
  return inForce
}

/** What one site keeps back, by the terms in force at `atMs`. */
export async function keptAt(
  db: Database,
  siteCode: string,
  atMs: number,
): Promise<readonly KeptCards[]> {
  const all = await readTerms(db, siteCode)
  const inForce = all.findLast(({ validFromMs }) => validFromMs <= atMs) ?? all[0]
  return inForce?.keep ?? []
}

/** What a child tells of its sites only the child changes. */
async function refuseOfChild(db: Database, siteCode: string): Promise<void> {
  const row = await db.get(sql`
    SELECT c.name FROM site_origins o JOIN child_collectors c
      ON c.collector_number = o.collector_number WHERE o.site_code = ${siteCode}`)
  if (row !== undefined) throw siteOfChild(siteCode, text(row, 'name'))
}

/** Terms that were said at an instant, and what they make of those that are in force. */
export async function sayTerms(
  db: Database,
  said: Site & { readonly saidAtMs: number },
): Promise<void> {
  await lock(db, 'sites')
  await replaceTerms(db, said.code, withTerms(await readTerms(db, said.code), said.terms))
  await keepStatement(db, said)
}

export async function declareAt(db: Database, declared: DeclaredCapacity): Promise<void> {
  await db.run(sql`
    INSERT INTO declared (site_code, model, declared_at_ms, cards, declared_milli_p, basis, author)
    VALUES (${declared.siteCode}, ${declared.model}, ${declared.declaredAtMs}, ${declared.cards},
      ${declared.declaredMilliP}, ${declared.basis}, ${declared.author})
    ON CONFLICT (site_code, model, declared_at_ms) DO UPDATE SET cards = excluded.cards,
      declared_milli_p = excluded.declared_milli_p, basis = excluded.basis,
      author = excluded.author`)
}

export async function readTerms(db: Database, code: string): Promise<SiteTerms[]> {
  return (
    await db.all(sql`SELECT * FROM site_terms WHERE site_code = ${code} ORDER BY valid_from_ms`)
  ).map(termsOf)
}

async function replaceTerms(db: Database, code: string, all: readonly SiteTerms[]): Promise<void> {
  await db.run(sql`DELETE FROM site_terms WHERE site_code = ${code}`)
  for (const terms of all) {
    await db.run(
      sql`INSERT INTO site_terms (site_code, valid_from_ms, valid_to_ms, operator_code,
        operator_name,
         owner_code, owner_name, region_code, keep) VALUES (${code}, ${terms.validFromMs},
           ${terms.validToMs}, ${terms.operatorCode}, ${terms.operatorName}, ${terms.ownerCode},
           ${terms.ownerName}, ${terms.regionCode}, ${JSON.stringify(terms.keep)})`,
    )
  }
}

/** What was said stays, beside what it made of the terms (site-terms.ts). */
async function keepStatement(
  db: Database,
  { code, name, terms, saidAtMs }: Site & { readonly saidAtMs: number },
): Promise<void> {
  await db.run(
    sql`INSERT INTO site_terms_said (site_code, said_at_ms, name, valid_from_ms, valid_to_ms,
       operator_code, operator_name, owner_code, owner_name, region_code, keep)
     VALUES (${code}, ${saidAtMs}, ${name}, ${terms.validFromMs}, ${terms.validToMs},
       ${terms.operatorCode}, ${terms.operatorName}, ${terms.ownerCode}, ${terms.ownerName},
       ${terms.regionCode}, ${JSON.stringify(terms.keep)})`,
  )
}
