/**
 * What the parsers of this folder make of any output of npu-smi: one entry per chip, with the keys
 * that `parse --json` prints. `null` where the text does not tell. npu-smi says MB and means MiB.
 */
import { type CardDevice, sparseCard } from '../card.ts'

/** A virtual NPU cut out of a chip. */
export interface AscendVnpu {
  readonly vnpu_id: number
  readonly template: string | null
  /** AI cores by the template's name. */
  readonly ai_cores: number | null
  /** A container holds it (`Status` 1). */
  readonly in_use: boolean | null
}

/** One row of `info -m`. */
export interface MappingRow {
  readonly npu_id: number | null
  readonly chip_id: number | null
  /** `null` for the board's MCU, which is no accelerator. */
  readonly logic_id: number | null
  readonly chip_name: string | null
}

export interface AscendDevice extends CardDevice {
  /** The card. */
  readonly npu_id: number | null
  /** The chip on it; `null` where the output speaks of the card as a whole. */
  readonly chip_id: number | null
  readonly logic_id?: number | null
  /** Number of its device node. */
  readonly phy_id?: number | null
  readonly memory_kind?: 'HBM' | 'DDR' | null
  readonly memory_usage_rate_pct?: number | null
  readonly ddr_total_mib?: number | null
  readonly ddr_used_mib?: number | null
  readonly aivector_pct?: number | null
  /** Of `-t health`; absent when there are none. */
  readonly error_codes?: readonly string[]
  readonly ai_cores_total?: number | null
  /** The virtual NPUs cut out of the chip; absent where nobody asked for them. */
  readonly vnpus?: readonly AscendVnpu[]
}

export interface AscendOutput {
  readonly toolVersion: string | null
  readonly driverVersion: string | null
  readonly devices: readonly AscendDevice[]
  /** This version prints a table of processes at all. */
  readonly listsProcesses?: boolean
  /** Which chip has which number: of `info -m`. */
  readonly mapping?: readonly MappingRow[]
  /** Top-level facts beside the devices: `chip_count`, `mapping`, `topology` … */
  readonly facts: Readonly<Record<string, unknown>>
}

export interface Unreadable {
  readonly unreadable: string
}

export type AscendReading = AscendOutput | Unreadable

export function isUnreadable(reading: AscendReading): reading is Unreadable {
  return 'unreadable' in reading
}

/** A device of which the text tells nothing but what is given. */
export function sparseDevice(known: Partial<AscendDevice>): AscendDevice {
  return { ...sparseCard(0), npu_id: null, chip_id: null, ...known }
}
