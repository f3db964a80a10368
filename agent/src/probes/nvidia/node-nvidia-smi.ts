/**
 * The third way: the package node-nvidia-smi, which runs `nvidia-smi -q -x` and gives it as an
 * object. Used for inventory where the library is not there, and for samples as the last resort.
 *
 * The package has no deadline and no way to end its child, finds the tool through the agent's own
 * `PATH`, and takes any word on standard error for a failure. So a bounded call goes first (a tool
 * that hangs is not handed to the package), a call past its deadline ends this way for good, and
 * where the package fails the same command is run and read by our own means.
 */
import type { Clock } from '@yiben/shared'
import { isFailure, unreadable } from '../card.ts'
import { toolLines } from '../formats/tool-lines.ts'
import {
  PROBE_DEADLINE_MS,
  type ProbeFailure,
  TOOL_OUTPUT_BYTES_MAX,
  type ToolResult,
  type ToolRunner,
} from '../probe.ts'
import type { NvidiaDevice, NvidiaSlice } from './devices.ts'
import { nvidiaErrors } from './error-texts.ts'
import { readNvidiaOutput } from './parse.ts'
import { parseNvidiaList } from './parse-list.ts'
import { readNvidiaLog } from './parse-xml.ts'
import { isShimText, refusedShim, withoutShim } from './ppu-shim.ts'
import { toolFailure, unitProblems } from './tool-failures.ts'
import { failed, type NvidiaWay, type WayReading } from './way.ts'

const UNKNOWN_LOG = 'nvidia-smi -q -x printed nothing that is known here.'

export interface PackageWayOptions {
  readonly exec: ToolRunner
  readonly clock: Clock
  /**
   * Whether the package may be asked: it runs whatever `nvidia-smi` the agent's own `PATH` has,
   * which is not the tool meant when folders for tools are configured.
   */
  readonly usePackage: boolean
  readonly deadlineMs?: number
}

export class PackageWay implements NvidiaWay {
  readonly name = 'node-nvidia-smi'
  readonly #exec: ToolRunner
  readonly #clock: Clock
  readonly #usePackage: boolean
  readonly #deadlineMs: number
  #isHung = false

  constructor({ exec, clock, usePackage, deadlineMs = PROBE_DEADLINE_MS }: PackageWayOptions) {
    this.#exec = exec
    this.#clock = clock
    this.#usePackage = usePackage
    this.#deadlineMs = deadlineMs
  }

  get isHung(): boolean {
    return this.#isHung
  }

  inventory(): Promise<WayReading | ProbeFailure> {
    return this.#read()
  }

  sample(): Promise<WayReading | ProbeFailure> {
    return this.#read()
  }

  async release(): Promise<void> {
    // Every call ends its own child; nothing stays open.
  }

  async #read(): Promise<WayReading | ProbeFailure> {
    // `-L` is cheap, proves that the tool comes back, and alone names slices by their UUIDs.
    const list = await this.#run(['-L'])
    if (list.status !== 'exited') return toolFailure(list)
    const listed = isShimText(list.stdout)
      ? refusedShim()
      : withoutShim(parseNvidiaList(toolLines(list.stdout)))
    if (isFailure(listed)) return failed(listed.failure.code, listed.failure.text)
    const log = (await this.#askPackage()) ?? (await this.#askTool())
    if ('status' in log) return log
    const { reading, problems } = log
    if (reading.devices.length === 0) {
      return failed('tool_failed', 'nvidia-smi -q -x lists no device.')
    }
    return {
      status: 'ok',
      driverVersion: reading.driverVersion,
      devices: reading.devices.map((device) => withListedSlices(device, listed.devices)),
      problems,
    }
  }

  #run(args: readonly string[]): Promise<ToolResult> {
    return this.#exec.run({
      tool: 'nvidia-smi',
      args,
      deadlineMs: this.#deadlineMs,
      outputBytesMax: TOOL_OUTPUT_BYTES_MAX,
    })
  }

  /** `null` where the package must not be asked or has no answer that can be read. */
  async #askPackage() {
    if (!this.#usePackage || this.#isHung) return null
    const { default: smi } = await import('node-nvidia-smi')
    const data = await new Promise<unknown>((resolve) => {
      const timer = this.#clock.after(this.#deadlineMs, () => {
        this.#isHung = true
        resolve(null)
      })
      smi((error, answer) => {
        timer.cancel()
        resolve(error === null || error === undefined ? answer : null)
      })
    })
    // A shim's log is left to our own call, which says why it is refused.
    const reading = data === null ? null : withoutShim(readNvidiaLog(data))
    return reading === null || isFailure(reading) ? null : { reading, problems: [] }
  }

  async #askTool() {
    const result = await this.#run(['-q', '-x'])
    if (result.status !== 'exited') return toolFailure(result)
    const [error] = nvidiaErrors(result.stdout)
    const reading = readNvidiaOutput(result.stdout, 'nvidia-smi -q -x')
    if (reading === null || isFailure(reading)) {
      const failure = reading?.failure ?? unreadable(UNKNOWN_LOG).failure
      const isTold = error !== undefined && failure.class !== 'wrong_tool'
      return isTold ? toolFailure(error) : failed(failure.code, failure.text)
    }
    return { reading, problems: unitProblems(nvidiaErrors(result.stdout)) }
  }
}

/** The XML has instance ids and memory of a slice, the list its UUID and profile: by index. */
function withListedSlices(device: NvidiaDevice, listed: readonly NvidiaDevice[]): NvidiaDevice {
  const slices = device.mig_devices ?? []
  const named = listed.find((other) => other.uuid === device.uuid)?.mig_devices ?? []
  if (slices.length === 0) return device
  const merged = slices.map((slice): NvidiaSlice => {
    const match = named.find((other) => other.index === slice.index)
    return match === undefined ? slice : { ...match, ...slice }
  })
  return { ...device, mig_devices: merged }
}
