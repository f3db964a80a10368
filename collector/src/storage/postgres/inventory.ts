/**
 * Which accelerator is where: facts with their identity decisions and the claims these rest on. A
 * decision is taken only while the claims it was made from still stand.
 */
import { assert, stateOf } from '@yiben/shared'
import type { AcceleratorId, UnitId } from '../../model/ids.ts'
import type { IdentityClaim, UnitRow } from '../../model/inventory.ts'
import { HERE } from '../children-claims.ts'
import { openRunOf } from '../evidence.ts'
import type { AdmitUnit, FactsCommit, FactsResult } from '../requests.ts'
import { STRENGTHS, UNKNOWN_CODES } from '../rows.ts'
import type { Store } from '../store.ts'
import { integer, wordOf } from '../values.ts'
import { markClaimsDirty, noteOwnClaims } from './children-claims.ts'
import { endConflicts, openConflict } from './conflicts.ts'
import { markDirty } from './dirty.ts'
import type { Database } from './driver.ts'
import { lastRunEnds, moveWatermarks, refusalsOf } from './ingest.ts'
import { lock } from './locks.ts'
import { readOpen } from './open-row.ts'
import { addToOutbox, markChanged } from './outbox.ts'
import { endSilences, insertSilences } from './silences.ts'
import { sql } from './sql.ts'
import {
  holderOf,
  insertUnit,
  newAccelerator,
  nodesOf,
  readUnit,
  readUnitsById,
  updateUnit,
} from './units.ts'

type InventoryMethods = Pick<Store, 'readClaims' | 'commitFacts'>

export function inventoryMethods(db: Database): InventoryMethods {
  return {
    readClaims: async (identities) => {
      const claims: IdentityClaim[] = []
      for (const { keyNumber, hash } of identities) {
        const claim = await readClaim(db, keyNumber, hash)
        if (claim !== null) claims.push(claim)
      }
      return claims
    },

    commitFacts: (commit) => commitFacts(db, commit),
  }
}

async function readClaim(
  db: Database,
  keyNumber: number,
  hash: string,
): Promise<IdentityClaim | null> {
  const row = await db.get(sql`
    SELECT * FROM identities WHERE key_number = ${keyNumber} AND hash = ${hash}`)
  if (row === undefined) return null
  const acceleratorId = integer(row, 'accelerator_id') as AcceleratorId
  const unit = await holderOf(db, acceleratorId)
  const told = unit === null ? { provenToMs: null, toldToMs: null } : await toldOf(db, unit)
  return {
    identity: { keyNumber, hash, strength: wordOf(row, 'strength', STRENGTHS) },
    acceleratorId,
    unit,
    ...told,
  }
}

/** How far a placement has been told, and how far of that it was proven to be there. */
async function toldOf(
  db: Database,
  { nodeId, unitId }: UnitRow,
): Promise<Pick<IdentityClaim, 'provenToMs' | 'toldToMs'>> {
  const openRun = openRunOf(await readOpen(db, nodeId), unitId)
  const closedToMs = (await lastRunEnds(db, [unitId])).get(unitId) ?? null
  const toldToMs = openRun?.endMs ?? closedToMs
  if (openRun !== null && stateOf(openRun.code) !== 'unknown') {
    return { provenToMs: openRun.endMs, toldToMs }
  }
  const row = await db.get(sql`
    SELECT end_ms FROM runs WHERE unit_id = ${unitId} AND code <> ALL(${UNKNOWN_CODES}::bigint[])
    ORDER BY start_ms DESC LIMIT 1`)
  return { provenToMs: row === undefined ? null : integer(row, 'end_ms'), toldToMs }
}

