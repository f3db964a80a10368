/** What nodes told of leases: numbered with the batch that told it, read in that order. */
import type { StoredLeaseRecord } from '../draw-requests.ts'
import { leaseRecordOf } from '../draw-rows.ts'
import { PAGE_ROWS_MAX } from '../paging.ts'
import type { Database } from './driver.ts'
import { sql } from './sql.ts'

export async function readLeaseRecords(
  db: Database,
  afterNumber: number,
  limit: number,
): Promise<readonly StoredLeaseRecord[]> {
  const rows = await db.all(sql`
    SELECT * FROM lease_records WHERE record_number > ${afterNumber}
    ORDER BY record_number LIMIT ${Math.max(1, Math.min(limit, PAGE_ROWS_MAX))}`)
  return rows.map(leaseRecordOf)
}
