/** Placements: written by facts, read by node, by accelerator and in pages. */
import { assert } from '@yiben/shared'
import type { AcceleratorId, NodeId, UnitId } from '../../model/ids.ts'
import type { DeviceProfile, UnitRow } from '../../model/inventory.ts'
import type { OpenNode } from '../../model/timeline.ts'
import { numberCursor, pageLimit, pageOf } from '../paging.ts'
import type { AdmitUnit } from '../requests.ts'
import { UNIT_COLUMNS as COLUMNS, strongestOf, UNIT_TABLES as TABLES, unitOf } from '../rows.ts'
import type { Store } from '../store.ts'
import { integer } from '../values.ts'
import { markDirty } from './dirty.ts'
import type { Database } from './driver.ts'
import { inScope, sitesInScope } from './scope.ts'
import { raw, sql } from './sql.ts'

/** Columns of `unitOf`, and the tables they come from. */
export const UNIT_COLUMNS = raw(COLUMNS)
export const UNIT_TABLES = raw(TABLES)

type UnitMethods = Pick<Store, 'listUnits' | 'findUnits' | 'readUnits'>

export function unitMethods(db: Database): UnitMethods {
  return {
    listUnits: async (scope, page, nodeId = null) => {
      const sites = await sitesInScope(db, scope)
      const limit = pageLimit(page)
      const ofNode = nodeId === null ? sql`` : sql`u.node_id = ${nodeId} AND`
      const rows = await db.all(sql`
        SELECT ${UNIT_COLUMNS} FROM ${UNIT_TABLES}
        WHERE ${ofNode} u.unit_id > ${numberCursor(page)} AND ${inScope(sql`n.site_code`, sites)}
        ORDER BY u.unit_id LIMIT ${limit + 1}`)
      return pageOf(rows.map(unitOf), limit, (unit) => String(unit.unitId))
    },

    findUnits: async (scope, acceleratorId) => {
      const sites = await sitesInScope(db, scope)
      return (
        await db.all(
          sql`SELECT ${UNIT_COLUMNS} FROM ${UNIT_TABLES}
           WHERE u.accelerator_id = ${acceleratorId} AND ${inScope(sql`n.site_code`, sites)}
             ORDER BY u.unit_id`,
        )
      ).map(unitOf)
    },

    readUnits: async (scope, unitIds) => {
      const sites = await sitesInScope(db, scope)
      return (
        await db.all(
          sql`SELECT ${UNIT_COLUMNS} FROM ${UNIT_TABLES}
           WHERE u.unit_id = ANY(${unitIds}::bigint[]) AND ${inScope(sql`n.site_code`, sites)}`,
        )
      ).map(unitOf)
    },
  }
}

/**
 * Units still placed on a node, those that its open row still speaks of, and those that have moved
 * away: proof of them may come late (C5).
 */
export async function unitsOfNode(
  db: Database,
  nodeId: NodeId,
  open: OpenNode | null,
): Promise<readonly UnitRow[]> {
  return (await unitsOfNodes(db, [{ nodeId, open }])).get(nodeId) ?? []
}

/** The same of many nodes, by node. */
export async function unitsOfNodes(
  db: Database,
  nodes: readonly { readonly nodeId: NodeId; readonly open: OpenNode | null }[],
): Promise<ReadonlyMap<NodeId, readonly UnitRow[]>> {
  const nodeIds = nodes.map(({ nodeId }) => nodeId)
  const spokenOf = nodes.flatMap(({ open }) => open?.units.map(({ unitId }) => unitId) ?? [])
  const rows = await db.all(sql`
    SELECT ${UNIT_COLUMNS} FROM ${UNIT_TABLES} WHERE u.node_id = ANY(${nodeIds}::text[])
      AND (u.valid_to_ms IS NULL OR u.valid_to_reason = 'moved'
        OR u.unit_id = ANY(${spokenOf}::bigint[]))
    ORDER BY u.unit_id`)
  return Map.groupBy(rows.map(unitOf), ({ nodeId }) => nodeId)
}

export async function readUnit(db: Database, unitId: UnitId): Promise<UnitRow | null> {
  const row = await db.get(
    sql`SELECT ${UNIT_COLUMNS} FROM ${UNIT_TABLES} WHERE u.unit_id = ${unitId}`,
  )
  return row === undefined ? null : unitOf(row)
}

