/** The format of the file: forward only, all or nothing, and never a file of somebody else. */
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  type Migration,
  migrate,
  readMigrations,
} from '../../../../collector/src/storage/sqlite/migrate.ts'
import { connect, DRIVERS } from './support.ts'

const FIRST: Migration = { number: 1, name: '0001-a.sql', sql: 'CREATE TABLE a (n INTEGER) STRICT' }
const SECOND: Migration = {
  number: 2,
  name: '0002-b.sql',
  sql: 'CREATE TABLE b (n INTEGER) STRICT',
}

describe.each(DRIVERS)('%s', (driver) => {
  function open() {
    const db = connect(':memory:', driver)
    onTestFinished(() => db.close())
    const tables = () =>
      db
        .all("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1")
        .map((row) => row.name)
    return { db, tables }
  }

  test('a fresh file gets every migration, and a second time nothing', () => {
    const { db } = open()
    migrate(db)
    migrate(db)
    const count = readMigrations().length
    expect(db.get('PRAGMA user_version')).toMatchObject({ user_version: count })
    expect(db.all('SELECT number FROM migrations')).toHaveLength(count)
  })

  test('an older file gets what is missing and keeps its rows', () => {
    const { db, tables } = open()
    migrate(db, [FIRST])
    db.run('INSERT INTO a VALUES (5)')
    migrate(db, [FIRST, SECOND])
    expect(tables()).toEqual(['a', 'b', 'migrations'])
    expect(db.all('SELECT n FROM a')).toMatchObject([{ n: 5 }])
  })

  test('a file of a newer program is refused', () => {
    const { db } = open()
    migrate(db, [FIRST, SECOND])
    expect(() => migrate(db, [FIRST])).toThrow(
      expect.objectContaining({ code: 'disk_format_newer' }),
    )
    expect(db.get('PRAGMA user_version')).toMatchObject({ user_version: 2 })
  })

  test('a file whose migrations were others is refused', () => {
    const { db, tables } = open()
    migrate(db, [FIRST])
    const changed = { ...FIRST, sql: 'CREATE TABLE c (n INTEGER)' }
    expect(() => migrate(db, [changed])).toThrow(expect.objectContaining({ code: 'disk_failed' }))
    expect(() => migrate(db, [changed, SECOND])).toThrow('differ')
    expect(tables()).toEqual(['a', 'migrations'])
  })

  test('a migration that fails leaves the file as it was', () => {
    const { db, tables } = open()
    migrate(db, [FIRST])
    const broken = { ...SECOND, sql: 'CREATE TABLE b (n INTEGER); SELECT * FROM nowhere' }
    expect(() => migrate(db, [FIRST, broken])).toThrow()
    expect(tables()).toEqual(['a', 'migrations'])
    expect(db.get('PRAGMA user_version')).toMatchObject({ user_version: 1 })
    migrate(db, [FIRST, SECOND])
    expect(tables()).toEqual(['a', 'b', 'migrations'])
  })

  test("somebody else's database is not touched", () => {
    const { db, tables } = open()
    db.exec('CREATE TABLE notes (t TEXT)')
    expect(() => migrate(db)).toThrow('not a ledger')
    expect(tables()).toEqual(['notes'])
  })
})
