/** What the pages of utilization make of sums and runs: places, spans, heat, ranks, days. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HOURS, heatCells } from '../../collector/dashboard/src/pages/utilization-heat.ts'
import {
  filterOf,
  hrefOf,
  partsOf,
  placeOf,
  provinceOf,
} from '../../collector/dashboard/src/pages/utilization-place.ts'
import {
  customName,
  grainsOf,
  heatPieces,
  spanOf,
} from '../../collector/dashboard/src/pages/utilization-range.ts'
import { rankRows } from '../../collector/dashboard/src/pages/utilization-rank.ts'
import {
  dayParts,
  dayPieces,
  daysOf,
  leaseSpans,
  timeByState,
} from '../../collector/dashboard/src/pages/utilization-runs.ts'
import {
  measuresOf,
  modelsOf,
  stateShares,
  timeOf,
} from '../../collector/dashboard/src/pages/utilization-sums.ts'
import type { SegmentAnswer } from '../../collector/src/api/answers/segments.ts'
import { rollupRow } from './ledger-rows.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const BEIJING = 8 * HOUR
const P = { kind: 'p' } as const
const H800 = { kind: 'cards', model: 'H800 SXM' } as const

describe('a place', () => {
  test('is read from its address, and its address leads back to it', () => {
    const place = placeOf('110000/BJ%2F01/n-1/YA00000001S')
    expect(place).toEqual({
      level: 'accelerator',
      region: '110000',
      site: 'BJ/01',
      node: 'n-1',
      accelerator: 'YA00000001S',
    })
    const href = hrefOf(partsOf(place), '?range=30d')
    expect(href).toBe('/utilization/110000/BJ%2F01/n-1/YA00000001S?range=30d')
    expect(placeOf(undefined)).toMatchObject({ level: 'country', region: null })
    expect(hrefOf([])).toBe('/utilization')
  })

  test('asks for the sums of the narrowest of region and site', () => {
    expect(filterOf(placeOf(''))).toEqual({})
    expect(filterOf(placeOf('110000'))).toEqual({ region: '110000' })
    expect(filterOf(placeOf('110000/BJ-01'))).toEqual({ site: 'BJ-01' })
    expect(provinceOf('110108')).toBe('110000')
  })
})

describe('a span', () => {
  const end = Date.parse('2026-03-10T08:30:00Z')

  test('ends with the last full hour', () => {
    expect(spanOf('7d', end)).toEqual({
      fromMs: Date.parse('2026-03-03T08:00:00Z'),
      toMs: Date.parse('2026-03-10T08:00:00Z'),
    })
    expect(spanOf(null, end)).toEqual(spanOf('7d', end))
    expect(spanOf('nonsense', end)).toEqual(spanOf('7d', end))
  })

  test('of civil days has its last day in it', () => {
    expect(spanOf(customName('2026-03-01', '2026-03-02'), end)).toEqual({
      fromMs: Date.parse('2026-02-28T16:00:00Z'),
      toMs: Date.parse('2026-03-02T16:00:00Z'),
    })
    expect(spanOf('2026-03-02..2026-03-01', end)).toEqual(spanOf('7d', end))
  })

  test('of hours is shown by hour up to a week', () => {
    expect(grainsOf(spanOf('7d', end))).toEqual(['hour', 'day'])
    expect(grainsOf(spanOf('30d', end))).toEqual(['day'])
  })

  test('is asked for the heat map in weeks that join without a gap, four at most', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 120 * 24 }), (hours) => {
        const span = { fromMs: end - hours * HOUR, toMs: end }
        const pieces = heatPieces(span)
        expect(pieces[0]?.fromMs).toBe(Math.max(span.fromMs, end - 28 * DAY))
        expect(pieces.at(-1)?.toMs).toBe(end)
        for (const [index, piece] of pieces.entries()) {
          expect(piece.toMs - piece.fromMs).toBeLessThanOrEqual(7 * DAY)
          if (index > 0) expect(piece.fromMs).toBe(pieces[index - 1]?.toMs)
        }
      }),
    )
  })
})

describe('sums', () => {
  const row = rollupRow('total', '2026-03-02T00:00:00Z', { busy: 3, free: 1.5, active: 2.25 })

  test('are exact by P·h and by card time, and the states add up to all', () => {
    expect(timeOf(row, P)).toMatchObject({ all: 4_500n, active: 2_250n })
    expect(timeOf(row, H800)).toMatchObject({ all: BigInt(4.5 * HOUR) })
    const shares = stateShares(timeOf(row, P) ?? timeOfNothing())
    expect(Object.values(shares ?? {}).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5)
  })

  test('of a model that the row does not have are not there, never zero', () => {
    const other = { kind: 'cards', model: 'H20 96GB' } as const
    expect(timeOf(row, other)).toBeNull()
    expect(measuresOf(row, other)).toBeNull()
    expect(modelsOf([row, row])).toEqual(['H800 SXM'])
  })
})

function timeOfNothing(): never {
  throw new Error('the row has time')
}

describe('the heat map', () => {
  // A Monday, 00:00 in Beijing.
  const monday = Date.parse('2026-03-02T00:00:00+08:00')
  const at = (hours: number) => new Date(monday + hours * HOUR).toISOString()

  test('puts an hour where it begins in civil time, and adds weeks up', () => {
    const rows = [
      rollupRow('total', at(0), { busy: 1, free: 3, active: 1 }),
      rollupRow('total', at(7 * 24), { busy: 3, free: 1, active: 3 }),
      rollupRow('total', at(6 * 24 + 23), { free: 4 }),
    ]
    const cells = heatCells(rows, P, 'Asia/Shanghai')
    expect(cells).toHaveLength(7 * HOURS)
    expect(cells[0]).toEqual({ weekday: 0, hour: 0, rate: 0.5, hours: 2 })
    expect(cells.at(-1)).toEqual({ weekday: 6, hour: 23, rate: 0, hours: 1 })
    expect(cells[1]).toEqual({ weekday: 0, hour: 1, rate: null, hours: 0 })
  })

  test('leaves unknown time out of what a rate is of', () => {
    const rows = [rollupRow('total', at(1), { busy: 1, unknown: 3, active: 1 })]
    expect(heatCells(rows, H800, 'Asia/Shanghai')[1]?.rate).toBe(1)
    const unknown = [rollupRow('total', at(1), { unknown: 3 })]
    expect(heatCells(unknown, P, 'Asia/Shanghai')[1]).toMatchObject({ rate: null, hours: 1 })
  })
})

describe('the ranking', () => {
  const row = (key: string, rate: number | null, ranked: boolean, coverage: number | null) =>
    rollupRow(
      key,
      '2026-03-02T00:00:00Z',
      { busy: 1 },
      {
        busy_rate: { rate, lower: rate, upper: rate },
        ranked,
        coverage,
      },
    )

  test('gives equal rates one place, and none below 90 % of coverage', () => {
    const rows = [
      row('b', 0.5, true, 1),
      row('low', 0.99, false, 0.89),
      row('a', 0.5, true, 1),
      row('top', 0.9, true, 0.95),
      row('last', 0.1, true, 1),
      row('dark', null, false, null),
    ]
    const placed = rankRows(rows, P, 'busy').map(({ row: one, rank }) => [one.key, rank])
    expect(placed).toEqual([
      ['top', 1],
      ['a', 2],
      ['b', 2],
      ['last', 4],
      ['low', null],
      ['dark', null],
    ])
  })

  test('by card time leaves out who has none of the model', () => {
    const other = { kind: 'cards', model: 'H20 96GB' } as const
    expect(rankRows([row('a', 0.5, true, 1)], other, 'busy')).toEqual([])
  })
})

describe('a card’s runs', () => {
  const midnight = Date.parse('2026-03-02T00:00:00+08:00')
  const segment = (fromMs: number, toMs: number, state: SegmentAnswer['state']): SegmentAnswer => ({
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    state,
    cause: 'active',
    recorded_at: null,
  })

  test('lie in civil days from midnight to midnight', () => {
    const span = { fromMs: midnight - HOUR, toMs: midnight + DAY + HOUR }
    expect(daysOf(span, BEIJING)).toEqual([midnight - DAY, midnight, midnight + DAY])
    expect(dayParts(span, [midnight - DAY, midnight])).toEqual([
      { day: 0, fromMs: midnight - HOUR, toMs: midnight },
      { day: 1, fromMs: midnight, toMs: midnight + DAY },
    ])
  })

  test('are drawn as the state that has most of each step, joined, and cut at midnight', () => {
    const minute = 60_000
    const segments = [
      segment(midnight - HOUR, midnight + HOUR, 'busy'),
      segment(midnight + HOUR, midnight + HOUR + minute / 2, 'free'),
      segment(midnight + HOUR + minute / 2, midnight + 2 * HOUR, 'busy'),
      segment(midnight + 3 * HOUR, midnight + 4 * HOUR, 'free'),
    ]
    const pieces = dayPieces(segments, [midnight - DAY, midnight])
    expect(pieces).toEqual([
      { day: 0, state: 'busy', fromMs: midnight - HOUR, toMs: midnight },
      { day: 1, state: 'busy', fromMs: midnight, toMs: midnight + 2 * HOUR },
      { day: 1, state: 'free', fromMs: midnight + 3 * HOUR, toMs: midnight + 4 * HOUR },
    ])
  })

  test('are drawn in order, without overlap, whatever they are', () => {
    const run = fc.record({
      seconds: fc.integer({ min: 1, max: 20_000 }),
      state: fc.constantFrom('busy' as const, 'free' as const, 'unknown' as const),
      gap: fc.integer({ min: 0, max: 600 }),
    })
    fc.assert(
      fc.property(fc.array(run, { maxLength: 40 }), (runs) => {
        let cursor = midnight
        const segments = runs.map(({ seconds, state, gap }) => {
          const fromMs = cursor + gap * 1_000
          cursor = fromMs + seconds * 1_000
          return segment(fromMs, cursor, state)
        })
        const days = daysOf({ fromMs: midnight, toMs: Math.max(cursor, midnight + 1) }, BEIJING)
        const pieces = dayPieces(segments, days)
        for (const [index, piece] of pieces.entries()) {
          expect(piece.toMs).toBeGreaterThan(piece.fromMs)
          if (index > 0) expect(piece.fromMs).toBeGreaterThanOrEqual(pieces[index - 1]?.toMs ?? 0)
        }
        const told = Object.values(timeByState(segments)).reduce((sum, ms) => sum + ms, 0)
        expect(told).toBe(runs.reduce((sum, { seconds }) => sum + seconds * 1_000, 0))
      }),
    )
  })

  test('under a lease are one span where they follow each other', () => {
    const segments = [
      segment(0, HOUR, 'lent'),
      segment(HOUR, 2 * HOUR, 'lent'),
      segment(2 * HOUR, 3 * HOUR, 'free'),
      segment(3 * HOUR, 4 * HOUR, 'lent'),
    ]
    expect(leaseSpans(segments)).toEqual([
      { fromMs: 0, toMs: 2 * HOUR },
      { fromMs: 3 * HOUR, toMs: 4 * HOUR },
    ])
  })
})
