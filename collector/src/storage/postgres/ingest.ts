/**
 * Measured time on its way in: many nodes' folded batches in one transaction, each node judged by
 * itself, each table written with one statement; and what ingest needs to go on with a node.
 */
import { assert } from '@yiben/shared'
import type { NodeId, UnitId } from '../../model/ids.ts'
import type { ClockStep, RefusedRow, StoredRun, UnitHour } from '../../model/timeline.ts'
import { unitHourOf } from '../hour-columns.ts'
import { placementsOf, REFUSED_BYTES_MAX } from '../node-rows.ts'
import {
  CLOCK_STEPS_KEPT_MS,
  type IngestCommit,
  type IngestResult,
  type NodeState,
} from '../requests.ts'
import { factsOf } from '../rows.ts'
import type { Store } from '../store.ts'
import { integer, text } from '../values.ts'
import { putUnitHours } from './columns.ts'
import { openConflict } from './conflicts.ts'
import { markHoursDirty } from './dirty.ts'
import type { Database } from './driver.ts'
import { lock } from './locks.ts'
import { roomForRows } from './months.ts'
import { putOpens, readOpen } from './open-row.ts'
import { addToOutbox, writeNumbered } from './outbox.ts'
import { currentEpoch, findNode } from './roster.ts'
import { endSilences, insertClosedWindows, insertSilences, openSilences } from './silences.ts'
import { sql } from './sql.ts'
import { reopenUnit, unitsOfNode } from './units.ts'

type IngestMethods = Pick<Store, 'loadNode' | 'commitIngest' | 'readUnitHours'>

export function ingestMethods(db: Database): IngestMethods {
  return {
    loadNode: (nodeId) => loadNode(db, nodeId),
    commitIngest: (commits) => commitIngest(db, commits),
    readUnitHours: async (keys) => {
      const rows = await db.all(sql`
        SELECT h.* FROM unnest(${keys.map(({ unitId }) => unitId)}::bigint[],
            ${keys.map(({ hourMs }) => hourMs)}::bigint[])
          WITH ORDINALITY asked (unit_id, hour_ms, place)
        JOIN unit_hours h ON h.unit_id = asked.unit_id AND h.hour_ms = asked.hour_ms
        ORDER BY asked.place`)
      return rows.map(unitHourOf)
    },
  }
}

/** Under what a session means to write. */
interface Writing {
  readonly nodeId: NodeId
  readonly sessionGeneration: number
  readonly epoch: string
  readonly expectedWatermark: number
  /** As it is to be; its number is that of the change it was made from, 0: of none. */
  readonly open?: { readonly changeSeq: number }
}

type Refusal =
  | { readonly status: 'fenced' }
  | { readonly status: 'stale'; readonly watermark: number }

/**
 * The two conditions under which a session may write; `null` when both hold. The spools are locked
 * first: who opens another session waits, or has done so already and is seen by the next statement.
 */
export async function refusalsOf(
  db: Database,
  writings: readonly Writing[],
): Promise<readonly (Refusal | null)[]> {
  const nodeIds = writings.map(({ nodeId }) => nodeId)
  const epochs = await db.all(sql`
    SELECT e.node_id, e.epoch, e.is_closed, e.watermark
    FROM epochs e JOIN unnest(${nodeIds}::text[], ${writings.map(({ epoch }) => epoch)}::text[])
      asked (node_id, epoch) ON e.node_id = asked.node_id AND e.epoch = asked.epoch
    ORDER BY e.node_id, e.epoch FOR NO KEY UPDATE OF e`)
  const sessions = await db.all(sql`
    SELECT s.node_id, s.generation, COALESCE(k.change_seq, 0) AS change_seq
    FROM sessions s LEFT JOIN node_changes k ON k.node_id = s.node_id
    WHERE s.node_id = ANY(${nodeIds}::text[])`)
  const byNode = new Map(epochs.map((row) => [text(row, 'node_id'), row]))
  const sessionOf = new Map(sessions.map((row) => [text(row, 'node_id'), row]))
  return writings.map((writing) => {
    const session = sessionOf.get(writing.nodeId) ?? {}
    if (session.generation !== writing.sessionGeneration) return { status: 'fenced' }
    const epoch = byNode.get(writing.nodeId)
    if (epoch === undefined || epoch.is_closed !== 0) return { status: 'fenced' }
    const watermark = integer(epoch, 'watermark')
    // Another process may have changed what is known of the node: its silence, a window, a card.
    const seen = writing.open?.changeSeq ?? 0
    const isSeen = seen === 0 || seen === integer(session, 'change_seq')
    return isSeen && watermark === writing.expectedWatermark ? null : { status: 'stale', watermark }
  })
}

