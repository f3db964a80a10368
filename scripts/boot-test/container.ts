/**
 * A Debian of its own below a folder, booted by systemd-nspawn: its own init, users, processes and
 * files. The network is the host's, so that a collector on loopback is in reach.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { until } from '../bench/support/program.ts'

const BOOT_MS_MAX = 120_000
/** What systemd-nspawn ends with when the container wants to boot again. */
const REBOOT = 133
const COMMAND_MS_MAX = 240_000
const OUTPUT_BYTES_MAX = 32 * 1024 * 1024
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export interface Said {
  readonly exitCode: number
  /** Standard output and error. */
  readonly text: string
}

export class Container implements AsyncDisposable {
  readonly root: string
  readonly #name: string
  readonly #log: string
  #nspawn: ChildProcess | null = null
  #leader = 0

  private constructor(root: string, name: string, log: string) {
    this.root = root
    this.#name = name
    this.#log = log
  }

  /** A copy of `from`, which nothing of this one touches. */
  static copyOf(from: string, options: { readonly folder: string; readonly name: string }) {
    const { folder, name } = options
    const root = join(folder, name)
    execFileSync('cp', ['-a', '--reflink=auto', from, root])
    return new Container(root, name, join(folder, `${name}.log`))
  }

  /** Resolves when its services are up. */
  async boot(): Promise<void> {
    const nspawn = spawn(
      'systemd-nspawn',
      [
        ...['--quiet', '--directory', this.root, '--machine', `yiben-${this.#name}`, '--boot'],
        // This machine may have no systemd that could keep a register of it.
        ...['--register=no', '--keep-unit', '--console=pipe', '--link-journal=no'],
        ...['--resolv-conf=off', '--timezone=off'],
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    const keep = (chunk: Buffer) => appendFileSync(this.#log, chunk)
    nspawn.stdout.on('data', keep)
    nspawn.stderr.on('data', keep)
    this.#nspawn = nspawn
    await this.#booted()
  }

  /** As an administrator does it; another boot id, the same disk. Between the two `whileDown` may look at it. */
  async reboot(whileDown: () => void = () => {}): Promise<void> {
    const nspawn = this.#nspawn
    if (nspawn === null) throw new Error('the container has not been booted')
    const ended = once(nspawn, 'close')
    await this.sh('systemctl reboot')
    await ended
    // Without a unit of its own it does not boot again by itself, but says that it should.
    if (nspawn.exitCode !== REBOOT) throw new Error(`nspawn ended with ${nspawn.exitCode}`)
    whileDown()
    await this.boot()
  }

  async stop(): Promise<void> {
    const nspawn = this.#nspawn
    if (nspawn === null || nspawn.exitCode !== null || nspawn.signalCode !== null) return
    const ended = once(nspawn, 'close')
    // Asks the init within to power off.
    nspawn.kill('SIGTERM')
    const guard = setTimeout(() => nspawn.kill('SIGKILL'), BOOT_MS_MAX)
    await ended
    clearTimeout(guard)
    this.#nspawn = null
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /** Runs shell code within, as root; what it says and how it ends is the answer. */
  sh(script: string, env: Readonly<Record<string, string>> = {}): Promise<Said> {
    const variables = Object.entries({ PATH, HOME: '/root', LC_ALL: 'C', ...env })
    const args = [
      ...['--target', `${this.#leader}`, '--mount', '--uts', '--ipc', '--pid', '--cgroup'],
      ...['--root', '--wd', '--', '/usr/bin/env', '-i'],
      ...variables.map(([key, value]) => `${key}=${value}`),
      ...['/bin/sh', '-c', `exec 2>&1\ncd /root\n${script}`],
    ]
    return new Promise((resolve) => {
      const limits = { timeout: COMMAND_MS_MAX, maxBuffer: OUTPUT_BYTES_MAX }
      // A group of its own: a careless `kill 0` within stays within.
      const child = execFile(
        'setsid',
        ['--wait', 'nsenter', ...args],
        limits,
        (_, stdout, stderr) => {
          resolve({ exitCode: child.exitCode ?? -1, text: `${stdout}${stderr}` })
        },
      )
    })
  }

  /** What it says; throws where it fails. */
  async run(script: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
    const { exitCode, text } = await this.sh(script, env)
    if (exitCode !== 0)
      throw new Error(`\`${script}\` ended with ${exitCode}: ${text.slice(-2000)}`)
    return text.trim()
  }

  /** Asks until the words are said. */
  async becomes(script: string, pattern: RegExp, withinMs = 60_000): Promise<string> {
    let last = ''
    try {
      return await until('', withinMs, async () => {
        last = (await this.sh(script)).text.trim()
        return pattern.test(last) ? last : null
      })
    } catch {
      throw new Error(`\`${script}\` did not say ${pattern} within ${withinMs} ms, but: ${last}`)
    }
  }

  /** A file from outside, as its path within. */
  put(source: string, path: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true })
    execFileSync('cp', ['-a', source, join(this.root, path)])
  }

  /** A file from within, as a path outside. */
  take(path: string, target: string): void {
    execFileSync('cp', [join(this.root, path), target])
  }

  write(path: string, text: string, mode = 0o644): void {
    const file = join(this.root, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    chmodSync(file, mode)
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8')
  }

  /** The number that the host has for a process within. */
  hostPid(within: string): number {
    for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
      const numbers = namespacePids(name)
      if (numbers.length > 1 && numbers.at(-1) === within && this.#holds(name)) return Number(name)
    }
    throw new Error(`there is no process ${within} within`)
  }

  #holds(pid: string): boolean {
    const namespace = (process: string) => readlinkSync(`/proc/${process}/ns/pid`)
    return namespace(pid) === namespace(`${this.#leader}`)
  }

  async #booted(): Promise<void> {
    await until('the services of the container', BOOT_MS_MAX, async () => {
      if (this.#nspawn?.exitCode !== null) throw new Error(`nspawn ended, see ${this.#log}`)
      // Its first child only prepares the second.
      this.#leader = this.#childOfNspawn() ?? 0
      if (this.#leader === 0) return null
      const { text } = await this.sh('systemctl is-system-running')
      return /^(running|degraded)/m.test(text) ? true : null
    })
  }

  #childOfNspawn(): number | null {
    const pid = this.#nspawn?.pid ?? 0
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
    const last = children.split(' ').filter(Boolean).at(-1)
    return last === undefined ? null : Number(last)
  }
}

/** The process in each namespace it is in, the host's first. */
function namespacePids(pid: string): readonly string[] {
  try {
    const [, numbers = ''] =
      /^NSpid:\s+(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return numbers.split(/\s+/)
  } catch {
    // It has ended meanwhile.
    return []
  }
}
