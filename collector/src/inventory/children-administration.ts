/** What people change about children, as journal entries say it. Pure. */
import { type Random, randomHex } from '@yiben/shared'
import type { ChildConflict, ChildRow } from '../model/child.ts'
import type { ChildId } from '../model/ids.ts'
import type { OutboxEntry } from '../model/ledger.ts'

const CHILD_ID_BYTES = 8

/** What this collector calls a child; opaque. */
export function mintChildId(random: Random): ChildId {
  return `c-${randomHex(random, CHILD_ID_BYTES)}` as ChildId
}

export function childAdded(child: ChildRow, by: string, atMs: number): OutboxEntry {
  const { algorithm, childId, name, publicKey, regionCode } = child
  const payload = {
    by,
    child_id: childId,
    name,
    region_code: regionCode,
    algorithm,
    public_key: publicKey,
  }
  return { kind: 'child_enrolled', atMs, payload }
}

export function childRevoked(childId: ChildId, by: string, atMs: number): OutboxEntry {
  return { kind: 'child_revoked', atMs, payload: { by, child_id: childId } }
}

export function childConflictResolved(
  { conflictId, kept, other }: ChildConflict,
  decision: { readonly keep: 'kept' | 'other'; readonly by: string; readonly atMs: number },
): OutboxEntry {
  const { atMs, by, keep } = decision
  const [counts, dropped] = keep === 'kept' ? [kept, other] : [other, kept]
  const payload = {
    by,
    conflict_id: conflictId,
    kept_origin: counts?.origin ?? null,
    kept_unit: counts?.unitNumber ?? null,
    dropped_origin: dropped?.origin ?? null,
    dropped_unit: dropped?.unitNumber ?? null,
  }
  return { kind: 'child_conflict_resolved', atMs, payload }
}
