/**
 * What is kept twice, computed anew, and the bounds of migration 0006 looked at from the rows alone.
 * Each finding is a sentence; none: all is well.
 */
import { DRAWS_PER_LOOK, dueAtMsOf, FINDINGS_MAX } from '../draw-rows.ts'
import { integerOrNull, text } from '../values.ts'
import { drawsOf } from './draw-rows.ts'
import type { Database } from './driver.ts'

/** Found by what no writer uses: a bound that fails to hold is not asked whether it does. */
const SOUNDINGS: readonly (readonly [sql: string, sentence: string])[] = [
  [
    `SELECT accelerator_id AS id FROM claims NOT INDEXED WHERE state IN ('held', 'leased', 'cleaning')
     GROUP BY accelerator_id HAVING count(*) > 1`,
    'accelerator {} is under two live claims',
  ],
  [
    `SELECT DISTINCT accelerator_id AS id FROM (
       SELECT accelerator_id, start_ms, max(coalesce(ended_at_ms, until_ms)) OVER (
         PARTITION BY accelerator_id ORDER BY start_ms, draw_number, ordinal
         ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before_ms
       FROM claims NOT INDEXED WHERE accelerator_id IS NOT NULL AND start_ms IS NOT NULL
         AND coalesce(ended_at_ms, until_ms) > start_ms)
     WHERE start_ms < before_ms`,
    'accelerator {} was lent twice at one instant',
  ],
  [
    `SELECT DISTINCT d.draw_id AS id FROM draws d JOIN claims c ON c.draw_number = d.draw_number
     WHERE c.state <> 'ended' AND d.state IN ('ended', 'voided', 'lapsed', 'broken', 'refused')`,
    'draw {} is over and claims a card',
  ],
  [
    `SELECT h.site_code || ' at ' || h.hour_ms AS id FROM booked_hours h WHERE h.cards <>
       (SELECT coalesce(sum(b.cards), 0) FROM booked_cards b WHERE b.site_code = h.site_code
         AND b.kind_key = h.kind_key AND b.hour_ms = h.hour_ms
         AND b.confidence_ppm >= h.confidence_ppm)`,
    'the cards booked of {} are not the sum of its bookings',
  ],
]

export function auditDraws(db: Database): readonly string[] {
  const findings = SOUNDINGS.flatMap(([sql, sentence]) =>
    db.all(`${sql} LIMIT ${FINDINGS_MAX}`).map((row) => sentence.replace('{}', String(row.id))),
  )
  return [...findings, ...wrongDues(db)].slice(0, FINDINGS_MAX)
}

function wrongDues(db: Database): readonly string[] {
  const findings: string[] = []
  let after = 0
  // Each look is of higher numbers.
  while (findings.length < FINDINGS_MAX) {
    const rows = db.all(
      'SELECT * FROM draws WHERE draw_number > ? ORDER BY draw_number LIMIT ?',
      after,
      DRAWS_PER_LOOK,
    )
    for (const [at, { draw, drawNumber }] of drawsOf(db, rows).entries()) {
      const row = rows[at]
      after = drawNumber
      if (row === undefined || integerOrNull(row, 'due_at_ms') === dueAtMsOf(draw)) continue
      findings.push(`draw ${text(row, 'draw_id')} is kept as due at ${row.due_at_ms}`)
    }
    if (rows.length < DRAWS_PER_LOOK) break
  }
  return findings
}
