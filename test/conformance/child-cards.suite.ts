/** Cards of children, told again and again: what is written of them, and which hours that moves. */
import type { Identity } from '@yiben/shared'
import { expect, test } from 'vitest'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import { ChildTeller, strongId } from '../support/child-teller.ts'
import { HOUR, MINUTE, T0 } from './fleet.ts'
import type { OpenFleet } from './store.suite.ts'

const FULL = BigInt(HOUR)

async function childOf(store: Store, digit: string, site: string): Promise<ChildTeller> {
  const child = await new ChildTeller(store, digit).enroll(T0)
  expect(await child.tell(T0, [child.collector(), child.site(site)])).toEqual([])
  return child
}

async function conflictsOf(store: Store) {
  const { conflicts } = await store.readChildQuality(SCOPE_ALL, 0)
  return conflicts.map(({ kept, other }) => [kept?.nodeId, other?.nodeId])
}

async function sealed(store: Store, hours: number): Promise<void> {
  for (let hour = 0; hour < hours; hour += 1) await seal(store, T0 + hour * HOUR)
}

async function seal(store: Store, hourMs: number): Promise<void> {
  const [before] = await store.sealedHours(hourMs, hourMs + HOUR)
  const version = (before?.version ?? 0) + 1
  const { mark } = await store.readHour(hourMs)
  const write = { hourMs, version, knownAtMs: hourMs + 9 * HOUR, buckets: [], outbox: [] }
  expect(await store.writeBuckets({ ...write, expectedMark: mark })).toEqual({ status: 'written' })
}

/** Numbers of the sealed hours that are to be corrected; they are sealed anew. */
async function moved(store: Store): Promise<readonly number[]> {
  const { dirtyHours } = await store.rollupBacklog()
  for (const hourMs of dirtyHours) await seal(store, hourMs)
  return dirtyHours.map((hourMs) => (hourMs - T0) / HOUR)
}

