/**
 * Processor time of a node, by UTC hour: what its ticks told, added up. A tick lies within one hour.
 * An hour is handed over once, when the timeline has passed its end; ticks without the figures
 * leave it as it is, so that what was told and for how long stay together.
 */
import { HOUR_MS, hourStartMs, type Tick } from '@yiben/shared'
import type { NodeHour } from '../model/timeline.ts'

export class CpuHours {
  readonly #done: NodeHour[] = []
  #running: NodeHour | null

  constructor(running: NodeHour | null) {
    this.#running = running
  }

  add({ cpuBusyMs, cpuTotalMs, spanMs, startMs }: Tick): void {
    if (cpuBusyMs === null || cpuTotalMs === null) return
    const hourMs = hourStartMs(startMs)
    this.#handOverBefore(hourMs)
    const before = this.#running ?? { hourMs, cpuBusyMs: 0, cpuTotalMs: 0, toldMs: 0 }
    this.#running = {
      hourMs,
      cpuBusyMs: before.cpuBusyMs + cpuBusyMs,
      cpuTotalMs: before.cpuTotalMs + cpuTotalMs,
      toldMs: before.toldMs + spanMs,
    }
  }

  /** What goes on from the timeline's end, and the hours that are over by then. */
  finish(endMs: number): { readonly running: NodeHour | null; readonly done: readonly NodeHour[] } {
    this.#handOverBefore(endMs - HOUR_MS + 1)
    return { running: this.#running, done: this.#done }
  }

  #handOverBefore(hourMs: number): void {
    if (this.#running === null || this.#running.hourMs >= hourMs) return
    this.#done.push(this.#running)
    this.#running = null
  }
}
