/** Which card of a node is deposited, and why not: each rule by itself, on one look. */
import { type DepositPolicy, type RunName, runCode } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import {
  type DepositDecision,
  decideDeposits,
  endedWindowKeys,
} from '../../../collector/src/bank/deposit.ts'
import {
  DEPOSIT_SETTINGS,
  type DepositQuestion,
  type NodeGuards,
} from '../../../collector/src/bank/question.ts'
import type { UnitId } from '../../../collector/src/model/ids.ts'
import type { UnitRow } from '../../../collector/src/model/inventory.ts'
import type { Deposit } from '../../../collector/src/model/ledger.ts'
import type {
  ClosedWindow,
  ConsentEnd,
  OpenNode,
  OpenUnit,
  OpenWindow,
} from '../../../collector/src/model/timeline.ts'
import { emptyHour } from '../../../collector/src/timeline/hours.ts'
import { MINUTE, NODE, T0, unitRow } from '../timeline/support.ts'

const NOW = T0 + 30 * MINUTE
/** The node told its last tick 20 s ago. */
const EDGE = NOW - 20_000

const POLICY: DepositPolicy = {
  version: 3,
  atMs: T0,
  enabled: true,
  keepCardsPerNode: 0,
  minFreeMs: 15 * MINUTE,
  maxLeaseMs: 60 * MINUTE,
  calendar: null,
  handover: null,
}
const GUARDS: NodeGuards = {
  isSuspended: false,
  depositsSuspended: false,
  isClockAccused: false,
  clockOffsetMs: 12,
}
const WINDOW: OpenWindow = {
  startMs: T0,
  ageStartMs: T0,
  provenToMs: EDGE,
  provenMs: EDGE - T0,
}

function unit(id: number, change: Partial<OpenUnit> = {}): OpenUnit {
  return {
    unitId: id as UnitId,
    index: id - 1,
    runStartMs: T0,
    runCode: runCode('free/proven'),
    runRecordedAtMs: null,
    window: WINDOW,
    depositable: true,
    withheld: null,
    consentEnds: { count: 0, latest: [] },
    evidence: 'A',
    hour: emptyHour(id as UnitId, T0),
    ...change,
  }
}

interface Setting {
  readonly units?: readonly OpenUnit[]
  readonly rows?: readonly UnitRow[]
  readonly open?: Partial<OpenNode>
  readonly question?: Partial<DepositQuestion>
}

function decide({ units = [unit(1)], rows, open, question }: Setting): DepositDecision {
  let minted = 0
  return decideDeposits({
    open: openNode(units, open),
    units: rows ?? units.map(({ unitId }) => unitRow(unitId)),
    openDeposits: [],
    closedWindows: [],
    isSilent: false,
    nowMs: NOW,
    proofNowMs: NOW,
    guards: GUARDS,
    settings: DEPOSIT_SETTINGS,
    mintDepositId: () => {
      minted += 1
      return `d-${String(minted).padStart(16, '0')}`
    },
    ...question,
  })
}

function openNode(units: readonly OpenUnit[], change: Partial<OpenNode> = {}): OpenNode {
  return {
    nodeId: NODE,
    epoch: 'e',
    bootId: 'boot-1',
    factsRevision: 1,
    timelineEndMs: EDGE,
    units,
    policy: POLICY,
    changeSeq: 7,
    ...change,
  }
}

function deposit(id: number, change: Partial<Deposit> = {}): Deposit {
  return {
    depositId: `d-${String(id).padStart(16, 'a')}`,
    unitId: id as UnitId,
    nodeId: NODE,
    windowStartMs: T0,
    openedAtMs: T0 + 15 * MINUTE,
    consentEndCount: 0,
    closedAtMs: null,
    closeReason: null,
    ...change,
  }
}

function statusOf(decision: DepositDecision, id = 1): string | undefined {
  return decision.statuses.find((one) => one.unitId === id)?.status
}

