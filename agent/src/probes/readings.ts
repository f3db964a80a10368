/**
 * The last check before a figure becomes a reading: one that cannot be true (130 %, 65535 W, more
 * memory used than there is) is absent and named, never clipped to something plausible.
 */

export const BYTES_PER_MIB = 1024 * 1024

/** No accelerator draws more; 65535 W and the like are a register full of ones. */
const POWER_WATTS_MAX = 5_000
const TEMPERATURE_CELSIUS_MIN = -40
const TEMPERATURE_CELSIUS_MAX = 150
/** Rounding of used and total to MiB may differ by this much. */
const MEMORY_SLACK_BYTES = 64 * BYTES_PER_MIB

export interface Figures {
  readonly memoryTotalMib: number | null
  readonly memoryUsedMib: number | null
  readonly powerWatts: number | null
  /** Where the tool prints one: no card draws twice its limit. Absent: not compared. */
  readonly powerCapWatts?: number | null
  readonly temperatureCelsius: number | null
}

export interface CheckedFigures {
  readonly memoryTotalBytes: number | null
  readonly memoryUsedBytes: number | null
  readonly powerWatts: number | null
  readonly temperatureCelsius: number | null
}

/** Adds the names of refused fields to `outOfRange`. */
export function checkFigures(figures: Figures, outOfRange: string[]): CheckedFigures {
  const between = (name: string, value: number | null, min: number, max: number) => {
    if (value === null || (value >= min && value <= max)) return value
    outOfRange.push(name)
    return null
  }
  const total = bytesOf(figures.memoryTotalMib)
  const memoryTotalBytes = between('memoryTotal', total, 1, Number.MAX_SAFE_INTEGER)
  const powerMax = Math.min(POWER_WATTS_MAX, (figures.powerCapWatts || POWER_WATTS_MAX) * 2)
  const usedMax =
    (memoryTotalBytes ?? Number.MAX_SAFE_INTEGER - MEMORY_SLACK_BYTES) + MEMORY_SLACK_BYTES
  return {
    memoryTotalBytes,
    memoryUsedBytes: between('memoryUsed', bytesOf(figures.memoryUsedMib), 0, usedMax),
    powerWatts: between('power', figures.powerWatts, 0, powerMax),
    temperatureCelsius: between(
      'temperature',
      figures.temperatureCelsius,
      TEMPERATURE_CELSIUS_MIN,
      TEMPERATURE_CELSIUS_MAX,
    ),
  }
}

/** Percent as printed to a ratio 0..1; outside of it absent and named. */
export function checkRatio(
  name: string,
  percent: number | null | undefined,
  outOfRange: string[],
): number | null {
  if (percent === null || percent === undefined) return null
  if (percent >= 0 && percent <= 100) return percent / 100
  outOfRange.push(name)
  return null
}

export function bytesOf(mib: number | null | undefined): number | null {
  return mib === null || mib === undefined ? null : Math.round(mib * BYTES_PER_MIB)
}
