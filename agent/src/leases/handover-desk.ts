/**
 * Makes the calls of the owner's script that are due: one at a time, those of one lease in order. A
 * `lend` is tried once: a script that refuses it refuses the lease. What says that a lease goes on or
 * is over is tried again, ever more rarely, and given up after a day. Calls outlive the process; one
 * that was under way when it ended is made again, so a script must bear being told twice.
 */
import type { Clock, Logger, Timer } from '@yiben/shared'
import type { HandoverScript } from './handover-script.ts'
import type { HandoverCall } from './lease-book.ts'

const RETRY_MS_MIN = 5_000
const RETRY_MS_MAX = 10 * 60_000
/** 5 s doubling up to 10 min: a day and an hour. */
const TRIES_MAX = 155

export interface HandoverDeskOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly script: HandoverScript
  /** Calls to be made, oldest first. */
  readonly calls: () => readonly HandoverCall[]
  readonly devicesOf: (unitIds: readonly string[]) => readonly string[]
  /** UTC ms on the node's timeline. */
  readonly nowMs: () => number
  /** The call is over: it has succeeded, or is not tried again because of what is said. */
  readonly done: (call: HandoverCall, problem: string | null) => void
}

interface Failed {
  readonly tries: number
  /** Monotonic. */
  readonly againAtMs: number
  readonly problem: string
}

export class HandoverDesk {
  readonly #options: HandoverDeskOptions
  /** By lease: its first call has failed so far. */
  readonly #failed = new Map<string, Failed>()
  #isUnderWay = false
  #isStopped = false
  #timer: Timer | null = null

  constructor(options: HandoverDeskOptions) {
    this.#options = options
  }

  /** What goes wrong now, for `status`; empty while all is well. */
  get problems(): readonly string[] {
    return [...this.#failed.values()].map(({ problem }) => problem)
  }

  /** A script that is cut short by the end of the agent has refused nothing. */
  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  /** Something may be due; harmless when nothing is. */
  wake(): void {
    this.#timer?.cancel()
    this.#timer = null
    if (this.#isUnderWay || this.#isStopped) return
    const call = this.#due()
    if (call === null) {
      this.#wakeLater()
      return
    }
    this.#isUnderWay = true
    void this.#make(call).then(() => {
      this.#isUnderWay = false
      this.wake()
    })
  }

  /** The first call of a lease, unless it waits for its next try. */
  #due(): HandoverCall | null {
    const nowMs = this.#options.clock.monotonicMs()
    const seen = new Set<string>()
    for (const call of this.#options.calls()) {
      const isFirst = !seen.has(call.leaseId)
      seen.add(call.leaseId)
      const againAtMs = this.#failed.get(call.leaseId)?.againAtMs ?? nowMs
      if (isFirst && againAtMs <= nowMs) return call
    }
    for (const leaseId of this.#failed.keys()) if (!seen.has(leaseId)) this.#failed.delete(leaseId)
    return null
  }

  #wakeLater(): void {
    const waits = [...this.#failed.values()].map(({ againAtMs }) => againAtMs)
    if (waits.length === 0) return
    const { clock } = this.#options
    const delayMs = Math.max(1, Math.min(...waits) - clock.monotonicMs())
    this.#timer = clock.after(delayMs, () => this.wake())
  }

  async #make(call: HandoverCall): Promise<void> {
    const { script, devicesOf } = this.#options
    const { event, leaseId, account, unitIds, untilMs } = call
    const told = { event, leaseId, account, devices: devicesOf(unitIds), untilMs }
    const problem = this.#isStale(call) ? null : await script(told)
    if (!this.#isStopped) this.#note(call, problem)
  }

  #note(call: HandoverCall, problem: string | null): void {
    const { log, done, clock } = this.#options
    const { event, leaseId } = call
    const tries = (this.#failed.get(leaseId)?.tries ?? 0) + 1
    if (problem === null || event === 'lend' || tries >= TRIES_MAX) {
      this.#failed.delete(leaseId)
      if (problem !== null) log.error({ event, leaseId, problem }, 'the handover failed')
      done(call, problem)
      return
    }
    if (tries === 1) log.warn({ event, leaseId, problem }, 'the handover failed: tried again')
    const delayMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** (tries - 1))
    this.#failed.set(leaseId, { tries, againAtMs: clock.monotonicMs() + delayMs, problem })
  }

  /** Nothing is opened for a lease that is over. */
  #isStale({ event, untilMs }: HandoverCall): boolean {
    return (event === 'lend' || event === 'extend') && untilMs <= this.#options.nowMs()
  }
}
