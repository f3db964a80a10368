/** Was a card free when its record says so? From what its probe had answered, and nothing else. */
import type { Answer } from './cards.ts'

/** Answers of a probe, by the node's timeline as it ran when the record was written. */
export interface Origin {
  readonly answers: readonly Answer[]
  /** The record was moved by this much since. */
  readonly shiftMs: number
  /** Of a tick; `null` for all others. */
  readonly startMs: number | null
}

/** `isFirstSight`: what the probe had answered of the card before was of no card the node had told. */
export interface FreeSpan {
  readonly fromMs: number
  readonly toMs: number
  readonly isFirstSight: boolean
}

/** Of the timeline's rounding and slewing within the 15 s a tool may take. */
const TOLERANCE_MS = 25
/** Three periods; a tool that has been slow is asked less often, at least once a minute. */
const SAMPLE_GAP_MS_MAX = 30_000 + TOLERANCE_MS
const SLOW_SAMPLE_GAP_MS_MAX = 180_000 + TOLERANCE_MS

/** What speaks against the card having been free then; `null` for nothing. */
export function truthFault(
  { answers, shiftMs }: Origin,
  key: string,
  span: FreeSpan,
): string | null {
  const fromMs = span.fromMs - shiftMs
  const toMs = span.toMs - shiftMs
  const first = answers.findLastIndex((answer) => answer.atMs <= fromMs + TOLERANCE_MS)
  const last = answers.findIndex((answer) => answer.atMs >= toMs - TOLERANCE_MS)
  if (first === -1 || last === -1) return 'no sample lies at its ends'
  for (let at = first; at <= last; at += 1) {
    const answer = answers[at]
    const mood = answer?.moods?.get(key) ?? null
    // C21: a lone grey reading costs the span that it ends, not the one that it begins.
    const isSecond = answers[at - 1]?.moods?.get(key) === 'grey' && !span.isFirstSight
    const isLoneGrey = mood === 'grey' && at === first && !isSecond
    if (mood !== 'idle' && !isLoneGrey)
      return `the probe said ${mood ?? 'nothing'} at ${answer?.atMs}`
    const before = answers[at - 1]
    const gapMs = (answer?.atMs ?? 0) - (before?.atMs ?? 0)
    const gapMsMax = answer?.isAfterSlow ? SLOW_SAMPLE_GAP_MS_MAX : SAMPLE_GAP_MS_MAX
    if (at > first && gapMs > gapMsMax) return `no sample was taken for ${gapMs} ms`
  }
  return null
}
