/** Builders shared by the tests of the timeline: a node of a few cards and records about them. */
import type { DurableRecord, NodeFacts, Run, RunName, Tick, UnitTick } from '@yiben/shared'
import { runCode } from '@yiben/shared'
import type { AcceleratorId, NodeId, UnitId } from '../../../collector/src/model/ids.ts'
import type { UnitRow } from '../../../collector/src/model/inventory.ts'
import { foldRecords } from '../../../collector/src/timeline/fold.ts'
import type {
  FoldContext,
  FoldEffect,
  FoldState,
  StreamRecord,
} from '../../../collector/src/timeline/fold-state.ts'

/** 2026-03-01T08:00:00Z, a full hour. */
export const T0 = 1_772_352_000_000
export const MINUTE = 60_000
export const HOUR = 3_600_000
export const EPOCH = 'aa'.repeat(16)
export const NODE = 'n-0000000000000001' as NodeId

export function unitRow(id: number, change: Partial<UnitRow> = {}): UnitRow {
  return {
    unitId: id as UnitId,
    acceleratorId: (id + 100) as AcceleratorId,
    nodeId: NODE,
    siteCode: 'SITE-1',
    kind: 'card',
    parentUnitId: null,
    profile: { vendor: 'nvidia', name: 'H800', memoryTotalMib: 81_920, powerCapWatts: 700 },
    sharePpm: 1_000_000,
    driverVersion: '550.54',
    strongestIdentity: 'strong',
    validFromMs: T0,
    validToMs: null,
    bookedToMs: null,
    validToReason: null,
    isInConflict: false,
    isCounted: true,
    ...change,
  }
}

/** A node whose facts name `rows` in order, before any time is booked. */
export function freshState(rows: readonly UnitRow[], change: Partial<FoldState> = {}): FoldState {
  return {
    nodeId: NODE,
    open: {
      nodeId: NODE,
      epoch: EPOCH,
      bootId: 'boot-1',
      factsRevision: 1,
      timelineEndMs: T0,
      units: [],
      policy: null,
      cpu: null,
      changeSeq: 0,
    },
    facts: { epoch: EPOCH, revision: 1, bootId: 'boot-1' },
    placements: rows.map((row, index) => ({ index, unitId: row.unitId })),
    units: rows,
    silences: [],
    hours: [],
    ...change,
  }
}

export function contextAt(nowMs: number, change: Partial<FoldContext> = {}): FoldContext {
  return { epoch: EPOCH, nowMs, futureLimitMs: nowMs + 5 * MINUTE, ...change }
}

/** `free/proven 50, busy/grey 10`: seconds per run. */
export function runs(...pieces: readonly (readonly [RunName, number])[]): readonly Run[] {
  return pieces.map(([name, seconds]) => ({ code: runCode(name), durationMs: seconds * 1000 }))
}

export function unitTick(
  index: number,
  unitRuns: readonly Run[],
  change: Partial<UnitTick> = {},
): UnitTick {
  return {
    index,
    runs: unitRuns,
    samplesGot: 6,
    utilizationSumPermille: 0,
    utilizationMaxPermille: 0,
    samplesZero: 6,
    samplesBelowTenth: 6,
    activeMs: 0,
    givenMs: 0,
    memoryUsedMibMax: null,
    energyJoules: null,
    temperatureCelsiusMax: null,
    evidence: 'A',
    depositable: true,
    ...change,
  }
}

export function tickOf(
  startMs: number,
  units: readonly UnitTick[],
  change: Partial<Tick> = {},
): Tick {
  const spanMs = units[0]?.runs.reduce((sum, run) => sum + run.durationMs, 0) ?? MINUTE
  return {
    factsRevision: 1,
    startMs,
    spanMs,
    samplesExpected: 6,
    cpuBusyMs: null,
    cpuTotalMs: null,
    units,
    ...change,
  }
}

export function ok(seq: number, record: DurableRecord): StreamRecord {
  return { seq, bytes: Uint8Array.of(seq & 255), result: { status: 'ok', record } }
}

export function tickRecord(seq: number, tick: Tick): StreamRecord {
  return ok(seq, { kind: 'tick', tick })
}

/** A tick in which every card of the node is one run of `name`. */
export function plainTick(seq: number, startMs: number, name: RunName, cards = 1): StreamRecord {
  const units = Array.from({ length: cards }, (_, index) => unitTick(index, runs([name, 60])))
  return tickRecord(seq, tickOf(startMs, units))
}

/** Everything a list of folds has stored, as the store would hold it. */
export interface Stored {
  readonly state: FoldState
  readonly effects: readonly FoldEffect[]
}

/** Folds batches one after another, each with what the one before left. */
export function foldBatches(
  state: FoldState,
  batches: readonly (readonly StreamRecord[])[],
  context: FoldContext,
): Stored {
  const effects: FoldEffect[] = []
  let current = state
  for (const batch of batches) {
    const effect = foldRecords(current, batch, context)
    effects.push(effect)
    current = effect.state
  }
  return { state: current, effects }
}

export function factsOf(change: Partial<NodeFacts> = {}): NodeFacts {
  return {
    revision: 1,
    atMs: T0,
    agentVersion: '0.1.0',
    bootId: 'boot-1',
    operatingSystem: null,
    kernel: null,
    architecture: null,
    cpuModel: null,
    cpuCores: null,
    memoryTotalMib: null,
    virtualization: null,
    ownerKind: 'none',
    units: [],
    probes: [],
    ...change,
  }
}
