/** What nodes told of leases: written with the batch that told it, read in that order. */
import type { NodeId } from '../../model/ids.ts'
import type { StoredLeaseRecord } from '../draw-requests.ts'
import { leaseRecordOf } from '../draw-rows.ts'
import { PAGE_ROWS_MAX } from '../paging.ts'
import type { IngestCommit } from '../requests.ts'
import type { Database } from './driver.ts'

/** A batch that comes again is stopped by its watermark: each record stands here once. */
export function insertLeaseRecords(
  db: Database,
  nodeId: NodeId,
  records: IngestCommit['leaseRecords'],
): void {
  for (const { unitIds, record, receivedAtMs } of records) {
    db.run(
      'INSERT INTO lease_records (node_id, unit_ids, record, received_at_ms) VALUES (?, ?, ?, ?)',
      nodeId,
      JSON.stringify(unitIds),
      JSON.stringify(record),
      receivedAtMs,
    )
  }
}

export function readLeaseRecords(
  db: Database,
  afterNumber: number,
  limit: number,
): readonly StoredLeaseRecord[] {
  return db
    .all(
      'SELECT * FROM lease_records WHERE record_number > ? ORDER BY record_number LIMIT ?',
      afterNumber,
      Math.max(1, Math.min(limit, PAGE_ROWS_MAX)),
    )
    .map(leaseRecordOf)
}
