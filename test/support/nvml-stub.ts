/** Builds the stand-in for `libnvidia-ml.so` with the machine's C compiler, one per test. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const SOURCE = join(import.meta.dirname, 'nvml-stub.c')
const COMPILERS = ['cc', 'gcc', 'clang']

/** The compiler of this machine, or `null`: then suites that need it say that they are skipped. */
export const C_COMPILER =
  COMPILERS.find((name) => spawnSync(name, ['--version']).status === 0) ?? null

export class NvmlStub implements Disposable {
  readonly folder: string
  readonly library: string
  #settings: Record<string, number> = {}

  constructor(settings: Readonly<Record<string, number>> = {}) {
    this.folder = mkdtempSync(join(tmpdir(), 'yiben-nvml-'))
    this.library = join(this.folder, 'libnvidia-ml.so.1')
    this.set(settings)
    const args = ['-shared', '-fPIC', '-O1', `-DNVML_STUB_FILE="${this.#file}"`]
    const built = spawnSync(C_COMPILER ?? 'cc', [...args, '-o', this.library, SOURCE], {
      encoding: 'utf8',
    })
    if (built.status !== 0) throw new Error(`the stub library does not build: ${built.stderr}`)
  }

  /** Open in a process between `nvmlInit` and `nvmlShutdown`, as a device file is. */
  get driverFile(): string {
    return this.#file
  }

  get #file(): string {
    return join(this.folder, 'settings')
  }

  /** Changes what the loaded library does from now on. */
  set(settings: Readonly<Record<string, number>>): void {
    this.#settings = { ...this.#settings, ...settings }
    const lines = Object.entries(this.#settings).map(([key, value]) => `${key} ${value}\n`)
    writeFileSync(this.#file, lines.join(''))
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
