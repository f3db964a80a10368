/** Writes every row of a ledger file into an empty database, with the numbers that were given out. */
import { assert } from '@yiben/shared'
import type { Database as PostgresDatabase } from '../postgres/driver.ts'
import { roomForSpan, TIMED_TABLES, type TimedTable, WHEN } from '../postgres/months.ts'
import { join, type Parameter, raw, type Sql, sql } from '../postgres/sql.ts'
import type { Database as SqliteDatabase } from '../sqlite/driver.ts'
import type { Row } from '../values.ts'
import { integer } from '../values.ts'
import { sqliteRows } from './rows.ts'
import type { MovedColumn, MovedTable } from './tables.ts'

/**
 * Triggers of ours say nothing meanwhile: what they guard or tell has happened before. Keys, checks
 * and names of other rows are looked at as ever.
 */
export async function copyLedger(
  source: SqliteDatabase,
  db: PostgresDatabase,
  tables: readonly MovedTable[],
): Promise<void> {
  for (const { to } of tables) await db.exec(`ALTER TABLE ${to} DISABLE TRIGGER USER`)
  for (const table of TIMED_TABLES) await makeRoom(source, db, table)
  for (const table of tables) {
    for (const rows of sqliteRows(source, table)) await insert(db, table, rows)
  }
  for (const { to } of tables) await db.exec(`ALTER TABLE ${to} ENABLE TRIGGER USER`)
  for (const table of tables) await goOnNumbering(source, db, table)
  await keepNumbers(source, db)
  // Whoever reads them next plans by it.
  for (const { to } of tables) await db.exec(`ANALYZE ${to}`)
}

/** Rows come card by card, from the oldest month to the newest and again. */
async function makeRoom(
  source: SqliteDatabase,
  db: PostgresDatabase,
  table: TimedTable,
): Promise<void> {
  const when = WHEN[table]
  const row = source.get(`SELECT min(${when}) AS first, max(${when}) AS last FROM ${table}`) ?? {}
  if (row.first === null) return
  await roomForSpan(db, table, { fromMs: integer(row, 'first'), lastMs: integer(row, 'last') })
}

async function insert(
  db: PostgresDatabase,
  { columns, to }: MovedTable,
  rows: readonly Row[],
): Promise<void> {
  const names = raw(columns.map(({ name }) => name).join(', '))
  await db.run(sql`
    INSERT INTO ${raw(to)} (${names}) OVERRIDING SYSTEM VALUE
    SELECT * FROM unnest(${join(columns.map((column) => listOf(column, rows)))})`)
}

function listOf({ kind, name }: MovedColumn, rows: readonly Row[]): Sql {
  const values: Parameter[] = rows.map((row) => {
    const value = row[name] ?? null
    return kind === 'boolean' && value !== null ? value === 1n : value
  })
  return sql`${values}::${raw(kind)}[]`
}

/** No number is given twice, not even that of a row that is gone. */
async function goOnNumbering(
  source: SqliteDatabase,
  db: PostgresDatabase,
  { from, numbered, to }: MovedTable,
): Promise<void> {
  if (numbered === null) return
  const row = source.get(`SELECT COALESCE(max(${numbered}), 0) AS last FROM ${from}`) ?? {}
  const last = Math.max(integer(row, 'last'), lastGiven(source, from))
  await db.run(sql`
    SELECT setval(pg_get_serial_sequence(${to}, ${numbered}), ${Math.max(last, 1)}::bigint,
      ${last > 0}::boolean)`)
}

async function keepNumbers(source: SqliteDatabase, db: PostgresDatabase): Promise<void> {
  const { changes } = await db.run(sql`
    UPDATE numbers SET change_seq = ${counter(source, 'change_seq')},
      booked_seq = ${counter(source, 'booked_seq')}, outbox_id = ${lastGiven(source, 'outbox')},
      record_number = ${lastGiven(source, 'lease_records')},
      copy_number = ${lastGiven(source, 'draw_copies')}, feed_seq = ${lastGiven(source, 'feed')}`)
  assert(changes === 1, 'numbers have their row from the first migration')
}

function counter(source: SqliteDatabase, name: string): number {
  return integer(source.get('SELECT value FROM counters WHERE name = ?', name) ?? {}, 'value')
}

/** Of a table that never gives a number twice; 0: none yet. */
function lastGiven(source: SqliteDatabase, table: string): number {
  const row = source.get('SELECT seq FROM sqlite_sequence WHERE name = ?', table)
  return row === undefined ? 0 : integer(row, 'seq')
}
