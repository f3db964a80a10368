/** Devices of `mthreads-gmi`: what its outputs tell beyond what every vendor's tell. */
import type { CardDevice, CardOutput, CardProcess } from '../card.ts'

/** `-pm` prints shares of the whole card instead of MiB. */
export interface MooreThreadsProcess extends CardProcess {
  readonly memory_pct?: number | null
  readonly gpu_pct?: number | null
}

export interface MooreThreadsDevice extends CardDevice {
  /** `Physical`, `MPC Parent` (a card cut into vGPUs), `Virtual` (seen from inside a guest). */
  readonly device_type?: string | null
  /** Current and greatest: `16x(16x)`. */
  readonly pcie_width?: string | null
  readonly perf_state?: string | null
  readonly ecc_mode?: string | null
  /** `vendor:device`. */
  readonly pci_id?: string | null
  readonly memory_utilization_pct?: number | null
  readonly encoder_pct?: number | null
  readonly decoder_pct?: number | null
  readonly retired_single_bit?: number | null
  readonly retired_double_bit?: number | null
  readonly processes: readonly MooreThreadsProcess[] | null
}

export type MooreThreadsOutput = CardOutput<MooreThreadsDevice>

export const TOOL = 'mthreads-gmi'
