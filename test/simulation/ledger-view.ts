/** Everything the ledger holds at one instant, read once for all checks. */
import type { NodeId } from '../../collector/src/model/ids.ts'
import type { UnitRow } from '../../collector/src/model/inventory.ts'
import type { Deposit } from '../../collector/src/model/ledger.ts'
import type { ClosedWindow, OpenUnit, StoredRun } from '../../collector/src/model/timeline.ts'
import {
  type NodeState,
  type Page,
  SCOPE_ALL,
  type UnitSpan,
} from '../../collector/src/storage/requests.ts'
import { OpenRows } from '../../collector/src/storage/sqlite/evidence.ts'
import { unitSpanOf } from '../../collector/src/storage/sqlite/reads.ts'
import type { CommittedEpoch } from './auditor.ts'
import type { SimWorld } from './world.ts'

const ALWAYS = {
  fromMs: 0,
  toMs: Number.MAX_SAFE_INTEGER,
  knownAtMs: Number.MAX_SAFE_INTEGER,
} as const

export interface EpochView extends CommittedEpoch {
  readonly isClosed: boolean
}

export interface UnitView {
  readonly unit: UnitRow
  readonly span: UnitSpan
  /** Of its accelerator, the first that was told. */
  readonly identityHash: string
  /** Its part of the node's open row. */
  readonly open: OpenUnit | null
  readonly closedWindows: readonly ClosedWindow[]
  readonly deposits: readonly Deposit[]
}

export interface NodeView {
  readonly nodeId: NodeId
  readonly name: string
  /** In the order in which the collector met them. */
  readonly epochs: readonly EpochView[]
  readonly state: NodeState
  /** End of the tick that told it, and the step in ms. */
  readonly clockSteps: readonly (readonly [number, number])[]
  readonly units: readonly UnitView[]
}

export async function viewLedger(world: SimWorld): Promise<readonly NodeView[]> {
  const { db, store } = world
  const units = await allPages((cursor) => store.listUnits(SCOPE_ALL, { cursor, limit: 1_000 }))
  const deposits = await allDeposits(world)
  const hashes = new Map(
    db
      .all('SELECT accelerator_id, hash FROM identities')
      .map((row) => [Number(row.accelerator_id), String(row.hash)]),
  )
  const views: NodeView[] = []
  for (const row of db.all('SELECT node_id, name FROM nodes ORDER BY name')) {
    const nodeId = String(row.node_id) as NodeId
    const state = await store.loadNode(nodeId)
    if (state === null) continue
    const openRows = new OpenRows(db)
    if (state.open !== null) openRows.add(state.open)
    const own = units
      .filter((unit) => unit.nodeId === nodeId)
      .map((unit): UnitView => {
        const span = unitSpanOf(db, unit, openRows, ALWAYS)
        return {
          unit,
          span: { ...span, runs: ordered(span.runs) },
          identityHash: hashes.get(unit.acceleratorId) ?? '',
          open: state.open?.units.find((one) => one.unitId === unit.unitId) ?? null,
          closedWindows: closedWindowsOf(world, unit),
          deposits: deposits.filter((deposit) => deposit.unitId === unit.unitId),
        }
      })
    views.push({
      nodeId,
      name: String(row.name),
      epochs: epochsOf(world, nodeId),
      state,
      clockSteps: clockStepsOf(world, nodeId),
      units: own,
    })
  }
  return views
}

export async function allDeposits({ store }: SimWorld): Promise<readonly Deposit[]> {
  return allPages((cursor) => store.listDeposits(SCOPE_ALL, false, { cursor, limit: 1_000 }))
}

async function allPages<Row>(read: (cursor: string | null) => Promise<Page<Row>>): Promise<Row[]> {
  const rows: Row[] = []
  let cursor: string | null = null
  do {
    const page: Page<Row> = await read(cursor)
    rows.push(...page.rows)
    cursor = page.nextCursor
  } while (cursor !== null)
  return rows
}

function ordered(runs: readonly StoredRun[]): readonly StoredRun[] {
  return [...runs].sort((left, right) => left.startMs - right.startMs)
}

function epochsOf({ db }: SimWorld, nodeId: NodeId): readonly EpochView[] {
  return db
    .all('SELECT * FROM epochs WHERE node_id = ? ORDER BY epoch_number', nodeId)
    .map((row) => ({
      epoch: String(row.epoch),
      watermark: Number(row.watermark),
      watermarkHash: row.watermark_hash === null ? null : String(row.watermark_hash),
      isClosed: row.is_closed === 1,
    }))
}

function clockStepsOf({ db }: SimWorld, nodeId: NodeId): NodeView['clockSteps'] {
  return db
    .all('SELECT * FROM clock_steps WHERE node_id = ? ORDER BY at_ms, ordinal', nodeId)
    .map((row) => [Number(row.at_ms), Number(row.step_ms)])
}

function closedWindowsOf({ db }: SimWorld, unit: UnitRow): readonly ClosedWindow[] {
  return db
    .all('SELECT * FROM closed_windows WHERE unit_id = ? ORDER BY start_ms', unit.unitId)
    .map((row) => ({
      unitId: unit.unitId,
      startMs: Number(row.start_ms),
      ageStartMs: Number(row.age_start_ms),
      endMs: Number(row.end_ms),
      provenMs: Number(row.proven_ms),
      endCode: Number(row.end_code) as ClosedWindow['endCode'],
    }))
}
