/** Findings: hours as the rules look at them, each counted once, and a person's word on it. */
import { expect, test } from 'vitest'
import {
  CLEARED_FOR_MS,
  type ImplausibleHour,
  type ImplausibleRule,
} from '../../collector/src/model/implausible.ts'
import type { UnitHour } from '../../collector/src/model/timeline.ts'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import { type Fleet, H800, HOUR, hourOf, note, T0, type TestNode, terms } from './fleet.ts'
import type { OpenFleet } from './store.suite.ts'

const PAGE = { cursor: null, limit: 10 }
const DAY_HOURS = 24
const USED = {
  busyMs: HOUR,
  samplesGot: 360,
  samplesUtilization: 360,
  utilizationSumPermille: 180_001,
  utilizationMaxPermille: 900,
  memoryUsedMibMax: 40_000,
  energyJoules: 1_234_567,
  temperatureCelsiusMax: 61,
} as const satisfies Partial<UnitHour>

function unitOf(node: TestNode, at = 0) {
  const unit = node.units[at]
  if (unit === undefined) throw new Error('the card is there')
  return unit.unitId
}

function broken(node: TestNode, hourMs: number, change: Partial<ImplausibleHour> = {}) {
  const unitId = unitOf(node)
  const outbox = [note('implausible_found', hourMs)]
  const rule: ImplausibleRule = 'idle_at_power'
  const figures = { mean_watts: 600 }
  return { rule, nodeId: node.nodeId, unitId, hourMs, figures, outbox, ...change }
}

/** Books the node on to `toMs`; the hours stand beside. */
async function tell(fleet: Fleet, node: TestNode, toMs: number, unitHours: readonly UnitHour[]) {
  await fleet.book(node, 'busy/active', toMs, { unitHours })
}

async function seal(store: Store, hourMs: number, version: number) {
  const { mark } = await store.readHour(hourMs)
  const knownAtMs = hourMs + 3 * HOUR + version
  const write = { hourMs, expectedMark: mark, version, knownAtMs, buckets: [], outbox: [] }
  expect((await store.writeBuckets(write)).status).toBe('written')
}

const entries = async (store: Store) => (await store.readOutbox(100)).map(({ kind }) => kind)
const open = async (store: Store) => (await store.listFindings(SCOPE_ALL, true, PAGE)).rows

