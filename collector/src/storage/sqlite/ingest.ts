/**
 * Measured time on its way in: many nodes' folded batches in one transaction and one fsync, each
 * node judged by itself; and what ingest needs to go on with a node.
 */
import { assert } from '@yiben/shared'
import type { NodeId, UnitId } from '../../model/ids.ts'
import type { ClockStep, RefusedRow, StoredRun } from '../../model/timeline.ts'
import { unitHourOf } from '../hour-columns.ts'
import { placementsOf, REFUSED_BYTES_MAX } from '../node-rows.ts'
import {
  CLOCK_STEPS_KEPT_MS,
  type IngestCommit,
  type IngestResult,
  type NodeState,
} from '../requests.ts'
import { factsOf } from '../rows.ts'
import { integer, text } from '../values.ts'
import { PUT_UNIT_HOUR, unitHourParams } from './columns.ts'
import { openConflict } from './conflicts.ts'
import { markDirty } from './dirty.ts'
import type { Database } from './driver.ts'
import { insertLeaseRecords } from './lease-records.ts'
import type { SyncStore } from './methods.ts'
import { putOpen, readOpen } from './open-row.ts'
import { addToOutbox } from './outbox.ts'
import { currentEpoch, currentGeneration, findEpoch, findNode } from './roster.ts'
import { endSilence, insertClosedWindow, insertSilence, openSilences } from './silences.ts'
import { reopenUnit, unitsOfNode } from './units.ts'

type IngestMethods = Pick<SyncStore, 'loadNode' | 'commitIngest' | 'readUnitHours'>

export function ingestMethods(db: Database): IngestMethods {
  return {
    loadNode: (nodeId) => loadNode(db, nodeId),
    commitIngest: (commits) => commits.map((commit) => commitNode(db, commit)),
    readUnitHours: (keys) =>
      keys.flatMap(({ unitId, hourMs }) => {
        const row = db.get(
          'SELECT * FROM unit_hours WHERE hour_ms = ? AND unit_id = ?',
          hourMs,
          unitId,
        )
        return row === undefined ? [] : [unitHourOf(row)]
      }),
  }
}

/** The two conditions under which a session may write; `null` when both hold. */
export function refusalOf(
  db: Database,
  commit: {
    readonly nodeId: NodeId
    readonly sessionGeneration: number
    readonly epoch: string
    readonly expectedWatermark: number
  },
): { readonly status: 'fenced' } | { readonly status: 'stale'; readonly watermark: number } | null {
  if (currentGeneration(db, commit.nodeId) !== commit.sessionGeneration) return { status: 'fenced' }
  const epoch = findEpoch(db, commit.nodeId, commit.epoch)
  if (epoch === null || epoch.isClosed) return { status: 'fenced' }
  if (epoch.watermark === commit.expectedWatermark) return null
  return { status: 'stale', watermark: epoch.watermark }
}

export function moveWatermark(
  db: Database,
  commit: Pick<
    IngestCommit,
    'nodeId' | 'epoch' | 'watermark' | 'watermarkHash' | 'expectedWatermark'
  >,
): void {
  assert(commit.watermark >= commit.expectedWatermark, 'a watermark never goes back')
  db.run(
    'UPDATE epochs SET watermark = ?, watermark_hash = ? WHERE node_id = ? AND epoch = ?',
    commit.watermark,
    commit.watermarkHash,
    commit.nodeId,
    commit.epoch,
  )
}

function loadNode(db: Database, nodeId: NodeId): NodeState | null {
  const node = findNode(db, nodeId)
  if (node === null) return null
  const open = readOpen(db, nodeId)
  const facts = db.get('SELECT * FROM node_facts WHERE node_id = ?', nodeId)
  return {
    node,
    epoch: currentEpoch(db, nodeId),
    open,
    facts: facts === undefined ? null : factsOf(facts).facts,
    factsEpoch: facts === undefined ? null : text(facts, 'epoch'),
    placements: facts === undefined ? [] : placementsOf(facts),
    units: unitsOfNode(db, nodeId, open),
    silences: openSilences(db, nodeId),
  }
}

