/**
 * The record of one horizon at one class of ages, and what it makes of the experts' guesses: their
 * blend, then calibrated, then no further from Kaplan-Meier than the record supports, then guarded, so
 * that 0.9 is only said where 0.9 was kept. Older record fades within days: a drift is followed.
 */
import {
  addErrors,
  blendWeights,
  type ErrorMoments,
  fadeMoments,
  newMoments,
  PLAIN_WEIGHTS,
} from './blend.ts'
import {
  type CalibrationMap,
  calibrated,
  calibrationOf,
  fadeBins,
  newBins,
  type ReliabilityBins,
  record,
} from './calibration.ts'
import { numbersOf, textOf } from './columns.ts'
import { GUESS, type Outcome } from './examples.ts'
import { at, clamp, clampProbability, DAY_MS, entry, HOUR_MS, remaining } from './numbers.ts'
import { type Doubt, guarded, PromiseGuard, type PromiseGuardJson } from './promise-guard.ts'

/** The record of guesses fades within this, that of promises more slowly: they are fewer. */
const RECORD_FADE_MS = 5 * DAY_MS
const PROMISE_FADE_MS = 14 * DAY_MS
/** Guesses that a record needs to be believed half: they come in clusters, so they are many. */
const BLEND_TRUST = 1_000
const CALIBRATION_TRUST = 1_500
const ANCHOR_TRUST = 1_000

/**
 * How far the record of promises is mistrusted, per horizon: of four and eight hours there are few
 * independent witnesses, and one burst breaks them all.
 */
const DOUBTS: readonly Doubt[] = [
  { standardErrors: 0.6, priorWitnesses: 3 },
  { standardErrors: 0.6, priorWitnesses: 3 },
  { standardErrors: 0.6, priorWitnesses: 5 },
  { standardErrors: 0.8, priorWitnesses: 6 },
]

export interface BoardJson {
  readonly products: string
  readonly count: number
  readonly bins: readonly string[]
  readonly agreement: number
  readonly departure: number
  readonly departures: number
  readonly days: number
  readonly guard: PromiseGuardJson
}

export class Board {
  readonly #moments: ErrorMoments = newMoments()
  readonly #bins: ReliabilityBins = newBins()
  readonly #guard: PromiseGuard
  /** Of departures from the reference: their product with what was right, their squares, their number. */
  #agreement = 0
  #departure = 0
  #departures = 0
  #weights: readonly number[] = PLAIN_WEIGHTS
  #map: CalibrationMap
  #anchor = 1
  #threshold: number | null
  /** How long there has been a record: the first days' models were poor, so they fade faster. */
  #days: number

  constructor(horizon: number, state: BoardJson | null = null) {
    this.#days = state?.days ?? 0
    this.#guard = new PromiseGuard(entry(DOUBTS, horizon), state?.guard)
    if (state !== null) {
      this.#moments.products.set(numbersOf(state.products))
      this.#moments.count = state.count
      const { counts, guessed, kept } = this.#bins
      ;[counts, guessed, kept].forEach((bins, index) => {
        bins.set(numbersOf(state.bins[index] ?? ''))
      })
      this.#agreement = state.agreement
      this.#departure = state.departure
      this.#departures = state.departures
    }
    this.#map = calibrationOf(this.#bins, CALIBRATION_TRUST)
    this.#threshold = this.#guard.threshold()
    this.#conclude()
  }

  /** Completes the guesses of one horizon, which hold the experts' already. */
  complete(guesses: Float32Array): void {
    let blend = 0
    for (let expert = 0; expert < this.#weights.length; expert += 1) {
      blend += at(this.#weights, expert) * at(guesses, expert)
    }
    const honest = calibrated(this.#map, blend)
    const reference = at(guesses, GUESS.reference)
    const anchored = clampProbability(reference + this.#anchor * (honest - reference))
    guesses[GUESS.blend] = blend
    guesses[GUESS.calibrated] = honest
    guesses[GUESS.anchored] = anchored
    guesses[GUESS.promised] = guarded(anchored, this.#threshold)
  }

  /** `weight`: how many guesses like this one were not looked at. */
  learn({ pool, guesses, label }: Outcome, weight: number): void {
    addErrors(this.#moments, guesses, label)
    record(this.#bins, at(guesses, GUESS.blend), label)
    const reference = at(guesses, GUESS.reference)
    const departure = at(guesses, GUESS.calibrated) - reference
    this.#agreement += departure * (label - reference)
    this.#departure += departure * departure
    this.#departures += 1
    this.#guard.add(pool, { guess: at(guesses, GUESS.anchored), label, weight })
  }

  passHour(isNewDay: boolean): void {
    const kept = remaining(HOUR_MS, RECORD_FADE_MS)
    if (isNewDay) {
      this.#days += 1
      const fadeMs = Math.min(PROMISE_FADE_MS, Math.max(1, this.#days / 3) * DAY_MS)
      this.#guard.closeDay(remaining(DAY_MS, fadeMs))
    }
    fadeMoments(this.#moments, kept)
    fadeBins(this.#bins, kept)
    this.#agreement *= kept
    this.#departure *= kept
    this.#departures *= kept
    // Last, so that a state read back concludes the same.
    this.#conclude()
  }

  #conclude(): void {
    this.#weights = blendWeights(this.#moments, BLEND_TRUST)
    this.#map = calibrationOf(this.#bins, CALIBRATION_TRUST)
    this.#threshold = this.#guard.threshold()
    // A new fleet's departures from Kaplan-Meier are believed half, and wholly from the third day on.
    const believed = Math.min(1, (this.#days + 2) / 4)
    this.#anchor = believed
    if (this.#departure === 0) return
    const prior = (ANCHOR_TRUST * this.#departure) / this.#departures
    // The share of the departure from the reference that would have made the squared error least.
    const share = (this.#agreement + believed * prior) / (this.#departure + prior)
    this.#anchor = clamp(share, 0, 1)
  }

  toJSON(): BoardJson {
    const { counts, guessed, kept } = this.#bins
    return {
      products: textOf(this.#moments.products),
      count: this.#moments.count,
      bins: [counts, guessed, kept].map(textOf),
      agreement: this.#agreement,
      departure: this.#departure,
      departures: this.#departures,
      days: this.#days,
      guard: this.#guard.toJSON(),
    }
  }
}
