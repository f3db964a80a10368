/**
 * Gradient boosted trees for a probability: histograms of at most 32 bins per feature, trees grown
 * level by level, second-order gain, and a seeded share of rows and features per tree, so that the
 * same table always gives the same trees. An absent input (NaN) has a bin of its own. Small on
 * purpose: a few hundred numbers per model, which are shipped, stored and cloned as plain JSON.
 */
import type { Table } from './logistic.ts'
import { entry, seededFractions, sigmoid } from './numbers.ts'

export interface BoostingOptions {
  readonly trees: number
  readonly depth: number
  readonly learningRate: number
  /** Least sum of second derivatives in a leaf: about four times this many rows. */
  readonly leafWeightMin: number
  readonly ridge: number
  readonly rowShare: number
  readonly featureShare: number
  readonly seed: number
}

/** A full binary tree in heap order: node k has children 2k+1 (≤ threshold) and 2k+2. */
export interface Tree {
  /** -1: a leaf. */
  readonly features: readonly number[]
  readonly thresholds: readonly number[]
  readonly absentGoesLeft: readonly boolean[]
  readonly values: readonly number[]
}

export interface BoostedModel {
  readonly base: number
  readonly trees: readonly Tree[]
}

/** Bin 0 is for what is absent. */
const BINS = 32

export function boostedScore(
  model: BoostedModel,
  values: ArrayLike<number>,
  offset: number,
): number {
  let sum = model.base
  for (const tree of model.trees) sum += treeValue(tree, values, offset)
  return sum
}

function treeValue(tree: Tree, values: ArrayLike<number>, offset: number): number {
  let node = 0
  for (;;) {
    const feature = tree.features[node] as number
    if (feature < 0) return tree.values[node] as number
    const value = values[offset + feature] as number
    const goesLeft = Number.isNaN(value)
      ? tree.absentGoesLeft[node] === true
      : value <= (tree.thresholds[node] as number)
    node = 2 * node + (goesLeft ? 1 : 2)
  }
}

interface Binned {
  /** Column by column. */
  readonly bins: Uint8Array
  /** Upper edge of bin k+1 of every column. */
  readonly edges: readonly Float32Array[]
}

export function trainBoosted(table: Table, options: BoostingOptions): BoostedModel {
  const binned = binTable(table)
  const mean = table.labels.reduce((sum, label) => sum + label, 0) / Math.max(1, table.rows)
  const inside = Math.min(Math.max(mean, 0.01), 0.99)
  const base = Math.log(inside / (1 - inside))
  const scores = new Float64Array(table.rows).fill(base)
  const random = seededFractions(options.seed)
  const trees: Tree[] = []
  const gradients = new Float64Array(table.rows)
  const curvatures = new Float64Array(table.rows)
  for (let count = 0; count < options.trees; count += 1) {
    for (let row = 0; row < table.rows; row += 1) {
      const probability = sigmoid(scores[row] as number)
      gradients[row] = probability - (table.labels[row] as number)
      curvatures[row] = probability * (1 - probability)
    }
    const grower = new TreeGrower({ table, binned, gradients, curvatures, options, random })
    trees.push(grower.grow(scores))
  }
  return { base, trees }
}

interface Growing {
  readonly table: Table
  readonly binned: Binned
  readonly gradients: Float64Array
  readonly curvatures: Float64Array
  readonly options: BoostingOptions
  readonly random: () => number
}

interface Split {
  readonly gain: number
  readonly feature: number
  readonly bin: number
  readonly absentGoesLeft: boolean
}

