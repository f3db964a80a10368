/**
 * Cards of children whose time counts elsewhere: the other claim of a conflict, while both claims
 * last and the one that is kept counts itself.
 */
import type { DeviceProfile } from '../../model/inventory.ts'
import { type Claim, HERE, overlapOf } from './children-claims.ts'
import type { Database, Row } from './driver.ts'
import { profileOf } from './rows.ts'
import { integer, integerOrNull, text } from './values.ts'

export interface TakenOut {
  readonly collector: number
  readonly unit: number
  readonly siteCode: string
  readonly profile: DeviceProfile
  readonly validFromMs: number
  readonly bookedToMs: number | null
  /** When it was found: before that nobody knew. */
  readonly knownFromMs: number
  readonly spans: readonly { readonly fromMs: number; readonly toMs: number | null }[]
}

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

/** A conflict's row, and the claim that counts instead; `null`: it does not count either. */
export function take(byCard: Map<string, TakenOut>, row: Row, kept: Claim | null): void {
  const own = claimOf(row, 'other')
  const overlap = kept === null ? null : overlapOf(kept, own)
  if (overlap === null) return
  const key = `${own.collector}/${own.unit}`
  const known = byCard.get(key)
  const openedAtMs = integer(row, 'opened_at_ms')
  byCard.set(key, {
    ...own,
    siteCode: text(row, 'site_code'),
    profile: profileOf(row),
    knownFromMs: Math.min(known?.knownFromMs ?? openedAtMs, openedAtMs),
    spans: [...(known?.spans ?? []), overlap],
  })
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

export function claimOf(row: Row, side: 'other'): Claim {
  return {
    collector: integer(row, `${side}_collector`),
    unit: integer(row, `${side}_unit`),
    ...spanOf(row),
  }
}

export function spanOf(row: Row): Pick<Claim, 'validFromMs' | 'bookedToMs'> {
  return {
    validFromMs: integer(row, 'valid_from_ms'),
    bookedToMs: integerOrNull(row, 'booked_to_ms'),
  }
}
