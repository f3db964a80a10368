/**
 * How many of the questions that the forecast could ask itself it does ask: all of a small fleet's, a
 * share of a large one's, so that a day's examples are about as many in either and training costs the
 * same. The share follows the fleet within a day; no hour takes more than a quarter of a day's.
 */
import { AGE_CLASSES, type AgeClass } from './examples.ts'

const PER_DAY: Readonly<Record<AgeClass, number>> = { young: 1_500, old: 1_000 }
const HOURS = 24
const HOUR_SHARE_MAX = 1 / 4

interface ClassCounts {
  /** Questions there were per hour, of late; `null` before the first hour is over. */
  usual: number | null
  seen: number
  taken: number
}

export type SamplingJson = Readonly<Record<AgeClass, ClassCounts>>

export class Sampling {
  readonly #counts: Record<AgeClass, ClassCounts>

  constructor(state: SamplingJson = { young: emptyCounts(), old: emptyCounts() }) {
    this.#counts = { young: { ...state.young }, old: { ...state.old } }
  }

  /** Share of the questions that are asked. */
  rate(ageClass: AgeClass): number {
    const { usual } = this.#counts[ageClass]
    return usual === null ? 1 : Math.min(1, PER_DAY[ageClass] / HOURS / Math.max(usual, 1e-6))
  }

  /** Whether one more question is asked; `lot` in [0, 1) decides where not all are. */
  isTaken(ageClass: AgeClass, lot: number): boolean {
    const counts = this.#counts[ageClass]
    counts.seen += 1
    if (lot >= this.rate(ageClass) || counts.taken >= PER_DAY[ageClass] * HOUR_SHARE_MAX)
      return false
    counts.taken += 1
    return true
  }

  passHour(): void {
    for (const ageClass of AGE_CLASSES) {
      const { usual, seen } = this.#counts[ageClass]
      const next = usual === null ? seen : usual + (seen - usual) / HOURS
      this.#counts[ageClass] = { usual: next, seen: 0, taken: 0 }
    }
  }

  toJSON(): SamplingJson {
    return { young: { ...this.#counts.young }, old: { ...this.#counts.old } }
  }
}

function emptyCounts(): ClassCounts {
  return { usual: null, seen: 0, taken: 0 }
}
