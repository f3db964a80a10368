/**
 * What the parsers of this folder make of any output of npu-smi: one entry per chip, with the keys
 * that `parse --json` prints. `null` where the text does not tell. npu-smi says MB and means MiB.
 */

export interface AscendProcess {
  readonly pid: number | null
  /** Never leaves `parse`: the probe counts processes and sums memory. */
  readonly name: string | null
  readonly memory_mib: number | null
}

export interface AscendDevice {
  readonly index?: number
  /** The card. */
  readonly npu_id: number | null
  /** The chip on it; `null` where the output speaks of the card as a whole. */
  readonly chip_id: number | null
  readonly logic_id?: number | null
  readonly phy_id?: number | null
  readonly name: string | null
  /** Die id: five words of eight hex digits. */
  readonly uuid: string | null
  /** The card's: several chips share it. */
  readonly serial: string | null
  readonly pci: string | null
  readonly pci_bdf?: string | null
  readonly memory_kind?: 'HBM' | 'DDR' | null
  readonly memory_total_mib: number | null
  readonly memory_used_mib: number | null
  readonly memory_usage_rate_pct?: number | null
  readonly ddr_total_mib?: number | null
  readonly ddr_used_mib?: number | null
  readonly utilization_pct: number | null
  readonly aivector_pct?: number | null
  readonly power_w: number | null
  readonly temperature_c: number | null
  /** `OK`, `Warning`, `Alarm`, `Critical`, `UNKNOWN`, as printed. */
  readonly health?: string | null
  /** Of `-t health`; absent when there are none. */
  readonly error_codes?: readonly string[]
  readonly processes: readonly AscendProcess[] | null
  /** A row that repeats an earlier one (soft partitions): the index of that one. */
  readonly duplicate_of?: number
}

export interface AscendOutput {
  readonly toolVersion: string | null
  readonly driverVersion: string | null
  readonly devices: readonly AscendDevice[]
  /** This version prints a table of processes at all. */
  readonly listsProcesses?: boolean
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
  return {
    npu_id: null,
    chip_id: null,
    name: null,
    uuid: null,
    serial: null,
    pci: null,
    memory_total_mib: null,
    memory_used_mib: null,
    utilization_pct: null,
    power_w: null,
    temperature_c: null,
    processes: null,
    ...known,
  }
}
