/**
 * What the ways and parsers of this folder make of a card, whichever of them read it: one shape,
 * with the keys that `parse --json` prints.
 */
import type { ErrorCode } from '@yiben/shared'
import type { CardDevice, CardOutput, CardReading } from '../card.ts'
import type { SmiProcess } from '../formats/smi-process.ts'

export interface NvidiaSlice {
  readonly index: number | null
  readonly profile?: string
  readonly uuid?: string | null
  readonly gi?: number | null
  readonly ci?: number | null
  readonly sm_count?: number | null
  /** Of the card's compute slices; what its share is made of. */
  readonly compute_slices?: number | null
  readonly memory_total_mib?: number | null
  readonly memory_used_mib?: number | null
  /** Only the library tells it, from Hopper on. */
  readonly utilization_pct?: number | null
  readonly has_utilization?: boolean
}

export interface NvidiaDevice extends CardDevice {
  /** `false`: the tool says there is no such counter (`N/A`), rather than failing to read it. */
  readonly has_utilization?: boolean
  readonly memory_utilization_pct?: number | null
  readonly encoder_utilization_pct?: number | null
  readonly decoder_utilization_pct?: number | null
  readonly jpeg_utilization_pct?: number | null
  readonly optical_flow_utilization_pct?: number | null
  /** How long ago an engine worked, where one did since the reading before; only the library tells. */
  readonly kernel_age_ms?: number | null
  /** Which field the power came from. */
  readonly power_tag?: string | null
  readonly mig_enabled?: boolean | null
  /** Uncorrected ECC errors since the driver was loaded. */
  readonly ecc_uncorrected_volatile?: number | null
  readonly remapped_rows_pending?: boolean | null
  readonly remapped_rows_failure?: boolean | null
  readonly reset_required?: boolean | null
  /** `None`, `Reset`, `Reboot` … as printed. */
  readonly recovery_action?: string | null
  /** Words in place of figures that mean the device is gone or must be reset. */
  readonly health_words?: readonly string[]
  /** Whether `processes` would name graphics processes too. */
  readonly lists_graphics?: boolean
  /** Xid numbers since the driver handle was opened; only the library tells. */
  readonly xids?: readonly number[]
  readonly processes: readonly SmiProcess[] | null
  /** Compute slices of the uncut card, where the library tells. */
  readonly compute_slices_whole?: number | null
  readonly mig_devices?: readonly NvidiaSlice[]
}

/** A card the tool named but could not read. */
export interface NvidiaProblem {
  readonly class: string
  readonly code: ErrorCode
  readonly pci: string | null
  readonly text: string
}

export type NvidiaOutput = CardOutput<NvidiaDevice>
export type NvidiaReading = CardReading<NvidiaDevice>

/** The tool bears the version of the driver it came with. */
export function nvidiaOutput(
  devices: readonly NvidiaDevice[],
  driverVersion: string | null,
  facts: Readonly<Record<string, unknown>> = {},
): NvidiaOutput {
  return { tool: 'nvidia-smi', toolVersion: driverVersion, driverVersion, devices, facts }
}
