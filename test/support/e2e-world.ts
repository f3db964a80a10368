/**
 * A collector and agents as real processes on one machine, in a folder of their own. A test that
 * fails shows what they said last.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFailed } from 'vitest'
import { openCommandStore } from '../../collector/src/storage/open.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import { createRealWorld } from '../../shared/src/real-world.ts'
import { AgentProcess, type AgentProcessOptions } from './agent-process.ts'
import { CollectorProcess } from './collector-process.ts'
import { until } from './program.ts'

const OUTPUT_SHOWN = 6_000

export class E2eWorld implements AsyncDisposable {
  readonly folder: string
  readonly collector: CollectorProcess
  readonly agents: AgentProcess[] = []

  /** `suite`: shared by its tests, made in a hook. */
  constructor(lifetime: 'test' | 'suite' = 'test') {
    this.folder = mkdtempSync(join(tmpdir(), 'yiben-e2e-'))
    this.collector = new CollectorProcess(join(this.folder, 'collector'))
    if (lifetime === 'test') onTestFailed(() => this.#show())
  }

  /** A machine that has not been enrolled. */
  machine(options: Omit<AgentProcessOptions, 'folder'>): AgentProcess {
    const agent = new AgentProcess({ ...options, folder: join(this.folder, options.name) })
    this.agents.push(agent)
    return agent
  }

  /** Enrolled one after the other with one token; returns their node ids. */
  async enroll(agents: readonly AgentProcess[]): Promise<string[]> {
    const token = await this.collector.enrollmentToken(agents.length)
    const ids: string[] = []
    for (const agent of agents) {
      const { exitCode, stdout, stderr } = await agent.enroll(this.collector.url, token)
      if (exitCode !== 0) throw new Error(`${agent.name} could not enroll: ${stdout}${stderr}`)
      const [id] = /n-[0-9a-f]{16}/.exec(stdout) ?? []
      if (id === undefined) throw new Error(`no node id in: ${stdout}`)
      ids.push(id)
    }
    return ids
  }

  /** Cards per stage of the one ledger, as it is now. */
  async stages(): Promise<Readonly<Record<string, number>>> {
    const { body } = await this.collector.get('/v1/ledger')
    const stages: Record<string, { cards: number }> = body.rows[0]?.stages ?? {}
    return Object.fromEntries(Object.entries(stages).map(([name, { cards }]) => [name, cards]))
  }

  /** Waits until the ledger shows these counts. */
  async seen(expected: Readonly<Record<string, number>>, withinMs = 30_000): Promise<void> {
    let last: unknown = null
    try {
      await until(
        'seen',
        async () => {
          const stages = await this.stages()
          last = stages
          const isThere = Object.entries(expected).every(([name, cards]) => stages[name] === cards)
          return isThere ? true : null
        },
        withinMs,
      )
    } catch {
      const [should, is] = [JSON.stringify(expected), JSON.stringify(last)]
      throw new Error(`the ledger should show ${should}, after ${withinMs} ms it shows ${is}`)
    }
  }

  /** The ledger's rows; the collector must not be running. */
  async withStore<Result>(read: (store: Store) => Promise<Result>): Promise<Result> {
    const { clock, random } = createRealWorld()
    const store = openCommandStore({ dataDir: this.collector.dataDir, clock, random })
    try {
      return await read(store)
    } finally {
      await store.close()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.agents, this.collector].map((one) => one.kill()))
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 })
  }

  #show(): void {
    for (const one of [this.collector, ...this.agents]) {
      const name = one instanceof AgentProcess ? one.name : 'collector'
      try {
        const tail = one.program.output.slice(-OUTPUT_SHOWN)
        process.stderr.write(`---- ${name} said last:\n${tail}\n`)
      } catch {
        process.stderr.write(`---- ${name} was never started\n`)
      }
    }
  }
}
