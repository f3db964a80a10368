/**
 * One reading of one unit. Any field may be absent: what could not be read is `null`, never 0.
 * Vendor units are converted at the edge: bytes, watts, ratios 0..1, degrees Celsius.
 */
import type { FaultyCause } from './state.ts'

/** Engines a vendor may report besides the compute engine; each is a ratio 0..1 or absent. */
export const ENGINES = [
  'compute',
  'memory_controller',
  'vector',
  'encoder',
  'decoder',
  'jpeg',
  'optical_flow',
  'copy',
  'graphics',
] as const
export type Engine = (typeof ENGINES)[number]

export type EngineUtilization = Readonly<Partial<Record<Engine, number | null>>>

/** Who is on the unit: a count and memory, never a name or a command line. */
export interface ProcessReading {
  readonly computeCount: number
  /** `null`: the tool lists compute processes only. */
  readonly graphicsCount: number | null
  readonly memoryUsedBytes: number | null
}

export interface HealthReading {
  /** `unknown` where the vendor tells nothing: that is no problem by itself. */
  readonly status: 'ok' | 'warning' | 'failed' | 'unknown'
  /** Set when `status` is `failed`. */
  readonly cause: FaultyCause | null
  /** The vendor's own word, short, for the person who looks after the card. */
  readonly detail: string | null
}

export interface UnitReading {
  /** The probe's own stable key of the unit (raw identity); never leaves the node. */
  readonly key: string
  /** Absent as a whole where the unit has no counter (MIG without GPM, some split cards). */
  readonly utilization: EngineUtilization
  readonly memoryUsedBytes: number | null
  readonly memoryTotalBytes: number | null
  readonly powerWatts: number | null
  readonly temperatureCelsius: number | null
  readonly health: HealthReading
  /** `null`: the tool said nothing about processes. Zero counts: it said there are none. */
  readonly processes: ProcessReading | null
  /** Milliseconds since a kernel last ran, where the vendor tells. */
  readonly kernelAgeMs: number | null
  /** Fields the tool printed but which cannot be true (65535 W, 130 %): absent and named here. */
  readonly outOfRange: readonly string[]
}

/** The highest utilization of any engine, or `null` when no engine was read. */
export function utilizationRatioMax(utilization: EngineUtilization): number | null {
  let highest: number | null = null
  for (const engine of ENGINES) {
    const ratio = utilization[engine]
    if (ratio !== null && ratio !== undefined && (highest === null || ratio > highest)) {
      highest = ratio
    }
  }
  return highest
}
