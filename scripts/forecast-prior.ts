/**
 * Makes what the forecast ships for fleets without history: rates at which free windows end by age, and
 * a logistic regression per horizon and age class, from public traces. Clock features are left out:
 * hours and weekdays are each site's own. Prints the file `collector/src/forecast/prior-data.ts`.
 *
 *   node scripts/forecast-prior.ts TRACE.csv.gz [MORE.csv.gz …] > collector/src/forecast/prior-data.ts
 */
import { COMMON_FEATURES } from '../collector/src/forecast/features.ts'
import { Forecaster } from '../collector/src/forecast/forecaster.ts'
import {
  type LogisticModel,
  type Table,
  trainLogistic,
} from '../collector/src/forecast/logistic.ts'
import { replay } from '../collector/src/forecast/replay.ts'
import { readTrace } from '../collector/src/forecast/trace.ts'

/** Mean and deviation of each clock feature over a week, so that a site can learn its own weight. */
const CLOCK: Readonly<Record<string, { readonly mean: number; readonly scale: number }>> = {
  'hour sine': { mean: 0, scale: Math.SQRT1_2 },
  'hour cosine': { mean: 0, scale: Math.SQRT1_2 },
  weekday: { mean: 3, scale: 2 },
}
/** Strong, because what is shipped must hold at sites that were never seen. */
const RIDGE = 300

const files = process.argv.slice(2)
if (files.length === 0 || files.includes('--help')) {
  console.log('node scripts/forecast-prior.ts TRACE.csv.gz [MORE.csv.gz …]')
  process.exit(files.length === 0 ? 2 : 0)
}

const forecasters: Forecaster[] = []
for (const file of files) {
  const trace = await readTrace(file)
  if (trace.kind !== 'intervals') throw new Error(`${file} is no interval trace`)
  const forecaster = new Forecaster()
  const lastS = trace.rows.reduce((last, { endS }) => Math.max(last, endS), 0)
  // Told to the end; a question of nobody makes the replay go there.
  replay(trace.rows, [], forecaster, lastS)
  forecasters.push(forecaster)
}

const logistic = forecasters[0]
  ?.trainingSet()
  .tables.map((classes, horizon) =>
    classes.map((_, age) =>
      shipped(forecasters.map((one) => one.trainingSet().tables[horizon]?.[age])),
    ),
  )
const rates = averaged(forecasters.map((one) => one.ratesPerHour()))
console.log(`/**
 * Made by scripts/forecast-prior.ts; not edited by hand. Coefficients trained on public traces:
 * Microsoft ITP clusters 02, 07, 08 and 09, from 2021-03-06 to 03-28 (ElasticFlow traces, MIT,
 * Copyright (c) Microsoft Corporation; Gu et al., ElasticFlow, ASPLOS 2023), and SenseTime Helios,
 * cluster Earth, from 2020-05-01 to 05-14 (HeliosData, CC BY 4.0; Hu et al., Characterization and
 * Prediction of Deep Learning Workloads in Large-Scale GPU Datacenters, SC 2021; changed:
 * reconstructed per card). No trace is contained in it. Numbers are in the order of the features.
 */
export const PRIOR_TEXT = {
  ratesPerHour: '${rates.join(' ')}',
  logistic: [
${(logistic ?? []).map((classes) => `    [\n${classes.map(modelText).join('')}    ],\n`).join('')}  ],
}`)

function modelText({ intercept, weights, means, scales }: LogisticModel): string {
  const lists = Object.entries({ weights, means, scales }).map(
    ([name, numbers]) => `        ${name}: '${numbers.join(' ')}',\n`,
  )
  return `      {\n        intercept: ${intercept},\n${lists.join('')}      },\n`
}

function shipped(tables: readonly (Table | undefined)[]): LogisticModel {
  const model = trainLogistic(joined(tables), { ridge: RIDGE, prior: null })
  const means = [...model.means]
  const scales = [...model.scales]
  COMMON_FEATURES.forEach((feature, column) => {
    const clock = CLOCK[feature]
    if (clock === undefined) return
    means[column] = clock.mean
    scales[column] = clock.scale
  })
  return {
    intercept: short(model.intercept),
    weights: model.weights.map(short),
    means: means.map(short),
    scales: scales.map(short),
  }
}

/** Each site counts the same, whatever its size; clocks are taken out. */
function joined(tables: readonly (Table | undefined)[]): Table {
  const present = tables.filter((table) => table !== undefined)
  const rows = Math.min(...present.map((table) => table.rows))
  const columns = present[0]?.columns ?? 0
  const values = new Float32Array(rows * present.length * columns)
  const labels = new Float32Array(rows * present.length)
  present.forEach((table, site) => {
    for (let row = 0; row < rows; row += 1) {
      const from = Math.floor((row * table.rows) / rows)
      const to = site * rows + row
      values.set(table.values.subarray(from * columns, (from + 1) * columns), to * columns)
      COMMON_FEATURES.forEach((feature, column) => {
        if (CLOCK[feature] !== undefined) values[to * columns + column] = Number.NaN
      })
      labels[to] = table.labels[from] ?? Number.NaN
    }
  })
  return { rows: rows * present.length, columns, values, labels }
}

/** Geometric means: rates differ by factors. */
function averaged(sites: readonly (readonly number[])[]): number[] {
  const [first = []] = sites
  return first.map((_, bin) => {
    const logs = sites.map((rates) => Math.log(rates[bin] ?? Number.NaN))
    return short(Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length))
  })
}

function short(value: number): number {
  return Number(value.toPrecision(4))
}
