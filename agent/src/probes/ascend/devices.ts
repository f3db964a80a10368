/**
 * What the parsers of this folder make of any output of npu-smi: one entry per chip, with the keys
 * that `parse --json` prints. `null` where the text does not tell. npu-smi says MB and means MiB.
 */
import { type CardDevice, type CardOutput, type CardReading, sparseCard } from '../card.ts'

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
  /**
   * How many virtual NPUs are cut out of the chip, as the tool counts them; absent where nobody
   * asked, `null` where the tool was asked and did not answer.
   */
  readonly vnpu_count?: number | null
  /** As many as are counted, or none of them. */
  readonly vnpus?: readonly AscendVnpu[]
  /** This version of the tool prints a table of processes at all. */
  readonly lists_processes?: true
}

export type AscendOutput = CardOutput<AscendDevice>
export type AscendReading = CardReading<AscendDevice>

export const TOOL = 'npu-smi'

/** `facts` are what the text tells beside the devices: `chip_count`, `mapping`, `topology` … */
export function ascendOutput(
  devices: readonly AscendDevice[],
  facts: Readonly<Record<string, unknown>> = {},
): AscendOutput {
  return { tool: TOOL, toolVersion: null, driverVersion: null, devices, facts }
}

/** A device of which the text tells nothing but what is given. */
export function sparseDevice(known: Partial<AscendDevice>): AscendDevice {
  return { ...sparseCard(0), npu_id: null, chip_id: null, ...known }
}
