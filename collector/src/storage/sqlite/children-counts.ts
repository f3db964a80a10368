/** States of cards of children on their way in: a step for each change, thinned out once it is old. */
import { type CountsReport, compareVersions } from '@yiben/shared'
import { packCounts } from '../children-packed.ts'
import {
  EVERY_CHANGE_MS,
  OLDER,
  TAKEN,
  type Taken,
  type Teller,
  THINNED_MS,
  versionOf,
} from '../children-taking.ts'
import { refusalOfSite } from './children-taking.ts'
import type { Database } from './driver.ts'

export function takeCounts(
  db: Database,
  teller: Teller,
  collector: number,
  counts: CountsReport,
): Taken {
  const { atMs, siteCode, version } = counts
  const notItsOwn = refusalOfSite(db, collector, siteCode)
  if (notItsOwn !== null) return notItsOwn
  const held = db.get(
    `SELECT generation, number FROM child_counts WHERE site_code = ? AND collector_number = ?
     ORDER BY generation DESC, number DESC LIMIT 1`,
    siteCode,
    collector,
  )
  if (held !== undefined && compareVersions(version, versionOf(held)) <= 0) return OLDER
  db.run(
    `INSERT INTO child_counts (site_code, collector_number, at_ms, generation, number,
       received_at_ms, counts, nodes) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (site_code, collector_number, at_ms) DO UPDATE SET
       generation = excluded.generation, number = excluded.number,
       received_at_ms = excluded.received_at_ms, counts = excluded.counts, nodes = excluded.nodes`,
    siteCode,
    collector,
    atMs,
    version.generation,
    version.number,
    teller.atMs,
    packCounts(counts.counts),
    JSON.stringify(counts.nodes),
  )
  thinOut(db, siteCode, collector, teller.atMs - EVERY_CHANGE_MS)
  return TAKEN
}

/** Of each hour that ended before `beforeMs` the last step stays, and with it how the next began. */
function thinOut(db: Database, siteCode: string, collector: number, beforeMs: number): void {
  db.run(
    `DELETE FROM child_counts WHERE site_code = ? AND collector_number = ? AND at_ms >= ?
       AND at_ms < ? AND EXISTS (SELECT 1 FROM child_counts l WHERE l.site_code = child_counts.site_code
         AND l.collector_number = child_counts.collector_number AND l.at_ms > child_counts.at_ms
         AND l.at_ms / 3600000 = child_counts.at_ms / 3600000)`,
    siteCode,
    collector,
    beforeMs - THINNED_MS,
    beforeMs,
  )
}
