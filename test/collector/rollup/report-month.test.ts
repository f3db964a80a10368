/** Civil months as spans of full hours. */
import { HOUR_MS } from '@yiben/shared'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MONTH_SHAPE, monthSpan } from '../../../collector/src/rollup/report-month.ts'

test('a month of Shanghai begins at 16:00 UTC of the day before', () => {
  const { fromMs, toMs } = monthSpan('2026-10', 'Asia/Shanghai')
  expect(new Date(fromMs).toISOString()).toBe('2026-09-30T16:00:00.000Z')
  expect(new Date(toMs).toISOString()).toBe('2026-10-31T16:00:00.000Z')
})

test('months of a zone follow each other without a gap, in full hours', () => {
  const zone = fc.constantFrom('Asia/Shanghai', 'UTC', 'America/New_York', 'Pacific/Auckland')
  fc.assert(
    fc.property(zone, fc.integer({ min: 0, max: 400 }), (timeZone, index) => {
      const name = (n: number) =>
        `${2000 + Math.floor(n / 12)}-${String((n % 12) + 1).padStart(2, '0')}`
      const [month, next] = [monthSpan(name(index), timeZone), monthSpan(name(index + 1), timeZone)]
      expect(month.toMs).toBe(next.fromMs)
      expect((month.toMs - month.fromMs) % HOUR_MS).toBe(0)
    }),
  )
})

test('a zone whose months begin within an hour is refused by its field', () => {
  expect(() => monthSpan('2026-10', 'Asia/Kolkata')).toThrow(
    expect.objectContaining({ code: 'request_invalid', fields: { field: 'tz' } }),
  )
})

test.each(['2026-13', '2026-00', '26-10', '2026-1', '2026-10-01'])('%s is no month', (text) => {
  expect(MONTH_SHAPE.test(text)).toBe(false)
})
