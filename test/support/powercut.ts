/**
 * A folder on a disk that can lose power, lie about fsync, or run full: powercut.c preloaded into a
 * real process. What was synced is kept in a shadow; `cut` puts it in the folder's place.
 */
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { C_COMPILER } from './nvml-stub.ts'

const SOURCE = join(import.meta.dirname, 'powercut.c')

/** Why suites that need the shim are skipped here; `null` where they are not. */
export const NO_POWERCUT: string | null =
  process.platform !== 'linux'
    ? 'needs LD_PRELOAD, which only Linux has here'
    : C_COMPILER === null
      ? 'no C compiler (cc, gcc, clang) on this machine'
      : null

let built: string | null = null

/** The shim, built once per test process. */
function shim(): string {
  if (built !== null) return built
  const folder = mkdtempSync(join(tmpdir(), 'yiben-powercut-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const library = join(folder, 'powercut.so')
  const args = ['-shared', '-fPIC', '-O1', '-o', library, SOURCE, '-ldl']
  const result = spawnSync(C_COMPILER ?? 'cc', args, { encoding: 'utf8' })
  if (result.status !== 0) throw new Error(`powercut.c does not build: ${result.stderr}`)
  built = library
  return library
}

export class PowerDisk {
  readonly folder: string
  readonly #shadow: string
  readonly #armed: string
  readonly #full: string
  readonly #isLying: boolean

  /** `aside` is a folder outside the watched one, for the shadow and the switches. */
  constructor(folder: string, aside: string, options: { readonly isLying?: boolean } = {}) {
    this.folder = folder
    this.#shadow = join(aside, 'shadow')
    this.#armed = join(aside, 'armed')
    this.#full = join(aside, 'full')
    this.#isLying = options.isLying ?? false
    mkdirSync(this.#shadow, { recursive: true })
  }

  env(): Record<string, string> {
    return {
      LD_PRELOAD: shim(),
      POWERCUT_DIR: this.folder,
      POWERCUT_SHADOW: this.#shadow,
      POWERCUT_ARMED: this.#armed,
      POWERCUT_FULL: this.#full,
      ...(this.#isLying ? { POWERCUT_IGNORE_SYNC: '1' } : {}),
    }
  }

  /** Everything in the folder is on the disk now; no process may be writing. */
  settle(): void {
    rmSync(this.#shadow, { recursive: true, force: true })
    mkdirSync(this.#shadow, { recursive: true })
    for (const entry of readdirSync(this.folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const path = join(entry.parentPath, entry.name)
      copyFileSync(path, join(this.#shadow, relative(this.folder, path).replaceAll('/', '%')))
    }
  }

  /** From now on a lying disk lies. */
  arm(): void {
    writeFileSync(this.#armed, '')
  }

  setFull(isFull: boolean): void {
    if (isFull) writeFileSync(this.#full, '')
    else rmSync(this.#full, { force: true })
  }

  /** The power goes: only what was synced is left. The process must have been killed before. */
  cut(): void {
    for (const name of readdirSync(this.folder)) {
      rmSync(join(this.folder, name), { recursive: true, force: true })
    }
    for (const name of readdirSync(this.#shadow)) {
      if (name.endsWith('.part')) continue
      const path = join(this.folder, name.replaceAll('%', '/'))
      if (!existsSync(dirname(path))) mkdirSync(dirname(path), { recursive: true })
      copyFileSync(join(this.#shadow, name), path)
    }
  }
}
