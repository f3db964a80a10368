/**
 * Mends an anchor found wrong: moves every record not yet sent by the same amount, as one block.
 * Pure. It promises contiguous records before and after, ticks that lie within one UTC hour, and
 * that nothing sent is touched: with a record sent in this epoch the block moves forward only, into
 * a gap that is lengthened or put before it.
 */
import type { DurableRecord, MeasuredState, Run, Tick, UnitTick } from '@yiben/shared'
import { appendRun, HOUR_MS, hourStartMs, stateOf } from '@yiben/shared'

/** A smaller error is slewed away; see `learn` of the timeline. */
export const SHIFT_MS_MIN = 2000

export interface ShiftInput {
  /** Every record of the epoch not yet sent, in order. */
  readonly records: readonly DurableRecord[]
  /** Collector's time minus the timeline; positive moves forward. */
  readonly shiftMs: number
  /** End of the last record sent in this epoch; `null` when nothing was sent. */
  readonly sentEndMs: number | null
  readonly bootId: string
}

export type Shifted =
  /** The timeline itself goes on from `nowMs() + shiftMs`: a new timeline is to be made. */
  | { readonly status: 'shifted'; readonly records: readonly DurableRecord[] }
  /** Checked in this order. */
  | { readonly status: 'too_small' | 'backward_after_sent' }

export function shiftBlock(input: ShiftInput): Shifted {
  const shiftMs = Math.round(input.shiftMs)
  if (Math.abs(shiftMs) <= SHIFT_MS_MIN) return { status: 'too_small' }
  if (input.sentEndMs === null) {
    return { status: 'shifted', records: moveAll(input.records, shiftMs) }
  }
  if (shiftMs < 0) return { status: 'backward_after_sent' }
  const [first, ...rest] = input.records
  if (first?.kind === 'gap') {
    const gap = { ...first.gap, endMs: first.gap.endMs + shiftMs }
    return { status: 'shifted', records: [{ kind: 'gap', gap }, ...moveAll(rest, shiftMs)] }
  }
  const startMs = input.sentEndMs
  const endMs = startMs + shiftMs
  const gap = { startMs, endMs, cause: 'clock', bootId: input.bootId } as const
  return { status: 'shifted', records: [{ kind: 'gap', gap }, ...moveAll(input.records, shiftMs)] }
}

function moveAll(records: readonly DurableRecord[], shiftMs: number): DurableRecord[] {
  return records.flatMap((record) => moveRecord(record, shiftMs))
}

function moveRecord(record: DurableRecord, shiftMs: number): DurableRecord[] {
  switch (record.kind) {
    case 'tick':
      return moveTick(record.tick, shiftMs).map((tick) => ({ kind: 'tick', tick }))
    case 'gap':
      return [{ kind: 'gap', gap: moveSpan(record.gap, shiftMs) }]
    case 'lost':
      return [{ kind: 'lost', lost: moveSpan(record.lost, shiftMs) }]
    case 'facts':
      return [{ kind: 'facts', facts: moveInstant(record.facts, shiftMs) }]
    case 'policy':
      return [{ kind: 'policy', policy: moveInstant(record.policy, shiftMs) }]
    case 'veto':
      return [{ kind: 'veto', veto: moveInstant(record.veto, shiftMs) }]
    case 'goodbye':
      return [{ kind: 'goodbye', goodbye: moveInstant(record.goodbye, shiftMs) }]
    case 'lease':
      return [{ kind: 'lease', lease: moveInstant(record.lease, shiftMs) }]
    default:
      return record satisfies never
  }
}

function moveInstant<T extends { readonly atMs: number }>(value: T, shiftMs: number): T {
  return { ...value, atMs: value.atMs + shiftMs }
}

function moveSpan<T extends { readonly startMs: number; readonly endMs: number }>(
  value: T,
  shiftMs: number,
): T {
  return { ...value, startMs: value.startMs + shiftMs, endMs: value.endMs + shiftMs }
}

/** A tick moved onto an hour edge becomes two; it is shorter than an hour, so never more. */
function moveTick(tick: Tick, shiftMs: number): Tick[] {
  const moved = { ...tick, startMs: tick.startMs + shiftMs }
  const edgeMs = hourStartMs(moved.startMs) + HOUR_MS
  const headMs = edgeMs - moved.startMs
  return headMs >= moved.spanMs ? [moved] : splitTick(moved, headMs)
}

