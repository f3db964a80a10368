import { type RunName, runCode, runName } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import type { Silence } from '../../../collector/src/model/timeline.ts'
import { foldAnchor, foldRecords } from '../../../collector/src/timeline/fold.ts'
import type { FoldEffect, StreamRecord } from '../../../collector/src/timeline/fold-state.ts'
import {
  contextAt,
  freshState,
  HOUR,
  MINUTE,
  NODE,
  ok,
  plainTick,
  runs,
  T0,
  tickOf,
  tickRecord,
  unitRow,
  unitTick,
} from './support.ts'

/** `[code, seconds]` of everything the fold booked for unit 1, closed and open. */
function bookedRuns(effect: FoldEffect, unitId = 1): readonly (readonly [RunName, number])[] {
  const open = effect.open.units.find((unit) => unit.unitId === unitId)
  const closed = effect.closedRuns.filter((run) => run.unitId === unitId)
  const seconds = (fromMs: number, toMs: number) => (toMs - fromMs) / 1000
  const all = closed.map((run) => [runName(run.code), seconds(run.startMs, run.endMs)] as const)
  if (open === undefined) return all
  return [...all, [runName(open.runCode), seconds(open.runStartMs, effect.open.timelineEndMs)]]
}

function gap(seq: number, fromMs: number, toMs: number, cause = 'restart', bootId = 'boot-1') {
  return ok(seq, {
    kind: 'gap',
    gap: { startMs: fromMs, endMs: toMs, cause: cause as 'restart', bootId },
  })
}

function refused(seq: number, span: { fromMs: number; toMs: number } | null): StreamRecord {
  return {
    seq,
    bytes: new Uint8Array(10_000),
    result: {
      status: 'refused',
      code: 'record_out_of_range',
      sentence: 'utilization_sum is -5',
      ...(span === null ? {} : { spanStartMs: span.fromMs, spanEndMs: span.toMs }),
    },
  }
}

const one = freshState([unitRow(1)])
const soon = contextAt(T0 + 10 * MINUTE - 10_000)

