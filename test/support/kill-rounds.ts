/**
 * Rounds of sudden death: agents and collector under load are killed with SIGKILL at random moments,
 * on some rounds the power goes with them (powercut.ts), and they are started again. After each kill
 * what an agent has seen acknowledged is compared with what the ledger holds. Answers sentences.
 */
import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { LEDGER_FILE } from '../../collector/src/storage/open.ts'
import type { AgentProcess } from './agent-process.ts'
import { E2eWorld } from './e2e-world.ts'
import type { CardMood } from './fake-cards.ts'
import { FakeRandom } from './fake-clock.ts'
import { checkNode, checkPromises } from './ledger-check.ts'
import { PowerDisk } from './powercut.ts'
import { until } from './program.ts'

const CARDS = 2
const MOODS: readonly CardMood[] = ['free', 'busy', 'occupied']
/** How often some card changes its state. */
const FLIP_MS = 150
/** From the kill of the round before: mostly long enough for records to flow, at times not. */
const LIFE_MS = { min: 100, max: 1_300 }

const AGENT_CONFIG = ['collector: { retry_max: 1s }']

export interface RoundsOptions {
  readonly seed: number
  readonly agents: number
  /** Whose disk lies about fsync once `arm` has been called. */
  readonly liar?: 'collector' | 'agents'
}

interface Machine {
  readonly agent: AgentProcess
  readonly disk: PowerDisk
  readonly nodeId: string
}

/** What a round needs to know of an agent that may or may not be running. */
interface Told {
  readonly epoch: string
  readonly ackedSeq: number
  readonly lastSeq: number
}

export class KillRounds implements AsyncDisposable {
  readonly #world = new E2eWorld()
  readonly #random: FakeRandom
  readonly #collectorDisk: PowerDisk
  readonly #machines: Machine[] = []
  /** Watermarks at the last look, by node and epoch. */
  readonly #watermarks = new Map<string, number>()
  readonly #epochs = new Map<string, string>()
  /** Rounds in which the ledger had grown since the look before: the rounds are under load. */
  roundsWithProgress = 0
  powerCuts = 0

