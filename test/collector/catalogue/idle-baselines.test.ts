import { expect, test } from 'vitest'
import { loadCatalogue } from '../../../collector/src/catalogue/catalogue.ts'
import { parseIdleBaselines } from '../../../collector/src/catalogue/idle-baselines.ts'

const HEADER =
  'vendor,name_printed,memory_total_mib,idle_memory_used_mib_min,idle_memory_used_mib_max,' +
  'idle_power_w_min,idle_power_w_max,observations,source\n'

test('the shipped rows tell a range of memory, and power only where it was seen', () => {
  const { idleBaselines } = loadCatalogue()
  expect(idleBaselines).toHaveLength(41)
  for (const row of idleBaselines) {
    expect(row.idleMemoryUsedMibMin).toBeLessThanOrEqual(row.idleMemoryUsedMibMax)
  }
  expect(idleBaselines[0]).toMatchObject({ namePrinted: '310P3', idlePowerWattsMax: null })
})

test.each([
  ['ascend,910B3,65536,,3407,,,7,seen\n', 'memory min'],
  ['ascend,910B3,65536,3402,3407,,90W,7,seen\n', 'idle_power_w_max'],
  ['huawei,910B3,65536,3402,3407,,,7,seen\n', 'vendor'],
])('%j is refused', (row, sentence) => {
  expect(() => parseIdleBaselines(HEADER + row)).toThrow(sentence)
})
