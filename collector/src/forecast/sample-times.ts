/**
 * When the forecast asks itself about a window: at 10 and 30 minutes of its age, at 70 minutes, and
 * then every hour while it lasts. Kept by minute; what is due is made again from the windows.
 */
import { HOUR_MS, MINUTE_MS } from './numbers.ts'

const FIRST_AGE_MS = 10 * MINUTE_MS
const SECOND_AGE_MS = 30 * MINUTE_MS

export class SampleTimes {
  readonly #cardsByMinute = new Map<number, number[]>()

  /** The next time after `afterMs` of the window that began at `startMs`. */
  add(card: number, startMs: number, afterMs: number): void {
    const minute = nextMinute(startMs, Math.floor(afterMs / MINUTE_MS))
    const due = this.#cardsByMinute.get(minute)
    if (due === undefined) this.#cardsByMinute.set(minute, [card])
    else due.push(card)
  }

  take(minute: number): readonly number[] {
    const due = this.#cardsByMinute.get(minute)
    if (due === undefined) return []
    this.#cardsByMinute.delete(minute)
    return due
  }

  /** Whether a window that began at `startMs` is asked about at `atMs`, a full minute. */
  static isOf(startMs: number, atMs: number): boolean {
    const minute = atMs / MINUTE_MS
    return nextMinute(startMs, minute - 1) === minute
  }
}

function nextMinute(startMs: number, afterMinute: number): number {
  const minuteOf = (ageMs: number) => Math.ceil((startMs + ageMs) / MINUTE_MS)
  const first = minuteOf(FIRST_AGE_MS)
  if (first > afterMinute) return first
  const second = minuteOf(SECOND_AGE_MS)
  if (second > afterMinute) return second
  const hourMinutes = HOUR_MS / MINUTE_MS
  return first + (Math.floor((afterMinute - first) / hourMinutes) + 1) * hourMinutes
}