  private constructor(options: RoundsOptions) {
    this.#random = new FakeRandom(options.seed)
    const { dataDir, folder } = this.#world.collector
    this.#collectorDisk = new PowerDisk(dataDir, join(folder, 'disk'), {
      isLying: options.liar === 'collector',
    })
  }

  static async start(options: RoundsOptions): Promise<KillRounds> {
    const rounds = new KillRounds(options)
    try {
      await rounds.#setUp(options)
    } catch (error) {
      await rounds[Symbol.asyncDispose]()
      throw error
    }
    return rounds
  }

  async #setUp(options: RoundsOptions): Promise<void> {
    const { collector } = this.#world
    await collector.start()
    const agents = Array.from({ length: options.agents }, (_, at) =>
      this.#world.machine({
        name: `node-${at}`,
        nodeTag: `${at}c`,
        vendors: { nvidia: CARDS },
        config: AGENT_CONFIG,
      }),
    )
    const nodeIds = await this.#world.enroll(agents)
    await collector.stop()
    this.#collectorDisk.settle()
    agents.forEach((agent, at) => {
      const isLying = options.liar === 'agents'
      const disk = new PowerDisk(agent.stateDir, join(agent.folder, 'disk'), { isLying })
      disk.settle()
      this.#machines.push({ agent, disk, nodeId: nodeIds[at] ?? '' })
    })
    await collector.start(this.#collectorDisk.env())
    for (const machine of this.#machines) this.#startAgent(machine)
    await this.#progress()
  }

  /** From now on the liar lies. */
  arm(): void {
    this.#collectorDisk.arm()
    for (const { disk } of this.#machines) disk.arm()
  }

  /** One round: some live, some die, now and then with the power. */
  async round(): Promise<string[]> {
    await this.#liveFor(LIFE_MS.min + this.#random.fraction() * (LIFE_MS.max - LIFE_MS.min))
    const kind = Math.floor(this.#random.fraction() * 3)
    const victims = kind === 1 ? [] : this.#machines.filter(() => this.#random.fraction() < 0.6)
    const killsCollector = kind !== 0
    const isPowerCut = this.#random.fraction() < 1 / 3
    return await this.#strike({ victims, killsCollector, isPowerCut })
  }

  /** The power of everything goes, after more records have been acknowledged. */
  async blackout(): Promise<string[]> {
    await this.#progress()
    return await this.#strike({ victims: this.#machines, killsCollector: true, isPowerCut: true })
  }

  async #strike(blow: {
    readonly victims: readonly Machine[]
    readonly killsCollector: boolean
    readonly isPowerCut: boolean
  }): Promise<string[]> {
    const { victims, killsCollector, isPowerCut } = blow
    const { collector } = this.#world
    await Promise.all([
      ...(killsCollector ? [collector.kill()] : []),
      ...victims.map(({ agent }) => agent.kill()),
    ])
    if (isPowerCut) {
      this.powerCuts += 1
      if (killsCollector) this.#collectorDisk.cut()
      for (const { disk } of victims) disk.cut()
    }
    const problems = await this.#look()
    if (killsCollector) {
      collector.launch(this.#collectorDisk.env())
      // Now and then it is killed again before it has said that it is there.
      if (this.#random.fraction() < 0.8) await collector.ready()
    }
    for (const machine of victims) this.#startAgent(machine)
    return problems
  }

  /** Lets everything arrive, stops in order, and compares every row with every record. */
  async finish(): Promise<string[]> {
    const { collector } = this.#world
    await collector.ready()
    await until(
      'every record is acknowledged',
      async () => {
        const all = await Promise.all(this.#machines.map(({ agent }) => agent.status()))
        return all.every((one) => one !== null && one.spool.ackedSeq > 0 && isSettled(one))
          ? true
          : null
      },
      30_000,
    )
    await Promise.all(this.#machines.map(({ agent }) => agent.stop()))
    const problems: string[] = []
    const from = '2020-01-01T00:00:00Z'
    const to = new Date().toISOString()
    const balance = await collector.command(['balance', '--from', from, '--to', to])
    if (balance.exitCode !== 0) problems.push(`balance: ${balance.stdout}${balance.stderr}`)
    await collector.stop()
    await this.#world.withStore(async (store) => {
      for (const { agent, nodeId } of this.#machines) {
        const spool = agent.readSpool()
        if (spool === null) problems.push(`${agent.name} has no spool`)
        else problems.push(...(await checkNode(store, nodeId, spool)))
      }
    })
    return problems
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#world[Symbol.asyncDispose]()
  }

  #startAgent({ agent, disk }: Machine): void {
    agent.start(disk.env())
  }

  async #liveFor(lifeMs: number): Promise<void> {
    for (let leftMs = lifeMs; leftMs > 0; leftMs -= FLIP_MS) {
      const machine = this.#machines[Math.floor(this.#random.fraction() * this.#machines.length)]
      const moods = Array.from(
        { length: CARDS },
        () => MOODS[Math.floor(this.#random.fraction() * 3)],
      )
      machine?.agent.cards.nvidia?.set(moods.map((mood) => mood ?? 'free'))
      await delay(Math.min(FLIP_MS, leftMs))
    }
  }

  /** Every agent has had more acknowledged since now. */
  async #progress(): Promise<void> {
    const acked = () => this.#acked()
    const before = await until('every agent answers', acked)
    await until('more is acknowledged', async () => {
      const now = await acked()
      return now?.every((seq, at) => seq > (before[at] ?? 0) + 1) ? true : null
    })
  }

  /** `null` while one of them does not answer. */
  async #acked(): Promise<number[] | null> {
    const told = await Promise.all(this.#machines.map(({ agent }) => agent.status()))
    const acked = told.flatMap((one) => (one === null ? [] : [one.spool.ackedSeq]))
    return acked.length === told.length ? acked : null
  }

  /** Agents first, the ledger after: what it holds only grows. */
  async #look(): Promise<string[]> {
    const told = await Promise.all(this.#machines.map((machine) => this.#tell(machine)))
    const ledger = this.#readWatermarks()
    const problems: string[] = []
    let hasGrown = false
    this.#machines.forEach(({ agent, nodeId }, at) => {
      const one = told[at]
      if (one === null || one === undefined) return
      const watermark = ledger.get(`${nodeId} ${one.epoch}`) ?? 0
      problems.push(...checkPromises(agent.name, one, watermark))
      const before = this.#watermarks.get(nodeId) ?? 0
      if (watermark < before) problems.push(`${agent.name}: the ledger fell back to ${watermark}`)
      hasGrown ||= watermark > before
      this.#watermarks.set(nodeId, Math.max(before, watermark))
      const epoch = this.#epochs.get(nodeId) ?? one.epoch
      if (epoch !== one.epoch) problems.push(`${agent.name}: the spool has begun a new epoch`)
      this.#epochs.set(nodeId, epoch)
    })
    if (hasGrown) this.roundsWithProgress += 1
    return problems
  }

  /** `null`: it is just starting and says nothing yet. */
  async #tell({ agent }: Machine): Promise<Told | null> {
    if (!agent.isRunning) return agent.readSpool()
    return (await agent.status())?.spool ?? null
  }

  /** From a copy, so that looking does not mend what the next start has to mend. */
  #readWatermarks(): ReadonlyMap<string, number> {
    const { folder, dataDir, program } = this.#world.collector
    const copy = join(folder, 'copy')
    rmSync(copy, { recursive: true, force: true })
    mkdirSync(copy)
    if (!program.isRunning) cpSync(dataDir, copy, { recursive: true })
    const file = join(program.isRunning ? dataDir : copy, LEDGER_FILE)
    const database = new DatabaseSync(file, { readOnly: program.isRunning })
    try {
      const rows = database.prepare('SELECT node_id, epoch, watermark FROM epochs').all()
      return new Map(rows.map((row) => [`${row.node_id} ${row.epoch}`, Number(row.watermark)]))
    } finally {
      database.close()
    }
  }
}

function isSettled({
  collector,
}: {
  readonly collector: { readonly unacknowledgedRecords: number }
}) {
  return collector.unacknowledgedRecords <= 1
}
