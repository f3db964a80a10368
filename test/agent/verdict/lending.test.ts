/** What a lease makes of measured codes, and how ticks are cut at its edges. */
import { type RunName, runCode, runName } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { Cutter } from '../../../agent/src/verdict/cutter.ts'
import { bookedCode, type Lending, type LendingPlan } from '../../../agent/src/verdict/lending.ts'
import { row } from './readings.ts'

test.each<[RunName, Lending, boolean, RunName]>([
  ['busy/active', 'lent', false, 'busy/active'],
  ['free/proven', 'lent', true, 'free/proven'],
  ['occupied/in_use', 'lent', true, 'occupied/in_use'],
  ['busy/grey', 'overstay', false, 'busy/overstay'],
  ['busy/kernel', 'overstay', false, 'busy/overstay'],
  ['occupied/baseline_unproven', 'overstay', false, 'occupied/overstay'],
  ['free/proven', 'overstay', true, 'occupied/overstay'],
  ['free/proven', 'overstay', false, 'free/proven'],
  ['allocated/scheduler', 'overstay', false, 'allocated/scheduler'],
  ['unknown/probe', 'overstay', true, 'unknown/probe'],
  ['faulty/ecc', 'overstay', true, 'faulty/ecc'],
  ['free/proven', 'none', true, 'allocated/scheduler'],
  ['occupied/in_use', 'none', true, 'allocated/scheduler'],
  ['busy/active', 'none', true, 'busy/active'],
  ['occupied/in_use', 'none', false, 'occupied/in_use'],
])("%s while %s (a job of the bank's: %s) is booked %s", (measured, lending, isBanks, expected) => {
  expect(runName(bookedCode(runCode(measured), lending, isBanks))).toBe(expected)
})

describe('a cutter', () => {
  const START = Date.UTC(2026, 2, 1, 10)
  const NO_CPU = { busyMs: null, totalMs: null }

  /** A sample every 10 s; unit 1 is never lent. */
  function cut(plan: LendingPlan, names: readonly RunName[]) {
    const cutter = new Cutter({
      nodePhaseMs: 0,
      tickMs: 60_000,
      samplePeriodMs: 10_000,
      startMs: START,
      lendingOf: (index) => (index === 0 ? plan : []),
    })
    const units = [0, 1].map((index) => ({ index, depositable: true }))
    cutter.setUnits(units, 1)
    names.forEach((name, position) => {
      cutter.observe(START + position * 10_000, [row(0, name), row(1, name)])
    })
    const endMs = START + (names.length - 1) * 10_000
    return { cutter, isDue: cutter.cutDue(endMs), ticks: cutter.cut(endMs, NO_CPU) }
  }

  test('ends ticks at the edges of a lease, and books each side as the unit stood there', () => {
    const plan: LendingPlan = [
      { fromMs: START + 3_000, lending: 'lent' },
      { fromMs: START + 24_000, lending: 'overstay' },
      { fromMs: START + 40_000, lending: 'none' },
    ]
    const { ticks, isDue } = cut(plan, ['free/proven', ...Array<RunName>(5).fill('busy/active')])
    expect(isDue).toBe(true)
    expect(ticks.map(({ spanMs }) => spanMs / 1000)).toEqual([3, 21, 26])
    const runs = (index: number) =>
      ticks.map(({ units }) =>
        units[index]?.runs.map(({ code, durationMs }) => [runName(code), durationMs / 1000]),
      )
    expect(runs(0)).toEqual([
      [['busy/active', 3]],
      [['busy/active', 21]],
      [
        ['busy/overstay', 16],
        ['busy/active', 10],
      ],
    ])
    expect(
      runs(1)
        .flat(2)
        .filter((one) => one === 'busy/overstay'),
    ).toEqual([])
    expect(ticks.map(({ units }) => units[0]?.givenMs)).toEqual([0, 21_000, 0])
    expect(ticks.map(({ units }) => units[1]?.givenMs)).toEqual([0, 0, 0])
  })

  test('counts no time that nobody measured as given', () => {
    const plan: LendingPlan = [{ fromMs: START, lending: 'lent' }]
    const { ticks } = cut(plan, Array<RunName>(4).fill('unknown/probe'))
    expect(ticks.map(({ units }) => units[0]?.givenMs)).toEqual([0])
  })

  test.each<[string, RunName, number, number]>([
    ['after a quiet sample begins there', 'free/proven', 20_000, 10_000],
    ['after a busy one begins with the new sample', 'busy/active', 20_000, 20_000],
    ['after an unknown one too', 'unknown/probe', 20_000, 20_000],
    ['after a silence too', 'free/proven', 60_000, 60_000],
  ])('a run that a sample finds %s', (_, before, atMs, expected) => {
    const { cutter } = cut([], [before, before])
    expect(cutter.runStartMs(0, START + atMs) - START).toBe(expected)
  })

  test('says of its last sample what was booked', () => {
    const plan: LendingPlan = [{ fromMs: START + 5_000, lending: 'overstay' }]
    const { cutter } = cut(plan, ['busy/active', 'busy/active'])
    const code = cutter.currentCode(0)
    expect(code === null ? null : runName(code)).toBe('busy/overstay')
  })
})
