/** What must hold once a world has been healed and left in peace. */
import { HOUR_MS, stateOf } from '@yiben/shared'
import type { Bucket } from '../../collector/src/model/ledger.ts'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import { sumsByHour } from './checks.ts'
import { vetoProblems } from './deposit-checks.ts'
import { type NodeView, type UnitView, viewLedger } from './ledger-view.ts'
import { cutByLeases, leasesByUnit, lendingProblems } from './lent.ts'
import type { SimNode } from './node.ts'
import type { SimWorld } from './world.ts'

/** How far the ledger may lag behind a live node, in ticks. */
const TICKS_BEHIND_MAX = 2
/** A tick may be on its way. */
const RECORDS_BEHIND_MAX = 2

/** Why the world is not quiet yet; empty when it is. */
export async function unquiet(world: SimWorld): Promise<string[]> {
  const problems: string[] = []
  if (!world.collector.isAlive) problems.push('the collector is not running')
  if (await world.store.isRecovering()) problems.push('the collector is recovering')
  for (const { hour_ms } of world.db.all('SELECT hour_ms FROM dirty_hours')) {
    problems.push(`hour ${hour_ms} has changed and waits for its next version`)
  }
  for (const node of world.nodes) problems.push(...(await unquietNode(world, node)))
  return problems
}

async function unquietNode(world: SimWorld, node: SimNode): Promise<string[]> {
  if (!node.isAlive || node.nodeId === null) return [`${node.name} is not running`]
  const status = node.life.agent.status()
  if (status.collector.state !== 'online') return [`${node.name} is ${status.collector.state}`]
  const { lastSeq, ackedSeq } = node.life.spool.inner.state()
  if (lastSeq - ackedSeq > RECORDS_BEHIND_MAX) {
    return [`${node.name}: ${lastSeq - ackedSeq} records are not acknowledged`]
  }
  const state = await world.store.loadNode(node.nodeId as never)
  const nowMs = node.life.agent.timelineNowMs()
  const endMs = state?.open?.timelineEndMs ?? null
  if (nowMs === null || endMs === null) return [`${node.name} has no timeline`]
  const behindMs = nowMs - endMs
  if (behindMs > TICKS_BEHIND_MAX * node.tickMs) {
    return [`${node.name}: its timeline is ${behindMs} ms behind`]
  }
  const silences = state?.silences.filter((silence) => silence.unitId === null) ?? []
  return silences.length === 0 ? [] : [`${node.name} is still declared silent`]
}

/**
 * Each sealed hour, at its latest version, is the sum of its runs and silences; and every word of an
 * owner has ended what was deposited.
 */
export async function restProblems(world: SimWorld): Promise<string[]> {
  const views = await viewLedger(world)
  const { store, collector } = world
  const seals = await store.sealedHours(0, Number.MAX_SAFE_INTEGER)
  const problems = await lendingProblems(world)
  const dueMs = collector.wallMs - HOUR_MS - collector.sealDelayMs - 120_000
  const firstMs = Math.min(...views.flatMap(validStarts))
  for (const view of views) {
    problems.push(...vetoProblems(view, world.auditor.node(view.nodeId).vetoes, true))
  }
  for (let hourMs = floorHour(firstMs); hourMs <= dueMs; hourMs += HOUR_MS) {
    if (!seals.some((seal) => seal.hourMs === hourMs)) problems.push(`hour ${hourMs} is not sealed`)
  }
  problems.push(...placementProblems(world, views))
  const leases = leasesByUnit(world)
  for (const { hourMs, version } of seals) {
    const range = { fromMs: hourMs, toMs: hourMs + HOUR_MS, knownAtMs: Number.MAX_SAFE_INTEGER }
    const buckets = await store.readBuckets(SCOPE_ALL, range)
    const expected = totalsOf(views, hourMs, leases)
    for (const [figure, amount] of Object.entries(expected)) {
      const is = buckets.reduce((sum, bucket) => sum + bucket[figure as keyof HourTotals], 0n)
      if (is === amount) continue
      problems.push(`hour ${hourMs} version ${version}: ${figure} is ${is}, its runs say ${amount}`)
    }
  }
  return problems
}

