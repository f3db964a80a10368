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
import { sql } from './sql.ts'

/**
 * Brings the spans of a draw's claims to what the draw says now, known from `knownAtMs` on; answers
 * the ordinals of those that differ.
 */
export async function keepLentSpans(
  db: Database,
  drawNumber: number,
  { claims }: Pick<Draw, 'claims'>,
  knownAtMs: number,
): Promise<readonly number[]> {
  const promised = claims.filter(({ startMs, unitId }) => startMs !== null && unitId !== null)
  if (promised.length === 0) return []
  const stored = new Map(
    (
      await db.all(
        sql`SELECT ordinal, start_ms, end_ms, end_kind, known_from_ms FROM lent_spans
         WHERE draw_number = ${drawNumber} AND known_to_ms IS NULL`,
      )
    ).map((row) => [integer(row, 'ordinal'), row]),
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
    await endVersion(db, drawNumber, claim.ordinal, fromMs)
    await insertVersion(db, drawNumber, claim, span, fromMs)
    await markMoved(db, before, span)
  }
  return changed
}

/** Of one card, as known then: those that reach into the span, in order. */
export async function lentSpansOf(
  db: Database,
  unitId: UnitId,
  span: Span,
  knownAtMs: number,
): Promise<readonly LeaseSpan[]> {
  return (
    await db.all(
      sql`SELECT c.lease_id, l.start_ms, l.end_ms FROM lent_spans l JOIN claims c
         ON c.draw_number = l.draw_number AND c.ordinal = l.ordinal
       WHERE l.unit_id = ${unitId} AND l.start_ms < ${span.toMs}
         AND l.end_ms > greatest(${span.fromMs}, l.start_ms)
         AND l.known_from_ms <= ${knownAtMs} AND (l.known_to_ms IS NULL
           OR l.known_to_ms > ${knownAtMs})
       ORDER BY l.start_ms`,
    )
  ).map((row) => ({
    leaseId: textOrNull(row, 'lease_id') ?? '',
    fromMs: integer(row, 'start_ms'),
    toMs: integer(row, 'end_ms'),
  }))
}

/** Cards under a lease at the instant, as known then; as one value, because a country asks. */
export async function lentAt(
  db: Database,
  { asOfMs, knownAtMs }: { readonly asOfMs: number; readonly knownAtMs: number },
): Promise<readonly UnitId[]> {
  const row = await db.get(sql`
    SELECT COALESCE(json_agg(l.unit_id), '[]')::text AS unit_ids
    FROM unnest(${REACHES_MS}::bigint[]) reach (ms)
    JOIN lent_spans l ON l.reach_ms = reach.ms
      AND l.start_ms > ${asOfMs} - reach.ms AND l.start_ms <= ${asOfMs}
    WHERE l.end_ms > ${asOfMs} AND l.known_from_ms <= ${knownAtMs}
      AND (l.known_to_ms IS NULL OR l.known_to_ms > ${knownAtMs})`)
  return storedJson<readonly UnitId[]>(text(row ?? {}, 'unit_ids'))
}

/** By card, as known now: what of the hour was lent; a card without any is left out. */
export async function lentInHour(
  db: Database,
  hourMs: number,
): Promise<ReadonlyMap<UnitId, readonly Span[]>> {
  const byUnit = new Map<UnitId, Span[]>()
  const toMs = hourMs + HOUR_MS
  const rows = await db.all(sql`
    SELECT l.unit_id, l.start_ms, l.end_ms
    FROM unnest(${REACHES_MS}::bigint[]) reach (ms)
    JOIN lent_spans l ON l.reach_ms = reach.ms
      AND l.start_ms > ${hourMs} - reach.ms AND l.start_ms < ${toMs}
    WHERE l.end_ms > greatest(${hourMs}, l.start_ms) AND l.known_to_ms IS NULL
    ORDER BY l.unit_id, l.start_ms`)
  for (const row of rows) {
    const unitId = integer(row, 'unit_id') as UnitId
    const spans = byUnit.get(unitId) ?? []
    spans.push({ fromMs: integer(row, 'start_ms'), toMs: integer(row, 'end_ms') })
    byUnit.set(unitId, spans)
  }
  return byUnit
}

async function endVersion(
  db: Database,
  drawNumber: number,
  ordinal: number,
  knownToMs: number,
): Promise<void> {
  await db.run(
    sql`UPDATE lent_spans SET known_to_ms = ${knownToMs}
     WHERE draw_number = ${drawNumber} AND ordinal = ${ordinal} AND known_to_ms IS NULL`,
  )
}

async function insertVersion(
  db: Database,
  drawNumber: number,
  { ordinal, siteCode, unitId }: Claim,
  { startMs, endMs, endKind }: LentSpan,
  knownFromMs: number,
): Promise<void> {
  await db.run(
    sql`INSERT INTO lent_spans
       (draw_number, ordinal, unit_id, site_code, start_ms, end_ms, reach_ms, end_kind,
        known_from_ms)
     VALUES (${drawNumber}, ${ordinal}, ${unitId}, ${siteCode}, ${startMs}, ${endMs},
       ${reachOf(endMs - startMs)}, ${endKind}, ${knownFromMs})`,
  )
}

/** A claim keeps its start, so that what moved lies between its two ends. */
async function markMoved(db: Database, before: LentSpan | null, after: LentSpan): Promise<void> {
  const ends = [before?.endMs ?? after.startMs, after.endMs]
  const [fromMs, toMs] = [Math.min(...ends), Math.max(...ends)]
  if (fromMs < toMs) await markDirty(db, fromMs, toMs)
}
