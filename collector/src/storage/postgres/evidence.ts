/**
 * Stored evidence of units, read as the ledger knew it at a given instant: closed runs, the open
 * run, silences; of one unit or of many at once.
 */
import { assert } from '@yiben/shared'
import type { NodeId, UnitId } from '../../model/ids.ts'
import type { OpenNode, Silence, StoredRun } from '../../model/timeline.ts'
import { openRunOf, type Span, withOpenRun } from '../evidence.ts'
import { runOf, silenceOf } from '../rows.ts'
import type { Database } from './driver.ts'
import { readOpen, readOpens } from './open-row.ts'
import { sql } from './sql.ts'

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

  /** Reads those that have not been read yet in one statement. */
  async load(nodeIds: Iterable<NodeId>): Promise<void> {
    const missing = [...new Set(nodeIds)].filter((nodeId) => !this.#rows.has(nodeId))
    for (const nodeId of missing) this.#rows.set(nodeId, null)
    for (const open of await readOpens(this.#db, missing)) this.add(open)
  }

  async of(nodeId: NodeId): Promise<OpenNode | null> {
    const known = this.#rows.get(nodeId)
    if (known !== undefined) return known
    const open = await readOpen(this.#db, nodeId)
    this.#rows.set(nodeId, open)
    return open
  }

  /** Of a node that has been read. */
  loaded(nodeId: NodeId): OpenNode | null {
    const open = this.#rows.get(nodeId)
    assert(open !== undefined, 'open rows are read before they are looked at')
    return open
  }

  /** The open run of a unit whose node has been read. */
  runOf(nodeId: NodeId, unitId: UnitId): StoredRun | null {
    return openRunOf(this.loaded(nodeId), unitId)
  }
}

/** Runs that touch the span, in order, the open one last. */
export async function readRuns(
  db: Database,
  unitId: UnitId,
  span: Span,
  openRun: StoredRun | null,
): Promise<readonly StoredRun[]> {
  const closed = await readClosedRuns(db, [unitId], span)
  return withOpenRun(closed.get(unitId) ?? [], openRun, span)
}

/** By unit; one without any is left out. */
export async function readClosedRuns(
  db: Database,
  unitIds: readonly UnitId[],
  span: Span,
): Promise<ReadonlyMap<UnitId, readonly StoredRun[]>> {
  if (unitIds.length === 0) return new Map()
  const rows = await db.all(sql`
    SELECT r.* FROM unnest(${unitIds}::bigint[]) asked (unit_id) CROSS JOIN LATERAL (
      SELECT * FROM runs c WHERE c.unit_id = asked.unit_id AND c.start_ms < ${span.toMs}
        AND c.end_ms > ${span.fromMs} AND c.start_ms >= COALESCE(
          (SELECT max(b.start_ms) FROM runs b WHERE b.unit_id = asked.unit_id
            AND b.start_ms <= ${span.fromMs}), 0)) r
    ORDER BY r.unit_id, r.start_ms`)
  return Map.groupBy(rows.map(runOf), ({ unitId }) => unitId)
}

/** Silences of the unit, its node's included, that touch the span and were declared by then. */
export async function readSilences(
  db: Database,
  unit: { readonly nodeId: NodeId; readonly unitId: UnitId },
  span: Span,
  knownAtMs: number,
): Promise<readonly Silence[]> {
  const all = (await readNodeSilences(db, [unit.nodeId], span, knownAtMs)).get(unit.nodeId) ?? []
  return all.filter(({ unitId }) => unitId === null || unitId === unit.unitId)
}

/** By node, also those of single units of it. */
export async function readNodeSilences(
  db: Database,
  nodeIds: readonly NodeId[],
  span: Span,
  knownAtMs: number,
): Promise<ReadonlyMap<NodeId, readonly Silence[]>> {
  if (nodeIds.length === 0) return new Map()
  const rows = await db.all(sql`
    SELECT * FROM silences WHERE node_id = ANY(${nodeIds}::text[]) AND from_ms < ${span.toMs}
      AND (to_ms IS NULL OR to_ms > greatest(${span.fromMs}, from_ms))
      AND declared_at_ms <= ${knownAtMs}
    ORDER BY from_ms, silence_id`)
  return Map.groupBy(rows.map(silenceOf), ({ nodeId }) => nodeId)
}