describe('records of one node', () => {
  test('ticks that follow each other are one run', () => {
    const records = [plainTick(1, T0, 'free/proven'), plainTick(2, T0 + MINUTE, 'free/proven')]
    const effect = foldRecords(one, records, contextAt(T0 + 2 * MINUTE))
    expect(bookedRuns(effect)).toEqual([['free/proven', 120]])
    expect(effect.open.units[0]).toMatchObject({ runRecordedAtMs: null, depositable: true })
    expect(effect.closedRuns).toEqual([])
  })

  const gaps: readonly (readonly [
    string,
    readonly StreamRecord[],
    readonly (readonly [RunName, number])[],
    readonly string[],
  ])[] = [
    [
      'a refused record books its span unknown(refused), and the queue goes on (C3)',
      [
        plainTick(1, T0, 'busy/active'),
        refused(2, { fromMs: T0 + MINUTE, toMs: T0 + 2 * MINUTE }),
        plainTick(3, T0 + 2 * MINUTE, 'busy/active'),
      ],
      [
        ['busy/active', 60],
        ['unknown/refused', 60],
        ['busy/active', 60],
      ],
      ['record_out_of_range'],
    ],
    [
      'a refused record without a span is booked up to the record after it',
      [
        plainTick(1, T0, 'busy/active'),
        refused(2, null),
        plainTick(3, T0 + 2 * MINUTE, 'busy/active'),
      ],
      [
        ['busy/active', 60],
        ['unknown/refused', 60],
        ['busy/active', 60],
      ],
      ['record_out_of_range', 'record_not_contiguous'],
    ],
    [
      'a tick that begins before the end of what is booked is refused, the rest of it unknown',
      [plainTick(1, T0, 'free/proven'), plainTick(2, T0 + 30_000, 'free/proven')],
      [
        ['free/proven', 60],
        ['unknown/refused', 30],
      ],
      ['record_overlap'],
    ],
    [
      'a tick that lies wholly before the end is refused and books nothing',
      [
        plainTick(1, T0, 'free/proven'),
        plainTick(2, T0, 'busy/active'),
        plainTick(3, T0 + MINUTE, 'free/proven'),
      ],
      [['free/proven', 120]],
      ['record_overlap'],
    ],
    [
      'a gap books its cause',
      [plainTick(1, T0, 'free/proven'), gap(2, T0 + MINUTE, T0 + MINUTE + 20_000, 'suspend')],
      [
        ['free/proven', 60],
        ['unknown/suspend', 20],
      ],
      [],
    ],
    [
      'a gap that reaches back is clipped and noted',
      [plainTick(1, T0, 'free/proven'), gap(2, T0 + 50_000, T0 + MINUTE + 20_000, 'clock')],
      [
        ['free/proven', 60],
        ['unknown/clock', 20],
      ],
      ['record_overlap'],
    ],
    [
      'lost records are unknown(lost), clipped to what had not arrived',
      [
        plainTick(1, T0, 'free/proven'),
        ok(5, {
          kind: 'lost',
          lost: { firstSeq: 1, lastSeq: 5, startMs: T0, endMs: T0 + 5 * MINUTE },
        }),
      ],
      [
        ['free/proven', 60],
        ['unknown/lost', 240],
      ],
      [],
    ],
    [
      'a record from the future is refused and books nothing yet',
      [plainTick(1, T0, 'free/proven'), plainTick(2, T0 + HOUR, 'free/proven')],
      [['free/proven', 60]],
      ['record_future'],
    ],
  ]
  test.each(gaps)('%s', (_name, records, expected, notes) => {
    const effect = foldRecords(one, records, soon)
    expect(bookedRuns(effect)).toEqual(expected)
    expect(effect.refused.map((row) => row.code)).toEqual(notes)
  })

  test('only records that were not taken are told in the ack, and 4 KiB of them are kept', () => {
    const records = [refused(1, null), plainTick(2, T0 + MINUTE, 'busy/active')]
    const effect = foldRecords(one, records, soon)
    expect([...effect.refusedSeqs]).toEqual([1])
    expect(effect.refused[0]?.bytes.length).toBe(4096)
  })

  test('a new boot ends the window however short the gap is', () => {
    const records = [
      plainTick(1, T0, 'free/proven'),
      gap(2, T0 + MINUTE, T0 + MINUTE + 5000, 'reboot', 'boot-2'),
    ]
    const effect = foldRecords(one, records, soon)
    expect(effect.closedWindows).toMatchObject([
      { endMs: T0 + MINUTE, endCode: runCode('unknown/reboot') },
    ])
    expect(effect.open.bootId).toBe('boot-2')
  })

  test('a step of the clock moves nothing: the agent tells it in the next gap (C2)', () => {
    const records = [
      plainTick(1, T0, 'free/proven'),
      gap(2, T0 + MINUTE, T0 + MINUTE, 'clock'),
      plainTick(3, T0 + MINUTE, 'free/proven'),
    ]
    const effect = foldRecords(one, records, soon)
    expect(bookedRuns(effect)).toEqual([['free/proven', 120]])
    expect(effect.refused).toEqual([])
  })
})