describe('opening', () => {
  test('a card free for long enough, with consent and a live proof, is deposited from now on', () => {
    const decision = decide({})
    expect(decision.openings).toEqual([
      {
        depositId: 'd-0000000000000001',
        unitId: 1,
        nodeId: NODE,
        windowStartMs: T0,
        openedAtMs: NOW,
        consentEndCount: 0,
      },
    ])
    expect(decision.outbox).toMatchObject([
      {
        kind: 'deposit_opened',
        atMs: NOW,
        payload: {
          deposit_id: 'd-0000000000000001',
          accelerator_id: 101,
          site: 'SITE-1',
          opened_at_ms: NOW,
          policy_version: 3,
        },
      },
    ])
    expect(statusOf(decision)).toBe('deposited')
  })

  test('never before anything proven, even when the node is a little ahead of the collector', () => {
    const ahead = NOW + 3_000
    const window = { ...WINDOW, provenToMs: ahead }
    const decision = decide({ units: [unit(1, { window })], open: { timelineEndMs: ahead } })
    expect(decision.openings[0]?.openedAtMs).toBe(ahead)
  })

  const refusals: readonly (readonly [string, Setting])[] = [
    ['not_a_card', { rows: [unitRow(1, { kind: 'slice' })] }],
    ['unit_ended', { rows: [unitRow(1, { validToMs: EDGE })] }],
    ['unit_ended', { rows: [] }],
    ['weak_identity', { rows: [unitRow(1, { strongestIdentity: 'board' })] }],
    ['weak_identity', { rows: [unitRow(1, { strongestIdentity: 'slot' })] }],
    ['weak_identity', { rows: [unitRow(1, { strongestIdentity: null })] }],
    ['in_conflict', { rows: [unitRow(1, { isInConflict: true })] }],
    ['in_conflict', { rows: [unitRow(1, { isCounted: false })] }],
    ['not_consented', { open: { policy: null } }],
    ['not_consented', { open: { policy: { ...POLICY, enabled: false } } }],
    ['reclaimed', { units: [withheld('veto')] }],
    ['paused', { units: [withheld('pause')] }],
    ['withheld', { units: [withheld('bit')] }],
    ['not_free', { units: [unit(1, { window: null, runCode: runCode('busy/active') })] }],
    ['not_free', { units: [unit(1, { runCode: runCode('busy/grey') })] }],
    ['not_free', { units: [unit(1, { runCode: runCode('unknown/probe') })] }],
    ['proof_late', { units: [unit(1, { runRecordedAtMs: NOW })] }],
    ['proof_stale', { units: [aged({ provenToMs: NOW - 90_000 })] }],
    ['proof_stale', { question: { isSilent: true } }],
    ['window_too_young', { units: [aged({ ageStartMs: EDGE - 15 * MINUTE + 1 })] }],
    ['clock_accused', { question: { guards: { ...GUARDS, isClockAccused: true } } }],
    ['clock_unmeasured', { question: { guards: { ...GUARDS, clockOffsetMs: null } } }],
    ['clock_offset', { question: { guards: { ...GUARDS, clockOffsetMs: -5_001 } } }],
    ['node_suspended', { question: { guards: { ...GUARDS, isSuspended: true } } }],
    ['deposits_suspended', { question: { guards: { ...GUARDS, depositsSuspended: true } } }],
    ['kept_back', { open: { policy: { ...POLICY, keepCardsPerNode: 1 } } }],
  ]

  test.each(refusals)('%s: not deposited (case %#)', (status, setting) => {
    const decision = decide(setting)
    expect(decision.openings).toEqual([])
    expect(decision.outbox).toEqual([])
    expect(statusOf(decision)).toBe(status)
  })

  const edges: readonly (readonly [string, Setting])[] = [
    ['a window of exactly the least age', { units: [aged({ ageStartMs: EDGE - 15 * MINUTE })] }],
    ['a proof 1 ms younger than the limit', { units: [aged({ provenToMs: NOW - 89_999 })] }],
    ['a clock exactly at the limit', { question: { guards: { ...GUARDS, clockOffsetMs: 5_000 } } }],
  ]

  test.each(edges)('%s is enough', (_, setting) => {
    expect(decide(setting).openings).toHaveLength(1)
  })

  test('the first check that fails is the reason shown', () => {
    const decision = decide({
      units: [withheld('veto')],
      rows: [unitRow(1, { isInConflict: true, strongestIdentity: 'slot' })],
      question: { guards: { ...GUARDS, isSuspended: true } },
    })
    expect(statusOf(decision)).toBe('weak_identity')
  })
})