/** Whoever else has named them: what is in a machine is one of its cards, or both know of a conflict. */
function placementProblems(world: SimWorld, views: readonly NodeView[]): string[] {
  return world.nodes.flatMap((node) => {
    const own = views.find((view) => view.nodeId === node.nodeId)?.units ?? []
    return node.plugged.flatMap(({ key }) => {
      const hash = world.hashOf(key)
      const isPlaced = own.some(
        ({ identityHash, unit }) => identityHash === hash && unit.validToMs === null,
      )
      return isPlaced ? [] : [`${node.name}: its card ${key} is none of the ledger's there`]
    })
  })
}

type HourTotals = Pick<
  Bucket,
  | 'busyMs'
  | 'allocatedMs'
  | 'occupiedMs'
  | 'freeMs'
  | 'faultyMs'
  | 'unknownMs'
  | 'lentMs'
  | 'depositedMs'
>

function totalsOf(
  views: readonly NodeView[],
  hourMs: number,
  leases: ReturnType<typeof leasesByUnit>,
): HourTotals {
  const totals = {
    busyMs: 0n,
    allocatedMs: 0n,
    occupiedMs: 0n,
    freeMs: 0n,
    faultyMs: 0n,
    unknownMs: 0n,
    lentMs: 0n,
    depositedMs: 0n,
  }
  const units = views.flatMap((view) => view.units)
  for (const view of units) {
    const { unit, span } = view
    const fromMs = Math.max(hourMs, unit.validFromMs)
    const toMs = Math.min(hourMs + HOUR_MS, unit.bookedToMs ?? hourMs + HOUR_MS)
    if (unit.kind !== 'card' || !unit.isCounted || toMs <= fromMs) continue
    const { lent, unlent } = cutByLeases(span.runs, leases.get(unit.unitId) ?? [])
    const sum = sumsByHour(unlent).get(hourMs)
    const lentSum = sumsByHour(lent).get(hourMs)
    const lentMs = lentSum === undefined ? 0 : lentSum.busy + lentSum.occupied + lentSum.free
    const known =
      sum === undefined ? 0 : sum.busy + sum.allocated + sum.occupied + sum.free + sum.faulty
    totals.busyMs += BigInt(sum?.busy ?? 0)
    totals.allocatedMs += BigInt(sum?.allocated ?? 0)
    totals.occupiedMs += BigInt(sum?.occupied ?? 0)
    totals.freeMs += BigInt(sum?.free ?? 0)
    totals.faultyMs += BigInt(sum?.faulty ?? 0)
    totals.unknownMs += BigInt(toMs - fromMs - known - lentMs)
    totals.lentMs += BigInt(lentMs)
    totals.depositedMs += BigInt(depositedMs({ ...view, runs: unlent }, fromMs, toMs))
  }
  return totals
}

/** Free time under a deposit; what was told late was nobody's to draw while it lasted. */
function depositedMs(
  { runs, deposits }: Pick<UnitView, 'deposits'> & { readonly runs: UnitView['span']['runs'] },
  fromMs: number,
  toMs: number,
): number {
  let sum = 0
  for (const deposit of deposits) {
    for (const run of runs) {
      if (stateOf(run.code) !== 'free' || run.recordedAtMs !== null) continue
      const startMs = Math.max(run.startMs, deposit.openedAtMs, fromMs)
      const endMs = Math.min(run.endMs, deposit.closedAtMs ?? toMs, toMs)
      sum += Math.max(0, endMs - startMs)
    }
  }
  return sum
}

function validStarts(view: NodeView): readonly number[] {
  return view.units.map((unit) => unit.unit.validFromMs)
}

function floorHour(atMs: number): number {
  return Math.floor(atMs / HOUR_MS) * HOUR_MS
}
