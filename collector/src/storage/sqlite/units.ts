/** Placements: written by facts, read by node, by accelerator and in pages. */
import { assert } from '@yiben/shared'
import type { AcceleratorId, NodeId, UnitId } from '../../model/ids.ts'
import type { DeviceProfile, UnitRow } from '../../model/inventory.ts'
import type { OpenNode } from '../../model/timeline.ts'
import { numberCursor, pageLimit, pageOf } from '../paging.ts'
import type { AdmitUnit } from '../requests.ts'
import { strongestOf, UNIT_COLUMNS, UNIT_TABLES, unitOf } from '../rows.ts'
import { integer } from '../values.ts'
import { markDirty } from './dirty.ts'
import type { Database } from './driver.ts'
import type { SyncStore } from './methods.ts'
import { inScope, sitesInScope } from './scope.ts'

type UnitMethods = Pick<SyncStore, 'listUnits' | 'findUnits' | 'readUnits'>

export function unitMethods(db: Database): UnitMethods {
  return {
    listUnits: (scope, page, nodeId = null) => {
      const sites = sitesInScope(db, scope)
      const limit = pageLimit(page)
      // A condition of its own, so that the few of a node are found by its index.
      const [ofNode, node] = nodeId === null ? ['', []] : ['u.node_id = ? AND', [nodeId]]
      const rows = db
        .all(
          `SELECT ${UNIT_COLUMNS} FROM ${UNIT_TABLES}
           WHERE ${ofNode} u.unit_id > ? AND ${inScope('n.site_code')}
           ORDER BY u.unit_id LIMIT ?`,
          ...node,
          numberCursor(page),
          sites,
          sites,
          limit + 1,
        )
        .map(unitOf)
      return pageOf(rows, limit, (unit) => String(unit.unitId))
    },

    findUnits: (scope, acceleratorId) => {
      const sites = sitesInScope(db, scope)
      return db
        .all(
          `SELECT ${UNIT_COLUMNS} FROM ${UNIT_TABLES}
           WHERE u.accelerator_id = ? AND ${inScope('n.site_code')} ORDER BY u.unit_id`,
          acceleratorId,
          sites,
          sites,
        )
        .map(unitOf)
    },

    readUnits: (scope, unitIds) => {
      const sites = sitesInScope(db, scope)
      return db
        .all(
          `SELECT ${UNIT_COLUMNS} FROM ${UNIT_TABLES}
           WHERE u.unit_id IN (SELECT value FROM json_each(?)) AND ${inScope('n.site_code')}`,
          JSON.stringify(unitIds),
          sites,
          sites,
        )
        .map(unitOf)
    },
  }
}

/**
 * Units still placed on a node, those that its open row still speaks of, and those that have moved
 * away: proof of them may come late (C5).
 */
export function unitsOfNode(
  db: Database,
  nodeId: NodeId,
  open: OpenNode | null,
): readonly UnitRow[] {
  const spokenOf = JSON.stringify(open?.units.map((unit) => unit.unitId) ?? [])
  return db
    .all(
      `SELECT ${UNIT_COLUMNS} FROM ${UNIT_TABLES} WHERE u.node_id = ?
         AND (u.valid_to_ms IS NULL OR u.valid_to_reason = 'moved'
           OR u.unit_id IN (SELECT value FROM json_each(?)))
       ORDER BY u.unit_id`,
      nodeId,
      spokenOf,
    )
    .map(unitOf)
}

export function readUnit(db: Database, unitId: UnitId): UnitRow | null {
  const row = db.get(`SELECT ${UNIT_COLUMNS} FROM ${UNIT_TABLES} WHERE u.unit_id = ?`, unitId)
  return row === undefined ? null : unitOf(row)
}

export function nodesOf(db: Database, unitIds: readonly UnitId[]): readonly NodeId[] {
  return unitIds.flatMap((unitId) => readUnit(db, unitId)?.nodeId ?? [])
}

/** The placement that holds an accelerator now: of several claims the one that counts. */
export function holderOf(db: Database, acceleratorId: AcceleratorId): UnitRow | null {
  const row = db.get(
    `SELECT ${UNIT_COLUMNS} FROM ${UNIT_TABLES} WHERE u.accelerator_id = ?
       AND u.valid_to_ms IS NULL ORDER BY u.is_counted DESC, u.unit_id LIMIT 1`,
    acceleratorId,
  )
  return row === undefined ? null : unitOf(row)
}

export function profileIdOf(db: Database, profile: DeviceProfile): number {
  const content = [
    profile.vendor,
    profile.name,
    profile.memoryTotalMib,
    profile.powerCapWatts,
  ] as const
  const known = db.get(
    `SELECT profile_id FROM profiles WHERE vendor = ? AND printed_name = ?
       AND COALESCE(memory_total_mib, -1) = COALESCE(?, -1)
       AND COALESCE(power_cap_watts, -1) = COALESCE(?, -1)`,
    ...content,
  )
  if (known !== undefined) return integer(known, 'profile_id')
  return db.run(
    `INSERT INTO profiles (vendor, printed_name, memory_total_mib, power_cap_watts)
     VALUES (?, ?, ?, ?)`,
    ...content,
  ).rowNumber
}

export function newAccelerator(db: Database, firstSeenMs: number): AcceleratorId {
  return db.run('INSERT INTO accelerators (first_seen_ms) VALUES (?)', firstSeenMs)
    .rowNumber as AcceleratorId
}

export function insertUnit(
  db: Database,
  admit: AdmitUnit,
  place: {
    readonly nodeId: NodeId
    readonly acceleratorId: AcceleratorId
    readonly knownFromMs: number
  },
): UnitId {
  return db.run(
    `INSERT INTO units (accelerator_id, node_id, kind, profile_id, share_ppm, driver_version,
       strongest_identity, valid_from_ms, known_from_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    place.acceleratorId,
    place.nodeId,
    admit.kind,
    profileIdOf(db, admit.profile),
    admit.sharePpm,
    admit.driverVersion,
    strongestOf(admit),
    admit.validFromMs,
    place.knownFromMs,
  ).rowNumber as UnitId
}

/** The same card on the same node: what its tool says of it now. */
export function updateUnit(db: Database, unitId: UnitId, admit: AdmitUnit): void {
  db.run(
    `UPDATE units SET kind = ?, profile_id = ?, share_ppm = ?, driver_version = ?,
       strongest_identity = ? WHERE unit_id = ?`,
    admit.kind,
    profileIdOf(db, admit.profile),
    admit.sharePpm,
    admit.driverVersion,
    strongestOf(admit),
    unitId,
  )
}

/** A placement thought to have moved away goes on after all (C5), and counts again from its end on. */
export function reopenUnit(db: Database, unitId: UnitId): void {
  const unit = readUnit(db, unitId)
  if (unit?.validToReason !== 'moved') return
  assert(unit.bookedToMs !== null, 'a placement that has ended is booked to an instant')
  db.run(
    `UPDATE units SET valid_to_ms = NULL, booked_to_ms = NULL, valid_to_reason = NULL
     WHERE unit_id = ?`,
    unitId,
  )
  markDirty(db, unit.bookedToMs, null)
}