describe('the first record of an epoch', () => {
  const later = { ...contextAt(T0 + 10 * MINUTE - 10_000), epoch: 'bb'.repeat(16) }
  const before = foldRecords(one, [plainTick(1, T0, 'free/proven')], contextAt(T0 + MINUTE)).state

  test('anchors: the time since the epoch before is unknown(epoch)', () => {
    const effect = foldRecords(before, [gap(1, T0 + 3 * MINUTE, T0 + 3 * MINUTE, 'epoch')], later)
    expect(bookedRuns(effect)).toEqual([
      ['free/proven', 60],
      ['unknown/epoch', 120],
    ])
    expect(effect.open.epoch).toBe(later.epoch)
  })

  test('never overlaps what is booked: it is clipped and noted', () => {
    const effect = foldRecords(before, [gap(1, T0 + 30_000, T0 + 2 * MINUTE, 'epoch')], later)
    expect(bookedRuns(effect)).toEqual([
      ['free/proven', 60],
      ['unknown/epoch', 60],
    ])
    expect(effect.refused.map((row) => row.code)).toEqual(['record_overlap'])
  })

  test('may be facts', () => {
    const effect = foldAnchor(before, T0 + 2 * MINUTE, later)
    expect(bookedRuns(effect)).toEqual([
      ['free/proven', 60],
      ['unknown/epoch', 60],
    ])
  })

  test('begins the timeline of a node that had none', () => {
    const none = freshState([], { open: null, facts: null })
    const effect = foldAnchor(none, T0, later)
    expect(effect.open).toMatchObject({ timelineEndMs: T0, units: [] })
  })
})

describe('what a node tells of leases', () => {
  const two = freshState([unitRow(1), unitRow(2)])
  const lease = {
    atMs: T0 + MINUTE,
    leaseId: 'e-1',
    event: 'ended',
    revision: 2,
    units: [1],
    cause: 'veto',
  } as const
  const told = ok(2, { kind: 'lease', lease })

  test('is kept as it came, with the units behind its indexes, and books nothing', () => {
    const records = [plainTick(1, T0, 'free/proven', 2), told]
    const effect = foldRecords(two, records, soon)
    expect(effect.leaseRecords).toEqual([{ unitIds: [2], record: lease, receivedAtMs: soon.nowMs }])
    const without = foldRecords(two, records.slice(0, 1), soon)
    expect({ ...effect, leaseRecords: [] }).toEqual(without)
  })

  test('names no unit by an index that the facts do not have, or that an epoch before had', () => {
    const unitIdsOf = (effect: FoldEffect) => effect.leaseRecords.map(({ unitIds }) => unitIds)
    const unknown = ok(2, { kind: 'lease', lease: { ...lease, units: [7] } })
    expect(unitIdsOf(foldRecords(two, [unknown], soon))).toEqual([[]])
    const later = { ...soon, epoch: 'another' }
    expect(unitIdsOf(foldRecords(two, [told], later))).toEqual([[]])
  })
})

describe('the owner’s word', () => {
  const free = foldRecords(one, [plainTick(1, T0, 'free/proven')], contextAt(T0 + MINUTE)).state
  const veto = (kind: 'reclaim' | 'offer', units: readonly number[]) =>
    ok(2, { kind: 'veto', veto: { atMs: T0 + MINUTE + 1000, kind, units } })

  test('a reclaim withholds at once, from the node’s own instant on', () => {
    const effect = foldRecords(free, [veto('reclaim', [])], soon)
    expect(effect.open.units[0]).toMatchObject({
      depositable: false,
      withheld: { sinceMs: T0 + MINUTE + 1000, by: 'veto' },
    })
    expect(effect.outbox).toMatchObject([{ kind: 'veto', payload: { unit_ids: [1] } }])
  })

  test('an offer alone gives nothing back: a tick does', () => {
    const state = foldRecords(free, [veto('reclaim', []), veto('offer', [])], soon).state
    expect(state.open?.units[0]?.depositable).toBe(false)
    const effect = foldRecords(state, [plainTick(3, T0 + MINUTE, 'free/proven')], soon)
    expect(effect.open.units[0]).toMatchObject({ depositable: true, withheld: null })
  })

  test('an end of consent is kept after it was given back, however the records are cut', () => {
    const records = [
      veto('reclaim', []),
      veto('offer', []),
      plainTick(3, T0 + MINUTE, 'free/proven'),
    ] as const
    const ends = { count: 1, latest: [{ sinceMs: T0 + MINUTE + 1000, by: 'veto' }] }
    expect(foldRecords(free, records, soon).open.units[0]).toMatchObject({
      withheld: null,
      consentEnds: ends,
    })
    let state = free
    for (const record of records) state = foldRecords(state, [record], soon).state
    expect(state.open?.units[0]?.consentEnds).toEqual(ends)
  })

  test('a policy that says no ends consent once, and only where there was one', () => {
    const policy = (seq: number, enabled: boolean) =>
      ok(seq, {
        kind: 'policy',
        policy: {
          version: seq,
          atMs: T0 + MINUTE + seq,
          enabled,
          keepCardsPerNode: 0,
          minFreeMs: 0,
          maxLeaseMs: HOUR,
          calendar: null,
          handover: null,
        },
      })
    const countAfter = (...enabled: boolean[]) => {
      const records = enabled.map((one, index) => policy(index + 2, one))
      return foldRecords(free, records, soon).open.units[0]?.consentEnds.count
    }
    expect(countAfter(false)).toBe(0)
    expect(countAfter(true, false, false, true)).toBe(1)
    expect(countAfter(true, false, true, false)).toBe(2)
  })

  test('a veto of other units leaves this one', () => {
    const effect = foldRecords(free, [veto('reclaim', [7])], soon)
    expect(effect.open.units[0]?.depositable).toBe(true)
  })

  test('a policy is kept in the open row and journaled', () => {
    const policy = {
      version: 2,
      atMs: T0,
      enabled: true,
      keepCardsPerNode: 1,
      minFreeMs: 900_000,
      maxLeaseMs: 0,
      calendar: null,
      handover: null,
    }
    const effect = foldRecords(free, [ok(2, { kind: 'policy', policy })], soon)
    expect(effect.open.policy).toEqual(policy)
    expect(effect.outbox.map((entry) => entry.kind)).toEqual(['policy_changed'])
  })
})

