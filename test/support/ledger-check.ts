/**
 * A second, simple bookkeeper: what the ledger must hold, from the records an agent's spool still
 * keeps, compared with the rows the collector has written. Answers sentences; none is good.
 */
import {
  type DurableRecord,
  decodeRecord,
  HOUR_MS,
  MEASURED_STATES,
  type MeasuredState,
  type RunCode,
  runCode,
  runName,
  stateOf,
} from '@yiben/shared'
import type { NodeId, UnitId } from '../../collector/src/model/ids.ts'
import type { StoredRun, UnitHour } from '../../collector/src/model/timeline.ts'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import type { SpoolContent } from './agent-process.ts'

interface PlainRun {
  readonly startMs: number
  readonly endMs: number
  readonly code: RunCode
}

/** Statistics by state of an hour, by the field they are stored under. */
const HOUR_FIELDS: Readonly<Record<MeasuredState, keyof UnitHour>> = {
  busy: 'busyMs',
  allocated: 'allocatedMs',
  occupied: 'occupiedMs',
  free: 'freeMs',
  faulty: 'faultyMs',
  unknown: 'unknownMs',
}

/** Everything of one node, once its spool and the ledger rest. */
export async function checkNode(
  store: Store,
  nodeId: string,
  spool: SpoolContent,
): Promise<string[]> {
  const state = await store.loadNode(nodeId as NodeId)
  if (state === null || state.epoch === null) return [`${nodeId}: the ledger has no such node`]
  const { watermark, epoch } = state.epoch
  if (epoch !== spool.epoch) {
    return [`${nodeId}: the ledger is in epoch ${epoch}, the spool in ${spool.epoch}`]
  }
  const problems = checkPromises(nodeId, spool, watermark)
  const expected = timelineOf(spool, watermark)
  for (const { index, unitId } of state.placements) {
    const runs = await runsOf(store, unitId)
    const name = `${nodeId} unit ${index}`
    problems.push(...differences(name, expected.get(index) ?? [], coalesced(runs)))
    problems.push(...(await hourProblems(store, name, unitId, runs, state)))
  }
  if (state.placements.length === 0) problems.push(`${nodeId}: the ledger has no unit of it`)
  return problems
}

/** What must hold at any instant at which the spool can be read and the ledger rests. */
export function checkPromises(
  name: string,
  spool: Pick<SpoolContent, 'ackedSeq' | 'lastSeq'>,
  watermark: number,
): string[] {
  const problems: string[] = []
  if (spool.ackedSeq > watermark) {
    problems.push(`${name}: ${spool.ackedSeq} was acknowledged, the ledger holds ${watermark}`)
  }
  if (spool.lastSeq < watermark) {
    problems.push(`${name}: the ledger holds ${watermark}, the spool has only ${spool.lastSeq}`)
  }
  return problems
}

/** The time line of each unit index as the records up to `watermark` tell it. */
export function timelineOf(spool: SpoolContent, watermark: number): Map<number, PlainRun[]> {
  const units = new Map<number, PlainRun[]>()
  const indexesOf = new Map<number, readonly number[]>()
  let current: readonly number[] = []
  let edgeMs: number | null = null
  const book = (index: number, run: PlainRun) => {
    const runs = units.get(index) ?? []
    runs.push(run)
    units.set(index, runs)
  }
  const bookAll = (code: RunCode, startMs: number, endMs: number) => {
    for (const index of current) book(index, { code, startMs: edgeMs ?? startMs, endMs })
    edgeMs = endMs
  }
  for (const { seq, bytes } of spool.records) {
    if (seq > watermark) break
    const result = decodeRecord(bytes, (revision) => indexesOf.get(revision) ?? null)
    if (result.status !== 'ok') throw new Error(`record ${seq}: ${result.sentence}`)
    const record: DurableRecord = result.record
    if (record.kind === 'facts') {
      current = record.facts.units.map((unit) => unit.index)
      indexesOf.set(record.facts.revision, current)
    } else if (record.kind === 'gap') {
      bookAll(runCode(`unknown/${record.gap.cause}`), record.gap.startMs, record.gap.endMs)
    } else if (record.kind === 'lost') {
      bookAll(runCode('unknown/lost'), record.lost.startMs, record.lost.endMs)
    } else if (record.kind === 'tick') {
      const { startMs, spanMs } = record.tick
      for (const unit of record.tick.units) {
        let fromMs = startMs
        for (const run of unit.runs) {
          book(unit.index, { code: run.code, startMs: fromMs, endMs: fromMs + run.durationMs })
          fromMs += run.durationMs
        }
      }
      edgeMs = startMs + spanMs
    }
  }
  return new Map([...units].map(([index, runs]) => [index, coalesced(runs)]))
}

