/**
 * Made-up fleets for the forecast, seeded: jobs that come by day more than by night and take cards
 * first fit, and a fleet that flickers. Rows are those of an interval trace. Real traces are cited in
 * docs/forecast.md; these are for what real ones do not show: odd fleets, and very large ones.
 */

import { seededFractions } from '../../../collector/src/forecast/numbers.ts'
import type { IntervalRow } from '../../../collector/src/forecast/trace.ts'

export type FleetKind = 'jobs' | 'drifting' | 'nearly free' | 'nearly busy' | 'flickering'

export interface SyntheticFleet {
  readonly kind: FleetKind
  readonly pools: number
  readonly nodesPerPool: number
  readonly days: number
  readonly seed: number
}

/** 2024-01-01, a Monday. */
export const SYNTHETIC_START_S = 1_704_067_200
const CARDS_PER_NODE = 8
const MINUTE_S = 60
const DAY_MINUTES = 1_440
const SIZES = [1, 1, 1, 2, 2, 4, 8, 8, 16, 32]
const SIZE_MEAN = 7.5
const JOB_MINUTES_MEDIAN = 90
const JOB_MINUTES_SPREAD = 1.2
/** Mean of a logarithmic normal distribution over its median. */
const JOB_MINUTES_MEAN = JOB_MINUTES_MEDIAN * Math.exp(JOB_MINUTES_SPREAD ** 2 / 2)
/** Share of the pool's cards that jobs ask for. */
const DEMAND: Readonly<Record<Exclude<FleetKind, 'flickering'>, (day: number) => number>> = {
  jobs: () => 0.6,
  drifting: (day) => 0.25 + 0.07 * day,
  'nearly free': () => 0.03,
  'nearly busy': () => 1.6,
}
/** Minutes between the calls of a hot flickering card, and how long hot and calm spells last. */
const FLICKER_GAP_MINUTES = 9
const FLICKER_CALL_MINUTES = 3
const SPELL_MINUTES = 240

export function syntheticFleet(fleet: SyntheticFleet): IntervalRow[] {
  const rows: IntervalRow[] = []
  for (let pool = 0; pool < fleet.pools; pool += 1) {
    const random = seededFractions(fleet.seed * 10_007 + pool)
    const busy =
      fleet.kind === 'flickering'
        ? flickers(fleet, random)
        : jobs(fleet, DEMAND[fleet.kind], random)
    busy.forEach((spans, card) => {
      addRows(rows, nameOf(pool, card), spans, fleet.days * DAY_MINUTES)
    })
  }
  return rows
}

/** Busy spans of each card in minutes: from, until. */
type Spans = [number, number][]

function jobs(
  { nodesPerPool, days }: SyntheticFleet,
  demand: (day: number) => number,
  random: () => number,
): Spans[] {
  const cards = nodesPerPool * CARDS_PER_NODE
  const busyUntil = new Int32Array(cards)
  const busy: Spans[] = Array.from({ length: cards }, () => [])
  for (let minute = 0; minute < days * DAY_MINUTES; minute += 1) {
    const hour = (minute % DAY_MINUTES) / 60
    const daily = 1 + 0.7 * Math.sin(((hour - 8) * Math.PI) / 12)
    const wanted = demand(minute / DAY_MINUTES) * cards * daily
    if (random() >= wanted / (SIZE_MEAN * JOB_MINUTES_MEAN)) continue
    const size = SIZES[Math.floor(random() * SIZES.length)] ?? 1
    const normal = Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random())
    const minutes = Math.ceil(JOB_MINUTES_MEDIAN * Math.exp(JOB_MINUTES_SPREAD * normal))
    placeFirstFit({ busy, busyUntil, size, from: minute, until: minute + minutes })
  }
  return busy
}

function placeFirstFit(job: {
  readonly busy: Spans[]
  readonly busyUntil: Int32Array
  readonly size: number
  readonly from: number
  readonly until: number
}): void {
  const { busy, busyUntil, size, from, until } = job
  const chosen: number[] = []
  for (let card = 0; card < busy.length && chosen.length < size; card += 1) {
    if ((busyUntil[card] ?? 0) <= from) chosen.push(card)
  }
  // A job that does not fit is lost: demand above the capacity keeps the pool full.
  if (chosen.length < size) return
  for (const card of chosen) {
    busyUntil[card] = until
    busy[card]?.push([from, until])
  }
}

/** Cards that are called for minutes at a time, in hot spells of hours between calm ones. */
function flickers({ nodesPerPool, days }: SyntheticFleet, random: () => number): Spans[] {
  const exponential = (mean: number) => Math.ceil(-mean * Math.log(random() + 1e-12))
  return Array.from({ length: nodesPerPool * CARDS_PER_NODE }, () => {
    const spans: Spans = []
    let minute = 0
    while (minute < days * DAY_MINUTES) {
      const hotUntil = minute + exponential(SPELL_MINUTES)
      while (minute < hotUntil) {
        const from = minute + exponential(FLICKER_GAP_MINUTES)
        minute = from + exponential(FLICKER_CALL_MINUTES)
        spans.push([from, minute])
      }
      minute += exponential(SPELL_MINUTES)
    }
    return spans
  })
}

function addRows(rows: IntervalRow[], name: Name, spans: Spans, minutes: number): void {
  let reached = 0
  const add = (from: number, until: number, isIdle: boolean) => {
    const end = Math.min(until, minutes)
    if (end <= from) return
    const startS = SYNTHETIC_START_S + from * MINUTE_S
    rows.push({ ...name, startS, endS: SYNTHETIC_START_S + end * MINUTE_S, isIdle })
  }
  for (const [from, until] of joined(spans)) {
    add(reached, from, true)
    add(from, until, false)
    reached = until
  }
  add(reached, minutes, true)
}

/** Spans that touch are one. */
function joined(spans: Spans): Spans {
  const result: Spans = []
  for (const [from, until] of spans) {
    const last = result.at(-1)
    if (last !== undefined && last[1] >= from) last[1] = Math.max(last[1], until)
    else result.push([from, until])
  }
  return result
}

type Name = Pick<IntervalRow, 'deviceId' | 'pool' | 'node'>

function nameOf(pool: number, card: number): Name {
  const poolName = `made${String(pool).padStart(3, '0')}`
  const node = `n${String(Math.floor(card / CARDS_PER_NODE)).padStart(3, '0')}`
  return { deviceId: `${poolName}-${node}-g${card % CARDS_PER_NODE}`, pool: poolName, node }
}
