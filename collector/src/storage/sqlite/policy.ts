/**
 * What the bank has to know of owners and claims before it decides on deposits: claims on cards, what
 * sites keep back and how much of it stands there, and what was last promised of lots.
 */
import { assert } from '@yiben/shared'
import type { CardClaim } from '../../model/draw.ts'
import type { NodeId, UnitId } from '../../model/ids.ts'
import type { Deposit } from '../../model/ledger.ts'
import type { LotPromise } from '../../model/offer.ts'
import type { CardStock, ModelAtSite } from '../../model/site.ts'
import { claimOf, keyOf } from '../deposit-rows.ts'
import { PAGE_ROWS_MAX } from '../paging.ts'
import type { LotPromiseWrite } from '../requests.ts'
import { depositOf, profileOf } from '../rows.ts'
import { integer, storedJson, text } from '../values.ts'
import type { Database } from './driver.ts'
import type { SyncStore } from './methods.ts'
import { addToOutbox } from './outbox.ts'
import { keptAt, termsAt } from './sites.ts'

/** Whole cards that stand in a node now and count. */
const PLACED = `u.kind = 'card' AND u.valid_to_ms IS NULL AND u.is_counted = 1`

type PolicyMethods = Pick<
  SyncStore,
  | 'readDepositClaims'
  | 'readKeptSites'
  | 'readCardStock'
  | 'readYoungestDeposits'
  | 'readLotPromises'
  | 'writeLotPromises'
>

export function policyMethods(db: Database): PolicyMethods {
  return {
    readDepositClaims: (nodeIds) => readDepositClaims(db, nodeIds),

    readKeptSites: (atMs) =>
      [...termsAt(db, atMs)].flatMap(([siteCode, { keep }]) => {
        return keep.length === 0 ? [] : [{ siteCode, keep }]
      }),

    readCardStock: (siteCodes) => readCardStock(db, siteCodes),
    readYoungestDeposits: (model, limit) => readYoungestDeposits(db, model, limit),

    readLotPromises: () =>
      db.all('SELECT lot_id, said_at_ms, cards FROM lot_promises').map(
        (row): LotPromise => ({
          lotId: text(row, 'lot_id'),
          saidAtMs: integer(row, 'said_at_ms'),
          cards: storedJson<readonly number[]>(text(row, 'cards')),
        }),
      ),

    writeLotPromises: (writes) => writeLotPromises(db, writes),
  }
}

/** A card is under a lease or comes from one, whichever node it stood in then. */
export function isLent(db: Database, unitId: UnitId): boolean {
  const row = db.get(
    `SELECT 1 AS lent FROM units u JOIN claims c INDEXED BY claims_live_accelerator
       ON c.accelerator_id = u.accelerator_id AND c.state <> 'ended'
     WHERE u.unit_id = ? AND c.state IN ('leased', 'cleaning')`,
    unitId,
  )
  return row !== undefined
}

/** Within the transaction of a decision: no more is deposited of the model than the terms leave. */
export function isWithinKept(db: Database, model: ModelAtSite, atMs: number): boolean {
  const keep = keptAt(db, model.siteCode, atMs)
  const kept = keep.find((one) => one.model === model.model)?.cards ?? 0
  if (kept === 0) return true
  const known = new Set(model.profiles.map(keyOf))
  const stock = readCardStock(db, [model.siteCode]).filter(({ profile }) => {
    return known.has(keyOf(profile))
  })
  const sum = (part: (one: CardStock) => number) => stock.reduce((all, one) => all + part(one), 0)
  const room = Math.max(0, sum(({ placed }) => placed) - kept)
  return sum(({ deposited }) => deposited) <= room
}

