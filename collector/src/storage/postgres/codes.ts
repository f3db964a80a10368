/** Our numbers of sites and nodes, and the codes that others have issued for our things. */
import type { Resource } from '@yiben/shared'
import type { IssuedCode } from '../../model/issued-code.ts'
import type { NamedThing } from '../site-facts-store.ts'
import { isSame, issuedOf, thingOf } from '../site-rows.ts'
import type { Store } from '../store.ts'
import type { Database } from './driver.ts'
import { lock } from './locks.ts'
import { addToOutbox } from './outbox.ts'
import { inScope, sitesInScope } from './scope.ts'
import { sql } from './sql.ts'

type CodeMethods = Pick<
  Store,
  'readSiteNumbers' | 'findNumbered' | 'readIssuedCodes' | 'recordCode'
>

/** The site that decides who may see a thing. */
const THINGS = sql`
  SELECT t.kind, t.number, t.key, CASE t.kind WHEN 'site' THEN t.key
    ELSE (SELECT n.site_code FROM nodes n WHERE n.node_id = t.key) END AS site_code
  FROM thing_numbers t`

export function codeMethods(db: Database): CodeMethods {
  return {
    readSiteNumbers: async (scope) => {
      const sites = await sitesInScope(db, scope)
      return (
        await db.all(
          sql`SELECT t.* FROM thing_numbers t WHERE t.kind = 'site'
            AND ${inScope(sql`t.key`, sites)}
           ORDER BY t.number`,
        )
      ).map(thingOf)
    },

    findNumbered: async (scope, kind, number) => {
      const sites = await sitesInScope(db, scope)
      const row = await db.get(
        sql`SELECT * FROM (${THINGS}) t WHERE t.kind = ${kind} AND t.number = ${number}
          AND ${inScope(sql`t.site_code`, sites)}`,
      )
      return row === undefined ? null : thingOf(row)
    },

    readIssuedCodes: async (thing) => await recordsOf(db, thing),

    recordCode: async (code, outbox) => {
      const { thing, scheme, use, value, validFromMs } = code
      await lock(db, 'things')
      const last = (await recordsOf(db, thing)).find(
        (one) => one.scheme === scheme && one.use === use,
      )
      if (last === undefined ? value === null : isSame(last, code)) return { status: 'known' }
      if (value !== null && (await isTaken(db, code))) return { status: 'taken' }
      await db.run(
        sql`INSERT INTO issued_codes (kind, number, scheme, code_use, value, issued_by,
          valid_from_ms,
           recorded_at_ms, author) VALUES (${thing.kind}, ${thing.number}, ${scheme}, ${use},
             ${value}, ${code.issuedBy}, ${validFromMs}, ${code.recordedAtMs}, ${code.author})`,
      )
      addToOutbox(db, outbox)
      return { status: 'recorded' }
    },
  }
}

/** Numbers a new thing; one that has a number keeps it. */
export async function numberThing(
  db: Database,
  kind: NamedThing['kind'],
  key: string,
): Promise<void> {
  await lock(db, 'things')
  await db.run(
    sql`INSERT INTO thing_numbers (kind, number, key)
     SELECT ${kind}::text, COALESCE(max(number), 0) + 1, ${key}::text FROM thing_numbers
       WHERE kind = ${kind}
     ON CONFLICT (kind, key) DO NOTHING`,
  )
}

async function recordsOf(db: Database, { kind, number }: Resource): Promise<readonly IssuedCode[]> {
  return (
    await db.all(
      sql`SELECT * FROM issued_codes WHERE kind = ${kind} AND number = ${number}
        ORDER BY record_number DESC`,
    )
  ).map(issuedOf)
}

/** Some other thing's latest record under the scheme and use has this value. */
async function isTaken(db: Database, { thing, scheme, use, value }: IssuedCode): Promise<boolean> {
  const row = await db.get(
    sql`SELECT 1 AS taken FROM issued_codes c
     WHERE c.scheme = ${scheme} AND c.code_use = ${use} AND c.value = ${value}
       AND NOT (c.kind = ${thing.kind} AND c.number = ${thing.number})
       AND c.record_number = (SELECT max(l.record_number) FROM issued_codes l WHERE l.kind = c.kind
         AND l.number = c.number AND l.scheme = c.scheme AND l.code_use = c.code_use)`,
  )
  return row !== undefined
}
