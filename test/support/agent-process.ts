/**
 * A real agent in a process of its own, on a machine made of files: its hardware (`root`), its
 * vendor tools, its state folder and its configuration, all below one folder.
 */
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Vendor } from '@yiben/shared'
import { askAgent } from '../../agent/src/control/client.ts'
import type { ControlRequest } from '../../agent/src/control/protocol.ts'
import type { AgentStatus } from '../../agent/src/control/status.ts'
import { StateDir } from '../../agent/src/state-dir.ts'
import { createRealWorld } from '../../shared/src/real-world.ts'
import { FakeCards, type FakeVendor } from './fake-cards.ts'
import { type Finished, Program, runProgram } from './program.ts'

const SCRIPT = 'agent/src/main.ts'
const { clock, random } = createRealWorld()
/** PROC_PID_INIT_INO: what a process in the host's pid namespace sees. */
const HOST_PID_NAMESPACE = 'pid:[4026531836]'

export interface AgentProcessOptions {
  readonly folder: string
  readonly name: string
  /** Two hex digits; hardware and cards are named by it. */
  readonly nodeTag: string
  readonly vendors: Readonly<Partial<Record<FakeVendor, number>>>
  /** Option lines of the configuration, beside those that every test has. */
  readonly config?: readonly string[]
  readonly nvmlLibrary?: string
  /** Other tools of this machine: the body of a shell script by the tool's name. */
  readonly tools?: Readonly<Record<string, string>>
  /** Which vendors are looked for; default: those of `vendors`. */
  readonly only?: readonly Vendor[]
}

/** Seconds instead of minutes; a record per sample. */
const CONFIG = [
  'sample_period: 1s',
  'tick: 1s',
  'heartbeat: 1s',
  'owner: { kind: none }',
  'deposit: { enabled: true, calendar: always, min_free: 2s }',
]

export class AgentProcess {
  readonly folder: string
  readonly name: string
  readonly stateDir: string
  readonly runDir: string
  readonly configFile: string
  readonly cards: Partial<Record<FakeVendor, FakeCards>> = {}
  /** Put before /proc and /sys. */
  readonly root: string
  #program: Program | null = null

  constructor(options: AgentProcessOptions) {
    const { folder, name, nodeTag, vendors } = options
    this.folder = folder
    this.name = name
    this.stateDir = join(folder, 'state')
    this.runDir = join(folder, 'run')
    this.root = join(folder, 'root')
    this.configFile = join(folder, 'agent.yaml')
    mkdirSync(this.runDir, { recursive: true })
    makeMachine(this.root, nodeTag)
    const tools = join(folder, 'tools')
    for (const vendor of ['nvidia', 'ascend'] as const) {
      const cards = vendors[vendor]
      if (cards === undefined) continue
      this.cards[vendor] = new FakeCards({ folder: tools, vendor, cards, nodeTag })
    }
    mkdirSync(join(tools, 'bin'), { recursive: true })
    for (const [tool, body] of Object.entries(options.tools ?? {})) {
      writeFileSync(join(tools, 'bin', tool), `#!/bin/sh\n${body}\n`, { mode: 0o755 })
    }
    const probes = [
      `  only: [${(options.only ?? Object.keys(vendors)).join(', ')}]`,
      `  tool_path: [${join(tools, 'bin')}]`,
      `  root_prefix: ${this.root}`,
      // Two intervals, as the default of 15 s is one and a half of 10 s.
      '  deadline: 2s',
      // A fake tool is a shell: on a slow machine it would be asked more rarely than the tests wait.
      '  core_percent: 100',
      `  nvml_library: ${options.nvmlLibrary ?? join(folder, 'no-such-library.so')}`,
    ]
    this.configure([...CONFIG, 'probes:', ...probes, ...(options.config ?? [])])
  }

  configure(lines: readonly string[]): void {
    writeFileSync(this.configFile, `${lines.join('\n')}\n`)
  }

