/**
 * The definition of the states as data: one table per version, versions are only added. What a
 * figure of the ledger means is told by naming the version it was measured under (DESIGN 1.7).
 */

export interface Thresholds {
  readonly version: string
  /** Any engine at or above this is busy. */
  readonly utilizationBusyRatio: number
  /** At or below this a reading is quiet; between the two it is grey. */
  readonly utilizationQuietRatio: number
  /** A kernel that ran at most this long ago makes the unit busy, where the vendor tells. */
  readonly kernelAgeMsMax: number
  /** Memory above baseline + max(these two) is in use: absolute, and as a share of the total. */
  readonly memorySlackBytes: number
  readonly memorySlackRatio: number
  /**
   * No idle baseline is believed above max(these two). Shipped values reach 9 % of the memory
   * (2.9 GiB of a 32 GiB 910B4); C13 adds 900 MiB to that. What is held above it is in use, also
   * where no baseline is approved.
   */
  readonly baselineBytesMax: number
  readonly baselineRatioMax: number
  /**
   * A quiet counter contradicts the power reading when power is above the idle maximum both by
   * this factor and by this many watts: a card with a loaded model idles at up to 1.7 times its
   * empty power, and small cards move by tens of watts with their clocks.
   */
  readonly contradictionPowerFactor: number
  readonly contradictionPowerWatts: number
}

const MIB = 1024 * 1024

const V1: Thresholds = Object.freeze({
  version: 'v1',
  utilizationBusyRatio: 0.05,
  utilizationQuietRatio: 0.01,
  kernelAgeMsMax: 60_000,
  memorySlackBytes: 256 * MIB,
  memorySlackRatio: 0.01,
  baselineBytesMax: 2048 * MIB,
  baselineRatioMax: 0.125,
  contradictionPowerFactor: 2,
  contradictionPowerWatts: 50,
})

/** The version new samples are judged by. */
export const THRESHOLDS: Thresholds = V1

/** How far above the baseline memory may be and still count as unused. */
export function memorySlackBytes(thresholds: Thresholds, memoryTotalBytes: number | null): number {
  const share = (memoryTotalBytes ?? 0) * thresholds.memorySlackRatio
  return Math.max(thresholds.memorySlackBytes, share)
}

/** The highest idle memory anybody may claim for a unit of this size. */
export function baselineBytesMax(thresholds: Thresholds, memoryTotalBytes: number | null): number {
  const share = (memoryTotalBytes ?? 0) * thresholds.baselineRatioMax
  return Math.max(thresholds.baselineBytesMax, share)
}
