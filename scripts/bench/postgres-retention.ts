/**
 * What it takes to let a month of runs and hours of cards go on PostgreSQL: row by row, as what lies
 * in the partition from before there were months, and as a month of its own. Both in one run, through
 * the port, without the pauses that the pruner makes.
 */
import { HOUR_MS } from '@yiben/shared'
import { Pool } from '../../collector/src/storage/postgres/driver.ts'
import { roomFor, TIMED_TABLES, WHEN } from '../../collector/src/storage/postgres/months.ts'
import { openPostgresStore } from '../../collector/src/storage/postgres/store.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import { statement } from '../../test/support/postgres.ts'
import { BenchDatabase } from './support/bench-database.ts'
import { rounded, sayFigure } from './support/figure.ts'
import { MADE_UP_LEDGER } from './support/made-up-ledger.ts'
import { readOptions } from './support/options.ts'

const DAY_MS = 24 * HOUR_MS
const MONTH_MS = Date.UTC(2026, 0, 1)
const NEXT_MONTH_MS = Date.UTC(2026, 1, 1)
const DAYS = (NEXT_MONTH_MS - MONTH_MS) / DAY_MS
/** All of the month is due, and sealed. */
const KEPT_FROM_MS = NEXT_MONTH_MS + 40 * DAY_MS
/** As the pruner asks. */
const ROWS_PER_CALL = 500
const COLUMNS_OF_ZEROS = 19

const { cards, changes } = readOptions({
  script: 'postgres-retention.ts',
  sentence: 'Seconds in which a month of what single cards did goes from PostgreSQL.',
  numbers: {
    cards: { default: 1_000, min: 10, max: 100_000, sentence: 'cards that have lived a month' },
    changes: { default: 20, min: 1, max: 1_000, sentence: 'changes of state per card and day' },
  },
  switches: {},
})

async function fill(url: string): Promise<number> {
  const runMs = DAY_MS / changes
  const zeros = Array.from({ length: COLUMNS_OF_ZEROS }, () => '0').join(', ')
  await statement(
    url,
    `SET session_replication_role = replica;
     INSERT INTO units (accelerator_id, node_id, kind, profile_id, share_ppm, valid_from_ms,
       known_from_ms) SELECT card, 'n', 'card', 1, 1000000, 0, 0 FROM generate_series(1, ${cards}) card;
     INSERT INTO seals (hour_ms, version, sealed_at_ms) VALUES (${KEPT_FROM_MS}, 1, 0);
     INSERT INTO runs SELECT unit_id, at.ms, at.ms + ${runMs}, 3, NULL FROM generate_series(
       ${MONTH_MS}::bigint, ${NEXT_MONTH_MS}::bigint, ${runMs}::bigint) at (ms), units;
     INSERT INTO unit_hours SELECT at.ms, unit_id, ${zeros} FROM generate_series(${MONTH_MS}::bigint,
       ${NEXT_MONTH_MS - HOUR_MS}::bigint, ${HOUR_MS}::bigint) at (ms), units`,
  )
  await statement(url, 'VACUUM ANALYZE')
  return cards * (DAYS * changes + DAYS * 24)
}

/** Where rows of the month lie before the first is written. */
async function makePlace(url: string, place: 'before' | 'month'): Promise<void> {
  const pool = new Pool({ url, connections: 1 })
  await pool.transaction('write', async (db) => {
    for (const table of TIMED_TABLES) {
      if (place === 'before') {
        await db.exec(`ALTER TABLE ${table} DETACH PARTITION ${table}_before;
          ALTER TABLE ${table} ATTACH PARTITION ${table}_before
            FOR VALUES FROM (MINVALUE) TO (${NEXT_MONTH_MS})`)
      } else await roomFor(db, table, MONTH_MS)
    }
  })
  await pool.transaction('write', async (db) => {
    for (const table of TIMED_TABLES) await roomFor(db, table, NEXT_MONTH_MS)
  })
  await pool.close()
}

async function pruneAll(store: Store) {
  const waits: number[] = []
  let rows = 0
  let afterUnitId: Parameters<Store['pruneTimeline']>[0]['afterUnitId'] = null
  for (let isDone = false; !isDone; ) {
    const startMs = performance.now()
    const done: Awaited<ReturnType<Store['pruneTimeline']>> = await store.pruneTimeline({
      ...{ keptFromMs: KEPT_FROM_MS, refusedKeptFromMs: 0, afterUnitId, rowsMax: ROWS_PER_CALL },
    })
    waits.push(performance.now() - startMs)
    rows += done.rows
    afterUnitId = done.nextUnitId
    isDone = done.isDone
  }
  return { rows, waits }
}

async function number(url: string, text: string): Promise<number> {
  const [row] = await statement(url, `SELECT (${text})::text AS figure`)
  return Number((row as { readonly figure: string }).figure)
}

async function run(place: 'before' | 'month') {
  await using database = await BenchDatabase.start()
  const { url } = database
  const store = await openPostgresStore({ url, newLedger: MADE_UP_LEDGER })
  try {
    await makePlace(url, place)
    const stored = await fill(url)
    const bytesBefore = await database.bytes()
    const walBefore = await number(url, `pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')`)
    const startMs = performance.now()
    const { rows, waits } = await pruneAll(store)
    const tookMs = performance.now() - startMs
    const wal = await number(url, `pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')`)
    const left = await Promise.all(
      TIMED_TABLES.map((table) =>
        number(url, `SELECT count(*) FROM ${table} WHERE ${WHEN[table]} < ${NEXT_MONTH_MS}`),
      ),
    )
    if (left.some((count) => count > 0)) throw new Error(`${left} rows are left`)
    return {
      stored,
      rows_told: rows,
      took_s: rounded(tookMs / 1_000),
      calls: waits.length,
      call_ms_max: rounded(Math.max(...waits)),
      log_mb: rounded((wal - walBefore) / 1e6),
      database_mb: rounded(bytesBefore / 1e6),
      database_mb_after: rounded((await database.bytes()) / 1e6),
    }
  } finally {
    await store.close()
  }
}

const rowByRow = await run('before')
const asOne = await run('month')
sayFigure({
  what: 'a month of runs and hours of cards goes from PostgreSQL as one',
  figure: asOne.took_s,
  unit: 's',
  bar: null,
  details: { cards, changes, row_by_row: rowByRow, as_one: asOne },
})
