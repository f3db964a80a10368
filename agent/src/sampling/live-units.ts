/**
 * What each unit is doing now, since when, and what of that must be told at once. Plain state.
 *
 * A unit leaves `free` when it is busy, allocated or occupied. A reading that failed and a lone grey
 * one do not say that it left (CASES C21, C23): they are remembered as neither.
 */
import type { MeasuredState, RunCode, UnitReading } from '@yiben/shared'
import { runCode, stateOf } from '@yiben/shared'
import type { Verdict } from '../verdict/verdict.ts'
import type { JudgedUnit } from './judge.ts'

export interface LiveUnit {
  readonly code: RunCode
  /** Since when the unit has been in this state, whatever the cause; UTC ms on the timeline. */
  readonly sinceMs: number
  readonly verdict: Verdict
  /** `null`: nothing was read at the last sample. */
  readonly reading: UnitReading | null
}

export interface Transitions {
  readonly leftFree: readonly number[]
  readonly fault: readonly number[]
}

const USED_STATES: readonly MeasuredState[] = ['busy', 'allocated', 'occupied']

interface Entry extends LiveUnit {
  /** It was free and has not been seen used or faulty since. */
  readonly isThoughtFree: boolean
}

export class LiveUnits {
  readonly #units = new Map<number, Entry>()

  get(index: number): LiveUnit | null {
    return this.#units.get(index) ?? null
  }

  /** A bit per unit in the order given, lowest first: its last sample was free. */
  freeBitmap(indexes: readonly number[]): Uint8Array {
    const bitmap = new Uint8Array(Math.ceil(indexes.length / 8))
    for (const [position, index] of indexes.entries()) {
      const unit = this.#units.get(index)
      if (unit === undefined || stateOf(unit.code) !== 'free') continue
      const byte = Math.floor(position / 8)
      bitmap[byte] = (bitmap[byte] ?? 0) | (1 << (position % 8))
    }
    return bitmap
  }

  /** `codeOf` tells the code as booked: a second grey in a row is busy. */
  note(
    judged: readonly JudgedUnit[],
    atMs: number,
    codeOf: (index: number) => RunCode | null,
  ): Transitions {
    const leftFree: number[] = []
    const fault: number[] = []
    for (const { unit, verdict, reading } of judged) {
      const before = this.#units.get(unit.index)
      const code = codeOf(unit.index) ?? verdict.code
      const state = stateOf(code)
      const isSameState = before !== undefined && stateOf(before.code) === state
      const isUsed = USED_STATES.includes(state) && code !== runCode('busy/grey')
      const wasFree = before?.isThoughtFree ?? false
      if (wasFree && isUsed) leftFree.push(unit.index)
      if (state === 'faulty' && before !== undefined && !isSameState) fault.push(unit.index)
      this.#units.set(unit.index, {
        code,
        sinceMs: isSameState ? before.sinceMs : atMs,
        verdict,
        reading,
        isThoughtFree: state === 'free' || (wasFree && !isUsed && state !== 'faulty'),
      })
    }
    return { leftFree, fault }
  }

  /** Units that are gone, or have a new index, are forgotten. */
  keepOnly(indexes: ReadonlySet<number>): void {
    for (const index of this.#units.keys()) if (!indexes.has(index)) this.#units.delete(index)
  }
}
