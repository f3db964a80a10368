/** One GCU as the outputs of efsmi tell it, with the keys that `parse --json` prints. */
import type { SharedSerial } from '../shared-serials.ts'
import type { CardWithFunctions } from '../sriov.ts'

export interface EnflameDevice extends CardWithFunctions, SharedSerial {
  /** PCI vendor and device: `1e36:c035`. */
  readonly pci_id?: string | null
  readonly firmware?: string | null
  readonly ecc?: string | null
  /** The `GCU Virt` cell: `Disable`, `SRIOV`, a DRS mode. */
  readonly virt?: string | null
  /** `memory_used_mib` is without it from 1.4 on, and with it before. */
  readonly memory_reserved_mib?: number | null
  /** Where a view prints a percentage alone; the reserve is in it. */
  readonly memory_used_pct?: number | null
  readonly healthy?: boolean | null
  /** The maker asks for the card back. */
  readonly rma?: boolean | null
  readonly double_bit_errors?: number | null
  readonly power_cable?: string | null
  readonly encoder_utilization_pct?: number | null
  readonly decoder_utilization_pct?: number | null
}
