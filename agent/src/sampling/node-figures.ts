/**
 * What ticks tell of the node besides its units: CPU time since the tick before, and the steps its
 * wall clock made. Plain state; nothing is told twice, and what no tick told waits for the next.
 */
import { type Tick, WALL_STEPS_PER_TICK_MAX } from '@yiben/shared'
import type { CpuTime } from '../verdict/cutter.ts'

export class NodeFigures {
  /** Core-milliseconds since some start, counting up. */
  readonly #cpuTime: () => CpuTime
  /** As of the last tick told, and as of the last look. */
  #toldCpu: CpuTime
  #cpu: CpuTime
  #wallStepsMs: readonly number[] = []

  constructor(cpuTime: () => CpuTime) {
    this.#cpuTime = cpuTime
    this.#cpu = cpuTime()
    this.#toldCpu = this.#cpu
  }

  /** Told by the next tick: evidence for the quality page (C2). What no tick has room for is summed. */
  noteStep(stepMs: number): void {
    const told = this.#wallStepsMs.slice(0, WALL_STEPS_PER_TICK_MAX - 1)
    const rest = this.#wallStepsMs.slice(told.length)
    this.#wallStepsMs = [...told, rest.reduce((sum, one) => sum + one, stepMs)]
  }

  /** CPU time since the last tick told; `null` where nothing is known of it. */
  spent(): CpuTime {
    this.#cpu = this.#cpuTime()
    return {
      busyMs: since(this.#toldCpu.busyMs, this.#cpu.busyMs),
      totalMs: since(this.#toldCpu.totalMs, this.#cpu.totalMs),
    }
  }

  /** Ticks that were cut with what was `spent`, the steps of the clock with the last of them. */
  tell(ticks: readonly Tick[]): readonly Tick[] {
    const last = ticks.at(-1)
    if (last === undefined) return ticks
    this.#toldCpu = this.#cpu
    const wallStepsMs = this.#wallStepsMs
    this.#wallStepsMs = []
    return wallStepsMs.length === 0 ? ticks : [...ticks.slice(0, -1), { ...last, wallStepsMs }]
  }
}

function since(before: number | null, now: number | null): number | null {
  // A counter that fell was reset: nothing is known of the time between.
  return before === null || now === null || now < before ? null : now - before
}
