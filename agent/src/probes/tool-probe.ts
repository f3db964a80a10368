/**
 * A probe of any vendor whose cards are read by running its tool: `CardVendor` says how. Remembers
 * from inventory what sampling does not print again (ids, names, sizes), by the place of the card,
 * and learns anew when a place appears that it does not know.
 *
 * Promises: another maker's tool of the same name is recognised by its output and refused; an
 * output without any card is a failure, never an empty node; two cards that claim one id are known
 * by their places instead; a card is never read under the id of another one.
 */
import type { ErrorCode, Vendor } from '@yiben/shared'
import { type CardDevice, type CardReading, fillFrom, isFailure, parsedOutput } from './card.ts'
import { inventoryOf, type PlacedCard, placedCards, sampleOf } from './card-units.ts'
import type { Answer, CardVendor, ToolSession } from './card-vendor.ts'
import { readPciAccelerators } from './pci.ts'
import {
  type Detection,
  type Inventory,
  PROBE_DEADLINE_MS,
  type Probe,
  type ProbeContext,
  type ProbeFailure,
  type ProbeSample,
  TOOL_OUTPUT_BYTES_MAX,
  type ToolResult,
  type VendorModule,
} from './probe.ts'

/** Codes of what a tool call can end with besides an answer. */
export const CALL_CODES: Readonly<Record<Exclude<ToolResult['status'], 'exited'>, ErrorCode>> = {
  missing: 'tool_missing',
  denied: 'permission_denied',
  timeout: 'tool_timeout',
  too_large: 'tool_output_too_large',
  killed: 'tool_failed',
}

/** What the dynamic loader prints for a tool whose libraries are not installed. */
const LOADER_ERROR = /error while loading shared libraries: ([^\s:]+): cannot open shared object/

/** What a vendor's file hands to the registry. */
export function cardVendorModule<Device extends CardDevice>(
  vendor: CardVendor<Device>,
): VendorModule {
  return {
    create: (context) => new ToolProbe(vendor, context),
    parse: (text, command) => {
      const tool = vendor.tools[0] ?? vendor.vendor
      return parsedOutput(vendor.vendor, tool, vendor.read(text, command))
    },
    offers: (text, command) => {
      const reading = vendor.read(text, command)
      const [first] = isFailure(reading) ? [] : reading.devices
      return first === undefined ? null : vendor.offersOf(first)
    },
  }
}

export class ToolProbe<Device extends CardDevice> implements Probe {
  readonly vendor: Vendor
  readonly #description: CardVendor<Device>
  readonly #context: ProbeContext
  /** What inventory told, by place. */
  #known: ReadonlyMap<string, Device> = new Map()

  constructor(description: CardVendor<Device>, context: ProbeContext) {
    this.vendor = description.vendor
    this.#description = description
    this.#context = context
  }

