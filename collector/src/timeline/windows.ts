/**
 * Free windows, folded run by run together with the timeline (DESIGN 1.2). Pure.
 *
 * A window starts with the first proven free run. It is not ended by a lone grey reading (C21), nor
 * by a pause of at most 90 s of which nothing is known; a pause of more than 30 s restarts its age.
 * A pause the owner orders ends it, however short: the card is proven anew from there (C26).
 * Anything else ends it, at the end of its last proven free run. Only free time counts as proven.
 */
import { type RunCode, runCode, stateOf } from '@yiben/shared'
import type { ClosedWindow, OpenWindow } from '../model/timeline.ts'

/** DESIGN 1.2: a longer pause ends the window. */
const WINDOW_PAUSE_MS_MAX = 90_000
/** DESIGN 1.2: a longer pause does not end the window, but its age counts anew. */
const WINDOW_AGE_PAUSE_MS_MAX = 30_000

const GREY = runCode('busy/grey')
const ORDERED = runCode('unknown/paused')

/** A piece of one unit's time, directly after the piece before it. */
export interface WindowSpan {
  readonly code: RunCode
  readonly fromMs: number
  readonly toMs: number
  /** It arrived late: late free time gives a window no age, so it never opens a deposit. */
  readonly isLate: boolean
}

/** What a window comes to when it ends; `unitId` is added by the caller. */
export type EndedWindow = Omit<ClosedWindow, 'unitId'>

export interface WindowStep {
  readonly window: OpenWindow | null
  readonly ended: EndedWindow | null
}

/** The window after one more span. */
export function stepWindow(window: OpenWindow | null, span: WindowSpan): WindowStep {
  if (stateOf(span.code) === 'free') return { window: withFree(window, span), ended: null }
  if (window === null) return { window: null, ended: null }
  const isUntold = stateOf(span.code) === 'unknown' && span.code !== ORDERED
  const isPause = isUntold || span.code === GREY
  if (isPause && span.toMs - window.provenToMs <= WINDOW_PAUSE_MS_MAX) {
    return { window, ended: null }
  }
  return { window: null, ended: endWindow(window, span.code) }
}

/** Ends a window for a reason that is no run: a reboot, silence, a placement that ends. */
export function endWindow(window: OpenWindow, endCode: RunCode): EndedWindow {
  return {
    startMs: window.startMs,
    ageStartMs: window.ageStartMs,
    endMs: window.provenToMs,
    provenMs: window.provenMs,
    endCode,
  }
}

function withFree(window: OpenWindow | null, span: WindowSpan): OpenWindow {
  const freeMs = span.toMs - span.fromMs
  if (window === null) {
    return {
      startMs: span.fromMs,
      ageStartMs: span.isLate ? span.toMs : span.fromMs,
      provenToMs: span.toMs,
      provenMs: freeMs,
    }
  }
  const hasLongPause = span.fromMs - window.provenToMs > WINDOW_AGE_PAUSE_MS_MAX
  const ageStartMs = hasLongPause ? span.fromMs : window.ageStartMs
  return {
    startMs: window.startMs,
    ageStartMs: span.isLate ? span.toMs : ageStartMs,
    provenToMs: span.toMs,
    provenMs: window.provenMs + freeMs,
  }
}
