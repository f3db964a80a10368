/**
 * One die as the outputs of ixsmi tell it, with the keys that `parse --json` prints, and the one
 * rule that holds for all of them: a dead die does not say so, it prints what its registers hold.
 */
import type { CardDevice } from '../card.ts'
import type { SharedSerial } from '../shared-serials.ts'

export interface IluvatarDevice extends CardDevice, SharedSerial {
  /** PCI vendor and device: `1e3e:0002`. */
  readonly pci_id?: string | null
  readonly board_id?: string | null
  readonly multigpu_board?: string | null
  readonly gpu_position?: string | null
  /** Of the board; printed on each of its dies, so never to be summed over dies. */
  readonly board_power_w?: number | null
  /** N of `/dev/iluvatarN`. */
  readonly minor_number?: number | null
  readonly virtualization_mode?: string | null
  readonly ecc?: string | null
  readonly double_bit_errors?: number | null
  readonly encoder_utilization_pct?: number | null
  readonly decoder_utilization_pct?: number | null
  /** Its figures are those of a die that does not answer; they are left out. */
  readonly faulty?: true
}

/** A sensor register full of ones. */
const POWER_WATTS_OF_ONES = 0xffff
/** No die draws so many times its limit. */
const POWER_CAP_FACTOR_MAX = 2

/**
 * `65535 W, 0 C, 100 %` stood on one die of a 3.0.1 whose others were well: power past twice the
 * limit, or 0 degrees under load, makes all three figures of that die untold.
 */
export function withoutDeadFigures(device: IluvatarDevice): IluvatarDevice {
  const { power_w: power, power_cap_w: cap = null, temperature_c: temperature } = device
  const isPowerWrong =
    power !== null &&
    (power >= POWER_WATTS_OF_ONES ||
      (cap !== null && cap > 0 && power > cap * POWER_CAP_FACTOR_MAX))
  const isTemperatureWrong = temperature === 0 && (device.utilization_pct ?? -1) > 0
  if (!isPowerWrong && !isTemperatureWrong) return device
  return { ...device, power_w: null, temperature_c: null, utilization_pct: null, faulty: true }
}
