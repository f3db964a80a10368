/**
 * Partitions of what comes by the month and goes by the month: runs by their start, hours of cards.
 * They touch each other. The first, `…_before`, reaches back without an end and takes whatever comes
 * that is older than the rest; each of the others ends with a month (UTC) and is made, by whoever
 * writes it, with its first row or ahead of that. There is no room behind the last.
 *
 * Making one keeps nobody from reading or writing; who comes to the same month waits for the commit
 * of who makes it. Taking one away needs the table alone: for as long as it takes to put another
 * first partition in its place, and not at all where somebody has the table in use.
 */
import { assert, HOUR_MS } from '@yiben/shared'
import { integer, integerOrNull, text } from '../values.ts'
import type { Database } from './driver.ts'
import { isLockTimeout } from './errors.ts'
import { lock } from './locks.ts'
import { type Sql, sql } from './sql.ts'

/** Columns that say when; keys lead with the card. */
export const WHEN = { runs: 'start_ms', unit_hours: 'hour_ms' } as const

export type TimedTable = keyof typeof WHEN

export const TIMED_TABLES = Object.keys(WHEN) as readonly TimedTable[]

interface Partition {
  readonly name: string
  /** It holds what was before, back to the end of the one in front of it. */
  readonly toMs: number
}

/** Whoever wants the table waits behind us meanwhile: much less than an acknowledgement may take. */
const ALONE_WITHIN_MS = 200
/** Counted row by row; of a larger one the database's own estimate is told. */
const COUNTED_BYTES_MAX = 8 * 1024 * 1024
/** So far ahead of the last sealed hour there is room. */
const AHEAD_MS = 10 * 24 * HOUR_MS

/** Room for a row of that time, whoever else makes it. */
export async function roomFor(db: Database, table: TimedTable, atMs: number): Promise<void> {
  if (atMs < (db.seen.get(table) ?? Number.NEGATIVE_INFINITY)) return
  let endMs = await endOf(db, table)
  if (atMs >= endMs) {
    await lock(db, 'months')
    endMs = await endOf(db, table)
    if (atMs >= endMs) await makeMonth(db, table, { fromMs: endMs, toMs: monthEndMs(atMs) })
  }
  // What this transaction has made itself may yet be undone.
  if (!db.locks.has('months')) db.seen.set(table, endMs)
}

/** Room for rows of these times. One commit can bring more of them than a call takes arguments. */
export async function roomForRows(
  db: Database,
  table: TimedTable,
  times: readonly number[],
): Promise<void> {
  let lastMs = Number.NEGATIVE_INFINITY
  for (const atMs of times) lastMs = Math.max(lastMs, atMs)
  if (times.length > 0) await roomFor(db, table, lastMs)
}

/** For what is about to come. */
export async function roomAhead(db: Database): Promise<void> {
  const row = (await db.get(sql`SELECT max(hour_ms) AS sealed_ms FROM seals`)) ?? {}
  const sealedMs = integerOrNull(row, 'sealed_ms')
  if (sealedMs === null) return
  for (const table of TIMED_TABLES) await roomFor(db, table, sealedMs + AHEAD_MS)
}

/** A month each, for rows that will come in another order. */
export async function roomForSpan(
  db: Database,
  table: TimedTable,
  span: { readonly fromMs: number; readonly lastMs: number },
): Promise<void> {
  const { fromMs, lastMs } = span
  assert(fromMs <= lastMs, 'a span does not end before it begins')
  for (let atMs = fromMs; atMs < lastMs; atMs = monthEndMs(atMs)) await roomFor(db, table, atMs)
  await roomFor(db, table, lastMs)
}

/**
 * Takes away the first month of a table, and what is before it, where all of it is before `dueMs`;
 * the last run of a card stays, and one that lasted beyond. Answers how many rows went; `null`: no
 * month is due, or the table is in use.
 */
export async function dropMonth(
  db: Database,
  table: TimedTable,
  dueMs: number,
): Promise<number | null> {
  const [, seen] = await partitionsOf(db, table)
  if (seen === undefined || seen.toMs > dueMs) return null
  await lock(db, 'months')
  const [before, first] = await partitionsOf(db, table)
  assert(before?.name === `${table}_before`, 'the first partition holds what was before')
  if (first === undefined || first.toMs > dueMs) return null
  try {
    return await db.attempt(
      () => replaceBefore(db, table, { before, first, dueMs }),
      () => true,
    )
  } catch (error) {
    if (isLockTimeout(error)) return null
    throw error
  }
}