  get program(): Program {
    if (this.#program === null) throw new Error(`${this.name} has not been started`)
    return this.#program
  }

  get isRunning(): boolean {
    return this.#program?.isRunning ?? false
  }

  /** Another boot of the same machine, or, with `hardware`, another machine. */
  setMachine(change: { readonly bootId?: string; readonly hardware?: string }): void {
    if (change.bootId !== undefined) writeBootId(this.root, change.bootId)
    if (change.hardware !== undefined) writeHardware(this.root, change.hardware)
  }

  command(name: string, args: readonly string[] = [], env = {}): Promise<Finished> {
    return runProgram({ script: SCRIPT, args: [name, ...this.#common(), ...args], env })
  }

  async enroll(url: string, token: string, env = {}): Promise<Finished> {
    const args = ['--collector', url, '--token', token, '--name', this.name]
    return await this.command('enroll', args, env)
  }

  /** As enrolled at a collector that nobody can reach: for tests of the node alone. */
  enrollNowhere(): void {
    const state = StateDir.create(this.stateDir)
    const keys = state.readOrCreateKey(random)
    state.writeEnrollment({
      nodeId: 'n-0123456789abcdef',
      collectorUrl: 'ws://127.0.0.1:9/v1/link',
      collector: { algorithm: keys.algorithm, publicKey: keys.publicKey },
      identityKey: { number: 1, key: '5a'.repeat(32) },
      fingerprintSource: 'product_uuid',
      tokenId: '00'.repeat(8),
    })
  }

  start(env: Readonly<Record<string, string>> = {}, wrapper?: string): void {
    this.#program = new Program({
      script: SCRIPT,
      args: ['run', ...this.#common()],
      env,
      ...(wrapper === undefined ? {} : { wrapper }),
    })
  }

  async kill(): Promise<void> {
    await this.#program?.kill()
  }

  async stop(withinMs?: number): Promise<number | null> {
    return this.#program === null ? 0 : await this.#program.stop(withinMs)
  }

  /** One question over the control socket; throws when nobody answers. */
  async ask(request: ControlRequest): Promise<unknown> {
    const answer = await askAgent(this.runDir, request, clock)
    if (answer.status !== 'done') throw new Error(`${answer.code}: ${answer.sentence}`)
    return answer.answer
  }

  /** `null` while nobody answers. */
  async status(): Promise<AgentStatus | null> {
    try {
      return (await this.ask({ command: 'status' })) as AgentStatus
    } catch {
      return null
    }
  }

  /** The spool as a process that starts now would find it; the agent must not be running. */
  readSpool(): SpoolContent | null {
    if (!existsSync(join(this.stateDir, 'spool.db'))) return null
    const copy = join(this.folder, 'spool-copy')
    rmSync(copy, { recursive: true, force: true })
    cpSync(this.stateDir, copy, { recursive: true })
    const database = new DatabaseSync(join(copy, 'spool.db'))
    try {
      const state = database.prepare('SELECT * FROM state').get() ?? {}
      const rows = database.prepare('SELECT seq, bytes, lost_count FROM records ORDER BY seq').all()
      return {
        epoch: String(state.epoch),
        previousEpoch: state.previous_epoch === null ? null : String(state.previous_epoch),
        lastSeq: Number(state.last_seq),
        ackedSeq: Number(state.acked_seq),
        records: rows.map((row) => ({
          seq: Number(row.seq),
          bytes: row.bytes as Uint8Array,
          lostCount: Number(row.lost_count),
        })),
      }
    } finally {
      database.close()
    }
  }

  #common(): string[] {
    return ['--config', this.configFile, '--state-dir', this.stateDir, '--run-dir', this.runDir]
  }
}

export interface SpoolContent {
  readonly epoch: string
  readonly previousEpoch: string | null
  readonly lastSeq: number
  readonly ackedSeq: number
  readonly records: readonly {
    readonly seq: number
    readonly bytes: Uint8Array
    readonly lostCount: number
  }[]
}

function makeMachine(root: string, nodeTag: string): void {
  mkdirSync(join(root, 'proc/self/ns'), { recursive: true })
  mkdirSync(join(root, 'proc/sys/kernel/random'), { recursive: true })
  mkdirSync(join(root, 'sys/class/dmi/id'), { recursive: true })
  mkdirSync(join(root, 'sys/bus/pci/devices'), { recursive: true })
  symlinkSync(HOST_PID_NAMESPACE, join(root, 'proc/self/ns/pid'))
  for (const name of ['stat', 'uptime']) symlinkSync(`/proc/${name}`, join(root, 'proc', name))
  writeBootId(root, `${nodeTag}000000-0000-4000-8000-000000000001`)
  writeHardware(root, `${nodeTag}00aabb-1111-2222-3333-444455556666`)
}

function writeBootId(root: string, bootId: string): void {
  writeFileSync(join(root, 'proc/sys/kernel/random/boot_id'), `${bootId}\n`)
}

function writeHardware(root: string, productUuid: string): void {
  writeFileSync(join(root, 'sys/class/dmi/id/product_uuid'), `${productUuid}\n`)
}
