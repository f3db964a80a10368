/**
 * The forecast of the bank: it is told, in time order, what every card did, and is asked how likely an
 * open free window is to last 30 minutes, 1, 4 and 8 hours more. It answers from what it was told
 * before the question and from nothing else; the collector and `forecast replay` call this one class.
 *
 * It asks itself, too: every window at 10 and 30 minutes of age and then hourly. Those questions, with
 * what was known then and what became of them, are what its models are trained on and what its own
 * record is kept of (`Board`, `ForecastScore`). Deterministic; memory is bounded by the number of cards
 * and pools; the whole state is plain JSON. Without history it answers from what is shipped.
 */
import { Board, type BoardJson } from './board.ts'
import { boostedScore } from './boosting.ts'
import {
  AGE_CLASSES,
  type AgeClass,
  ageClassOf,
  Examples,
  type ExamplesJson,
  GUESS,
  GUESS_COUNT,
  type Outcome,
} from './examples.ts'
import { copyInputs, fillFeatures, INPUTS, ROW } from './features.ts'
import { type CardPlace, type CardState, Fleet, type FleetJson } from './fleet.ts'
import { type LifeAnswer, Lifetimes, type LifetimesJson } from './lifetimes.ts'
import { type LogisticModel, logisticScore } from './logistic.ts'
import {
  at,
  clampProbability,
  DAY_MS,
  entry,
  HOUR_MS,
  hashFraction,
  MINUTE_MS,
  remaining,
  sigmoid,
} from './numbers.ts'
import { HORIZONS, HORIZONS_MS } from './pool-history.ts'
import type { Pool } from './pool-state.ts'
import { PRIOR, type Prior } from './prior.ts'
import { SampleTimes } from './sample-times.ts'
import { Sampling, type SamplingJson } from './sampling.ts'
import { ForecastScore, type HorizonScore, type ScoreSums } from './score.ts'
import type { Models, TrainingSet } from './train.ts'

/** Examples that are kept: 16 days of what `Sampling` takes, in some 15 MB. */
const EXAMPLES_MAX = 40_000
/** Fewer examples than this train nothing. */
const TRAINING_EXAMPLES_MIN = 500
/** Models are made anew once a day; in the first days, whenever history has grown by half. */
const TRAINING_PERIOD_MS = DAY_MS
const TRAINING_GROWTH = 1 / 3
/** What the score shows fades within a week. */
const SCORE_FADE_MS = 7 * DAY_MS

export interface ForecastAnswer {
  /** Probability to last each of `HORIZONS_MS` more, never rising with the horizon. */
  readonly promised: readonly number[]
  /** Kaplan-Meier by age over the whole fleet: what the promise is guarded by. */
  readonly reference: readonly number[]
  readonly trainedAtMs: number | null
}

export interface ForecasterJson {
  readonly version: 1
  readonly nowMs: number | null
  readonly firstMs: number
  readonly fleet: FleetJson
  readonly lifetimes: LifetimesJson
  readonly examples: ExamplesJson
  readonly boards: readonly BoardJson[]
  readonly score: readonly ScoreSums[]
  readonly sampling: SamplingJson
  readonly models: Models | null
}

export class Forecaster {
  readonly #prior: Prior
  readonly #fleet: Fleet
  readonly #lifetimes: Lifetimes
  readonly #examples: Examples
  readonly #times = new SampleTimes()
  /** By age class, then horizon. */
  readonly #boards: readonly Board[]
  readonly #score: ForecastScore
  readonly #sampling: Sampling
  #models: Models | null
  #nowMs: number | null
  #firstMs: number

  constructor(state: ForecasterJson | null = null, prior: Prior = PRIOR) {
    this.#prior = prior
    this.#fleet = state === null ? new Fleet() : Fleet.fromJSON(state.fleet)
    this.#lifetimes = new Lifetimes(prior.ratesPerHour, state?.lifetimes ?? null)
    this.#examples = new Examples(EXAMPLES_MAX, state?.examples ?? null)
    this.#boards = Array.from(
      { length: AGE_CLASSES.length * HORIZONS },
      (_, index) => new Board(index % HORIZONS, state?.boards[index] ?? null),
    )
    this.#score = new ForecastScore(state?.score)
    this.#sampling = new Sampling(state?.sampling)
    this.#models = state?.models ?? null
    this.#nowMs = state?.nowMs ?? null
    this.#firstMs = state?.firstMs ?? 0
    if (this.#nowMs !== null) this.#schedule(this.#nowMs)
  }

  /** The number by which a card is spoken of. */
  cardOf(place: CardPlace): number {
    return this.#fleet.cardOf(place)
  }

