/**
 * A real collector in a process of its own, on loopback: its data folder, its commands, its API.
 * The port it is given at first is kept, so that agents find it after a restart.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Finished, Program, runProgram } from './program.ts'

const SITE = 'TEST-01'

/** Seconds instead of minutes. */
const CONFIG = [
  'seal_delay: 1s',
  'bank: { observing: 1s }',
  'intervals: { sequence: 100ms, deposit: 100ms, rollup: 1s, liveness: 200ms }',
  'limits: { requests_per_minute: 100000 }',
]

export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: bodies are what the test looks at
  readonly body: any
}

export class CollectorProcess {
  static readonly script = 'collector/src/main.ts'
  readonly folder: string
  readonly dataDir: string
  readonly configFile: string
  /** Of it and of its commands. */
  env: Readonly<Record<string, string>> = {}
  #program: Program | null = null
  #port = 0
  #scheme = 'http:'
  #accessToken = ''

  constructor(folder: string, config: readonly string[] = CONFIG) {
    this.folder = folder
    this.dataDir = join(folder, 'data')
    this.configFile = join(folder, 'collector.yaml')
    mkdirSync(this.dataDir, { recursive: true, mode: 0o700 })
    this.configure(config)
  }

  configure(lines: readonly string[]): void {
    writeFileSync(this.configFile, `${lines.join('\n')}\n`)
  }

  get program(): Program {
    if (this.#program === null) throw new Error('the collector has not been started')
    return this.#program
  }

  get url(): string {
    return `${this.#scheme}//127.0.0.1:${this.#port}`
  }

  get port(): number {
    return this.#port
  }

  /** Resolves when it takes connections. */
  async start(env: Readonly<Record<string, string>> = {}, wrapper?: string): Promise<void> {
    this.launch(env, wrapper)
    await this.ready()
  }

  /** Starts without waiting. */
  launch(env: Readonly<Record<string, string>> = {}, wrapper?: string): void {
    this.#program = new Program({
      script: CollectorProcess.script,
      args: ['serve', ...this.#common(), '--config', this.configFile, '--port', `${this.#port}`],
      env: { ...this.env, ...env },
      ...(wrapper === undefined ? {} : { wrapper }),
    })
  }

  async ready(): Promise<void> {
    const line = await this.program.line(/^\{.*"url":/)
    const url = new URL(String(JSON.parse(line).url))
    this.#port = Number(url.port)
    this.#scheme = url.protocol
  }

  async kill(): Promise<void> {
    await this.#program?.kill()
  }

  async stop(withinMs?: number): Promise<number | null> {
    return this.#program === null ? 0 : await this.#program.stop(withinMs)
  }

  command(args: readonly string[]): Promise<Finished> {
    const { env } = this
    return runProgram({ script: CollectorProcess.script, args: [...args, ...this.#common()], env })
  }

  /** Its output; throws when it fails. */
  async say(args: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.command(args)
    if (exitCode !== 0) throw new Error(`${args.join(' ')}: exit ${exitCode}: ${stderr}${stdout}`)
    return stdout.trim()
  }

  /** A site, and a token for so many nodes of it. */
  async enrollmentToken(uses: number): Promise<string> {
    await this.say(['site', 'put', SITE, '--name', 'Test', '--region', '110000'])
    return tokenIn(await this.say(['token', 'create', '--site', SITE, '--uses', `${uses}`]))
  }

  async get(path: string): Promise<Answer> {
    if (this.#accessToken === '') {
      this.#accessToken = tokenIn(await this.say(['token', 'create', '--role', 'admin']))
    }
    const headers = { authorization: `Bearer ${this.#accessToken}` }
    const response = await fetch(this.url + path, { headers })
    const text = await response.text()
    const isJson = (response.headers.get('content-type') ?? '').includes('json')
    return { status: response.status, body: isJson ? JSON.parse(text) : text }
  }

  #common(): string[] {
    return ['--data-dir', this.dataDir]
  }
}

/** Both kinds of token begin alike on any line of what the command prints. */
export function tokenIn(output: string): string {
  const [token] = /yb[1a]_[A-Za-z0-9_-]+/.exec(output) ?? []
  if (token === undefined) throw new Error(`no token in: ${output}`)
  return token
}
