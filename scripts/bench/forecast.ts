/**
 * What the forecast costs: telling it of a large made-up fleet, asking about every free card once,
 * training, keeping its state, and the memory of it all. Writes nothing; `--help` tells the options.
 *
 * The large fleet is told of day by day from one generated pool at a time, so that the generator's own
 * memory does not stand in the figure.
 */
import { Forecaster } from '../../collector/src/forecast/forecaster.ts'
import { MINUTE_MS, SECOND_MS } from '../../collector/src/forecast/numbers.ts'
import { trainModels } from '../../collector/src/forecast/train.ts'
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
const CARDS_PER_POOL = 8 * NODES_PER_POOL

interface Events {
  readonly atMs: Float64Array
  readonly cards: Int32Array
  readonly isFree: Uint8Array
}

const megabytes = () => {
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / 1e6
}
const elapsedS = (fromMs: number) => (performance.now() - fromMs) / SECOND_MS

const forecaster = new Forecaster()
const emptyMb = megabytes()
const events = eventsOf(forecaster)
const withEventsMb = megabytes()

let beganMs = performance.now()
for (let index = 0; index < events.atMs.length; index += 1) {
  const state = events.isFree[index] === 1 ? 'free' : 'taken'
  forecaster.change(events.cards[index] ?? 0, state, events.atMs[index] ?? 0)
}
const endMs = (SYNTHETIC_START_S + options.days * 86_400) * SECOND_MS - MINUTE_MS
forecaster.advance(endMs)
const tellS = elapsedS(beganMs)
const stateMb = megabytes() - withEventsMb + emptyMb

beganMs = performance.now()
const set = forecaster.trainingSet()
const models = trainModels(set)
const trainS = elapsedS(beganMs)
forecaster.adopt(models)

beganMs = performance.now()
let asked = 0
for (let card = 0; card < options.cards; card += 1) {
  if (forecaster.ask(card, endMs) !== null) asked += 1
}
const askS = elapsedS(beganMs)

beganMs = performance.now()
const text = JSON.stringify(forecaster)
const keepS = elapsedS(beganMs)

const details = { cards: options.cards, days: options.days, events: events.atMs.length }
sayFigure({
  what: 'forecast, told of one day',
  figure: rounded(tellS / options.days),
  unit: 's',
  bar: null,
  details,
})
sayFigure({
  what: 'forecast, one training',
  figure: rounded(trainS),
  unit: 's',
  bar: null,
  details: { ...details, examples: models.examples },
})
sayFigure({
  what: 'forecast, every free card asked once',
  figure: rounded(askS),
  unit: 's',
  bar: null,
  details: { ...details, asked, microsecondsEach: rounded((askS / asked) * 1e6) },
})
sayFigure({
  what: 'forecast, memory of its state',
  figure: rounded(stateMb),
  unit: 'MB',
  bar: null,
  details: { ...details, residentMb: rounded(process.memoryUsage().rss / 1e6) },
})
sayFigure({
  what: 'forecast, its state as JSON',
  figure: rounded(text.length / 1e6),
  unit: 'MB',
  bar: null,
  details: { ...details, seconds: rounded(keepS) },
})

function eventsOf(of: Forecaster): Events {
  const atMs: number[] = []
  const cards: number[] = []
  const isFree: number[] = []
  for (let pool = 0; pool < options.cards / CARDS_PER_POOL; pool += 1) {
    const rows = syntheticFleet({
      kind: 'jobs',
      pools: 1,
      nodesPerPool: NODES_PER_POOL,
      days: options.days,
      seed: pool + 1,
    })
    for (const row of rows) {
      atMs.push(row.startS * SECOND_MS)
      cards.push(of.cardOf({ cardId: row.deviceId, nodeId: row.node, poolId: `site ${pool}` }))
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
