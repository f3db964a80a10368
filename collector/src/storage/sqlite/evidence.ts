/**
 * Stored evidence of one unit, read as the ledger knew it at a given instant: closed runs, the open
 * run, silences. A run without `recordedAtMs` was known as it happened; a late one from then on.
 */
import type { NodeId, UnitId } from '../../model/ids.ts'
import type { OpenNode, Silence, StoredRun } from '../../model/timeline.ts'
import { openRunOf, type Span, withOpenRun } from '../evidence.ts'
import { runOf, silenceOf } from '../rows.ts'
import type { Database } from './driver.ts'
import { readOpen } from './open-row.ts'

/** Open rows, each read and unpacked once per answer. */
export class OpenRows {
  readonly #db: Database
  readonly #rows = new Map<NodeId, OpenNode | null>()

  constructor(db: Database) {
    this.#db = db
  }

  add(open: OpenNode): void {
    this.#rows.set(open.nodeId, open)
  }

  of(nodeId: NodeId): OpenNode | null {
    const known = this.#rows.get(nodeId)
    if (known !== undefined) return known
    const open = readOpen(this.#db, nodeId)
    this.#rows.set(nodeId, open)
    return open
  }

  /** The open run of a unit; `null` while nothing has been booked in it. */
  runOf(nodeId: NodeId, unitId: UnitId): StoredRun | null {
    return openRunOf(this.of(nodeId), unitId)
  }
}

/** Runs that touch the span, in order, the open one last. */
export function readRuns(
  db: Database,
  unitId: UnitId,
  span: Span,
  openRun: StoredRun | null,
): readonly StoredRun[] {
  const runs = db
    .all(
      `SELECT * FROM runs WHERE unit_id = ? AND start_ms < ? AND end_ms > ? AND start_ms >=
         COALESCE((SELECT max(start_ms) FROM runs WHERE unit_id = ? AND start_ms <= ?), 0)
       ORDER BY start_ms`,
      unitId,
      span.toMs,
      span.fromMs,
      unitId,
      span.fromMs,
    )
    .map(runOf)
  return withOpenRun(runs, openRun, span)
}

/** Silences of the unit, its node's included, that touch the span and were declared by then. */
export function readSilences(
  db: Database,
  unit: { readonly nodeId: NodeId; readonly unitId: UnitId },
  span: Span,
  knownAtMs: number,
): readonly Silence[] {
  return db
    .all(
      `SELECT * FROM silences WHERE node_id = ? AND (unit_id IS NULL OR unit_id = ?)
         AND from_ms < ? AND (to_ms IS NULL OR to_ms > max(?, from_ms)) AND declared_at_ms <= ?
       ORDER BY from_ms, silence_id`,
      unit.nodeId,
      unit.unitId,
      span.toMs,
      span.fromMs,
      knownAtMs,
    )
    .map(silenceOf)
}
