import { describe, expect, test } from 'vitest'
import type { ApprovedBaseline, BaselineKey } from '../../../agent/src/verdict/baseline.ts'
import { baselineFor } from '../../../agent/src/verdict/baseline.ts'
import { MIB } from './readings.ts'

const KEY: BaselineKey = {
  vendor: 'ascend',
  name: '910B3',
  memoryTotalMib: 65_536,
  driverVersion: '24.1.0',
  kind: 'card',
}
const APPROVED: ApprovedBaseline = {
  ...KEY,
  driverVersion: '25.0.0',
  idleMemoryBytesMax: 4307 * MIB,
  idlePowerWattsMax: 99,
}

describe('which baseline is in force', () => {
  test('a shipped value holds for any driver', () => {
    expect(baselineFor(KEY, [])).toEqual({
      basis: 'shipped',
      idleMemoryBytesMax: 3407 * MIB,
      idlePowerWattsMax: 97.8,
    })
  })

  test('an approved value holds for its driver and no other', () => {
    expect(baselineFor({ ...KEY, driverVersion: '25.0.0' }, [APPROVED])).toEqual({
      basis: 'approved',
      idleMemoryBytesMax: 4307 * MIB,
      idlePowerWattsMax: 99,
    })
    expect(baselineFor(KEY, [APPROVED]).basis).toBe('shipped')
    expect(baselineFor({ ...KEY, driverVersion: null }, [APPROVED]).basis).toBe('shipped')
  })

  test('of two approvals the later holds', () => {
    const later = { ...APPROVED, idleMemoryBytesMax: 4000 * MIB }
    const inForce = baselineFor({ ...KEY, driverVersion: '25.0.0' }, [APPROVED, later])
    expect(inForce.idleMemoryBytesMax).toBe(4000 * MIB)
  })

  test.each<[string, Partial<BaselineKey>]>([
    ['another vendor', { vendor: 'nvidia' }],
    ['another name', { name: '910B5' }],
    ['half the memory', { memoryTotalMib: 32_768 }],
    ['a size nobody told', { memoryTotalMib: null }],
    ['a slice of the card', { kind: 'slice' }],
  ])('nothing is known of %s: 0 is assumed', (_name, change) => {
    expect(baselineFor({ ...KEY, ...change }, [APPROVED])).toEqual({
      basis: 'none',
      idleMemoryBytesMax: 0,
      idlePowerWattsMax: null,
    })
  })

  test('a size told a little differently by another tool version is the same card', () => {
    expect(baselineFor({ ...KEY, memoryTotalMib: 65_000 }, []).basis).toBe('shipped')
  })

  test('of two shipped rows of one model the lower one holds', () => {
    const key = { ...KEY, name: '310P3', memoryTotalMib: 44_279 }
    expect(baselineFor(key, []).idleMemoryBytesMax).toBe(1472 * MIB)
  })
})