function commitNode(db: Database, commit: IngestCommit): IngestResult {
  const refusal = refusalOf(db, commit)
  if (refusal !== null) return refusal
  assert(commit.open.nodeId === commit.nodeId, 'a commit carries the open row of its own node')
  moveWatermark(db, commit)
  for (const run of commit.closedRuns) insertRun(db, run)
  for (const unit of commit.open.units) assertOpenRunFollows(db, unit.unitId, unit.runStartMs)
  const changeSeq = putOpen(db, commit.open)
  for (const hour of commit.unitHours) db.run(PUT_UNIT_HOUR, ...unitHourParams(hour))
  for (const hour of commit.nodeHours) putNodeHour(db, commit.nodeId, hour)
  for (const window of commit.closedWindows) insertClosedWindow(db, window)
  for (const refused of commit.refused) insertRefused(db, refused)
  for (const end of commit.silencesEnded) endSilence(db, end)
  for (const silence of commit.silencesBegun) insertSilence(db, silence)
  for (const hourMs of commit.dirtyHours) markDirty(db, hourMs, hourMs + 1)
  insertClockSteps(db, commit.clockSteps)
  insertLeaseRecords(db, commit.nodeId, commit.leaseRecords)
  for (const conflict of commit.conflicts) {
    reopenUnit(db, conflict.keptUnitId)
    openConflict(db, conflict)
  }
  addToOutbox(db, commit.outbox)
  return { status: 'committed', changeSeq }
}

/** Handed over once; what a second hand-over would say stands. */
function putNodeHour(db: Database, nodeId: NodeId, hour: IngestCommit['nodeHours'][number]): void {
  db.run(
    `INSERT INTO node_hours (hour_ms, node_id, cpu_busy_ms, cpu_total_ms, told_ms, known_at_ms)
     VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (hour_ms, node_id) DO UPDATE SET
       cpu_busy_ms = excluded.cpu_busy_ms, cpu_total_ms = excluded.cpu_total_ms,
       told_ms = excluded.told_ms, known_at_ms = excluded.known_at_ms`,
    hour.hourMs,
    nodeId,
    hour.cpuBusyMs,
    hour.cpuTotalMs,
    hour.toldMs,
    hour.knownAtMs,
  )
}

function insertRun(db: Database, run: StoredRun): void {
  assert(run.endMs > run.startMs, 'a run lasts')
  assert(run.startMs >= lastRunEndMs(db, run.unitId), 'runs of a unit never overlap')
  db.run(
    'INSERT INTO runs (unit_id, start_ms, end_ms, code, recorded_at_ms) VALUES (?, ?, ?, ?, ?)',
    run.unitId,
    run.startMs,
    run.endMs,
    run.code,
    run.recordedAtMs,
  )
}

function assertOpenRunFollows(db: Database, unitId: UnitId, runStartMs: number): void {
  assert(runStartMs >= lastRunEndMs(db, unitId), 'the open run begins after the closed ones')
}

/** A unit's runs only grow at their end, so that the last one is all a new one can overlap. */
export function lastRunEndMs(db: Database, unitId: UnitId): number {
  const row = db.get(
    'SELECT end_ms FROM runs WHERE unit_id = ? ORDER BY start_ms DESC LIMIT 1',
    unitId,
  )
  return row === undefined ? Number.NEGATIVE_INFINITY : integer(row, 'end_ms')
}

/** Seldom any; each write takes the node's oldest away, so that a restless clock fills nothing. */
function insertClockSteps(db: Database, steps: readonly ClockStep[]): void {
  for (const [ordinal, step] of steps.entries()) {
    db.run(
      `INSERT INTO clock_steps (node_id, at_ms, ordinal, epoch, step_ms) VALUES (?, ?, ?, ?, ?)`,
      step.nodeId,
      step.atMs,
      ordinal,
      step.epoch,
      step.stepMs,
    )
    db.run(
      'DELETE FROM clock_steps WHERE node_id = ? AND at_ms < ?',
      step.nodeId,
      step.atMs - CLOCK_STEPS_KEPT_MS,
    )
  }
}

function insertRefused(db: Database, refused: RefusedRow): void {
  db.run(
    `INSERT INTO refused (node_id, epoch, seq, code, sentence, refused_at_ms, bytes)
     VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (node_id, epoch, seq) DO NOTHING`,
    refused.nodeId,
    refused.epoch,
    refused.seq,
    refused.code,
    refused.sentence,
    refused.refusedAtMs,
    refused.bytes.subarray(0, REFUSED_BYTES_MAX),
  )
}
