/** A hold that nobody posted in time. Pure; whoever looks first at what is due decides it. */
import type { Draw } from '../model/draw.ts'
import { type Decided, releasedEntry } from './draw-entries.ts'
import { changeOf } from './draw-hold.ts'
import { refusalOf } from './draw-refusal.ts'
import { type DrawOutcome, released } from './draw-void.ts'

/** From this instant on a hold can no longer be posted. */
export function isLapsed({ holdUntilMs }: Pick<Draw, 'holdUntilMs'>, nowMs: number): boolean {
  return holdUntilMs !== null && nowMs >= holdUntilMs
}

/** It ends at the instant that was stated, however late it is looked at. Refusal: `wrong_state`. */
export function decideLapse(draw: Draw, decided: Decided): DrawOutcome {
  if (draw.state === 'lapsed') return { status: 'done' }
  const { holdUntilMs } = draw
  if (draw.state !== 'held' || holdUntilMs === null || !isLapsed(draw, decided.nowMs)) {
    return { status: 'refused', refusal: refusalOf('wrong_state') }
  }
  const after = released(draw, { state: 'lapsed', end: 'lapsed', atMs: holdUntilMs })
  const outbox = [releasedEntry('draw_lapsed', after, decided)]
  return { status: 'decided', change: { ...changeOf(draw.version, after), outbox } }
}
