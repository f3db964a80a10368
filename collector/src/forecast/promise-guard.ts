/**
 * What may be promised at 0.9: only guesses from a threshold on whose own record, judged with caution,
 * was kept at least 0.9 of the time. Cards of one pool fail together on one day, so a pool's day is one
 * witness: the larger it is the more it says, but with its square root. Older days fade. Without a
 * record, and where no threshold holds, nothing is promised. A guess somewhat below 0.9
 * becomes a promise only where all from it on were kept with room to spare.
 */
import { at, clamp, entry } from './numbers.ts'
import { PROMISE_LEAST } from './score.ts'

/** Guesses from here on are looked at, each with a record of its own. */
const THRESHOLDS: readonly number[] = [0.78, 0.81, 0.84, 0.87, 0.9, 0.92, 0.94, 0.96, 0.975, 0.985]
/** Room to spare: a threshold that was sought out flatters itself. */
const ROOM = 0.01
/** More where guesses that do not say 0.9 themselves become promises. */
const ROOM_BELOW = 0.02
/** And how often at least just these guesses must have been kept. */
const KEPT_BELOW = 0.8
/**
 * Believed before there is a record: witnesses like those that were heard, and not smaller than this
 * many guesses, kept less often than guessed. A small fleet needs days to outweigh them.
 */
const PRIOR_GUESSES_MIN = 25
const PRIOR_SHORTFALL = 0.08
/** Below this the guard changes nothing. */
const GUARD_FROM = 0.75
/** Highest value that is not a promise. */
const NO_PROMISE = PROMISE_LEAST - 1e-4

/** Sums over witnesses of guesses n and kept k: what a ratio and its error need. */
interface WitnessSums {
  witnesses: number
  guesses: number
  kept: number
  guessesSquared: number
  keptSquared: number
  product: number
}

interface Witness {
  guesses: number
  kept: number
}

/** What one pool did today: from each threshold on, and between it and the next. */
interface PoolDay {
  readonly above: readonly Witness[]
  readonly between: readonly Witness[]
}

export interface PromiseGuardJson {
  readonly above: readonly WitnessSums[]
  readonly between: readonly WitnessSums[]
  readonly today: readonly (readonly [number, PoolDay])[]
}

export interface Doubt {
  /** How many standard errors below its mean a record is believed. */
  readonly standardErrors: number
  /** How many poor witnesses are believed before there is a record. */
  readonly priorWitnesses: number
}

export class PromiseGuard {
  readonly #above: readonly WitnessSums[]
  readonly #between: readonly WitnessSums[]
  /** By pool. */
  readonly #today: Map<number, PoolDay>

  readonly #doubt: Doubt

  constructor(doubt: Doubt, state: PromiseGuardJson | null = null) {
    this.#doubt = doubt
    this.#above = structuredClone(state?.above ?? THRESHOLDS.map(emptySums))
    this.#between = structuredClone(state?.between ?? THRESHOLDS.map(emptySums))
    this.#today = new Map(structuredClone(state?.today ?? []))
  }

  /** A guess of this pool has come true or not; `weight`: how many like it were not looked at. */
  add(pool: number, outcome: { guess: number; label: number; weight: number }): void {
    const { guess, label, weight } = outcome
    if (guess < at(THRESHOLDS, 0)) return
    const day = this.#today.get(pool) ?? { above: emptyDay(), between: emptyDay() }
    this.#today.set(pool, day)
    THRESHOLDS.forEach((threshold, index) => {
      if (guess < threshold) return
      const isLast = guess < (THRESHOLDS[index + 1] ?? 2)
      for (const witness of [day.above[index], isLast ? day.between[index] : undefined]) {
        if (witness === undefined) continue
        witness.guesses += weight
        witness.kept += weight * label
      }
    })
  }