describe('late data', () => {
  const silence: Silence = {
    silenceId: 9,
    nodeId: NODE,
    unitId: null,
    fromMs: T0 + MINUTE,
    toMs: null,
    code: runCode('unknown/silent'),
    declaredAtMs: T0 + MINUTE + 90_000,
  }
  const before = foldRecords(one, [plainTick(1, T0, 'busy/active')], contextAt(T0 + MINUTE)).state

  test('what arrives more than two minutes after its tick is recorded with its own time (C14)', () => {
    const nowMs = T0 + 5 * HOUR
    const effect = foldRecords(before, [plainTick(2, T0 + MINUTE, 'busy/active')], contextAt(nowMs))
    expect(effect.closedRuns).toMatchObject([{ endMs: T0 + MINUTE, recordedAtMs: null }])
    expect(effect.open.units[0]).toMatchObject({ runStartMs: T0 + MINUTE, runRecordedAtMs: nowMs })
    expect(effect.dirtyHours).toEqual([T0])
  })

  test('what fills a declared silence is late however young it is', () => {
    const nowMs = T0 + 3 * MINUTE
    const state = { ...before, silences: [silence] }
    const effect = foldRecords(state, [plainTick(2, T0 + MINUTE, 'busy/active')], contextAt(nowMs))
    expect(effect.open.units[0]?.runRecordedAtMs).toBe(nowMs)
    expect(effect.silencesEnded).toEqual([{ silenceId: 9, toMs: nowMs }])
    expect(effect.state.silences).toEqual([])
  })

  test('a silence goes on until the timeline has caught up', () => {
    const nowMs = T0 + 30 * MINUTE
    const state = { ...before, silences: [silence] }
    const first = foldRecords(state, [plainTick(2, T0 + MINUTE, 'free/proven')], contextAt(nowMs))
    expect(first.silencesEnded).toEqual([])
    const rest = [gap(3, T0 + 2 * MINUTE, T0 + 30 * MINUTE)]
    const second = foldRecords(first.state, rest, contextAt(nowMs))
    expect(second.silencesEnded).toEqual([{ silenceId: 9, toMs: nowMs }])
  })

  test('a window that silence has ended is not ended twice', () => {
    const free = foldRecords(one, [plainTick(1, T0, 'free/proven')], contextAt(T0 + MINUTE)).state
    const state = { ...free, silences: [silence] }
    const effect = foldRecords(state, [gap(2, T0 + MINUTE, T0 + HOUR)], contextAt(T0 + HOUR))
    expect(effect.closedWindows).toEqual([])
  })
})

