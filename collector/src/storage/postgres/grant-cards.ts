/** What a grant of single cards rests on, read when it is asked for: no follower lags behind it. */
import type { UnitId } from '../../model/ids.ts'
import type { GrantCard } from '../draw-requests.ts'
import { cardOf } from '../draw-rows.ts'
import { unitOf } from '../rows.ts'
import { ownerOf } from '../site-rows.ts'
import type { Store } from '../store.ts'
import { DEPOSIT_COLUMNS } from './deposits.ts'
import type { Database } from './driver.ts'
import { OpenRows } from './evidence.ts'
import { termsAt } from './sites.ts'
import { sql } from './sql.ts'
import { UNIT_COLUMNS, UNIT_TABLES } from './units.ts'

type GrantMethods = Pick<Store, 'readGrantCards'>

export function grantMethods(db: Database): GrantMethods {
  return { readGrantCards: async (unitIds, atMs) => await readGrantCards(db, unitIds, atMs) }
}

async function readGrantCards(
  db: Database,
  unitIds: readonly UnitId[],
  atMs: number,
): Promise<readonly GrantCard[]> {
  const rows = await db.all(sql`
    SELECT ${UNIT_COLUMNS}, ${DEPOSIT_COLUMNS} FROM ${UNIT_TABLES}
    LEFT JOIN deposits d ON d.unit_id = u.unit_id AND d.closed_at_ms IS NULL
    WHERE u.unit_id = ANY(${unitIds}::bigint[]) AND u.valid_to_ms IS NULL`)
  const openRows = new OpenRows(db)
  await openRows.load(rows.map((row) => unitOf(row).nodeId))
  const terms = await termsAt(db, atMs)
  return rows.flatMap((row) => {
    const card = cardOf(row, (nodeId) => openRows.loaded(nodeId))
    return card === null ? [] : [{ ...card, ownerCode: ownerOf(terms.get(card.unit.siteCode)) }]
  })
}
