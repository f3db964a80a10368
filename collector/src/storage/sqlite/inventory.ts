/**
 * Which accelerator is where: facts with their identity decisions and the claims these rest on. A
 * decision is taken only while the claims it was made from still stand.
 */
import { assert, stateOf } from '@yiben/shared'
import type { AcceleratorId, UnitId } from '../../model/ids.ts'
import type { IdentityClaim, UnitRow } from '../../model/inventory.ts'
import { HERE } from '../children-claims.ts'
import type { AdmitUnit, FactsCommit, FactsResult } from '../requests.ts'
import { STRENGTHS, UNKNOWN_CODES } from '../rows.ts'
import { integer, wordOf } from '../values.ts'
import { markClaimsDirty, noteOwnClaims } from './children-claims.ts'
import { endConflicts, openConflict } from './conflicts.ts'
import { markDirty } from './dirty.ts'
import type { Database } from './driver.ts'
import { OpenRows } from './evidence.ts'
import { lastRunEndMs, moveWatermark, refusalOf } from './ingest.ts'
import type { SyncStore } from './methods.ts'
import { markChanged } from './open-row.ts'
import { addToOutbox } from './outbox.ts'
import { endSilence, insertSilence } from './silences.ts'
import { holderOf, insertUnit, newAccelerator, nodesOf, readUnit, updateUnit } from './units.ts'

type InventoryMethods = Pick<SyncStore, 'readClaims' | 'commitFacts'>

export function inventoryMethods(db: Database): InventoryMethods {
  return {
    readClaims: (identities) =>
      identities.flatMap(({ keyNumber, hash }) => {
        const claim = readClaim(db, keyNumber, hash)
        return claim === null ? [] : [claim]
      }),

    commitFacts: (commit) => commitFacts(db, commit),
  }
}

function readClaim(db: Database, keyNumber: number, hash: string): IdentityClaim | null {
  const row = db.get('SELECT * FROM identities WHERE key_number = ? AND hash = ?', keyNumber, hash)
  if (row === undefined) return null
  const acceleratorId = integer(row, 'accelerator_id') as AcceleratorId
  const unit = holderOf(db, acceleratorId)
  const told = unit === null ? { provenToMs: null, toldToMs: null } : toldOf(db, unit)
  return {
    identity: { keyNumber, hash, strength: wordOf(row, 'strength', STRENGTHS) },
    acceleratorId,
    unit,
    ...told,
  }
}

/** How far a placement has been told, and how far of that it was proven to be there. */
function toldOf(db: Database, unit: UnitRow): Pick<IdentityClaim, 'provenToMs' | 'toldToMs'> {
  const openRun = new OpenRows(db).runOf(unit.nodeId, unit.unitId)
  const closedToMs = lastRunEndMs(db, unit.unitId)
  const toldToMs = openRun?.endMs ?? (Number.isFinite(closedToMs) ? closedToMs : null)
  if (openRun !== null && stateOf(openRun.code) !== 'unknown') {
    return { provenToMs: openRun.endMs, toldToMs }
  }
  const row = db.get(
    `SELECT end_ms FROM runs WHERE unit_id = ? AND code NOT IN (${UNKNOWN_CODES.join(', ')})
     ORDER BY start_ms DESC LIMIT 1`,
    unit.unitId,
  )
  return { provenToMs: row === undefined ? null : integer(row, 'end_ms'), toldToMs }
}

function commitFacts(db: Database, commit: FactsCommit): FactsResult {
  const refusal = refusalOf(db, commit)
  if (refusal !== null) return { status: refusal.status }
  if (!areClaimsAsExpected(db, commit) || hasNewClaim(db, commit)) return { status: 'stale' }

  moveWatermark(db, commit)
  for (const ended of commit.ended) endUnit(db, ended)
  const unitIds = admitUnits(db, commit)
  putFacts(db, commit, unitIds)
  putTraits(db, commit)
  noteOwnClaims(db, [...unitIds.values()], commit.receivedAtMs)
  for (const { unitId, validToMs } of commit.ended) {
    markClaimsDirty(db, { collector: HERE, unit: unitId }, validToMs)
  }
  for (const end of commit.silencesEnded) endSilence(db, end)
  for (const silence of commit.silencesBegun) insertSilence(db, silence)
  for (const conflict of commit.conflicts) {
    const otherUnitId = unitIds.get(conflict.otherIndex)
    assert(otherUnitId !== undefined, 'a conflict names a unit of the same facts')
    openConflict(db, { ...conflict, otherUnitId, openedAtMs: commit.receivedAtMs })
  }
  const endedIds = commit.ended.map((ended) => ended.unitId)
  markChanged(db, [commit.nodeId, ...nodesOf(db, endedIds)])
  addToOutbox(db, commit.outbox)

  const units = commit.units.map((admit) => {
    const unitId = unitIds.get(admit.index)
    const unit = unitId === undefined ? null : readUnit(db, unitId)
    assert(unit !== null, 'an admitted unit is there')
    return unit
  })
  return { status: 'committed', units }
}

function areClaimsAsExpected(db: Database, commit: FactsCommit): boolean {
  return commit.expectedClaims.every((expected) => {
    const accelerator = acceleratorOf(db, expected.keyNumber, expected.hash)
    const holder = accelerator === null ? null : holderOf(db, accelerator)
    return (holder?.unitId ?? null) === expected.unitId
  })
}