export function plausibilitySuite(openFleet: OpenFleet): void {
  test('sealed hours wait to be judged, the oldest first, and again once they were corrected', async () => {
    const fleet = await openFleet()
    const { store } = fleet
    await tell(fleet, await fleet.start('BJ-01'), T0 + 2 * HOUR, [])
    expect(await store.readUnjudgedHour()).toBeNull()
    for (const hourMs of [T0, T0 + HOUR]) await seal(store, hourMs, 1)
    expect(await store.readUnjudgedHour()).toEqual({ hourMs: T0, version: 1 })
    await store.hourJudged({ hourMs: T0, version: 1 })
    expect(await store.readUnjudgedHour()).toEqual({ hourMs: T0 + HOUR, version: 1 })
    await store.hourJudged({ hourMs: T0 + HOUR, version: 1 })
    expect(await store.readUnjudgedHour()).toBeNull()
    await seal(store, T0, 2)
    expect(await store.readUnjudgedHour()).toEqual({ hourMs: T0, version: 2 })
    await store.hourJudged({ hourMs: T0, version: 2 })
    // Said twice, by a judge that was killed between: a version never goes back.
    await store.hourJudged({ hourMs: T0, version: 1 })
    expect(await store.readUnjudgedHour()).toBeNull()
  })

  test('an hour is read card by card, in pages, with the profile of each', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01', 3)
    const ids = [0, 1, 2].map((at) => unitOf(node, at))
    const hours = ids.map((unitId) => hourOf(unitId, T0, { freeMs: HOUR }))
    await tell(fleet, node, T0 + HOUR, hours)
    const first = await fleet.store.readHourReadings(T0, 0, 2)
    expect(first.map(({ hour }) => hour)).toEqual(hours.slice(0, 2))
    expect(first[0]).toMatchObject({ nodeId: node.nodeId, profile: H800, repeatsAfterHours: null })
    const rest = await fleet.store.readHourReadings(T0, ids[1] ?? 0, 2)
    expect(rest.map(({ hour }) => hour)).toEqual(hours.slice(2))
    expect(await fleet.store.readHourReadings(T0, ids[2] ?? 0, 2)).toEqual([])
    expect(await fleet.store.readHourReadings(T0 + HOUR, 0, 2)).toEqual([])
  })

  test.each([
    ['hours', 1],
    ['days', DAY_HOURS],
    ['weeks', 7 * DAY_HOURS],
  ])('three %s of a card in use that are the same repeat', async (_, lag) => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    const atMs = T0 + 2 * lag * HOUR
    const hours = [0, 1, 2].map((times) => hourOf(unitOf(node), T0 + times * lag * HOUR, USED))
    await tell(fleet, node, atMs + HOUR, hours)
    const [reading] = await fleet.store.readHourReadings(atMs, 0, 10)
    expect(reading?.repeatsAfterHours).toBe(lag)
    // Two are not enough: the one before them is not there.
    const [before] = await fleet.store.readHourReadings(atMs - lag * HOUR, 0, 10)
    expect(before?.repeatsAfterHours).toBeNull()
  })

  test.each([
    ['another energy', { energyJoules: 1_234_568 }],
    ['energy that was not read', { energyJoules: null }],
    ['another temperature', { temperatureCelsiusMax: 62 }],
    ['a sample less', { samplesGot: 359, samplesUtilization: 359 }],
  ])('%s is no repetition', async (_, change) => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    const hours = [USED, { ...USED, ...change }, USED]
    await tell(
      fleet,
      node,
      T0 + 3 * HOUR,
      hours.map((told, at) => hourOf(unitOf(node), T0 + at * HOUR, told)),
    )
    const [reading] = await fleet.store.readHourReadings(T0 + 2 * HOUR, 0, 10)
    expect(reading?.repeatsAfterHours).toBeNull()
  })

  test('a finding goes on over its hours, each counted once, with one entry', async () => {
    const fleet = await openFleet()
    const { store } = fleet
    const node = await fleet.start('BJ-01')
    const later = broken(node, T0 + 4 * HOUR, { figures: { mean_watts: 650 } })
    const before = await entries(store)
    expect(await store.writeImplausible([broken(node, T0 + 2 * HOUR)], T0)).toEqual({ opened: 1 })
    expect(await store.writeImplausible([later], T0 + 1)).toEqual({ opened: 0 })
    expect(await store.writeImplausible([later, broken(node, T0)], T0 + 2)).toEqual({ opened: 0 })
    expect(await open(store)).toEqual([
      {
        findingId: expect.any(Number),
        rule: 'idle_at_power',
        nodeId: node.nodeId,
        siteCode: 'BJ-01',
        unitId: unitOf(node),
        sinceMs: T0,
        untilMs: T0 + 5 * HOUR,
        hours: 3,
        figures: { mean_watts: 650 },
        foundAtMs: T0,
        clearedAtMs: null,
        clearedBy: null,
        clearedBecause: null,
      },
    ])
    expect(await entries(store)).toEqual([...before, 'implausible_found'])
  })

  test('rules and subjects are apart: a card, another card, the node as a whole', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01', 2)
    const hours = [
      broken(node, T0),
      broken(node, T0, { rule: 'recording' }),
      broken(node, T0, { unitId: unitOf(node, 1) }),
      broken(node, T0, { rule: 'too_many_cards', unitId: null }),
    ]
    expect(await fleet.store.writeImplausible(hours, T0)).toEqual({ opened: 4 })
    expect(await fleet.store.writeImplausible(hours, T0)).toEqual({ opened: 0 })
    expect(await fleet.store.countFindings(SCOPE_ALL, T0)).toEqual({ findings: 4, cards: 2 })
    expect(await fleet.store.countFindings(SCOPE_ALL, T0 - 1)).toEqual({ findings: 0, cards: 0 })
  })

  test('only some rules withhold a card from the bank, and only until they are cleared', async () => {
    const fleet = await openFleet()
    const { store } = fleet
    const node = await fleet.start('BJ-01', 2)
    await fleet.book(node, 'free/proven', T0 + HOUR)
    const hours = [
      broken(node, T0),
      broken(node, T0, { unitId: unitOf(node, 1), rule: 'energy_above_cap' }),
      broken(node, T0, { rule: 'too_many_cards', unitId: null }),
    ]
    const seenSeq = (await store.readTimelineChanges(0, 10)).at(-1)?.open.changeSeq ?? 0
    await store.writeImplausible(hours, T0)
    expect(await store.readWithheldByFinding([node.nodeId])).toEqual([unitOf(node)])
    expect(await store.readWithheldByFinding([])).toEqual([])
    // The bank looks at the node again, now and when it is cleared.
    const foundSeq = (await store.readTimelineChanges(seenSeq, 10)).at(-1)?.open.changeSeq ?? 0
    expect(foundSeq).toBeGreaterThan(seenSeq)
    const [finding] = (await open(store)).filter(({ rule }) => rule === 'idle_at_power')
    const change = {
      findingId: finding?.findingId ?? 0,
      by: 'token 1',
      because: 'its meter counts the whole board',
      atMs: T0 + HOUR,
      outbox: [note('implausible_cleared')],
    }
    expect(await store.clearFinding(change)).toEqual({ status: 'cleared' })
    expect(await store.clearFinding(change)).toEqual({ status: 'already_cleared' })
    expect(await store.clearFinding({ ...change, findingId: 999 })).toEqual({ status: 'not_found' })
    expect(await store.readWithheldByFinding([node.nodeId])).toEqual([])
    expect(await store.readTimelineChanges(foundSeq, 10)).toHaveLength(1)
    expect(await store.findFinding(SCOPE_ALL, change.findingId)).toMatchObject({
      clearedAtMs: T0 + HOUR,
      clearedBy: 'token 1',
      clearedBecause: 'its meter counts the whole board',
    })
    expect((await entries(store)).filter((kind) => kind === 'implausible_cleared')).toHaveLength(1)
    // As it was known before, and since.
    expect((await store.countFindings(SCOPE_ALL, T0)).findings).toBe(3)
    expect((await store.countFindings(SCOPE_ALL, T0 + HOUR)).findings).toBe(2)
  })

  test('a person’s word holds for a while; then the rule is raised anew', async () => {
    const fleet = await openFleet()
    const { store } = fleet
    const node = await fleet.start('BJ-01')
    await store.writeImplausible([broken(node, T0)], T0)
    const findingId = (await open(store))[0]?.findingId ?? 0
    const cleared = { findingId, by: 'x', because: 'y', atMs: T0 + HOUR, outbox: [] }
    await store.clearFinding(cleared)
    const next = broken(node, T0 + HOUR)
    const endMs = T0 + HOUR + CLEARED_FOR_MS
    expect(await store.writeImplausible([next], endMs - 1)).toEqual({ opened: 0 })
    // Hours that the person has looked at are not held against the card later either.
    expect(await store.writeImplausible([broken(node, T0)], endMs)).toEqual({ opened: 0 })
    expect(await store.writeImplausible([next], endMs)).toEqual({ opened: 1 })
    expect(await open(store)).toMatchObject([{ hours: 1, sinceMs: T0 + HOUR }])
    expect((await store.listFindings(SCOPE_ALL, false, PAGE)).rows).toHaveLength(2)
  })

  test('who may not see the site sees nothing of its findings', async () => {
    const fleet = await openFleet()
    const { store } = fleet
    const node = await fleet.start('BJ-01')
    await fleet.site('SH-01', terms({ regionCode: '310000' }))
    await store.writeImplausible([broken(node, T0)], T0)
    const findingId = (await open(store))[0]?.findingId ?? 0
    const elsewhere = { regions: 'all', sites: ['SH-01'] } as const
    expect((await store.listFindings(elsewhere, true, PAGE)).rows).toEqual([])
    expect(await store.findFinding(elsewhere, findingId)).toBeNull()
    expect(await store.countFindings(elsewhere, T0)).toEqual({ findings: 0, cards: 0 })
    expect(await store.findFinding({ regions: ['11'], sites: 'all' }, findingId)).not.toBeNull()
  })

  test('findings come in pages, the newest first', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01', 3)
    const hours = [0, 1, 2].map((at) => broken(node, T0, { unitId: unitOf(node, at) }))
    await fleet.store.writeImplausible(hours, T0)
    const first = await fleet.store.listFindings(SCOPE_ALL, true, { cursor: null, limit: 2 })
    const last = await fleet.store.listFindings(SCOPE_ALL, true, {
      cursor: first.nextCursor,
      limit: 2,
    })
    const units = [...first.rows, ...last.rows].map(({ unitId }) => unitId)
    expect(units).toEqual([2, 1, 0].map((at) => unitOf(node, at)))
    expect(last.nextCursor).toBeNull()
  })
}
