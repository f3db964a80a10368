/** Devices of the rocm-smi family (AMD's rocm-smi, Hygon's hy-smi and the rocm-smi of its DTK). */
import type { CardDevice, CardOutput } from '../card.ts'
import type { SharedSerial } from '../shared-serials.ts'

export interface RocmDevice extends CardDevice, SharedSerial {
  /** As printed: `0x6210`. */
  readonly pci_device_id?: string | null
  /** Fill of the memory in percent, where no amount is printed. */
  readonly memory_used_pct?: number | null
  readonly memory_utilization_pct?: number | null
  readonly temperature_junction_c?: number | null
  /** `Normal`, `MIG`: the last column of hy-smi's table. */
  readonly mode?: string | null
  /** `SPX` (one piece), `DPX`, `TPX`, `QPX`, `CPX`. */
  readonly compute_partition?: string | null
  /** `NPS1`, `NPS4`. */
  readonly memory_partition?: string | null
  readonly partition_id?: number | null
}

/** A process of which the output does not say on which cards it is. */
export interface SystemProcess {
  readonly pid: number | null
  readonly name: string | null
  /** Over all cards. */
  readonly memory_mib: number | null
}

/** Who made the cards, by what the output says; `null` where it does not tell. */
export type RocmMaker = 'amd' | 'hygon' | null

export type RocmOutput = CardOutput<RocmDevice>
