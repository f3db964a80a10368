/** What rows and ended windows come to: claims only where something was measured. */
import { type RunName, runCode } from '@yiben/shared'
import { expect, test } from 'vitest'
import type { CardState } from '../../../../collector/src/forecast/fleet.ts'
import {
  type CardBefore,
  changesOf,
  mayHideWindows,
} from '../../../../collector/src/forecast/live/card-changes.ts'
import { FollowedFleet } from '../../../../collector/src/forecast/live/followed-fleet.ts'
import { LAG_MS_MAX, settledMs } from '../../../../collector/src/forecast/live/settled.ts'
import { TimeQueue } from '../../../../collector/src/forecast/live/time-queue.ts'
import type { CardSight } from '../../../../collector/src/model/forecast.ts'
import type { NodeId, UnitId } from '../../../../collector/src/model/ids.ts'
import type { ClosedWindow } from '../../../../collector/src/model/timeline.ts'

const UNIT = 1 as UnitId
const NODE = 'n-1' as NodeId
const MINUTE = 60_000

function sightOf(
  name: RunName,
  runStartMs: number,
  windowStartMs: number | null = null,
): CardSight {
  const profile = {
    vendor: 'nvidia',
    name: 'H',
    memoryTotalMib: null,
    powerCapWatts: null,
  } as const
  return { unitId: UNIT, profile, runStartMs, runCode: runCode(name), windowStartMs }
}

function ended(startMs: number, endMs: number, name: RunName): ClosedWindow {
  const provenMs = endMs - startMs
  return { unitId: UNIT, startMs, ageStartMs: startMs, endMs, provenMs, endCode: runCode(name) }
}

interface Row {
  readonly name: string
  readonly before?: Partial<CardBefore>
  readonly sight: CardSight
  readonly ended?: readonly ClosedWindow[]
  readonly lent?: readonly [number, number]
  readonly endMs: number
  readonly changes: readonly (readonly [number, CardState])[]
}

const FREE = { state: 'free', windowStartMs: 0 } as const
const TAKEN = { state: 'taken', windowStartMs: null } as const

test.each<Row>([
  {
    name: 'a window that goes on changes nothing',
    before: FREE,
    sight: sightOf('free/proven', 0, 0),
    endMs: 60,
    changes: [],
  },
  {
    name: 'a window is free from its start, also while a pause or a grey reading lasts',
    before: TAKEN,
    sight: sightOf('busy/grey', 50, 10),
    endMs: 60,
    changes: [[10, 'free']],
  },
  {
    name: 'a window that ends in use was claimed at its end',
    before: FREE,
    sight: sightOf('busy/active', 60),
    ended: [ended(0, 40, 'busy/active')],
    endMs: 80,
    changes: [[40, 'taken']],
  },
  {
    name: 'a window that ends unknown is lost from sight',
    before: FREE,
    sight: sightOf('unknown/silent', 40),
    ended: [ended(0, 40, 'unknown/silent')],
    endMs: 100,
    changes: [[40, 'unseen']],
  },
  {
    name: 'what is unknown for long is out of sight, what is unknown for a moment is as it was',
    before: TAKEN,
    sight: sightOf('unknown/probe', 100),
    endMs: 100 + 91_000,
    changes: [[100, 'unseen']],
  },
  {
    name: 'a short unknown says nothing',
    before: TAKEN,
    sight: sightOf('unknown/probe', 100),
    endMs: 100 + 90_000,
    changes: [],
  },
  {
    name: 'windows between two looks are told one after the other',
    before: TAKEN,
    sight: sightOf('free/proven', 70, 70),
    ended: [ended(10, 20, 'busy/active'), ended(30, 40, 'faulty/ecc')],
    endMs: 80,
    changes: [
      [10, 'free'],
      [20, 'taken'],
      [30, 'free'],
      [40, 'taken'],
      [70, 'free'],
    ],
  },
  {
    name: 'an end that was stored after the row was read waits for the next look',
    before: FREE,
    sight: sightOf('free/proven', 0, 0),
    ended: [ended(0, 90, 'busy/active')],
    endMs: 60,
    changes: [],
  },
  {
    name: 'a window that ends under a lease is lent, no claim',
    before: FREE,
    sight: sightOf('busy/active', 40),
    ended: [ended(0, 40, 'busy/active')],
    lent: [30, 500],
    endMs: 80,
    changes: [[40, 'lent']],
  },
  {
    name: 'a lease that goes on changes nothing',
    before: { state: 'lent', windowStartMs: null },
    sight: sightOf('busy/active', 40),
    lent: [30, 500],
    endMs: 200,
    changes: [],
  },
  {
    name: 'what is still in use after its lease is the owner’s',
    before: { state: 'lent', windowStartMs: null },
    sight: sightOf('busy/active', 40),
    lent: [30, 150],
    endMs: 200,
    changes: [[200, 'taken']],
  },
])('$name', ({ before, changes, ended: windows = [], endMs, lent, sight }) => {
  const isLentAt = (atMs: number) => lent !== undefined && lent[0] <= atMs && atMs < lent[1]
  const card = { state: 'unseen' as const, windowStartMs: null, ...before }
  const found = changesOf(card, { sight, timelineEndMs: endMs, ended: windows, isLentAt })
  expect(found.map(({ atMs, state }) => [atMs, state])).toEqual(changes)
})

