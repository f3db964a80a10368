/**
 * The open row of a node, compact: what a quiet fleet rewrites once per node and minute. Units are
 * one JSON text of positional arrays, about 200 bytes a unit.
 *
 *   unit     = [unitId, index, runStartMs, runCode, runRecordedAtMs, window, withheld, evidence,
 *               hourMs, statistics]
 *   window   = null or [startMs, ageStartMs, provenToMs, provenMs]
 *   withheld = null (then the unit is depositable), 0 (not, and no more is known) or [sinceMs, by]
 */
import { assert, type DepositPolicy, runCodeOf } from '@yiben/shared'
import type { NodeId, UnitId } from '../../model/ids.ts'
import type { OpenNode, OpenUnit, OpenWindow, Withheld } from '../../model/timeline.ts'
import { packUnitHour, unpackUnitHour } from './columns.ts'
import type { Database, Row } from './driver.ts'
import { integer, storedJson, text, textOrNull } from './values.ts'

type PackedWindow = readonly [number, number, number, number]
type PackedWithheld = null | 0 | readonly [number, Withheld['by']]
type PackedUnit = readonly [
  unitId: number,
  index: number,
  runStartMs: number,
  runCode: number,
  runRecordedAtMs: number | null,
  window: PackedWindow | null,
  withheld: PackedWithheld,
  evidence: 'A' | 'B',
  hourMs: number,
  statistics: readonly (number | null)[],
]

export const OPEN_COLUMNS = `o.node_id, o.change_seq, o.timeline_end_ms, o.epoch, o.boot_id,
  o.facts_revision, o.policy, o.units`

const PUT_OPEN = `
  INSERT INTO open_nodes
    (node_id, change_seq, timeline_end_ms, epoch, boot_id, facts_revision, policy, units)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (node_id) DO UPDATE SET
    change_seq = excluded.change_seq, timeline_end_ms = excluded.timeline_end_ms,
    epoch = excluded.epoch, boot_id = excluded.boot_id, facts_revision = excluded.facts_revision,
    policy = excluded.policy, units = excluded.units`

/** Writes the row under a new change number, which it answers. */
export function putOpen(db: Database, open: OpenNode): number {
  const changeSeq = nextChangeSeq(db)
  db.run(
    PUT_OPEN,
    open.nodeId,
    changeSeq,
    open.timelineEndMs,
    open.epoch,
    open.bootId,
    open.factsRevision,
    open.policy === null ? null : JSON.stringify(open.policy),
    JSON.stringify(open.units.map(packUnit)),
  )
  return changeSeq
}

export function readOpen(db: Database, nodeId: NodeId): OpenNode | null {
  const row = db.get(`SELECT ${OPEN_COLUMNS} FROM open_nodes o WHERE o.node_id = ?`, nodeId)
  return row === undefined ? null : openOf(row)
}

export function openOf(row: Row): OpenNode {
  const policy = textOrNull(row, 'policy')
  return {
    nodeId: text(row, 'node_id') as NodeId,
    epoch: text(row, 'epoch'),
    bootId: text(row, 'boot_id'),
    factsRevision: integer(row, 'facts_revision'),
    timelineEndMs: integer(row, 'timeline_end_ms'),
    units: storedJson<readonly PackedUnit[]>(text(row, 'units')).map(unpackUnit),
    policy: policy === null ? null : storedJson<DepositPolicy>(policy),
    changeSeq: integer(row, 'change_seq'),
  }
}

/** Lets followers look at a node again whose account has changed outside its timeline. */
export function markChanged(db: Database, nodeIds: Iterable<NodeId>): void {
  for (const nodeId of new Set(nodeIds)) {
    const seq = nextChangeSeq(db)
    db.run('UPDATE open_nodes SET change_seq = ? WHERE node_id = ?', seq, nodeId)
  }
}

function nextChangeSeq(db: Database): number {
  const row = db.get(
    "UPDATE counters SET value = value + 1 WHERE name = 'change_seq' RETURNING value",
  )
  assert(row !== undefined, 'the change counter is there from the first migration')
  return integer(row, 'value')
}

function packUnit(unit: OpenUnit): PackedUnit {
  return [
    unit.unitId,
    unit.index,
    unit.runStartMs,
    unit.runCode,
    unit.runRecordedAtMs,
    packWindow(unit.window),
    packWithheld(unit),
    unit.evidence,
    unit.hour.hourMs,
    packUnitHour(unit.hour),
  ]
}

function packWindow(window: OpenWindow | null): PackedWindow | null {
  if (window === null) return null
  return [window.startMs, window.ageStartMs, window.provenToMs, window.provenMs]
}

function unpackUnit(packed: PackedUnit): OpenUnit {
  const [id, index, runStartMs, code, runRecordedAtMs, window, withheld, evidence, hourMs, hour] =
    packed
  const runCode = runCodeOf(code)
  assert(runCode !== null, 'the open row holds run codes of the table')
  const unitId = id as UnitId
  return {
    unitId,
    index,
    runStartMs,
    runCode,
    runRecordedAtMs,
    window: unpackWindow(window),
    depositable: withheld === null,
    withheld: unpackWithheld(withheld),
    evidence,
    hour: unpackUnitHour(unitId, hourMs, hour),
  }
}

function packWithheld(unit: OpenUnit): PackedWithheld {
  if (unit.withheld !== null) return [unit.withheld.sinceMs, unit.withheld.by]
  return unit.depositable ? null : 0
}

function unpackWithheld(packed: PackedWithheld): Withheld | null {
  if (packed === null || packed === 0) return null
  const [sinceMs, by] = packed
  return { sinceMs, by }
}

function unpackWindow(packed: PackedWindow | null): OpenWindow | null {
  if (packed === null) return null
  const [startMs, ageStartMs, provenToMs, provenMs] = packed
  return { startMs, ageStartMs, provenToMs, provenMs }
}
