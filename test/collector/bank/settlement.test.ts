/** What evidence makes of promised time: case by case, and against one millisecond after another. */
import { MEASURED_STATES, type RunName, runCode, runCodeOf, runName, stateOf } from '@yiben/shared'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type SettlementQuestion, settle } from '../../../collector/src/bank/settlement.ts'
import { positionOf } from '../../../collector/src/model/accounts.ts'
import type { Account, Claim, Posting } from '../../../collector/src/model/draw.ts'
import { claimOf, posting, run, sums } from './accounts-maker.ts'

const HOUR = 3_600_000
const SECOND = 1_000
/** 22:00 of a day. */
const T0 = Date.UTC(2026, 2, 1, 22)

function question(change: Partial<SettlementQuestion>): SettlementQuestion {
  return {
    drawId: 'draw-1',
    claim: claimOf(T0, T0 + 8 * HOUR),
    postings: [posting([T0, T0 + 8 * HOUR], 'promised', 'pending')],
    runs: [],
    toldToMs: T0,
    finalBeforeMs: 0,
    knownAtMs: T0,
    ...change,
  }
}

/** Where everything lies once the question has been settled. */
function settled(change: Partial<SettlementQuestion>) {
  const asked = question(change)
  return positionOf([...asked.postings, ...settle(asked)]).spans
}

describe('A3: what a run makes of promised time', () => {
  const names = Array.from({ length: 256 }, (_, number) => runCodeOf(number)).flatMap((code) =>
    code === null ? [] : [runName(code)],
  )
  /** The whole of it, so that a new code has to be decided on here. */
  const expected: Partial<Record<RunName, Account | null>> = {
    'free/proven': 'delivered_idle',
    'occupied/in_use': 'delivered_idle',
    'occupied/baseline_unproven': 'delivered_idle',
    'busy/active': 'delivered_active',
    'busy/grey': 'delivered_active',
    'busy/kernel': 'delivered_active',
    'busy/overstay': null,
    'occupied/overstay': null,
    'allocated/scheduler': null,
    'allocated/contract': null,
    'allocated/passthrough': null,
    'unknown/restart': 'broken_interrupted',
    'unknown/reboot': 'broken_interrupted',
    'unknown/suspend': 'broken_interrupted',
    'unknown/stopped': 'broken_interrupted',
    'unknown/upgrade': 'broken_interrupted',
    'unknown/paused': 'broken_interrupted',
  }
  test.each(names)('%s', (name) => {
    const state = stateOf(runCode(name))
    expect(MEASURED_STATES).toContain(state)
    const rest = state === 'faulty' ? 'broken_interrupted' : 'unproven'
    const account = name in expected ? expected[name] : rest
    const toldToMs = T0 + HOUR
    const [first] = settled({ runs: [run(name, T0, toldToMs)], toldToMs })
    expect(first?.account).toBe(account ?? 'pending')
  })

  test.each<[RunName, Account]>([
    ['allocated/scheduler', 'broken_recall'],
    ['busy/overstay', 'unproven'],
  ])('%s before an end that came otherwise', (name, account) => {
    const claim = claimOf(T0, T0 + 8 * HOUR, { state: 'cleaning', end: 'expired' })
    const toldToMs = T0 + HOUR
    const [first] = settled({ claim, runs: [run(name, T0, toldToMs)], toldToMs })
    expect(first?.account).toBe(account)
  })
})

test('C1: eight cards reboot, 190 s each are broken(interrupted)', () => {
  const at = (hour: number, second = 0) => T0 + hour * HOUR + second * SECOND
  const runs = [
    run('busy/active', T0, at(3)),
    run('unknown/reboot', at(3), at(3, 190)),
    run('busy/active', at(3, 190), at(8)),
  ]
  const totals = sums(settled({ runs, toldToMs: at(8) }))
  expect(8 * (totals.broken_interrupted ?? 0)).toBe(1_520_000)
  expect(totals.delivered_active).toBe(8 * HOUR - 190 * SECOND)
})

