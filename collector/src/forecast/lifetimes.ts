/**
 * The Kaplan-Meier mixture of a fleet: life tables of the fleet and of each pool, and for each card
 * how much more often than its pool's its windows end. Older experience fades, so that a fleet whose
 * level drifts is followed. The plain curve of the whole fleet is the reference that every promise is
 * guarded by.
 */
import { Columns, numbersOf, textOf } from './columns.ts'
import { DAY_MS, remaining } from './numbers.ts'
import { HORIZONS, HORIZONS_MS } from './pool-history.ts'
import {
  addEvent,
  addExposure,
  cardFactor,
  cumulativeRate,
  forget,
  type LifeTable,
  newLifeTable,
  shrunkRates,
} from './survival.ts'

/** What a fleet did longer ago than this weighs less than 1/e. */
const FADE_MS = 14 * DAY_MS
const CARD_COLUMNS = ['accountedMs', 'events', 'expected'] as const
type CardColumn = (typeof CARD_COLUMNS)[number]

export interface LifeAnswer {
  /** Per horizon: Kaplan-Meier by age over the whole fleet. */
  readonly reference: Float64Array
  /** Per horizon: card, pool and fleet together. */
  readonly mixture: Float64Array
  readonly cardFactor: number
}

interface TableJson {
  readonly events: string
  readonly exposureHours: string
}

export interface LifetimesJson {
  readonly fleet: TableJson
  readonly pools: readonly TableJson[]
  readonly cards: Readonly<Record<string, string>>
  readonly fadedAtMs: number
  readonly fleetRates: string
  readonly poolRates: readonly string[]
}

export class Lifetimes {
  readonly #fleet: LifeTable
  readonly #pools: LifeTable[]
  readonly #cards: Columns<CardColumn>
  readonly #shipped: readonly number[]
  #fleetRates: Float64Array
  #poolRates: Float64Array[] = []
  #fadedAtMs = 0

  /** `shipped`: rates per hour and bin of age, for a fleet that has seen nothing. */
  constructor(shipped: readonly number[], state: LifetimesJson | null = null) {
    this.#shipped = shipped
    this.#fleet = state === null ? newLifeTable() : tableFromJson(state.fleet)
    this.#pools = state?.pools.map(tableFromJson) ?? []
    this.#cards =
      state === null ? new Columns(CARD_COLUMNS) : Columns.fromJSON(CARD_COLUMNS, state.cards)
    this.#fadedAtMs = state?.fadedAtMs ?? 0
    this.#fleetRates = state === null ? Float64Array.from(shipped) : numbersOf(state.fleetRates)
    this.#poolRates = state?.poolRates.map(numbersOf) ?? []
  }

  /** A window begins. */
  open(card: number): void {
    this.#ensure(card)
    this.#cards.set('accountedMs', card, 0)
  }

  /** The window is alive at this age: the time since the last word was time at risk. */
  live(card: number, pool: number, ageMs: number): void {
    const fromMs = this.#cards.get('accountedMs', card)
    if (ageMs <= fromMs) return
    const table = this.#table(pool)
    addExposure(this.#fleet, fromMs, ageMs)
    addExposure(table, fromMs, ageMs)
    this.#cards.increase('expected', card, cumulativeRate(this.#rates(pool), fromMs, ageMs))
    this.#cards.set('accountedMs', card, ageMs)
  }

  /** The window ended at this age, not censored. `live` first. */
  end(card: number, pool: number, ageMs: number): void {
    addEvent(this.#fleet, ageMs)
    addEvent(this.#table(pool), ageMs)
    this.#cards.increase('events', card, 1)
  }

  /** Lets the old fade and makes the rates anew; once an hour is enough. */
  refresh(nowMs: number): void {
    const kept = this.#fadedAtMs === 0 ? 1 : remaining(nowMs - this.#fadedAtMs, FADE_MS)
    this.#fadedAtMs = nowMs
    for (const table of [this.#fleet, ...this.#pools]) forget(table, kept)
    for (let card = 0; card < this.#cards.length; card += 1) {
      this.#cards.set('events', card, this.#cards.get('events', card) * kept)
      this.#cards.set('expected', card, this.#cards.get('expected', card) * kept)
    }
    this.#makeRates()
  }

  answer(card: number, pool: number, ageMs: number): LifeAnswer {
    this.#ensure(card)
    const factor = cardFactor(this.#cards.get('events', card), this.#cards.get('expected', card))
    const reference = new Float64Array(HORIZONS)
    const mixture = new Float64Array(HORIZONS)
    HORIZONS_MS.forEach((horizonMs, horizon) => {
      const untilMs = ageMs + horizonMs
      reference[horizon] = Math.exp(-cumulativeRate(this.#fleetRates, ageMs, untilMs))
      mixture[horizon] = Math.exp(-factor * cumulativeRate(this.#rates(pool), ageMs, untilMs))
    })
    return { reference, mixture, cardFactor: factor }
  }

  /** Of the whole fleet, per hour and bin of age. */
  fleetRates(): readonly number[] {
    return [...this.#fleetRates]
  }

  /** The chance of a pool's window to live on from one age to another. */
  chance(pool: number, fromAgeMs: number, toAgeMs: number): number {
    return Math.exp(-cumulativeRate(this.#rates(pool), fromAgeMs, toAgeMs))
  }

  toJSON(): LifetimesJson {
    return {
      fleet: tableToJson(this.#fleet),
      pools: this.#pools.map(tableToJson),
      cards: this.#cards.toJSON(),
      fadedAtMs: this.#fadedAtMs,
      fleetRates: textOf(this.#fleetRates),
      poolRates: this.#poolRates.map(textOf),
    }
  }

  #makeRates(): void {
    this.#fleetRates = shrunkRates(this.#fleet, this.#shipped, 'fleet')
    this.#poolRates = this.#pools.map((table) => shrunkRates(table, this.#fleetRates, 'pool'))
  }

  #rates(pool: number): Float64Array {
    return this.#poolRates[pool] ?? this.#fleetRates
  }

  #table(pool: number): LifeTable {
    while (this.#pools.length <= pool) this.#pools.push(newLifeTable())
    const table = this.#pools[pool]
    return table ?? newLifeTable()
  }

  #ensure(card: number): void {
    while (this.#cards.length <= card) this.#cards.add()
  }
}

function tableToJson({ events, exposureHours }: LifeTable): TableJson {
  return { events: textOf(events), exposureHours: textOf(exposureHours) }
}

function tableFromJson({ events, exposureHours }: TableJson): LifeTable {
  return { events: numbersOf(events), exposureHours: numbersOf(exposureHours) }
}
