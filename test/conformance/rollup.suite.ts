/** Hours: their material, bucket versions by what was known, seals, late changes. */
import { runCode } from '@yiben/shared'
import { expect, test } from 'vitest'
import type { Bucket } from '../../collector/src/model/ledger.ts'
import { type HourMaterial, SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import {
  admit,
  type Fleet,
  factsCommit,
  H800,
  HOUR,
  hourOf,
  MINUTE,
  NO_DECISION,
  note,
  T0,
  type TestNode,
  terms,
} from './fleet.ts'
import type { OpenFleet } from './store.suite.ts'

function bucket(version: number, knownAtMs: number, changes: Partial<Bucket> = {}): Bucket {
  return {
    hourMs: T0,
    siteCode: 'BJ-01',
    ownerCode: '',
    profile: H800,
    version,
    knownAtMs,
    cards: 1,
    busyMs: 0n,
    allocatedMs: 0n,
    occupiedMs: 0n,
    freeMs: 0n,
    faultyMs: 0n,
    unknownMs: 0n,
    lentMs: 0n,
    depositedMs: 0n,
    activeMs: 0n,
    givenMs: 0n,
    energyJoules: 0n,
    samplesExpected: 0n,
    samplesGot: 0n,
    samplesZero: 0n,
    samplesBelowTenth: 0n,
    ...changes,
  }
}

async function seal(store: Store, version: number, knownAtMs: number, buckets: readonly Bucket[]) {
  const { mark } = await store.readHour(T0)
  const write = { hourMs: T0, expectedMark: mark, version, knownAtMs, buckets }
  return await store.writeBuckets({ ...write, outbox: [note('hour_sealed', knownAtMs)] })
}

async function deposit(fleet: Fleet, node: TestNode, openedAtMs: number, closedAtMs: number) {
  const unit = node.units[0]
  if (unit === undefined) throw new Error('a card is there')
  const one = {
    depositId: 'd-1',
    unitId: unit.unitId,
    nodeId: node.nodeId,
    windowStartMs: T0,
    consentEndCount: 0,
  }
  const change = {
    ...NO_DECISION,
    expectedCursor: 0,
    cursor: 1,
    openings: [{ ...one, openedAtMs }],
  }
  await fleet.store.commitDeposits(change)
  const closings = [{ depositId: 'd-1', closedAtMs, reason: 'window_ended' as const }]
  await fleet.store.commitDeposits({ ...NO_DECISION, expectedCursor: 1, cursor: 2, closings })
}

function only(material: HourMaterial): HourMaterial['units'][number] {
  const unit = material.units[0]
  if (unit === undefined || material.units.length !== 1) throw new Error('one card is there')
  return unit
}

const RANGE = { fromMs: T0, toMs: T0 + HOUR }

export function rollupSuite(openFleet: OpenFleet): void {
  test('statistics come from the open row until the hour is stored', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    const unitId = node.units[0]?.unitId
    if (unitId === undefined) throw new Error('a card is there')
    await fleet.book(node, 'free/proven', T0 + HOUR)
    expect(only(await fleet.store.readHour(T0)).stats).toEqual(hourOf(unitId, T0))
    const stored = hourOf(unitId, T0, { freeMs: HOUR })
    await fleet.book(node, 'free/proven', T0 + HOUR + MINUTE, { unitHours: [stored] })
    const material = await fleet.store.readHour(T0)
    expect(only(material)).toEqual({
      unit: node.units[0],
      ownerCode: '91110000MA01OPER11',
      stats: stored,
      silentMs: 0,
      validMs: HOUR,
      depositedMs: 0,
      lent: null,
    })
    expect(only(await fleet.store.readHour(T0 + HOUR)).stats).toMatchObject({
      hourMs: T0 + HOUR,
    })
    expect(only(await fleet.store.readHour(T0 + 9 * HOUR)).stats).toBeNull()
  })

  test('a unit counts for the part of the hour in which it was valid', async () => {
    const fleet = await openFleet()
    await fleet.site('BJ-01')
    const node = await fleet.node('BJ-01')
    await fleet.cards(node, ['card'], T0 + 20 * MINUTE)
    expect(only(await fleet.store.readHour(T0)).validMs).toBe(40 * MINUTE)
    expect((await fleet.store.readHour(T0 - HOUR)).units).toEqual([])
  })

  test('silent time is what no run covers, each instant once', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    const unitId = node.units[0]?.unitId ?? null
    await fleet.book(node, 'free/proven', T0 + 10 * MINUTE)
    const silence = {
      nodeId: node.nodeId,
      unitId: null,
      fromMs: T0 + 10 * MINUTE,
      toMs: null,
      code: runCode('unknown/silent'),
      declaredAtMs: T0 + 12 * MINUTE,
    }
    const missing = { ...silence, unitId, fromMs: T0 + 5 * MINUTE, toMs: T0 + 30 * MINUTE }
    await fleet.store.beginSilences([silence, missing], [], [])
    expect(only(await fleet.store.readHour(T0)).silentMs).toBe(50 * MINUTE)
    expect(only(await fleet.store.readHour(T0 + HOUR)).silentMs).toBe(HOUR)
    await fleet.book(node, 'busy/active', T0 + 40 * MINUTE)
    expect(only(await fleet.store.readHour(T0)).silentMs).toBe(20 * MINUTE)
  })

  test('deposited time is free time under the deposit, and no other', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await fleet.bookRuns(node, [
      ['free/proven', T0 + 20 * MINUTE],
      ['busy/grey', T0 + 21 * MINUTE],
      ['free/proven', T0 + 40 * MINUTE],
      ['busy/active', T0 + 50 * MINUTE],
      ['free/proven', T0 + 70 * MINUTE],
    ])
    await deposit(fleet, node, T0 + 15 * MINUTE, T0 + 55 * MINUTE)
    expect(only(await fleet.store.readHour(T0)).depositedMs).toBe((5 + 19 + 5) * MINUTE)
    expect(only(await fleet.store.readHour(T0 + HOUR)).depositedMs).toBe(0)
  })

  test('free time that was told late is never deposited', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await fleet.book(node, 'free/proven', T0 + 20 * MINUTE)
    const recordedAtMs = T0 + 26 * MINUTE
    await fleet.book(node, 'free/proven', T0 + 23 * MINUTE, { recordedAtMs })
    await fleet.book(node, 'free/proven', T0 + 40 * MINUTE)
    await deposit(fleet, node, T0 + 15 * MINUTE, T0 + 30 * MINUTE)
    expect(only(await fleet.store.readHour(T0)).depositedMs).toBe((5 + 7) * MINUTE)
  })

  test('the hour is under the owner of its time', async () => {
    const fleet = await openFleet()
    await fleet.start('BJ-01')
    const next = terms({ ownerCode: '91110000MA01OWNER1', validFromMs: T0 + HOUR })
    await fleet.store.putSite({ code: 'BJ-01', name: 'B', terms: next, outbox: [] })
    expect(only(await fleet.store.readHour(T0)).ownerCode).toBe('91110000MA01OPER11')
    expect(only(await fleet.store.readHour(T0 + HOUR)).ownerCode).toBe('91110000MA01OWNER1')
  })

  test('a bucket is read in the version that was known, exactly', async () => {
    const fleet = await openFleet()
    await fleet.start('BJ-01')
    const [sealed, corrected] = [T0 + 3 * HOUR, T0 + 4 * HOUR]
    const first = bucket(1, sealed, { unknownMs: 2n ** 60n + 1n, energyJoules: 2n ** 62n })
    const second = bucket(2, corrected, { busyMs: 5n, cards: 2 })
    expect(await seal(fleet.store, 1, sealed, [first])).toEqual({ status: 'written' })
    expect(await seal(fleet.store, 2, corrected, [second])).toEqual({ status: 'written' })
    const known = (knownAtMs: number) => fleet.store.readBuckets(SCOPE_ALL, { ...RANGE, knownAtMs })
    expect(await known(sealed - 1)).toEqual([])
    expect(await known(sealed)).toEqual([first])
    expect(await known(corrected - 1)).toEqual([first])
    expect(await known(corrected)).toEqual([second])
    expect(await fleet.store.sealedHours(T0, T0 + HOUR)).toEqual([
      { hourMs: T0, sealedAtMs: corrected, version: 2 },
    ])
    expect(await fleet.store.sealedHours(T0 + HOUR, T0 + 2 * HOUR)).toEqual([])
  })

  test('a version is written once, and in order', async () => {
    const fleet = await openFleet()
    await fleet.start('BJ-01')
    expect(await seal(fleet.store, 2, T0 + HOUR, [])).toEqual({ status: 'stale' })
    await seal(fleet.store, 1, T0 + HOUR, [])
    expect(await seal(fleet.store, 1, T0 + HOUR, [])).toEqual({ status: 'stale' })
    const kinds = (await fleet.store.readOutbox(100)).map((entry) => entry.kind)
    expect(kinds.filter((kind) => kind === 'hour_sealed')).toHaveLength(1)
  })

  test('data that arrives between reading an hour and sealing it is not sealed away', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    const { mark } = await fleet.store.readHour(T0)
    await fleet.book(node, 'free/proven', T0 + MINUTE)
    const write = { hourMs: T0, expectedMark: mark, version: 1, knownAtMs: T0 + HOUR }
    expect(await fleet.store.writeBuckets({ ...write, buckets: [], outbox: [] })).toEqual({
      status: 'stale',
    })
    expect(await fleet.store.sealedHours(T0, T0 + HOUR)).toEqual([])
  })

  test('the backlog begins with the first time and holds sealed hours that changed', async () => {
    const fleet = await openFleet()
    const nothing = { firstHourMs: null, lastSealedHourMs: null, dirtyHours: [] }
    expect(await fleet.store.rollupBacklog()).toEqual(nothing)
    await fleet.site('BJ-01')
    const node = await fleet.node('BJ-01')
    await fleet.cards(node, ['card'], T0 + 20 * MINUTE)
    await fleet.book(node, 'free/proven', T0 + 30 * MINUTE, { dirtyHours: [T0] })
    const open = { firstHourMs: T0, lastSealedHourMs: null, dirtyHours: [] }
    expect(await fleet.store.rollupBacklog()).toEqual(open)
    await seal(fleet.store, 1, T0 + 3 * HOUR, [])
    await fleet.book(node, 'busy/active', T0 + 40 * MINUTE, { dirtyHours: [T0, T0 + HOUR] })
    const dirty = { firstHourMs: T0, lastSealedHourMs: T0, dirtyHours: [T0] }
    expect(await fleet.store.rollupBacklog()).toEqual(dirty)
    await seal(fleet.store, 2, T0 + 4 * HOUR, [])
    expect(await fleet.store.rollupBacklog()).toEqual({ ...dirty, dirtyHours: [] })
  })

  test('a silence declared into a sealed hour makes it dirty', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await fleet.book(node, 'free/proven', T0 + 30 * MINUTE)
    await seal(fleet.store, 1, T0 + 3 * HOUR, [])
    const silence = {
      nodeId: node.nodeId,
      unitId: null,
      fromMs: T0 + 30 * MINUTE,
      toMs: null,
      code: runCode('unknown/silent'),
      declaredAtMs: T0 + 5 * HOUR,
    }
    await fleet.store.beginSilences([silence], [], [])
    expect((await fleet.store.rollupBacklog()).dirtyHours).toEqual([T0])
  })

  test('C5: a placement that goes on after all changes its sealed hours from where it had ended', async () => {
    const fleet = await openFleet()
    const first = await fleet.start('BJ-01')
    const second = await fleet.node('BJ-01')
    const moved = first.units[0]
    if (moved === undefined) throw new Error('a card is there')
    const { acceleratorId, unitId } = moved
    await fleet.book(first, 'free/proven', T0 + 10 * MINUTE)
    // The claim it has to yield to holds no time of the hour: it was told of tomorrow.
    const claim = { ...admit(0, `${first.nodeId}-0`, T0 + 24 * HOUR), acceleratorId }
    const end = { unitId, validToMs: T0 + 10 * MINUTE, bookedToMs: T0 + 20 * MINUTE }
    const facts = factsCommit(second, [claim], { ended: [{ ...end, reason: 'moved' }] })
    const result = await fleet.store.commitFacts(facts)
    const other = result.status === 'committed' ? result.units[0] : undefined
    if (other === undefined) throw new Error('the claim is admitted')
    expect(only(await fleet.store.readHour(T0)).validMs).toBe(20 * MINUTE)
    await seal(fleet.store, 1, T0 + 3 * HOUR, [])

    const openedAtMs = T0 + 4 * HOUR
    const two = { acceleratorId, keptUnitId: unitId, otherUnitId: other.unitId }
    const conflict = { ...two, fromMs: T0 + 30 * MINUTE, openedAtMs }
    await fleet.book(first, 'busy/active', T0 + 40 * MINUTE, { conflicts: [conflict] })
    expect(only(await fleet.store.readHour(T0)).validMs).toBe(HOUR)
    expect((await fleet.store.rollupBacklog()).dirtyHours).toEqual([T0])

    await seal(fleet.store, 2, openedAtMs, [])
    await fleet.book(first, 'busy/active', T0 + 50 * MINUTE, { conflicts: [conflict] })
    expect((await fleet.store.rollupBacklog()).dirtyHours, 'told again nothing goes on').toEqual([])
  })
}