describe('cards kept back', () => {
  const eight = [1, 2, 3, 4, 5, 6, 7, 8].map((id) => unit(id))
  const policy = { ...POLICY, keepCardsPerNode: 2 }

  test('of eight free cards with two kept back six are deposited', () => {
    const decision = decide({ units: eight, open: { policy } })
    expect(decision.openings.map(({ unitId }) => unitId)).toEqual([1, 2, 3, 4, 5, 6])
    expect([statusOf(decision, 7), statusOf(decision, 8)]).toEqual(['kept_back', 'kept_back'])
  })

  test('which are kept does not change while the deposits last', () => {
    const openDeposits = [3, 4, 5, 6, 7, 8].map((id) => deposit(id))
    const decision = decide({ units: eight, open: { policy }, question: { openDeposits } })
    expect(decision.openings).toEqual([])
    expect(decision.closings).toEqual([])
    expect([statusOf(decision, 1), statusOf(decision, 8)]).toEqual(['kept_back', 'deposited'])
  })

  test('a policy that keeps more back closes the youngest deposits', () => {
    const openDeposits = [1, 2, 3, 4, 5, 6, 7, 8].map((id) =>
      deposit(id, { openedAtMs: T0 + (20 - id) * MINUTE }),
    )
    const decision = decide({ units: eight, open: { policy }, question: { openDeposits } })
    expect(decision.closings.map(({ depositId, reason }) => [depositId, reason])).toEqual([
      [deposit(2).depositId, 'kept_back'],
      [deposit(1).depositId, 'kept_back'],
    ])
  })

  test('slices and the second claim of a conflict are no cards to keep back', () => {
    const units = [unit(1), unit(2), unit(3)]
    const rows = [unitRow(1), unitRow(2, { kind: 'slice' }), unitRow(3, { isCounted: false })]
    const decision = decide({
      units,
      rows,
      open: { policy: { ...POLICY, keepCardsPerNode: 1 } },
    })
    expect(decision.openings).toEqual([])
  })
})

