/** Runs of one unit against spans of time: which are known, what they cover and have in common. */
import type { UnitId } from '../model/ids.ts'
import type { UnitRow } from '../model/inventory.ts'
import type { OpenNode, StoredRun } from '../model/timeline.ts'

export interface Span {
  readonly fromMs: number
  readonly toMs: number
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
