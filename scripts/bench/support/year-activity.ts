/**
 * Made-up time of the cards of a node in spells of hours, seeded: about twelve changes a day, as the
 * mix of `activity.ts` has them. The same spells are told by ticks of any length, and what was told
 * as known is added up by card, so that a ledger can be compared with it.
 */
import {
  appendRun,
  type MeasuredState,
  type Run,
  type RunCode,
  runCode,
  stateOf,
  type Tick,
  type UnitTick,
} from '@yiben/shared'
import { CARDS, SAMPLE_MS, seededRandom } from './activity.ts'

/** Twelve changes a day. */
const SPELL_MS_MEAN = 7_200_000
const [FREE, BUSY, OCCUPIED, FAULTY] = [
  runCode('free/proven'),
  runCode('busy/active'),
  runCode('occupied/in_use'),
  runCode('faulty/health'),
] as const

interface Spell {
  code: RunCode
  untilMs: number
  readonly random: () => number
}

/** Of a card, by its identity: milliseconds that were told as known. */
export type ToldTime = Map<string, Record<MeasuredState, number>>

export class YearActivity {
  readonly #spells: readonly Spell[]
  readonly #random: () => number
  readonly #told: ToldTime

  constructor(seed: number, startMs: number, told: ToldTime) {
    this.#told = told
    this.#random = seededRandom(seed * 2 + 1)
    this.#spells = Array.from({ length: CARDS }, (_, index) => {
      const random = seededRandom((seed * CARDS + index) * 7_919 + 13)
      const spell = { code: random() < 0.4 ? FREE : BUSY, untilMs: startMs, random }
      spell.untilMs += lengthMs(random)
      return spell
    })
  }

  /** `hashes`: which card is where. */
  tick(
    span: { readonly startMs: number; readonly endMs: number },
    facts: { readonly revision: number; readonly hashes: readonly string[] },
  ): Tick {
    const spanMs = span.endMs - span.startMs
    const cpuTotalMs = 128 * spanMs
    return {
      factsRevision: facts.revision,
      startMs: span.startMs,
      spanMs,
      samplesExpected: samplesOf(spanMs),
      cpuBusyMs: this.#between(cpuTotalMs * 0.1, cpuTotalMs * 0.3),
      cpuTotalMs,
      units: this.#spells.map((spell, index) => {
        const runs = runsOf(spell, span.startMs, span.endMs)
        this.#note(facts.hashes[index] ?? '', runs)
        return this.#unit(index, runs, spanMs)
      }),
    }
  }

  #note(hash: string, runs: readonly Run[]): void {
    const sums = this.#told.get(hash) ?? {
      busy: 0,
      allocated: 0,
      occupied: 0,
      free: 0,
      faulty: 0,
      unknown: 0,
    }
    for (const { code, durationMs } of runs) sums[stateOf(code)] += durationMs
    this.#told.set(hash, sums)
  }

  #unit(index: number, runs: readonly Run[], spanMs: number): UnitTick {
    const samples = samplesOf(spanMs)
    const busyMs = runs.reduce((sum, run) => sum + (run.code === BUSY ? run.durationMs : 0), 0)
    const busySamples = Math.round((samples * busyMs) / spanMs)
    const isUsed = busySamples > 0
    const idleMs = spanMs - busyMs
    const permille = isUsed ? 10 * this.#between(90, 100) : 0
    return {
      index,
      runs,
      samplesGot: samples,
      utilizationSumPermille: busySamples * permille,
      utilizationMaxPermille: permille,
      samplesZero: samples - busySamples,
      samplesBelowTenth: samples - busySamples,
      activeMs: busyMs,
      givenMs: 0,
      memoryUsedMibMax: isUsed ? this.#between(60_000, 80_000) : 4,
      energyJoules: Math.round(
        (busyMs * this.#between(350, 690) + idleMs * this.#between(65, 80)) / 1_000,
      ),
      temperatureCelsiusMax: isUsed ? this.#between(55, 80) : this.#between(30, 40),
      evidence: 'A',
      depositable: true,
    }
  }

  #between(min: number, max: number): number {
    return Math.round(min + this.#random() * (max - min))
  }
}

function runsOf(spell: Spell, startMs: number, endMs: number): readonly Run[] {
  const runs: Run[] = []
  for (let fromMs = startMs; fromMs < endMs; ) {
    // What ended while nobody looked is passed over.
    while (spell.untilMs <= fromMs) begin(spell)
    const toMs = Math.min(spell.untilMs, endMs)
    appendRun(runs, spell.code, toMs - fromMs)
    fromMs = toMs
  }
  return runs
}

/** Work and rest take turns; now and then a card is held without work, and rarely one is broken. */
function begin(spell: Spell): void {
  const draw = spell.random()
  if (spell.code !== FREE) spell.code = FREE
  else spell.code = draw < 0.9 ? BUSY : draw < 0.998 ? OCCUPIED : FAULTY
  spell.untilMs += lengthMs(spell.random)
}

function lengthMs(random: () => number): number {
  const samples = Math.round((-SPELL_MS_MEAN * Math.log(1 - random())) / SAMPLE_MS)
  return SAMPLE_MS * Math.max(1, samples)
}

function samplesOf(spanMs: number): number {
  return Math.max(1, Math.round(spanMs / SAMPLE_MS))
}
