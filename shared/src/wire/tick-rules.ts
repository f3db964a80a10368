/**
 * What both ends of the wire must agree on to read a tick (link.proto): usual values that cost no
 * byte, which units count as alike, and what the runs of a unit tell of its statistics already.
 */
import type { Run, UnitTick } from '../model/interval.ts'
import { stateOf } from '../model/state.ts'

/** A tick of another length says so. */
export const SPAN_MS_USUAL = 60_000
/** Samples every 10 s of it. */
export const SAMPLES_EXPECTED_USUAL = 6
/** Of counts: the raw element 0 is what is usual, 1 is absent. */
export const COUNT_OFFSET = 2
/** Raw temperatures from 1 on; 0 is absent. */
export const TEMPERATURE_OFFSET = 101

/** Units that end a tick in the same run code are alike in their figures. */
export function kindsOf(runsOfUnits: readonly (readonly Run[])[]): readonly number[] {
  return runsOfUnits.map((runs) => runs.at(-1)?.code ?? 0)
}

/** Runs have no kinds: each duration differs from the one before it. */
export function oneKind(count: number): readonly number[] {
  return new Array<number>(count).fill(0)
}

/** Time of the runs that are busy: the active time, as long as no reading was grey. */
export function busyMsOf(runs: readonly Run[]): number {
  return runs.reduce((sum, run) => sum + (stateOf(run.code) === 'busy' ? run.durationMs : 0), 0)
}

/** Samples at exactly 0, when a card that is not busy shows 0 and a busy one does not. */
export function usualZeroOf(
  unit: Pick<UnitTick, 'runs' | 'samplesGot' | 'utilizationMaxPermille'>,
  spanMs: number,
): number | null {
  if (unit.utilizationMaxPermille === null) return null
  // Exact: the product is below 2^53 for an hour at a sample a second.
  return Math.round((unit.samplesGot * (spanMs - busyMsOf(unit.runs))) / spanMs)
}

/** Samples that may have shown utilization. */
export function usedSamplesOf(unit: Pick<UnitTick, 'samplesGot' | 'samplesZero'>): number {
  return unit.samplesGot - (unit.samplesZero ?? 0)
}
