/**
 * The open row of a node (its form: ../open-row.ts), written for many nodes at once. The number
 * of its last change stands in a row of its own, so that the wide one is rewritten on its page.
 */
import type { NodeId } from '../../model/ids.ts'
import type { OpenNode } from '../../model/timeline.ts'
import { openOf, packedOpen } from '../open-row.ts'
import type { Database } from './driver.ts'
import { markChanged } from './outbox.ts'
import { sql } from './sql.ts'

/** What `openOf` reads; one that is being written has no number yet. */
export const OPEN_COLUMNS = sql`o.node_id, COALESCE(k.change_seq, 0) AS change_seq,
  o.timeline_end_ms, o.epoch, o.boot_id, o.facts_revision, o.policy, o.cpu, o.runs, o.units`
export const OPEN_TABLES = sql`open_nodes o LEFT JOIN node_changes k ON k.node_id = o.node_id`
/** In the order of their change; as good as `OPEN_TABLES` for those that have a number. */
export const CHANGED_TABLES = sql`node_changes k JOIN open_nodes o ON o.node_id = k.node_id`

/** Each node once; a change of each, which is numbered last. */
export async function putOpens(db: Database, opens: readonly OpenNode[]): Promise<void> {
  if (opens.length === 0) return
  const packed = opens.map(packedOpen)
  await db.run(sql`
    INSERT INTO open_nodes
      (node_id, timeline_end_ms, epoch, boot_id, facts_revision, policy, cpu, runs, units)
    SELECT * FROM unnest(${opens.map(({ nodeId }) => nodeId)}::text[],
      ${opens.map(({ timelineEndMs }) => timelineEndMs)}::bigint[],
      ${opens.map(({ epoch }) => epoch)}::text[], ${opens.map(({ bootId }) => bootId)}::text[],
      ${opens.map(({ factsRevision }) => factsRevision)}::bigint[],
      ${packed.map(([policy]) => policy)}::text[], ${packed.map(([, cpu]) => cpu)}::text[],
      ${packed.map(([, , runs]) => runs)}::text[], ${packed.map(([, , , units]) => units)}::text[])
    ON CONFLICT (node_id) DO UPDATE SET timeline_end_ms = excluded.timeline_end_ms,
      epoch = excluded.epoch, boot_id = excluded.boot_id, facts_revision = excluded.facts_revision,
      policy = excluded.policy, cpu = excluded.cpu, runs = excluded.runs, units = excluded.units`)
  markChanged(
    db,
    opens.map(({ nodeId }) => nodeId),
  )
}

export async function readOpen(db: Database, nodeId: NodeId): Promise<OpenNode | null> {
  const [open] = await readOpens(db, [nodeId])
  return open ?? null
}

/** In no order; a node without one is left out. */
export async function readOpens(
  db: Database,
  nodeIds: readonly NodeId[],
): Promise<readonly OpenNode[]> {
  if (nodeIds.length === 0) return []
  const rows = await db.all(sql`
    SELECT ${OPEN_COLUMNS} FROM ${OPEN_TABLES} WHERE o.node_id = ANY(${nodeIds}::text[])`)
  return rows.map(openOf)
}
