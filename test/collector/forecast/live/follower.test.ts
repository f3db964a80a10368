/** The running forecast follows the ledger: in time order, over restarts, and never makes anything up. */
import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ForecastFollower } from '../../../../collector/src/forecast/live/follower.ts'
import { HORIZONS_MS } from '../../../../collector/src/forecast/pool-history.ts'
import { HOUR, MINUTE, START_MS } from '../../bank/ledger-rig.ts'
import { LiveRig } from './live-rig.ts'

const FREE = 'free/proven'
const BUSY = 'busy/active'

/** All that it says. */
function answersOf(live: LiveRig, follower: ForecastFollower) {
  const { unitIds } = live
  return {
    each: HORIZONS_MS.map((forMs) => follower.outlook.chanceOfEach(unitIds, forMs)),
    pools: follower.pools.pools(),
  }
}

function expectAlike(one: ReturnType<typeof answersOf>, other: ReturnType<typeof answersOf>) {
  expect(one.pools).toEqual(other.pools)
  one.each.forEach((chances, horizon) => {
    chances.forEach((chance, index) => {
      const beside = other.each[horizon]?.[index] ?? null
      if (chance === null || beside === null) expect(chance).toBe(beside)
      else expect(chance).toBeCloseTo(beside, 4)
    })
  })
}

const anyMinute = fc.constantFrom(
  ...([FREE, FREE, FREE, FREE, BUSY] as const),
  [
    [FREE, 20],
    [BUSY, 40],
  ] as const,
  [
    [BUSY, 10],
    [FREE, 30],
    [BUSY, 20],
  ] as const,
  [
    [FREE, 30],
    ['busy/grey', 10],
    [FREE, 20],
  ] as const,
)

test('killed at any moment it goes on as if it had not been', async () => {
  const anyStep = fc.record({
    minutes: fc.array(fc.tuple(anyMinute, anyMinute, anyMinute), { minLength: 1, maxLength: 25 }),
    isKilled: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 2, maxLength: 6 }), async (steps) => {
      const live = await LiveRig.start([{ cards: 2 }, { cards: 1 }, { cards: 2, site: 2 }])
      const unbroken = live.follower({ store: live.forgetful() })
      let killed = live.follower()
      await live.minute([FREE, FREE, FREE])
      for (const { isKilled, minutes } of steps) {
        for (const doings of minutes) {
          await live.minute(doings)
          await unbroken.drain()
        }
        if (isKilled) killed = live.follower()
        await killed.drain()
      }
      expectAlike(answersOf(live, killed), answersOf(live, unbroken))
      await live.rig.store.close()
    }),
    { numRuns: 12 },
  )
})

test('what it answers is as of now: a change around a window changes its answer at once', async () => {
  const live = await LiveRig.start([{ cards: 4 }, { cards: 4 }, { cards: 4 }])
  const follower = live.follower()
  for (let minute = 0; minute < 90; minute += 1) await live.minute([FREE, FREE, FREE])
  await follower.drain()
  const chance = () => follower.outlook.chanceOfEach(live.unitIds.slice(0, 1), HOUR)[0] ?? null
  const before = chance()
  expect(before).not.toBeNull()
  await live.minute([FREE, BUSY, BUSY])
  await follower.drain()
  const after = chance()
  expect(after).not.toBeNull()
  expect(after).not.toBe(before)
  // Cards that have left free are answered for no more.
  expect(follower.outlook.chanceOfEach(live.unitIds, HOUR).slice(4)).toEqual(
    Array.from({ length: 8 }, () => null),
  )
})

test('every full hour one list of all that it predicts, once, with its hash in the journal', async () => {
  const live = await LiveRig.start([{ cards: 2 }, { cards: 1 }])
  const { store } = live.rig
  // Killed after the hour and before its state was written: the first list stays.
  const follow = async (minutes: number, follower: ForecastFollower) => {
    for (let minute = 0; minute < minutes; minute += 1) {
      await live.minute([FREE, minute % 7 === 0 ? BUSY : FREE])
      await follower.drain()
    }
  }
  await follow(62, live.follower())
  await follow(5, live.follower())
  const told = (await store.readOutbox(1_000)).filter(({ kind }) => kind === 'forecast')
  expect(told.map(({ payload }) => payload.hour_ms)).toEqual([START_MS + HOUR])
  const hour = await store.readForecastHour(START_MS + HOUR)
  const list = gunzipSync(hour?.bytes ?? new Uint8Array()).toString()
  const [payload] = told.map((entry) => entry.payload)
  expect(payload).toEqual({
    hour_ms: START_MS + HOUR,
    windows: 3,
    models: 'shipped',
    sha256: createHash('sha256').update(list).digest('hex'),
  })
  const lines = list.trimEnd().split('\n')
  expect(lines.map((line) => Number(line.split(' ')[0]))).toEqual(live.unitIds)
  for (const line of lines) expect(line).toMatch(/^\d+ \d{13}( 0| [1-9]\d{0,2}){4}$/)
})

test('what was not said in its hour is not said later', async () => {
  const live = await LiveRig.start([{ cards: 1 }])
  for (let minute = 0; minute < 80; minute += 1) await live.minute([FREE])
  await live.follower().drain()
  const told = (await live.rig.store.readOutbox(1_000)).filter(({ kind }) => kind === 'forecast')
  expect(told).toEqual([])
})

test('a state that cannot be read is made anew from the ledger', async () => {
  const live = await LiveRig.start([{ cards: 2 }, { cards: 2 }])
  for (let minute = 0; minute < 40; minute += 1) await live.minute([FREE, FREE])
  const follower = live.follower()
  await follower.drain()
  const expectedCursor = await live.rig.store.readCursor('forecast')
  const spoilt = { expectedCursor, cursor: expectedCursor, writtenAtMs: 0 }
  await live.rig.store.writeForecastState({ ...spoilt, state: new Uint8Array([1, 2, 3]) })
  const anew = live.follower()
  await anew.drain()
  expectAlike(answersOf(live, anew), answersOf(live, follower))
})

test('a silent node’s windows are lost from sight: nothing is said of them, nothing is learned', async () => {
  const live = await LiveRig.start([{ cards: 2 }, { cards: 2 }])
  const [first] = live.nodes
  if (first === undefined) throw new Error('a node is there')
  const follower = live.follower()
  for (let minute = 0; minute < 30; minute += 1) await live.minute([FREE, FREE])
  await follower.drain()
  for (let minute = 0; minute < 3; minute += 1) await live.minute([null, FREE])
  await live.rig.declareSilent(first)
  await follower.drain()
  expect(follower.outlook.chanceOfEach(live.unitIds, HOUR)).toEqual([
    null,
    null,
    expect.any(Number),
    expect.any(Number),
  ])
  expect(follower.pools.pools()).toMatchObject([{ cards: 2, free: 2 }])
})

test('a window that ends under a lease is no end: the pool goes on as unclaimed', async () => {
  const live = await LiveRig.start([{ cards: 2 }, { cards: 2 }])
  const lentFromMs = START_MS + 30 * MINUTE
  const lending = { isLentAt: (unitId: number, atMs: number) => unitId <= 2 && atMs >= lentFromMs }
  const follower = live.follower({ lending })
  for (let minute = 0; minute < 30; minute += 1) await live.minute([FREE, FREE])
  for (let minute = 0; minute < 5; minute += 1) await live.minute([BUSY, FREE])
  await follower.drain()
  expect(follower.pools.pools()).toMatchObject([{ cards: 4, free: 4 }])
  expect(follower.outlook.chanceOfEach(live.unitIds.slice(0, 1), HOUR)).toEqual([null])
})
