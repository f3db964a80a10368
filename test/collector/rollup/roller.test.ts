/** Hours are sealed, and corrected when late data comes, over a real store. */
import { type Logger, silentLogger } from '@yiben/shared'
import { beforeEach, describe, expect, test } from 'vitest'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import type { Bucket, StoredOutboxEntry } from '../../../collector/src/model/ledger.ts'
import { Roller, type RollerStore } from '../../../collector/src/rollup/roller.ts'
import { SCOPE_ALL } from '../../../collector/src/storage/requests.ts'
import { instantOf } from '../../conformance/fleet.ts'
import { settle } from '../../support/fake-clock.ts'
import { HOUR, LedgerRig, MINUTE, START_MS } from '../bank/ledger-rig.ts'

let rig: LedgerRig

beforeEach(() => {
  rig = new LedgerRig()
})

function rollerOver(store: RollerStore = rig.store, logger: Logger = silentLogger): Roller {
  return new Roller({ store, clock: rig.clock, logger })
}

async function eightCards(): Promise<NodeId> {
  return await rig.admit(
    1,
    Array.from({ length: 8 }, () => ({})),
  )
}

async function buckets(hourMs: number, knownAtMs: number): Promise<readonly Bucket[]> {
  const range = { fromMs: hourMs, toMs: hourMs + HOUR, knownAtMs }
  return await rig.store.readBuckets(SCOPE_ALL, range)
}

async function entries(kind: string): Promise<readonly StoredOutboxEntry[]> {
  return (await rig.store.readOutbox(1000)).filter((entry) => entry.kind === kind)
}

describe('C14: 09-10 was sealed with 8 x 600 s unknown; at 13:00 the spool says busy', () => {
  const NINE = START_MS + HOUR
  const at = (hour: number) => START_MS + (hour - 8) * HOUR

  /** Free until 09:50, silent from then on; both hours sealed at 12:00; told at 13:00. */
  async function livedThrough(): Promise<NodeId> {
    const nodeId = await eightCards()
    await rig.live(nodeId, [['free/proven', 110 * 60]])
    rig.clock.advance(90_000)
    await rig.declareSilent(nodeId)
    rig.clock.advance(at(12) - rig.now)
    await rollerOver().drain()
    rig.clock.advance(at(13) - rig.now)
    await rig.tellLate(nodeId, [
      ['busy/active', 600],
      ['free/proven', 3 * 3600],
    ])
    await rollerOver().drain()
    return nodeId
  }

  test('the hour is corrected from 13:00 on, the figure of 12:00 stays what it was', async () => {
    await livedThrough()
    const before = await buckets(NINE, at(12))
    expect(before).toMatchObject([
      { version: 1, unknownMs: 4_800_000n, busyMs: 0n, freeMs: 24_000_000n },
    ])
    expect(await buckets(NINE, at(13) - 1)).toEqual(before)
    expect(await buckets(NINE, at(14))).toMatchObject([
      { version: 2, unknownMs: 0n, busyMs: 4_800_000n, freeMs: 24_000_000n },
    ])
  })

  test('the entry names the site and what moved by how much', async () => {
    await livedThrough()
    const corrections = await entries('hour_corrected')
    const nine = corrections.filter(({ payload }) => payload.hour_ms === NINE)
    expect(nine).toHaveLength(1)
    expect(nine[0]).toMatchObject({
      atMs: at(13),
      payload: {
        version: 2,
        sites: [{ site: 'SITE-1', cards: 0, moved: { busyMs: '4800000', unknownMs: '-4800000' } }],
      },
    })
    const moved = JSON.stringify(nine[0]?.payload.sites)
    expect(moved).not.toContain('freeMs')
  })

  test('the ledger as of 09:55 says unknown as known at 12:00, busy as known at 14:00', async () => {
    await livedThrough()
    rig.clock.advance(at(14) - rig.now)
    const asOf = NINE + 55 * MINUTE
    const states = async (knownAtMs: number) => {
      const { counts } = await rig.store.readLedgerAt(SCOPE_ALL, instantOf(asOf, knownAtMs))
      return counts.map(({ cards, state }) => [state, cards])
    }
    expect(await states(at(12))).toEqual([['unknown', 8]])
    expect(await states(at(14))).toEqual([['busy', 8]])
  })

  test('nothing is written twice when nothing new has come', async () => {
    await livedThrough()
    const written = await rig.store.readOutbox(1000)
    await rollerOver().drain()
    expect(await rig.store.readOutbox(1000)).toEqual(written)
  })
})

