import { type RunName, runCode } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import type { Silence, StoredRun } from '../../../collector/src/model/timeline.ts'
import type { UnitSpan } from '../../../collector/src/storage/requests.ts'
import { balanceOf } from '../../../collector/src/timeline/balance.ts'
import {
  addTotals,
  project,
  projectPiece,
  wallTotal,
  zeroTotals,
} from '../../../collector/src/timeline/states.ts'
import { HOUR, MINUTE, NODE, T0, unitRow } from './support.ts'

const row = unitRow(1)

function run(fromMinute: number, toMinute: number, name: RunName): StoredRun {
  return {
    unitId: row.unitId,
    startMs: T0 + fromMinute * MINUTE,
    endMs: T0 + toMinute * MINUTE,
    code: runCode(name),
    recordedAtMs: null,
  }
}

function silence(fromMinute: number, toMinute: number | null): Silence {
  return {
    silenceId: 1,
    nodeId: NODE,
    unitId: null,
    fromMs: T0 + fromMinute * MINUTE,
    toMs: toMinute === null ? null : T0 + toMinute * MINUTE,
    code: runCode('unknown/silent'),
    declaredAtMs: T0,
  }
}

function span(change: Partial<UnitSpan>): UnitSpan {
  const empty = { runs: [], silences: [], deposits: [], leases: [] }
  return { unit: row, ...empty, timelineEndMs: T0 + HOUR, ...change }
}

const hour = { fromMs: T0, toMs: T0 + HOUR }
const full = [run(0, 20, 'busy/active'), run(20, 50, 'free/proven'), run(50, 60, 'unknown/probe')]

describe('the balance of a unit', () => {
  test('holds when runs tile its time, with its coverage', () => {
    const balance = balanceOf(span({ runs: full }), hour)
    expect(balance.errors).toEqual([])
    expect(wallTotal(balance.totals)).toBe(3_600_000n)
    expect(balance.totals).toMatchObject({ busy: 1_200_000n, free: 1_800_000n, unknown: 600_000n })
    expect(balance.coveragePermille).toBe(833)
  })

  test('fails on a planted hole, and names its span', () => {
    const balance = balanceOf(
      span({ runs: [run(0, 20, 'busy/active'), run(25, 60, 'free/proven')] }),
      hour,
    )
    expect(balance.errors).toMatchObject([
      { kind: 'hole', fromMs: T0 + 20 * MINUTE, toMs: T0 + 25 * MINUTE },
    ])
  })

  test('fails on a planted overlap, and names its span', () => {
    const balance = balanceOf(
      span({ runs: [run(0, 30, 'busy/active'), run(25, 60, 'free/proven')] }),
      hour,
    )
    expect(balance.errors).toMatchObject([
      { kind: 'overlap', fromMs: T0 + 25 * MINUTE, toMs: T0 + 30 * MINUTE },
    ])
    expect(balance.errors[0]?.sentence).toContain('busy/active')
  })

  test('fails on a hole before the live edge', () => {
    const balance = balanceOf(span({ runs: [run(0, 59, 'busy/active')] }), hour)
    expect(balance.errors).toMatchObject([{ kind: 'hole', toMs: T0 + HOUR }])
  })

  test('counts a silence as unknown where no run is', () => {
    const runs = [run(0, 20, 'busy/active'), run(40, 60, 'busy/active')]
    const balance = balanceOf(span({ runs, silences: [silence(20, 40)] }), hour)
    expect(balance.errors).toEqual([])
    expect(balance).toMatchObject({ silentMs: 1_200_000n, totals: { unknown: 1_200_000n } })
  })

  test('lets runs that came later take the place of a silence', () => {
    const balance = balanceOf(span({ runs: full, silences: [silence(10, 55)] }), hour)
    expect(balance.errors).toEqual([])
    expect(balance.silentMs).toBe(0n)
  })

  test('is silent on while the silence lasts', () => {
    const silent = span({
      runs: [run(0, 20, 'busy/active')],
      silences: [silence(20, null)],
      timelineEndMs: T0 + 20 * MINUTE,
    })
    const balance = balanceOf(silent, hour)
    expect(balance).toMatchObject({ errors: [], silentMs: 2_400_000n, toMs: T0 + HOUR })
  })

  test('asks nothing of time past the live edge, before the first proof, after the placement', () => {
    const edge = span({ runs: [run(0, 20, 'busy/active')], timelineEndMs: T0 + 20 * MINUTE })
    expect(balanceOf(edge, hour)).toMatchObject({ errors: [], toMs: T0 + 20 * MINUTE })
    const moved = unitRow(1, {
      validFromMs: T0 + 5 * MINUTE,
      bookedToMs: T0 + 30 * MINUTE,
      validToMs: T0 + 20 * MINUTE,
    })
    const parts = span({
      unit: moved,
      runs: [run(5, 20, 'busy/active')],
      silences: [silence(20, 30)],
    })
    expect(balanceOf(parts, hour)).toMatchObject({ errors: [], totals: { unknown: 600_000n } })
  })

  test('of a placement that its node tells no more of reaches to its end', () => {
    const ended = { unit: unitRow(1, { bookedToMs: T0 + 30 * MINUTE }), timelineEndMs: null }
    const whole = span({ ...ended, runs: [run(0, 30, 'busy/active')] })
    expect(balanceOf(whole, hour)).toMatchObject({ errors: [], totals: { busy: 1_800_000n } })
    const short = span({ ...ended, runs: [run(0, 20, 'busy/active')] })
    expect(balanceOf(short, hour).errors).toMatchObject([
      { kind: 'hole', fromMs: T0 + 20 * MINUTE, toMs: T0 + 30 * MINUTE },
    ])
  })

  test('of no time is empty, not an error', () => {
    const none = balanceOf(span({ timelineEndMs: null }), hour)
    expect(none).toMatchObject({ errors: [], coveragePermille: null })
  })
})

