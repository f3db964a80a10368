/**
 * Trains the learned models of every horizon on a set of examples. Pure and bounded: the same set
 * gives the same models, and a set is bounded by the ring it was taken from. Its arguments and its
 * result are cloneable, so that the collector trains in a worker.
 */
import { type BoostedModel, type BoostingOptions, trainBoosted } from './boosting.ts'
import { type LogisticModel, type Table, trainLogistic } from './logistic.ts'

export interface TrainingSet {
  readonly atMs: number
  /** Per horizon and age class: what was asked and what became of it. */
  readonly tables: readonly (readonly Table[])[]
  /** What is shipped, in the same order; the logistic regression is drawn to it. */
  readonly prior: readonly (readonly LogisticModel[])[]
}

export interface HorizonModels {
  /** One per age class: young windows end for other reasons than old ones. */
  readonly logistic: readonly LogisticModel[]
  readonly boosted: BoostedModel
}

export interface Models {
  readonly trainedAtMs: number
  readonly examples: number
  readonly horizons: readonly HorizonModels[]
}

/** Chosen on inner splits of public traces; a wide range around them does as well. */
export const BOOSTING: BoostingOptions = {
  trees: 60,
  depth: 4,
  learningRate: 0.08,
  leafWeightMin: 50,
  ridge: 10,
  rowShare: 0.3,
  featureShare: 0.5,
  seed: 1,
}
const LOGISTIC_RIDGE = 100
/** Rows that a model is trained on at most, spread over the whole record: more do not help. */
const BOOSTING_ROWS_MAX = 12_000
const LOGISTIC_ROWS_MAX = 6_000

export function trainModels({ atMs, tables, prior }: TrainingSet): Models {
  const horizons = tables.map((classes, horizon) => ({
    logistic: classes.map((table, age) =>
      trainLogistic(thinned(table, LOGISTIC_ROWS_MAX), {
        ridge: LOGISTIC_RIDGE,
        prior: prior[horizon]?.[age] ?? null,
      }),
    ),
    boosted: trainBoosted(thinned(joined(classes), BOOSTING_ROWS_MAX), {
      ...BOOSTING,
      seed: BOOSTING.seed + horizon,
    }),
  }))
  return { trainedAtMs: atMs, examples: rowsOf(tables.at(-1) ?? []), horizons }
}

function rowsOf(tables: readonly Table[]): number {
  return tables.reduce((sum, { rows }) => sum + rows, 0)
}

function joined(tables: readonly Table[]): Table {
  const rows = rowsOf(tables)
  const columns = tables[0]?.columns ?? 0
  const values = new Float32Array(rows * columns)
  const labels = new Float32Array(rows)
  let row = 0
  for (const table of tables) {
    values.set(table.values, row * columns)
    labels.set(table.labels, row)
    row += table.rows
  }
  return { rows, columns, values, labels }
}

/** Every k-th row, so that at most `rowsMax` are left. */
function thinned(table: Table, rowsMax: number): Table {
  if (table.rows <= rowsMax) return table
  const { columns } = table
  const values = new Float32Array(rowsMax * columns)
  const labels = new Float32Array(rowsMax)
  for (let row = 0; row < rowsMax; row += 1) {
    const from = Math.floor((row * table.rows) / rowsMax)
    values.set(table.values.subarray(from * columns, (from + 1) * columns), row * columns)
    labels[row] = table.labels[from] ?? 0
  }
  return { rows: rowsMax, columns, values, labels }
}
