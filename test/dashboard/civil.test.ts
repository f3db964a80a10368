/** Pickers speak the zone of the dashboard, wherever the browser stands. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { instantOf, pickerOf } from '../../collector/dashboard/src/parts/civil.ts'

test('what is picked is the wall clock of Shanghai', () => {
  const picked = pickerOf('2026-11-27T00:00:00.000Z')
  expect(picked.format('YYYY-MM-DD HH:mm:ss')).toBe('2026-11-27 08:00:00')
  expect(instantOf(picked)).toBe('2026-11-27T00:00:00.000Z')
})

test('there and back is the same second', () => {
  const fromMs = Date.UTC(2000, 0)
  fc.assert(
    fc.property(fc.integer({ min: fromMs / 1_000, max: fromMs / 1_000 + 10 ** 9 }), (seconds) => {
      const instant = new Date(seconds * 1_000).toISOString()
      expect(instantOf(pickerOf(instant))).toBe(instant)
    }),
  )
})
