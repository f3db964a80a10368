/**
 * Copies of decisions on draws for the second journal, numbered in the order in which they were
 * committed: a number that was given is never given again, and none is left out.
 */
import type { DrawChange } from '../draw-requests.ts'
import { PAGE_ROWS_MAX } from '../paging.ts'
import { integer, text } from '../values.ts'
import type { Database } from './driver.ts'
import type { SyncStore } from './methods.ts'

/** Row of `counters`: 1 while decisions are copied. */
const COUNTER = 'draw_copies'

type CopyMethods = Pick<SyncStore, 'keepDrawCopies' | 'readDrawCopies' | 'dropDrawCopies'>

export function drawCopyMethods(db: Database): CopyMethods {
  return {
    keepDrawCopies: (isKept) => {
      db.run(
        `INSERT INTO counters (name, value) VALUES (?, ?)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
        COUNTER,
        isKept ? 1 : 0,
      )
      if (!isKept) db.run('DELETE FROM draw_copies')
    },
    readDrawCopies: (afterNumber, limit) => ({
      lastNumber: lastNumber(db),
      copies: db
        .all(
          'SELECT number, change FROM draw_copies WHERE number > ? ORDER BY number LIMIT ?',
          afterNumber,
          Math.max(1, Math.min(limit, PAGE_ROWS_MAX)),
        )
        .map((row) => ({ number: integer(row, 'number'), change: text(row, 'change') })),
    }),
    dropDrawCopies: (throughNumber) => {
      db.run('DELETE FROM draw_copies WHERE number <= ?', throughNumber)
    },
  }
}

export function isCopied(db: Database): boolean {
  return db.get('SELECT value FROM counters WHERE name = ?', COUNTER)?.value === 1
}

/** In the transaction of the decision. */
export function copyDraw(db: Database, change: DrawChange): void {
  db.run('INSERT INTO draw_copies (change) VALUES (?)', JSON.stringify(change))
}

function lastNumber(db: Database): number {
  const row = db.get("SELECT seq FROM sqlite_sequence WHERE name = 'draw_copies'")
  return row === undefined ? 0 : integer(row, 'seq')
}
