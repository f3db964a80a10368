/**
 * A probe whose code is loaded when this machine shows a sign of its vendor. Until then the vendor
 * is absent, at the price of looking for a few files.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Vendor } from '@yiben/shared'
import type {
  Detection,
  Inventory,
  Probe,
  ProbeContext,
  ProbeFailure,
  ProbeSample,
  VendorModule,
} from './probe.ts'

/** By what a vendor shows on a machine before anything of it is loaded. */
export interface VendorSigns {
  readonly vendor: Vendor
  readonly tools: readonly string[]
  /** Files of its driver, without the leading slash. */
  readonly files?: readonly string[]
  /** Whether the configuration names something of it. */
  readonly isNamed?: (context: ProbeContext) => boolean
}

export class LazyProbe implements Probe {
  readonly vendor: Vendor
  readonly #signs: VendorSigns
  readonly #load: () => Promise<VendorModule>
  readonly #context: ProbeContext
  #probe: Probe | null = null

  constructor(signs: VendorSigns, load: () => Promise<VendorModule>, context: ProbeContext) {
    this.vendor = signs.vendor
    this.#signs = signs
    this.#load = load
    this.#context = context
  }

  get isHung(): boolean {
    return this.#probe?.isHung === true
  }

  async detect(): Promise<Detection> {
    return (await this.#present())?.detect() ?? { status: 'absent' }
  }

  async inventory(): Promise<Inventory | ProbeFailure> {
    return (await this.#present())?.inventory() ?? this.#nothingHere()
  }

  async sample(): Promise<ProbeSample | ProbeFailure> {
    return (await this.#present())?.sample() ?? this.#nothingHere()
  }

  async release(): Promise<void> {
    await this.#probe?.release()
  }

  async #present(): Promise<Probe | null> {
    if (this.#probe === null && this.#hasSign()) {
      const { create } = await this.#load()
      this.#probe ??= create(this.#context)
    }
    return this.#probe
  }

  #hasSign(): boolean {
    const { exec, rootPrefix } = this.#context
    const { tools, files = [], isNamed } = this.#signs
    return (
      isNamed?.(this.#context) === true ||
      tools.some((tool) => exec.locate(tool) !== null) ||
      files.some((file) => existsSync(join(rootPrefix || '/', file)))
    )
  }

  #nothingHere(): ProbeFailure {
    const sentence = `Nothing that reads ${this.vendor} cards is on this machine: ${this.#signs.tools.join(', ')}.`
    return { status: 'failed', code: 'tool_missing', sentence }
  }
}
