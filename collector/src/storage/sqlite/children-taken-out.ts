/**
 * Cards of children whose time counts elsewhere: the other claim of a conflict, while both claims
 * last and the one that is kept counts itself.
 */
import { type Claim, HERE } from '../children-claims.ts'
import { spanOf, type TakenOut, take } from '../children-taken-out.ts'
import { integer, type Row } from '../values.ts'
import type { Database } from './driver.ts'

/** By card; conflicts are few. */
export function takenOutSpans(db: Database): readonly TakenOut[] {
  const byCard = new Map<string, TakenOut>()
  const rows = db.all(
    `SELECT x.kept_collector, x.kept_unit, x.other_collector, x.other_unit, x.opened_at_ms,
       c.site_code, c.valid_from_ms, c.booked_to_ms, p.vendor, p.printed_name, p.memory_total_mib,
       p.power_cap_watts
     FROM child_conflicts x JOIN child_cards c ON c.collector_number = x.other_collector
       AND c.unit_number = x.other_unit
     JOIN site_origins o ON o.site_code = c.site_code AND o.collector_number = c.collector_number
     JOIN profiles p ON p.profile_id = c.profile_id
     WHERE c.is_counted = 1 ORDER BY x.conflict_id`,
  )
  for (const row of rows) take(byCard, row, keptClaim(db, row))
  return [...byCard.values()]
}

/** `null`: it does not count either. */
function keptClaim(db: Database, row: Row): Claim | null {
  const collector = integer(row, 'kept_collector')
  const unit = integer(row, 'kept_unit')
  const kept =
    collector === HERE
      ? db.get(
          `SELECT valid_from_ms, booked_to_ms FROM units
           WHERE unit_id = ? AND kind = 'card' AND is_counted = 1`,
          unit,
        )
      : db.get(
          `SELECT c.valid_from_ms, c.booked_to_ms FROM child_cards c JOIN site_origins o
             ON o.site_code = c.site_code AND o.collector_number = c.collector_number
           WHERE c.collector_number = ? AND c.unit_number = ? AND c.is_counted = 1`,
          collector,
          unit,
        )
  return kept === undefined ? null : { collector, unit, ...spanOf(kept) }
}
