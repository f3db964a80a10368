/**
 * What the forecast costs at the size of a province: telling it of a large made-up fleet, predicting
 * every free window, answering a search, the list of an hour, training, keeping and reading its state,
 * and the memory of it all. Seconds are of this process's processors, so that other work on the machine
 * does not stand in them. Writes nothing; `--help` tells the options.
 *
 * The large fleet is told of from one generated pool at a time, so that the generator's own memory does
 * not stand in the figure.
 */
import { gunzipSync, gzipSync } from 'node:zlib'
import { runCode } from '@yiben/shared'
import { HourList } from '../../collector/src/forecast/live/hourly.ts'
import { LiveForecast, liveForecastJson } from '../../collector/src/forecast/live/live-forecast.ts'
import { PoolForecast } from '../../collector/src/forecast/live/pool-forecast.ts'
import { poolIdOf } from '../../collector/src/forecast/live/pool-id.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../collector/src/forecast/numbers.ts'
import { trainModels } from '../../collector/src/forecast/train.ts'
import type { NodeSight } from '../../collector/src/model/forecast.ts'
import type { NodeId, UnitId } from '../../collector/src/model/ids.ts'
import { rounded, sayFigure } from './support/figure.ts'
import { readOptions } from './support/options.ts'
import { SYNTHETIC_START_S, syntheticFleet } from './support/synthetic-fleet.ts'

const options = readOptions({
  script: 'forecast.ts',
  sentence: 'Time and memory of the forecast at the size of a province.',
  numbers: {
    cards: { default: 100_000, min: 400, max: 200_000, sentence: 'cards, 400 to a pool' },
    days: { default: 2, min: 1, max: 10, sentence: 'days that are told' },
  },
  switches: {},
})
const NODES_PER_POOL = 50
const CARDS_PER_NODE = 8
const CARDS_PER_POOL = CARDS_PER_NODE * NODES_PER_POOL
const KIND = JSON.stringify(['nvidia', 80, 'H800 SXM'])
const PROFILE = {
  vendor: 'nvidia',
  name: 'H800',
  memoryTotalMib: null,
  powerCapWatts: null,
} as const
const WEEK_HOURS = 168
const REQUEST_CARDS = 64

interface Events {
  readonly atMs: Float64Array
  readonly cards: Int32Array
  readonly isFree: Uint8Array
}

interface Place {
  readonly unitId: UnitId
  readonly nodeId: NodeId
  readonly siteCode: string
  readonly card: number
}

const megabytes = () => {
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / 1e6
}

/** Seconds of all processors that `work` took. */
function cost<Result>(work: () => Result): { readonly seconds: number; readonly result: Result } {
  const before = process.cpuUsage()
  const result = work()
  const { system, user } = process.cpuUsage(before)
  return { seconds: (system + user) / 1e6, result }
}

const endMs = (SYNTHETIC_START_S + options.days * 86_400) * SECOND_MS - MINUTE_MS
const live = liveOf(null)
const { forecaster, predictions, outlook } = live
const emptyMb = megabytes()
const places: Place[] = []
const events = readEvents()
const withEventsMb = megabytes()

const tell = cost(() => {
  for (let index = 0; index < events.atMs.length; index += 1) {
    const state = events.isFree[index] === 1 ? 'free' : 'taken'
    forecaster.change(events.cards[index] ?? 0, state, events.atMs[index] ?? 0)
  }
  forecaster.advance(endMs)
})
const look = cost(() => live.look({ sights: sightsNow(), ended: [], monotonicMs: 0 }))
live.tell({ wallMs: endMs, monotonicMs: 0 }, Number.MAX_SAFE_INTEGER)
const set = cost(() => forecaster.trainingSet())
const training = cost(() => trainModels(set.result))
forecaster.adopt(training.result)
const predict = cost(() => predictions.sweep(Number.MAX_SAFE_INTEGER))
const free = places.filter(({ card }) => forecaster.isFree(card)).map(({ unitId }) => unitId)
const stateMb = megabytes() - withEventsMb + emptyMb

const search = cost(() => {
  for (let first = 0; first < free.length; first += CARDS_PER_NODE) {
    outlook.chanceOfEach(free.slice(first, first + CARDS_PER_NODE), 4 * HOUR_MS)
  }
})
for (const { card } of places) predictions.changed(card)
const promise = cost(() => outlook.chanceOfAll(free.slice(0, REQUEST_CARDS), 4 * HOUR_MS))
const pools = new PoolForecast(
  () => ({ pools: forecaster.pools(), nowMs: forecaster.nowMs ?? endMs }),
  () => true,
)
const week = cost(() => {
  for (let hour = 1; hour < WEEK_HOURS; hour += 1) {
    pools.freeQuantiles('site 0', KIND, endMs + hour * HOUR_MS)
  }
})
const hour = cost(() => {
  const list = new HourList(endMs, live.fleet)
  list.ask(forecaster, Number.MAX_SAFE_INTEGER)
  return list.finish(forecaster.models)
})
const write = cost(() => live.toJSON())
const pack = cost(() => gzipSync(JSON.stringify(write.result), { level: 1 }))
const read = cost(() => liveOf(liveForecastJson(JSON.parse(gunzipSync(pack.result).toString()))))

