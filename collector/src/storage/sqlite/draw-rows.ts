/** Draws read whole: a row each, with the rows of its leases and claims. */
import { drawOf, type NumberedDraw } from '../draw-rows.ts'
import { integer, type Row } from '../values.ts'
import type { Database } from './driver.ts'

/** Claims with their profile, as `claimOf` reads them; `c` is the claim. */
export const CLAIMS = `SELECT c.*, p.vendor, p.printed_name, p.memory_total_mib, p.power_cap_watts
  FROM claims c JOIN profiles p ON p.profile_id = c.profile_id`

/** The draws of these rows, whole, in their order. */
export function drawsOf(db: Database, rows: readonly Row[]): readonly NumberedDraw[] {
  if (rows.length === 0) return []
  const numbers = JSON.stringify(rows.map((row) => integer(row, 'draw_number')))
  const among = 'draw_number IN (SELECT value FROM json_each(?))'
  const leases = Map.groupBy(
    db.all(`SELECT * FROM leases WHERE ${among} ORDER BY draw_number, ordinal`, numbers),
    (row) => row.draw_number,
  )
  const claims = Map.groupBy(
    db.all(`${CLAIMS} WHERE c.${among} ORDER BY c.draw_number, c.ordinal`, numbers),
    (row) => row.draw_number,
  )
  return rows.map((row) => {
    const drawNumber = integer(row, 'draw_number')
    const parts = { leases: leases.get(drawNumber) ?? [], claims: claims.get(drawNumber) ?? [] }
    return { drawNumber, draw: drawOf(row, parts) }
  })
}
