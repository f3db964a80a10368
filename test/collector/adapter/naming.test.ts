/** Numbers without gaps, names that are given once, and instants by the wall clock. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { instantText, lastDueMs, nextDueMs } from '../../../collector/src/adapter/instants.ts'
import { fileName, nextSequence, type SequenceMark } from '../../../collector/src/adapter/naming.ts'
import { templateIn, templateValue } from './rig.ts'

const AT = Date.parse('2026-03-01T01:59:59.120+08:00')
const DAY = 86_400_000
const SHANGHAI = 'Asia/Shanghai'
const RUN = { use: 'total', code: 'K1' }

const template = (sequence: object) => templateIn('/etc', templateValue({ sequence }))

describe('a sequence', () => {
  test('goes on one by one, and begins again with the civil day', () => {
    const daily = template({ digits: 4, restart: 'daily' })
    const first = nextSequence(null, daily, AT)
    expect(first).toEqual({ sequence: 1, period: '20260301' })
    const second = nextSequence(first, daily, AT + 22 * 3_600_000)
    expect(second.sequence).toBe(2)
    expect(nextSequence(second, daily, AT + DAY)).toEqual({ sequence: 1, period: '20260302' })
    // A clock that was set back does not begin yesterday again.
    expect(nextSequence({ sequence: 7, period: '20260302' }, daily, AT)).toEqual({
      sequence: 8,
      period: '20260302',
    })
  })

  test('that is used up stops, or begins again where the template says so', () => {
    const last: SequenceMark = { sequence: 9, period: '' }
    expect(() => nextSequence(last, template({ digits: 1, restart: 'never' }), AT)).toThrow(
      'sequence: all numbers of 1 digits are used up; sequence.when_full says what then',
    )
    const again = template({ digits: 1, first: 0, restart: 'never', when_full: 'restart' })
    expect(nextSequence(last, again, AT).sequence).toBe(0)
  })
})

describe('a name', () => {
  test('is made of constants, times in the zone and the number', () => {
    const mark = { sequence: 12, period: '' }
    const at = { asOfMs: AT, madeAtMs: AT + 1_000, mark }
    const name = fileName(template({ digits: 4, restart: 'never' }), RUN, at)
    expect(name).toBe('00000-EXAMPLE-DATA-202603010200000012.data')
  })

  test('that would leave its folder is refused', () => {
    const value = templateValue({ constants: { enterprise: '../../etc/' } })
    const at = { asOfMs: AT, madeAtMs: AT, mark: { sequence: 1, period: '' } }
    expect(() => fileName(templateIn('/etc', value), RUN, at)).toThrow('which is no safe name')
  })
})

describe('instants', () => {
  test('are written as the template says', () => {
    expect(instantText(AT, 'yyyy-MM-dd HH:mm:ss.SSS', SHANGHAI)).toBe('2026-03-01 01:59:59.120')
    expect(instantText(AT, 'iso', SHANGHAI)).toBe('2026-02-28T17:59:59.120Z')
    expect(instantText(AT, 'epoch_s', SHANGHAI)).toBe('1772301599')
  })

  test('at which runs are due follow the wall, also where clocks are changed', () => {
    const daily = { atMinutes: [120, 23 * 60] }
    expect(lastDueMs(daily, SHANGHAI, AT)).toBe(Date.parse('2026-02-28T23:00:00+08:00'))
    expect(nextDueMs(daily, SHANGHAI, AT)).toBe(Date.parse('2026-03-01T02:00:00+08:00'))
    const morning = { atMinutes: [8 * 60] }
    const changed = Date.parse('2026-03-29T12:00:00+02:00')
    expect(lastDueMs(morning, 'Europe/Berlin', changed)).toBe(
      Date.parse('2026-03-29T08:00:00+02:00'),
    )
  })

  test('of a schedule lie on both sides of now, and the next one is the last one once it has come', () => {
    const schedule = fc.oneof(
      fc.record({ everyMs: fc.integer({ min: 1, max: 1_440 }).map((minutes) => minutes * 60_000) }),
      fc.record({
        atMinutes: fc.uniqueArray(fc.integer({ min: 0, max: 1_439 }), {
          minLength: 1,
          maxLength: 5,
        }),
      }),
    )
    fc.assert(
      fc.property(schedule, fc.integer({ min: 0, max: 800 * DAY }), (runs, after) => {
        const now = AT + after
        const last = lastDueMs(runs, SHANGHAI, now)
        const next = nextDueMs(runs, SHANGHAI, now)
        expect(last).toBeLessThanOrEqual(now)
        expect(next).toBeGreaterThan(now)
        expect(next - last).toBeLessThanOrEqual(DAY)
        expect(lastDueMs(runs, SHANGHAI, next)).toBe(next)
        expect(lastDueMs(runs, SHANGHAI, next - 1)).toBe(last)
      }),
      { numRuns: 200 },
    )
  })
})
