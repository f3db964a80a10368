/**
 * Clock offsets as evidence (DESIGN 2.1, 2.3; C4). Offsets are collector time minus node time; they
 * are shown and weighed, and never applied to a stamp.
 *
 * Where they come from: a live tick ends with a sample, so that receipt minus the end of the tick
 * is the offset plus the way the tick took. The least of the last samples is the best of them. A
 * node that is ahead shows with its sign however long the way was; one that is behind shows only
 * past one sample period, because a slow tool looks the same.
 */
const SAMPLES_MAX = 8
/** DESIGN 2.1: more is shown on the quality page. */
export const OFFSET_FLAGGED_MS = 2_000
/** Fewer nodes than this accuse nobody. */
const ACCUSERS_MIN = 3

/** The offsets of one node, newest last. */
export class OffsetFilter {
  readonly #samples: number[] = []
  #settledMs: number | null = null

  /** `waitMs`: how long the way may have taken without anything being wrong. */
  add(receivedMs: number, nodeMs: number, waitMs: number): void {
    const rawMs = receivedMs - nodeMs
    this.#samples.push(rawMs <= 0 ? rawMs : Math.max(0, rawMs - waitMs))
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift()
  }

  /** Best estimate, or `null` before any sample. */
  offsetMs(): number | null {
    return this.#samples.length === 0 ? null : Math.min(...this.#samples)
  }

  latestMs(): number | null {
    return this.#samples.at(-1) ?? null
  }

  /** What later samples are compared with: kept while the collector doubts its own clock. */
  settledMs(): number | null {
    return this.#settledMs
  }

  settle(): void {
    this.#settledMs = this.offsetMs()
  }

  /** Forgets samples from before a move of either clock. */
  restart(): void {
    this.#samples.splice(0, this.#samples.length - 1)
    this.settle()
  }
}

export interface OffsetMove {
  /** The offset a node had settled at. */
  readonly settledMs: number
  readonly latestMs: number
}

export interface ClockAccusation {
  /** How far the collector's clock has moved against most of its nodes. */
  readonly byMs: number
  readonly sentence: string
}

/** Most nodes' offsets moving together by more than 2 s: the collector's own clock has moved. */
export function judgeClock(moves: readonly OffsetMove[]): ClockAccusation | null {
  const deltas = moves.map((move) => move.latestMs - move.settledMs)
  const forward = deltas.filter((delta) => delta > OFFSET_FLAGGED_MS)
  const back = deltas.filter((delta) => delta < -OFFSET_FLAGGED_MS)
  const together = forward.length > back.length ? forward : back
  if (together.length < ACCUSERS_MIN || together.length * 2 <= deltas.length) return null
  const byMs = medianOf(together)
  const sentence =
    `the clock of this collector has moved by ${byMs} ms against ${together.length} of ` +
    `${deltas.length} nodes: check its time source; nothing is posted meanwhile`
  return { byMs, sentence }
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
