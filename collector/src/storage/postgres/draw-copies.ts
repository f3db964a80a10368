/**
 * Copies of decisions on draws for the second journal, numbered in the order in which they were
 * committed: a number that was given is never given again, and none is left out.
 */
import { PAGE_ROWS_MAX } from '../paging.ts'
import type { Store } from '../store.ts'
import { integer, text } from '../values.ts'
import type { Database } from './driver.ts'
import { sql } from './sql.ts'

/** Row of `counters`: 1 while decisions are copied. */
const COUNTER = 'draw_copies'

type CopyMethods = Pick<Store, 'keepDrawCopies' | 'readDrawCopies' | 'dropDrawCopies'>

export function drawCopyMethods(db: Database): CopyMethods {
  return {
    keepDrawCopies: async (isKept) => {
      await db.run(sql`
        INSERT INTO counters (name, value) VALUES (${COUNTER}, ${isKept ? 1 : 0})
        ON CONFLICT (name) DO UPDATE SET value = excluded.value`)
      if (!isKept) await db.run(sql`DELETE FROM draw_copies`)
    },

    readDrawCopies: async (afterNumber, limit) => {
      const last = await db.get(sql`SELECT copy_number FROM numbers`)
      const rows = await db.all(sql`
        SELECT number, change FROM draw_copies WHERE number > ${afterNumber}
        ORDER BY number LIMIT ${Math.max(1, Math.min(limit, PAGE_ROWS_MAX))}`)
      return {
        lastNumber: integer(last ?? {}, 'copy_number'),
        copies: rows.map((row) => ({
          number: integer(row, 'number'),
          change: text(row, 'change'),
        })),
      }
    },

    dropDrawCopies: async (throughNumber) => {
      await db.run(sql`DELETE FROM draw_copies WHERE number <= ${throughNumber}`)
    },
  }
}

/** Within the transaction of a decision: nobody turns it off or on meanwhile. */
export async function isCopied(db: Database): Promise<boolean> {
  const row = await db.get(sql`SELECT value FROM counters WHERE name = ${COUNTER} FOR SHARE`)
  return row?.value === 1
}
