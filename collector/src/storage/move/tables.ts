/**
 * What is moved: every table that both storages have, column by column, as the two databases
 * themselves tell. What only one of them has is named here; anything else that differs is a bug, and
 * nothing is moved.
 */
import { assert } from '@yiben/shared'
import type { Database as PostgresDatabase } from '../postgres/driver.ts'
import { raw, sql } from '../postgres/sql.ts'
import type { Database as SqliteDatabase } from '../sqlite/driver.ts'
import { integer, text } from '../values.ts'

const COLUMN_KINDS = ['bigint', 'text', 'bytea', 'boolean'] as const
type ColumnKind = (typeof COLUMN_KINDS)[number]

export interface MovedColumn {
  readonly name: string
  /** As PostgreSQL keeps it; a flag is 0 or 1 in SQLite. */
  readonly kind: ColumnKind
}

export interface MovedTable {
  readonly from: string
  readonly to: string
  readonly columns: readonly MovedColumn[]
  /** Columns of the key in SQLite, in which order both are read. */
  readonly key: readonly string[]
  /** Rows that are kept otherwise in PostgreSQL; a condition of SQLite that lets the others through. */
  readonly where: string
  /** Column that PostgreSQL numbers by itself; `null`: none. */
  readonly numbered: string | null
}

/** Kinds of SQLite's columns and those of PostgreSQL that hold the same. */
const KINDS: Readonly<Record<string, readonly ColumnKind[]>> = {
  INTEGER: ['bigint', 'boolean'],
  TEXT: ['text'],
  BLOB: ['bytea'],
}
/** About the file or the database itself. */
const OF_SQLITE: ReadonlySet<string> = new Set(['migrations', 'moved'])
const OF_POSTGRES: ReadonlySet<string> = new Set([
  'collector_messages',
  'collectors',
  'heard',
  'migrations',
  'node_changes',
  'numbers',
  'serving',
])
/** Of `counters` in SQLite, of `numbers` in PostgreSQL. */
const NUMBER_COUNTERS = ['change_seq', 'booked_seq'] as const
/** In PostgreSQL in a table of its own. */
const CHANGE_COLUMN = 'change_seq'

/** In an order in which each comes after those that its rows name. */
export async function movedTables(
  source: SqliteDatabase,
  db: PostgresDatabase,
): Promise<readonly MovedTable[]> {
  const found = await postgresColumns(db)
  const names = sqliteTables(source)
  const unknown = [...found.keys()].filter(
    (name) => !OF_POSTGRES.has(name) && !names.includes(name),
  )
  assert(unknown.length === 0, `both storages have the table ${unknown.join(', ')}`)
  const tables = names.map((name) => tableOf(source, name, found.get(name) ?? []))
  const [changes] = found.get('node_changes') ?? []
  assert(changes !== undefined, 'changes of nodes have a table of their own')
  const all = [...tables, changesTable()]
  return inOrder(all, await referencesOf(db))
}

/** Tables of our own in a database, whatever is in them. */
export async function ownTables(db: PostgresDatabase): Promise<readonly string[]> {
  const rows = await db.all(sql`
    SELECT tablename::text AS name FROM pg_tables WHERE schemaname = current_schema()
    ORDER BY tablename`)
  return rows.map((row) => text(row, 'name'))
}

function tableOf(
  source: SqliteDatabase,
  name: string,
  found: readonly (MovedColumn & { readonly isNumbered: boolean })[],
): MovedTable {
  const rows = source.all('SELECT name, type, pk FROM pragma_table_info(?)', name)
  const own = rows.filter((row) => name !== 'open_nodes' || row.name !== CHANGE_COLUMN)
  const columns = own.map((row) => {
    const column = found.find((one) => one.name === text(row, 'name'))
    const kinds = KINDS[text(row, 'type')] ?? []
    const isSame = column !== undefined && kinds.includes(column.kind)
    assert(isSame, `both storages keep ${name}.${text(row, 'name')} alike`)
    return { name: column.name, kind: column.kind }
  })
  assert(columns.length === found.length, `both storages have the columns of ${name}`)
  const key = rows
    .filter((row) => integer(row, 'pk') > 0)
    .sort((left, right) => integer(left, 'pk') - integer(right, 'pk'))
    .map((row) => text(row, 'name'))
  assert(key.length > 0, `${name} has a key`)
  const where = name === 'counters' ? `name NOT IN ('${NUMBER_COUNTERS.join("', '")}')` : 'true'
  const numbered = found.find(({ isNumbered }) => isNumbered)?.name ?? null
  return { from: name, to: name, columns, key, where, numbered }
}

function changesTable(): MovedTable {
  return {
    from: 'open_nodes',
    to: 'node_changes',
    columns: [
      { name: 'node_id', kind: 'text' },
      { name: CHANGE_COLUMN, kind: 'bigint' },
    ],
    key: ['node_id'],
    where: 'true',
    numbered: null,
  }
}

function sqliteTables(source: SqliteDatabase): readonly string[] {
  return source
    .all(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%'
      ESCAPE '\\' ORDER BY name`)
    .map((row) => text(row, 'name'))
    .filter((name) => !OF_SQLITE.has(name))
}

async function postgresColumns(
  db: PostgresDatabase,
): Promise<ReadonlyMap<string, readonly (MovedColumn & { readonly isNumbered: boolean })[]>> {
  const rows = await db.all(sql`
    SELECT table_name::text AS table_name, column_name::text AS name, data_type::text AS kind,
      is_identity = 'YES' AS is_numbered
    FROM information_schema.columns WHERE table_schema = current_schema()
      AND table_name::text NOT IN (${raw("'migrations'")})
      AND table_name::text NOT IN (SELECT relname::text FROM pg_class
        WHERE relispartition AND relnamespace = current_schema()::regnamespace)
    ORDER BY table_name, ordinal_position`)
  const columns = rows.map((row) => {
    const kind = COLUMN_KINDS.find((one) => one === text(row, 'kind'))
    assert(kind !== undefined, `columns of ${text(row, 'table_name')} are of a known kind`)
    const isNumbered = integer(row, 'is_numbered') === 1
    return { table: text(row, 'table_name'), name: text(row, 'name'), kind, isNumbered }
  })
  return Map.groupBy(columns, ({ table }) => table)
}

/** Which tables the rows of each name. */
async function referencesOf(
  db: PostgresDatabase,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const rows = await db.all(sql`
    SELECT f.relname::text AS table_name, t.relname::text AS named
    FROM pg_constraint c JOIN pg_class f ON f.oid = c.conrelid JOIN pg_class t ON t.oid = c.confrelid
    WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace AND f.oid <> t.oid`)
  const groups = Map.groupBy(rows, (row) => text(row, 'table_name'))
  return new Map(
    [...groups].map(([name, named]) => [name, new Set(named.map((row) => text(row, 'named')))]),
  )
}

function inOrder(
  tables: readonly MovedTable[],
  references: ReadonlyMap<string, ReadonlySet<string>>,
): readonly MovedTable[] {
  const ordered: MovedTable[] = []
  let left = tables
  while (left.length > 0) {
    const waiting = new Set(left.map(({ to }) => to))
    const next = left.filter(({ to }) => (references.get(to) ?? new Set()).isDisjointFrom(waiting))
    assert(next.length > 0, 'tables do not name each other in a circle')
    ordered.push(...next)
    left = left.filter((table) => !next.includes(table))
  }
  return ordered
}
