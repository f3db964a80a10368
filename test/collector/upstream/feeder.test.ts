import { type ChildRecord, decodeChildRecord, type Logger, silentLogger } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import type { FeedCursor, FeedPage } from '../../../collector/src/storage/feed-store.ts'
import { Feeder } from '../../../collector/src/upstream/feeder.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { MemorySpool } from '../../support/memory-spool.ts'

const ORIGIN = 'aa'.repeat(32)

function site(number: number, name = `site ${number}`, terms = 0): ChildRecord {
  return {
    kind: 'site',
    site: {
      origin: ORIGIN,
      version: { generation: 1, number },
      siteCode: `S-${number}`,
      name,
      terms: Array.from({ length: terms }, (_, at) => ({
        operatorCode: 'x'.repeat(60),
        operatorName: 'y'.repeat(400),
        ownerCode: null,
        ownerName: null,
        regionCode: '110000',
        validFromMs: at,
        validToMs: null,
      })),
      declared: [],
    },
  }
}

/** A feed of so many things, a page at a time. */
class StubFeed {
  readonly things: ChildRecord[]
  pages = 0

  constructor(count: number) {
    this.things = Array.from({ length: count }, (_, at) => site(at + 1))
  }

  async readFeed(_origin: string, after: FeedCursor, limit: number): Promise<FeedPage> {
    this.pages += 1
    const records = this.things.slice(after.facts, after.facts + limit)
    return { records, next: { ...after, facts: after.facts + records.length } }
  }

  async countFeed(after: FeedCursor): Promise<number> {
    return this.things.length - after.facts
  }
}

function world(count: number, spool = new MemorySpool(), log: Logger = silentLogger) {
  const feed = new StubFeed(count)
  const state = { isOnline: true }
  const feeder = new Feeder({
    store: feed,
    spool,
    clock: new FakeClock(),
    log,
    origin: ORIGIN,
    generation: 1,
    isOnline: () => state.isOnline,
    onAppended: () => {},
  })
  const drain = async () => {
    while (await feeder.round()) {
      // Until there is nothing more, or no room.
    }
  }
  return { drain, feed, feeder, spool, state }
}

/** Names in the spool, in their order. */
function namesIn(spool: MemorySpool): string[] {
  return spool.read(1, { records: 1e6, bytes: 1e9 }).map(({ bytes }) => {
    const read = decodeChildRecord(bytes)
    return read.status === 'ok' && read.record.kind === 'site' ? read.record.site.name : ''
  })
}

describe('the feeder', () => {
  test('moves everything once, in its order', async () => {
    const { drain, feed, feeder, spool } = world(200)
    await drain()
    expect(namesIn(spool)).toEqual(feed.things.map((_, at) => `site ${at + 1}`))
    expect(await feeder.behind()).toBe(0)
    await drain()
    expect(spool.state().lastSeq).toBe(200)
  })

  test('with nobody to take it leaves the rest in the feed', async () => {
    const { drain, feeder, spool, state } = world(2_000)
    state.isOnline = false
    await drain()
    const { lastSeq } = spool.state()
    expect(lastSeq).toBeGreaterThan(200)
    expect(lastSeq).toBeLessThan(400)
    expect(await feeder.behind()).toBe(2_000 - lastSeq)
    state.isOnline = true
    await drain()
    expect(spool.state().lastSeq).toBe(2_000)
  })

  test('on a full disk moves nothing on, and everything once there is space', async () => {
    const { drain, feeder, spool } = world(100)
    spool.failure = 'disk_full'
    await expect(feeder.round()).rejects.toMatchObject({ code: 'disk_full' })
    spool.failure = null
    await drain()
    expect(namesIn(spool)).toHaveLength(100)
  })

  test('goes on where it was in another process, and from the start in another epoch', async () => {
    const { drain, spool } = world(100)
    await drain()
    const next = world(100, spool)
    await next.drain()
    expect(spool.state().lastSeq).toBe(100)
    spool.newEpoch()
    next.feeder.epochBegan()
    await next.drain()
    expect(namesIn(spool)).toHaveLength(100)
  })

  test('after a restore of the ledger tells everything again', async () => {
    const { drain, spool } = world(10)
    await drain()
    const feeder = new Feeder({
      store: new StubFeed(10),
      spool,
      clock: new FakeClock(),
      log: silentLogger,
      origin: ORIGIN,
      generation: 2,
      isOnline: () => true,
      onAppended: () => {},
    })
    await feeder.round()
    expect(spool.state().lastSeq).toBe(20)
  })

  test('with a cursor that cannot be read begins from the start', async () => {
    const { drain, spool } = world(5)
    await drain()
    spool.setMeta('feed', '{"epoch":')
    const next = world(5, spool)
    await next.drain()
    expect(spool.state().lastSeq).toBe(10)
  })

  test('leaves out what is too long, says so, and tells the rest', async () => {
    const said: object[] = []
    const log = { ...silentLogger, error: (fields: object) => void said.push(fields) }
    const { drain, feed, feeder, spool } = world(3, new MemorySpool(), log)
    feed.things[1] = site(2, 'too long', 600)
    await drain()
    expect(namesIn(spool)).toEqual(['site 1', 'site 3'])
    expect(feeder.leftOutRecords).toBe(1)
    expect(said).toMatchObject([{ kind: 'site' }])
  })
})