async function runsOf(store: Store, unitId: UnitId): Promise<readonly StoredRun[]> {
  const always = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, knownAtMs: Number.MAX_SAFE_INTEGER }
  const span = await store.readUnitSpan(SCOPE_ALL, unitId, always)
  return [...(span?.runs ?? [])].sort((left, right) => left.startMs - right.startMs)
}

function coalesced(runs: readonly PlainRun[]): PlainRun[] {
  const joined: PlainRun[] = []
  for (const { startMs, endMs, code } of runs) {
    if (endMs <= startMs) continue
    const last = joined.at(-1)
    if (last !== undefined && last.code === code && last.endMs === startMs) {
      joined[joined.length - 1] = { ...last, endMs }
    } else {
      joined.push({ startMs, endMs, code })
    }
  }
  return joined
}

function differences(
  name: string,
  expected: readonly PlainRun[],
  found: readonly PlainRun[],
): string[] {
  const length = Math.max(expected.length, found.length)
  for (let at = 0; at < length; at += 1) {
    const [should, is] = [textOf(expected[at]), textOf(found[at])]
    if (should !== is) return [`${name}, run ${at}: the records say ${should}, the ledger ${is}`]
  }
  return []
}

function textOf(run: PlainRun | undefined): string {
  return run === undefined ? 'nothing' : `${runName(run.code)} ${run.startMs}–${run.endMs}`
}

/** The hours of the store and the running one of the open row, against the sums of the runs. */
async function hourProblems(
  store: Store,
  name: string,
  unitId: UnitId,
  runs: readonly StoredRun[],
  state: {
    readonly open: {
      readonly units: readonly { readonly unitId: UnitId; readonly hour: UnitHour }[]
    } | null
  },
): Promise<string[]> {
  const sums = new Map<number, Record<MeasuredState, number>>()
  for (const run of runs) addByHour(sums, run)
  const keys = [...sums.keys()].map((hourMs) => ({ unitId, hourMs }))
  const stored = await store.readUnitHours(keys)
  const open = state.open?.units.find((unit) => unit.unitId === unitId)?.hour
  const problems: string[] = []
  for (const [hourMs, sum] of sums) {
    const row = open?.hourMs === hourMs ? open : stored.find((one) => one.hourMs === hourMs)
    for (const measured of MEASURED_STATES) {
      const is = row?.[HOUR_FIELDS[measured]] ?? null
      if (is !== sum[measured]) {
        problems.push(`${name}, hour ${hourMs}: ${measured} is ${is} ms, its runs ${sum[measured]}`)
      }
    }
  }
  return problems
}

function addByHour(sums: Map<number, Record<MeasuredState, number>>, run: PlainRun): void {
  for (let fromMs = run.startMs; fromMs < run.endMs; ) {
    const hourMs = Math.floor(fromMs / HOUR_MS) * HOUR_MS
    const toMs = Math.min(run.endMs, hourMs + HOUR_MS)
    const none = { busy: 0, allocated: 0, occupied: 0, free: 0, faulty: 0, unknown: 0 }
    const sum = sums.get(hourMs) ?? none
    sum[stateOf(run.code)] += toMs - fromMs
    sums.set(hourMs, sum)
    fromMs = toMs
  }
}

/** What the records of a spool say of one unit, by state. */
export function spansOf(
  spool: SpoolContent,
  index: number,
): readonly { readonly state: MeasuredState; readonly startMs: number; readonly endMs: number }[] {
  const runs = timelineOf(spool, spool.lastSeq).get(index) ?? []
  return runs.map(({ code, startMs, endMs }) => ({ state: stateOf(code), startMs, endMs }))
}
