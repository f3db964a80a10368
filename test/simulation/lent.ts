/** What of a card's time was lent, from its runs and its leases, by cutting each at the other. */
import { type MeasuredState, stateOf } from '@yiben/shared'
import type { UnitId } from '../../collector/src/model/ids.ts'
import type { StoredRun } from '../../collector/src/model/timeline.ts'
import type { SimWorld } from './world.ts'

export interface LeaseTime {
  readonly startMs: number
  readonly endMs: number
}

/** Evidence that a lease leaves as it is. */
const NOT_LENT: readonly MeasuredState[] = ['unknown', 'faulty', 'allocated']

/** Of every placement, in order. */
export function leasesByUnit({ db }: SimWorld): ReadonlyMap<UnitId, readonly LeaseTime[]> {
  const rows = db.all(
    `SELECT unit_id, start_ms, coalesce(ended_at_ms, until_ms) AS end_ms FROM claims
     WHERE start_ms IS NOT NULL ORDER BY start_ms`,
  )
  const byUnit = Map.groupBy(rows, (row) => Number(row.unit_id) as UnitId)
  return new Map(
    [...byUnit].map(([unitId, own]) => [
      unitId,
      own.map((row) => ({ startMs: Number(row.start_ms), endMs: Number(row.end_ms) })),
    ]),
  )
}

/** Once every lease has run out nobody holds a card, and no node believes that it lends one. */
export async function lendingProblems(world: SimWorld): Promise<string[]> {
  const problems: string[] = []
  for (const draw of await world.store.readLiveDraws('all')) {
    for (const { ordinal, state } of draw.claims) {
      if (state === 'held' || state === 'leased') {
        problems.push(`draw ${draw.request.drawId}: claim ${ordinal} is still ${state}`)
      }
    }
  }
  for (const node of world.nodes) {
    if (!node.isAlive) continue
    for (const { lease } of node.life.agent.status().units) {
      if (lease !== null) problems.push(`${node.name} still lends under ${lease.leaseId}`)
    }
  }
  return problems
}

export function cutByLeases(
  runs: readonly StoredRun[],
  leases: readonly LeaseTime[],
): { readonly lent: readonly StoredRun[]; readonly unlent: readonly StoredRun[] } {
  const lent: StoredRun[] = []
  const unlent: StoredRun[] = []
  for (const run of runs) {
    let fromMs = run.startMs
    for (const { startMs, endMs } of NOT_LENT.includes(stateOf(run.code)) ? [] : leases) {
      const [start, end] = [Math.max(startMs, fromMs), Math.min(endMs, run.endMs)]
      if (end <= start) continue
      if (start > fromMs) unlent.push({ ...run, startMs: fromMs, endMs: start })
      lent.push({ ...run, startMs: start, endMs: end })
      fromMs = end
    }
    if (fromMs < run.endMs) unlent.push({ ...run, startMs: fromMs })
  }
  return { lent, unlent }
}
