/**
 * Conflicts of identity as a person needs them to decide: both claims, each with its node, its site
 * and its time. Of a claim outside what the asker may see only the number is told.
 */
import { resourceCode } from '@yiben/shared'
import { z } from 'zod'
import type { UnitId } from '../../model/ids.ts'
import type { Conflict, UnitRow } from '../../model/inventory.ts'
import type { Scope } from '../../storage/requests.ts'
import type { Store } from '../../storage/store.ts'
import { instantOrNull, instantOut, instantText } from '../schemas.ts'

const claimSchema = z.object({
  unit_id: z.number().int(),
  counted: z.boolean().nullable(),
  node_id: z.string().nullable(),
  site_code: z.string().nullable(),
  printed_name: z.string().nullable(),
  valid_from: instantOut.nullable(),
  valid_to: instantOut.nullable(),
})

export const conflictSchema = z
  .object({
    conflict_id: z.number().int(),
    accelerator_id: z.string(),
    kept_unit_id: z.number().int(),
    other_unit_id: z.number().int(),
    from: instantOut.meta({ description: 'where both claims are proven from' }),
    to: instantOut.nullable(),
    opened_at: instantOut,
    resolved_at: instantOut.nullable(),
    resolved_by: z.string().nullable(),
    claims: z.array(claimSchema).meta({ description: 'the one that counts first' }),
  })
  .meta({ id: 'Conflict' })
export type ConflictAnswer = z.infer<typeof conflictSchema>

export async function conflictAnswers(
  store: Pick<Store, 'readUnits'>,
  scope: Scope,
  conflicts: readonly Conflict[],
): Promise<ConflictAnswer[]> {
  if (conflicts.length === 0) return []
  const unitIds = new Set(conflicts.flatMap(claimsOf))
  const units = await store.readUnits(scope, [...unitIds])
  const byId = new Map(units.map((unit) => [unit.unitId, unit]))
  return conflicts.map((conflict) => conflictOf(conflict, byId))
}

/** The one that counts, and the other. */
export function claimsOf(conflict: Conflict): readonly UnitId[] {
  return [conflict.keptUnitId, conflict.otherUnitId]
}

function conflictOf(conflict: Conflict, units: ReadonlyMap<UnitId, UnitRow>): ConflictAnswer {
  return {
    conflict_id: conflict.conflictId,
    accelerator_id: resourceCode('accelerator', conflict.acceleratorId),
    kept_unit_id: conflict.keptUnitId,
    other_unit_id: conflict.otherUnitId,
    from: instantText(conflict.fromMs),
    to: instantOrNull(conflict.toMs),
    opened_at: instantText(conflict.openedAtMs),
    resolved_at: instantOrNull(conflict.resolvedAtMs),
    resolved_by: conflict.resolvedBy,
    claims: claimsOf(conflict).map((unitId) => claimOf(unitId, units.get(unitId))),
  }
}

function claimOf(unitId: UnitId, unit: UnitRow | undefined): ConflictAnswer['claims'][number] {
  return {
    unit_id: unitId,
    counted: unit?.isCounted ?? null,
    node_id: unit?.nodeId ?? null,
    site_code: unit?.siteCode ?? null,
    printed_name: unit?.profile.name ?? null,
    valid_from: instantOrNull(unit?.validFromMs ?? null),
    valid_to: instantOrNull(unit?.validToMs ?? null),
  }
}