export async function readUnitsById(
  db: Database,
  unitIds: readonly UnitId[],
): Promise<ReadonlyMap<UnitId, UnitRow>> {
  const rows = await db.all(sql`
    SELECT ${UNIT_COLUMNS} FROM ${UNIT_TABLES} WHERE u.unit_id = ANY(${unitIds}::bigint[])`)
  return new Map(rows.map(unitOf).map((unit) => [unit.unitId, unit]))
}

export async function nodesOf(
  db: Database,
  unitIds: readonly UnitId[],
): Promise<readonly NodeId[]> {
  const units = await readUnitsById(db, unitIds)
  return unitIds.flatMap((unitId) => units.get(unitId)?.nodeId ?? [])
}

/** The placement that holds an accelerator now: of several claims the one that counts. */
export async function holderOf(
  db: Database,
  acceleratorId: AcceleratorId,
): Promise<UnitRow | null> {
  const row = await db.get(
    sql`SELECT ${UNIT_COLUMNS} FROM ${UNIT_TABLES} WHERE u.accelerator_id = ${acceleratorId}
       AND u.valid_to_ms IS NULL ORDER BY u.is_counted DESC, u.unit_id LIMIT 1`,
  )
  return row === undefined ? null : unitOf(row)
}

export async function profileIdOf(db: Database, profile: DeviceProfile): Promise<number> {
  const { vendor, name, memoryTotalMib, powerCapWatts } = profile
  const known = () =>
    db.get(sql`
      SELECT profile_id FROM profiles WHERE vendor = ${vendor} AND printed_name = ${name}
        AND COALESCE(memory_total_mib, -1) = COALESCE(${memoryTotalMib}, -1)
        AND COALESCE(power_cap_watts, -1) = COALESCE(${powerCapWatts}, -1)`)
  const row =
    (await known()) ??
    (await db.get(sql`
      INSERT INTO profiles (vendor, printed_name, memory_total_mib, power_cap_watts)
      VALUES (${vendor}, ${name}, ${memoryTotalMib}, ${powerCapWatts})
      ON CONFLICT DO NOTHING RETURNING profile_id`)) ??
    // Another process was first, and has committed it by now.
    (await known())
  return integer(row ?? {}, 'profile_id')
}

export async function newAccelerator(db: Database, firstSeenMs: number): Promise<AcceleratorId> {
  const row = await db.get(sql`
    INSERT INTO accelerators (first_seen_ms) VALUES (${firstSeenMs}) RETURNING accelerator_id`)
  return integer(row ?? {}, 'accelerator_id') as AcceleratorId
}

export async function insertUnit(
  db: Database,
  admit: AdmitUnit,
  place: {
    readonly nodeId: NodeId
    readonly acceleratorId: AcceleratorId
    readonly knownFromMs: number
  },
): Promise<UnitId> {
  const profileId = await profileIdOf(db, admit.profile)
  const row = await db.get(sql`
    INSERT INTO units (accelerator_id, node_id, kind, profile_id, share_ppm, driver_version,
      strongest_identity, valid_from_ms, known_from_ms)
    VALUES (${place.acceleratorId}, ${place.nodeId}, ${admit.kind}, ${profileId},
      ${admit.sharePpm}, ${admit.driverVersion}, ${strongestOf(admit)}, ${admit.validFromMs},
      ${place.knownFromMs})
    RETURNING unit_id`)
  return integer(row ?? {}, 'unit_id') as UnitId
}

/** The same card on the same node: what its tool says of it now. */
export async function updateUnit(db: Database, unitId: UnitId, admit: AdmitUnit): Promise<void> {
  const profileId = await profileIdOf(db, admit.profile)
  await db.run(
    sql`UPDATE units SET kind = ${admit.kind}, profile_id = ${profileId},
      share_ppm = ${admit.sharePpm}, driver_version = ${admit.driverVersion},
       strongest_identity = ${strongestOf(admit)} WHERE unit_id = ${unitId}`,
  )
}

/** A placement thought to have moved away goes on after all (C5), and counts again from its end on. */
export async function reopenUnit(db: Database, unitId: UnitId): Promise<void> {
  const unit = await readUnit(db, unitId)
  if (unit?.validToReason !== 'moved') return
  assert(unit.bookedToMs !== null, 'a placement that has ended is booked to an instant')
  await db.run(
    sql`UPDATE units SET valid_to_ms = NULL, booked_to_ms = NULL, valid_to_reason = NULL
     WHERE unit_id = ${unitId}`,
  )
  await markDirty(db, unit.bookedToMs, null)
}
