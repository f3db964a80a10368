/**
 * When nodes were last heard, whichever process they are connected to: by the clock of the database,
 * because clocks of machines differ, and in a table that a crash of the database may empty, because
 * every node is heard again within seconds.
 */
import type { NodeId, SessionGeneration } from '../../model/ids.ts'
import type { HeardElsewhere } from '../members.ts'
import { flag, integer, integerOrNull, text, textOrNull } from '../values.ts'
import type { Database } from './driver.ts'
import { sql } from './sql.ts'

/** As long as a process may take to note again what it hears. */
const NOTED_MS_MAX = 30_000

const NOW_MS = sql`(extract(epoch FROM clock_timestamp()) * 1000)::bigint`

/** `heardAgoMs` is `null` where nothing was heard, and something else of the session has changed. */
export async function noteHeard(
  db: Database,
  heard: readonly {
    readonly nodeId: NodeId
    readonly generation: SessionGeneration
    readonly heardAgoMs: number | null
  }[],
): Promise<void> {
  const inOrder = heard.toSorted((left, right) => (left.nodeId < right.nodeId ? -1 : 1))
  const agoMs = inOrder.map(({ heardAgoMs }) =>
    heardAgoMs === null ? null : Math.round(heardAgoMs),
  )
  await db.run(sql`
    INSERT INTO heard (node_id, generation, heard_at_ms, noted_at_ms)
    SELECT node_id, generation, ${NOW_MS} - COALESCE(ago_ms, 0), ${NOW_MS}
    FROM unnest(${inOrder.map(({ nodeId }) => nodeId)}::text[],
      ${inOrder.map(({ generation }) => generation)}::bigint[], ${agoMs}::bigint[])
      AS asked (node_id, generation, ago_ms)
    ON CONFLICT (node_id) DO UPDATE SET generation = excluded.generation,
      heard_at_ms = CASE WHEN ${agoMs.includes(null)} THEN heard.heard_at_ms
        ELSE excluded.heard_at_ms END,
      noted_at_ms = excluded.noted_at_ms
    WHERE heard.generation <= excluded.generation`)
}

/** Of nodes with a session at another process than this one, open or ended a moment ago. */
export async function readHeardElsewhere(
  db: Database,
  instance: string,
): Promise<readonly HeardElsewhere[]> {
  const rows = await db.all(sql`
    SELECT h.node_id, h.generation, ${NOW_MS} - h.heard_at_ms AS ago_ms, s.is_connected,
      s.ended_reason, s.collector_instance, s.remote_address, n.site_code, s.clock_offset_ms
    FROM heard h JOIN sessions s ON s.node_id = h.node_id AND s.generation = h.generation
    JOIN nodes n ON n.node_id = h.node_id
    WHERE h.noted_at_ms > ${NOW_MS} - ${NOTED_MS_MAX} AND s.collector_instance <> ${instance}`)
  return rows.map((row) => ({
    nodeId: text(row, 'node_id') as NodeId,
    generation: integer(row, 'generation') as SessionGeneration,
    siteCode: text(row, 'site_code'),
    remoteAddress: text(row, 'remote_address'),
    instance: text(row, 'collector_instance'),
    heardAgoMs: Math.max(0, integer(row, 'ago_ms')),
    isConnected: flag(row, 'is_connected'),
    endedReason: textOrNull(row, 'ended_reason'),
    clockOffsetMs: integerOrNull(row, 'clock_offset_ms'),
  }))
}