test('windows are read only where some may hide', () => {
  expect(mayHideWindows(FREE, sightOf('free/proven', 0, 0), 60)).toBe(false)
  expect(mayHideWindows(FREE, sightOf('free/proven', 50, 50), 60)).toBe(true)
  expect(mayHideWindows(TAKEN, sightOf('busy/active', 10), 60)).toBe(false)
  expect(mayHideWindows(TAKEN, sightOf('busy/active', 70), 60)).toBe(true)
})

function fleetOf() {
  const queue = new TimeQueue()
  const lending = { isLentAt: () => false }
  const fleet = new FollowedFleet({ queue, lending, kindKeyOf: () => 'kind' })
  const told = () => queue.toJSON().map(({ atMs, state }) => [atMs, state])
  const look = (sight: CardSight, timelineEndMs: number, fromMs: number) => {
    const node = { nodeId: NODE, siteCode: 'S', changeSeq: 1, timelineEndMs, cards: [sight] }
    fleet.look({ sights: [node], ended: [], fromMs, monotonicMs: 0 })
  }
  return { fleet, told, look }
}

test('a node that has fallen behind is lost from sight where it stopped, and found again as it is then', () => {
  const { fleet, told, look } = fleetOf()
  look(sightOf('free/proven', 0, 0), MINUTE, 0)
  fleet.settle(3 * MINUTE, MINUTE)
  // What it did meanwhile is not made up, though it tells that it was free throughout.
  look(sightOf('free/proven', 0, 0), 2 * MINUTE, 3 * MINUTE)
  look(sightOf('free/proven', 0, 0), 4 * MINUTE, 3 * MINUTE)
  expect(told()).toEqual([
    [0, 'free'],
    [MINUTE, 'unseen'],
    [3 * MINUTE, 'free'],
  ])
})

test('a change that comes a moment late counts as just now; one that comes later is a gap', () => {
  const late = fleetOf()
  late.look(sightOf('free/proven', 0, 0), MINUTE, 0)
  late.look(sightOf('busy/active', MINUTE), 3 * MINUTE, 2 * MINUTE)
  expect(late.told().slice(1)).toEqual([[2 * MINUTE, 'taken']])
  const gap = fleetOf()
  gap.look(sightOf('free/proven', 0, 0), MINUTE, 0)
  gap.look(sightOf('busy/active', MINUTE), 9 * MINUTE, 8 * MINUTE)
  expect(gap.told().slice(1)).toEqual([
    [8 * MINUTE, 'unseen'],
    [8 * MINUTE, 'taken'],
  ])
})

test('a card that is gone, or counts as another kind, is lost from sight', () => {
  const { fleet, told, look } = fleetOf()
  look(sightOf('free/proven', 0, 0), MINUTE, 0)
  const empty = { nodeId: NODE, siteCode: 'S', changeSeq: 2, timelineEndMs: 2 * MINUTE, cards: [] }
  fleet.look({ sights: [empty], ended: [], fromMs: MINUTE, monotonicMs: 0 })
  expect(told().slice(1)).toEqual([[2 * MINUTE, 'unseen']])
  expect(fleet.cardOf(UNIT)).toBeNull()
})

const NOW = { wallMs: 100 * MINUTE, monotonicMs: 100 * MINUTE }
const node = (behindMs: number, idleMs = 0) => ({
  endMs: NOW.wallMs - behindMs,
  progressedMs: NOW.monotonicMs - idleMs,
})
const many = Array.from({ length: 30 }, () => node(MINUTE))

test.each([
  ['nobody tells anything', [], LAG_MS_MAX],
  ['the slowest is waited for', [node(10_000), node(70_000)], 70_000],
  ['one that has stopped is not', [node(10_000), node(70_000, LAG_MS_MAX)], 10_000],
  ['nor one far behind the many', [...many, node(50 * MINUTE)], LAG_MS_MAX],
  [
    'but all of them are, where many are behind',
    [node(50 * MINUTE), node(9 * MINUTE)],
    50 * MINUTE,
  ],
  ['nobody’s clock is ahead of ours', [node(-5 * MINUTE)], 0],
])('settled: %s', (_name, nodes, behindMs) => {
  expect(settledMs(nodes, NOW)).toBe(NOW.wallMs - behindMs)
})