describe('closing', () => {
  const openDeposits = [deposit(1)]

  test('a lone grey reading keeps the deposit open (C21)', () => {
    const decision = decide({
      units: [unit(1, { runCode: runCode('busy/grey'), runStartMs: EDGE - 10_000 })],
      question: { openDeposits },
    })
    expect(decision.closings).toEqual([])
    expect(statusOf(decision)).toBe('deposited')
  })

  test('two grey readings in a row have ended the window: closed at its last free second', () => {
    const closedWindows = [closedWindow(1, 'busy/active')]
    const units = [unit(1, { window: null, runCode: runCode('busy/active') })]
    const decision = decide({ units, question: { openDeposits, closedWindows } })
    expect(decision.closings).toEqual([
      { depositId: deposit(1).depositId, closedAtMs: ENDED, reason: 'window_ended' },
    ])
    expect(decision.outbox).toMatchObject([
      { kind: 'deposit_closed', payload: { closed_at_ms: ENDED, reason: 'window_ended' } },
    ])
  })

  test('a window that came and went between two looks is not covered by the old deposit', () => {
    const later = { ...WINDOW, startMs: EDGE - 16 * MINUTE, ageStartMs: EDGE - 16 * MINUTE }
    const closedWindows = [closedWindow(1, 'busy/active', { endMs: T0 + 16 * MINUTE })]
    const units = [unit(1, { window: later })]
    const opened = [deposit(1, { openedAtMs: T0 + 15 * MINUTE })]
    const decision = decide({ units, question: { openDeposits: opened, closedWindows } })
    expect(decision.closings[0]?.closedAtMs).toBe(T0 + 16 * MINUTE)
    expect(decision.openings).toMatchObject([
      { unitId: 1, windowStartMs: later.startMs, openedAtMs: NOW },
    ])
  })

  const endings: readonly (readonly [string, string, number, Setting])[] = [
    [
      'the owner reclaims: at the instant of the veto',
      'veto',
      EDGE - 5_000,
      { units: [withheld('veto', EDGE - 5_000)] },
    ],
    [
      'a veto after the last proof: at the last second proven',
      'veto',
      EDGE,
      { units: [withheld('veto', EDGE + 5_000)] },
    ],
    ['pause', 'paused', EDGE - 1_000, { units: [withheld('pause', EDGE - 1_000)] }],
    ['outside the calendar', 'consent_withdrawn', EDGE - 60_000, { units: [withheld('bit')] }],
    [
      'consent withdrawn: from the policy on',
      'consent_withdrawn',
      EDGE - 2_000,
      { open: { policy: { ...POLICY, enabled: false, atMs: EDGE - 2_000 } } },
    ],
    ['no policy any more', 'consent_withdrawn', EDGE, { open: { policy: null } }],
    ['conflict', 'conflict', EDGE, { rows: [unitRow(1, { isInConflict: true })] }],
    [
      'placement ended',
      'unit_ended',
      EDGE - 9_000,
      { rows: [unitRow(1, { validToMs: EDGE - 9_000 })] },
    ],
    ['silent', 'silent', EDGE, { question: { isSilent: true } }],
    [
      'heard, but not of its cards: the proof is 90 s old',
      'silent',
      NOW - 90_000,
      { units: [aged({ provenToMs: NOW - 90_000 })] },
    ],
    [
      'proof that arrived late lengthens nothing',
      'silent',
      EDGE - 70_000,
      { units: [unit(1, { runRecordedAtMs: NOW, runStartMs: EDGE - 70_000 })] },
    ],
    [
      'clock more than 5 s off',
      'clock',
      EDGE,
      { question: { guards: { ...GUARDS, clockOffsetMs: 5_001 } } },
    ],
    [
      'consent that ended and was given back: where it ended first',
      'veto',
      EDGE - 50_000,
      { units: [consentingAgain(2, ['veto', EDGE - 50_000], ['bit', EDGE - 20_000])] },
    ],
    [
      'a policy that said no for a moment',
      'consent_withdrawn',
      EDGE - 3_000,
      { units: [consentingAgain(1, ['policy', EDGE - 3_000])] },
    ],
    [
      'more ends of consent than are kept: nothing was deposited',
      'consent_withdrawn',
      T0 + 15 * MINUTE,
      { units: [consentingAgain(9, ['veto', EDGE - 50_000])] },
    ],
    ['kept back', 'kept_back', EDGE, { open: { policy: { ...POLICY, keepCardsPerNode: 1 } } }],
  ]

  test.each(endings)('%s', (_, reason, closedAtMs, setting) => {
    const decision = decide({ ...setting, question: { openDeposits, ...setting.question } })
    expect(decision.closings).toEqual([{ depositId: deposit(1).depositId, closedAtMs, reason }])
    // Where consent is there again another deposit opens, from now on.
    const isBack = setting.units?.some((one) => one.consentEnds.count > 0) ?? false
    expect(decision.openings).toMatchObject(isBack ? [{ unitId: 1, openedAtMs: NOW }] : [])
  })

  test('an end of consent that lay behind it ends no deposit', () => {
    const units = [consentingAgain(2, ['veto', EDGE - 50_000])]
    const later = deposit(1, { consentEndCount: 2 })
    expect(decide({ units, question: { openDeposits: [later] } }).closings).toEqual([])
    expect(decide({ units }).openings).toMatchObject([{ consentEndCount: 2 }])
  })

  test('a silence that ended the window says so, and closes at the last proven second', () => {
    const closedWindows = [closedWindow(1, 'unknown/silent')]
    const units = [unit(1, { window: null })]
    const decision = decide({ units, question: { openDeposits, closedWindows } })
    expect(decision.closings).toMatchObject([{ closedAtMs: ENDED, reason: 'silent' }])
  })

  test('where several things ended it, the first in the documented order is the reason', () => {
    const closedWindows = [closedWindow(1, 'busy/active')]
    const vetoed = { ...withheld('veto', ENDED), window: null }
    const guards = { ...GUARDS, clockOffsetMs: 9_000 }
    const look = { openDeposits, closedWindows, guards }
    const reasons = [
      { rows: [unitRow(1, { validToMs: EDGE, isInConflict: true })], units: [vetoed] },
      { rows: [unitRow(1, { isInConflict: true })], units: [vetoed] },
      { units: [vetoed] },
      { units: [unit(1, { window: null })], open: { policy: null } },
      { units: [unit(1, { window: null })] },
    ].map((setting) => decide({ ...setting, question: look }).closings[0]?.reason)
    expect(reasons).toEqual(['unit_ended', 'conflict', 'veto', 'consent_withdrawn', 'window_ended'])
  })

  test('where several things ended it, the earliest instant is its end', () => {
    const rows = [unitRow(1, { validToMs: EDGE - 5_000 })]
    const units = [withheld('veto', EDGE - 30_000)]
    expect(decide({ rows, units, question: { openDeposits } }).closings).toMatchObject([
      { reason: 'unit_ended', closedAtMs: EDGE - 30_000 },
    ])
  })

  test('never before it was opened: then it holds nothing', () => {
    const late = [deposit(1, { openedAtMs: EDGE + 10_000 })]
    const closedWindows = [closedWindow(1, 'busy/active')]
    const units = [unit(1, { window: null, runCode: runCode('busy/active') })]
    const decision = decide({ units, question: { openDeposits: late, closedWindows } })
    expect(decision.closings[0]?.closedAtMs).toBe(EDGE + 10_000)
  })

  test('a veto long after the window had ended is not what ended the deposit', () => {
    const closedWindows = [closedWindow(1, 'busy/active')]
    const vetoed = { ...withheld('veto', ENDED + 90_001), window: null }
    const decision = decide({ units: [vetoed], question: { openDeposits, closedWindows } })
    expect(decision.closings).toMatchObject([{ closedAtMs: ENDED, reason: 'window_ended' }])
  })

  const suspect = { ...GUARDS, depositsSuspended: true, clockOffsetMs: 40_000 }
  const deferrable: readonly (readonly [string, Setting])[] = [
    ['silence', { question: { isSilent: true } }],
    ['clock offset (C4)', {}],
    ['late proof', { units: [unit(1, { runRecordedAtMs: NOW })] }],
  ]

  test.each(deferrable)(
    '%s closes nothing while the collector suspects itself (C19)',
    (_, setting) => {
      const decision = decide({
        ...setting,
        question: { openDeposits, ...setting.question, guards: suspect },
      })
      expect(decision.closings).toEqual([])
      expect(decision.isDeferred).toBe(true)
    },
  )

  test('what the owner says closes at once, whatever the collector suspects', () => {
    const decision = decide({
      units: [withheld('veto', EDGE)],
      question: { openDeposits, guards: suspect },
    })
    expect(decision.closings).toMatchObject([{ reason: 'veto' }])
  })

  test('while the collector doubts its own clock no offset closes anything (C4)', () => {
    const guards = { ...GUARDS, isClockAccused: true, clockOffsetMs: 40_000 }
    expect(decide({ question: { openDeposits, guards } }).closings).toEqual([])
  })

  test('a proof is as old as monotonic time says, and while the clock is in doubt none is (C4)', () => {
    const stepped = { nowMs: NOW + 90_000, proofNowMs: NOW, openDeposits }
    expect(decide({ question: stepped }).closings).toEqual([])
    const guards = { ...GUARDS, isClockAccused: true }
    const doubted = { proofNowMs: NOW + 90_000, guards, openDeposits }
    expect(decide({ question: doubted }).closings).toEqual([])
  })

  test('an offset that is not measured just now closes nothing', () => {
    const guards = { ...GUARDS, clockOffsetMs: null }
    expect(decide({ question: { openDeposits, guards } }).closings).toEqual([])
  })
})

