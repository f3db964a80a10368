/** Provinces that report to a nation, in processes of their own: made, told what to tell, counted. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { askProcess } from './asked-process.ts'
import type { Telling } from './nation-child.ts'
import type { HourSums, NationPlan } from './nation-plan.ts'
import { until } from './program.ts'

export type NationCommand =
  | {
      readonly kind: 'make'
      readonly plan: NationPlan
      readonly first: number
      readonly url: string
      readonly tokens: readonly string[]
    }
  /** `children`: so many of each process; left out: all. */
  | { readonly kind: 'tell'; readonly telling: Telling; readonly children?: number }
  | { readonly kind: 'count' }
  | {
      readonly kind: 'sum'
      readonly hours: readonly (readonly [hourMs: number, revision: number])[]
    }

export interface NationCount {
  readonly online: number
  readonly settled: number
  /** Acknowledged since it began. */
  readonly records: number
  readonly cards: number
  readonly sites: number
  readonly nodes: number
  readonly cpuMs: number
  readonly refused: number
  /** The first of them. */
  readonly refusals: readonly string[]
  /** How long records waited that were acknowledged since the count before, ms. */
  readonly waits: readonly number[]
  readonly sums: HourSums | null
}

export class Nation implements Disposable {
  readonly #processes: readonly ChildProcess[]
  readonly #children: number

  private constructor(processes: readonly ChildProcess[], children: number) {
    this.#processes = processes
    this.#children = children
  }

  /** Connects; each enrolls with its token. */
  static async make(
    plan: NationPlan,
    place: { readonly url: string; readonly tokens: readonly string[]; readonly processes: number },
  ): Promise<Nation> {
    const each = Math.ceil(plan.children / place.processes)
    const used = Math.ceil(plan.children / each)
    const processes = Array.from({ length: used }, () =>
      fork(join(import.meta.dirname, 'nation-process.ts'), { serialization: 'advanced' }),
    )
    const nation = new Nation(processes, plan.children)
    await Promise.all(
      processes.map((process, at) => {
        const tokens = place.tokens.slice(at * each, (at + 1) * each)
        return askProcess<NationCommand, NationCount>(process, {
          kind: 'make',
          plan,
          first: at * each,
          url: place.url,
          tokens,
        })
      }),
    )
    return nation
  }

  async count(): Promise<NationCount> {
    return added(await this.#all({ kind: 'count' }))
  }

  async online(withinMs: number): Promise<void> {
    await until('all children to be online', withinMs, async () => {
      const { online } = await this.count()
      return online === this.#children ? true : null
    })
  }

  /** Tells it and waits until everything is acknowledged; how long that took, and how many records. */
  async tell(
    telling: Telling,
    options: {
      readonly withinMs: number
      readonly children?: number
      /** Told now and then how many records have been taken. */
      readonly onProgress?: (records: number) => void
    },
  ): Promise<{
    readonly tookMs: number
    readonly records: number
    readonly waits: readonly number[]
  }> {
    const before = await this.count()
    const startMs = performance.now()
    const { children, withinMs } = options
    await this.#all({ kind: 'tell', telling, ...(children === undefined ? {} : { children }) })
    const waits: number[] = []
    let records = before.records
    await until(`everything of ${telling.kind} to be taken`, withinMs, async () => {
      const count = await this.count()
      for (const waitedMs of count.waits) waits.push(waitedMs)
      if (count.refused > 0) throw new Error(`refused: ${count.refusals.join('; ')}`)
      records = count.records
      options.onProgress?.(records - before.records)
      return count.settled === this.#children ? true : null
    })
    return { tookMs: performance.now() - startMs, records: records - before.records, waits }
  }

  async sumsOf(hours: readonly (readonly [hourMs: number, revision: number])[]): Promise<HourSums> {
    const { sums } = added(await this.#all({ kind: 'sum', hours }))
    if (sums === null) throw new Error('no process has said its sums')
    return sums
  }

  [Symbol.dispose](): void {
    for (const process of this.#processes) process.disconnect()
  }

  #all(command: NationCommand): Promise<readonly NationCount[]> {
    return Promise.all(
      this.#processes.map((process) => askProcess<NationCommand, NationCount>(process, command)),
    )
  }
}

function added(counts: readonly NationCount[]): NationCount {
  return counts.reduce((sum, one) => ({
    online: sum.online + one.online,
    settled: sum.settled + one.settled,
    records: sum.records + one.records,
    cards: sum.cards + one.cards,
    sites: sum.sites + one.sites,
    nodes: sum.nodes + one.nodes,
    cpuMs: sum.cpuMs + one.cpuMs,
    refused: sum.refused + one.refused,
    refusals: [...sum.refusals, ...one.refusals],
    waits: [...sum.waits, ...one.waits],
    sums: sum.sums === null || one.sums === null ? null : plus(sum.sums, one.sums),
  }))
}

function plus(one: HourSums, other: HourSums): HourSums {
  return {
    busyMs: one.busyMs + other.busyMs,
    freeMs: one.freeMs + other.freeMs,
    unknownMs: one.unknownMs + other.unknownMs,
    allMs: one.allMs + other.allMs,
  }
}
