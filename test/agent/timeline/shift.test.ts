import type { DurableRecord, Gap, Tick } from '@yiben/shared'
import { HOUR_MS, hourStartMs, runCode, stateOf } from '@yiben/shared'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { shiftBlock } from '../../../agent/src/timeline/shift.ts'

const START_MS = Date.UTC(2026, 2, 1, 10)

function tick(startMs: number, spanMs = 60_000): Tick {
  const freeMs = Math.floor(spanMs / 4)
  return {
    factsRevision: 1,
    startMs,
    spanMs,
    samplesExpected: 6,
    cpuBusyMs: 601,
    cpuTotalMs: 60_001,
    units: [
      {
        index: 0,
        runs: [
          { code: runCode('free/proven'), durationMs: freeMs },
          { code: runCode('busy/active'), durationMs: spanMs - freeMs },
        ],
        samplesGot: 6,
        utilizationSumPermille: 1234,
        utilizationMaxPermille: 900,
        samplesZero: 1,
        samplesBelowTenth: 2,
        activeMs: Math.floor(spanMs / 2),
        givenMs: Math.floor(spanMs / 3),
        memoryUsedMibMax: 77,
        energyJoules: 4001,
        temperatureCelsiusMax: 55,
        evidence: 'A',
        depositable: true,
      },
    ],
  }
}

function ticks(startMs: number, count: number): DurableRecord[] {
  return Array.from({ length: count }, (_, position) => ({
    kind: 'tick' as const,
    tick: tick(startMs + position * 60_000),
  }))
}

function gap(startMs: number, endMs: number): Gap {
  return { startMs, endMs, cause: 'restart', bootId: 'boot-1' }
}

function shifted(
  records: readonly DurableRecord[],
  shiftMs: number,
  sentEndMs: number | null = null,
): readonly DurableRecord[] {
  const result = shiftBlock({ records, shiftMs, sentEndMs, bootId: 'boot-1' })
  if (result.status !== 'shifted') throw new Error(result.status)
  return result.records
}

function ticksOf(records: readonly DurableRecord[]): Tick[] {
  return records.flatMap((record) => (record.kind === 'tick' ? [record.tick] : []))
}

describe('while nothing was sent in the epoch', () => {
  test.each([3_000, -3_000])('everything moves by %i ms', (shiftMs) => {
    const records: DurableRecord[] = [
      { kind: 'gap', gap: gap(START_MS, START_MS) },
      { kind: 'veto', veto: { atMs: START_MS, kind: 'reclaim', units: [] } },
      { kind: 'tick', tick: tick(START_MS + 600_000) },
      { kind: 'goodbye', goodbye: { atMs: START_MS + 660_000, reason: 'stop' } },
    ]
    expect(shifted(records, shiftMs)).toEqual([
      { kind: 'gap', gap: gap(START_MS + shiftMs, START_MS + shiftMs) },
      { kind: 'veto', veto: { atMs: START_MS + shiftMs, kind: 'reclaim', units: [] } },
      { kind: 'tick', tick: tick(START_MS + 600_000 + shiftMs) },
      { kind: 'goodbye', goodbye: { atMs: START_MS + 660_000 + shiftMs, reason: 'stop' } },
    ])
  })
})

describe('after something was sent', () => {
  test('the block moves forward, and the gap before it grows', () => {
    const records: DurableRecord[] = [
      { kind: 'gap', gap: gap(START_MS, START_MS + 10_000) },
      ...ticks(START_MS + 10_000, 2),
    ]
    const [first, second] = shifted(records, 5_000, START_MS)
    expect(first).toEqual({ kind: 'gap', gap: gap(START_MS, START_MS + 15_000) })
    expect(second).toEqual({ kind: 'tick', tick: tick(START_MS + 15_000) })
  })

  test('a gap of the clock is put where there is none', () => {
    const [first, second] = shifted(ticks(START_MS, 2), 5_000, START_MS)
    expect(first).toEqual({
      kind: 'gap',
      gap: { startMs: START_MS, endMs: START_MS + 5_000, cause: 'clock', bootId: 'boot-1' },
    })
    expect(second).toEqual({ kind: 'tick', tick: tick(START_MS + 5_000) })
  })

  test('it never moves back over what was sent', () => {
    const records = ticks(START_MS, 1)
    expect(shiftBlock({ records, shiftMs: -5_000, sentEndMs: START_MS, bootId: 'boot-1' })).toEqual(
      { status: 'backward_after_sent' },
    )
  })
})