test('only windows that their deposits have outlived have to be read', () => {
  const units = [
    unit(1),
    unit(2, { window: null }),
    unit(3, { window: { ...WINDOW, startMs: T0 + 1 } }),
  ]
  const keys = endedWindowKeys(openNode(units), [deposit(1), deposit(2), deposit(3), deposit(4)])
  expect(keys.map(({ unitId }) => unitId)).toEqual([2, 3, 4])
})

/** Where a window closed in these tests. */
const ENDED = EDGE - 3 * MINUTE

function closedWindow(
  id: number,
  endCode: RunName,
  change: Partial<ClosedWindow> = {},
): ClosedWindow {
  return {
    unitId: id as UnitId,
    startMs: T0,
    ageStartMs: T0,
    endMs: ENDED,
    provenMs: ENDED - T0,
    endCode: runCode(endCode),
    ...change,
  }
}

/** The owner has said no so many times, and yes again each time. */
function consentingAgain(
  count: number,
  ...ends: readonly (readonly [ConsentEnd['by'], number])[]
): OpenUnit {
  const latest = ends.map(([by, sinceMs]) => ({ by, sinceMs }))
  return unit(1, { consentEnds: { count, latest } })
}

function withheld(by: 'veto' | 'pause' | 'bit', sinceMs = EDGE - 60_000): OpenUnit {
  return unit(1, { depositable: false, withheld: { by, sinceMs } })
}

function aged(change: Partial<OpenWindow>): OpenUnit {
  return unit(1, { window: { ...WINDOW, ...change } })
}
