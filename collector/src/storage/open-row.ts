/**
 * The open row of a node, compact: what a quiet fleet rewrites once per node and minute. Units are
 * two JSON texts of positional arrays in one order, about 200 bytes a unit. The runs stand apart: the
 * ledger of an instant looks at those of every node, and at nothing else.
 *
 *   cpu      = null or [hourMs, busyMs, totalMs, toldMs]
 *   runs     = [unitId, runStartMs, runCode, runRecordedAtMs, ...] of unit after unit
 *   unit     = [index, window, withheld, evidence, hourMs, statistics, consentEnds]
 *   window   = null or [startMs, ageStartMs, provenToMs, provenMs]
 *   withheld = null (then the unit is depositable), 0 (not, and no more is known) or [sinceMs, by]
 *   consentEnds, left out while there was none = [count, [sinceMs, by], ...]
 */
import { assert, type DepositPolicy, runCodeOf } from '@yiben/shared'
import type { NodeId, UnitId } from '../model/ids.ts'
import type {
  ConsentEnd,
  ConsentEnds,
  NodeHour,
  OpenNode,
  OpenUnit,
  OpenWindow,
  Withheld,
} from '../model/timeline.ts'
import { packUnitHour, unpackUnitHour } from './hour-columns.ts'
import { integer, type Row, storedJson, text, textOrNull } from './values.ts'

type PackedCpu = readonly [number, number, number, number]
type PackedWindow = readonly [number, number, number, number]
type PackedWithheld = null | 0 | readonly [number, Withheld['by']]
type PackedConsentEnds = readonly [
  count: number,
  ...latest: (readonly [number, ConsentEnd['by']])[],
]
/** Numbers of one run in the row. */
const RUN_LENGTH = 4

type PackedUnit = readonly [
  index: number,
  window: PackedWindow | null,
  withheld: PackedWithheld,
  evidence: 'A' | 'B',
  hourMs: number,
  statistics: readonly (number | null)[],
  consentEnds?: PackedConsentEnds,
]

/** The columns of JSON: policy, cpu, runs, units. */
export function packedOpen(
  open: OpenNode,
): readonly [policy: string | null, cpu: string | null, runs: string, units: string] {
  return [
    open.policy === null ? null : JSON.stringify(open.policy),
    open.cpu === null ? null : JSON.stringify(packCpu(open.cpu)),
    JSON.stringify(open.units.flatMap(packRun)),
    JSON.stringify(open.units.map(packUnit)),
  ]
}

export function openOf(row: Row): OpenNode {
  const policy = textOrNull(row, 'policy')
  const cpu = textOrNull(row, 'cpu')
  const runs: OpenRun[] = []
  forEachRun(text(row, 'runs'), (run) => runs.push(run))
  const units = storedJson<readonly PackedUnit[]>(text(row, 'units'))
  return {
    nodeId: text(row, 'node_id') as NodeId,
    epoch: text(row, 'epoch'),
    bootId: text(row, 'boot_id'),
    factsRevision: integer(row, 'facts_revision'),
    timelineEndMs: integer(row, 'timeline_end_ms'),
    units: units.map((unit, position) => unpackUnit(unit, runs[position])),
    policy: policy === null ? null : storedJson<DepositPolicy>(policy),
    cpu: cpu === null ? null : unpackCpu(storedJson<PackedCpu>(cpu)),
    changeSeq: integer(row, 'change_seq'),
  }
}

function packCpu({ cpuBusyMs, cpuTotalMs, hourMs, toldMs }: NodeHour): PackedCpu {
  return [hourMs, cpuBusyMs, cpuTotalMs, toldMs]
}

function unpackCpu([hourMs, cpuBusyMs, cpuTotalMs, toldMs]: PackedCpu): NodeHour {
  return { hourMs, cpuBusyMs, cpuTotalMs, toldMs }
}

function packRun({ unitId, runStartMs, runCode, runRecordedAtMs }: OpenUnit) {
  return [unitId, runStartMs, runCode, runRecordedAtMs]
}

/** An open run as it is stored; it ends where the node's timeline ends. */
interface OpenRun {
  readonly unitId: UnitId
  readonly startMs: number
  readonly code: number
  readonly recordedAtMs: number | null
}

/** The runs of an open row in their order: called, not listed, because some ask for all at once. */
export function forEachRun(packed: string, take: (run: OpenRun) => void): void {
  const numbers = storedJson<readonly (number | null)[]>(packed)
  for (let at = 0; at < numbers.length; at += RUN_LENGTH) {
    const unitId = numbers[at] ?? null
    const startMs = numbers[at + 1] ?? null
    const code = numbers[at + 2] ?? null
    const recordedAtMs = numbers[at + 3] ?? null
    assert(
      unitId !== null && startMs !== null && code !== null,
      'an open run has a unit and a code',
    )
    take({ unitId: unitId as UnitId, startMs, code, recordedAtMs })
  }
}

function packUnit(unit: OpenUnit): PackedUnit {
  return [
    unit.index,
    packWindow(unit.window),
    packWithheld(unit),
    unit.evidence,
    unit.hour.hourMs,
    packUnitHour(unit.hour),
    ...packConsentEnds(unit.consentEnds),
  ]
}

function packWindow(window: OpenWindow | null): PackedWindow | null {
  if (window === null) return null
  return [window.startMs, window.ageStartMs, window.provenToMs, window.provenMs]
}

function unpackUnit(packed: PackedUnit, run: OpenRun | undefined): OpenUnit {
  assert(run !== undefined, 'the open row holds a run for every unit')
  const { unitId, startMs: runStartMs, code, recordedAtMs: runRecordedAtMs } = run
  const [index, window, withheld, evidence, hourMs, hour, consentEnds] = packed
  const runCode = runCodeOf(code)
  assert(runCode !== null, 'the open row holds run codes of the table')
  return {
    unitId,
    index,
    runStartMs,
    runCode,
    runRecordedAtMs,
    window: unpackWindow(window),
    depositable: withheld === null,
    withheld: unpackWithheld(withheld),
    consentEnds: unpackConsentEnds(consentEnds),
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

function packConsentEnds({ count, latest }: ConsentEnds): [] | [PackedConsentEnds] {
  if (count === 0) return []
  return [[count, ...latest.map(({ sinceMs, by }) => [sinceMs, by] as const)]]
}

function unpackConsentEnds(packed: PackedConsentEnds | undefined): ConsentEnds {
  const [count, ...latest] = packed ?? [0]
  return { count, latest: latest.map(([sinceMs, by]) => ({ sinceMs, by })) }
}

function unpackWindow(packed: PackedWindow | null): OpenWindow | null {
  if (packed === null) return null
  const [startMs, ageStartMs, provenToMs, provenMs] = packed
  return { startMs, ageStartMs, provenToMs, provenMs }
}
