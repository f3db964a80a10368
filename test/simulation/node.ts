/**
 * One node of the simulated world: a machine with a disk, a clock that may be wrong, cards that can
 * be plugged in and out, and the real agent with its real spool and link. What is on its disk
 * outlives the agent; an agent that dies leaves whatever its disk had taken.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Logger, openFileSpool, type Random, silentLogger } from '@yiben/shared'
import type { Agent } from '../../agent/src/agent.ts'
import { LEASES_CAPABILITY } from '../../agent/src/agent-leases.ts'
import { enroll } from '../../agent/src/enrollment.ts'
import { StateDir } from '../../agent/src/state-dir.ts'
import type { SimProcess, SimScheduler } from '../support/sim-scheduler.ts'
import type { Auditor } from './auditor.ts'
import { type Answer, type SimCard, type SimCards, SimProbe } from './cards.ts'
import type { SimLine } from './network.ts'
import { COLLECTOR_URL, type NodeSettings, type Release, simAgent } from './node-agent.ts'
import { SimSpool, type SpoolWatcher } from './spool.ts'

/** Small, so that opening a spool costs little. */
const BALLAST_BYTES = 16 * 1024
const SAMPLES_UNDER_WAY_MAX = 2
const GIB = 1024 ** 3

export const NODE_SETTINGS: NodeSettings = {
  samplePeriodMs: 10_000,
  tickMs: 60_000,
  minFreeMs: 180_000,
  keepCardsPerNode: 0,
  failures: 0.01,
  phase: 0,
  spoolLimits: {},
}

export interface SimNodeOptions {
  readonly name: string
  readonly scheduler: SimScheduler
  readonly folder: string
  readonly line: SimLine
  readonly random: Random
  readonly cards: SimCards
  readonly auditor: Auditor
  /** What the collector has committed of an epoch right now. */
  readonly watermarkOf: (epoch: string) => number
  readonly settings: NodeSettings
  readonly log?: Logger
}

interface Life {
  readonly process: SimProcess
  readonly spool: SimSpool
  readonly agent: Agent
  readonly probe: SimProbe
  readonly ended: Promise<void>
}

export class SimNode {
  readonly name: string
  readonly line: SimLine
  readonly plugged: SimCard[] = []
  wallOffsetMs = 0
  /** Free space as the disk tells; the spool stops in time by itself. */
  freeBytes = 100 * GIB
  release: Release = { version: '0.1.0', capabilities: [LEASES_CAPABILITY] }
  /** One more whenever its spool is not the one that was there, or not it alone. */
  spoolLife = 1
  readonly #options: SimNodeOptions
  readonly #stateDir: string
  readonly #rootPrefix: string
  #boots = 1
  #bootedAtMs: number
  #life: Life | null = null
  #isDiskFull = false
  #hungUntilMs = 0

