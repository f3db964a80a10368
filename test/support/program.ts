/**
 * A program of ours as a process of its own: started, listened to, stopped or killed. What it says
 * is kept (its tail, bounded), so that a test that fails can show it.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export const ROOT = join(import.meta.dirname, '../..')
const OUTPUT_LENGTH_MAX = 4 * 1024 * 1024
const LOOK_EVERY_MS = 25
/** Compiled once per machine, not once per start: there are hundreds of starts. */
const COMPILE_CACHE = join(ROOT, 'node_modules/.cache/yiben-test-compile')

export interface ProgramOptions {
  /** Below the root of the checkout. */
  readonly script: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Run by `sh -c` in place of the program, which it must `exec` as "$@". */
  readonly wrapper?: string
}

export interface Finished {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

function start(options: ProgramOptions): ChildProcess {
  const { script, args, env = {}, wrapper } = options
  const command = [process.execPath, join(ROOT, script), ...args]
  const [file = '', ...rest] =
    wrapper === undefined ? command : ['sh', '-c', wrapper, 'sh', ...command]
  return spawn(file, rest, {
    cwd: ROOT,
    // Nothing of the tester's own environment: a YIBEN_… there would change the test.
    env: { PATH: '/usr/bin:/bin', NODE_COMPILE_CACHE: COMPILE_CACHE, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

export class Program {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  #output = ''

  constructor(options: ProgramOptions) {
    this.#child = start(options)
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

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  get exitCode(): number | null {
    return this.#child.exitCode
  }

  /** Standard output and error, in the order in which they arrived. */
  get output(): string {
    return this.#output
  }

  lines(pattern: RegExp): string[] {
    return this.#output.split('\n').filter((line) => pattern.test(line))
  }

  /** The first line that matches, now or later. */
  async line(pattern: RegExp, withinMs = 60_000): Promise<string> {
    return await until(
      `${pattern} in:\n${this.#output.slice(-4000)}`,
      () => {
        const [found] = this.lines(pattern)
        if (found === undefined && !this.isRunning) {
          throw new Error(`the program ended (${this.exitCode}) and said:\n${this.#output}`)
        }
        return found ?? null
      },
      withinMs,
    )
  }

  /** SIGKILL; resolves when it has gone. */
  async kill(): Promise<void> {
    if (this.isRunning) this.#child.kill('SIGKILL')
    await this.#ended
  }

  /** SIGTERM; how long it took to go, or `null` when it had to be killed after `withinMs`. */
  async stop(withinMs = 10_000): Promise<number | null> {
    const startedAt = performance.now()
    if (this.isRunning) this.#child.kill('SIGTERM')
    const late = new AbortController()
    const isLate = delay(withinMs, true, { signal: late.signal }).catch(() => false)
    const hasGone = this.#ended.then(() => false)
    const mustKill = await Promise.race([isLate, hasGone])
    late.abort()
    if (mustKill) await this.kill()
    return mustKill ? null : performance.now() - startedAt
  }
}

/** Runs a command to its end. */
export async function runProgram(options: ProgramOptions, withinMs = 30_000): Promise<Finished> {
  const child = start(options)
  const output = { stdout: '', stderr: '' }
  child.stdout?.on('data', (chunk: Buffer) => {
    output.stdout += chunk.toString('utf8')
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    output.stderr += chunk.toString('utf8')
  })
  const guard = new AbortController()
  delay(withinMs, null, { signal: guard.signal }).then(
    () => child.kill('SIGKILL'),
    () => {},
  )
  await once(child, 'close')
  guard.abort()
  return { exitCode: child.exitCode, ...output }
}

/** Asks until the answer is not `null`; throws with `what` when that takes too long. */
export async function until<Answer>(
  what: string,
  ask: () => Answer | null | Promise<Answer | null>,
  withinMs = 30_000,
): Promise<Answer> {
  const endAt = performance.now() + withinMs
  for (;;) {
    const answer = await ask()
    if (answer !== null) return answer
    if (performance.now() > endAt) throw new Error(`not within ${withinMs} ms: ${what}`)
    await delay(LOOK_EVERY_MS)
  }
}
