/**
 * Utilization of MIG instances: NVML's plain counters have none, but from Hopper on the library
 * compares two snapshots of an instance's performance counters (GPM). One snapshot is kept per GPU
 * instance; each reading takes the next and asks what happened between the two. Compute instances
 * of one GPU instance share its counters. Where the part does not offer it nothing is told.
 */
import type { NvmlLibrary } from './nvml-library.ts'
import { type Handle, readHandle } from './nvml-readers.ts'
import { GPM_METRICS, GPM_SUPPORT, NVML_SUCCESS } from './nvml-tables.ts'

/** Two snapshots of one instance: the last one taken, and the one to be taken next. */
interface Snapshots {
  last: Handle
  next: Handle
  isTaken: boolean
}

export interface GpmReading {
  /** The part offers the counters at all. */
  readonly isOffered: boolean
  /** Percent of the time since the reading before in which an engine worked; `null` at the first. */
  readonly percent: number | null
}

const NOT_OFFERED: GpmReading = { isOffered: false, percent: null }

export class GpmReader {
  readonly #library: NvmlLibrary
  readonly #offered = new Map<Handle, boolean>()
  readonly #snapshots = new Map<string, Snapshots>()

  constructor(library: NvmlLibrary) {
    this.#library = library
  }

  /** `card` is the handle of the cut card, `instance` the id of the GPU instance. */
  async read(card: Handle, instance: number | null): Promise<GpmReading> {
    if (instance === null || !(await this.#isOffered(card))) return NOT_OFFERED
    const key = `${card}/${instance}`
    const snapshots = this.#snapshots.get(key) ?? (await this.#allocate(key))
    if (snapshots === null) return NOT_OFFERED
    const { last, next, isTaken } = snapshots
    const code = await this.#library.call('nvmlGpmMigSampleGet', card, instance, next)
    if (code !== NVML_SUCCESS) {
      // What lies between would not be what happened since the reading before.
      snapshots.isTaken = false
      return { isOffered: true, percent: null }
    }
    this.#snapshots.set(key, { last: next, next: last, isTaken: true })
    return { isOffered: true, percent: isTaken ? await this.#between(last, next) : null }
  }

  async close(): Promise<void> {
    const handles = [...this.#snapshots.values()].flatMap(({ last, next }) => [last, next])
    this.#snapshots.clear()
    for (const handle of handles) await this.#library.call('nvmlGpmSampleFree', handle)
  }

  async #isOffered(card: Handle): Promise<boolean> {
    const known = this.#offered.get(card)
    if (known !== undefined) return known
    const support = Buffer.alloc(GPM_SUPPORT.size)
    support.writeUInt32LE(GPM_SUPPORT.version, 0)
    const code = await this.#library.call('nvmlGpmQueryDeviceSupport', card, support)
    const isOffered = code === NVML_SUCCESS && support.readUInt32LE(GPM_SUPPORT.isSupportedAt) === 1
    this.#offered.set(card, isOffered)
    return isOffered
  }

  async #allocate(key: string): Promise<Snapshots | null> {
    const last = await readHandle(this.#library, 'nvmlGpmSampleAlloc')
    const next = await readHandle(this.#library, 'nvmlGpmSampleAlloc')
    if (last.value === null || next.value === null) return null
    const snapshots = { last: last.value, next: next.value, isTaken: false }
    this.#snapshots.set(key, snapshots)
    return snapshots
  }

  async #between(first: Handle, second: Handle): Promise<number | null> {
    const question = Buffer.alloc(GPM_METRICS.size)
    question.writeUInt32LE(GPM_METRICS.version, 0)
    question.writeUInt32LE(1, GPM_METRICS.countAt)
    question.writeBigUInt64LE(first, GPM_METRICS.firstAt)
    question.writeBigUInt64LE(second, GPM_METRICS.secondAt)
    question.writeUInt32LE(GPM_METRICS.graphicsUtilization, GPM_METRICS.metricAt)
    const code = await this.#library.call('nvmlGpmMetricsGet', question)
    const own = question.readUInt32LE(GPM_METRICS.returnAt)
    const percent = question.readDoubleLE(GPM_METRICS.valueAt)
    return code === NVML_SUCCESS && own === NVML_SUCCESS && Number.isFinite(percent)
      ? percent
      : null
  }
}
