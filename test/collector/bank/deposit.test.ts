/** Which card of a node is deposited, and why not: each rule by itself, on one look. */
import { type DepositPolicy, type RunName, runCode } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import {
  type DepositDecision,
  decideDeposits,
  endedWindowKeys,
} from '../../../collector/src/bank/deposit.ts'
import type { DepositQuestion, NodeGuards } from '../../../collector/src/bank/question.ts'
import type { CardClaim } from '../../../collector/src/model/draw.ts'
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
import { LOTS, QUICK } from './ledger-rig.ts'

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

/** Where a window closed in these tests. */
const ENDED = EDGE - 3 * MINUTE
const FULL: ReadonlyMap<string, number> = new Map([['H800 SXM', -1]])

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
    claims: [],
    implausible: new Set(),
    isCalendarReadable: true,
    siteRoom: new Map(),
    siteExcess: new Set(),
    isSilent: false,
    nowMs: NOW,
    proofNowMs: NOW,
    guards: GUARDS,
    settings: QUICK,
    lots: LOTS,
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
    cpu: null,
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
        kind: 'lot_opened',
        atMs: NOW,
        payload: {
          node_id: NODE,
          site: 'SITE-1',
          model: 'H800 SXM',
          cards: 1,
          opened: [{ deposit_id: 'd-0000000000000001', accelerator_id: 101, opened_at_ms: NOW }],
          closed: [],
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
    ['implausible', { question: { implausible: new Set([1 as UnitId]) } }],
    ['calendar_unknown', { question: { isCalendarReadable: false } }],
    ['observing', { rows: [unitRow(1, { validFromMs: NOW - 999 })] }],
    ['lent', { question: { claims: [claim('leased')] } }],
    ['lent', { question: { claims: [claim('cleaning')] } }],
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
    ['kept_at_site', { question: { siteRoom: new Map([['H800 SXM', 0]]) } }],
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
    ['a day of observing', { rows: [unitRow(1, { validFromMs: NOW - 1_000 })] }],
    ['a hold that may come to nothing', { question: { claims: [claim('held')] } }],
    ['room at the site', { question: { siteRoom: new Map([['H800 SXM', 1]]) } }],
    ['no word about this model', { question: { siteRoom: new Map([['A100', 0]]) } }],
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
      {
        kind: 'lot_closed',
        payload: { cards: 0, closed: [{ closed_at_ms: ENDED, reason: 'window_ended' }] },
      },
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
    [
      'a calendar that nobody here can read: from that policy on',
      'consent_withdrawn',
      EDGE - 7_000,
      {
        open: { policy: { ...POLICY, atMs: EDGE - 7_000 } },
        question: { isCalendarReadable: false },
      },
    ],
    [
      'too many at the site',
      'kept_back',
      EDGE,
      { question: { siteExcess: new Set([deposit(1).depositId]), siteRoom: FULL } },
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

describe('through a lease', () => {
  const openDeposits = [deposit(1)]
  const busy = unit(1, { window: null, runCode: runCode('busy/active'), runStartMs: ENDED })
  const closedWindows = [closedWindow(1, 'busy/active')]

  test.each(['leased', 'cleaning'] as const)('a card that is %s keeps its deposit', (state) => {
    const question = { openDeposits, closedWindows, claims: [claim(state)] }
    const decision = decide({ units: [busy], question })
    expect([decision.closings, decision.rewindows, decision.outbox]).toEqual([[], [], []])
    expect([statusOf(decision), decision.isLending]).toEqual(['deposited', true])
    // Its proof is not waited for: silence is the lease's own business.
    expect(decision.oldestProofMs).toBeNull()
  })

  test('a hold keeps nothing', () => {
    const question = { openDeposits, closedWindows, claims: [claim('held')] }
    const decision = decide({ units: [busy], question })
    expect(decision.closings).toMatchObject([{ closedAtMs: ENDED, reason: 'window_ended' }])
  })

  const words: readonly (readonly [string, string | null, number, Setting])[] = [
    ['silence', null, 0, { question: { isSilent: true } }],
    ['an old proof', null, 0, { question: { proofNowMs: NOW + 3_600_000 } }],
    ['a late proof', null, 0, { units: [{ ...busy, runRecordedAtMs: NOW }] }],
    ['a clock', null, 0, { question: { guards: { ...GUARDS, clockOffsetMs: 9_000 } } }],
    ['cards kept back', null, 0, { open: { policy: { ...POLICY, keepCardsPerNode: 1 } } }],
    [
      'cards kept at the site',
      null,
      0,
      { question: { siteExcess: new Set([deposit(1).depositId]) } },
    ],
    [
      'a veto, at its instant',
      'veto',
      EDGE - 4_000,
      { units: [{ ...busy, ...said('veto', EDGE - 4_000) }] },
    ],
    ['a pause', 'paused', EDGE - 5_000, { units: [{ ...busy, ...said('pause', EDGE - 5_000) }] }],
    [
      'the calendar',
      'consent_withdrawn',
      EDGE - 6_000,
      { units: [{ ...busy, ...said('bit', EDGE - 6_000) }] },
    ],
    [
      'a policy that says no',
      'consent_withdrawn',
      EDGE - 2_000,
      { open: { policy: { ...POLICY, enabled: false, atMs: EDGE - 2_000 } } },
    ],
    ['a conflict', 'conflict', EDGE, { rows: [unitRow(1, { isInConflict: true })] }],
    [
      'a card that is gone',
      'unit_ended',
      EDGE - 9_000,
      { rows: [unitRow(1, { validToMs: EDGE - 9_000 })] },
    ],
  ]

  test.each(words)('under a lease, %s', (_, reason, closedAtMs, setting) => {
    const question = { openDeposits, closedWindows, claims: [claim('leased')], ...setting.question }
    const decision = decide({ units: [busy], ...setting, question })
    const { depositId } = deposit(1)
    expect(decision.closings).toEqual(reason === null ? [] : [{ depositId, closedAtMs, reason }])
  })

  const back = { ...WINDOW, startMs: EDGE - 70_000, ageStartMs: EDGE - 70_000 }
  const clean = claim('ended', { endedAtMs: EDGE - 60_000, cleanAtMs: EDGE - 60_000 })
  const cameBack = { openDeposits, closedWindows, claims: [clean] }

  test('a card that comes back clean goes on in its new window', () => {
    const decision = decide({ units: [unit(1, { window: back })], question: cameBack })
    const { depositId } = deposit(1)
    expect(decision.rewindows).toEqual([{ depositId, windowStartMs: back.startMs }])
    expect([decision.closings, decision.openings]).toEqual([[], []])
    expect(decision.outbox).toMatchObject([
      {
        kind: 'lot_changed',
        payload: { cards: 1, renewed: [{ deposit_id: depositId, window_start_ms: back.startMs }] },
      },
    ])
  })

  test('after it the usual rules hold: a proof grown old ends it', () => {
    const question = { ...cameBack, proofNowMs: EDGE + 90_000 }
    const decision = decide({ units: [unit(1, { window: back })], question })
    expect(decision.closings).toMatchObject([{ closedAtMs: EDGE, reason: 'silent' }])
    expect(decision.rewindows).toEqual([])
  })

  const ways: readonly (readonly [string, OpenUnit, Partial<CardClaim>, number])[] = [
    ['is not free', busy, {}, EDGE - 60_000],
    ['was never seen clean', unit(1, { window: back }), { cleanAtMs: null }, EDGE - 60_000],
    [
      'was used again before the bank looked',
      unit(1, { window: { ...back, startMs: EDGE - 59_000 } }),
      {},
      EDGE - 60_000,
    ],
    [
      'whose window ended after the lease',
      busy,
      { endedAtMs: ENDED - MINUTE, cleanAtMs: ENDED - MINUTE },
      ENDED,
    ],
  ]
  test.each(ways)('a card that %s closes', (_, now, change, closedAtMs) => {
    const question = { ...cameBack, claims: [{ ...clean, ...change }] }
    const decision = decide({ units: [now], question })
    expect(decision.closings).toMatchObject([{ closedAtMs, reason: 'window_ended' }])
  })

  test('a card whose window outlives the lease is left as it is', () => {
    const decision = decide({ question: { openDeposits, claims: [clean] } })
    expect([decision.closings, decision.rewindows]).toEqual([[], []])
  })

  test('a lease that is over by proof newer than the row looked at still carries it', () => {
    const later = { ...clean, endedAtMs: EDGE + 1, cleanAtMs: EDGE + 1 }
    const decision = decide({ units: [busy], question: { ...cameBack, claims: [later] } })
    expect([decision.closings, decision.rewindows]).toEqual([[], []])
  })

  test('of two cards one is kept back, and not the one that is lent', () => {
    const two = [deposit(1), deposit(2, { openedAtMs: T0 + 20 * MINUTE })]
    const decision = decide({
      units: [unit(1), unit(2)],
      open: { policy: { ...POLICY, keepCardsPerNode: 1 } },
      question: { openDeposits: two, claims: [claim('leased', { unitId: 2 as UnitId })] },
    })
    expect(decision.closings).toMatchObject([{ depositId: two[0]?.depositId, reason: 'kept_back' }])
  })
})

describe('lots', () => {
  const rows = [
    unitRow(1),
    unitRow(2),
    unitRow(3, { profile: { ...unitRow(3).profile, name: 'X9' } }),
  ]
  const units = [unit(1), unit(2), unit(3)]

  test('one entry for each, whatever came and went in it', () => {
    const opened = decide({ units, rows })
    expect(opened.outbox.map(({ kind, payload }) => [kind, payload.cards, payload.model])).toEqual([
      ['lot_opened', 2, 'H800 SXM'],
      ['lot_opened', 1, null],
    ])
    const ids = new Set(opened.outbox.map(({ payload }) => payload.lot_id))
    expect(ids.size).toBe(2)
    const openDeposits = [deposit(1), deposit(3)]
    const withheldOne = { ...units[0], ...said('veto', EDGE - 1_000) } as OpenUnit
    const changed = decide({
      units: [withheldOne, unit(2), unit(3)],
      rows,
      question: { openDeposits },
    })
    expect(changed.outbox).toMatchObject([
      {
        kind: 'lot_changed',
        payload: {
          cards: 1,
          opened: [{ unit_id: 2 }],
          closed: [{ unit_id: 1, reason: 'veto', closed_at_ms: EDGE - 1_000 }],
        },
      },
    ])
    expect(ids).toContain(changed.outbox[0]?.payload.lot_id)
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

function claim(state: CardClaim['state'], change: Partial<CardClaim> = {}): CardClaim {
  const { depositId } = deposit(1)
  const ends = { endedAtMs: null, cleanAtMs: null }
  return { unitId: 1 as UnitId, depositId, state, ...ends, ...change }
}

/** The owner has taken consent back. */
function said(by: 'veto' | 'pause' | 'bit', sinceMs: number): Partial<OpenUnit> {
  return { depositable: false, withheld: { by, sinceMs } }
}

function withheld(by: 'veto' | 'pause' | 'bit', sinceMs = EDGE - 60_000): OpenUnit {
  return unit(1, { depositable: false, withheld: { by, sinceMs } })
}

function aged(change: Partial<OpenWindow>): OpenUnit {
  return unit(1, { window: { ...WINDOW, ...change } })
}
