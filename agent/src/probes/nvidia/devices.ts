/**
 * What the parsers of this folder make of any output of nvidia-smi: one shape, with the keys that
 * `parse --json` prints. Memory in MiB, power in watts, utilization in percent as printed; `null`
 * where the text does not tell.
 */
import type { ErrorCode } from '@yiben/shared'

export interface NvidiaProcess {
  readonly pid: number | null
  /** `C`, `G` or `C+G`; absent in outputs that list compute processes only. */
  readonly type?: string
  /** Never leaves `parse`: the probe counts processes and sums memory. */
  readonly name: string | null
  readonly memory_mib: number | null
  /** GPU and compute instance, where the process runs in a MIG slice. */
  readonly gi?: number
  readonly ci?: number
}

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

export interface NvidiaDevice {
  readonly index: number
  readonly name: string | null
  readonly uuid: string | null
  readonly serial: string | null
  readonly pci: string | null
  readonly pci_bdf: string | null
  readonly memory_total_mib: number | null
  readonly memory_used_mib: number | null
  readonly utilization_pct: number | null
  /** `false`: the tool says there is no such counter (`N/A`), rather than failing to read it. */
  readonly has_utilization?: boolean
  readonly memory_utilization_pct?: number | null
  readonly encoder_utilization_pct?: number | null
  readonly decoder_utilization_pct?: number | null
  readonly jpeg_utilization_pct?: number | null
  readonly optical_flow_utilization_pct?: number | null
  readonly power_w: number | null
  /** Which field the power came from. */
  readonly power_tag?: string | null
  readonly power_cap_w?: number | null
  readonly temperature_c: number | null
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
  readonly processes: readonly NvidiaProcess[] | null
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

export interface NvidiaOutput {
  readonly format: 'xml' | 'csv' | 'q-text' | 'table' | 'list' | 'pmon'
  readonly toolVersion: string | null
  readonly driverVersion: string | null
  readonly devices: readonly NvidiaDevice[]
  /** Top-level facts beside the devices: `attached_gpus_field`, `dtd`, `columns`. */
  readonly facts: Readonly<Record<string, unknown>>
}

/** The output could not be understood; nothing of it may be used. */
export interface Unreadable {
  readonly unreadable: string
  /** Another maker's tool under this name printed it. */
  readonly isForeign?: true
}

export type NvidiaReading = NvidiaOutput | Unreadable

export function isUnreadable(reading: NvidiaReading): reading is Unreadable {
  return 'unreadable' in reading
}
