/** The format of the file: forward only, all or nothing, and never a file of somebody else. */
import { runCode } from '@yiben/shared'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { NodeId, UnitId } from '../../../../collector/src/model/ids.ts'
import { packUnitHour } from '../../../../collector/src/storage/hour-columns.ts'
import {
  type Migration,
  migrate,
  readMigrations,
} from '../../../../collector/src/storage/sqlite/migrate.ts'
import { readOpen } from '../../../../collector/src/storage/sqlite/open-row.ts'
import { emptyHour } from '../../../../collector/src/timeline/hours.ts'
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

  test('0003: open rows from before it are read as they were written', () => {
    const { db } = open()
    const migrations = readMigrations()
    migrate(db, migrations.slice(0, 2))
    db.exec('PRAGMA foreign_keys = OFF')
    const hour = packUnitHour(emptyHour(7 as UnitId, 3_600_000))
    const before = [
      [7, 0, 3_600_000, 1, null, [1, 2, 3, 4], null, 'A', 3_600_000, hour],
      [9, 1, 3_700_000, 2, 3_800_000, null, [3_700_000, 'veto'], 'B', 3_600_000, hour],
    ]
    db.run(
      'INSERT INTO open_nodes VALUES (?, 5, 3900000, ?, ?, 1, NULL, ?)',
      'n-1',
      'epoch',
      'boot',
      JSON.stringify(before),
    )
    migrate(db, migrations)
    expect(readOpen(db, 'n-1' as NodeId)).toMatchObject({
      changeSeq: 5,
      timelineEndMs: 3_900_000,
      units: [
        {
          unitId: 7,
          index: 0,
          runStartMs: 3_600_000,
          runCode: runCode('free/proven'),
          runRecordedAtMs: null,
          window: { startMs: 1, ageStartMs: 2, provenToMs: 3, provenMs: 4 },
          depositable: true,
          consentEnds: { count: 0, latest: [] },
          evidence: 'A',
        },
        {
          unitId: 9,
          index: 1,
          runStartMs: 3_700_000,
          runCode: runCode('busy/active'),
          runRecordedAtMs: 3_800_000,
          window: null,
          withheld: { sinceMs: 3_700_000, by: 'veto' },
          evidence: 'B',
        },
      ],
    })
  })

  test("somebody else's database is not touched", () => {
    const { db, tables } = open()
    db.exec('CREATE TABLE notes (t TEXT)')
    expect(() => migrate(db)).toThrow('not a ledger')
    expect(tables()).toEqual(['notes'])
  })
})
