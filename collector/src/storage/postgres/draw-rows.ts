/**
 * Draws as rows and back. A draw is one row, its leases and claims one row each; `due_at_ms` is the
 * only thing kept that could be computed, so that what is due is found by an index.
 */
import { drawOf, type NumberedDraw } from '../draw-rows.ts'
import type { Row } from '../values.ts'
import { integer } from '../values.ts'
import type { Database } from './driver.ts'
import { sql } from './sql.ts'

/** Claims with their profile, as `claimOf` reads them; `c` is the claim. */
export const CLAIMS = sql`SELECT c.*, p.vendor, p.printed_name, p.memory_total_mib,
  p.power_cap_watts
  FROM claims c JOIN profiles p ON p.profile_id = c.profile_id`

/** The draws of these rows, whole, in their order. */
export async function drawsOf(
  db: Database,
  rows: readonly Row[],
): Promise<readonly NumberedDraw[]> {
  if (rows.length === 0) return []
  const numbers = rows.map((row) => integer(row, 'draw_number'))
  const leaseRows = await db.all(sql`
    SELECT * FROM leases WHERE draw_number = ANY(${numbers}::bigint[])
    ORDER BY draw_number, ordinal`)
  const claimRows = await db.all(sql`
    ${CLAIMS} WHERE c.draw_number = ANY(${numbers}::bigint[]) ORDER BY c.draw_number, c.ordinal`)
  const leases = Map.groupBy(leaseRows, (row) => row.draw_number)
  const claims = Map.groupBy(claimRows, (row) => row.draw_number)
  return rows.map((row) => {
    const drawNumber = integer(row, 'draw_number')
    const parts = { leases: leases.get(drawNumber) ?? [], claims: claims.get(drawNumber) ?? [] }
    return { drawNumber, draw: drawOf(row, parts) }
  })
}