class TreeGrower {
  readonly #growing: Growing
  readonly #sampled: Int32Array
  readonly #features: readonly number[]
  readonly #nodeOf: Int16Array
  readonly #tree: {
    features: number[]
    thresholds: number[]
    absentGoesLeft: boolean[]
    values: number[]
    bins: number[]
  }

  constructor(growing: Growing) {
    const { table, options, random } = growing
    this.#growing = growing
    this.#nodeOf = new Int16Array(table.rows)
    const rows = new Int32Array(table.rows)
    let count = 0
    for (let row = 0; row < table.rows; row += 1) {
      if (random() >= options.rowShare) continue
      rows[count] = row
      count += 1
    }
    this.#sampled = rows.subarray(0, count)
    this.#features = Array.from({ length: table.columns }, (_, column) => column).filter(
      () => random() < options.featureShare,
    )
    const nodes = 2 ** (options.depth + 1) - 1
    this.#tree = {
      features: new Array<number>(nodes).fill(-1),
      thresholds: new Array<number>(nodes).fill(0),
      absentGoesLeft: new Array<boolean>(nodes).fill(false),
      values: new Array<number>(nodes).fill(0),
      bins: new Array<number>(nodes).fill(0),
    }
  }

  /** Adds the tree's values to the scores of all rows, sampled or not. */
  grow(scores: Float64Array): Tree {
    const { depth, learningRate, ridge } = this.#growing.options
    const { table, gradients, curvatures } = this.#growing
    for (let level = 0; level < depth; level += 1) {
      if (!this.#splitLevel(2 ** level - 1, 2 ** level)) break
    }
    const sums = new Float64Array(2 * this.#tree.features.length)
    for (const row of this.#sampled) {
      const node = this.#nodeOf[row] as number
      sums[2 * node] = (sums[2 * node] as number) + (gradients[row] as number)
      sums[2 * node + 1] = (sums[2 * node + 1] as number) + (curvatures[row] as number)
    }
    for (let node = 0; node < this.#tree.values.length; node += 1) {
      const value =
        (-learningRate * (sums[2 * node] as number)) / ((sums[2 * node + 1] as number) + ridge)
      this.#tree.values[node] = value === 0 ? 0 : value
    }
    for (let row = 0; row < table.rows; row += 1) {
      scores[row] =
        (scores[row] as number) + (this.#tree.values[this.#nodeOf[row] as number] as number)
    }
    const { features, thresholds, absentGoesLeft, values } = this.#tree
    return { features, thresholds, absentGoesLeft, values }
  }

  #splitLevel(first: number, count: number): boolean {
    const best = new Array<Split | null>(count).fill(null)
    const totals = new Float64Array(2 * count)
    for (const row of this.#sampled) {
      const node = (this.#nodeOf[row] as number) - first
      if (node < 0) continue
      totals[2 * node] = (totals[2 * node] as number) + (this.#growing.gradients[row] as number)
      totals[2 * node + 1] =
        (totals[2 * node + 1] as number) + (this.#growing.curvatures[row] as number)
    }
    for (const feature of this.#features) this.#searchFeature({ feature, first, totals, best })
    let hasSplit = false
    for (let index = 0; index < count; index += 1) {
      const split = best[index]
      if (split === null || split === undefined) continue
      hasSplit = true
      this.#apply(first + index, split)
    }
    if (hasSplit) this.#move(first, count)
    return hasSplit
  }

  #searchFeature(search: {
    readonly feature: number
    readonly first: number
    readonly totals: Float64Array
    readonly best: (Split | null)[]
  }): void {
    const { feature, first, totals, best } = search
    const histogram = this.#histogram(feature, first, best.length)
    for (let node = 0; node < best.length; node += 1) {
      const split = this.#bestBin(
        feature,
        histogram.subarray(node * BINS * 2, (node + 1) * BINS * 2),
        {
          gradient: totals[2 * node] as number,
          curvature: totals[2 * node + 1] as number,
        },
      )
      if (split.gain > (best[node]?.gain ?? 0)) best[node] = split
    }
  }

  #histogram(feature: number, first: number, count: number): Float64Array {
    const { table, binned, gradients, curvatures } = this.#growing
    const histogram = new Float64Array(count * BINS * 2)
    const base = feature * table.rows
    const nodeOf = this.#nodeOf
    for (const row of this.#sampled) {
      const node = (nodeOf[row] as number) - first
      if (node < 0) continue
      const place = (node * BINS + (binned.bins[base + row] as number)) * 2
      histogram[place] = (histogram[place] as number) + (gradients[row] as number)
      histogram[place + 1] = (histogram[place + 1] as number) + (curvatures[row] as number)
    }
    return histogram
  }

  #bestBin(
    feature: number,
    histogram: Float64Array,
    total: { readonly gradient: number; readonly curvature: number },
  ): Split {
    const { leafWeightMin, ridge } = this.#growing.options
    const value = (gradient: number, curvature: number) =>
      (gradient * gradient) / (curvature + ridge)
    const whole = value(total.gradient, total.curvature)
    let best: Split = { gain: 0, feature, bin: 0, absentGoesLeft: false }
    for (const absentGoesLeft of [true, false]) {
      let gradient = absentGoesLeft ? (histogram[0] as number) : 0
      let curvature = absentGoesLeft ? (histogram[1] as number) : 0
      for (let bin = 1; bin < BINS - 1; bin += 1) {
        gradient += histogram[2 * bin] as number
        curvature += histogram[2 * bin + 1] as number
        const rest = total.curvature - curvature
        if (curvature < leafWeightMin || rest < leafWeightMin) continue
        const gain = value(gradient, curvature) + value(total.gradient - gradient, rest) - whole
        if (gain > best.gain) best = { gain, feature, bin, absentGoesLeft }
      }
      if ((histogram[1] as number) === 0) break
    }
    return best
  }

  #apply(node: number, split: Split): void {
    this.#tree.features[node] = split.feature
    this.#tree.bins[node] = split.bin
    this.#tree.absentGoesLeft[node] = split.absentGoesLeft
    this.#tree.thresholds[node] = entry(this.#growing.binned.edges, split.feature)[
      split.bin - 1
    ] as number
  }

  #move(first: number, count: number): void {
    const { table, binned } = this.#growing
    const { features, bins, absentGoesLeft } = this.#tree
    for (let row = 0; row < table.rows; row += 1) {
      const node = this.#nodeOf[row] as number
      if (node < first || node >= first + count) continue
      const feature = features[node] as number
      if (feature < 0) continue
      const bin = binned.bins[feature * table.rows + row] as number
      const goesLeft = bin === 0 ? absentGoesLeft[node] === true : bin <= (bins[node] as number)
      this.#nodeOf[row] = 2 * node + (goesLeft ? 1 : 2)
    }
  }
}