async function commitFacts(db: Database, commit: FactsCommit): Promise<FactsResult> {
  // Identities are decided on one after the other, whichever process took the facts.
  await lock(db, 'inventory')
  const [refusal] = await refusalsOf(db, [commit])
  if (refusal) return { status: refusal.status }
  if (!(await areClaimsAsExpected(db, commit)) || (await hasNewClaim(db, commit))) {
    return { status: 'stale' }
  }

  await moveWatermarks(db, [commit])
  for (const ended of commit.ended) await endUnit(db, ended)
  const unitIds = await admitUnits(db, commit)
  await putFacts(db, commit, unitIds)
  await putTraits(db, commit)
  await noteOwnClaims(db, [...unitIds.values()], commit.receivedAtMs)
  for (const { unitId, validToMs } of commit.ended) {
    await markClaimsDirty(db, { collector: HERE, unit: unitId }, validToMs)
  }
  await endSilences(db, commit.silencesEnded)
  await insertSilences(db, commit.silencesBegun)
  for (const conflict of commit.conflicts) {
    const otherUnitId = unitIds.get(conflict.otherIndex)
    assert(otherUnitId !== undefined, 'a conflict names a unit of the same facts')
    await openConflict(db, { ...conflict, otherUnitId, openedAtMs: commit.receivedAtMs })
  }
  const endedIds = commit.ended.map((ended) => ended.unitId)
  markChanged(db, [commit.nodeId, ...(await nodesOf(db, endedIds))])
  addToOutbox(db, commit.outbox)

  const admitted = await readUnitsById(db, [...unitIds.values()])
  const units = commit.units.map(({ index }) => {
    const unitId = unitIds.get(index)
    const unit = unitId === undefined ? undefined : admitted.get(unitId)
    assert(unit !== undefined, 'an admitted unit is there')
    return unit
  })
  return { status: 'committed', units }
}

async function areClaimsAsExpected(db: Database, commit: FactsCommit): Promise<boolean> {
  for (const expected of commit.expectedClaims) {
    const accelerator = await acceleratorOf(db, expected.keyNumber, expected.hash)
    const holder = accelerator === null ? null : await holderOf(db, accelerator)
    if ((holder?.unitId ?? null) !== expected.unitId) return false
  }
  return true
}

/**
 * A strong id, not among the claims that were looked at, which has an accelerator already. One that
 * was looked at is no surprise: shown twice by a faulty tool it stays with the first accelerator.
 */
async function hasNewClaim(db: Database, commit: FactsCommit): Promise<boolean> {
  const seen = new Set(commit.expectedClaims.map((claim) => `${claim.keyNumber}/${claim.hash}`))
  const unseen = commit.units
    .filter(({ acceleratorId }) => acceleratorId === null)
    .flatMap(({ identities }) => identities)
    .filter(({ strength }) => strength === 'strong')
    .filter(({ keyNumber, hash }) => !seen.has(`${keyNumber}/${hash}`))
  for (const { keyNumber, hash } of unseen) {
    if ((await acceleratorOf(db, keyNumber, hash)) !== null) return true
  }
  return false
}

async function acceleratorOf(
  db: Database,
  keyNumber: number,
  hash: string,
): Promise<AcceleratorId | null> {
  const row = await db.get(
    sql`SELECT accelerator_id FROM identities WHERE key_number = ${keyNumber} AND hash = ${hash}`,
  )
  return row === undefined ? null : (integer(row, 'accelerator_id') as AcceleratorId)
}

async function putFacts(
  db: Database,
  commit: FactsCommit,
  unitIds: ReadonlyMap<number, UnitId>,
): Promise<void> {
  await db.run(
    sql`INSERT INTO node_facts (node_id, received_at_ms, epoch, facts, placements)
     VALUES (${commit.nodeId}, ${commit.receivedAtMs}, ${commit.epoch},
       ${JSON.stringify(commit.facts)}, ${JSON.stringify([...unitIds])})
     ON CONFLICT (node_id) DO UPDATE SET received_at_ms = excluded.received_at_ms,
       epoch = excluded.epoch, facts = excluded.facts, placements = excluded.placements`,
  )
}

