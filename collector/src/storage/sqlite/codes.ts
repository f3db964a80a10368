/** Our numbers of sites and nodes, and the codes that others have issued for our things. */
import type { Resource } from '@yiben/shared'
import type { IssuedCode } from '../../model/issued-code.ts'
import type { NamedThing } from '../site-facts-store.ts'
import { isSame, issuedOf, thingOf } from '../site-rows.ts'
import type { Database } from './driver.ts'
import type { SyncStore } from './methods.ts'
import { addToOutbox } from './outbox.ts'
import { inScope, sitesInScope } from './scope.ts'

type CodeMethods = Pick<
  SyncStore,
  'readSiteNumbers' | 'findNumbered' | 'readIssuedCodes' | 'recordCode'
>

/** The site that decides who may see a thing. */
const THINGS = `
  SELECT t.kind, t.number, t.key, CASE t.kind WHEN 'site' THEN t.key
    ELSE (SELECT n.site_code FROM nodes n WHERE n.node_id = t.key) END AS site_code
  FROM thing_numbers t`

export function codeMethods(db: Database): CodeMethods {
  return {
    readSiteNumbers: (scope) => {
      const sites = sitesInScope(db, scope)
      return db
        .all(
          `SELECT t.* FROM thing_numbers t WHERE t.kind = 'site' AND ${inScope('t.key')}
           ORDER BY t.number`,
          sites,
          sites,
        )
        .map(thingOf)
    },

    findNumbered: (scope, kind, number) => {
      const sites = sitesInScope(db, scope)
      const row = db.get(
        `SELECT * FROM (${THINGS}) t WHERE t.kind = ? AND t.number = ? AND ${inScope('t.site_code')}`,
        kind,
        number,
        sites,
        sites,
      )
      return row === undefined ? null : thingOf(row)
    },

    readIssuedCodes: (thing) => recordsOf(db, thing),

    recordCode: (code, outbox) => {
      const { thing, scheme, use, value, validFromMs } = code
      const last = recordsOf(db, thing).find((one) => one.scheme === scheme && one.use === use)
      if (last === undefined ? value === null : isSame(last, code)) return { status: 'known' }
      if (value !== null && isTaken(db, code)) return { status: 'taken' }
      db.run(
        `INSERT INTO issued_codes (kind, number, scheme, code_use, value, issued_by, valid_from_ms,
           recorded_at_ms, author) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        thing.kind,
        thing.number,
        scheme,
        use,
        value,
        code.issuedBy,
        validFromMs,
        code.recordedAtMs,
        code.author,
      )
      addToOutbox(db, outbox)
      return { status: 'recorded' }
    },
  }
}

/** Numbers a new thing; one that has a number keeps it. */
export function numberThing(db: Database, kind: NamedThing['kind'], key: string): void {
  db.run(
    `INSERT INTO thing_numbers (kind, number, key)
     SELECT ?, COALESCE(max(number), 0) + 1, ? FROM thing_numbers WHERE kind = ?
     ON CONFLICT (kind, key) DO NOTHING`,
    kind,
    key,
    kind,
  )
}

function recordsOf(db: Database, { kind, number }: Resource): readonly IssuedCode[] {
  return db
    .all(
      'SELECT * FROM issued_codes WHERE kind = ? AND number = ? ORDER BY record_number DESC',
      kind,
      number,
    )
    .map(issuedOf)
}

/** Some other thing's latest record under the scheme and use has this value. */
function isTaken(db: Database, { thing, scheme, use, value }: IssuedCode): boolean {
  const row = db.get(
    `SELECT 1 AS taken FROM issued_codes c
     WHERE c.scheme = ? AND c.code_use = ? AND c.value = ? AND NOT (c.kind = ? AND c.number = ?)
       AND c.record_number = (SELECT max(l.record_number) FROM issued_codes l WHERE l.kind = c.kind
         AND l.number = c.number AND l.scheme = c.scheme AND l.code_use = c.code_use)`,
    scheme,
    use,
    value,
    thing.kind,
    thing.number,
  )
  return row !== undefined
}
