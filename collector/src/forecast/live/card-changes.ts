/**
 * What a card did between two looks at its node's row, as changes for the forecast. Pure.
 *
 * Free is what lies in a free window (timeline/windows.ts), so that short pauses and lone grey readings
 * end nothing here either. A window that ends in something measured was claimed; one that ends in
 * unknown time is lost from sight, and so is a card that has been unknown for longer than a window's
 * pause. Time in which the card is under a lease is the bank's: `lent`, no claim of the owner.
 */
import { type RunCode, stateOf } from '@yiben/shared'
import type { CardSight } from '../../model/forecast.ts'
import type { ClosedWindow } from '../../model/timeline.ts'
import type { CardState } from '../fleet.ts'

/** DESIGN 1.2: what a window lives through, possession does too. */
const PAUSE_MS_MAX = 90_000

export interface CardChange {
  readonly atMs: number
  readonly state: CardState
}

/** The card as it was looked at last. */
export interface CardBefore {
  readonly state: CardState
  /** Of the window that was open then. */
  readonly windowStartMs: number | null
}

export interface CardNow {
  readonly sight: CardSight
  /** Everything before is told. */
  readonly timelineEndMs: number
  /** Windows that have ended since, and may have ended later still; by their start. */
  readonly ended: readonly ClosedWindow[]
  readonly isLentAt: (atMs: number) => boolean
}

/** Whether windows may have begun and ended out of sight; `endMs`: end of what was told last. */
export function mayHideWindows(before: CardBefore, sight: CardSight, endMs: number): boolean {
  if (before.windowStartMs !== sight.windowStartMs) return true
  return sight.windowStartMs === null && sight.runStartMs > endMs
}

/** In the order of time; the last is what the card does now. */
export function changesOf(before: CardBefore, now: CardNow): readonly CardChange[] {
  const { ended, isLentAt, sight, timelineEndMs } = now
  const changes: CardChange[] = []
  let { state } = before
  const add = (atMs: number, wanted: CardState) => {
    const after = wanted === 'taken' && isLentAt(atMs) ? 'lent' : wanted
    if (after === state) return
    state = after
    changes.push({ atMs, state })
  }
  let endMs = Number.NEGATIVE_INFINITY
  for (const window of ended) {
    // The row is older than what was read after it: the rest comes with the next look.
    const isPastTheRow = window.endMs > timelineEndMs || window.startMs === sight.windowStartMs
    if (isPastTheRow) break
    add(window.startMs, 'free')
    add(window.endMs, stateAfter(window.endCode))
    endMs = window.endMs
  }
  if (sight.windowStartMs !== null) {
    add(sight.windowStartMs, 'free')
    return changes
  }
  const sinceMs = Math.max(sight.runStartMs, endMs)
  const present = presentState(sight, timelineEndMs)
  // A lease that has ended leaves no trace in a run that goes on.
  const isReturned = state === 'lent' && present === 'taken' && !isLentAt(timelineEndMs)
  if (present !== null) add(isReturned ? timelineEndMs : sinceMs, present)
  return changes
}

function stateAfter(endCode: RunCode): CardState {
  return stateOf(endCode) === 'unknown' ? 'unseen' : 'taken'
}

/** Outside any window; `null`: too short to tell anything. */
function presentState({ runCode, runStartMs }: CardSight, timelineEndMs: number): CardState | null {
  switch (stateOf(runCode)) {
    case 'free':
      return null
    case 'unknown':
      return timelineEndMs - runStartMs > PAUSE_MS_MAX ? 'unseen' : null
    default:
      return 'taken'
  }
}
