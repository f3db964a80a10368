/** One face over two libraries: values, transactions, locks, failures of the disk. */
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  chooseDriver,
  type DriverName,
  holdLock,
  openConnection,
} from '../../../../collector/src/storage/sqlite/driver.ts'
import { tempDir } from '../../../support/temp-dir.ts'
import { connect, DRIVERS } from './support.ts'

function open(driver: DriverName, path = join(tempDir(), 'x.sqlite')) {
  const db = connect(path, driver)
  onTestFinished(() => db.close())
  return { db, path }
}

test('the addon is preferred where it loads', () => {
  expect(chooseDriver()).toBe('better-sqlite3')
})

describe.each(DRIVERS)('%s', (driver) => {
  test('values come back as they went in', () => {
    const { db } = open(driver)
    db.exec('CREATE TABLE v (n INTEGER, t TEXT, b BLOB, z TEXT) STRICT')
    const written = db.run(
      'INSERT INTO v VALUES (?, ?, ?, ?)',
      7,
      '一本',
      Uint8Array.of(1, 2),
      null,
    )
    expect(written).toEqual({ changes: 1, rowNumber: 1 })
    const row = db.get('SELECT * FROM v')
    expect(row).toMatchObject({ n: 7, t: '一本', z: null })
    expect([...(row?.b instanceof Uint8Array ? row.b : [])]).toEqual([1, 2])
    expect(db.get('SELECT * FROM v WHERE n = ?', 8)).toBeUndefined()
  })

  test('amounts past 2^53 are exact', () => {
    const { db } = open(driver)
    db.exec('CREATE TABLE v (n INTEGER) STRICT')
    db.run('INSERT INTO v VALUES (?)', 2n ** 62n + 1n)
    expect(db.allBigint('SELECT n FROM v')).toMatchObject([{ n: 2n ** 62n + 1n }])
  })

  test('a transaction that throws leaves nothing', () => {
    const { db } = open(driver)
    db.exec('CREATE TABLE v (n INTEGER) STRICT')
    const broken = () =>
      db.transaction('write', () => {
        db.run('INSERT INTO v VALUES (1)')
        throw new Error('no')
      })
    expect(broken).toThrow('no')
    expect(db.all('SELECT n FROM v')).toEqual([])
    db.transaction('write', () => db.run('INSERT INTO v VALUES (2)'))
    expect(db.all('SELECT n FROM v')).toMatchObject([{ n: 2 }])
  })

  test('a reader writes nothing and sees what has been committed', () => {
    const { db, path } = open(driver)
    db.exec('CREATE TABLE v (n INTEGER) STRICT')
    const reader = openConnection({ path, driver, isReader: true, synchronous: 'FULL' })
    onTestFinished(() => reader.close())
    expect(() => reader.run('INSERT INTO v VALUES (1)')).toThrow('read-only')
    db.run('INSERT INTO v VALUES (2)')
    expect(reader.all('SELECT n FROM v')).toMatchObject([{ n: 2 }])
  })

  test('commits are synchronous and in write-ahead mode', () => {
    const { db } = open(driver)
    expect(db.get('PRAGMA synchronous')).toMatchObject({ synchronous: 2 })
    expect(db.get('PRAGMA journal_mode')).toMatchObject({ journal_mode: 'wal' })
    expect(db.get('PRAGMA foreign_keys')).toMatchObject({ foreign_keys: 1 })
  })

  test('a full disk is disk_full, and writing goes on when there is space again', () => {
    const { db } = open(driver)
    db.exec('CREATE TABLE v (t TEXT) STRICT')
    const pages = Number(db.get('PRAGMA page_count')?.page_count)
    db.exec(`PRAGMA max_page_count = ${pages + 2}`)
    const fill = () =>
      db.transaction('write', () => db.run('INSERT INTO v VALUES (?)', 'x'.repeat(100_000)))
    expect(fill).toThrow(expect.objectContaining({ code: 'disk_full' }))
    expect(fill).toThrow(expect.objectContaining({ code: 'disk_full' }))
    db.exec('PRAGMA max_page_count = 100000')
    fill()
    expect(db.all('SELECT length(t) AS n FROM v')).toMatchObject([{ n: 100_000 }])
  })

  test('a file that another program writes is disk_locked', () => {
    const { db, path } = open(driver)
    db.exec('CREATE TABLE v (n INTEGER) STRICT')
    const other = connect(path, driver)
    onTestFinished(() => other.close())
    other.exec('PRAGMA busy_timeout = 0')
    db.transaction('write', () => {
      expect(() => other.run('INSERT INTO v VALUES (1)')).toThrow(
        expect.objectContaining({ code: 'disk_locked' }),
      )
    })
    other.run('INSERT INTO v VALUES (1)')
  })

  test('a folder that is not there is disk_failed', () => {
    const path = join(tempDir(), 'none', 'x.sqlite')
    expect(() => connect(path, driver)).toThrow(expect.objectContaining({ code: 'disk_failed' }))
  })

  test('the serving lock is held once, and can be taken again', () => {
    const path = join(tempDir(), 'x.serving')
    const lock = holdLock(path, driver)
    expect(() => holdLock(path, driver)).toThrow(expect.objectContaining({ code: 'disk_locked' }))
    lock.release()
    holdLock(path, driver).release()
  })
})
