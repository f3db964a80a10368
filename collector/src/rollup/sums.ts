/**
 * Sums over buckets for people and programs. Card time is added within one catalogue model only;
 * over models there is P·h alone, because an hour of one model is not an hour of another (C28).
 *
 * P·h is exact: nano-TFLOPS × ms (3.6 × 10^18 are 1 P·h). Time of unrated profiles is shown by its
 * printed name and adds nothing to P·h.
 */
import type { DeviceProfile } from '../model/inventory.ts'
import type { SumHead, SummedFigure, SumTable } from '../storage/sum-store.ts'
import {
  BUCKET_FIGURES,
  type BucketFigure,
  COUNT_FIGURES,
  type CountFigure,
  noFigures,
  TIME_FIGURES,
  type TimeFigure,
} from './bucket-figures.ts'

export interface ModelRate {
  /** Catalogue model, or the printed name of an unrated profile. */
  readonly model: string
  /** Of one card; `null` when unrated. */
  readonly nanoTflops: bigint | null
}

/** A bucket, or a sum of some. */
export interface Figured extends Readonly<Record<BucketFigure, bigint>> {
  readonly profile: DeviceProfile
}

/** Sums as they are added up further, one by one. */
export interface SpanSums extends SumHead, Figured {}

export function spanSumsOf({ amounts, figures, heads }: SumTable): readonly SpanSums[] {
  return heads.map((head, index) => {
    const sums: SpanSums & Record<SummedFigure, bigint> = { ...head, ...NO_FIGURES }
    const first = index * figures.length
    for (const [at, figure] of figures.entries()) sums[figure] = amounts[first + at] ?? 0n
    return sums
  })
}

/** Active time weighted by P, and the energy read of the same cards. */
export interface ActiveEnergy {
  /** Nano-TFLOPS × ms, of rated profiles. */
  readonly weightedActive: bigint
  readonly ratedJoules: bigint
}

export interface ModelSums {
  readonly model: string
  readonly figures: Readonly<Record<BucketFigure, bigint>>
  readonly work: ActiveEnergy
}

export interface BucketSums {
  /** Per model, ordered by name: card-milliseconds and counts. */
  readonly byModel: readonly ModelSums[]
  /** Over models: nano-TFLOPS × ms. */
  readonly weighted: Readonly<Record<TimeFigure, bigint>>
  /** Over models, rated or not. */
  readonly counts: Readonly<Record<CountFigure, bigint>>
  readonly work: ActiveEnergy
}

export function sumBuckets(
  buckets: Iterable<Figured>,
  rateOf: (profile: DeviceProfile) => ModelRate,
): BucketSums {
  const parts = new Map<string, Part>()
  for (const bucket of buckets) {
    const { model, nanoTflops } = rateOf(bucket.profile)
    const key = `${nanoTflops} ${model}`
    const part = parts.get(key)
    if (part === undefined) parts.set(key, { model, nanoTflops, figures: figuresOf(bucket) })
    else for (const figure of BUCKET_FIGURES) part.figures[figure] += bucket[figure]
  }
  return sumParts([...parts.values()])
}

/** What is of one model and counts alike; a model has two where dies of it are listed apart. */
interface Part extends ModelRate {
  readonly figures: Record<BucketFigure, bigint>
}

function sumParts(parts: readonly Part[]): BucketSums {
  const weighted = { ...NO_TIME }
  const counts = { ...NO_COUNTS }
  const models = new Map<string, ModelSums & Pick<Part, 'figures'>>()
  for (const { figures, model, nanoTflops } of parts) {
    for (const figure of COUNT_FIGURES) counts[figure] += figures[figure]
    if (nanoTflops !== null) {
      for (const figure of TIME_FIGURES) weighted[figure] += figures[figure] * nanoTflops
    }
    const work = {
      weightedActive: figures.activeMs * (nanoTflops ?? 0n),
      ratedJoules: nanoTflops === null ? 0n : figures.energyJoules,
    }
    const before = models.get(model)
    if (before !== undefined) {
      for (const figure of BUCKET_FIGURES) figures[figure] += before.figures[figure]
    }
    models.set(model, {
      model,
      figures,
      work: workOf(before === undefined ? [work] : [work, before.work]),
    })
  }
  const byModel = [...models.values()].sort((left, right) => (left.model < right.model ? -1 : 1))
  return { byModel, weighted, counts, work: workOf(byModel.map(({ work }) => work)) }
}

function workOf(works: readonly ActiveEnergy[]): ActiveEnergy {
  const sumOf = (part: keyof ActiveEnergy) => works.reduce((sum, work) => sum + work[part], 0n)
  return { weightedActive: sumOf('weightedActive'), ratedJoules: sumOf('ratedJoules') }
}

const NO_FIGURES = noFigures()
const NO_TIME = zeros(TIME_FIGURES)
const NO_COUNTS = zeros(COUNT_FIGURES)

/** The figures alone, to be added to. */
function figuresOf(bucket: Figured): Record<BucketFigure, bigint> {
  const figures = { ...NO_FIGURES }
  for (const figure of BUCKET_FIGURES) figures[figure] = bucket[figure]
  return figures
}

function zeros<Figure extends BucketFigure>(
  figures: readonly Figure[],
): Readonly<Record<Figure, bigint>> {
  return Object.fromEntries(figures.map((figure) => [figure, 0n])) as Record<Figure, bigint>
}
