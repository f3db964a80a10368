/**
 * Brings a ledger file to the format of this program: numbered SQL files, forward only, all that
 * are missing in one transaction. A file made by a newer program is refused untouched.
 *
 * An existing ledger is copied before (`before-migration-FORMAT-TIME.sqlite` beside it): going back
 * to the program before is a restore of that copy. The newest two are kept.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { AppError, assert } from '@yiben/shared'
import { integer, text } from '../values.ts'
import type { Database } from './driver.ts'
import { LEDGER_APPLICATION, refuseMoved } from './moved.ts'

export interface Migration {
  readonly number: number
  readonly name: string
  readonly sql: string
}

const FOLDER = new URL('./migrations/', import.meta.url)

/** The SQL files beside this one, numbered from 1 without a hole. */
export function readMigrations(): readonly Migration[] {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.sql'))
  return names.sort().map((name, index) => {
    const number = Number.parseInt(name, 10)
    assert(number === index + 1, 'migrations are numbered from 0001 without a hole')
    return { number, name, sql: readFileSync(new URL(name, FOLDER), 'utf8') }
  })
}

/**
 * `beforeChange` is called with the format of a ledger that is about to be changed, before anything
 * is; what it throws leaves the file as it was.
 */
export function migrate(
  db: Database,
  migrations: readonly Migration[] = readMigrations(),
  beforeChange: (format: number) => void = () => {},
): void {
  refuseForeign(db)
  const found = formatOf(db)
  if (found > migrations.length) throw newerFormat(found, migrations.length)
  if (found === migrations.length) {
    checkApplied(db, migrations)
    return
  }
  if (found > 0) {
    checkApplied(db, migrations)
    beforeChange(found)
  }
  db.transaction('write', () => {
    // Another program may have migrated while this one waited for the lock.
    const format = formatOf(db)
    if (format > migrations.length) throw newerFormat(format, migrations.length)
    if (format === 0) createMigrationTable(db)
    checkApplied(db, migrations)
    for (const migration of migrations.slice(format)) apply(db, migration)
  })
}

function apply(db: Database, migration: Migration): void {
  db.exec(migration.sql)
  db.run(
    'INSERT INTO migrations (number, name, sha256) VALUES (?, ?, ?)',
    migration.number,
    migration.name,
    hashOf(migration),
  )
  db.exec(`PRAGMA user_version = ${migration.number}`)
}

function createMigrationTable(db: Database): void {
  db.exec(`PRAGMA application_id = ${LEDGER_APPLICATION}`)
  db.exec(
    'CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL) STRICT',
  )
}

function refuseForeign(db: Database): void {
  refuseMoved(db)
  const id = integer(db.get('PRAGMA application_id') ?? {}, 'application_id')
  const tables = integer(db.get('SELECT count(*) AS tables FROM sqlite_schema') ?? {}, 'tables')
  if (id === LEDGER_APPLICATION || (id === 0 && tables === 0)) return
  throw new AppError('disk_failed', 'The file is a SQLite database, but not a ledger of Yiben.')
}

/** What has been applied must be what this program would apply: else nobody knows the format. */
function checkApplied(db: Database, migrations: readonly Migration[]): void {
  for (const row of db.all('SELECT number, sha256 FROM migrations ORDER BY number')) {
    const migration = migrations[integer(row, 'number') - 1]
    if (migration !== undefined && hashOf(migration) === text(row, 'sha256')) continue
    throw new AppError(
      'disk_failed',
      'The ledger file was made by a program whose migrations differ from those of this one.',
      { fields: { migration: integer(row, 'number') } },
    )
  }
}

function formatOf(db: Database): number {
  return integer(db.get('PRAGMA user_version') ?? {}, 'user_version')
}

function newerFormat(format: number, supported: number): AppError {
  return new AppError(
    'disk_format_newer',
    `The ledger file has format ${format}; this program knows formats up to ${supported}.`,
    { fields: { format, supported } },
  )
}

function hashOf(migration: Migration): string {
  return createHash('sha256').update(migration.sql).digest('hex')
}
