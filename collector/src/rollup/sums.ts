/**
 * Sums over buckets for people and programs. Card time is added within one catalogue model only;
 * over models there is P·h alone, because an hour of one model is not an hour of another (C28).
 *
 * P·h is exact: nano-TFLOPS × ms (3.6 × 10^18 are 1 P·h). Time of unrated profiles is shown by its
 * printed name and adds nothing to P·h.
 */
import type { DeviceProfile } from '../model/inventory.ts'
import type { Bucket } from '../model/ledger.ts'
import { BUCKET_FIGURES, type BucketFigure } from './bucket.ts'

/** The figures that are card time; only these can be weighted by P. */
export const TIME_FIGURES = [
  'busyMs',
  'allocatedMs',
  'occupiedMs',
  'freeMs',
  'faultyMs',
  'unknownMs',
  'lentMs',
  'depositedMs',
  'activeMs',
  'givenMs',
] as const satisfies readonly BucketFigure[]
export type TimeFigure = (typeof TIME_FIGURES)[number]

export interface ModelRate {
  /** Catalogue model, or the printed name of an unrated profile. */
  readonly model: string
  /** Of one card; `null` when unrated. */
  readonly nanoTflops: bigint | null
}

export interface BucketSums {
  /** Per model, ordered by name: card-milliseconds and counts. */
  readonly byModel: readonly {
    readonly model: string
    readonly figures: Readonly<Record<BucketFigure, bigint>>
  }[]
  /** Over models: nano-TFLOPS × ms. */
  readonly weighted: Readonly<Record<TimeFigure, bigint>>
}

export function sumBuckets(
  buckets: Iterable<Bucket>,
  rateOf: (profile: DeviceProfile) => ModelRate,
): BucketSums {
  const byModel = new Map<string, Record<BucketFigure, bigint>>()
  const weighted = zeros(TIME_FIGURES)
  for (const bucket of buckets) {
    const { model, nanoTflops } = rateOf(bucket.profile)
    const figures = byModel.get(model) ?? zeros(BUCKET_FIGURES)
    byModel.set(model, figures)
    for (const figure of BUCKET_FIGURES) figures[figure] += bucket[figure]
    if (nanoTflops === null) continue
    for (const figure of TIME_FIGURES) weighted[figure] += bucket[figure] * nanoTflops
  }
  const ordered = [...byModel.entries()].sort(([left], [right]) => (left < right ? -1 : 1))
  return { byModel: ordered.map(([model, figures]) => ({ model, figures })), weighted }
}

function zeros<Figure extends BucketFigure>(figures: readonly Figure[]): Record<Figure, bigint> {
  return Object.fromEntries(figures.map((figure) => [figure, 0n])) as Record<Figure, bigint>
}