  async detect(): Promise<Detection> {
    const session = this.#session()
    if (session === null) return { status: 'absent' }
    const answer = await this.#description.sample(session)
    if (answer.status === 'ok') {
      return { status: 'present', tool: session.tool, toolVersion: answer.output.toolVersion }
    }
    // A tool that stayed behind on a machine without a card of its maker reports nothing wrong.
    return (await this.#isOnBus()) ? { ...answer, status: 'broken' } : { status: 'absent' }
  }

  async inventory(): Promise<Inventory | ProbeFailure> {
    const answer = await this.#learn()
    if (answer.status === 'failed') return answer
    const { tool, toolVersion, driverVersion } = answer.output
    const cards = this.#placed(answer.output.devices)
    const known = { driverVersion, rootPrefix: this.#context.rootPrefix }
    return { status: 'ok', tool, toolVersion, ...inventoryOf(this.#description, cards, known) }
  }

  async sample(): Promise<ProbeSample | ProbeFailure> {
    const session = this.#session()
    if (session === null) return missing(this.#description.tools)
    let answer = await this.#description.sample(session)
    let observedAtMs: number | null = null
    if (answer.status === 'ok' && !this.#fits(countedDevices(answer.output.devices))) {
      const learned = await this.#learn()
      if (learned.status === 'failed') return learned
      // How a card is cut may be told by the inventory alone: without it the reading is another one.
      observedAtMs = this.#context.clock.monotonicMs()
      answer = await this.#description.sample(session)
    }
    if (answer.status === 'failed') return answer
    const devices = countedDevices(answer.output.devices)
    const cards = this.#placed(devices.map((device) => this.#remembered(device)))
    return {
      status: 'ok',
      tool: answer.output.tool,
      ...(observedAtMs === null ? {} : { observedAtMs }),
      ...sampleOf(this.#description, cards),
    }
  }

  async release(): Promise<void> {
    // Every call ends its own child; nothing stays open.
  }

  async #learn(): Promise<Answer<Device>> {
    const session = this.#session()
    if (session === null) return missing(this.#description.tools)
    const answer = await this.#description.inventory(session)
    if (answer.status === 'ok') {
      const devices = countedDevices(answer.output.devices)
      this.#known = new Map(devices.map((device) => [this.#placeOf(device), device]))
    }
    return answer
  }

  /** Numbers alone name a card only as long as there are as many of them as when they were given. */
  #fits(devices: readonly Device[]): boolean {
    const isKnown = devices.every((device) => this.#known.has(this.#placeOf(device)))
    const isByNumber = devices.some((device) => device.pci_bdf === null && device.uuid === null)
    return isKnown && (!isByNumber || devices.length === this.#known.size)
  }

  #remembered(device: Device): Device {
    const known = this.#known.get(this.#placeOf(device))
    if (known === undefined) return device
    const { name, uuid, serial, pci, pci_bdf, memory_total_mib, power_cap_w } = known
    // Only what stays: a figure of another moment must not stand in for one that is absent now.
    const lasting = { name, uuid, serial, pci, pci_bdf, memory_total_mib }
    const filled = fillFrom(device, { ...device, ...lasting })
    return power_cap_w === undefined || device.power_cap_w !== undefined
      ? filled
      : { ...filled, power_cap_w }
  }

  #placed(devices: readonly Device[]): PlacedCard<Device>[] {
    return placedCards(this.#description, countedDevices(devices), (device) =>
      this.#placeOf(device),
    )
  }

  #placeOf(device: Device): string {
    const { placeOf } = this.#description
    return placeOf === undefined ? (device.pci_bdf ?? `${device.index}`) : placeOf(device)
  }

  #session(): ToolSession<Device> | null {
    const { exec, rootPrefix } = this.#context
    const tool = this.#description.tools.find((name) => exec.locate(name) !== null)
    if (tool === undefined) return null
    return {
      tool,
      rootPrefix,
      ask: (args) => this.#ask(tool, args),
      run: async (args) => {
        const result = await this.#run(tool, args)
        return result.status === 'exited' ? result.stdout : null
      },
    }
  }

  async #ask(tool: string, args: readonly string[]): Promise<Answer<Device>> {
    const { read } = this.#description
    const result = await this.#run(tool, args)
    if (result.status !== 'exited') {
      return { status: 'failed', code: CALL_CODES[result.status], sentence: result.sentence }
    }
    const command = [tool, ...args].join(' ')
    const reading = read(result.stdout, command)
    if (!isFailure(reading) && reading.devices.length > 0) return { status: 'ok', output: reading }
    return failureOf(command, result, [reading, read(result.stderr, command)])
  }

  #run(tool: string, args: readonly string[]): Promise<ToolResult> {
    const { environment } = this.#description
    return this.#context.exec.run({
      tool,
      args,
      deadlineMs: PROBE_DEADLINE_MS,
      outputBytesMax: TOOL_OUTPUT_BYTES_MAX,
      ...(environment === undefined ? {} : { environment }),
    })
  }

  async #isOnBus(): Promise<boolean> {
    const bus = await readPciAccelerators(this.#context.rootPrefix)
    // A bus that cannot be read (a container, a board without one) says nothing.
    return bus === null || bus.some(({ vendor }) => vendor === this.vendor)
  }
}

/** Soft partitions print a card twice; it is one. */
function countedDevices<Device extends CardDevice>(devices: readonly Device[]): Device[] {
  return devices.filter((device) => device.duplicate_of === undefined)
}

function missing(tools: readonly string[]): ProbeFailure {
  const sentence = `None of ${tools.join(', ')} is on the search path of the agent.`
  return { status: 'failed', code: 'tool_missing', sentence }
}

/** What the tool says of its failure, on either stream; else how it ended. */
function failureOf(
  command: string,
  { exitCode, stderr }: { readonly exitCode: number; readonly stderr: string },
  readings: readonly CardReading[],
): ProbeFailure {
  const library = LOADER_ERROR.exec(stderr)?.[1]
  if (library !== undefined) {
    const sentence = `${command} does not start: the system finds no ${library}.`
    return { status: 'failed', code: 'library_missing', sentence }
  }
  for (const reading of readings) {
    if (!isFailure(reading) || reading.failure.code === 'tool_output_unreadable') continue
    const { code, text, advice } = reading.failure
    return { status: 'failed', code, sentence: `${command} says: ${text} ${advice}`.trim() }
  }
  if (exitCode !== 0) {
    const sentence = `${command} ended with exit code ${exitCode} and told no card.`
    return { status: 'failed', code: 'tool_failed', sentence }
  }
  const [first] = readings
  const why = first !== undefined && isFailure(first) ? first.failure.text : 'It names no card.'
  return { status: 'failed', code: 'tool_output_unreadable', sentence: `${command}: ${why}` }
}