  constructor(options: SimNodeOptions) {
    this.#options = options
    this.name = options.name
    this.line = options.line
    this.#bootedAtMs = options.scheduler.nowMs
    this.#stateDir = join(options.folder, options.name, 'state')
    this.#rootPrefix = join(options.folder, options.name, 'root')
    mkdirSync(join(this.#rootPrefix, 'etc'), { recursive: true })
    writeFileSync(join(this.#rootPrefix, 'etc/machine-id'), `machine of ${options.name}\n`)
  }

  get life(): Life {
    if (this.#life === null) throw new Error(`${this.name} is not running`)
    return this.#life
  }

  get isAlive(): boolean {
    return this.#life !== null
  }

  /** The highest that its disk remembers to have met. */
  get ledgerGeneration(): number {
    return Number(this.life.spool.inner.getMeta('link.ledger_generation') ?? 0)
  }

  /** Acknowledged records outlive every world on its disk. */
  get keepsSpool(): boolean {
    return this.#options.settings.spoolLimits.ackedRetentionMs === undefined
  }

  get tickMs(): number {
    return this.#options.settings.tickMs
  }

  get bootId(): string {
    return `${this.name} boot ${this.#boots}`
  }

  /** As known since it was enrolled; `null` before. */
  get nodeId(): string | null {
    return StateDir.at(this.#stateDir).readEnrollment()?.nodeId ?? null
  }

  /** The collector has sent the agent away for good: a person has to do something. */
  get isRefused(): boolean {
    return this.#life?.agent.status().collector.state === 'refused'
  }

  /** What an administrator does once; the clock has to go on meanwhile. */
  async enroll(token: string): Promise<void> {
    const process = this.#newProcess()
    await enroll({
      world: { ...process, network: this.line.networkOf(process) },
      log: silentLogger,
      stateDir: this.#stateDir,
      collectorUrl: COLLECTOR_URL,
      token,
      nodeName: this.name,
      caFile: null,
      proxyUrl: null,
      rootPrefix: this.#rootPrefix,
      bootId: this.bootId,
      agentVersion: '0.1.0',
    })
    process.kill()
  }

  start(): void {
    if (this.isAlive) return
    const process = this.#newProcess()
    const life: { answers: Answer[] } = { answers: [] }
    const spool = this.#openSpool(process, life)
    const probe = this.#probe(process, (moods) => {
      const atMs = this.#life?.agent.timelineNowMs() ?? null
      if (atMs !== null && process.isAlive) {
        life.answers.push({ atMs, moods, isAfterSlow: probe.isAfterSlow })
      }
    })
    const { log = silentLogger, scheduler, settings } = this.#options
    const agent = simAgent({
      name: this.name,
      process,
      network: this.line.networkOf(process),
      spool,
      probe,
      stateDir: this.#stateDir,
      rootPrefix: this.#rootPrefix,
      bootId: this.bootId,
      bootTimeMs: () => scheduler.nowMs - this.#bootedAtMs,
      release: this.release,
      settings,
      log,
    })
    const ended = agent.run()
    this.#life = { process, spool, agent, probe, ended }
    probe.hungUntilMs = this.#hungUntilMs
  }

  /** As `kill -9`, or as the power that goes: then nobody is told, and the machine boots anew. */
  kill(isPowerLost = false): void {
    const process = this.#die()
    if (process !== null) this.line.leave(process, isPowerLost)
    if (!isPowerLost) return
    this.#boots += 1
    this.#bootedAtMs = this.#options.scheduler.nowMs
  }

  #die(): SimProcess | null {
    const life = this.#life
    this.#life = null
    life?.process.kill()
    life?.spool.die()
    return life?.process ?? null
  }

  /** In order, as `systemctl stop` does; the clock has to go on meanwhile. */
  async stop(): Promise<void> {
    const life = this.#life
    if (life === null) return
    await life.agent.stop()
    await life.ended
    if (this.#life === life) this.kill()
  }

  /** Dies at the `writes`-th write to its disk from now on. */
  crashAt(writes: number, isBefore: boolean): void {
    const life = this.#life
    if (life === null) return
    const kill = () => {
      const process = this.#die()
      // Whoever was writing has not returned yet: its sockets are closed when it has.
      setImmediate(() => process !== null && this.line.leave(process, false))
    }
    life.spool.crash = { writes, isBefore, kill }
  }

  stepWall(toOffsetMs: number): void {
    this.#life?.process.stepWall(toOffsetMs - this.wallOffsetMs)
    this.wallOffsetMs = toOffsetMs
  }

  /** The disk takes nothing at all. */
  setDiskFull(isFull: boolean): void {
    this.#isDiskFull = isFull
    if (this.#life !== null) this.#life.spool.isDiskFull = isFull
  }

  hangProbe(untilMs: number): void {
    this.#hungUntilMs = untilMs
    if (this.#life !== null) this.#life.probe.hungUntilMs = untilMs
  }

  /** A copy of the state folder as it is now, to be restored later or to boot elsewhere. */
  copyDisk(to: string): void {
    rmSync(to, { recursive: true, force: true })
    cpSync(this.#stateDir, to, { recursive: true })
  }

  restoreDisk(from: string): void {
    this.spoolLife += 1
    rmSync(this.#stateDir, { recursive: true, force: true })
    cpSync(from, this.#stateDir, { recursive: true })
  }

  /** The spool is gone; with `isSalvageLost` what is kept beside it, too. */
  loseSpool(isSalvageLost: boolean): void {
    this.spoolLife += 1
    const names = ['spool.db', 'spool.db-wal', 'spool.db-shm']
    for (const name of isSalvageLost ? [...names, 'spool.salvage'] : names) {
      rmSync(join(this.#stateDir, name), { force: true })
    }
  }

  wipeDisk(): void {
    this.spoolLife += 1
    rmSync(this.#stateDir, { recursive: true, force: true })
  }

  /** Its hardware shows the same ids as that of `other`. */
  resemble(other: SimNode): void {
    rmSync(this.#rootPrefix, { recursive: true, force: true })
    cpSync(other.#rootPrefix, this.#rootPrefix, { recursive: true })
  }

  resembles(other: SimNode): boolean {
    return machineIdOf(this.#rootPrefix) === machineIdOf(other.#rootPrefix)
  }

  get hasDisk(): boolean {
    return existsSync(this.#stateDir)
  }

  #newProcess(): SimProcess {
    const { scheduler, random } = this.#options
    const seed = Math.floor(random.fraction() * 2 ** 31)
    return scheduler.process(this.name, seed, this.wallOffsetMs)
  }

  #openSpool(process: SimProcess, life: { answers: Answer[] }): SimSpool {
    const { auditor, settings, watermarkOf } = this.#options
    const inner = openFileSpool({
      directory: this.#stateDir,
      random: process.random,
      log: this.#options.log ?? silentLogger,
      limits: { ballastBytes: BALLAST_BYTES, ...settings.spoolLimits },
      disk: { freeBytes: () => this.freeBytes },
    })
    const watcher: SpoolWatcher = {
      appended: (epoch, records) => auditor.noteAppended(epoch, records, life.answers),
      sent: (epoch, records) => auditor.noteSent(this.name, epoch, records, watermarkOf(epoch)),
      shifted: (move) => {
        auditor.noteShifted(move)
        // The timeline jumps; a sample under way is booked on the new one.
        life.answers = life.answers
          .slice(-SAMPLES_UNDER_WAY_MAX)
          .map((answer) => ({ ...answer, atMs: answer.atMs + move.shiftMs }))
      },
    }
    const spool = new SimSpool(inner, watcher)
    spool.isDiskFull = this.#isDiskFull
    return spool
  }

  #probe(process: SimProcess, onSample: (moods: Answer['moods']) => void): SimProbe {
    const { scheduler, cards, settings } = this.#options
    return new SimProbe({
      ...process,
      trueMs: () => scheduler.nowMs,
      cards,
      plugged: () => this.plugged,
      failures: settings.failures,
      onSample,
    })
  }
}

function machineIdOf(rootPrefix: string): string {
  return readFileSync(join(rootPrefix, 'etc/machine-id'), 'utf8')
}
