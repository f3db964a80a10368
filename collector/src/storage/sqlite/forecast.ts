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
import { bytes, integer, text } from '../values.ts'
import { readCursor } from './deposits.ts'
import type { Database } from './driver.ts'
import type { SyncStore } from './methods.ts'
import { OPEN_COLUMNS } from './open-row.ts'
import { addToOutbox } from './outbox.ts'

const FOLLOWER = 'forecast'

type ForecastMethods = Pick<
  SyncStore,
  | 'readNodeSights'
  | 'readWindowsFrom'
  | 'readForecastState'
  | 'writeForecastState'
  | 'writeForecastHour'
  | 'readForecastHour'
>

export function forecastMethods(db: Database): ForecastMethods {
  return {
    readNodeSights: (afterChangeSeq, limit) => readNodeSights(db, afterChangeSeq, limit),

    readWindowsFrom: (keys) =>
      keys.flatMap(({ unitId, fromMs }) =>
        db
          .all(
            `SELECT * FROM closed_windows WHERE unit_id = ? AND start_ms >= ?
             ORDER BY start_ms LIMIT ?`,
            unitId,
            fromMs,
            WINDOWS_PER_CARD_MAX,
          )
          .map(closedWindowOf),
      ),

    readForecastState: () => {
      const row = db.get('SELECT bytes FROM forecast_state')
      if (row === undefined) return null
      return { cursor: readCursor(db, FOLLOWER), bytes: bytes(row, 'bytes') }
    },

    writeForecastState: (write) => writeState(db, write),
    writeForecastHour: (write) => writeHour(db, write),

    readForecastHour: (hourMs) => {
      const row = db.get('SELECT * FROM forecast_hours WHERE hour_ms = ?', hourMs)
      return row === undefined ? null : hourOf(row)
    },
  }
}

function readNodeSights(db: Database, afterChangeSeq: number, limit: number): readonly NodeSight[] {
  const nodes = db.all(
    `SELECT ${OPEN_COLUMNS}, n.site_code FROM open_nodes o JOIN nodes n ON n.node_id = o.node_id
     WHERE o.change_seq > ? ORDER BY o.change_seq LIMIT ?`,
    afterChangeSeq,
    Math.max(1, Math.min(limit, PAGE_ROWS_MAX)),
  )
  const placed = new Map(
    db
      .all(
        `SELECT u.unit_id, p.vendor, p.printed_name, p.memory_total_mib, p.power_cap_watts
         FROM json_each(?) asked JOIN units u ON u.node_id = asked.value
           AND u.kind = 'card' AND u.valid_to_ms IS NULL AND u.is_counted = 1
         JOIN profiles p ON p.profile_id = u.profile_id`,
        JSON.stringify(nodes.map((row) => text(row, 'node_id'))),
      )
      .map((row) => [integer(row, 'unit_id') as UnitId, profileOf(row)] as const),
  )
  return nodes.map((row) => sightOf(row, placed))
}

function writeState(
  db: Database,
  { cursor, expectedCursor, state, writtenAtMs }: ForecastStateWrite,
): { readonly status: 'written' | 'stale' } {
  if (readCursor(db, FOLLOWER) !== expectedCursor) return { status: 'stale' }
  db.run(
    `INSERT INTO forecast_state (one, written_at_ms, bytes) VALUES (1, ?, ?)
     ON CONFLICT (one) DO UPDATE SET
       written_at_ms = excluded.written_at_ms, bytes = excluded.bytes`,
    writtenAtMs,
    state,
  )
  db.run(
    `INSERT INTO cursors (follower, change_seq) VALUES (?, ?)
     ON CONFLICT (follower) DO UPDATE SET change_seq = excluded.change_seq`,
    FOLLOWER,
    cursor,
  )
  return { status: 'written' }
}

/** What was said of an hour is said once: after a crash the first list stays. */
function writeHour(
  db: Database,
  { hour, keptFromMs, outbox }: ForecastHourWrite,
): { readonly status: 'written' | 'known' } {
  const { changes } = db.run(
    `INSERT INTO forecast_hours (hour_ms, windows, models, sha256, bytes)
     VALUES (?, ?, ?, ?, ?) ON CONFLICT (hour_ms) DO NOTHING`,
    hour.hourMs,
    hour.windows,
    hour.models,
    hour.sha256,
    hour.bytes,
  )
  if (changes === 0) return { status: 'known' }
  db.run('DELETE FROM forecast_hours WHERE hour_ms < ?', keptFromMs)
  addToOutbox(db, outbox)
  return { status: 'written' }
}
