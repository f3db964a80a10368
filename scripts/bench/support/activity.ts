/**
 * Made-up time of an 8-card node, seeded: what its ticks and facts look like when all cards are
 * free, busy, or change state at every sample, and a mix as a fleet shows it, where a card stays in
 * its state for hours.
 */
import { type DurableRecord, type NodeFacts, type Run, runCode, type Tick } from '@yiben/shared'

export const CARDS = 8
/** 2026-11-20T00:00:00Z, a full hour: figures that depend on nothing but the code use it. */
export const FIXED_START_MS = 1_795_132_800_000
export const MINUTE_MS = 60_000
export const SAMPLE_MS = 10_000

export const SHAPES = ['free', 'busy', 'flipping', 'mixed'] as const
export type Shape = (typeof SHAPES)[number]

/** A card of a mixed node changes its state once in so many ticks, on average. */
const TICKS_PER_CHANGE = 120
const CHIPS = { name: 'NVIDIA H800', memoryMib: 81_559, powerWatts: 700 }

/** Small, fast, and the same on every machine (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export interface ActivityOptions {
  readonly shape: Shape
  readonly seed: number
  /** Of the first tick. */
  readonly startMs: number
  readonly spanMs?: number
}

/** Ticks of one node, one after the other. */
export class Activity {
  readonly #shape: Shape
  readonly #spanMs: number
  readonly #random: () => number
  readonly #isFree: boolean[]
  #startMs: number

  constructor({ shape, seed, startMs, spanMs = MINUTE_MS }: ActivityOptions) {
    this.#shape = shape
    this.#spanMs = spanMs
    this.#startMs = startMs
    this.#random = seededRandom(seed)
    this.#isFree = Array.from({ length: CARDS }, () =>
      shape === 'mixed' ? this.#random() < 0.4 : shape === 'free',
    )
  }

  get nextStartMs(): number {
    return this.#startMs
  }

  next(): Tick {
    const startMs = this.#startMs
    this.#startMs += this.#spanMs
    const cpuTotalMs = 128 * this.#spanMs
    return {
      factsRevision: 1,
      startMs,
      spanMs: this.#spanMs,
      samplesExpected: this.#samples(),
      cpuBusyMs: this.#between(cpuTotalMs * 0.1, cpuTotalMs * 0.3),
      cpuTotalMs,
      units: Array.from({ length: CARDS }, (_, index) => this.#unit(index)),
    }
  }

  #unit(index: number): Tick['units'][number] {
    const runs = this.#runs(index)
    const samples = this.#samples()
    const busyMs = runs.reduce((sum, run) => sum + (isFreeRun(run) ? 0 : run.durationMs), 0)
    const busySamples = Math.round((samples * busyMs) / this.#spanMs)
    // Vendor tools tell whole percents.
    const permilles = Array.from({ length: busySamples }, () => 10 * this.#between(85, 100))
    const isUsed = busySamples > 0
    return {
      index,
      runs,
      samplesGot: samples,
      utilizationSumPermille: permilles.reduce((sum, permille) => sum + permille, 0),
      utilizationMaxPermille: Math.max(0, ...permilles),
      samplesZero: samples - busySamples,
      samplesBelowTenth: samples - busySamples,
      activeMs: busyMs,
      givenMs: 0,
      memoryUsedMibMax: isUsed ? this.#between(60_000, 80_000) : 4,
      energyJoules: this.#energy(busyMs),
      temperatureCelsiusMax: isUsed ? this.#between(55, 80) : this.#between(30, 40),
      evidence: 'A',
      depositable: true,
    }
  }

  #runs(index: number): readonly Run[] {
    const [free, busy] = [runCode('free/proven'), runCode('busy/active')]
    if (this.#shape === 'flipping') return this.#flippingRuns(free, busy)
    const isFree = this.#isFree[index] === true
    const codes = isFree ? [free, busy] : [busy, free]
    const [before = free, after = busy] = codes
    const mayChange = this.#shape === 'mixed' && this.#random() < 1 / TICKS_PER_CHANGE
    if (!mayChange || this.#spanMs <= SAMPLE_MS) {
      return [{ code: before, durationMs: this.#spanMs }]
    }
    this.#isFree[index] = !isFree
    const firstMs = SAMPLE_MS * this.#between(1, this.#spanMs / SAMPLE_MS - 1)
    return [
      { code: before, durationMs: firstMs },
      { code: after, durationMs: this.#spanMs - firstMs },
    ]
  }

  #flippingRuns(free: Run['code'], busy: Run['code']): readonly Run[] {
    const samples = this.#samples()
    // A sample is never taken on the millisecond: durations differ as real ones do.
    let leftMs = this.#spanMs
    return Array.from({ length: samples }, (_, sample) => {
      const isLast = sample === samples - 1
      const durationMs = isLast ? leftMs : SAMPLE_MS + this.#between(-5, 5)
      leftMs -= durationMs
      return { code: sample % 2 === 0 ? busy : free, durationMs }
    })
  }

  #energy(busyMs: number): number {
    const idleMs = this.#spanMs - busyMs
    return Math.round((busyMs * this.#between(350, 690) + idleMs * this.#between(65, 80)) / 1000)
  }

  #samples(): number {
    return Math.max(1, Math.round(this.#spanMs / SAMPLE_MS))
  }

  #between(min: number, max: number): number {
    return Math.round(min + this.#random() * (max - min))
  }
}

/** Facts of a node whose cards nobody else has: identities are made of `nodeTag`. */
export function factsRecord(nodeTag: number, atMs: number): DurableRecord {
  const facts: NodeFacts = {
    revision: 1,
    atMs,
    agentVersion: '0.1.0',
    bootId: `bench-${nodeTag}`,
    operatingSystem: 'Ubuntu 22.04',
    kernel: '5.15.0',
    architecture: 'x64',
    cpuModel: 'Kunpeng 920',
    cpuCores: 128,
    memoryTotalMib: 1_048_576,
    virtualization: 'none',
    ownerKind: 'none',
    units: Array.from({ length: CARDS }, (_, index) => ({
      index,
      kind: 'card',
      parentIndex: null,
      vendor: 'nvidia',
      name: CHIPS.name,
      memoryTotalMib: CHIPS.memoryMib,
      powerCapWatts: CHIPS.powerWatts,
      sharePpm: 1_000_000,
      driverVersion: '550.54.15',
      identities: [{ keyNumber: 1, hash: hashOf(nodeTag, index), strength: 'strong' }],
    })),
    probes: [
      {
        vendor: 'nvidia',
        tool: 'nvml',
        toolVersion: '12.550',
        unitsFound: CARDS,
        cardsPresent: CARDS,
        problemCode: null,
        problem: null,
      },
    ],
  }
  return { kind: 'facts', facts }
}

function hashOf(nodeTag: number, index: number): string {
  return (nodeTag * CARDS + index + 1).toString(16).padStart(64, '0')
}

function isFreeRun(run: Run): boolean {
  return run.code === runCode('free/proven')
}
