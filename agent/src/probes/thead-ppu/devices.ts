/** What the parsers of this folder make of any output of `ppu-smi`. */
import type { CardDevice, CardOutput } from '../card.ts'
import type { SmiProcess } from '../formats/smi-process.ts'
import type { CardWithFunctions } from '../sriov.ts'

/** A MIG instance: `-L` has its id and the table its size; both have its number on the card. */
export interface PpuSlice {
  /** The tool's number of it on its card. */
  readonly device: number | null
  /** `g1.c1.i1`: instances, not a size. */
  readonly name?: string
  readonly uuid?: string | null
  readonly gi?: number | null
  readonly ci?: number | null
  readonly memory_total_mib?: number | null
  readonly memory_used_mib?: number | null
  readonly compute_units?: number | null
}

export interface PpuDevice extends CardDevice, CardWithFunctions {
  readonly mig_mode?: string | null
  /** Uncorrectable errors since the driver was loaded. */
  readonly ecc_uncorrected?: number | null
  /** `None`, `Reset` … as `-q` prints it. */
  readonly recovery_action?: string | null
  /** A second measure beside the compute units. */
  readonly core_pct?: number | null
  /** Activity of the memory, not its fill. */
  readonly memory_utilization_pct?: number | null
  readonly encoder_utilization_pct?: number | null
  readonly decoder_utilization_pct?: number | null
  readonly slices?: readonly PpuSlice[]
  /** What the uncut card has of them, from the profile that fits once. */
  readonly compute_units_whole?: number | null
  readonly processes: readonly SmiProcess[] | null
  /** The text names the card by its id alone; the number is ours and is not printed. */
  readonly is_index_counted?: true
}

export type PpuOutput = CardOutput<PpuDevice>

export const TOOL = 'ppu-smi'
