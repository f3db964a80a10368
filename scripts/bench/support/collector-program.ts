/** A real collector in a process of its own, on loopback, with a site that takes nodes. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Program } from './program.ts'

const SCRIPT = 'collector/src/main.ts'
const SITE = 'BENCH-01'

export interface CollectorProgramOptions {
  readonly folder: string
  /** Lines of its configuration. */
  readonly config?: readonly string[]
  readonly nodeArgs?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Default: a free one. */
  readonly port?: number
}

export class CollectorProgram implements AsyncDisposable {
  readonly program: Program
  readonly dataDir: string
  readonly url: string

  readonly #env: Readonly<Record<string, string>>

  private constructor(
    program: Program,
    dataDir: string,
    url: string,
    env: Readonly<Record<string, string>>,
  ) {
    this.program = program
    this.dataDir = dataDir
    this.url = url
    this.#env = env
  }

  static async start(options: CollectorProgramOptions): Promise<CollectorProgram> {
    const { folder, config = [], nodeArgs = [], env = {}, port = 0 } = options
    const dataDir = join(folder, 'collector')
    const configFile = join(folder, 'collector.yaml')
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    writeFileSync(configFile, ['log_level: warn', ...config, ''].join('\n'))
    const args = ['serve', '--data-dir', dataDir, '--config', configFile, '--port', `${port}`]
    const program = new Program({ script: SCRIPT, args, nodeArgs, env })
    try {
      const line = await program.line(/^\{.*"url":/)
      const [, url = ''] = /"url":"([^"]+)"/.exec(line) ?? []
      return new CollectorProgram(program, dataDir, url, env)
    } catch (error) {
      await program.stop()
      throw error
    }
  }

  get port(): number {
    return Number(new URL(this.url).port)
  }

  /** A token that admits so many nodes. */
  async enrollmentToken(uses: number): Promise<string> {
    await this.#command(['site', 'put', SITE, '--name', 'Bench', '--region', '110000'])
    const said = await this.#command(['token', 'create', '--site', SITE, '--uses', `${uses}`])
    const [token] = /yb1_[A-Za-z0-9_-]+/.exec(said) ?? []
    if (token === undefined) throw new Error(`no token in: ${said}`)
    return token
  }

  /** The authorities of its own, PEM. */
  authorities(): Promise<string> {
    return this.#command(['tls', 'ca'])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program.stop()
  }

  async #command(args: readonly string[]): Promise<string> {
    await using command = new Program({
      script: SCRIPT,
      args: [...args, '--data-dir', this.dataDir],
      env: this.#env,
    })
    return await command.finish()
  }
}