test('2 s and less are left to slewing', () => {
  expect(
    shiftBlock({ records: ticks(START_MS, 1), shiftMs: 2_000, sentEndMs: null, bootId: 'b' }),
  ).toEqual({ status: 'too_small' })
})

test('a tick moved onto an hour edge becomes two that add up to it', () => {
  const whole = tick(START_MS - 90_000)
  const [head, tail] = ticksOf(shifted([{ kind: 'tick', tick: whole }], 50_000))
  expect([head?.startMs, head?.spanMs]).toEqual([START_MS - 40_000, 40_000])
  expect([tail?.startMs, tail?.spanMs]).toEqual([START_MS, 20_000])
  expect(head?.units[0]).toMatchObject({
    runs: [
      { code: runCode('free/proven'), durationMs: 15_000 },
      { code: runCode('busy/active'), durationMs: 25_000 },
    ],
    samplesGot: 6,
    utilizationSumPermille: 1234,
  })
  expect(tail?.units[0]).toMatchObject({
    runs: [{ code: runCode('busy/active'), durationMs: 20_000 }],
    samplesGot: 0,
    utilizationSumPermille: null,
    samplesZero: null,
  })
  const sum = (of: (tick: Tick) => number | null | undefined) =>
    (head === undefined ? 0 : (of(head) ?? 0)) + (tail === undefined ? 0 : (of(tail) ?? 0))
  expect(sum((part) => part.cpuBusyMs)).toBe(whole.cpuBusyMs)
  expect(sum((part) => part.cpuTotalMs)).toBe(whole.cpuTotalMs)
  expect(sum((part) => part.samplesExpected)).toBe(whole.samplesExpected)
  for (const key of ['activeMs', 'givenMs', 'energyJoules'] as const) {
    expect(sum((part) => part.units[0]?.[key])).toBe(whole.units[0]?.[key])
  }
})

test('steps of the clock are told once by a tick that becomes two, where the whole one ended', () => {
  const whole = { ...tick(START_MS - 90_000), wallStepsMs: [40_000, -3_000] }
  const [head, tail] = ticksOf(shifted([{ kind: 'tick', tick: whole }], 50_000))
  expect(head).not.toHaveProperty('wallStepsMs')
  expect(tail?.wallStepsMs).toEqual([40_000, -3_000])
})

test('any shift keeps the records contiguous, within hours, and no second is lost', () => {
  const anyShift = fc
    .integer({ min: -2 * HOUR_MS, max: 2 * HOUR_MS })
    .filter((ms) => Math.abs(ms) > 2_000)
  fc.assert(
    fc.property(anyShift, fc.integer({ min: 1, max: 70 }), (shiftMs, count) => {
      const result = ticksOf(shifted(ticks(START_MS, count), shiftMs))
      let endMs = START_MS + shiftMs
      for (const part of result) {
        expect(part.startMs).toBe(endMs)
        endMs += part.spanMs
        expect(endMs).toBeLessThanOrEqual(hourStartMs(part.startMs) + HOUR_MS)
        for (const unit of part.units) {
          const busyMs = unit.runs
            .filter((run) => stateOf(run.code) === 'busy')
            .reduce((sum, run) => sum + run.durationMs, 0)
          expect(unit.runs.reduce((sum, run) => sum + run.durationMs, 0)).toBe(part.spanMs)
          expect(unit.activeMs).toBeLessThanOrEqual(busyMs)
          expect(unit.givenMs).toBeLessThanOrEqual(part.spanMs)
        }
      }
      expect(endMs).toBe(START_MS + shiftMs + count * 60_000)
    }),
  )
})