  /** `null` while nothing has been told of it. */
  findCard(place: CardPlace): number | null {
    return this.#fleet.findCard(place)
  }

  pools(): readonly Pool[] {
    return this.#fleet.pools
  }

  poolOf(card: number): Pool {
    return this.#fleet.poolOf(card)
  }

  /** How many cards are numbered. */
  get cardCount(): number {
    return this.#fleet.cards.length
  }

  /** Up to when it has been told; `null` before the first word. */
  get nowMs(): number | null {
    return this.#nowMs
  }

  /** `null`: the shipped models answer. */
  get models(): Models | null {
    return this.#models
  }

  isFree(card: number): boolean {
    return this.#fleet.isFree(card)
  }

  /** When the card's free window began; of a free card only. */
  windowStartMs(card: number): number {
    return this.#fleet.windowStartMs(card)
  }

  /** What is earlier than what was told before counts as told just now. */
  change(card: number, state: CardState, toldAtMs: number): void {
    this.advance(toldAtMs)
    const atMs = this.#nowMs ?? toldAtMs
    const pool = this.#fleet.cards.get('pool', card)
    const startMs = this.#fleet.windowStartMs(card)
    if (this.#fleet.isFree(card) && state !== 'free') {
      this.#lifetimes.live(card, pool, atMs - startMs)
    }
    switch (this.#fleet.change(card, state, atMs)) {
      case 'opened':
        this.#lifetimes.open(card)
        this.#times.add(card, atMs, atMs)
        return
      case 'ended':
        this.#lifetimes.end(card, pool, atMs - startMs)
        this.#examples.close(card, atMs, false)
        return
      case 'censored':
        this.#examples.close(card, atMs, true)
        return
      case 'none':
    }
  }

