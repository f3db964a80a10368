/**
 * A program of ours as a process of its own, listened to and stopped. Whoever starts one disposes of
 * it (`await using`), so that nothing is left running when a benchmark fails.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export const ROOT = join(import.meta.dirname, '../../..')
const LOOK_EVERY_MS = 50
const OUTPUT_LENGTH_MAX = 256 * 1024
const STOP_MS_MAX = 15_000

export interface ProgramOptions {
  /** Below the root of the checkout. */
  readonly script: string
  readonly args: readonly string[]
  readonly nodeArgs?: readonly string[]
  /** Default: the Node that runs this. */
  readonly executable?: string
  readonly env?: Readonly<Record<string, string>>
}

export class Program implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #name: string
  readonly #ended: Promise<unknown>
  #output = ''

  constructor(options: ProgramOptions) {
    const { script, args, nodeArgs = [], env = {}, executable = process.execPath } = options
    this.#name = script
    this.#child = spawn(executable, [...nodeArgs, join(ROOT, script), ...args], {
      cwd: ROOT,
      // A YIBEN_… of whoever measures would change what is measured.
      env: { PATH: '/usr/bin:/bin', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#ended = once(this.#child, 'close')
    const keep = (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString('utf8')).slice(-OUTPUT_LENGTH_MAX)
    }
    this.#child.stdout?.on('data', keep)
    this.#child.stderr?.on('data', keep)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get output(): string {
    return this.#output
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** The first line that matches, now or later. */
  line(pattern: RegExp, withinMs = 30_000): Promise<string> {
    return until(`${this.#name} to say ${pattern}`, withinMs, () => {
      const found = this.#output.split('\n').find((line) => pattern.test(line))
      if (found === undefined && !this.isRunning) throw this.#failure()
      return found ?? null
    })
  }

  /** What it printed; throws when it fails. */
  async finish(): Promise<string> {
    await this.#ended
    if (this.#child.exitCode !== 0) throw this.#failure()
    return this.#output.trim()
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (this.isRunning) this.#child.kill(signal)
    const late = new AbortController()
    const kill = delay(STOP_MS_MAX, null, { signal: late.signal })
      .then(() => this.#child.kill('SIGKILL'))
      .catch(() => {})
    await this.#ended
    late.abort()
    await kill
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #failure(): Error {
    return new Error(`${this.#name} ended (${this.#child.exitCode}) and said:\n${this.#output}`)
  }
}

/** Asks until the answer is not `null`; throws with `what` when that takes too long. */
export async function until<Answer>(
  what: string,
  withinMs: number,
  ask: () => Answer | null | Promise<Answer | null>,
): Promise<Answer> {
  const endAtMs = performance.now() + withinMs
  for (;;) {
    const answer = await ask()
    if (answer !== null) return answer
    if (performance.now() > endAtMs) throw new Error(`waited ${withinMs} ms in vain for ${what}`)
    await delay(LOOK_EVERY_MS)
  }
}