test('C11: a recall with notice: 12,720,000 delivered, 16,080,000 broken, overstay in neither', () => {
  const endMs = T0 + 3 * HOUR + 32 * 60 * SECOND
  const untilMs = T0 + 8 * HOUR
  const totals = sums(
    settled({
      claim: claimOf(T0, untilMs, { state: 'cleaning', endedAtMs: endMs, end: 'recall' }),
      postings: [
        posting([T0, untilMs], 'promised', 'pending'),
        posting([endMs, untilMs], 'pending', 'broken_recall'),
      ],
      runs: [run('busy/active', T0, endMs), run('busy/overstay', endMs, untilMs)],
      toldToMs: untilMs,
    }),
  )
  expect(totals).toEqual({ delivered_active: 12_720_000, broken_recall: 16_080_000 })
})

test('C9: two days without a link: what was unproven is delivered, what was returned stays', () => {
  const untilMs = T0 + 8 * HOUR
  const returned = posting([T0 + 2 * HOUR, untilMs], 'pending', 'returned')
  const postings = [posting([T0, untilMs], 'promised', 'pending')]
  const first = settle(question({ postings, toldToMs: T0 + HOUR }))
  expect(first).toMatchObject([{ from: 'pending', to: 'unproven' }])
  const silent = [...postings, ...first, returned]
  const second = settle(question({ postings: silent, toldToMs: T0 + 20 * HOUR }))
  const told = settle(
    question({
      postings: [...silent, ...second],
      runs: [run('busy/active', T0, untilMs, T0 + 48 * HOUR)],
      toldToMs: T0 + 48 * HOUR,
    }),
  )
  const totals = sums(positionOf([...silent, ...second, ...told]).spans)
  expect(totals).toEqual({ delivered_active: 2 * HOUR, returned: 6 * HOUR })
  expect(told).toEqual([
    posting([T0, T0 + 2 * HOUR], 'unproven', 'delivered_active', { knownAtMs: T0 }),
  ])
})

test('C9: what is never proven is broken(unproven) from the final day on, and stays so', () => {
  const postings = [
    posting([T0, T0 + 8 * HOUR], 'promised', 'pending'),
    posting([T0, T0 + 8 * HOUR], 'pending', 'unproven'),
  ]
  const finalBeforeMs = T0 + 5 * HOUR
  const final = settle(question({ postings, toldToMs: T0 + 8 * HOUR, finalBeforeMs }))
  expect(final).toMatchObject([{ toMs: finalBeforeMs, from: 'unproven', to: 'broken_unproven' }])
  const late = question({
    postings: [...postings, ...final],
    runs: [run('busy/active', T0, T0 + 8 * HOUR, T0 + 90 * HOUR)],
    toldToMs: T0 + 90 * HOUR,
    finalBeforeMs,
  })
  expect(sums(positionOf([...late.postings, ...settle(late)]).spans)).toEqual({
    broken_unproven: 5 * HOUR,
    delivered_active: 3 * HOUR,
  })
})

test('C18: three hours of nothing are delivered, idle', () => {
  const toldToMs = T0 + 3 * HOUR
  const totals = sums(settled({ runs: [run('free/proven', T0 - HOUR, toldToMs)], toldToMs }))
  expect(totals).toEqual({ delivered_idle: 3 * HOUR, pending: 5 * HOUR })
})

test('A4: nothing that lies ahead of what was told is settled', () => {
  const runs = [run('busy/active', T0, T0 + 2 * HOUR)]
  expect(sums(settled({ runs, toldToMs: T0 + HOUR }))).toEqual({
    delivered_active: HOUR,
    pending: 7 * HOUR,
  })
  expect(settle(question({ runs, toldToMs: T0 - HOUR }))).toEqual([])
})

// ---- against a naive second bookkeeper ---------------------------------------------------------

const SPAN = 40
const NAMES = [
  'free/proven',
  'busy/active',
  'occupied/in_use',
  'busy/overstay',
  'allocated/scheduler',
  'faulty/ecc',
  'unknown/reboot',
  'unknown/probe',
] as const satisfies readonly RunName[]

