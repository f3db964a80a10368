/**
 * Stored evidence of one unit, read as the ledger knew it at a given instant: closed runs, the open
 * run, silences. A run without `recordedAtMs` was known as it happened; a late one from then on.
 */
import type { NodeId, UnitId } from '../../model/ids.ts'
import type { UnitRow } from '../../model/inventory.ts'
import type { OpenNode, Silence, StoredRun } from '../../model/timeline.ts'
import type { Database } from './driver.ts'
import { readOpen } from './open-row.ts'
import { runOf, silenceOf } from './rows.ts'

export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

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

/** The open run of a unit in its node's open row; `null` while nothing has been booked in it. */
export function openRunOf(open: OpenNode | null, unitId: UnitId): StoredRun | null {
  const unit = open?.units.find((one) => one.unitId === unitId)
  if (!open || unit === undefined || open.timelineEndMs <= unit.runStartMs) return null
  return {
    unitId,
    startMs: unit.runStartMs,
    endMs: open.timelineEndMs,
    code: unit.runCode,
    recordedAtMs: unit.runRecordedAtMs,
  }
}

/**
 * Up to where the node has told of a placement; `null` where it tells no more of it. One that moved
 * away before any of its time was booked is in no open row: its node may still come to that time.
 */
export function toldToMs(open: OpenNode | null, unit: UnitRow): number | null {
  const toldMs = open?.timelineEndMs ?? unit.validFromMs
  const isOpen = open?.units.some((one) => one.unitId === unit.unitId) ?? false
  const isAhead = unit.bookedToMs !== null && toldMs < unit.bookedToMs
  return isOpen || isAhead ? toldMs : null
}

/** Whether any of the run was known at `knownAtMs`. */
export function isKnownAt(run: StoredRun, knownAtMs: number): boolean {
  return run.recordedAtMs === null ? run.startMs <= knownAtMs : run.recordedAtMs <= knownAtMs
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

/** Closed runs that touch the span and, where it does, the open one behind them. */
export function withOpenRun(
  runs: readonly StoredRun[],
  openRun: StoredRun | null,
  span: Span,
): readonly StoredRun[] {
  const isOpenInside =
    openRun !== null && openRun.startMs < span.toMs && openRun.endMs > span.fromMs
  return isOpenInside ? [...runs, openRun] : runs
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

/** Length of what `spans` cover of `within`, each instant once, less what `except` covers. */
export function coveredMs(within: Span, spans: readonly Span[], except: readonly Span[]): number {
  return unionMs(within, [...spans, ...except]) - unionMs(within, except)
}

/** Length that two lists have in common within a span; neither list overlaps itself. */
export function commonMs(within: Span, left: readonly Span[], right: readonly Span[]): number {
  const union = unionMs(within, [...left, ...right])
  return unionMs(within, left) + unionMs(within, right) - union
}

function unionMs(within: Span, spans: readonly Span[]): number {
  const ordered = spans.toSorted((a, b) => a.fromMs - b.fromMs)
  let total = 0
  let reached = within.fromMs
  for (const span of ordered) {
    const from = Math.max(reached, span.fromMs)
    const to = Math.min(within.toMs, span.toMs)
    if (to <= from) continue
    total += to - from
    reached = to
  }
  return total
}