/**
 * A strong id, not among the claims that were looked at, which has an accelerator already. One that
 * was looked at is no surprise: shown twice by a faulty tool it stays with the first accelerator.
 */
function hasNewClaim(db: Database, commit: FactsCommit): boolean {
  const seen = new Set(commit.expectedClaims.map((claim) => `${claim.keyNumber}/${claim.hash}`))
  return commit.units.some(
    (admit) =>
      admit.acceleratorId === null &&
      admit.identities.some(
        ({ keyNumber, hash, strength }) =>
          strength === 'strong' &&
          !seen.has(`${keyNumber}/${hash}`) &&
          acceleratorOf(db, keyNumber, hash) !== null,
      ),
  )
}

function acceleratorOf(db: Database, keyNumber: number, hash: string): AcceleratorId | null {
  const row = db.get(
    'SELECT accelerator_id FROM identities WHERE key_number = ? AND hash = ?',
    keyNumber,
    hash,
  )
  return row === undefined ? null : (integer(row, 'accelerator_id') as AcceleratorId)
}

function putFacts(db: Database, commit: FactsCommit, unitIds: ReadonlyMap<number, UnitId>): void {
  db.run(
    `INSERT INTO node_facts (node_id, received_at_ms, epoch, facts, placements)
     VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (node_id) DO UPDATE SET received_at_ms = excluded.received_at_ms,
       epoch = excluded.epoch, facts = excluded.facts, placements = excluded.placements`,
    commit.nodeId,
    commit.receivedAtMs,
    commit.epoch,
    JSON.stringify(commit.facts),
    JSON.stringify([...unitIds]),
  )
}

/** Facts replace each other; what figures of the past rest on is kept, a row for each change. */
function putTraits(db: Database, { nodeId, facts, receivedAtMs }: FactsCommit): void {
  db.run(
    `INSERT INTO node_traits (node_id, from_ms, known_from_ms, owner_kind, cpu_cores)
     SELECT new.* FROM (SELECT ? AS node_id, ? AS from_ms, ? AS known, ? AS kind, ? AS cores) new
     LEFT JOIN node_traits t ON t.trait_number =
       (SELECT max(l.trait_number) FROM node_traits l WHERE l.node_id = new.node_id)
     WHERE t.trait_number IS NULL OR t.owner_kind <> new.kind OR t.cpu_cores IS NOT new.cores`,
    nodeId,
    facts.atMs,
    receivedAtMs,
    facts.ownerKind,
    facts.cpuCores,
  )
}

function endUnit(db: Database, ended: FactsCommit['ended'][number]): void {
  assert(ended.bookedToMs >= ended.validToMs, 'a placement is booked at least to its last proof')
  db.run(
    'UPDATE units SET valid_to_ms = ?, booked_to_ms = ?, valid_to_reason = ? WHERE unit_id = ?',
    ended.validToMs,
    ended.bookedToMs,
    ended.reason,
    ended.unitId,
  )
  markDirty(db, ended.bookedToMs, null)
  endConflicts(db, ended.unitId, ended.validToMs)
}

/** Numbers what is new, and answers the unit of each index; parents in a second pass. */
function admitUnits(db: Database, commit: FactsCommit): ReadonlyMap<number, UnitId> {
  const unitIds = new Map<number, UnitId>()
  for (const admit of commit.units) {
    assert(!unitIds.has(admit.index), 'each index is admitted once')
    unitIds.set(admit.index, admitUnit(db, commit, admit))
  }
  for (const admit of commit.units) {
    const parent = admit.parentIndex === null ? null : unitIds.get(admit.parentIndex)
    assert(parent !== undefined, 'the parent of a slice is in the same facts')
    db.run(
      'UPDATE units SET parent_unit_id = ? WHERE unit_id = ? AND parent_unit_id IS NOT ?',
      parent,
      unitIds.get(admit.index) ?? null,
      parent,
    )
  }
  return unitIds
}

function admitUnit(db: Database, commit: FactsCommit, admit: AdmitUnit): UnitId {
  const acceleratorId = admit.acceleratorId ?? newAccelerator(db, admit.validFromMs)
  attachIdentities(db, acceleratorId, admit)
  if (admit.unitId === null) {
    markDirty(db, admit.validFromMs, null)
    const place = { nodeId: commit.nodeId, acceleratorId, knownFromMs: commit.receivedAtMs }
    return insertUnit(db, admit, place)
  }
  const unit = readUnit(db, admit.unitId)
  assert(
    unit?.nodeId === commit.nodeId && unit.acceleratorId === acceleratorId,
    'a placement goes on with its own card on its own node',
  )
  updateUnit(db, admit.unitId, admit)
  return admit.unitId
}

/** A weak id names a place: it goes over to the card that is there now. A strong one stays. */
function attachIdentities(db: Database, acceleratorId: AcceleratorId, admit: AdmitUnit): void {
  for (const identity of admit.identities) {
    db.run(
      `INSERT INTO identities (key_number, hash, strength, accelerator_id, valid_from_ms)
       VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (key_number, hash) DO UPDATE SET accelerator_id = excluded.accelerator_id,
         valid_from_ms = excluded.valid_from_ms
         WHERE identities.strength <> 'strong'
           AND identities.accelerator_id <> excluded.accelerator_id`,
      identity.keyNumber,
      identity.hash,
      identity.strength,
      acceleratorId,
      admit.validFromMs,
    )
  }
}
