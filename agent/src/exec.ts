/**
 * Runs vendor tools: the only file that starts child processes.
 *
 * Promises: every call ends by its deadline, whatever the tool does. A tool that hangs, ignores
 * SIGTERM or sits in uninterruptible sleep is sent SIGKILL with its whole process group and is then
 * left alone: nobody waits for it. Output is capped. What a tool does is a result, never an
 * exception. A killed child cannot hold the exit of this process; a running call holds it until its
 * deadline, a stream until it is stopped, both at most until `stop()`.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import type { Clock, Timer } from '@yiben/shared'
import type { StreamCall, ToolCall, ToolResult, ToolRunner, ToolStream } from './probes/probe.ts'
import { USUAL_FOLDERS } from './tool-folders.ts'

/** Killed children that have not gone yet (D state); no further tool is started past this. */
const LINGERING_CHILDREN_MAX = 8
/** The same for one tool: two stuck calls prove the point. */
const LINGERING_PER_TOOL_MAX = 2
/** After a tool has exited, a grandchild that keeps its pipe open is given this long. */
const PIPE_GRACE_MS = 1_000
/** The caps of a stream count per this span; the stream as a whole has no end. */
const STREAM_WINDOW_MS = 10_000
/** `/proc/self/stat` counts CPU time in hundredths of a second on every Linux port of Node. */
const MS_PER_TICK = 10

export interface ToolRunnerOptions {
  readonly clock: Clock
  /** Searched before everything else. */
  readonly toolPath: readonly string[]
  /** Environment handed to tools; `PATH` is searched after `toolPath`. `LC_ALL` becomes `C`. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** A runner that can let go of everything at shutdown. */
export interface StoppableToolRunner extends ToolRunner {
  /** Kills every running tool at once; calls under way end as `killed`. */
  stop(): void
}

export function createToolRunner(options: ToolRunnerOptions): StoppableToolRunner {
  return new ChildToolRunner(options)
}

class ChildToolRunner implements StoppableToolRunner {
  readonly #clock: Clock
  readonly #folders: readonly string[]
  readonly #env: Readonly<Record<string, string | undefined>>
  readonly #running = new Set<ToolChild>()
  /** Tools whose killed children are still there, by path. */
  readonly #lingering = new Map<ChildProcess, string>()

  constructor({ clock, toolPath, env = {} }: ToolRunnerOptions) {
    const inherited = (env.PATH ?? '').split(delimiter).filter((folder) => isAbsolute(folder))
    this.#clock = clock
    this.#folders = [...new Set([...toolPath, ...inherited, ...USUAL_FOLDERS])]
    this.#env = { ...env, PATH: this.#folders.join(delimiter), LC_ALL: 'C', LANG: 'C' }
  }

  locate(tool: string): string | null {
    const found = this.#find(tool)
    return found?.executable === true ? found.path : null
  }

