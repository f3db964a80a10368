/**
 * What every probe is: it knows how to read one vendor and nothing else.
 *
 * A probe may claim only what its tool printed. It MUST NOT put `0`, `false` or an empty list for
 * a value it could not source: absent is `null`. It never throws for what a tool does: failures
 * are results with a code and a sentence. Every call is bounded by `PROBE_DEADLINE_MS`, has one
 * tool call in flight at a time, and can be followed by `release()`, after which no driver handle
 * is open.
 */
import type { ErrorCode, IdentityStrength, UnitKind, UnitReading, Vendor } from '@yiben/shared'

/** A raw id as the vendor prints it; hashed before it leaves the node. */
export interface RawIdentity {
  readonly strength: IdentityStrength
  readonly raw: string
}

/** Which signals the vendor's tool offers for this unit at all; an offered one is required. */
export interface OfferedSignals {
  readonly utilization: boolean
  readonly memory: boolean
  readonly processes: boolean
  readonly health: boolean
  readonly power: boolean
}

/** One unit (card or slice) as inventory knows it. */
export interface InventoryUnit {
  /** Stable within and across boots where the vendor allows: the strongest raw id. */
  readonly key: string
  /** Key of the cut card; `null` for a card. */
  readonly parentKey: string | null
  readonly kind: UnitKind
  readonly vendor: Vendor
  /** As printed. */
  readonly name: string
  readonly memoryTotalBytes: number | null
  readonly powerCapWatts: number | null
  /** Parts per million of the parent; 1,000,000 for a card. */
  readonly sharePpm: number
  readonly driverVersion: string | null
  /** Strongest first; empty when the tool names none (the slot is added by the sampler). */
  readonly identities: readonly RawIdentity[]
  /** Lower case with a domain, `0000:0c:00.0`; stays on the node (matching, doctor). */
  readonly pciAddress: string | null
  /**
   * Device node by which a scheduler gives the unit away (`/dev/nvidia0`, `/dev/davinci3`); `null`
   * where no such node is known. Numbers in it are the driver's, not the order a tool lists.
   */
  readonly deviceFile: string | null
  readonly offers: OfferedSignals
}

export interface ProbeFailure {
  readonly status: 'failed'
  readonly code: ErrorCode
  /** One sentence for an administrator: what was tried, what came back, what to do. */
  readonly sentence: string
}

/** `absent`: nothing of this vendor here. `broken`: cards are there, no way to read them. */
export type Detection =
  | { readonly status: 'absent' }
  | { readonly status: 'present'; readonly tool: string; readonly toolVersion: string | null }
  | { readonly status: 'broken'; readonly code: ErrorCode; readonly sentence: string }

export interface Inventory {
  readonly status: 'ok'
  /** Which way answered: `nvml`, `nvidia-smi`, `node-nvidia-smi`, `npu-smi`. */
  readonly tool: string
  readonly toolVersion: string | null
  readonly units: readonly InventoryUnit[]
  /** Cards the tool named but could not read (lost, reset required), with their own words. */
  readonly problems: readonly UnitProblem[]
}

export interface UnitProblem {
  /** Inventory key or PCI address, as far as the tool named one. */
  readonly key: string | null
  readonly pciAddress: string | null
  readonly code: ErrorCode
  readonly sentence: string
}

export interface ProbeSample {
  readonly status: 'ok'
  readonly tool: string
  /**
   * When the values were true as far as is known: monotonic ms. Absent: when `sample()` was called.
   * A long-lived tool that prints by itself may have printed some seconds before.
   */
  readonly observedAtMs?: number
  readonly readings: readonly UnitReading[]
  readonly problems: readonly UnitProblem[]
}

export interface Probe {
  readonly vendor: Vendor
  /** Cheap and safe; never touches a driver known to be broken twice in a row. */
  detect(): Promise<Detection>
  inventory(): Promise<Inventory | ProbeFailure>
  sample(): Promise<ProbeSample | ProbeFailure>
  /** Lets go of every driver handle and child process, at most 2 s (C26); usable again after. */
  release(): Promise<void>
  /**
   * A native call or an unkillable child of this probe hangs and would hold the exit of the
   * process for ever: whoever stops the agent must end it with SIGKILL. Absent: never.
   */
  readonly isHung?: boolean
}