describe('sealing', () => {
  test('each hour once, two hours after its end, oldest first, with its entry', async () => {
    const nodeId = await eightCards()
    const roller = rollerOver()
    await rig.live(nodeId, [['free/proven', 3 * 3600 - 60]])
    await roller.drain()
    expect(await rig.store.sealedHours(START_MS, rig.now)).toEqual([])
    await rig.live(nodeId, [['free/proven', 2 * 3600 + 60]])
    await roller.drain()
    const sealed = await rig.store.sealedHours(START_MS, rig.now)
    expect(sealed.map(({ hourMs, version }) => [hourMs, version])).toEqual([
      [START_MS, 1],
      [START_MS + HOUR, 1],
      [START_MS + 2 * HOUR, 1],
    ])
    const [first] = await entries('hour_sealed')
    expect(first?.payload).toMatchObject({
      hour_ms: START_MS,
      version: 1,
      definition: 'v1',
      buckets: 1,
      unsettled_cards: 0,
      root: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
  })

  test('an hour waits for a card whose time is on its way, then is sealed without it', async () => {
    const nodeId = await eightCards()
    const told: object[] = []
    const logger: Logger = {
      ...silentLogger,
      child: () => logger,
      error: (fields) => told.push(fields),
    }
    const roller = rollerOver(rig.store, logger)
    await rig.live(nodeId, [['free/proven', 1800]])
    rig.clock.advance(START_MS + 3 * HOUR - rig.now)
    await roller.drain()
    expect(await rig.store.sealedHours(START_MS, rig.now)).toEqual([])
    rig.clock.advance(HOUR)
    await roller.drain()
    expect(await rig.store.sealedHours(START_MS, rig.now)).toHaveLength(1)
    expect(await buckets(START_MS, rig.now)).toEqual([])
    expect(told).toMatchObject([{ cards: 8 }])
    // What was left out comes as a correction when it is told.
    await rig.tellLate(nodeId, [['free/proven', 3600 * 3 + 1800]])
    await roller.drain()
    expect(await buckets(START_MS, rig.now)).toMatchObject([
      { version: 2, cards: 8, freeMs: BigInt(8 * HOUR) },
    ])
  })

  test('data that comes between reading and writing an hour is in it, or corrects it', async () => {
    const nodeId = await eightCards()
    await rig.live(nodeId, [['free/proven', 1800]])
    rig.clock.advance(90_000)
    await rig.declareSilent(nodeId)
    rig.clock.advance(START_MS + 3 * HOUR - rig.now)
    let raced = false
    const { store } = rig
    const racing: RollerStore = {
      rollupBacklog: () => store.rollupBacklog(),
      sealedHours: (fromMs, toMs) => store.sealedHours(fromMs, toMs),
      readBuckets: (scope, range) => store.readBuckets(scope, range),
      readHour: (hourMs) => store.readHour(hourMs),
      readSumBacklog: () => store.readSumBacklog(),
      keepSums: (period) => store.keepSums(period),
      writeBuckets: async (write) => {
        if (!raced) await rig.tellLate(nodeId, [['busy/active', 1800]])
        raced = true
        return await store.writeBuckets(write)
      },
    }
    await rollerOver(racing).drain()
    await rollerOver().drain()
    expect(await buckets(START_MS, rig.now)).toMatchObject([
      { busyMs: BigInt(8 * 1800_000), freeMs: BigInt(8 * 1800_000), unknownMs: 0n },
    ])
  })

  test.each(['before', 'after'] as const)('killed %s a write: sealed once', async (when) => {
    const nodeId = await eightCards()
    await rig.live(nodeId, [['free/proven', 3 * 3600]])
    const { store } = rig
    const dying: RollerStore = {
      rollupBacklog: () => store.rollupBacklog(),
      sealedHours: (fromMs, toMs) => store.sealedHours(fromMs, toMs),
      readBuckets: (scope, range) => store.readBuckets(scope, range),
      readHour: (hourMs) => store.readHour(hourMs),
      readSumBacklog: () => store.readSumBacklog(),
      keepSums: (period) => store.keepSums(period),
      writeBuckets: async (write) => {
        if (when === 'after') await store.writeBuckets(write)
        throw new Error('killed')
      },
    }
    await expect(rollerOver(dying).drain()).rejects.toThrow('killed')
    await rollerOver().drain()
    expect(await entries('hour_sealed')).toHaveLength(1)
    expect(await store.sealedHours(START_MS, rig.now)).toMatchObject([{ version: 1 }])
  })

  test('a clock that stepped back still corrects later than it sealed', async () => {
    const nodeId = await eightCards()
    await rig.live(nodeId, [['free/proven', 1800]])
    rig.clock.advance(90_000)
    await rig.declareSilent(nodeId)
    rig.clock.advance(START_MS + 3 * HOUR - rig.now)
    await rollerOver().drain()
    const sealedAtMs = rig.now
    rig.clock.stepWall(-MINUTE)
    await rig.tellLate(nodeId, [['busy/active', 1800]])
    await rollerOver().drain()
    const [bucket] = await buckets(START_MS, sealedAtMs)
    expect(bucket).toMatchObject({ version: 2, knownAtMs: sealedAtMs })
  })

  test('it says what waits, and nothing before it has looked', async () => {
    const nodeId = await eightCards()
    await rig.live(nodeId, [['free/proven', 5 * 3600]])
    const roller = rollerOver()
    expect(roller.backlog(rig.now)).toBeNull()
    await roller.drain()
    const sealedTo = rig.now
    expect(roller.backlog(sealedTo)).toEqual({ dueHours: 0, overdueMs: 0, dirtyHours: 0 })
    expect(roller.backlog(sealedTo + 90 * MINUTE)).toMatchObject({ dueHours: 1 })
  })

  test('it runs by itself and tells that entries wait', async () => {
    const nodeId = await eightCards()
    let written = 0
    const roller = new Roller({
      store: rig.store,
      clock: rig.clock,
      logger: silentLogger,
      onWritten: () => {
        written += 1
      },
    })
    const running = roller.run()
    await settle()
    await rig.live(nodeId, [['free/proven', 3 * 3600]])
    await rig.clock.run(60_000)
    expect(written).toBe(1)
    await roller.stop()
    await running
  })
})
