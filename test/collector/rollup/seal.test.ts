/** When an hour is due, and how final a figure is; months are civil months of a zone. */
import { describe, expect, test } from 'vitest'
import { civilDate, civilDayStartMs, nextMonth } from '../../../collector/src/rollup/civil.ts'
import {
  dueHours,
  finalBeforeMs,
  finalityOf,
  nextFinalMs,
  overdueOf,
  SEAL_AFTER_MS,
} from '../../../collector/src/rollup/seal.ts'

const HOUR = 3_600_000
const at = (text: string) => Date.parse(text)

describe('due hours', () => {
  const settings = { sealAfterMs: SEAL_AFTER_MS, limit: 10 }
  const first = at('2026-03-01T08:00:00Z')

  test.each([
    ['nothing told yet', null, null, '2026-03-01T20:00:00Z', 0],
    ['1 ms before two hours after its end', first, null, '2026-03-01T10:59:59.999Z', 0],
    ['two hours after its end', first, null, '2026-03-01T11:00:00Z', 1],
    ['all since the first, oldest first', first + 17, null, '2026-03-01T13:30:00Z', 3],
    ['only those after the last sealed', first, first + HOUR, '2026-03-01T13:30:00Z', 1],
    ['no more than the limit', first, null, '2026-03-09T00:00:00Z', 10],
  ] as const)('%s', (_, firstHourMs, lastSealedHourMs, now, count) => {
    const due = dueHours({ firstHourMs, lastSealedHourMs }, at(now), settings)
    const from = lastSealedHourMs === null ? first : lastSealedHourMs + HOUR
    expect(due).toEqual(Array.from({ length: count }, (__, index) => from + index * HOUR))
  })
})

describe('finality', () => {
  const month = { toMs: at('2026-03-01T00:00:00+08:00'), timeZone: 'Asia/Shanghai' }
  const sealed = month.toMs - HOUR

  test.each([
    ['its last hour not sealed', sealed - HOUR, '2026-04-20T00:00:00Z', 'provisional'],
    ['nothing sealed', null, '2026-04-20T00:00:00Z', 'provisional'],
    ['day 1 of the next month', sealed, '2026-03-01T02:00:00+08:00', 'preliminary'],
    ['the last moment of day 8', sealed, '2026-03-08T23:59:59.999+08:00', 'preliminary'],
    ['day 9', sealed, '2026-03-09T00:00:00+08:00', 'final'],
  ] as const)('February: %s', (_, lastSealedHourMs, known, finality) => {
    expect(finalityOf({ ...month, lastSealedHourMs, knownAtMs: at(known) })).toBe(finality)
  })

  test('within a month that goes on it is sealed at best', () => {
    const toMs = at('2026-03-05T10:00:00+08:00')
    const known = { knownAtMs: at('2026-03-20T00:00:00Z'), lastSealedHourMs: toMs }
    expect(finalityOf({ toMs, timeZone: 'Asia/Shanghai', ...known })).toBe('sealed')
  })

  test('the same instant is in another month elsewhere', () => {
    const toMs = at('2026-02-28T20:00:00Z')
    const known = { knownAtMs: at('2026-03-02T00:00:00Z'), lastSealedHourMs: toMs }
    expect(finalityOf({ toMs, timeZone: 'UTC', ...known })).toBe('preliminary')
    expect(finalityOf({ toMs, timeZone: 'Asia/Shanghai', ...known })).toBe('sealed')
  })
})

describe('sealing is behind', () => {
  const first = at('2026-03-01T08:00:00Z')

  test.each([
    ['never, before anything was told', null, null, '2026-03-01T20:00:00Z', [0, 0]],
    ['not, 1 ms before an hour is due', first, null, '2026-03-01T10:59:59.999Z', [0, 0]],
    ['by nothing yet when it becomes due', first, null, '2026-03-01T11:00:00Z', [1, 0]],
    ['by what has passed since', first, null, '2026-03-01T11:40:00Z', [1, 40 * 60_000]],
    ['by more hours than one round seals', first, null, '2026-03-03T11:00:00Z', [49, 48 * HOUR]],
    ['from the hour after the last seal on', first, first, '2026-03-01T12:10:00Z', [1, 600_000]],
  ])('%s', (_name, firstHourMs, lastSealedHourMs, now, [dueHours, overdueMs]) => {
    const backlog = { firstHourMs, lastSealedHourMs }
    expect(overdueOf(backlog, at(now), SEAL_AFTER_MS)).toEqual({ dueHours, overdueMs })
  })

  test('by as many hours as are due', () => {
    const backlog = { firstHourMs: first, lastSealedHourMs: null }
    for (let minutes = 0; minutes < 600; minutes += 7) {
      const nowMs = first + minutes * 60_000
      const due = dueHours(backlog, nowMs, { sealAfterMs: SEAL_AFTER_MS, limit: 100 })
      expect(overdueOf(backlog, nowMs, SEAL_AFTER_MS).dueHours).toBe(due.length)
    }
  })
})

describe('accounts become final', () => {
  test.each([
    ['2026-03-08T23:59:59.999+08:00', '2026-02-01T00:00:00+08:00', '2026-03-09T00:00:00+08:00'],
    ['2026-03-09T00:00:00+08:00', '2026-03-01T00:00:00+08:00', '2026-04-09T00:00:00+08:00'],
    ['2026-01-03T10:00:00+08:00', '2025-12-01T00:00:00+08:00', '2026-01-09T00:00:00+08:00'],
    ['2026-12-20T10:00:00+08:00', '2026-12-01T00:00:00+08:00', '2027-01-09T00:00:00+08:00'],
  ])('at %s: all before %s, and more from %s on', (now, before, next) => {
    expect(finalBeforeMs(at(now), 'Asia/Shanghai')).toBe(at(before))
    expect(nextFinalMs(at(now), 'Asia/Shanghai')).toBe(at(next))
  })
})

describe('civil days', () => {
  test.each([
    ['Asia/Shanghai', { year: 2026, month: 1, day: 1 }, '2025-12-31T16:00:00Z'],
    ['Asia/Urumqi', { year: 2026, month: 1, day: 1 }, '2025-12-31T18:00:00Z'],
    ['UTC', { year: 2024, month: 2, day: 29 }, '2024-02-29T00:00:00Z'],
    // The day after the clocks went forward, and the day on which they did.
    ['Europe/Berlin', { year: 2026, month: 3, day: 29 }, '2026-03-28T23:00:00Z'],
    ['Europe/Berlin', { year: 2026, month: 3, day: 30 }, '2026-03-29T22:00:00Z'],
    ['America/St_Johns', { year: 2026, month: 7, day: 1 }, '2026-07-01T02:30:00Z'],
  ])('%s: the day begins where it does', (zone, date, text) => {
    const startMs = civilDayStartMs(date, zone)
    expect(new Date(startMs).toISOString()).toBe(new Date(text).toISOString())
    expect(civilDate(startMs, zone)).toEqual(date)
    expect(civilDate(startMs - 1, zone)).not.toEqual(date)
  })

  test('December is followed by January', () => {
    expect(nextMonth({ year: 2026, month: 12, day: 31 })).toEqual({ year: 2027, month: 1 })
  })

  test('a zone that does not exist is refused with its name', () => {
    expect(() => civilDate(0, 'Mars/Olympus')).toThrow('Mars/Olympus')
  })
})