/** One accelerator seen on the PCI bus, whoever drives it. */
export interface PciAccelerator {
  readonly address: string
  readonly vendor: Vendor
  /** From our own table; `null`: maker known, model unknown. */
  readonly model: string | null
  readonly vendorId: string
  readonly deviceId: string
  /** Kernel driver bound to it (`nvidia`, `vfio-pci` …), `null` for none. */
  readonly driver: string | null
  readonly isVirtualFunction: boolean
}

/** A device in the shape of `parse --json`; keys as the capture conventions name them. */
export interface ParsedDevice {
  readonly [key: string]: unknown
}

export interface ParsedOutput {
  readonly vendor: Vendor
  readonly tool: string
  readonly tool_version: string | null
  readonly driver_version?: string | null
  readonly error?: {
    readonly code: ErrorCode
    readonly text: string
    readonly [key: string]: unknown
  }
  readonly devices: readonly ParsedDevice[]
  readonly [key: string]: unknown
}

/** What a vendor's file gives: how to make its probe, and how to read an output of its tool. */
export interface VendorModule {
  readonly create: (context: ProbeContext) => Probe
  /** `command` is the command line the text came from, where it is known. */
  readonly parse: (text: string, command: string | null) => ParsedOutput
  /** What the tool tells of the first card of an output, by the probe's own rules; `null`: no card. */
  readonly offers: (text: string, command: string | null) => OfferedSignals | null
}

/** A vendor the agent watches. */
export interface VendorEntry {
  readonly vendor: Vendor
  readonly create: (context: ProbeContext) => Probe
}

/** What a probe is given; it reads nothing else of the machine. */
export interface ProbeContext {
  readonly exec: ToolRunner
  readonly clock: import('@yiben/shared').Clock
  readonly log: import('@yiben/shared').Logger
  /** Put before `/sys`, `/proc`, `/dev`, so that fixtures stand in for the system. Default ''. */
  readonly rootPrefix: string
  /** Folders searched for tools before the usual ones; tests put fake tools there. */
  readonly toolPath: readonly string[]
  /** Explicit NVML library file; `null` for the usual names. */
  readonly nvmlLibrary: string | null
}

export interface ToolCall {
  /** Bare name (`npu-smi`) or absolute path. */
  readonly tool: string
  readonly args: readonly string[]
  readonly deadlineMs: number
  readonly outputBytesMax: number
  /** Added to what every tool gets; for tools that do not find their own libraries. */
  readonly environment?: Readonly<Record<string, string>>
  /** Ends the call as `killed`; used when every driver handle must be let go at once. */
  readonly signal?: AbortSignal
}

export type ToolResult =
  | {
      readonly status: 'exited'
      readonly exitCode: number
      readonly stdout: string
      readonly stderr: string
      readonly durationMs: number
      /** CPU time of the tool, where the system tells; `null` where it does not. */
      readonly cpuMs?: number | null
    }
  | {
      readonly status: 'missing' | 'denied' | 'timeout' | 'too_large' | 'killed'
      readonly sentence: string
      readonly durationMs: number
    }

/** `outputBytesMax` and `linesMax` per 10 s: past either the child is killed. */
export type StreamCall = Omit<ToolCall, 'deadlineMs' | 'signal'> & {
  readonly lineBytesMax: number
  /** Each line is read by itself: without this bound a megabyte of empty ones holds up everything. */
  readonly linesMax: number
}

/** A long-lived child whose lines are watched; ends by itself never, by `stop()` always. */
export interface ToolStream {
  readonly onLine: (handler: (line: string) => void) => void
  readonly onEnd: (handler: (sentence: string) => void) => void
  stop(): void
}

export interface ToolRunner {
  run(call: ToolCall): Promise<ToolResult>
  stream(call: StreamCall): ToolStream | null
  /** Absolute path of a tool, or `null` when it is nowhere on the search path. */
  locate(tool: string): string | null
}

/** 10 to 15 s are needed on busy nodes and without persistence mode (NordicHPC/sonar issue 92). */
export const PROBE_DEADLINE_MS = 15_000
/** `nvidia-smi -q -x` of 8 cards prints 90 kB; 16 cards with many processes stay below this. */
export const TOOL_OUTPUT_BYTES_MAX = 4 * 1024 * 1024
