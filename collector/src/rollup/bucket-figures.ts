/** The figures that make a bucket what it is: added up over cards, hours and sites alike. */

/** The seven states: they add up to all of the time. */
export const STATE_FIGURES = [
  'busyMs',
  'allocatedMs',
  'occupiedMs',
  'freeMs',
  'faultyMs',
  'unknownMs',
  'lentMs',
] as const

/** The figures that are card time; only these can be weighted by P. */
export const TIME_FIGURES = [...STATE_FIGURES, 'depositedMs', 'activeMs', 'givenMs'] as const
export type TimeFigure = (typeof TIME_FIGURES)[number]

/** The figures that mean the same whatever the model: samples, and energy. */
export const COUNT_FIGURES = [
  'energyJoules',
  'samplesExpected',
  'samplesGot',
  'samplesZero',
  'samplesBelowTenth',
] as const
export type CountFigure = (typeof COUNT_FIGURES)[number]

/** In the order they are written everywhere. */
export const BUCKET_FIGURES = [...TIME_FIGURES, ...COUNT_FIGURES] as const
export type BucketFigure = (typeof BUCKET_FIGURES)[number]

/** What a bucket is before anything is added to it. */
export function noFigures(): Record<BucketFigure, bigint> {
  const figures = Object.fromEntries(BUCKET_FIGURES.map((figure) => [figure, 0n]))
  return figures as Record<BucketFigure, bigint>
}
