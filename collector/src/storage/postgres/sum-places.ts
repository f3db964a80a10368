/**
 * Where sites lay and who ran them in one hour, by their terms as they are told when the hour is
 * sealed or corrected: what is said of the past later moves no figure of it that has been given
 * out.
 */
import { integer, text } from '../values.ts'
import type { Database } from './driver.ts'
import { termsAt } from './sites.ts'
import { sql } from './sql.ts'

/** Of each of these sites the number of its place. */
export async function placesAt(
  db: Database,
  hourMs: number,
  siteCodes: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const all = await termsAt(db, hourMs)
  const places = [...new Set(siteCodes)].map((siteCode) => {
    const terms = all.get(siteCode)
    return { siteCode, region: terms?.regionCode ?? '', operator: terms?.operatorCode ?? '' }
  })
  const regions = places.map(({ region }) => region)
  const operators = places.map(({ operator }) => operator)
  await db.run(sql`
    INSERT INTO places (region_code, operator_code)
    SELECT DISTINCT * FROM unnest(${regions}::text[], ${operators}::text[])
    ON CONFLICT (region_code, operator_code) DO NOTHING`)
  const rows = await db.all(sql`
    SELECT DISTINCT p.* FROM unnest(${regions}::text[], ${operators}::text[]) asked (region,
      operator)
    JOIN places p ON p.region_code = asked.region AND p.operator_code = asked.operator`)
  const ids = new Map(
    rows.map((row) => [
      `${text(row, 'region_code')}/${text(row, 'operator_code')}`,
      integer(row, 'place_id'),
    ]),
  )
  return new Map(
    places.flatMap(({ operator, region, siteCode }) => {
      const id = ids.get(`${region}/${operator}`)
      return id === undefined ? [] : [[siteCode, id] as const]
    }),
  )
}