  /** The day is over: its witnesses are heard, older ones fade to a share of `kept`. */
  closeDay(kept: number): void {
    for (const sums of [...this.#above, ...this.#between]) fadeSums(sums, kept)
    addDay(this.#above, this.#between, this.#today)
    this.#today.clear()
  }

  /** From which guess on promises are safe; `null`: none is. */
  threshold(): number | null {
    const above = this.#above.map((sums) => ({ ...sums }))
    const between = this.#between.map((sums) => ({ ...sums }))
    addDay(above, between, this.#today)
    let lowest: number | null = null
    for (let index = THRESHOLDS.length - 1; index >= 0; index -= 1) {
      const threshold = at(THRESHOLDS, index)
      const isBelow = threshold < PROMISE_LEAST
      if (isBelow && plainShare(entry(between, index), threshold, this.#doubt) < KEPT_BELOW) break
      const needed = PROMISE_LEAST + (isBelow ? ROOM_BELOW : ROOM)
      if (cautiousShare(entry(above, index), threshold, this.#doubt) >= needed) lowest = threshold
    }
    return lowest
  }

  toJSON(): PromiseGuardJson {
    return structuredClone({
      above: this.#above,
      between: this.#between,
      today: [...this.#today],
    })
  }
}

/** Moves guesses so that those from the threshold on, and no others, are promises. */
export function guarded(guess: number, threshold: number | null): number {
  if (threshold !== null && guess >= threshold) {
    return PROMISE_LEAST + ((guess - threshold) / (1 - threshold)) * (1 - PROMISE_LEAST)
  }
  const from = Math.max(threshold ?? 1, PROMISE_LEAST)
  if (guess <= GUARD_FROM || from === PROMISE_LEAST) return Math.min(guess, NO_PROMISE)
  const share = (guess - GUARD_FROM) / (from - GUARD_FROM)
  return clamp(GUARD_FROM + share * (NO_PROMISE - GUARD_FROM), 0, NO_PROMISE)
}

/** The kept share of a record and what is believed before it, less its error between witnesses. */
function cautiousShare(record: WitnessSums, threshold: number, doubt: Doubt): number {
  const sums = withPrior(record, threshold, doubt)
  const share = sums.kept / sums.guesses
  const squares = sums.keptSquared - 2 * share * sums.product + share * share * sums.guessesSquared
  return share - (doubt.standardErrors * Math.sqrt(Math.max(0, squares))) / sums.guesses
}

function plainShare(record: WitnessSums, threshold: number, doubt: Doubt): number {
  const { kept, guesses } = withPrior(record, threshold, doubt)
  return kept / guesses
}

function withPrior(record: WitnessSums, threshold: number, doubt: Doubt): WitnessSums {
  const sums = { ...record }
  // Sums are of square roots: their mean, squared, is the size of a usual witness.
  const usual = record.witnesses === 0 ? 0 : (record.guesses / record.witnesses) ** 2
  const guesses = Math.max(PRIOR_GUESSES_MIN, usual)
  const kept = guesses * (threshold - PRIOR_SHORTFALL)
  for (let prior = 0; prior < doubt.priorWitnesses; prior += 1) addWitness(sums, { guesses, kept })
  return sums
}

function addDay(
  above: readonly WitnessSums[],
  between: readonly WitnessSums[],
  today: ReadonlyMap<number, PoolDay>,
): void {
  for (const day of today.values()) {
    day.above.forEach((witness, index) => {
      addWitness(entry(above, index), witness)
    })
    day.between.forEach((witness, index) => {
      addWitness(entry(between, index), witness)
    })
  }
}

function addWitness(sums: WitnessSums, witness: Witness): void {
  if (witness.guesses === 0) return
  const guesses = Math.sqrt(witness.guesses)
  const kept = witness.kept / guesses
  sums.witnesses += 1
  sums.guesses += guesses
  sums.kept += kept
  sums.guessesSquared += guesses * guesses
  sums.keptSquared += kept * kept
  sums.product += guesses * kept
}

function fadeSums(sums: WitnessSums, kept: number): void {
  sums.witnesses *= kept
  sums.guesses *= kept
  sums.kept *= kept
  sums.guessesSquared *= kept
  sums.keptSquared *= kept
  sums.product *= kept
}

function emptySums(): WitnessSums {
  return { witnesses: 0, guesses: 0, kept: 0, guessesSquared: 0, keptSquared: 0, product: 0 }
}

function emptyDay(): Witness[] {
  return THRESHOLDS.map(() => ({ guesses: 0, kept: 0 }))
}
