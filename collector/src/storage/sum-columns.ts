/** The tables of kept sums, as pieces of statements. */
import { SUM_FIELDS } from './hour-columns.ts'

/** As `grain` is written. */
export const GRAINS = { hour: 0, day: 1, month: 2 } as const
export type Grain = keyof typeof GRAINS

/** The area that is the whole country. */
export const COUNTRY = '00'
/** Of a row with a region code: the area it lies in. */
export const PROVINCE = 'substr(region_code, 1, 2)'

/** What is added up, first how many buckets it was. */
export const FIGURES: readonly string[] = ['buckets', ...SUM_FIELDS.map(([, column]) => column)]
export const FIGURE_LIST = FIGURES.join(', ')
/** Of a table of kept sums. */
export const ADDED_UP = FIGURES.map((column) => `sum(${column}) AS ${column}`).join(', ')
/** Of buckets, each of which counts `sign` times. */
export const BUCKETS_ADDED_UP = [
  'sum(sign) AS buckets',
  ...SUM_FIELDS.map(([, column]) => `sum(sign * ${column}) AS ${column}`),
].join(', ')
export const HAS_MOVED = FIGURES.map((column) => `${column} <> 0`).join(' OR ')
/** Two movements known since the same instant are one row. */
export const ADD_TO_ROW = FIGURES.map(
  (column) => `${column} = ${column} + excluded.${column}`,
).join(', ')