export function childCardsSuite(openFleet: OpenFleet): void {
  test('ids that only begin alike are not one card', async () => {
    const { store } = await openFleet()
    const [one, other] = [await childOf(store, 'a', 'SH-01'), await childOf(store, 'd', 'GD-01')]
    const id = (ending: string): Identity => strongId(`the same beginning, ${ending}`)
    await one.tell(T0, [one.node('n1', 'SH-01', [{ identities: [id('one')] }])])
    await other.tell(T0, [
      other.node('m1', 'GD-01', [{ identities: [id('two')] }, { identities: [id('three')] }]),
      other.node('m2', 'GD-01', [
        { unitNumber: 3, identities: [{ ...id('one'), keyNumber: 2 }] },
        { unitNumber: 4, identities: [{ ...id('one'), strength: 'board' }] },
      ]),
    ])
    expect(await conflictsOf(store)).toEqual([])
    await other.tell(T0, [other.node('m3', 'GD-01', [{ unitNumber: 5, identities: [id('one')] }])])
    expect(await conflictsOf(store)).toEqual([['n1', 'm3']])
  })

  test('a card is found by the ids that it was told with last, and by none when it is gone', async () => {
    const { store } = await openFleet()
    const [one, other] = [await childOf(store, 'a', 'SH-01'), await childOf(store, 'd', 'GD-01')]
    const card = (name: string, change = {}) => ({ identities: [strongId(name)], ...change })
    await one.tell(T0, [
      one.node('n1', 'SH-01', [card('first'), card('second'), card('third'), card('fourth')]),
    ])
    // Another id, no longer counted, gone from the node.
    await one.tell(T0, [
      one.node('n1', 'SH-01', [card('first anew'), card('second', { isCounted: false })]),
      one.node('n2', 'SH-01', [card('fourth', { unitNumber: 9 })]),
    ])
    await other.tell(T0, [
      other.node('m1', 'GD-01', [
        card('first'),
        card('second'),
        card('third'),
        card('fourth'),
        card('first anew'),
      ]),
    ])
    expect(await conflictsOf(store)).toEqual([
      ['n1', 'm1'],
      ['n2', 'm1'],
    ])
    // Counted again it claims its id again.
    await one.tell(T0, [one.node('n1', 'SH-01', [card('first anew'), card('second')])])
    expect(await conflictsOf(store)).toHaveLength(3)
  })

  test('however often a card is told, its one conflict stays one', async () => {
    const { store } = await openFleet()
    const [one, other] = [await childOf(store, 'a', 'SH-01'), await childOf(store, 'd', 'GD-01')]
    const cards = [{ identities: [strongId('card')] }]
    for (let round = 0; round < 3; round += 1) {
      await one.tell(T0, [one.node('n1', 'SH-01', cards)])
      await other.tell(T0, [other.node('m1', 'GD-01', cards)])
    }
    expect(await conflictsOf(store)).toEqual([['n1', 'm1']])
  })

  test('only hours in which a card counts otherwise are corrected', async () => {
    const { store } = await openFleet()
    const child = await childOf(store, 'a', 'SH-01')
    const early = { validFromMs: T0 - HOUR }
    await child.tell(T0, [child.node('n1', 'SH-01', [early, early])])
    await sealed(store, 5)
    expect(await moved(store)).toEqual([])
    // The same again, under a higher version.
    await child.tell(T0, [child.node('n1', 'SH-01', [early, early])])
    expect(await moved(store)).toEqual([])
    // One leaves: from then on.
    const left = { ...early, bookedToMs: T0 + 3 * HOUR + MINUTE }
    await child.tell(T0, [child.node('n1', 'SH-01', [left, early])])
    expect(await moved(store)).toEqual([3, 4])
    // It left earlier than was said: between the two.
    const leftBefore = { ...early, bookedToMs: T0 + 2 * HOUR }
    await child.tell(T0, [child.node('n1', 'SH-01', [leftBefore, early])])
    expect(await moved(store)).toEqual([2, 3])
    // The other one came later than was said.
    const late = { validFromMs: T0 + HOUR + MINUTE }
    await child.tell(T0, [child.node('n1', 'SH-01', [leftBefore, late])])
    expect(await moved(store)).toEqual([0, 1])
    // It is of another profile: all of its time.
    await child.tell(T0, [child.node('n1', 'SH-01', [leftBefore, { ...late, name: 'other' }])])
    expect(await moved(store)).toEqual([1, 2, 3, 4])
    // A card that was there for an hour, told late.
    const guest = { validFromMs: T0 + 2 * HOUR, bookedToMs: T0 + 3 * HOUR }
    await child.tell(T0, [child.node('n2', 'SH-01', [{ ...guest, unitNumber: 3 }])])
    expect(await moved(store)).toEqual([2])
    // It never was there.
    await child.tell(T0, [child.node('n2', 'SH-01', [])])
    expect(await moved(store)).toEqual([2])
  })

  test('what is told at once is taken as if it came one by one', async () => {
    const { store } = await openFleet()
    const child = await childOf(store, 'a', 'SH-01')
    await (await childOf(store, 'd', 'GD-01')).heard(T0)
    const card = (unitNumber: number) => ({ unitNumber, identities: [strongId(`${unitNumber}`)] })
    const early = child.node('n2', 'SH-01', [card(4)])
    const refused = await child.tell(T0, [
      child.node('n1', 'SH-01', [card(1), card(2)]),
      child.node('n2', 'SH-01', [card(3)]),
      early,
      // Of another node, of a site of another child, and of a ledger that nobody knows.
      child.node('n3', 'SH-01', [card(5), card(1)]),
      child.node('n4', 'GD-01', [card(6)]),
      child.node('n5', 'SH-01', [card(7)], { origin: 'f'.repeat(64) }),
      // Its second card has gone, and stands in another one now.
      child.node('n1', 'SH-01', [card(1)]),
      child.node('n6', 'SH-01', [card(2)]),
      child.node('n7', 'SH-01', [card(8)]),
    ])
    expect(refused.map(({ code, seq }) => [seq - 3, code])).toEqual([
      [3, 'record_unknown_unit'],
      [4, 'record_site'],
      [5, 'record_origin'],
    ])
    const page = { cursor: null, limit: 100 }
    const { rows } = await store.listChildNodes(SCOPE_ALL, child.origin, page)
    expect(rows.map(({ cards, nodeId }) => [nodeId, cards.map((one) => one.unitNumber)])).toEqual([
      ['n1', [1]],
      ['n2', [3]],
      ['n6', [2]],
      ['n7', [8]],
    ])
    expect((await store.listChildren())[0]?.session.olderRecords).toBe(1)
  })

  test('a node that moves changes what is unknown at both of its sites', async () => {
    const { store } = await openFleet()
    const child = await childOf(store, 'a', 'SH-01')
    const card = { validFromMs: T0 - HOUR }
    await child.tell(T0, [
      child.site('SH-02'),
      child.node('n1', 'SH-01', [card]),
      child.hour('SH-02', T0, [{ freeMs: FULL }]),
      child.hour('SH-01', T0 + HOUR, [{ freeMs: FULL }]),
    ])
    await sealed(store, 2)
    await child.tell(T0, [child.node('n1', 'SH-02', [card])])
    // Of the first hour it was unknown at the one, of the second it is at the other.
    expect(await moved(store)).toEqual([0, 1])
  })

  test('a ledger is listed with the cards that are there now, and the last hour of its sites', async () => {
    const { store } = await openFleet()
    const child = await childOf(store, 'a', 'SH-01')
    const gone = { bookedToMs: T0 }
    await child.tell(T0, [
      child.site('GD-01'),
      child.node('n1', 'SH-01', [{}, gone, { isCounted: false }]),
      child.node('n2', 'SH-01', [{ unitNumber: 4 }], { isRevoked: true }),
      // Of a site that nobody has told.
      child.node('n3', 'BJ-01', [{ unitNumber: 5 }]),
      child.hour('SH-01', T0 - 100 * 24 * HOUR, [{ freeMs: FULL }]),
      child.hour('BJ-01', T0, [{ freeMs: FULL }]),
    ])
    const listed = async (scope = SCOPE_ALL) =>
      (await store.listCollectors(scope)).map(({ cards, lastHourMs, nodes, sites }) => [
        sites,
        nodes,
        cards,
        lastHourMs,
      ])
    expect(await listed()).toEqual([[2, 1, 2, T0 - 100 * 24 * HOUR]])
    await child.tell(T0, [child.node('n1', 'SH-01', [gone]), child.site('BJ-01')])
    expect(await listed()).toEqual([[3, 2, 2, T0]])
    expect(await listed({ regions: 'all', sites: ['SH-01'] })).toEqual([
      [1, 1, 1, T0 - 100 * 24 * HOUR],
    ])
  })
}