describe('the seven states', () => {
  const rows: readonly (readonly [RunName, string])[] = [
    ['free/proven', 'lent'],
    ['busy/active', 'lent'],
    ['occupied/in_use', 'lent'],
    ['unknown/silent', 'unknown'],
    ['faulty/ecc', 'faulty'],
    ['allocated/scheduler', 'allocated'],
  ]
  test.each(rows)('under a lease %s is %s', (name, state) => {
    expect(project(runCode(name), true)).toBe(state)
    expect(project(runCode(name), false)).toBe(name.split('/')[0])
  })

  test('evidence is cut where leases begin and end, to the millisecond', () => {
    const leases = [
      { fromMs: 0, toMs: 3 },
      { fromMs: 5, toMs: 7 },
      { fromMs: 7, toMs: 8 },
      { fromMs: 20, toMs: 30 },
    ]
    const piece = { fromMs: 1, toMs: 10, code: runCode('busy/active') }
    expect(projectPiece(piece, leases)).toEqual([
      { fromMs: 1, toMs: 3, state: 'lent' },
      { fromMs: 3, toMs: 5, state: 'busy' },
      { fromMs: 5, toMs: 8, state: 'lent' },
      { fromMs: 8, toMs: 10, state: 'busy' },
    ])
    const faulty = { ...piece, code: runCode('faulty/ecc') }
    expect(projectPiece(faulty, leases)).toEqual([{ fromMs: 1, toMs: 10, state: 'faulty' }])
  })

  test('lent time balances: it is taken out of what was measured, unknown time is not', () => {
    const leases = [{ leaseId: 'e-1', fromMs: T0 + 10 * MINUTE, toMs: T0 + 55 * MINUTE }]
    const balance = balanceOf(span({ runs: full, leases }), hour)
    expect(balance.errors).toEqual([])
    expect(wallTotal(balance.totals)).toBe(3_600_000n)
    expect(balance.totals).toMatchObject({
      busy: 600_000n,
      lent: 2_400_000n,
      free: 0n,
      unknown: 600_000n,
    })
  })

  test('totals add state by state', () => {
    const sum = zeroTotals()
    addTotals(sum, { ...zeroTotals(), free: 5n, lent: 2n })
    addTotals(sum, { ...zeroTotals(), free: 1n })
    expect(sum).toMatchObject({ free: 6n, lent: 2n })
    expect(wallTotal(sum)).toBe(8n)
  })
})
