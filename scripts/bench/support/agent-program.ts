/**
 * A real agent on a made-up machine: its folders, its configuration and its commands. It runs on a
 * copy of Node of its own: with the one that also runs the collector and this benchmark it would
 * share pages that it has to itself on a real node, and its PSS would look smaller than it is.
 */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Program } from './program.ts'

const SCRIPT = 'agent/src/main.ts'
/** Long enough to load everything once. */
const WARM_UP_MS = 5_000

export interface AgentProgramOptions {
  readonly folder: string
  /** Lines of its configuration that say where its cards are. */
  readonly probes: readonly string[]
  readonly isCompileCached: boolean
}

export class AgentProgram {
  readonly #common: readonly string[]
  readonly #env: Readonly<Record<string, string>>
  readonly #executable: string

  constructor({ folder, probes, isCompileCached }: AgentProgramOptions) {
    const configFile = join(folder, 'agent.yaml')
    const runDir = join(folder, 'run')
    const stateDir = join(folder, 'agent')
    mkdirSync(runDir)
    this.#executable = join(folder, 'node')
    copyFileSync(process.execPath, this.#executable)
    const lines = [
      'sample_period: 10s',
      'owner: { kind: none }',
      'deposit: { enabled: true, calendar: always }',
      ...probes,
    ]
    writeFileSync(configFile, `${lines.join('\n')}\n`)
    this.#common = ['--config', configFile, '--state-dir', stateDir, '--run-dir', runDir]
    this.#env = isCompileCached ? { NODE_COMPILE_CACHE: join(folder, 'compiled') } : {}
  }

  async enroll(url: string, token: string): Promise<void> {
    const args = ['enroll', ...this.#common, '--collector', url, '--token', token]
    await using command = this.#program(args)
    await command.finish()
  }

  /** Runs it once to fill the compile cache, so that what is measured later is not the compiler. */
  async warmUp(): Promise<void> {
    await using program = this.start(null)
    await delay(WARM_UP_MS)
    await program.stop()
  }

  /** A CPU profile of its whole life goes to `profileDir` when it ends. */
  start(profileDir: string | null): Program {
    const nodeArgs = profileDir === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`]
    return this.#program(['run', ...this.#common], nodeArgs)
  }

  #program(args: readonly string[], nodeArgs: readonly string[] = []): Program {
    return new Program({
      script: SCRIPT,
      args,
      nodeArgs,
      env: this.#env,
      executable: this.#executable,
    })
  }
}