describe('placements', () => {
  test('a unit is booked from its first proof on', () => {
    const rows = [unitRow(1), unitRow(2, { validFromMs: T0 + 90_000 })]
    const records = [
      plainTick(1, T0, 'busy/active', 2),
      plainTick(2, T0 + MINUTE, 'busy/active', 2),
    ]
    const effect = foldRecords(freshState(rows), records, soon)
    expect(bookedRuns(effect, 2)).toEqual([['busy/active', 30]])
  })

  test('a unit that the facts no longer name is finished where the timeline stood', () => {
    const state = foldRecords(
      freshState([unitRow(1), unitRow(2)]),
      [plainTick(1, T0, 'free/proven', 2)],
      soon,
    ).state
    const after = {
      ...state,
      facts: { epoch: state.open?.epoch ?? '', revision: 2, bootId: 'boot-1' },
      placements: state.placements.slice(0, 1),
    }
    const effect = foldRecords(after, [], soon)
    expect(effect.open.units.map((unit) => unit.unitId)).toEqual([1])
    expect(effect.closedRuns).toMatchObject([{ unitId: 2, startMs: T0, endMs: T0 + MINUTE }])
    expect(effect.unitHours).toMatchObject([{ unitId: 2, freeMs: MINUTE }])
    expect(effect.closedWindows).toMatchObject([{ unitId: 2, endMs: T0 + MINUTE }])
  })

  test('a card shown again goes on with the hour it had begun', () => {
    const hour = foldRecords(one, [plainTick(1, T0, 'free/proven')], soon).open.units[0]?.hour
    const state = freshState([unitRow(1)], { hours: hour === undefined ? [] : [hour] })
    const moved = {
      ...state,
      open: state.open && { ...state.open, timelineEndMs: T0 + 10 * MINUTE },
    }
    const effect = foldRecords(
      moved,
      [plainTick(5, T0 + 10 * MINUTE, 'busy/active')],
      contextAt(T0 + 11 * MINUTE),
    )
    expect(effect.open.units[0]?.hour).toMatchObject({ freeMs: MINUTE, busyMs: MINUTE })
  })

  const movedAtMs = T0 + 2 * MINUTE
  const moved = unitRow(1, {
    validToMs: T0 + MINUTE,
    bookedToMs: movedAtMs,
    validToReason: 'moved',
  })
  const booked = foldRecords(one, [plainTick(1, T0, 'busy/active')], soon).state

  test('a card that has moved is booked up to its first proof elsewhere, and no further (C5)', () => {
    const state = { ...booked, units: [moved] }
    const effect = foldRecords(
      state,
      [gap(2, T0 + MINUTE, T0 + 4 * MINUTE, 'reboot', 'boot-2')],
      soon,
    )
    expect(bookedRuns(effect)).toEqual([
      ['busy/active', 60],
      ['unknown/reboot', 60],
    ])
    expect(effect.lateProofs).toEqual([])
    expect(effect.open.units).toEqual([])
  })

  test('time proven here after that is a conflict, and the first claim goes on (C5)', () => {
    const state = { ...booked, units: [moved] }
    const records = [2, 3, 4].map((seq) => plainTick(seq, T0 + (seq - 1) * MINUTE, 'busy/active'))
    const effect = foldRecords(state, records, soon)
    expect(effect.lateProofs).toEqual([{ unitId: 1, acceleratorId: 101, fromMs: movedAtMs }])
    expect(bookedRuns(effect)).toEqual([
      ['busy/active', 120],
      ['busy/active', 120],
    ])
    expect(effect.state.units[0]).toMatchObject({
      validToMs: null,
      isInConflict: true,
      isCounted: true,
    })
  })

  test('one that moved away before any of its time was booked here loses none of it (C5)', () => {
    // Its facts were taken, and the card was first proven elsewhere within its first tick.
    const elsewhereMs = T0 + MINUTE + 20_000
    const row = unitRow(2, {
      validFromMs: T0 + MINUTE,
      validToMs: T0 + MINUTE,
      bookedToMs: elsewhereMs,
      validToReason: 'moved',
    })
    const state = { ...booked, units: [row], placements: [{ index: 0, unitId: row.unitId }] }
    const open = { ...booked.open, units: [] } as typeof booked.open
    const effect = foldRecords({ ...state, open }, [plainTick(2, T0 + MINUTE, 'busy/active')], soon)
    expect(effect.lateProofs).toMatchObject([{ unitId: 2, fromMs: elsewhereMs }])
    const [unit] = effect.open.units
    expect(unit).toMatchObject({ unitId: 2, runStartMs: T0 + MINUTE })
    expect(unit?.hour).toMatchObject({ busyMs: MINUTE })
  })

  test('between its end there and its proof here the card was moved, in any batches (C5)', () => {
    const unknown = plainTick(2, T0 + MINUTE, 'unknown/missing_signal')
    const also = plainTick(3, movedAtMs, 'unknown/missing_signal')
    const proof = plainTick(4, movedAtMs + MINUTE, 'busy/active')
    const state = { ...booked, units: [moved] }
    const first = foldRecords(state, [unknown, also], soon)
    const left = first.unitHours.filter((hour) => hour.unitId === 1)
    const second = foldRecords({ ...first.state, hours: left }, [proof], soon)
    expect(second.lateProofs).toMatchObject([{ fromMs: movedAtMs + MINUTE }])
    expect(bookedRuns(second)).toEqual([
      ['unknown/moved', 60],
      ['busy/active', 60],
    ])
    expect(second.open.units[0]?.hour).toMatchObject({ busyMs: 2 * MINUTE, unknownMs: 2 * MINUTE })
  })

  test('unknown time after that proves nothing', () => {
    const state = { ...booked, units: [moved] }
    const records = [2, 3].map((seq) =>
      plainTick(seq, T0 + (seq - 1) * MINUTE, 'unknown/missing_signal'),
    )
    const effect = foldRecords(state, records, soon)
    expect(effect.lateProofs).toEqual([])
    expect(effect.open.units).toEqual([])
  })
})