export async function moveWatermarks(
  db: Database,
  commits: readonly Pick<
    IngestCommit,
    'nodeId' | 'epoch' | 'watermark' | 'watermarkHash' | 'expectedWatermark'
  >[],
): Promise<void> {
  for (const { expectedWatermark, watermark } of commits) {
    assert(watermark >= expectedWatermark, 'a watermark never goes back')
  }
  await db.run(sql`
    UPDATE epochs e SET watermark = w.watermark, watermark_hash = w.watermark_hash
    FROM unnest(${commits.map(({ nodeId }) => nodeId)}::text[],
      ${commits.map(({ epoch }) => epoch)}::text[],
      ${commits.map(({ watermark }) => watermark)}::bigint[],
      ${commits.map(({ watermarkHash }) => watermarkHash)}::text[])
      w (node_id, epoch, watermark, watermark_hash)
    WHERE e.node_id = w.node_id AND e.epoch = w.epoch`)
}

async function loadNode(db: Database, nodeId: NodeId): Promise<NodeState | null> {
  const node = await findNode(db, nodeId)
  if (node === null) return null
  const open = await readOpen(db, nodeId)
  const facts = await db.get(sql`SELECT * FROM node_facts WHERE node_id = ${nodeId}`)
  return {
    node,
    epoch: await currentEpoch(db, nodeId),
    open,
    facts: facts === undefined ? null : factsOf(facts).facts,
    factsEpoch: facts === undefined ? null : text(facts, 'epoch'),
    placements: facts === undefined ? [] : placementsOf(facts),
    units: await unitsOfNode(db, nodeId, open),
    silences: await openSilences(db, nodeId),
  }
}

async function commitIngest(
  db: Database,
  commits: readonly IngestCommit[],
): Promise<readonly IngestResult[]> {
  const refused = new Map<number, Refusal>()
  for (const round of roundsOf(commits)) {
    if (round.some(({ commit }) => commit.conflicts.length > 0)) await lock(db, 'inventory')
    const refusals = await refusalsOf(
      db,
      round.map(({ commit }) => commit),
    )
    for (const [at, { place }] of round.entries()) {
      const refusal = refusals[at] ?? null
      if (refusal !== null) refused.set(place, refusal)
    }
    const taken = round.filter(({ place }) => !refused.has(place)).map(({ commit }) => commit)
    if (taken.length > 0) await writeNodes(db, taken)
  }
  const changeSeqs = await writeNumbered(db)
  return commits.map((commit, place): IngestResult => {
    const refusal = refused.get(place)
    if (refusal !== undefined) return refusal
    const changeSeq = changeSeqs.get(commit.nodeId)
    assert(changeSeq !== undefined, 'what is committed has a number')
    return { status: 'committed', changeSeq }
  })
}

interface PlacedCommit {
  readonly commit: IngestCommit
  readonly place: number
}

/** Each node once a round, in the order of its commits. */
function roundsOf(commits: readonly IngestCommit[]): readonly (readonly PlacedCommit[])[] {
  const counts = new Map<NodeId, number>()
  const rounds: PlacedCommit[][] = []
  for (const [place, commit] of commits.entries()) {
    const number = counts.get(commit.nodeId) ?? 0
    counts.set(commit.nodeId, number + 1)
    const round = rounds[number] ?? []
    if (round.length === 0) rounds.push(round)
    round.push({ commit, place })
  }
  return rounds
}

async function writeNodes(db: Database, commits: readonly IngestCommit[]): Promise<void> {
  for (const { nodeId, open } of commits) {
    assert(open.nodeId === nodeId, 'a commit carries the open row of its own node')
  }
  await moveWatermarks(db, commits)
  await assertRunsFollow(db, commits)
  await insertRuns(
    db,
    commits.flatMap(({ closedRuns }) => closedRuns),
  )
  await putOpens(
    db,
    commits.map(({ open }) => open),
  )
  await putUnitHours(db, lastOfEach(commits.flatMap(({ unitHours }) => unitHours)))
  await putNodeHours(db, commits)
  await insertClosedWindows(
    db,
    commits.flatMap(({ closedWindows }) => closedWindows),
  )
  for (const { clockSteps, refused } of commits) {
    for (const one of refused) await insertRefused(db, one)
    await insertClockSteps(db, clockSteps)
  }
  await endSilences(
    db,
    commits.flatMap(({ silencesEnded }) => silencesEnded),
  )
  await insertSilences(
    db,
    commits.flatMap(({ silencesBegun }) => silencesBegun),
  )
  await markHoursDirty(
    db,
    commits.flatMap(({ dirtyHours }) => dirtyHours),
  )
  for (const { conflicts, leaseRecords, nodeId, outbox } of commits) {
    db.unnumbered.leaseRecords.push(...leaseRecords.map((record) => ({ ...record, nodeId })))
    for (const conflict of conflicts) {
      await reopenUnit(db, conflict.keptUnitId)
      await openConflict(db, conflict)
    }
    addToOutbox(db, outbox)
  }
}

