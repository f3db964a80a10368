import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { IDLE_BASELINES } from '../../../agent/src/verdict/baseline-data.ts'
import { parseIdleBaselines } from '../../../collector/src/catalogue/idle-baselines.ts'

const CATALOGUE_FILE = join(
  import.meta.dirname,
  '../../../collector/src/catalogue/data/idle-baselines.csv',
)

test('the baselines an agent ships with are those of the catalogue, row by row', () => {
  const rows = parseIdleBaselines(readFileSync(CATALOGUE_FILE, 'utf8'))
  const shipped = IDLE_BASELINES.map((one) => ({
    vendor: one.vendor,
    namePrinted: one.remark === null ? one.name : `${one.name} (${one.remark})`,
    memoryTotalMib: one.memoryTotalMib,
    idleMemoryUsedMibMax: one.idleMemoryUsedMibMax,
    idlePowerWattsMax: one.idlePowerWattsMax,
    observations: one.observations,
  }))
  const expected = rows.map((row) => ({
    vendor: row.vendor,
    namePrinted: row.namePrinted,
    memoryTotalMib: row.memoryTotalMib,
    idleMemoryUsedMibMax: row.idleMemoryUsedMibMax,
    idlePowerWattsMax: row.idlePowerWattsMax,
    observations: row.observations,
  }))
  expect(shipped).toEqual(expected)
  expect(shipped.length).toBeGreaterThanOrEqual(41)
})

test('a baseline is below the memory it is a baseline of, and power is never 0', () => {
  for (const one of IDLE_BASELINES) {
    expect(one.kind).toBe('card')
    expect(one.idleMemoryUsedMibMax).toBeLessThan(one.memoryTotalMib)
    expect(one.idlePowerWattsMax === null || one.idlePowerWattsMax > 0).toBe(true)
  }
})
