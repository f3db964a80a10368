/** The figures that make a bucket what it is: added up over cards, hours and sites alike. */

/** In the order they are written everywhere. */
export const BUCKET_FIGURES = [
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
  'energyJoules',
  'samplesExpected',
  'samplesGot',
  'samplesZero',
  'samplesBelowTenth',
] as const
export type BucketFigure = (typeof BUCKET_FIGURES)[number]

/** What a bucket is before anything is added to it. */
export function noFigures(): Record<BucketFigure, bigint> {
  const figures = Object.fromEntries(BUCKET_FIGURES.map((figure) => [figure, 0n]))
  return figures as Record<BucketFigure, bigint>
}
