/** Rows of both databases in one order, read a piece at a time: of a large ledger never all at once. */
import { assert } from '@yiben/shared'
import type { Database as PostgresDatabase } from '../postgres/driver.ts'
import { raw, sql } from '../postgres/sql.ts'
import type { Database as SqliteDatabase } from '../sqlite/driver.ts'
import type { Row, Value } from '../values.ts'
import type { MovedTable } from './tables.ts'

/** What a piece is to come to; rows differ by four orders of magnitude. */
const PIECE_BYTES = 2 * 1024 * 1024
const PIECE_ROWS_MAX = 4_000
const PIECE_ROWS_FIRST = 50
/** A piece is at most so many times the last. */
const GROWTH_MAX = 4
const NUMBER_BYTES = 8
const FETCH_ROWS = 500

/** Integers are bigints. */
export function* sqliteRows(
  source: SqliteDatabase,
  table: MovedTable,
): Generator<readonly Row[], void> {
  const { from, key, where } = table
  const columns = [...new Set([...table.columns.map(({ name }) => name), ...key])].join(', ')
  const order = key.join(', ')
  const places = key.map(() => '?').join(', ')
  const first = `SELECT ${columns} FROM ${from} WHERE ${where} ORDER BY ${order} LIMIT ?`
  const next = `SELECT ${columns} FROM ${from} WHERE ${where} AND (${order}) > (${places})
    ORDER BY ${order} LIMIT ?`
  let limit = PIECE_ROWS_FIRST
  let rows = source.allBigint(first, limit)
  for (;;) {
    const last = rows.at(-1)
    if (last === undefined) return
    yield rows
    const fitting = Math.floor((rows.length * PIECE_BYTES) / bytesOf(rows))
    limit = Math.max(1, Math.min(fitting, limit * GROWTH_MAX, PIECE_ROWS_MAX))
    rows = source.allBigint(next, ...key.map((name) => last[name] ?? null), limit)
  }
}

/** As `sqliteRows`, of the same table there. */
export async function* postgresRows(
  db: PostgresDatabase,
  table: MovedTable,
): AsyncGenerator<readonly Row[], void> {
  const cursor = raw(`moved_${table.to}`)
  const columns = raw(table.columns.map(({ name }) => name).join(', '))
  await db.run(sql`DECLARE ${cursor} NO SCROLL CURSOR FOR
    SELECT ${columns} FROM ${raw(table.to)} ORDER BY ${raw(table.key.join(', '))}`)
  for (;;) {
    const rows = await db.allBigint(sql`FETCH FORWARD ${raw(String(FETCH_ROWS))} FROM ${cursor}`)
    if (rows.length === 0) break
    yield rows
  }
  await db.run(sql`CLOSE ${cursor}`)
}

/** At least one: what is divided by it. */
function bytesOf(rows: readonly Row[]): number {
  return rows.reduce(
    (sum, row) => Object.values(row).reduce<number>((all, value) => all + sizeOf(value), sum),
    1,
  )
}

function sizeOf(value: Value): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return value.length
  assert(value === null || typeof value === 'bigint', 'integers were read as bigints')
  return NUMBER_BYTES
}
