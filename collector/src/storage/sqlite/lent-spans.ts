/**
 * The time that each card was lent, in versions: kept with every change of a draw, read as it was
 * known at an instant. What changes in a sealed hour makes it dirty.
 */
import { HOUR_MS } from '@yiben/shared'
import type { Claim, Draw } from '../../model/draw.ts'
import type { UnitId } from '../../model/ids.ts'
import type { Span } from '../evidence.ts'
import {
  isSame,
  knownFromMs,
  type LentSpan,
  lentSpanOf,
  REACHES_MS,
  reachOf,
  spanOf,
} from '../lent-spans.ts'
import type { LeaseSpan } from '../requests.ts'
import { integer, storedJson, text, textOrNull } from '../values.ts'
import { markDirty } from './dirty.ts'
import type { Database } from './driver.ts'

const REACHES = JSON.stringify(REACHES_MS)

/**
 * Brings the spans of a draw's claims to what the draw says now, known from `knownAtMs` on; answers
 * the ordinals of those that differ.
 */
export function keepLentSpans(
  db: Database,
  drawNumber: number,
  { claims }: Pick<Draw, 'claims'>,
  knownAtMs: number,
): readonly number[] {
  const promised = claims.filter(({ startMs, unitId }) => startMs !== null && unitId !== null)
  if (promised.length === 0) return []
  const stored = new Map(
    db
      .all(
        `SELECT ordinal, start_ms, end_ms, end_kind, known_from_ms FROM lent_spans
         WHERE draw_number = ? AND known_to_ms IS NULL`,
        drawNumber,
      )
      .map((row) => [integer(row, 'ordinal'), row]),
  )
  const changed: number[] = []
  for (const claim of promised) {
    const span = spanOf(claim)
    const row = stored.get(claim.ordinal)
    const before = row === undefined ? null : lentSpanOf(row)
    if (span === null || (before !== null && isSame(before, span))) continue
    changed.push(claim.ordinal)
    // A clock that stepped back must not make a version known before the one it replaces.
    const fromMs = row === undefined ? knownAtMs : Math.max(knownAtMs, knownFromMs(row))
    endVersion(db, drawNumber, claim.ordinal, fromMs)
    insertVersion(db, drawNumber, claim, span, fromMs)
    markMoved(db, before, span)
  }
  return changed
}

/** Of one card, as known then: those that reach into the span, in order. */
export function lentSpansOf(
  db: Database,
  unitId: UnitId,
  span: Span,
  knownAtMs: number,
): readonly LeaseSpan[] {
  return db
    .all(
      `SELECT c.lease_id, l.start_ms, l.end_ms FROM lent_spans l JOIN claims c
         ON c.draw_number = l.draw_number AND c.ordinal = l.ordinal
       WHERE l.unit_id = ? AND l.start_ms < ? AND l.end_ms > max(?, l.start_ms)
         AND l.known_from_ms <= ? AND (l.known_to_ms IS NULL OR l.known_to_ms > ?)
       ORDER BY l.start_ms`,
      unitId,
      span.toMs,
      span.fromMs,
      knownAtMs,
      knownAtMs,
    )
    .map((row) => ({
      leaseId: textOrNull(row, 'lease_id') ?? '',
      fromMs: integer(row, 'start_ms'),
      toMs: integer(row, 'end_ms'),
    }))
}

/** Cards under a lease at the instant, as known then; as one value, because a country asks. */
export function lentAt(
  db: Database,
  { asOfMs, knownAtMs }: { readonly asOfMs: number; readonly knownAtMs: number },
): readonly UnitId[] {
  const row = db.get(
    `SELECT json_group_array(l.unit_id) AS unit_ids
     FROM (SELECT ? AS as_of, ? AS known) at, json_each(?) reach
     CROSS JOIN lent_spans l INDEXED BY lent_spans_reach ON l.reach_ms = reach.value
       AND l.start_ms > at.as_of - reach.value AND l.start_ms <= at.as_of
     WHERE l.end_ms > at.as_of AND l.known_from_ms <= at.known
       AND (l.known_to_ms IS NULL OR l.known_to_ms > at.known)`,
    asOfMs,
    knownAtMs,
    REACHES,
  )
  return storedJson<readonly UnitId[]>(text(row ?? {}, 'unit_ids'))
}

/** By card, as known now: what of the hour was lent; a card without any is left out. */
export function lentInHour(db: Database, hourMs: number): ReadonlyMap<UnitId, readonly Span[]> {
  const byUnit = new Map<UnitId, Span[]>()
  const rows = db.all(
    `SELECT l.unit_id, l.start_ms, l.end_ms
     FROM (SELECT ? AS from_ms, ? AS to_ms) hour, json_each(?) reach
     CROSS JOIN lent_spans l INDEXED BY lent_spans_reach ON l.reach_ms = reach.value
       AND l.start_ms > hour.from_ms - reach.value AND l.start_ms < hour.to_ms
     WHERE l.end_ms > max(hour.from_ms, l.start_ms) AND l.known_to_ms IS NULL
     ORDER BY l.unit_id, l.start_ms`,
    hourMs,
    hourMs + HOUR_MS,
    REACHES,
  )
  for (const row of rows) {
    const unitId = integer(row, 'unit_id') as UnitId
    const spans = byUnit.get(unitId) ?? []
    spans.push({ fromMs: integer(row, 'start_ms'), toMs: integer(row, 'end_ms') })
    byUnit.set(unitId, spans)
  }
  return byUnit
}

function endVersion(db: Database, drawNumber: number, ordinal: number, knownToMs: number): void {
  db.run(
    `UPDATE lent_spans SET known_to_ms = ?
     WHERE draw_number = ? AND ordinal = ? AND known_to_ms IS NULL`,
    knownToMs,
    drawNumber,
    ordinal,
  )
}

function insertVersion(
  db: Database,
  drawNumber: number,
  { ordinal, siteCode, unitId }: Claim,
  { startMs, endMs, endKind }: LentSpan,
  knownFromMs: number,
): void {
  db.run(
    `INSERT INTO lent_spans
       (draw_number, ordinal, unit_id, site_code, start_ms, end_ms, reach_ms, end_kind,
        known_from_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    drawNumber,
    ordinal,
    unitId,
    siteCode,
    startMs,
    endMs,
    reachOf(endMs - startMs),
    endKind,
    knownFromMs,
  )
}

/** A claim keeps its start, so that what moved lies between its two ends. */
function markMoved(db: Database, before: LentSpan | null, after: LentSpan): void {
  const ends = [before?.endMs ?? after.startMs, after.endMs]
  const [fromMs, toMs] = [Math.min(...ends), Math.max(...ends)]
  if (fromMs < toMs) markDirty(db, fromMs, toMs)
}