/** Facts replace each other; what figures of the past rest on is kept, a row for each change. */
async function putTraits(
  db: Database,
  { nodeId, facts, receivedAtMs }: FactsCommit,
): Promise<void> {
  await db.run(
    sql`INSERT INTO node_traits (node_id, from_ms, known_from_ms, owner_kind, cpu_cores)
     SELECT new.* FROM (SELECT ${nodeId}::text AS node_id, ${facts.atMs}::bigint AS from_ms,
       ${receivedAtMs}::bigint AS known, ${facts.ownerKind}::text AS kind,
       ${facts.cpuCores}::bigint AS cores) new
     LEFT JOIN node_traits t ON t.trait_number =
       (SELECT max(l.trait_number) FROM node_traits l WHERE l.node_id = new.node_id)
     WHERE t.trait_number IS NULL OR t.owner_kind <> new.kind OR t.cpu_cores IS DISTINCT
       FROM new.cores`,
  )
}

async function endUnit(db: Database, ended: FactsCommit['ended'][number]): Promise<void> {
  assert(ended.bookedToMs >= ended.validToMs, 'a placement is booked at least to its last proof')
  await db.run(
    sql`UPDATE units SET valid_to_ms = ${ended.validToMs}, booked_to_ms = ${ended.bookedToMs},
      valid_to_reason = ${ended.reason} WHERE unit_id = ${ended.unitId}`,
  )
  await markDirty(db, ended.bookedToMs, null)
  await endConflicts(db, ended.unitId, ended.validToMs)
}

/** Numbers what is new, and answers the unit of each index; parents in a second pass. */
async function admitUnits(db: Database, commit: FactsCommit): Promise<ReadonlyMap<number, UnitId>> {
  const unitIds = new Map<number, UnitId>()
  for (const admit of commit.units) {
    assert(!unitIds.has(admit.index), 'each index is admitted once')
    unitIds.set(admit.index, await admitUnit(db, commit, admit))
  }
  for (const admit of commit.units) {
    const parent = admit.parentIndex === null ? null : unitIds.get(admit.parentIndex)
    assert(parent !== undefined, 'the parent of a slice is in the same facts')
    await db.run(
      sql`UPDATE units SET parent_unit_id = ${parent}
        WHERE unit_id = ${unitIds.get(admit.index) ?? null} AND parent_unit_id IS DISTINCT
        FROM ${parent}::bigint`,
    )
  }
  return unitIds
}

async function admitUnit(db: Database, commit: FactsCommit, admit: AdmitUnit): Promise<UnitId> {
  const acceleratorId = admit.acceleratorId ?? (await newAccelerator(db, admit.validFromMs))
  await attachIdentities(db, acceleratorId, admit)
  if (admit.unitId === null) {
    await markDirty(db, admit.validFromMs, null)
    const place = { nodeId: commit.nodeId, acceleratorId, knownFromMs: commit.receivedAtMs }
    return await insertUnit(db, admit, place)
  }
  const unit = await readUnit(db, admit.unitId)
  assert(
    unit?.nodeId === commit.nodeId && unit.acceleratorId === acceleratorId,
    'a placement goes on with its own card on its own node',
  )
  await updateUnit(db, admit.unitId, admit)
  return admit.unitId
}

/** A weak id names a place: it goes over to the card that is there now. A strong one stays. */
async function attachIdentities(
  db: Database,
  acceleratorId: AcceleratorId,
  admit: AdmitUnit,
): Promise<void> {
  for (const identity of admit.identities) {
    await db.run(
      sql`INSERT INTO identities (key_number, hash, strength, accelerator_id, valid_from_ms)
       VALUES (${identity.keyNumber}, ${identity.hash}, ${identity.strength}, ${acceleratorId},
         ${admit.validFromMs})
       ON CONFLICT (key_number, hash) DO UPDATE SET accelerator_id = excluded.accelerator_id,
         valid_from_ms = excluded.valid_from_ms
         WHERE identities.strength <> 'strong'
           AND identities.accelerator_id <> excluded.accelerator_id`,
    )
  }
}