function binTable(table: Table): Binned {
  const { rows, columns, values } = table
  const bins = new Uint8Array(rows * columns)
  const edges: Float32Array[] = []
  for (let column = 0; column < columns; column += 1) {
    const present = new Float32Array(rows)
    let count = 0
    for (let row = 0; row < rows; row += 1) {
      const value = values[row * columns + column] as number
      if (Number.isNaN(value)) continue
      present[count] = value
      count += 1
    }
    const sorted = present.subarray(0, count).sort()
    const columnEdges = quantileEdges(sorted)
    edges.push(columnEdges)
    for (let row = 0; row < rows; row += 1) {
      const value = values[row * columns + column] as number
      bins[column * rows + row] = Number.isNaN(value) ? 0 : 1 + binOf(columnEdges, value)
    }
  }
  return { bins, edges }
}

/** Upper edges, the last one infinite; values equal to an edge belong below it. */
function quantileEdges(sorted: Float32Array): Float32Array {
  const edges = new Float32Array(BINS - 1).fill(Number.POSITIVE_INFINITY)
  let used = 0
  for (let part = 1; part < BINS - 1; part += 1) {
    const value = sorted[Math.floor((sorted.length * part) / (BINS - 1))]
    if (value === undefined || (used > 0 && value <= (edges[used - 1] as number))) continue
    edges[used] = value
    used += 1
  }
  return edges
}

function binOf(edges: Float32Array, value: number): number {
  let low = 0
  let high = edges.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (value <= (edges[middle] as number)) high = middle
    else low = middle + 1
  }
  return low
}