const details = { cards: options.cards, days: options.days, events: events.atMs.length }
const say = (what: string, figure: number, unit: string, more: object = {}) =>
  sayFigure({
    what: `forecast, ${what}`,
    figure: rounded(figure),
    unit,
    bar: null,
    details: { ...details, ...more },
  })
say('told of one day', tell.seconds / options.days, 's')
say('one look at every node', look.seconds, 's', { nodes: places.length / CARDS_PER_NODE })
say('one training, in a thread of its own', training.seconds, 's', {
  examples: training.result.examples,
  ofTheMainThread: rounded(set.seconds),
})
say('every free window predicted once', predict.seconds, 's', {
  windows: free.length,
  microsecondsEach: rounded((predict.seconds / free.length) * 1e6),
})
say('all of them looked up by a search', search.seconds * 1_000, 'ms', { windows: free.length })
say('the joint chance of 64 cards, afresh', promise.seconds * 1_000, 'ms')
say('a week of one pool, hour by hour', week.seconds * 1_000, 'ms')
say('the list of an hour', hour.seconds, 's', {
  windows: hour.result.windows,
  keptBytes: hour.result.bytes.length,
})
say('memory of its state', stateMb, 'MB', {
  residentMb: rounded(process.memoryUsage().rss / 1e6),
})
say('its state as it is kept', pack.result.length / 1e6, 'MB', {
  mainThreadSeconds: rounded(write.seconds),
  packedInAThreadSeconds: rounded(pack.seconds),
  readSeconds: rounded(read.seconds),
  cardsRead: read.result.forecaster.cardCount,
})

function liveOf(state: ReturnType<typeof liveForecastJson>): LiveForecast {
  return new LiveForecast({
    state,
    now: { wallMs: SYNTHETIC_START_S * SECOND_MS, monotonicMs: 0 },
    kindKeyOf: () => KIND,
    lending: { isLentAt: () => false },
  })
}

function readEvents(): Events {
  const atMs: number[] = []
  const cards: number[] = []
  const isFree: number[] = []
  const known = new Map<string, number>()
  for (let pool = 0; pool < options.cards / CARDS_PER_POOL; pool += 1) {
    const siteCode = `site ${pool}`
    known.clear()
    const rows = syntheticFleet({
      kind: 'jobs',
      pools: 1,
      nodesPerPool: NODES_PER_POOL,
      days: options.days,
      seed: pool + 1,
    })
    for (const row of rows) {
      const card = known.get(row.deviceId) ?? placed(`${siteCode} ${row.node}`, siteCode)
      known.set(row.deviceId, card)
      atMs.push(row.startS * SECOND_MS)
      cards.push(card)
      isFree.push(row.isIdle ? 1 : 0)
    }
  }
  const order = Uint32Array.from(atMs.keys())
  order.sort((left, right) => (atMs[left] ?? 0) - (atMs[right] ?? 0) || left - right)
  return {
    atMs: Float64Array.from(order, (index) => atMs[index] ?? 0),
    cards: Int32Array.from(order, (index) => cards[index] ?? 0),
    isFree: Uint8Array.from(order, (index) => isFree[index] ?? 0),
  }
}

function placed(node: string, siteCode: string): number {
  const unitId = (places.length + 1) as UnitId
  const nodeId = node as NodeId
  const poolId = poolIdOf(siteCode, KIND)
  const card = forecaster.cardOf({ cardId: String(unitId), nodeId, poolId })
  places.push({ unitId, nodeId, siteCode, card })
  return card
}

function sightsNow(): NodeSight[] {
  const byNode = Map.groupBy(places, ({ nodeId }) => nodeId)
  return [...byNode].map(([nodeId, cards], index) => ({
    nodeId,
    siteCode: cards[0]?.siteCode ?? '',
    changeSeq: index + 1,
    timelineEndMs: endMs,
    cards: cards.map(({ card, unitId }) => {
      const isFree = forecaster.isFree(card)
      return {
        unitId,
        profile: PROFILE,
        runStartMs: forecaster.windowStartMs(card),
        runCode: runCode(isFree ? 'free/proven' : 'busy/active'),
        windowStartMs: isFree ? forecaster.windowStartMs(card) : null,
      }
    }),
  }))
}