  /** Everything before `nowMs` has been told. */
  advance(nowMs: number): void {
    const before = this.#nowMs
    if (before === null) {
      this.#firstMs = nowMs
      this.#nowMs = nowMs
      return
    }
    // Minute by minute, because an example is made at its own minute; bounded by the time that passed.
    for (
      let minute = Math.floor(before / MINUTE_MS) + 1;
      minute * MINUTE_MS <= nowMs;
      minute += 1
    ) {
      const atMs = minute * MINUTE_MS
      if (atMs % HOUR_MS === 0) this.#passHour(atMs)
      for (const card of this.#times.take(minute)) this.#askItself(card, atMs)
    }
    this.#nowMs = Math.max(before, nowMs)
  }

  /** `null`: the card is not free at `nowMs`. */
  ask(card: number, nowMs: number): ForecastAnswer | null {
    this.advance(nowMs)
    if (!this.#fleet.isFree(card)) return null
    const guesses = this.#guess(card, Math.max(nowMs, this.#nowMs ?? nowMs), new Float32Array(ROW))
    const each = (which: number) =>
      HORIZONS_MS.map((_horizonMs, horizon) => at(guesses, horizon * GUESS_COUNT + which))
    return {
      promised: each(GUESS.promised),
      reference: each(GUESS.reference),
      trainedAtMs: this.#models?.trainedAtMs ?? null,
    }
  }

  /** Whether models should be made anew; whoever asks trains (in a worker) and hands them in. */
  isTrainingDue(): boolean {
    if (this.#nowMs === null || this.#examples.settled < TRAINING_EXAMPLES_MIN) return false
    const lastMs = this.#models?.trainedAtMs ?? this.#firstMs
    const growthMs = (this.#nowMs - this.#firstMs) * TRAINING_GROWTH
    return this.#nowMs - lastMs >= Math.min(TRAINING_PERIOD_MS, growthMs)
  }

  /** Cloneable; `trainModels` makes models of it. */
  trainingSet(): TrainingSet {
    return {
      atMs: this.#nowMs ?? 0,
      tables: HORIZONS_MS.map((_horizonMs, horizon) =>
        AGE_CLASSES.map((ageClass) => this.#examples.table(horizon, ageClass)),
      ),
      prior: this.#prior.logistic,
    }
  }

  adopt(models: Models): void {
    this.#models = models
  }

  /** Rates at which the fleet's windows end, per hour and bin of age. */
  ratesPerHour(): readonly number[] {
    return this.#lifetimes.fleetRates()
  }

  /** How good the promises were, per horizon. */
  score(): HorizonScore[] {
    return this.#score.view()
  }

  toJSON(): ForecasterJson {
    return {
      version: 1,
      nowMs: this.#nowMs,
      firstMs: this.#firstMs,
      fleet: this.#fleet.toJSON(),
      lifetimes: this.#lifetimes.toJSON(),
      examples: this.#examples.toJSON(),
      boards: this.#boards.map((board) => board.toJSON()),
      score: this.#score.toJSON(),
      sampling: this.#sampling.toJSON(),
      models: this.#models,
    }
  }

  #schedule(nowMs: number): void {
    for (let card = 0; card < this.#fleet.cards.length; card += 1) {
      if (this.#fleet.isFree(card)) this.#times.add(card, this.#fleet.windowStartMs(card), nowMs)
    }
  }

  #askItself(card: number, atMs: number): void {
    if (!this.#fleet.isFree(card)) return
    const startMs = this.#fleet.windowStartMs(card)
    // The card may have been claimed and freed since: that window has times of its own.
    if (!SampleTimes.isOf(startMs, atMs)) return
    this.#times.add(card, startMs, atMs)
    const ageMs = atMs - startMs
    const ageClass = ageClassOf(ageMs)
    if (!this.#sampling.isTaken(ageClass, hashFraction(card, atMs / MINUTE_MS, 1))) return
    const row = new Float32Array(ROW)
    const guesses = this.#guess(card, atMs, row)
    const pool = this.#fleet.cards.get('pool', card)
    this.#examples.add({ card, pool, atMs, ageMs, row, guesses })
  }

  #passHour(atMs: number): void {
    const isNewDay = atMs % DAY_MS === 0
    this.#fleet.advance(atMs)
    for (let card = 0; card < this.#fleet.cards.length; card += 1) {
      if (!this.#fleet.isFree(card)) continue
      const pool = this.#fleet.cards.get('pool', card)
      this.#lifetimes.live(card, pool, atMs - this.#fleet.windowStartMs(card))
    }
    this.#lifetimes.refresh(atMs)
    this.#examples.settle(atMs, this.#lifetimes, (outcome) => this.#learn(outcome))
    for (const board of this.#boards) board.passHour(isNewDay)
    this.#score.fade(remaining(HOUR_MS, SCORE_FADE_MS))
    this.#sampling.passHour()
  }

  #learn(outcome: Outcome): void {
    if (outcome.isCensored) return
    const { guesses, horizon, label } = outcome
    const ageClass = ageClassOf(outcome.ageMs)
    this.#board(ageClass, horizon).learn(outcome, 1 / this.#sampling.rate(ageClass))
    const promised = at(guesses, GUESS.promised)
    this.#score.add(horizon, { promised, reference: at(guesses, GUESS.reference), label })
  }

  #board(ageClass: AgeClass, horizon: number): Board {
    return entry(this.#boards, AGE_CLASSES.indexOf(ageClass) * HORIZONS + horizon)
  }

  /** All guesses for a card, horizon by horizon; `row` is filled with what they rest on. */
  #guess(card: number, nowMs: number, row: Float32Array): Float32Array {
    const ageMs = nowMs - this.#fleet.windowStartMs(card)
    const life = this.#lifetimes.answer(card, this.#fleet.cards.get('pool', card), ageMs)
    fillFeatures(row, this.#fleet, { card, nowMs, survival: life })
    const guesses = new Float32Array(HORIZONS * GUESS_COUNT)
    let shorter = 1
    for (let horizon = 0; horizon < HORIZONS; horizon += 1) {
      const place = horizon * GUESS_COUNT
      const own = guesses.subarray(place, place + GUESS_COUNT)
      own.set(this.#experts({ row, horizon, life, ageClass: ageClassOf(ageMs) }))
      this.#board(ageClassOf(ageMs), horizon).complete(own)
      // What lasts eight hours lasts four.
      shorter = Math.min(shorter, at(own, GUESS.promised))
      own[GUESS.promised] = shorter
    }
    return guesses
  }

  #experts(question: {
    readonly row: Float32Array
    readonly horizon: number
    readonly life: LifeAnswer
    readonly ageClass: AgeClass
  }): number[] {
    const { row, horizon, life, ageClass } = question
    const age = AGE_CLASSES.indexOf(ageClass)
    const inputs = new Float32Array(INPUTS)
    copyInputs({ rows: row, offset: 0, horizon }, inputs, 0)
    const models = this.#models?.horizons[horizon] ?? null
    const shipped: LogisticModel = entry(entry(this.#prior.logistic, horizon), age)
    const logistic = logisticScore(models?.logistic[age] ?? shipped, inputs, 0)
    const boosted = models === null ? logistic : boostedScore(models.boosted, inputs, 0)
    return [
      at(life.reference, horizon),
      at(life.mixture, horizon),
      sigmoid(logistic),
      sigmoid(boosted),
    ].map(clampProbability)
  }
}
