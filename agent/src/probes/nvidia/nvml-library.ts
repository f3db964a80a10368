/**
 * Calls into `libnvidia-ml.so`, one at a time, on koffi's worker threads.
 *
 * Promise: a call that does not come back within its deadline marks the library hung for ever; no
 * further call is made, and its buffers are kept, because the library may still write to them. A
 * hung worker would hold `process.exit` for ever: whoever stops this process must check `isHung`
 * and end it with SIGKILL.
 */
import type { Clock } from '@yiben/shared'
import {
  NVML_FUNCTION_NOT_FOUND,
  NVML_FUNCTIONS,
  NVML_HUNG,
  type NvmlFunction,
} from './nvml-tables.ts'

const LIBRARY_NAMES = ['libnvidia-ml.so.1', 'libnvidia-ml.so'] as const

export type NvmlArgument = number | bigint | Buffer

interface NativeFunction {
  async(...args: unknown[]): unknown
}
interface NativeLibrary {
  func(name: string, result: string, args: string[]): NativeFunction
}

export interface NvmlLoadOptions {
  readonly clock: Clock
  /** `null` for the usual names, found by the system's loader. */
  readonly file: string | null
  readonly callDeadlineMs: number
}

export type NvmlLoad =
  | { readonly status: 'ok'; readonly library: NvmlLibrary }
  | { readonly status: 'missing' | 'unusable'; readonly sentence: string }

/** Loads koffi only here, so that a node without NVIDIA does not pay for it. */
export async function loadNvml(options: NvmlLoadOptions): Promise<NvmlLoad> {
  let load: (file: string) => NativeLibrary
  try {
    load = (await import('koffi')).default.load
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { status: 'unusable', sentence: `Native libraries cannot be called: ${reason}` }
  }
  const files = options.file === null ? LIBRARY_NAMES : [options.file]
  for (const file of files) {
    try {
      return { status: 'ok', library: new NvmlLibrary(load(file), options) }
    } catch {
      // The next name may be there; the sentence below names all of them.
    }
  }
  return { status: 'missing', sentence: `${files.join(' and ')} cannot be loaded.` }
}

export class NvmlLibrary {
  readonly #native: NativeLibrary
  readonly #clock: Clock
  readonly #callDeadlineMs: number
  /** `null`: this version of the library does not have it. */
  readonly #functions = new Map<NvmlFunction, NativeFunction | null>()
  /** Buffers of the call that hangs. */
  readonly #kept: unknown[] = []
  #last: Promise<unknown> = Promise.resolve()
  #isHung = false

  constructor(native: NativeLibrary, { clock, callDeadlineMs }: NvmlLoadOptions) {
    this.#native = native
    this.#clock = clock
    this.#callDeadlineMs = callDeadlineMs
  }

  get isHung(): boolean {
    return this.#isHung
  }

  /** The library's return value; calls wait for the one before them. */
  call(name: NvmlFunction, ...args: readonly NvmlArgument[]): Promise<number> {
    const result = this.#last.then(() => this.#callNow(name, args))
    this.#last = result
    return result
  }

  #callNow(name: NvmlFunction, args: readonly NvmlArgument[]): Promise<number> {
    if (this.#isHung) return Promise.resolve(NVML_HUNG)
    const native = this.#function(name)
    if (native === null) return Promise.resolve(NVML_FUNCTION_NOT_FOUND)
    return new Promise((resolve) => {
      const timer = this.#clock.after(this.#callDeadlineMs, () => {
        this.#isHung = true
        this.#kept.push(args)
        resolve(NVML_HUNG)
      })
      native.async(...args, (error: unknown, code: unknown) => {
        timer.cancel()
        resolve(error === null && typeof code === 'number' ? code : NVML_FUNCTION_NOT_FOUND)
      })
    })
  }

  #function(name: NvmlFunction): NativeFunction | null {
    const known = this.#functions.get(name)
    if (known !== undefined) return known
    let native: NativeFunction | null = null
    try {
      native = this.#native.func(name, 'int', [...NVML_FUNCTIONS[name]])
    } catch {
      // An older driver: the field stays absent.
    }
    this.#functions.set(name, native)
    return native
  }
}
