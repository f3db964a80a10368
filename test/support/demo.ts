/** `npm start -- --demo` as a process of its own, with a short past, and tokens of every kind. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Program, runProgram, until } from './program.ts'

/** The past is lived through first: a day of 32 nodes. */
const READY_MS_MAX = 240_000
const SEALED_HOURS_MIN = 6
/** Requests from one address are counted. */
const LOOK_EVERY_MS = 1_000

export class Demo implements AsyncDisposable {
  readonly url: string
  readonly adminToken: string
  readonly #folder: string
  readonly #program: Program

  static async start(days: number): Promise<Demo> {
    const folder = mkdtempSync(join(tmpdir(), 'yiben-demo-'))
    const args = ['--demo', '--days', String(days), '--port', '0', '--data-dir', folder]
    const program = new Program({ script: 'scripts/start.ts', args })
    try {
      const line = await program.line(/^The ledger: /, READY_MS_MAX)
      const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? []
      if (url === undefined) throw new Error(`no address in: ${line}`)
      const demo = new Demo(url, folder, program)
      await demo.#caughtUp()
      return demo
    } catch (error) {
      await program.kill()
      throw error
    }
  }

  private constructor(url: string, folder: string, program: Program) {
    this.url = url
    this.#folder = folder
    this.#program = program
    this.adminToken = readFileSync(join(folder, 'access-token'), 'utf8').trim()
  }

  /** Until what was lived through has been told, and its hours are sealed. */
  async #caughtUp(): Promise<void> {
    await until(
      'the demo has told its past',
      async () => {
        await delay(LOOK_EVERY_MS)
        const { rows } = await this.get<{ rows: { coverage: number | null }[] }>('/v1/ledger')
        return (rows[0]?.coverage ?? 0) > 0.9 ? true : null
      },
      READY_MS_MAX,
    )
    const hourMs = 3_600_000
    const toMs = Math.floor(Date.now() / hourMs) * hourMs
    const range = [toMs - 12 * hourMs, toMs].map((atMs) => new Date(atMs).toISOString())
    await until(
      'hours of the past are sealed',
      async () => {
        await delay(LOOK_EVERY_MS)
        const path = `/v1/rollups?from=${range[0]}&to=${range[1]}&grain=hour`
        const { rows } = await this.get<{ rows: unknown[] }>(path)
        return rows.length >= SEALED_HOURS_MIN ? true : null
      },
      READY_MS_MAX,
    )
  }

  /** As an administrator makes one, beside the running collector. */
  async token(role: string, region: string | null = null): Promise<string> {
    const { exitCode, stdout, stderr } = await runProgram({
      script: 'collector/src/main.ts',
      args: [
        ...['token', 'create', '--role', role],
        ...(region === null ? [] : ['--region', region]),
        ...['--data-dir', join(this.#folder, 'collector')],
      ],
    })
    if (exitCode !== 0) throw new Error(`no token for ${role}: ${stdout}${stderr}`)
    return stdout.trim()
  }

  async get<Answer>(path: string, token = this.adminToken): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, {
      headers: { authorization: `Bearer ${token}` },
    })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as Answer
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.stop(30_000)
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 })
  }
}
