/** What a grant of single cards rests on, read when it is asked for: no follower lags behind it. */
import type { UnitId } from '../../model/ids.ts'
import type { GrantCard } from '../draw-requests.ts'
import { cardOf } from '../draw-rows.ts'
import { UNIT_COLUMNS, UNIT_TABLES } from '../rows.ts'
import type { Database } from './driver.ts'
import { OpenRows } from './evidence.ts'
import type { SyncStore } from './methods.ts'
import { ownerAt } from './sites.ts'

type GrantMethods = Pick<SyncStore, 'readGrantCards'>

export function grantMethods(db: Database): GrantMethods {
  return { readGrantCards: (unitIds, atMs) => readGrantCards(db, unitIds, atMs) }
}

function readGrantCards(
  db: Database,
  unitIds: readonly UnitId[],
  atMs: number,
): readonly GrantCard[] {
  const rows = db.all(
    `SELECT ${UNIT_COLUMNS}, d.deposit_id, d.window_start_ms, d.opened_at_ms, d.consent_end_count,
       d.closed_at_ms, d.close_reason
     FROM json_each(?) asked CROSS JOIN ${UNIT_TABLES} LEFT JOIN deposits d
       ON d.unit_id = u.unit_id AND d.closed_at_ms IS NULL
     WHERE u.unit_id = asked.value AND u.valid_to_ms IS NULL`,
    JSON.stringify(unitIds),
  )
  const openRows = new OpenRows(db)
  const owners = new Map<string, string>()
  return rows.flatMap((row) => {
    const card = cardOf(row, (nodeId) => openRows.of(nodeId))
    if (card === null) return []
    const { siteCode } = card.unit
    const ownerCode = owners.get(siteCode) ?? ownerAt(db, siteCode, atMs)
    owners.set(siteCode, ownerCode)
    return [{ ...card, ownerCode }]
  })
}
