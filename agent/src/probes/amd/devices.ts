/** Cards of AMD: what amd-smi, rocm-smi and the kernel's files tell beyond what all tools tell. */
import type { CardOutput } from '../card.ts'
import type { CardSlice } from '../card-vendor.ts'
import type { RocmDevice } from '../rocm-smi/devices.ts'
import type { CardWithFunctions } from '../sriov.ts'

export interface AmdDevice extends RocmDevice, CardWithFunctions {
  /** `vendor:device`: `1002:738c`. */
  readonly pci_id?: string | null
  /** The chip's own number as amd-smi prints it (`0x7E8F7E20764E2714`); rocm-smi's Unique ID. */
  readonly asic_serial?: string | null
  /** Since the driver was loaded. */
  readonly ecc_uncorrected?: number | null
  /** Compute partitions of a card that is cut, by their number. */
  readonly slices?: readonly CardSlice[]
}

export type AmdOutput = CardOutput<AmdDevice>
