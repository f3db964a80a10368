/**
 * NVIDIA accelerators, in three ways tried in order: the library, a long-lived `nvidia-smi`, the
 * package node-nvidia-smi. A way whose call hangs for ever is never called again; the next takes
 * over within the same reading. Keys are the same whichever way answered.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Vendor } from '@yiben/shared'
import { isFailure } from '../card.ts'
import { inventoryOf, type PlacedCard, placedCards, sampleOf } from '../card-units.ts'
import { readPciAccelerators } from '../pci.ts'
import type {
  Detection,
  Inventory,
  Probe,
  ProbeContext,
  ProbeFailure,
  ProbeSample,
  VendorModule,
} from '../probe.ts'
import type { NvidiaDevice } from './devices.ts'
import { PackageWay } from './node-nvidia-smi.ts'
import { hung, NvmlWay } from './nvml.ts'
import { parseNvidia, readNvidiaOutput } from './parse.ts'
import { SmiStreamWay } from './smi-stream.ts'
import { NVIDIA_TRAITS, offersOf, placeOf, withoutMeaningless } from './traits.ts'
import { failed, type NvidiaWay, type WayReading } from './way.ts'

const DRIVER_TOOL = 'nvidia-smi'
/** Signs of a loaded driver (the last one is that of WSL); without any the library is not tried. */
const DRIVER_FILES = ['proc/driver/nvidia/version', 'dev/nvidiactl', 'dev/dxg'] as const

export interface NvidiaProbeOptions {
  readonly nvmlCallDeadlineMs?: number
  readonly packageDeadlineMs?: number
}

interface Answer {
  readonly status: 'ok'
  readonly way: NvidiaWay
  readonly reading: WayReading
}

export const nvidia: VendorModule = {
  create: (context) => new NvidiaProbe(context),
  parse: parseNvidia,
  offers: (text, command) => {
    const reading = readNvidiaOutput(text, command)
    const [first] = reading === null || isFailure(reading) ? [] : reading.devices
    return first === undefined ? null : offersOf(first)
  },
}

export class NvidiaProbe implements Probe {
  readonly vendor: Vendor = 'nvidia'
  readonly #context: ProbeContext
  readonly #nvml: NvmlWay
  readonly #stream: SmiStreamWay
  readonly #package: PackageWay
  /** Slices are not in CSV: with MIG on, the stream is passed over. */
  #hasMig = false
  /** The stream cannot tell the processes here, the XML can. */
  #prefersXml = false

