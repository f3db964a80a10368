/** The tables of kept sums, as pieces of statements. */
import {
  ADDED_UP as ADDED_UP_TEXT,
  BUCKETS_ADDED_UP as BUCKETS_ADDED_UP_TEXT,
  COUNTRY,
  FIGURE_LIST as FIGURE_LIST_TEXT,
  FIGURES,
  HAS_MOVED as HAS_MOVED_TEXT,
  PROVINCE as PROVINCE_TEXT,
} from '../sum-columns.ts'
import { raw, type Sql, sql } from './sql.ts'

/** Of a row with a region code: the area it lies in. */
export const PROVINCE = raw(PROVINCE_TEXT)
/** Of one that counts twice, by `w.whole`: in its province and in the country. */
export const AREA = sql`CASE w.whole WHEN 1 THEN ${raw(`'${COUNTRY}'`)} ELSE ${PROVINCE} END`
export const TWICE = sql`CROSS JOIN (SELECT 0 AS whole UNION ALL SELECT 1) w`

export const FIGURE_LIST = raw(FIGURE_LIST_TEXT)
export const ADDED_UP = raw(ADDED_UP_TEXT)
export const BUCKETS_ADDED_UP = raw(BUCKETS_ADDED_UP_TEXT)
export const HAS_MOVED = raw(HAS_MOVED_TEXT)

/** Two movements known since the same instant are one row. */
export function addToRow(table: 'area_sums' | 'site_sums'): Sql {
  return raw(
    FIGURES.map((column) => `${column} = ${table}.${column} + excluded.${column}`).join(', '),
  )
}