/** A unit's runs only grow at their end, so that the last one is all a new one can overlap. */
async function assertRunsFollow(db: Database, commits: readonly IngestCommit[]): Promise<void> {
  const closed = commits.flatMap(({ closedRuns }) => closedRuns)
  const open = commits.flatMap((commit) => commit.open.units)
  const ends = new Map(
    await lastRunEnds(
      db,
      [...closed, ...open].map(({ unitId }) => unitId),
    ),
  )
  for (const { endMs, startMs, unitId } of closed) {
    assert(endMs > startMs, 'a run lasts')
    assert(startMs >= (ends.get(unitId) ?? startMs), 'runs of a unit never overlap')
    ends.set(unitId, endMs)
  }
  for (const { runStartMs, unitId } of open) {
    const isBehind = runStartMs >= (ends.get(unitId) ?? runStartMs)
    assert(isBehind, 'the open run begins after the closed ones')
  }
}

/** By unit; one without a closed run is left out. */
export async function lastRunEnds(
  db: Database,
  unitIds: readonly UnitId[],
): Promise<ReadonlyMap<UnitId, number>> {
  const rows = await db.all(sql`
    SELECT asked.unit_id, r.end_ms FROM unnest(${[...new Set(unitIds)]}::bigint[]) asked (unit_id)
    CROSS JOIN LATERAL (SELECT c.end_ms FROM runs c WHERE c.unit_id = asked.unit_id
      ORDER BY c.start_ms DESC LIMIT 1) r`)
  return new Map(rows.map((row) => [integer(row, 'unit_id') as UnitId, integer(row, 'end_ms')]))
}

async function insertRuns(db: Database, runs: readonly StoredRun[]): Promise<void> {
  if (runs.length === 0) return
  await roomForRows(
    db,
    'runs',
    runs.map(({ startMs }) => startMs),
  )
  await db.run(sql`
    INSERT INTO runs (unit_id, start_ms, end_ms, code, recorded_at_ms)
    SELECT * FROM unnest(${runs.map(({ unitId }) => unitId)}::bigint[],
      ${runs.map(({ startMs }) => startMs)}::bigint[], ${runs.map(({ endMs }) => endMs)}::bigint[],
      ${runs.map(({ code }) => code)}::bigint[],
      ${runs.map(({ recordedAtMs }) => recordedAtMs)}::bigint[])`)
}

/** One statement writes a row once. */
function lastOfEach(hours: readonly UnitHour[]): readonly UnitHour[] {
  return [...new Map(hours.map((hour) => [`${hour.unitId}@${hour.hourMs}`, hour])).values()]
}

/** Handed over once; what a second hand-over would say stands. */
async function putNodeHours(db: Database, commits: readonly IngestCommit[]): Promise<void> {
  const told = commits.flatMap(({ nodeHours, nodeId }) =>
    nodeHours.map((hour) => ({ ...hour, nodeId })),
  )
  if (told.length === 0) return
  const hours = [...new Map(told.map((one) => [`${one.nodeId}@${one.hourMs}`, one])).values()]
  await db.run(sql`
    INSERT INTO node_hours (node_id, hour_ms, cpu_busy_ms, cpu_total_ms, told_ms, known_at_ms)
    SELECT * FROM unnest(${hours.map(({ nodeId }) => nodeId)}::text[],
      ${hours.map(({ hourMs }) => hourMs)}::bigint[],
      ${hours.map(({ cpuBusyMs }) => cpuBusyMs)}::bigint[],
      ${hours.map(({ cpuTotalMs }) => cpuTotalMs)}::bigint[],
      ${hours.map(({ toldMs }) => toldMs)}::bigint[],
      ${hours.map(({ knownAtMs }) => knownAtMs)}::bigint[])
    ON CONFLICT (node_id, hour_ms) DO UPDATE SET
      cpu_busy_ms = excluded.cpu_busy_ms, cpu_total_ms = excluded.cpu_total_ms,
      told_ms = excluded.told_ms, known_at_ms = excluded.known_at_ms`)
}

/** Seldom any; each write takes the node's oldest away, so that a restless clock fills nothing. */
async function insertClockSteps(db: Database, steps: readonly ClockStep[]): Promise<void> {
  for (const [ordinal, step] of steps.entries()) {
    await db.run(sql`
      INSERT INTO clock_steps (node_id, at_ms, ordinal, epoch, step_ms)
      VALUES (${step.nodeId}, ${step.atMs}, ${ordinal}, ${step.epoch}, ${step.stepMs})`)
    await db.run(sql`
      DELETE FROM clock_steps
      WHERE node_id = ${step.nodeId} AND at_ms < ${step.atMs - CLOCK_STEPS_KEPT_MS}`)
  }
}

async function insertRefused(db: Database, refused: RefusedRow): Promise<void> {
  await db.run(sql`
    INSERT INTO refused (node_id, epoch, seq, code, sentence, refused_at_ms, bytes)
    VALUES (${refused.nodeId}, ${refused.epoch}, ${refused.seq}, ${refused.code},
      ${refused.sentence}, ${refused.refusedAtMs}, ${refused.bytes.subarray(0, REFUSED_BYTES_MAX)})
    ON CONFLICT (node_id, epoch, seq) DO NOTHING`)
}
