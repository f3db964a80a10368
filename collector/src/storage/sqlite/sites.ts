/** Sites, who runs and owns them since when, and what they declare to have. */
import type { DeclaredCapacity, KeptCards, Site, SiteTerms } from '../../model/site.ts'
import {
  ALWAYS_KNOWN_MS,
  declaredOf,
  ownerOf,
  siteOfChild,
  termsOf,
  withTerms,
} from '../site-rows.ts'
import { text } from '../values.ts'
import { numberThing } from './codes.ts'
import type { Database } from './driver.ts'
import type { SyncStore } from './methods.ts'
import { addToOutbox } from './outbox.ts'
import { inScope, sitesInScope } from './scope.ts'

type SiteMethods = Pick<SyncStore, 'putSite' | 'putDeclared' | 'readDeclared' | 'listSites'>

export function siteMethods(db: Database): SiteMethods {
  return {
    putSite: ({ code, name, terms, outbox }) => {
      refuseOfChild(db, code)
      db.run(
        'INSERT INTO sites (code, name) VALUES (?, ?) ON CONFLICT (code) DO UPDATE SET name = excluded.name',
        code,
        name,
      )
      numberThing(db, 'site', code)
      sayTerms(db, { code, name, terms, saidAtMs: outbox[0]?.atMs ?? ALWAYS_KNOWN_MS })
      addToOutbox(db, outbox)
      return { code, name, terms }
    },

    putDeclared: (declared, outbox) => {
      refuseOfChild(db, declared.siteCode)
      declareAt(db, declared)
      addToOutbox(db, outbox)
    },

    readDeclared: (scope, knownAtMs) => {
      const sites = sitesInScope(db, scope)
      return db
        .allBigint(
          `SELECT d.* FROM declared d WHERE ${inScope('d.site_code')} AND d.declared_at_ms =
             (SELECT max(l.declared_at_ms) FROM declared l WHERE l.site_code = d.site_code
                AND l.model = d.model AND l.declared_at_ms <= ?)
           ORDER BY d.site_code, d.model`,
          sites,
          sites,
          knownAtMs,
        )
        .map(declaredOf)
    },

    listSites: (scope) => {
      const sites = sitesInScope(db, scope)
      return db
        .all(
          `SELECT s.code, s.name, t.* FROM sites s JOIN site_terms t ON t.site_code = s.code
             AND t.valid_from_ms = (SELECT max(l.valid_from_ms) FROM site_terms l
               WHERE l.site_code = s.code)
           WHERE ${inScope('s.code')} ORDER BY s.code`,
          sites,
          sites,
        )
        .map(
          (row): Site => ({
            code: text(row, 'code'),
            name: text(row, 'name'),
            terms: termsOf(row),
          }),
        )
    },
  }
}

/** What a child tells of its sites only the child changes. */
export function refuseOfChild(db: Database, siteCode: string): void {
  const row = db.get(
    `SELECT c.name FROM site_origins o JOIN child_collectors c
       ON c.collector_number = o.collector_number WHERE o.site_code = ?`,
    siteCode,
  )
  if (row !== undefined) throw siteOfChild(siteCode, text(row, 'name'))
}

/** Terms that were said at an instant, and what they make of those that are in force. */
export function sayTerms(db: Database, said: Site & { readonly saidAtMs: number }): void {
  replaceTerms(db, said.code, withTerms(readTerms(db, said.code), said.terms))
  keepStatement(db, said)
}

export function declareAt(db: Database, declared: DeclaredCapacity): void {
  db.run(
    `INSERT INTO declared
       (site_code, model, declared_at_ms, cards, declared_milli_p, basis, author)
     VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (site_code, model, declared_at_ms) DO UPDATE SET cards = excluded.cards,
       declared_milli_p = excluded.declared_milli_p, basis = excluded.basis,
       author = excluded.author`,
    declared.siteCode,
    declared.model,
    declared.declaredAtMs,
    declared.cards,
    declared.declaredMilliP,
    declared.basis,
    declared.author,
  )
}

/** Terms of every site as in force at `atMs`; before its first terms a site is under its first. */
export function termsAt(db: Database, atMs: number): ReadonlyMap<string, SiteTerms> {
  const inForce = new Map<string, SiteTerms>()
  for (const row of db.all('SELECT * FROM site_terms ORDER BY site_code, valid_from_ms')) {
    const code = text(row, 'site_code')
    const terms = termsOf(row)
    if (!inForce.has(code) || terms.validFromMs <= atMs) inForce.set(code, terms)
  }
  return inForce
}

/** What one site keeps back, by the terms in force at `atMs`. */
export function keptAt(db: Database, siteCode: string, atMs: number): readonly KeptCards[] {
  const all = readTerms(db, siteCode)
  const inForce = all.findLast(({ validFromMs }) => validFromMs <= atMs) ?? all[0]
  return inForce?.keep ?? []
}

/** Who deposits at one site, by the terms in force at `atMs`. */
export function ownerAt(db: Database, siteCode: string, atMs: number): string {
  const all = readTerms(db, siteCode)
  return ownerOf(all.findLast(({ validFromMs }) => validFromMs <= atMs) ?? all[0])
}

export function readTerms(db: Database, code: string): SiteTerms[] {
  return db
    .all('SELECT * FROM site_terms WHERE site_code = ? ORDER BY valid_from_ms', code)
    .map(termsOf)
}

function replaceTerms(db: Database, code: string, all: readonly SiteTerms[]): void {
  db.run('DELETE FROM site_terms WHERE site_code = ?', code)
  for (const terms of all) {
    db.run(
      `INSERT INTO site_terms (site_code, valid_from_ms, valid_to_ms, operator_code, operator_name,
         owner_code, owner_name, region_code, keep) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      code,
      terms.validFromMs,
      terms.validToMs,
      terms.operatorCode,
      terms.operatorName,
      terms.ownerCode,
      terms.ownerName,
      terms.regionCode,
      JSON.stringify(terms.keep),
    )
  }
}

/** What was said stays, beside what it made of the terms (site-terms.ts). */
function keepStatement(
  db: Database,
  { code, name, terms, saidAtMs }: Site & { readonly saidAtMs: number },
): void {
  db.run(
    `INSERT INTO site_terms_said (site_code, said_at_ms, name, valid_from_ms, valid_to_ms,
       operator_code, operator_name, owner_code, owner_name, region_code, keep)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    code,
    saidAtMs,
    name,
    terms.validFromMs,
    terms.validToMs,
    terms.operatorCode,
    terms.operatorName,
    terms.ownerCode,
    terms.ownerName,
    terms.regionCode,
    JSON.stringify(terms.keep),
  )
}
