/**
 * One way to read NVIDIA accelerators. There are three (library, long-lived tool, package); all
 * give the same devices, so that the probe can go from one to the next in the middle of a life.
 */
import type { ProbeFailure, UnitProblem } from '../probe.ts'
import type { NvidiaDevice } from './devices.ts'

export interface WayReading {
  readonly status: 'ok'
  readonly driverVersion: string | null
  readonly devices: readonly NvidiaDevice[]
  readonly problems: readonly UnitProblem[]
  /** When the values were true, where that is not now: monotonic ms. */
  readonly observedAtMs?: number
}

export interface NvidiaWay {
  readonly name: 'nvml' | 'nvidia-smi' | 'node-nvidia-smi'
  /** A call has not come back and never will: this way must not be used again. */
  readonly isHung: boolean
  inventory(): Promise<WayReading | ProbeFailure>
  sample(): Promise<WayReading | ProbeFailure>
  release(): Promise<void>
}

export function failed(code: ProbeFailure['code'], sentence: string): ProbeFailure {
  return { status: 'failed', code, sentence }
}
