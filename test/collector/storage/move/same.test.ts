/** What differs is found, wherever it is: in a row, in the journal, in an answer. */

import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { copyLedger } from '../../../../collector/src/storage/move/copy.ts'
import { sameAnswers, sameJournal } from '../../../../collector/src/storage/move/same-answers.ts'
import { sameRows } from '../../../../collector/src/storage/move/same-rows.ts'
import { movedTables } from '../../../../collector/src/storage/move/tables.ts'
import { methodsOf } from '../../../../collector/src/storage/postgres/core.ts'
import { type Database, Pool } from '../../../../collector/src/storage/postgres/driver.ts'
import { migrate } from '../../../../collector/src/storage/postgres/migrate.ts'
import { coreOver } from '../../../../collector/src/storage/sqlite/core.ts'
import { openConnection } from '../../../../collector/src/storage/sqlite/driver.ts'
import { inProcessStore } from '../../../../collector/src/storage/sqlite/store.ts'
import { IDENTITY } from '../../journal/export-support.ts'
import { database, drawnFile, livedFolder, NOW_MS } from './support.ts'

const DONE = new Error('nothing is kept')

/** Over a copy of the file in one transaction, which is undone. */
async function onCopy(path: string, look: (parts: Parts) => Promise<void>): Promise<void> {
  const driver = 'better-sqlite3'
  const source = openConnection({ path, driver, isReader: false, synchronous: 'OFF' })
  onTestFinished(() => source.close())
  const asked = openConnection({ path, driver, isReader: false, synchronous: 'OFF' })
  onTestFinished(() => asked.close())
  const pool = new Pool({ url: await database(), connections: 1 })
  try {
    await migrate(pool)
    const moving = pool.transaction('write', async (db) => {
      await db.exec('DELETE FROM feed_state')
      const tables = await movedTables(source, db)
      await copyLedger(source, db, tables)
      const file = inProcessStore(coreOver(asked, () => {}))
      await look({
        db,
        rows: async () => {
          for (const table of tables) await sameRows(source, db, table)
        },
        answers: () => sameAnswers({ file, database: methodsOf(db) }, NOW_MS),
        journal: () => sameJournal({ file, database: methodsOf(db) }, IDENTITY.algorithm),
      })
      throw DONE
    })
    await expect(moving).rejects.toBe(DONE)
  } finally {
    await pool.close()
  }
}

interface Parts {
  readonly db: Database
  readonly rows: () => Promise<unknown>
  readonly answers: () => Promise<unknown>
  readonly journal: () => Promise<unknown>
}

/** `change` is undone after `look`. */
async function changed(db: Database, change: string, look: () => Promise<void>): Promise<void> {
  await db.exec(`SAVEPOINT changed; ${change}`)
  await look()
  await db.exec('ROLLBACK TO SAVEPOINT changed')
}

const isDifferent = (what: string) => ({
  code: 'verification_failed',
  message: expect.stringContaining(what),
})

test('a copy is the same; a row that is another, one too few and one too many are not', async () => {
  await onCopy(join(await livedFolder(), 'ledger.sqlite'), async ({ db, rows }) => {
    await rows()
    for (const [change, what] of [
      ['UPDATE units SET share_ppm = share_ppm - 1 WHERE unit_id = 2', 'units, share_ppm of row 2'],
      ["DELETE FROM cursors WHERE follower = 'bank'", 'cursors'],
      ['INSERT INTO dirty_hours VALUES (3600000)', 'dirty_hours'],
      ["UPDATE sites SET name = name || ' '", 'sites, name'],
      ['UPDATE sessions SET is_connected = NOT is_connected', 'sessions, is_connected'],
      ["UPDATE journal SET bytes = bytes || '\\x20'::bytea WHERE seq = 1", 'journal, bytes'],
    ] as const) {
      await changed(db, change, () =>
        expect(rows(), change).rejects.toMatchObject(isDifferent(what)),
      )
    }
  })
})

test('another answer of the port is found by the question', async () => {
  await onCopy(join(await livedFolder(), 'ledger.sqlite'), async ({ answers, db, journal }) => {
    expect(await answers()).toBeGreaterThan(30)
    for (const [change, what] of [
      ['UPDATE units SET valid_from_ms = valid_from_ms + 60000 WHERE unit_id = 1', 'ledger as of'],
      ['UPDATE buckets SET busy_ms = busy_ms + 1', 'buckets'],
      ["UPDATE ledger SET origin = 'aa'", 'ledger'],
      ['UPDATE deposits SET close_reason = NULL WHERE closed_at_ms IS NOT NULL', 'deposits'],
    ] as const) {
      await changed(db, change, () =>
        expect(answers(), change).rejects.toMatchObject(isDifferent(what)),
      )
    }
    const { entries } = (await journal()) as { readonly entries: number }
    expect(entries).toBeGreaterThan(3)
    for (const change of [
      'DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)',
      `UPDATE journal SET hash = '${'0'.repeat(64)}' WHERE seq = 3`,
    ]) {
      await changed(db, change, () =>
        expect(journal(), change).rejects.toMatchObject(isDifferent('journal')),
      )
    }
  })
})

test('what is promised and lent is asked for', async () => {
  await onCopy(await drawnFile(), async ({ answers, db }) => {
    await answers()
    await changed(db, 'UPDATE draws SET created_at_ms = created_at_ms + 1', () =>
      expect(answers()).rejects.toMatchObject(isDifferent('draws')),
    )
  })
})