function readDepositClaims(db: Database, nodeIds: readonly NodeId[]): readonly CardClaim[] {
  const nodes = JSON.stringify(nodeIds)
  return db
    .all(
      `SELECT u.unit_id, c.deposit_id, c.state, c.ended_at_ms, c.clean_at_ms
       FROM json_each(?) asked CROSS JOIN units u INDEXED BY units_node ON u.node_id = asked.value
       CROSS JOIN claims c INDEXED BY claims_live_accelerator
         ON c.accelerator_id = u.accelerator_id AND c.state <> 'ended'
       UNION ALL
       SELECT d.unit_id, c.deposit_id, c.state, c.ended_at_ms, c.clean_at_ms
       FROM json_each(?) asked
       CROSS JOIN deposits d INDEXED BY deposits_open_node
         ON d.node_id = asked.value AND d.closed_at_ms IS NULL
       CROSS JOIN units u ON u.unit_id = d.unit_id
       CROSS JOIN claims c INDEXED BY claims_leases
         ON c.accelerator_id = u.accelerator_id AND c.start_ms = (
           SELECT max(l.start_ms) FROM claims l INDEXED BY claims_leases
           WHERE l.accelerator_id = u.accelerator_id AND l.start_ms IS NOT NULL)
       WHERE c.start_ms IS NOT NULL AND c.state = 'ended' AND c.deposit_id = d.deposit_id`,
      nodes,
      nodes,
    )
    .map(claimOf)
}

function readCardStock(db: Database, siteCodes: readonly string[]): readonly CardStock[] {
  return db
    .all(
      `SELECT n.site_code, p.vendor, p.printed_name, p.memory_total_mib, p.power_cap_watts,
         sum(${PLACED}) AS placed, count(d.unit_id) AS deposited
       FROM json_each(?) asked CROSS JOIN nodes n INDEXED BY nodes_site ON n.site_code = asked.value
       CROSS JOIN units u INDEXED BY units_node ON u.node_id = n.node_id
       LEFT JOIN deposits d INDEXED BY deposits_open_unit
         ON d.unit_id = u.unit_id AND d.closed_at_ms IS NULL
       CROSS JOIN profiles p ON p.profile_id = u.profile_id
       GROUP BY n.site_code, u.profile_id HAVING placed > 0 OR deposited > 0`,
      JSON.stringify(siteCodes),
    )
    .map((row) => ({
      siteCode: text(row, 'site_code'),
      profile: profileOf(row),
      placed: integer(row, 'placed'),
      deposited: integer(row, 'deposited'),
    }))
}

/** Those that nobody has on lease: a card is not taken from a borrower to be kept back. */
function readYoungestDeposits(
  db: Database,
  { siteCode, profiles }: ModelAtSite,
  limit: number,
): readonly Deposit[] {
  assert(limit > 0, 'somebody asks for a deposit')
  const known = new Set(profiles.map(keyOf))
  return db
    .all(
      `SELECT d.*, p.vendor, p.printed_name, p.memory_total_mib, p.power_cap_watts
       FROM nodes n INDEXED BY nodes_site
       CROSS JOIN deposits d INDEXED BY deposits_open_node
         ON d.node_id = n.node_id AND d.closed_at_ms IS NULL
       CROSS JOIN units u ON u.unit_id = d.unit_id
       CROSS JOIN profiles p ON p.profile_id = u.profile_id
       WHERE n.site_code = ? AND NOT EXISTS (
         SELECT 1 FROM claims c INDEXED BY claims_live_accelerator
         WHERE c.accelerator_id = u.accelerator_id AND c.state IN ('leased', 'cleaning')
           AND c.state <> 'ended')
       ORDER BY d.opened_at_ms DESC, d.unit_id DESC`,
      siteCode,
    )
    .filter((row) => known.has(keyOf(profileOf(row))))
    .slice(0, Math.min(limit, PAGE_ROWS_MAX))
    .map(depositOf)
}

/** Each by itself: one that another collector has said meanwhile is left out, with its entry. */
function writeLotPromises(db: Database, writes: readonly LotPromiseWrite[]): void {
  for (const { entry, expectedSaidAtMs, promise } of writes) {
    const row = db.get('SELECT said_at_ms FROM lot_promises WHERE lot_id = ?', promise.lotId)
    const saidAtMs = row === undefined ? null : integer(row, 'said_at_ms')
    if (saidAtMs !== expectedSaidAtMs) continue
    db.run(
      `INSERT INTO lot_promises (lot_id, said_at_ms, cards) VALUES (?, ?, ?)
       ON CONFLICT (lot_id) DO UPDATE SET said_at_ms = excluded.said_at_ms, cards = excluded.cards`,
      promise.lotId,
      promise.saidAtMs,
      JSON.stringify(promise.cards),
    )
    addToOutbox(db, [entry])
  }
}