const anyEvidence = fc.record({
  pieces: fc.array(
    fc.record({
      // `null`: nothing was told, or the node was silent.
      name: fc.option(fc.constantFrom(...NAMES)),
      length: fc.integer({ min: 1, max: 9 }),
      isLate: fc.boolean(),
    }),
    { maxLength: 10 },
  ),
  start: fc.integer({ min: 0, max: 10 }),
  length: fc.integer({ min: 1, max: 25 }),
  /** When it was returned, if at all, counted from its start. */
  returned: fc.option(fc.integer({ min: 0, max: 24 })),
  isLeased: fc.boolean(),
  finalBefore: fc.integer({ min: -1, max: SPAN }),
  /** Instants up to which the node has told, one settlement each. */
  tolds: fc.array(fc.integer({ min: 0, max: SPAN }), { minLength: 1, maxLength: 4 }),
})
type Evidence = typeof anyEvidence extends fc.Arbitrary<infer Value> ? Value : never

function runsOf({ pieces }: Evidence, isAllTold: boolean) {
  let at = 0
  return pieces.flatMap(({ name, length, isLate }) => {
    const [start, end] = [at, at + length]
    at = end
    return name === null || (isLate && !isAllTold) ? [] : [run(name, start, end)]
  })
}

/** Straight from the table of the design, one millisecond at a time. */
function naiveAccount(name: RunName | null, isLeased: boolean, isFinal: boolean): Account | null {
  const unproven = isFinal ? 'broken_unproven' : 'unproven'
  if (name === null || name === 'unknown/probe') return unproven
  if (name === 'busy/overstay') return isLeased ? null : unproven
  if (name === 'allocated/scheduler') return isLeased ? null : 'broken_recall'
  if (name === 'busy/active') return 'delivered_active'
  if (name === 'faulty/ecc' || name === 'unknown/reboot') return 'broken_interrupted'
  return 'delivered_idle'
}

class NaiveBooks {
  readonly lies: (Account | null)[] = Array.from({ length: SPAN }, () => null)

  settle(runs: ReturnType<typeof runsOf>, toldTo: number, finalBefore: number, isLeased: boolean) {
    for (let at = 0; at < SPAN; at += 1) {
      const account = this.lies[at]
      if (account !== 'pending' && account !== 'unproven') continue
      if (at >= toldTo && at >= finalBefore) continue
      const covering = runs.find(({ startMs, endMs }) => startMs <= at && at < endMs)
      const name = covering === undefined ? null : runName(covering.code)
      this.lies[at] = naiveAccount(name, isLeased, at < finalBefore) ?? account
    }
  }
}

test('settlement agrees with a list of milliseconds, and settling twice posts nothing', () => {
  fc.assert(
    fc.property(anyEvidence, (evidence) => {
      const { start, length, isLeased, finalBefore } = evidence
      const until = Math.min(start + length, SPAN)
      const naive = new NaiveBooks()
      const postings: Posting[] = [posting([start, until], 'promised', 'pending')]
      for (let at = start; at < until; at += 1) naive.lies[at] = 'pending'
      const claim: Claim = claimOf(start, until, { state: isLeased ? 'leased' : 'ended' })
      const returned = start + (evidence.returned ?? length)
      if (returned < until) {
        postings.push(posting([returned, until], 'pending', 'returned'))
        for (let at = returned; at < until; at += 1) naive.lies[at] = 'returned'
      }
      for (const [round, toldToMs] of evidence.tolds.entries()) {
        const isLast = round === evidence.tolds.length - 1
        const runs = runsOf(evidence, isLast)
        const finalBeforeMs = isLast ? finalBefore : -1
        const asked = () => ({
          drawId: 'draw-1',
          claim,
          postings,
          // In whatever order the store gives them.
          runs: runs.toReversed(),
          toldToMs,
          finalBeforeMs,
          knownAtMs: round,
        })
        postings.push(...settle(asked()))
        naive.settle(runs, toldToMs, finalBeforeMs, isLeased)
        expect(settle(asked())).toEqual([])
      }
      const { spans, faults } = positionOf(postings)
      expect(faults).toEqual([])
      const lies = naive.lies.map(
        (_, at) => spans.find(({ fromMs, toMs }) => fromMs <= at && at < toMs)?.account ?? null,
      )
      expect(lies).toEqual(naive.lies)
    }),
    { numRuns: 500 },
  )
})
