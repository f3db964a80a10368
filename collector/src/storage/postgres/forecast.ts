/**
 * What the forecast reads of the timeline, and what it keeps: its state with its cursor in one
 * transaction, and what it said of each hour together with the entry that tells of it.
 */
import type { NodeSight } from '../../model/forecast.ts'
import type { UnitId } from '../../model/ids.ts'
import { closedWindowOf } from '../deposit-rows.ts'
import { hourOf, sightOf, WINDOWS_PER_CARD_MAX } from '../forecast-rows.ts'
import { PAGE_ROWS_MAX } from '../paging.ts'
import type { ForecastHourWrite, ForecastStateWrite } from '../requests.ts'
import { profileOf } from '../rows.ts'
import type { Store } from '../store.ts'
import { bytes, integer, text } from '../values.ts'
import { lockCursor, putCursor, readCursor } from './deposits.ts'
import type { Database } from './driver.ts'
import { CHANGED_TABLES, OPEN_COLUMNS } from './open-row.ts'
import { addToOutbox } from './outbox.ts'
import { sql } from './sql.ts'

const FOLLOWER = 'forecast'

type ForecastMethods = Pick<
  Store,
  | 'readNodeSights'
  | 'readWindowsFrom'
  | 'readForecastState'
  | 'writeForecastState'
  | 'writeForecastHour'
  | 'readForecastHour'
>

export function forecastMethods(db: Database): ForecastMethods {
  return {
    readNodeSights: async (afterChangeSeq, limit) =>
      await readNodeSights(db, afterChangeSeq, limit),

    readWindowsFrom: async (keys) => {
      const rows = await db.all(sql`
        SELECT w.* FROM unnest(${keys.map(({ unitId }) => unitId)}::bigint[],
            ${keys.map(({ fromMs }) => fromMs)}::bigint[])
          WITH ORDINALITY asked (unit_id, from_ms, place)
        CROSS JOIN LATERAL (SELECT * FROM closed_windows c
          WHERE c.unit_id = asked.unit_id AND c.start_ms >= asked.from_ms
          ORDER BY c.start_ms LIMIT ${WINDOWS_PER_CARD_MAX}) w
        ORDER BY asked.place, w.start_ms`)
      return rows.map(closedWindowOf)
    },

    readForecastState: async () => {
      const row = await db.get(sql`SELECT bytes FROM forecast_state`)
      if (row === undefined) return null
      return { cursor: await readCursor(db, FOLLOWER), bytes: bytes(row, 'bytes') }
    },

    writeForecastState: async (write) => await writeState(db, write),
    writeForecastHour: async (write) => await writeHour(db, write),

    readForecastHour: async (hourMs) => {
      const row = await db.get(sql`SELECT * FROM forecast_hours WHERE hour_ms = ${hourMs}`)
      return row === undefined ? null : hourOf(row)
    },
  }
}

async function readNodeSights(
  db: Database,
  afterChangeSeq: number,
  limit: number,
): Promise<readonly NodeSight[]> {
  const nodes = await db.all(
    sql`SELECT ${OPEN_COLUMNS}, n.site_code FROM ${CHANGED_TABLES}
      JOIN nodes n ON n.node_id = o.node_id
     WHERE k.change_seq > ${afterChangeSeq} ORDER BY k.change_seq
       LIMIT ${Math.max(1, Math.min(limit, PAGE_ROWS_MAX))}`,
  )
  const nodeIds = nodes.map((row) => text(row, 'node_id'))
  const cards = await db.all(sql`
    SELECT u.unit_id, p.vendor, p.printed_name, p.memory_total_mib, p.power_cap_watts
    FROM units u JOIN profiles p ON p.profile_id = u.profile_id
    WHERE u.node_id = ANY(${nodeIds}::text[]) AND u.kind = 'card' AND u.valid_to_ms IS NULL
      AND u.is_counted`)
  const placed = new Map(
    cards.map((row) => [integer(row, 'unit_id') as UnitId, profileOf(row)] as const),
  )
  return nodes.map((row) => sightOf(row, placed))
}

async function writeState(
  db: Database,
  { cursor, expectedCursor, state, writtenAtMs }: ForecastStateWrite,
): Promise<{ readonly status: 'written' | 'stale' }> {
  if ((await lockCursor(db, FOLLOWER)) !== expectedCursor) return { status: 'stale' }
  await db.run(
    sql`INSERT INTO forecast_state (one, written_at_ms, bytes) VALUES (1, ${writtenAtMs}, ${state})
     ON CONFLICT (one) DO UPDATE SET
       written_at_ms = excluded.written_at_ms, bytes = excluded.bytes`,
  )
  await putCursor(db, FOLLOWER, cursor)
  return { status: 'written' }
}

/** What was said of an hour is said once: after a crash the first list stays. */
async function writeHour(
  db: Database,
  { hour, keptFromMs, outbox }: ForecastHourWrite,
): Promise<{ readonly status: 'written' | 'known' }> {
  const { changes } = await db.run(
    sql`INSERT INTO forecast_hours (hour_ms, windows, models, sha256, bytes)
     VALUES (${hour.hourMs}, ${hour.windows}, ${hour.models}, ${hour.sha256}, ${hour.bytes})
       ON CONFLICT (hour_ms) DO NOTHING`,
  )
  if (changes === 0) return { status: 'known' }
  await db.run(sql`DELETE FROM forecast_hours WHERE hour_ms < ${keptFromMs}`)
  addToOutbox(db, outbox)
  return { status: 'written' }
}
