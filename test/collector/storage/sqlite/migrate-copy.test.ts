/** A format changes only after a copy; what fails leaves ledger and folder as they were. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { checkCopy } from '../../../../collector/src/storage/sqlite/backup.ts'
import type { Migration } from '../../../../collector/src/storage/sqlite/migrate.ts'
import {
  copiesBeforeMigration,
  migrateWithCopy,
} from '../../../../collector/src/storage/sqlite/migrate-copy.ts'
import { tempDir } from '../../../support/temp-dir.ts'
import { connect, DRIVERS } from './support.ts'

const FORMATS: readonly Migration[] = [
  { number: 1, name: '0001-a.sql', sql: 'CREATE TABLE a (n INTEGER) STRICT' },
  { number: 2, name: '0002-b.sql', sql: 'CREATE TABLE b (n INTEGER) STRICT' },
  { number: 3, name: '0003-c.sql', sql: 'CREATE TABLE c (n INTEGER) STRICT' },
  { number: 4, name: '0004-d.sql', sql: 'CREATE TABLE d (n INTEGER) STRICT' },
]
const DAY_MS = 86_400_000
const NOW_MS = Date.UTC(2026, 10, 27, 2, 30)

describe.each(DRIVERS)('%s', (driver) => {
  /** A ledger of the first format that holds a row. */
  function ledger() {
    const folder = tempDir()
    const path = join(folder, 'ledger.sqlite')
    const db = connect(path, driver)
    onTestFinished(() => db.close())
    migrateWithCopy(db, path, NOW_MS, FORMATS.slice(0, 1))
    db.run('INSERT INTO a VALUES (5)')
    const bring = (format: number, atMs = NOW_MS, migrations = FORMATS) =>
      migrateWithCopy(db, path, atMs, migrations.slice(0, format))
    return { db, folder, path, bring }
  }

  test('a fresh file is not copied, nor one that has its format', () => {
    const { folder, bring } = ledger()
    bring(1)
    expect(copiesBeforeMigration(folder)).toEqual([])
  })

  test('the copy holds what the ledger held, in the format before, for its owner alone', () => {
    const { db, folder, path, bring } = ledger()
    bring(3)
    const copies = copiesBeforeMigration(folder)
    expect(copies).toEqual([join(folder, 'before-migration-1-20261127T023000000Z.sqlite')])
    const [copy = ''] = copies
    expect(checkCopy(copy)).toBe(1)
    const before = connect(copy, driver)
    onTestFinished(() => before.close())
    expect(before.all('SELECT n FROM a')).toMatchObject([{ n: 5 }])
    expect(() => before.all('SELECT * FROM b')).toThrow('no such table')
    expect(db.get('PRAGMA user_version')).toMatchObject({ user_version: 3 })
    // Where installers look for it.
    expect(readFileSync(path).readUInt32BE(60)).toBe(3)
  })

  test('the newest two stay, and nothing that was half written', () => {
    const { folder, bring } = ledger()
    writeFileSync(join(folder, 'before-migration-1-20260101T000000000Z.sqlite.partial'), 'x')
    writeFileSync(join(folder, 'notes.sqlite'), 'mine')
    bring(2, NOW_MS)
    bring(3, NOW_MS + DAY_MS)
    bring(4, NOW_MS + 2 * DAY_MS)
    expect(copiesBeforeMigration(folder).map(checkCopy)).toEqual([2, 3])
    const others = readdirSync(folder).filter((name) => !name.startsWith('ledger.sqlite'))
    expect(others).toHaveLength(3)
    expect(readFileSync(join(folder, 'notes.sqlite'), 'utf8')).toBe('mine')
  })

  test('a change that fails says that the ledger is as it was, and leaves no copy', () => {
    const { db, folder, bring } = ledger()
    const broken = { number: 2, name: '0002-b.sql', sql: 'SELECT * FROM nowhere' }
    const [first] = FORMATS
    if (first === undefined) throw new Error('there is a first format')
    expect(() => bring(2, NOW_MS, [first, broken])).toThrow(
      'The ledger was not brought from format 1 to 2 and is as it was',
    )
    expect(db.get('PRAGMA user_version')).toMatchObject({ user_version: 1 })
    expect(copiesBeforeMigration(folder)).toEqual([])
    bring(2)
    expect(db.all('SELECT n FROM a')).toMatchObject([{ n: 5 }])
  })

  test('nothing is copied where the program before has made a ledger of its own kind', () => {
    const { folder, bring } = ledger()
    const other = { number: 1, name: '0001-a.sql', sql: 'CREATE TABLE other (n INTEGER) STRICT' }
    expect(() => bring(2, NOW_MS, [other, ...FORMATS.slice(1)])).toThrow('differ')
    expect(copiesBeforeMigration(folder)).toEqual([])
  })
})
