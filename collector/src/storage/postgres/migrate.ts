/**
 * Brings a database to the format of this program: numbered SQL files, forward only, each in a
 * transaction of its own, by one process at a time. A database that a newer program has made is
 * refused untouched.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { AppError, assert } from '@yiben/shared'
import { integer, text } from '../values.ts'
import type { Database, Pool } from './driver.ts'
import { lock } from './locks.ts'
import { sql } from './sql.ts'

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

export async function migrate(
  pool: Pool,
  migrations: readonly Migration[] = readMigrations(),
): Promise<void> {
  // Bounded: each step applies one, or finds that none is left.
  while (await pool.transaction('write', (db) => step(db, migrations))) {
    // Another process may apply the next one.
  }
}

/** Answers whether it has applied one. */
async function step(db: Database, migrations: readonly Migration[]): Promise<boolean> {
  await lock(db, 'migrations')
  await db.run(sql`
    CREATE TABLE IF NOT EXISTS migrations
      (number bigint PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL)`)
  const applied = await db.all(sql`SELECT number, sha256 FROM migrations ORDER BY number`)
  if (applied.length > migrations.length) throw newerFormat(applied.length, migrations.length)
  for (const row of applied) {
    const known = migrations[integer(row, 'number') - 1]
    if (known === undefined || hashOf(known) !== text(row, 'sha256')) throw otherFormat(row.number)
  }
  const next = migrations[applied.length]
  if (next === undefined) return false
  await db.exec(next.sql)
  await db.run(sql`
    INSERT INTO migrations (number, name, sha256)
    VALUES (${next.number}, ${next.name}, ${hashOf(next)})`)
  return true
}

function otherFormat(migration: unknown): AppError {
  return new AppError(
    'disk_failed',
    'The database was made by a program whose migrations differ from those of this one.',
    { fields: { migration } },
  )
}

function newerFormat(format: number, supported: number): AppError {
  return new AppError(
    'disk_format_newer',
    `The database has format ${format}; this program knows formats up to ${supported}.`,
    { fields: { format, supported } },
  )
}

function hashOf(migration: Migration): string {
  return createHash('sha256').update(migration.sql).digest('hex')
}
