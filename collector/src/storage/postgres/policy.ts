/**
 * What the bank has to know of owners and claims before it decides on deposits: claims on cards,
 * what sites keep back and how much of it stands there, and what was last promised of lots.
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
import type { Store } from '../store.ts'
import { integer, storedJson, text } from '../values.ts'
import type { Database } from './driver.ts'
import { lock } from './locks.ts'
import { addToOutbox } from './outbox.ts'
import { keptAt, termsAt } from './sites.ts'
import { sql } from './sql.ts'

/** Whole cards that stand in a node now and count. */
const PLACED = sql`u.kind = 'card' AND u.valid_to_ms IS NULL AND u.is_counted`

type PolicyMethods = Pick<
  Store,
  | 'readDepositClaims'
  | 'readKeptSites'
  | 'readCardStock'
  | 'readYoungestDeposits'
  | 'readLotPromises'
  | 'writeLotPromises'
>

export function policyMethods(db: Database): PolicyMethods {
  return {
    readDepositClaims: async (nodeIds) => await readDepositClaims(db, nodeIds),

    readKeptSites: async (atMs) =>
      [...(await termsAt(db, atMs))].flatMap(([siteCode, { keep }]) => {
        return keep.length === 0 ? [] : [{ siteCode, keep }]
      }),

    readCardStock: async (siteCodes) => await readCardStock(db, siteCodes),
    readYoungestDeposits: async (model, limit) => await readYoungestDeposits(db, model, limit),

    readLotPromises: async () =>
      (await db.all(sql`SELECT lot_id, said_at_ms, cards FROM lot_promises`)).map(
        (row): LotPromise => ({
          lotId: text(row, 'lot_id'),
          saidAtMs: integer(row, 'said_at_ms'),
          cards: storedJson<readonly number[]>(text(row, 'cards')),
        }),
      ),

    writeLotPromises: async (writes) => await writeLotPromises(db, writes),
  }
}

/** One of these cards is under a lease or comes from one, whichever node it stood in then. */
export async function isAnyLent(db: Database, unitIds: readonly UnitId[]): Promise<boolean> {
  const row = await db.get(sql`
    SELECT 1 AS lent FROM units u JOIN claims c
      ON c.accelerator_id = u.accelerator_id AND c.state <> 'ended'
    WHERE u.unit_id = ANY(${unitIds}::bigint[]) AND c.state IN ('leased', 'cleaning') LIMIT 1`)
  return row !== undefined
}

/** Within the transaction of a decision: no more is deposited of the model than the terms leave. */
export async function isWithinKept(
  db: Database,
  model: ModelAtSite,
  atMs: number,
): Promise<boolean> {
  const keep = await keptAt(db, model.siteCode, atMs)
  const kept = keep.find((one) => one.model === model.model)?.cards ?? 0
  if (kept === 0) return true
  const known = new Set(model.profiles.map(keyOf))
  const stock = (await readCardStock(db, [model.siteCode])).filter(({ profile }) => {
    return known.has(keyOf(profile))
  })
  const sum = (part: (one: CardStock) => number) => stock.reduce((all, one) => all + part(one), 0)
  const room = Math.max(0, sum(({ placed }) => placed) - kept)
  return sum(({ deposited }) => deposited) <= room
}

async function readDepositClaims(
  db: Database,
  nodeIds: readonly NodeId[],
): Promise<readonly CardClaim[]> {
  const rows = await db.all(sql`
    SELECT u.unit_id, c.deposit_id, c.state, c.ended_at_ms, c.clean_at_ms
    FROM units u JOIN claims c ON c.accelerator_id = u.accelerator_id AND c.state <> 'ended'
    WHERE u.node_id = ANY(${nodeIds}::text[])
    UNION ALL
    SELECT d.unit_id, c.deposit_id, c.state, c.ended_at_ms, c.clean_at_ms
    FROM deposits d JOIN units u ON u.unit_id = d.unit_id
    CROSS JOIN LATERAL (SELECT * FROM claims l
      WHERE l.accelerator_id = u.accelerator_id AND l.start_ms IS NOT NULL
      ORDER BY l.start_ms DESC LIMIT 1) c
    WHERE d.node_id = ANY(${nodeIds}::text[]) AND d.closed_at_ms IS NULL
      AND c.state = 'ended' AND c.deposit_id = d.deposit_id`)
  return rows.map(claimOf)
}

async function readCardStock(
  db: Database,
  siteCodes: readonly string[],
): Promise<readonly CardStock[]> {
  const rows = await db.all(sql`
    SELECT s.site_code, p.vendor, p.printed_name, p.memory_total_mib, p.power_cap_watts, s.placed,
      s.deposited
    FROM (SELECT n.site_code, u.profile_id, count(*) FILTER (WHERE ${PLACED}) AS placed,
        count(d.unit_id) AS deposited
      FROM nodes n JOIN units u ON u.node_id = n.node_id
      LEFT JOIN deposits d ON d.unit_id = u.unit_id AND d.closed_at_ms IS NULL
      WHERE n.site_code = ANY(${siteCodes}::text[]) GROUP BY n.site_code, u.profile_id) s
    JOIN profiles p ON p.profile_id = s.profile_id
    WHERE s.placed > 0 OR s.deposited > 0 ORDER BY s.site_code, s.profile_id`)
  return rows.map((row) => ({
    siteCode: text(row, 'site_code'),
    profile: profileOf(row),
    placed: integer(row, 'placed'),
    deposited: integer(row, 'deposited'),
  }))
}

/** Those that nobody has on lease: a card is not taken from a borrower to be kept back. */
async function readYoungestDeposits(
  db: Database,
  { siteCode, profiles }: ModelAtSite,
  limit: number,
): Promise<readonly Deposit[]> {
  assert(limit > 0, 'somebody asks for a deposit')
  const known = new Set(profiles.map(keyOf))
  const rows = await db.all(sql`
    SELECT d.*, p.vendor, p.printed_name, p.memory_total_mib, p.power_cap_watts
    FROM nodes n JOIN deposits d ON d.node_id = n.node_id AND d.closed_at_ms IS NULL
    JOIN units u ON u.unit_id = d.unit_id JOIN profiles p ON p.profile_id = u.profile_id
    WHERE n.site_code = ${siteCode} AND NOT EXISTS (SELECT 1 FROM claims c
      WHERE c.accelerator_id = u.accelerator_id AND c.state IN ('leased', 'cleaning'))
    ORDER BY d.opened_at_ms DESC, d.unit_id DESC`)
  return rows
    .filter((row) => known.has(keyOf(profileOf(row))))
    .slice(0, Math.min(limit, PAGE_ROWS_MAX))
    .map(depositOf)
}

/** Each by itself: one that another collector has said meanwhile is left out, with its entry. */
async function writeLotPromises(db: Database, writes: readonly LotPromiseWrite[]): Promise<void> {
  await lock(db, 'lots')
  for (const { entry, expectedSaidAtMs, promise } of writes) {
    const row = await db.get(
      sql`SELECT said_at_ms FROM lot_promises WHERE lot_id = ${promise.lotId}`,
    )
    const saidAtMs = row === undefined ? null : integer(row, 'said_at_ms')
    if (saidAtMs !== expectedSaidAtMs) continue
    await db.run(
      sql`INSERT INTO lot_promises (lot_id, said_at_ms, cards)
        VALUES (${promise.lotId}, ${promise.saidAtMs}, ${JSON.stringify(promise.cards)})
       ON CONFLICT (lot_id) DO UPDATE SET said_at_ms = excluded.said_at_ms, cards = excluded.cards`,
    )
    addToOutbox(db, [entry])
  }
}