/**
 * Runs are cut exactly, amounts are shared by length. Samples cannot be told apart any more: they
 * all stay with the longer part, so that no sum counts one twice.
 */
function splitTick(tick: Tick, headMs: number): Tick[] {
  const tailMs = tick.spanMs - headMs
  const hasHeadSamples = headMs >= tailMs
  const units = tick.units.map((unit) => splitUnit(unit, headMs, tick.spanMs))
  const cpuBusy = shareOut(tick.cpuBusyMs, headMs, tick.spanMs)
  const cpuTotal = shareOut(tick.cpuTotalMs, headMs, tick.spanMs)
  // Steps of the clock are told once, by the part that ends where the whole tick ended.
  const { wallStepsMs = [], ...plain } = tick
  return [
    {
      ...plain,
      spanMs: headMs,
      samplesExpected: hasHeadSamples ? tick.samplesExpected : 0,
      cpuBusyMs: cpuBusy.head,
      cpuTotalMs: cpuTotal.head,
      units: units.map((unit) => unit.head),
    },
    {
      ...plain,
      ...(wallStepsMs.length === 0 ? {} : { wallStepsMs }),
      startMs: tick.startMs + headMs,
      spanMs: tailMs,
      samplesExpected: hasHeadSamples ? 0 : tick.samplesExpected,
      cpuBusyMs: cpuBusy.tail,
      cpuTotalMs: cpuTotal.tail,
      units: units.map((unit) => unit.tail),
    },
  ]
}

interface UnitHalves {
  readonly head: UnitTick
  readonly tail: UnitTick
}

const NO_SAMPLES = {
  samplesGot: 0,
  utilizationSumPermille: null,
  utilizationMaxPermille: null,
  samplesZero: null,
  samplesBelowTenth: null,
  memoryUsedMibMax: null,
  temperatureCelsiusMax: null,
} as const

function splitUnit(unit: UnitTick, headMs: number, spanMs: number): UnitHalves {
  const runs = splitRuns(unit.runs, headMs)
  // Active time lies within busy, given time outside unknown, in each part as in the whole.
  const active = shareWithin(unit.activeMs, runs, (state) => state === 'busy')
  const given = shareWithin(unit.givenMs, runs, (state) => state !== 'unknown')
  const energy = shareOut(unit.energyJoules, headMs, spanMs)
  const head: UnitTick = {
    ...unit,
    runs: runs.head,
    activeMs: active.head,
    givenMs: given.head,
    energyJoules: energy.head,
  }
  const tail: UnitTick = {
    ...unit,
    runs: runs.tail,
    activeMs: active.tail,
    givenMs: given.tail,
    energyJoules: energy.tail,
  }
  return headMs >= spanMs - headMs
    ? { head, tail: { ...tail, ...NO_SAMPLES } }
    : { head: { ...head, ...NO_SAMPLES }, tail }
}

interface RunHalves {
  readonly head: Run[]
  readonly tail: Run[]
}

function splitRuns(runs: readonly Run[], headMs: number): RunHalves {
  const head: Run[] = []
  const tail: Run[] = []
  let leftMs = headMs
  for (const { code, durationMs } of runs) {
    const partMs = Math.min(leftMs, durationMs)
    appendRun(head, code, partMs)
    appendRun(tail, code, durationMs - partMs)
    leftMs -= partMs
  }
  return { head, tail }
}

/** Shares an amount by the time of the states it lies in. */
function shareWithin(
  amountMs: number,
  runs: RunHalves,
  isWithin: (state: MeasuredState) => boolean,
): { readonly head: number; readonly tail: number } {
  const roomMs = (part: readonly Run[]) =>
    part.reduce((sum, run) => sum + (isWithin(stateOf(run.code)) ? run.durationMs : 0), 0)
  const headRoomMs = roomMs(runs.head)
  const wholeRoomMs = headRoomMs + roomMs(runs.tail)
  const head = wholeRoomMs === 0 ? 0 : Math.round((amountMs * headRoomMs) / wholeRoomMs)
  return { head, tail: amountMs - head }
}

function shareOut(
  amount: number | null,
  headMs: number,
  spanMs: number,
): { readonly head: number | null; readonly tail: number | null } {
  if (amount === null) return { head: null, tail: null }
  const head = Math.round((amount * headMs) / spanMs)
  return { head, tail: amount - head }
}