async function replaceBefore(
  db: Database,
  table: TimedTable,
  { before, dueMs, first }: { before: Partition; first: Partition; dueMs: number },
): Promise<number> {
  const next = `${table}_next`
  await db.exec(`SET LOCAL lock_timeout = ${ALONE_WITHIN_MS}`)
  // Read as ever, but not written: what stays is looked for first.
  await db.exec(`LOCK TABLE ${before.name}, ${first.name} IN SHARE MODE`)
  const rows = await countRows(db, table, [before, first])
  await db.exec(`CREATE TABLE ${next} (LIKE ${table} INCLUDING ALL)`)
  const kept = table === 'runs' ? await keepRuns(db, first.toMs, dueMs) : 0
  await db.exec(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`)
  await db.exec(`DROP TABLE ${before.name}; DROP TABLE ${first.name};
    ALTER TABLE ${next} RENAME TO ${before.name};
    ALTER TABLE ${table} ATTACH PARTITION ${before.name}
      FOR VALUES FROM (MINVALUE) TO (${first.toMs});
    SET LOCAL lock_timeout TO DEFAULT`)
  return Math.max(0, rows - kept)
}

/** Of each card at most the last that began by then. Answers how many there are. */
async function keepRuns(db: Database, endMs: number, dueMs: number): Promise<number> {
  const { changes } = await db.run(sql`
    INSERT INTO runs_next SELECT r.* FROM units u
    CROSS JOIN LATERAL (SELECT * FROM runs c WHERE c.unit_id = u.unit_id AND c.start_ms < ${endMs}
      ORDER BY c.start_ms DESC LIMIT 1) r
    WHERE r.end_ms > ${dueMs} OR NOT EXISTS
      (SELECT 1 FROM runs l WHERE l.unit_id = u.unit_id AND l.start_ms >= ${endMs})`)
  return changes
}

async function countRows(
  db: Database,
  table: TimedTable,
  partitions: readonly Partition[],
): Promise<number> {
  const row =
    (await db.get(sql`
      SELECT sum(pg_relation_size(oid))::bigint AS bytes,
        sum(greatest(reltuples, 0))::bigint AS estimated
      FROM pg_class WHERE relname = ANY(${partitions.map(({ name }) => name)}::text[])
        AND relnamespace = current_schema()::regnamespace`)) ?? {}
  if (integer(row, 'bytes') > COUNTED_BYTES_MAX) return integer(row, 'estimated')
  const endMs = partitions.at(-1)?.toMs ?? 0
  return integer((await db.get(COUNTS[table](endMs))) ?? {}, 'rows')
}

const COUNTS: Readonly<Record<TimedTable, (endMs: number) => Sql>> = {
  runs: (endMs) => sql`SELECT count(*) AS rows FROM runs WHERE start_ms < ${endMs}`,
  unit_hours: (endMs) => sql`SELECT count(*) AS rows FROM unit_hours WHERE hour_ms < ${endMs}`,
}

async function makeMonth(
  db: Database,
  table: TimedTable,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<void> {
  const [year, month] = new Date(toMs - 1).toISOString().split('-')
  const name = `${table}_${year}_${month}`
  // Not PARTITION OF, for which everybody would have to wait.
  await db.exec(`CREATE TABLE ${name} (LIKE ${table} INCLUDING ALL);
    ALTER TABLE ${table} ATTACH PARTITION ${name} FOR VALUES FROM (${fromMs}) TO (${toMs})`)
}

function monthEndMs(atMs: number): number {
  const at = new Date(atMs)
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1)
}

async function endOf(db: Database, table: TimedTable): Promise<number> {
  const last = (await partitionsOf(db, table)).at(-1)
  assert(last !== undefined, 'a table has its first partition from the beginning')
  return last.toMs
}

/** In order of time. */
async function partitionsOf(db: Database, table: TimedTable): Promise<readonly Partition[]> {
  const rows = await db.all(sql`
    SELECT c.relname::text AS name, substring(pg_get_expr(c.relpartbound, c.oid)
      FROM ${"TO \\('(-?\\d+)'\\)"})::bigint AS to_ms
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = ${table}::text::regclass ORDER BY to_ms`)
  return rows.map((row) => ({ name: text(row, 'name'), toMs: integer(row, 'to_ms') }))
}
