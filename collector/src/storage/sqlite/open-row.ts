/** Open rows (their form: ../open-row.ts) on SQLite: written, read, and numbered by their last change. */
import { assert } from '@yiben/shared'
import type { NodeId } from '../../model/ids.ts'
import type { OpenNode } from '../../model/timeline.ts'
import { openOf, packedOpen } from '../open-row.ts'
import { integer } from '../values.ts'
import type { Database } from './driver.ts'

export const OPEN_COLUMNS = `o.node_id, o.change_seq, o.timeline_end_ms, o.epoch, o.boot_id,
  o.facts_revision, o.policy, o.cpu, o.runs, o.units`

const PUT_OPEN = `
  INSERT INTO open_nodes
    (node_id, change_seq, timeline_end_ms, epoch, boot_id, facts_revision, policy, cpu, runs, units)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (node_id) DO UPDATE SET
    change_seq = excluded.change_seq, timeline_end_ms = excluded.timeline_end_ms,
    epoch = excluded.epoch, boot_id = excluded.boot_id, facts_revision = excluded.facts_revision,
    policy = excluded.policy, cpu = excluded.cpu, runs = excluded.runs, units = excluded.units`

/** Writes the row under a new change number, which it answers. */
export function putOpen(db: Database, open: OpenNode): number {
  const changeSeq = nextChangeSeq(db)
  db.run(
    PUT_OPEN,
    open.nodeId,
    changeSeq,
    open.timelineEndMs,
    open.epoch,
    open.bootId,
    open.factsRevision,
    ...packedOpen(open),
  )
  return changeSeq
}

export function readOpen(db: Database, nodeId: NodeId): OpenNode | null {
  const row = db.get(`SELECT ${OPEN_COLUMNS} FROM open_nodes o WHERE o.node_id = ?`, nodeId)
  return row === undefined ? null : openOf(row)
}

/** Lets followers look at a node again whose account has changed outside its timeline. */
export function markChanged(db: Database, nodeIds: Iterable<NodeId>): void {
  for (const nodeId of new Set(nodeIds)) {
    const seq = nextChangeSeq(db)
    db.run('UPDATE open_nodes SET change_seq = ? WHERE node_id = ?', seq, nodeId)
  }
}

function nextChangeSeq(db: Database): number {
  const row = db.get(
    "UPDATE counters SET value = value + 1 WHERE name = 'change_seq' RETURNING value",
  )
  assert(row !== undefined, 'the change counter is there from the first migration')
  return integer(row, 'value')
}