  constructor(context: ProbeContext, options: NvidiaProbeOptions = {}) {
    const { exec, clock, nvmlLibrary } = context
    this.#context = context
    this.#nvml = new NvmlWay({
      clock,
      file: nvmlLibrary,
      ...(options.nvmlCallDeadlineMs === undefined
        ? {}
        : { callDeadlineMs: options.nvmlCallDeadlineMs }),
    })
    this.#stream = new SmiStreamWay({ exec, clock })
    this.#package = new PackageWay({
      exec,
      clock,
      usePackage: context.toolPath.length === 0,
      ...(options.packageDeadlineMs === undefined ? {} : { deadlineMs: options.packageDeadlineMs }),
    })
  }

  /** A native call or an unkillable child hangs: the process must be ended with SIGKILL. */
  get isHung(): boolean {
    return this.#nvml.isHung || this.#package.isHung
  }

  async detect(): Promise<Detection> {
    const library = this.#mayUseLibrary ? await this.#nvml.sample() : null
    if (library?.status === 'ok') {
      return { status: 'present', tool: this.#nvml.name, toolVersion: library.driverVersion }
    }
    if (this.#context.exec.locate(DRIVER_TOOL) === null) {
      if (this.#nvml.isHung) return { ...hung(), status: 'broken' }
      if (library === null || library.code === 'library_missing') return { status: 'absent' }
      return { status: 'broken', code: library.code, sentence: library.sentence }
    }
    const reading = await this.#package.inventory()
    if (reading.status === 'ok') {
      return { status: 'present', tool: DRIVER_TOOL, toolVersion: reading.driverVersion }
    }
    // Another maker's tool under this name says nothing of NVIDIA cards.
    if (reading.code === 'tool_wrong_vendor' && !(await this.#isOnBus()))
      return { status: 'absent' }
    return { status: 'broken', code: reading.code, sentence: reading.sentence }
  }

  async inventory(): Promise<Inventory | ProbeFailure> {
    const answer = await this.#first([this.#nvml, this.#package, this.#stream], 'inventory')
    if (answer.status === 'failed') return answer
    const { way, reading } = answer
    this.#hasMig = reading.devices.some((device) => device.mig_enabled === true)
    this.#prefersXml = false
    const { driverVersion, problems } = reading
    const known = { driverVersion, rootPrefix: this.#context.rootPrefix }
    const inventory = inventoryOf(NVIDIA_TRAITS, cardsOf(reading), known)
    return {
      status: 'ok',
      tool: way.name,
      toolVersion: driverVersion,
      units: inventory.units,
      problems: [...problems, ...inventory.problems],
    }
  }

  async sample(): Promise<ProbeSample | ProbeFailure> {
    const ways =
      this.#hasMig || this.#prefersXml
        ? [this.#nvml, this.#package]
        : [this.#nvml, this.#stream, this.#package]
    const answer = await this.#withProcesses(await this.#first(ways, 'sample'))
    if (answer.status === 'failed') return answer
    const { way, reading } = answer
    this.#hasMig = reading.devices.some((device) => device.mig_enabled === true)
    const sample = sampleOf(NVIDIA_TRAITS, cardsOf(reading))
    return {
      status: 'ok',
      tool: way.name,
      readings: sample.readings,
      problems: [...reading.problems, ...sample.problems],
      ...(reading.observedAtMs === undefined ? {} : { observedAtMs: reading.observedAtMs }),
    }
  }

  async release(): Promise<void> {
    await Promise.all([this.#stream.release(), this.#nvml.release(), this.#package.release()])
  }

  /** Without a process list nothing is ever proven free: then the XML is asked for it. */
  async #withProcesses(answer: Answer | ProbeFailure): Promise<Answer | ProbeFailure> {
    if (answer.status === 'failed' || answer.way !== this.#stream) return answer
    const { devices } = answer.reading
    if (this.#package.isHung || devices.some(({ processes }) => processes !== null)) return answer
    const reading = await this.#package.sample()
    if (reading.status === 'failed') return answer
    await this.#stream.release()
    this.#prefersXml = true
    return { status: 'ok', way: this.#package, reading }
  }

  async #isOnBus(): Promise<boolean> {
    const bus = await readPciAccelerators(this.#context.rootPrefix)
    // A bus that cannot be read says nothing.
    return bus === null || bus.some(({ vendor }) => vendor === this.vendor)
  }

  get #mayUseLibrary(): boolean {
    const { nvmlLibrary, rootPrefix } = this.#context
    if (this.#nvml.isHung) return false
    return (
      nvmlLibrary !== null || DRIVER_FILES.some((file) => existsSync(join(rootPrefix || '/', file)))
    )
  }

  /** The first way that answers; when none does, the failure that says most. */
  async #first(
    ways: readonly NvidiaWay[],
    call: 'inventory' | 'sample',
  ): Promise<Answer | ProbeFailure> {
    const failures: ProbeFailure[] = []
    const hasTool = this.#context.exec.locate(DRIVER_TOOL) !== null
    for (const way of ways) {
      const mayUse = way === this.#nvml ? this.#mayUseLibrary : hasTool && !way.isHung
      if (!mayUse) continue
      const reading = await way[call]()
      if (reading.status === 'ok') {
        // A way further down works, so the long-lived child of another is not needed.
        if (way === this.#nvml && failures.length === 0) await this.#stream.release()
        return { status: 'ok', way, reading }
      }
      failures.push(reading)
      this.#context.log.debug(
        { way: way.name, code: reading.code, sentence: reading.sentence },
        'a way to read NVIDIA accelerators failed',
      )
    }
    return tellingFailure(failures)
  }
}

/** "The library is not there" says least, and only where nothing else was tried. */
function tellingFailure(failures: readonly ProbeFailure[]): ProbeFailure {
  const telling = failures.filter(({ code }) => code !== 'library_missing')
  const [first] = telling.length > 0 ? telling : failures
  if (first === undefined) {
    return failed('tool_missing', 'Neither the NVIDIA library nor nvidia-smi can be used.')
  }
  const sentences = [...new Set(telling.map(({ sentence }) => sentence))]
  return sentences.length > 1 ? failed(first.code, sentences.join(' ')) : first
}

function cardsOf({ devices }: WayReading): PlacedCard<NvidiaDevice>[] {
  return placedCards(NVIDIA_TRAITS, devices.map(withoutMeaningless), placeOf)
}
