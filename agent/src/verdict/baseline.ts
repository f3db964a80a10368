/**
 * Idle baselines: the memory and power a unit shows with nothing running, by model, memory size,
 * driver and unit kind. Pure. Values of the site, approved by a person for one driver, stand before
 * shipped ones, which hold for every driver until a driver proves to need more (C13); where nothing
 * is known 0 is assumed, so that ignorance can only make a card less free.
 *
 * Of several rows that fit, the lowest is taken: a baseline that is too high hides a small tenant.
 */
import type { UnitKind, Vendor } from '@yiben/shared'
import { IDLE_BASELINES } from './baseline-data.ts'

const MIB = 1024 * 1024

/** What a baseline is keyed by. */
export interface BaselineKey {
  readonly vendor: Vendor
  /** As the tool prints it. */
  readonly name: string
  readonly memoryTotalMib: number | null
  readonly driverVersion: string | null
  readonly kind: UnitKind
}

/** A value of the site, approved by a person for one driver. */
export interface ApprovedBaseline extends BaselineKey {
  readonly idleMemoryBytesMax: number
  readonly idlePowerWattsMax: number | null
}

/** What counts as empty for one unit. */
export interface BaselineVerdict {
  /** `approved`: for this driver; `shipped`: for any driver; `none`: nothing known, 0 assumed. */
  readonly basis: 'approved' | 'shipped' | 'none'
  readonly idleMemoryBytesMax: number
  /** `null`: no idle power is known, power contradicts nothing. */
  readonly idlePowerWattsMax: number | null
}

/**
 * Tools of different versions tell the size of one card a little differently (310P3: 44278 and
 * 44280 MiB; H100: 81559 and 81920), and half-size variants must not match.
 */
const MEMORY_TOLERANCE_RATIO = 0.02

const NOTHING_KNOWN: BaselineVerdict = Object.freeze({
  basis: 'none',
  idleMemoryBytesMax: 0,
  idlePowerWattsMax: null,
})

export function baselineFor(
  key: BaselineKey,
  approved: readonly ApprovedBaseline[],
): BaselineVerdict {
  return approvedFor(key, approved) ?? shippedFor(key) ?? NOTHING_KNOWN
}

/** The site's own word for this driver; the one approved last holds. */
function approvedFor(
  key: BaselineKey,
  approved: readonly ApprovedBaseline[],
): BaselineVerdict | null {
  const row = approved.findLast(
    (candidate) => isSameModel(candidate, key) && candidate.driverVersion === key.driverVersion,
  )
  if (row === undefined) return null
  const { idleMemoryBytesMax, idlePowerWattsMax } = row
  return { basis: 'approved', idleMemoryBytesMax, idlePowerWattsMax }
}

/** What the project ships for this model, whatever the driver. */
export function shippedFor(key: BaselineKey): BaselineVerdict | null {
  let lowest: BaselineVerdict | null = null
  for (const row of IDLE_BASELINES) {
    if (!isSameModel(row, key)) continue
    const idleMemoryBytesMax = row.idleMemoryUsedMibMax * MIB
    if (lowest !== null && lowest.idleMemoryBytesMax <= idleMemoryBytesMax) continue
    lowest = { basis: 'shipped', idleMemoryBytesMax, idlePowerWattsMax: row.idlePowerWattsMax }
  }
  return lowest
}

/** Vendor, printed name, kind and memory size; a size nobody told matches nothing. */
function isSameModel(
  row: Pick<BaselineKey, 'vendor' | 'name' | 'memoryTotalMib' | 'kind'>,
  key: BaselineKey,
): boolean {
  if (row.vendor !== key.vendor || row.name !== key.name || row.kind !== key.kind) return false
  if (row.memoryTotalMib === null || key.memoryTotalMib === null) return false
  const differenceMib = Math.abs(row.memoryTotalMib - key.memoryTotalMib)
  return differenceMib <= row.memoryTotalMib * MEMORY_TOLERANCE_RATIO
}
