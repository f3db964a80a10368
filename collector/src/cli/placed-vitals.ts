/** Vitals of draws that children have been asked for; nothing where nothing waits. */
import type { Vital } from '../api/context.ts'
import { type PlacedDraw, placedStateOf } from '../model/placed-draw.ts'
import { gauge, gauges, known } from './vital.ts'

/** `open`: with a step that has no answer. */
export function placedVitals(
  open: readonly Pick<PlacedDraw, 'steps' | 'told' | 'placedAtMs'>[],
  nowMs: number,
): readonly Vital[] {
  if (open.length === 0) return []
  const counted = { asking: 0, posting: 0, other: 0 }
  let oldestMs: number | null = null
  for (const draw of open) {
    const state = placedStateOf(draw)
    if (state === 'asking' || state === 'posting') {
      counted[state] += 1
      oldestMs = Math.min(oldestMs ?? draw.placedAtMs, draw.placedAtMs)
    } else {
      counted.other += 1
    }
  }
  return [
    ...gauges(
      'placed_draws_unanswered',
      'draws of which a child has not answered something, counted up to 1000',
      'state',
      counted,
    ),
    ...known(oldestMs, (atMs) =>
      gauge(
        'placed_draws_unanswered_seconds',
        'how long ago the first of those was placed that are asking or posting',
        Math.max(0, nowMs - atMs) / 1000,
      ),
    ),
  ]
}
