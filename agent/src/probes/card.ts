/**
 * One device as a parser of a vendor's tool makes it, with the keys that `parse --json` prints, and
 * what a whole output amounts to. `null` is what the text does not tell; it never means 0. Memory
 * in MiB (the tools that say MB or GB mean powers of 1024), power in watts, temperature in degrees
 * Celsius. A vendor extends the device by keys of its own.
 */
import type { ErrorCode, Vendor } from '@yiben/shared'
import type { ParsedOutput } from './probe.ts'

export interface CardProcess {
  readonly pid: number | null
  /** Never leaves `parse`: a probe counts processes and sums memory. */
  readonly name: string | null
  readonly memory_mib: number | null
}

export interface CardDevice {
  /** As printed, else counted in printed order. */
  readonly index: number
  readonly name: string | null
  readonly uuid: string | null
  readonly serial: string | null
  /** As printed. */
  readonly pci: string | null
  /** The same, lower case with a domain: `0000:0c:00.0`. */
  readonly pci_bdf: string | null
  readonly memory_total_mib: number | null
  readonly memory_used_mib: number | null
  /** Compute utilization only; activity of the memory controller is another thing. */
  readonly utilization_pct: number | null
  readonly power_w: number | null
  readonly power_cap_w?: number | null
  readonly temperature_c: number | null
  /** The vendor's own word. */
  readonly health?: string | null
  /** `null`: the output says nothing of this device's processes. `[]`: it says there are none. */
  readonly processes: readonly CardProcess[] | null
  /** A row that repeats an earlier one: its index. It is not counted. */
  readonly duplicate_of?: number
}

export interface CardOutput<Device extends CardDevice = CardDevice> {
  /** Which tool printed it, by its own banner where it has one: `cnmon`, `ht-smi`. */
  readonly tool: string
  readonly toolVersion: string | null
  readonly driverVersion: string | null
  readonly devices: readonly Device[]
  /** Top-level facts beside the devices, for `parse --json`. */
  readonly facts?: Readonly<Record<string, unknown>>
}

/** The tool reports a failure, or the text is none of its outputs. No device is told. */
export interface CardFailure {
  readonly failure: {
    /** `no_devices`, `init_failed`, `wrong_tool`, `unreadable` …: for `parse --json` and tests. */
    readonly class: string
    readonly code: ErrorCode
    /** The tool's own line, or a sentence of ours. */
    readonly text: string
    /** What to do about it; empty where nobody can tell. */
    readonly advice: string
    /** What else the text tells, for `parse --json`: `pci` of a lost card, a return value. */
    readonly facts?: Readonly<Record<string, unknown>>
  }
}

export type CardReading<Device extends CardDevice = CardDevice> = CardOutput<Device> | CardFailure

export function isFailure(reading: CardReading): reading is CardFailure {
  return 'failure' in reading
}

/** The text is no output of this tool that is known here: nothing of it may be used. */
export function unreadable(sentence: string): CardFailure {
  return {
    failure: { class: 'unreadable', code: 'tool_output_unreadable', text: sentence, advice: '' },
  }
}

/** Another maker's tool of the same name printed it, by what it says of itself. */
export function wrongTool(sentence: string): CardFailure {
  return { failure: { class: 'wrong_tool', code: 'tool_wrong_vendor', text: sentence, advice: '' } }
}

/** A reading in the shape of `parse --json`; `tool` is the one that is named where none is known. */
export function parsedOutput(vendor: Vendor, tool: string, reading: CardReading): ParsedOutput {
  if (isFailure(reading)) {
    const { advice, facts, ...told } = reading.failure
    return {
      vendor,
      tool,
      tool_version: null,
      driver_version: null,
      devices: [],
      error: { ...told, ...facts, ...(advice === '' ? {} : { advice }) },
    }
  }
  return {
    vendor,
    tool: reading.tool,
    tool_version: reading.toolVersion,
    driver_version: reading.driverVersion,
    ...reading.facts,
    devices: reading.devices.map((device) => Object.fromEntries(Object.entries(device))),
  }
}

/** A device of which the text tells nothing but what is given. */
export function sparseCard(index: number, known: Partial<CardDevice> = {}): CardDevice {
  return {
    index,
    name: null,
    uuid: null,
    serial: null,
    pci: null,
    pci_bdf: null,
    memory_total_mib: null,
    memory_used_mib: null,
    utilization_pct: null,
    power_w: null,
    temperature_c: null,
    processes: null,
    ...known,
  }
}

/** Every key the device has no value for is taken from the other one. */
export function fillFrom<Device extends CardDevice>(device: Device, other: Device): Device {
  const told = Object.entries(device).filter(([, value]) => value !== null && value !== undefined)
  return { ...other, ...Object.fromEntries(told) }
}