test('statistics add up, and what was not read stays absent', () => {
  const units = [
    unitTick(0, runs(['free/proven', 40], ['busy/active', 20]), {
      utilizationSumPermille: 1500,
      utilizationMaxPermille: 900,
      samplesZero: 4,
      activeMs: 20_000,
      energyJoules: 100,
      memoryUsedMibMax: 4000,
    }),
    unitTick(1, runs(['occupied/in_use', 60]), {
      utilizationSumPermille: null,
      utilizationMaxPermille: null,
      samplesZero: null,
      samplesBelowTenth: null,
    }),
  ]
  const state = freshState([unitRow(1), unitRow(2)])
  const effect = foldRecords(state, [tickRecord(1, tickOf(T0, units))], soon)
  expect(effect.open.units[0]?.hour).toMatchObject({
    freeMs: 40_000,
    busyMs: 20_000,
    activeMs: 20_000,
    samplesExpected: 6,
    samplesUtilization: 6,
    utilizationSumPermille: 1500,
    energyJoules: 100,
  })
  expect(effect.open.units[1]?.hour).toMatchObject({
    occupiedMs: 60_000,
    samplesUtilization: 0,
    utilizationMaxPermille: null,
    energyJoules: null,
  })
})

test('a free run on possession alone is counted as class B', () => {
  const units = [unitTick(0, runs(['free/proven', 60]), { evidence: 'B' })]
  const effect = foldRecords(one, [tickRecord(1, tickOf(T0, units))], soon)
  expect(effect.open.units[0]?.hour).toMatchObject({ freeMs: MINUTE, classBMs: MINUTE })
})