  run(call: ToolCall): Promise<ToolResult> {
    const startedAtMs = this.#clock.monotonicMs()
    const refusal = this.#refusal(call.tool)
    if (refusal !== null) return Promise.resolve({ ...refusal, durationMs: 0 })
    if (call.signal?.aborted === true) return Promise.resolve({ ...stopped(call), durationMs: 0 })
    return new Promise((resolve) => {
      const timers: Timer[] = []
      const output = { stdout: [] as Buffer[], stderr: [] as Buffer[], bytes: 0 }
      const child = this.#start(call.tool, call.args, call.environment)
      let isSettled = false
      const settle = (result: Settled) => {
        if (isSettled) return
        isSettled = true
        for (const timer of timers) timer.cancel()
        call.signal?.removeEventListener('abort', child.onStop)
        if (result.status !== 'exited') this.#kill(child)
        resolve({ ...result, durationMs: this.#clock.monotonicMs() - startedAtMs })
      }
      const collect = (chunks: Buffer[]) => (chunk: Buffer) => {
        output.bytes += chunk.length
        if (output.bytes <= call.outputBytesMax) chunks.push(chunk)
        else settle(tooLarge(call))
      }
      const exited = (exitCode: number | null) =>
        exitCode === null
          ? settle({ status: 'killed', sentence: `${call.tool} was ended by a signal.` })
          : settle({
              status: 'exited',
              exitCode,
              stdout: Buffer.concat(output.stdout).toString('utf8'),
              stderr: Buffer.concat(output.stderr).toString('utf8'),
              cpuMs: child.cpuMs,
            })
      child.onStdout = collect(output.stdout)
      child.onStderr = collect(output.stderr)
      child.onError = (error) => settle(startFailure(call.tool, error))
      child.onStop = () => settle(stopped(call))
      call.signal?.addEventListener('abort', child.onStop)
      child.onClose = exited
      child.onExit = (exitCode) => {
        timers.push(
          this.#clock.after(PIPE_GRACE_MS, () => {
            child.killGroup()
            child.abandon()
            exited(exitCode)
          }),
        )
      }
      timers.push(this.#clock.after(call.deadlineMs, () => settle(timedOut(call))))
    })
  }

  stream(call: StreamCall): ToolStream | null {
    if (this.#refusal(call.tool) !== null) return null
    const child = this.#start(call.tool, call.args)
    let onLine: (line: string) => void = () => {}
    let onEnd: (sentence: string) => void = () => {}
    let isEnded = false
    const end = (sentence: string) => {
      if (isEnded) return
      isEnded = true
      this.#kill(child)
      onEnd(sentence)
    }
    const endFlood = () => end(`${call.tool} prints more than it should.`)
    const hasBytes = windowBudget(this.#clock, call.outputBytesMax)
    const hasLines = windowBudget(this.#clock, call.linesMax)
    const lines = lineSplitter(call.lineBytesMax, (line) => {
      if (!hasLines(1)) endFlood()
      if (!isEnded) onLine(line)
      return !isEnded
    })
    child.onStdout = (chunk) => {
      if (!hasBytes(chunk.length)) endFlood()
      else if (!lines(chunk)) end(`${call.tool} printed a line that is too long.`)
    }
    child.onStderr = (chunk) => {
      if (!hasBytes(chunk.length)) endFlood()
    }
    child.onError = (error) => end(startFailure(call.tool, error).sentence)
    child.onClose = (exitCode) => end(`${call.tool} ended by itself (exit code ${exitCode}).`)
    child.onStop = () => end(`${call.tool} was stopped with the agent.`)
    return {
      onLine: (handler) => {
        onLine = handler
      },
      onEnd: (handler) => {
        onEnd = handler
      },
      stop: () => end(`${call.tool} was stopped.`),
    }
  }

  stop(): void {
    for (const child of [...this.#running]) child.onStop()
  }

  #find(tool: string): { readonly path: string; readonly executable: boolean } | null {
    const candidates = isAbsolute(tool) ? [tool] : this.#folders.map((dir) => join(dir, tool))
    let present: string | null = null
    for (const path of candidates) {
      if (!isFile(path)) continue
      if (isExecutable(path)) return { path, executable: true }
      present ??= path
    }
    return present === null ? null : { path: present, executable: false }
  }

  #refusal(tool: string): Refusal | null {
    const found = this.#find(tool)
    if (found === null) {
      return { status: 'missing', sentence: `${tool} is not on the search path of the agent.` }
    }
    if (!found.executable) {
      return { status: 'denied', sentence: `The agent may not execute ${tool}.` }
    }
    const sameTool = [...this.#lingering.values()].filter((path) => path === found.path).length
    if (sameTool >= LINGERING_PER_TOOL_MAX || this.#lingering.size >= LINGERING_CHILDREN_MAX) {
      const sentence = `${tool} is not started: earlier calls hang and cannot be killed (a driver or an accelerator is stuck; a reboot helps).`
      return { status: 'timeout', sentence }
    }
    return null
  }

  #start(
    tool: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): ToolChild {
    const path = this.#find(tool)?.path ?? tool
    const child = new ToolChild(path, args, { ...this.#env, ...environment })
    this.#running.add(child)
    child.onGone = () => {
      this.#running.delete(child)
      this.#lingering.delete(child.process)
    }
    return child
  }

  /** SIGKILL to the group, then forget the child: it may never go. */
  #kill(child: ToolChild): void {
    this.#running.delete(child)
    if (child.isGone) return
    this.#lingering.set(child.process, child.path)
    child.killGroup()
    child.abandon()
  }
}

type Settled =
  | {
      readonly status: 'exited'
      readonly exitCode: number
      readonly stdout: string
      readonly stderr: string
      readonly cpuMs: number | null
    }
  | Refusal
interface Refusal {
  readonly status: 'missing' | 'denied' | 'timeout' | 'too_large' | 'killed'
  readonly sentence: string
}

/** One child in a process group of its own, with its pipes and its CPU time. */
class ToolChild {
  readonly process: ChildProcess
  readonly path: string
  isGone = false
  /** CPU time of the child and its waited-for children; `null` until it has gone. */
  cpuMs: number | null = null
  onStdout: (chunk: Buffer) => void = () => {}
  onStderr: (chunk: Buffer) => void = () => {}
  onError: (error: NodeJS.ErrnoException) => void = () => {}
  onExit: (exitCode: number | null) => void = () => {}
  onClose: (exitCode: number | null) => void = () => {}
  onStop: () => void = () => {}
  onGone: () => void = () => {}

  constructor(
    path: string,
    args: readonly string[],
    env: Readonly<Record<string, string | undefined>>,
  ) {
    this.path = path
    const child = spawn(path, [...args], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env,
      cwd: '/',
    })
    this.process = child
    child.stdout?.on('data', (chunk: Buffer) => this.onStdout(chunk))
    child.stderr?.on('data', (chunk: Buffer) => this.onStderr(chunk))
    child.stdout?.on('error', () => {})
    child.stderr?.on('error', () => {})
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (child.pid === undefined) this.#gone()
      this.onError(error)
    })
    child.on('exit', (exitCode) => {
      this.#gone()
      this.onExit(exitCode)
    })
    child.on('close', (exitCode) => this.onClose(exitCode))
  }

  killGroup(): void {
    const { pid } = this.process
    if (pid === undefined) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // The group has gone already, which is what was wanted.
    }
  }

  /** Closes our ends of its pipes, so that neither the child nor its children hold this process. */
  abandon(): void {
    this.process.unref()
    this.process.stdout?.destroy()
    this.process.stderr?.destroy()
  }

  #gone(): void {
    if (this.isGone) return
    this.isGone = true
    this.cpuMs = childCpuSinceLastExit()
    this.onGone()
  }
}

let reapedCpuTicks = 0

/**
 * CPU time this process has reaped since the last exit: that of the child that just went (of all
 * of them, when several went in the same turn of the event loop). `null` off Linux.
 */
function childCpuSinceLastExit(): number | null {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8')
    // The command name in parentheses may hold blanks; cutime and cstime are fields 16 and 17.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const ticks = Number(fields[13]) + Number(fields[14])
    if (!Number.isFinite(ticks)) return null
    const spent = ticks - reapedCpuTicks
    reapedCpuTicks = ticks
    return spent * MS_PER_TICK
  } catch {
    return null
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function tooLarge(call: ToolCall): Refusal {
  const sentence = `${call.tool} printed more than ${call.outputBytesMax} bytes and was killed.`
  return { status: 'too_large', sentence }
}

function stopped(call: ToolCall): Refusal {
  return { status: 'killed', sentence: `${call.tool} was stopped by the agent.` }
}

function timedOut(call: ToolCall): Refusal {
  const sentence = `${call.tool} did not answer within ${call.deadlineMs} ms and was killed.`
  return { status: 'timeout', sentence }
}

function startFailure(tool: string, error: NodeJS.ErrnoException): Refusal {
  if (error.code === 'ENOENT') {
    return { status: 'missing', sentence: `${tool} has vanished from the search path.` }
  }
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return { status: 'denied', sentence: `The agent may not execute ${tool}.` }
  }
  return { status: 'killed', sentence: `${tool} could not be started: ${error.message}.` }
}

/** Says whether so many more (bytes, lines) still fit into the current span. */
function windowBudget(clock: Clock, max: number): (more: number) => boolean {
  let windowStartMs = clock.monotonicMs()
  let spent = 0
  return (more) => {
    const nowMs = clock.monotonicMs()
    if (nowMs - windowStartMs > STREAM_WINDOW_MS) {
      windowStartMs = nowMs
      spent = 0
    }
    spent += more
    return spent <= max
  }
}

/**
 * Hands on complete lines for as long as they are wanted (`onLine` says so); answers `false` once a
 * line grows past its bound.
 */
function lineSplitter(
  lineBytesMax: number,
  onLine: (line: string) => boolean,
): (chunk: Buffer) => boolean {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    let data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    for (let end = data.indexOf(0x0a); end >= 0; end = data.indexOf(0x0a)) {
      if (end > lineBytesMax) return false
      if (!onLine(data.subarray(0, end).toString('utf8').replace(/\r$/, ''))) return true
      data = data.subarray(end + 1)
    }
    rest = Buffer.from(data)
    return rest.length <= lineBytesMax
  }
}
