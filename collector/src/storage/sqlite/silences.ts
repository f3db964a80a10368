/** Spans of which a node or a unit has told nothing: begun, ended, and read by span. */
import { assert } from '@yiben/shared'
import type { NodeId, UnitId } from '../../model/ids.ts'
import type { ClosedWindow, Silence } from '../../model/timeline.ts'
import { silenceOf } from '../rows.ts'
import { text } from '../values.ts'
import { markDirty } from './dirty.ts'
import type { Database } from './driver.ts'
import type { SyncStore } from './methods.ts'
import { putOpen, readOpen } from './open-row.ts'
import { addToOutbox } from './outbox.ts'

type SilenceMethods = Pick<SyncStore, 'beginSilences'>

export function silenceMethods(db: Database): SilenceMethods {
  return {
    beginSilences: (silences, closedWindows, outbox) => {
      const begun = new Set<NodeId>()
      for (const silence of silences) {
        if (!isNewSilence(db, silence)) continue
        insertSilence(db, silence)
        begun.add(silence.nodeId)
      }
      endWindows(db, begun, closedWindows)
      addToOutbox(db, outbox)
    },
  }
}

export function insertSilence(db: Database, silence: Omit<Silence, 'silenceId'>): void {
  db.run(
    `INSERT INTO silences (node_id, unit_id, from_ms, to_ms, code, declared_at_ms)
     VALUES (?, ?, ?, ?, ?, ?)`,
    silence.nodeId,
    silence.unitId,
    silence.fromMs,
    silence.toMs,
    silence.code,
    silence.declaredAtMs,
  )
  markDirty(db, silence.fromMs, silence.toMs)
}

export function endSilence(
  db: Database,
  end: { readonly silenceId: number; readonly toMs: number },
): void {
  db.run(
    'UPDATE silences SET to_ms = max(?, from_ms) WHERE silence_id = ? AND to_ms IS NULL',
    end.toMs,
    end.silenceId,
  )
  markDirty(db, end.toMs, null)
}

export function openSilences(db: Database, nodeId: NodeId): readonly Silence[] {
  return db
    .all('SELECT * FROM silences WHERE node_id = ? AND to_ms IS NULL ORDER BY silence_id', nodeId)
    .map(silenceOf)
}

export function insertClosedWindow(db: Database, window: ClosedWindow): void {
  db.run(
    `INSERT INTO closed_windows (unit_id, start_ms, age_start_ms, end_ms, proven_ms, end_code)
     VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (unit_id, start_ms) DO UPDATE SET age_start_ms = excluded.age_start_ms,
       end_ms = excluded.end_ms, proven_ms = excluded.proven_ms, end_code = excluded.end_code`,
    window.unitId,
    window.startMs,
    window.ageStartMs,
    window.endMs,
    window.provenMs,
    window.endCode,
  )
}

/** Not when the node is silent already, nor when it has told more than the decision knew of. */
function isNewSilence(db: Database, silence: Omit<Silence, 'silenceId'>): boolean {
  const known = db.get(
    'SELECT silence_id FROM silences WHERE node_id = ? AND to_ms IS NULL AND unit_id IS ?',
    silence.nodeId,
    silence.unitId,
  )
  if (known !== undefined) return false
  const ahead = db.get(
    'SELECT 1 AS ahead FROM open_nodes WHERE node_id = ? AND timeline_end_ms > ?',
    silence.nodeId,
    silence.fromMs,
  )
  return silence.unitId !== null || ahead === undefined
}

/** Takes the windows that end out of the open rows, and lets followers look at these nodes. */
function endWindows(
  db: Database,
  nodeIds: ReadonlySet<NodeId>,
  closedWindows: readonly ClosedWindow[],
): void {
  const ended = new Set<UnitId>()
  for (const window of closedWindows) {
    const unit = db.get('SELECT node_id FROM units WHERE unit_id = ?', window.unitId)
    assert(unit !== undefined, 'a window belongs to a known unit')
    if (!nodeIds.has(text(unit, 'node_id') as NodeId)) continue
    insertClosedWindow(db, window)
    ended.add(window.unitId)
  }
  for (const nodeId of nodeIds) {
    const open = readOpen(db, nodeId)
    if (open === null) continue
    const units = open.units.map((unit) =>
      ended.has(unit.unitId) ? { ...unit, window: null } : unit,
    )
    putOpen(db, { ...open, units })
  }
}
