/**
 * What cards show with nothing running, one typed row per line of `data/idle-baselines.csv`: where
 * a site's own baselines start from. Agents ship the same rows as a table of their own.
 */
import { VENDORS, type Vendor } from '@yiben/shared'
import { decimalOrNull, integerOf, oneOf } from './cells.ts'
import { parseCsv } from './csv.ts'

export interface IdleBaselineRow {
  readonly vendor: Vendor
  /** As the vendor's tool prints it; a remark in brackets tells two observations apart. */
  readonly namePrinted: string
  readonly memoryTotalMib: number
  readonly idleMemoryUsedMibMin: number
  readonly idleMemoryUsedMibMax: number
  /** `null` where no capture told it. */
  readonly idlePowerWattsMin: number | null
  readonly idlePowerWattsMax: number | null
  readonly observations: number
  readonly source: string
}

const COLUMNS = [
  'vendor',
  'name_printed',
  'memory_total_mib',
  'idle_memory_used_mib_min',
  'idle_memory_used_mib_max',
  'idle_power_w_min',
  'idle_power_w_max',
  'observations',
  'source',
] as const

export function parseIdleBaselines(text: string): readonly IdleBaselineRow[] {
  const rows = parseCsv(text, COLUMNS, 'idle-baselines.csv').map((row) => {
    const where = `idle-baselines.csv, ${row.name_printed}`
    return Object.freeze({
      vendor: oneOf(row.vendor, VENDORS, `${where}: vendor`),
      namePrinted: row.name_printed,
      memoryTotalMib: integerOf(row.memory_total_mib, `${where}: memory_total_mib`),
      idleMemoryUsedMibMin: integerOf(row.idle_memory_used_mib_min, `${where}: memory min`),
      idleMemoryUsedMibMax: integerOf(row.idle_memory_used_mib_max, `${where}: memory max`),
      idlePowerWattsMin: decimalOrNull(row.idle_power_w_min, `${where}: idle_power_w_min`),
      idlePowerWattsMax: decimalOrNull(row.idle_power_w_max, `${where}: idle_power_w_max`),
      observations: integerOf(row.observations, `${where}: observations`),
      source: row.source,
    })
  })
  return Object.freeze(rows)
}
