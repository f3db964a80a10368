import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FileSpool, keyPairFromSeed, silentLogger } from '@yiben/shared'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { LedgerGeneration } from '../../../collector/src/model/ids.ts'
import { openSqliteStoreInProcess } from '../../../collector/src/storage/sqlite/store.ts'
import type { Store } from '../../../collector/src/storage/store.ts'
import { UpstreamFolder, type UpstreamNote } from '../../../collector/src/upstream/folder.ts'
import { Upstream } from '../../../collector/src/upstream/upstream.ts'
import { Fleet, HOUR, MINUTE, T0, type TestNode, terms } from '../../conformance/fleet.ts'
import { FakeClock, FakeRandom } from '../../support/fake-clock.ts'
import { COLLECTOR_KEYS, COLLECTOR_URL, FakeCollector } from '../../support/fake-collector.ts'
import { SimNetwork } from '../../support/sim-socket.ts'
import { pictureOf, tellable, toldTo } from '../../support/told-picture.ts'

const KEYS = keyPairFromSeed(1, Buffer.alloc(32, 0x0d))
const ORIGIN = KEYS.publicKey

let dataDir: string
let clock: FakeClock
let network: SimNetwork
let parent: FakeCollector
let store: Store
let fleet: Fleet
let node: TestNode
let child: Child
let notes: UpstreamNote[]

interface Child {
  readonly upstream: Upstream
  readonly spool: FileSpool
  readonly ended: Promise<void>
}

function openStore(generation = 1): Store {
  return openSqliteStoreInProcess({
    path: ':memory:',
    synchronous: 'OFF',
    newLedger: {
      generation: generation as LedgerGeneration,
      origin: '0123456789abcdef',
      openedAtMs: 0,
      identityKeyNumber: 1,
      identityKey: 'ff'.repeat(32),
      isDemo: false,
    },
  })
}

/** A process of the child over the store and the spool that are there. */
function start(over: Store = store, generation = 1, feedMs = 500): Child {
  const spool = new UpstreamFolder(dataDir).openSpool(new FakeRandom(3), silentLogger)
  const upstream = new Upstream({
    world: { clock, random: new FakeRandom(5), network },
    log: silentLogger,
    store: over,
    identity: KEYS,
    generation,
    enrollment: {
      childId: 'node-1',
      name: 'child',
      url: COLLECTOR_URL,
      parent: COLLECTOR_KEYS,
      tokenId: 't',
      authority: null,
    },
    spool,
    target: { url: COLLECTOR_URL, ca: null, proxyUrl: null },
    settings: { feedMs, countsMs: MINUTE, hourDelayMs: 90_000 },
    settledLagMs: 2 * MINUTE,
    keepNote: (note) => notes.push(note),
  })
  child = { upstream, spool, ended: upstream.run() }
  return child
}

/** As a process that is killed: nothing more is written, nothing is said. */
async function kill(): Promise<void> {
  network.cutAll()
  await stop()
}

async function stop(): Promise<void> {
  const stopped = child.upstream.stop()
  await clock.run(5_000)
  await stopped
  await child.ended
}

async function startSite(code: string, hash: string): Promise<TestNode> {
  await fleet.site(code)
  const one = await fleet.node(code)
  await fleet.cards(one, [hash.repeat(32)])
  return one
}

async function expectAllTold(over: Store = store): Promise<void> {
  const told = pictureOf(toldTo(parent))
  const known = pictureOf(await tellable(over, ORIGIN))
  expect([...told.keys()]).toEqual([...known.keys()])
  expect(told).toEqual(known)
  expect(parent.violations).toEqual([])
}

const rename = (name: string) => store.putSite({ code: 'BJ-01', name, terms: terms(), outbox: [] })

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'yiben-upstream-'))
  clock = new FakeClock(T0 + 10 * MINUTE)
  network = new SimNetwork({ clock })
  parent = new FakeCollector(clock, network)
  store = openStore()
  fleet = new Fleet(store)
  notes = []
  node = await startSite('BJ-01', 'dd')
})

afterEach(async () => {
  await stop()
  await store.close()
  rmSync(dataDir, { recursive: true, force: true })
})

describe('a child', () => {
  test('tells its parent everything there is, itself first', async () => {
    start()
    await clock.run(10_000)
    const [first, ...rest] = toldTo(parent)
    expect(first).toMatchObject({
      kind: 'collector',
      collector: { origin: ORIGIN, name: 'child', parentOrigin: COLLECTOR_KEYS.publicKey },
    })
    expect(rest.map(({ kind }) => kind).sort()).toEqual(['counts', 'node', 'site'])
    expect(parent.hellos[0]).toMatchObject({ role: 'collector', nodeKey: ORIGIN })
    await expectAllTold()
  })

  test('tells what changes, soon', async () => {
    start()
    await clock.run(10_000)
    await rename('renamed')
    await clock.run(1_000)
    expect(toldTo(parent).at(-1)).toMatchObject({ kind: 'site', site: { name: 'renamed' } })
    await expectAllTold()
  })

  test('tells an hour a minute or two after its end, and anew once it is sealed', async () => {
    start()
    await fleet.book(node, 'busy/active', T0 + HOUR)
    await clock.run(HOUR - 10 * MINUTE + MINUTE)
    const hoursTold = () =>
      toldTo(parent).flatMap((record) => (record.kind === 'hour' ? [record.hour] : []))
    expect(hoursTold()).toEqual([])
    await clock.run(MINUTE)
    expect(hoursTold()).toMatchObject([
      { siteCode: 'BJ-01', hourMs: T0, sealVersion: 0, buckets: [{ cards: 1 }] },
    ])
    const { mark } = await store.readHour(T0)
    const write = { hourMs: T0, version: 1, knownAtMs: clock.wallMs(), expectedMark: mark }
    await store.writeBuckets({ ...write, buckets: [], outbox: [] })
    await clock.run(2_000)
    expect(hoursTold().at(-1)).toMatchObject({ hourMs: T0, sealVersion: 1, buckets: [] })
    await expectAllTold()
  })

  test('tells in an early hour what nobody has told it as unknown', async () => {
    start()
    await fleet.book(node, 'busy/active', T0 + 20 * MINUTE)
    await clock.run(HOUR - 10 * MINUTE + 2 * MINUTE)
    const [hour] = toldTo(parent).filter((record) => record.kind === 'hour')
    // What the fixture books of the hour are its runs; its statistics say nothing.
    expect(hour).toMatchObject({ hour: { buckets: [{ cards: 1, unknownMs: BigInt(HOUR) }] } })
  })

  test('tells counts at most once a minute, when they change, and every so often', async () => {
    start()
    const countsTold = () => toldTo(parent).filter(({ kind }) => kind === 'counts').length
    await clock.run(10_000)
    expect(countsTold()).toBe(1)
    await clock.run(10 * MINUTE)
    expect(countsTold()).toBeLessThanOrEqual(2)
    const before = countsTold()
    await fleet.book(node, 'busy/active', T0 + 20 * MINUTE)
    await clock.run(MINUTE)
    expect(countsTold()).toBe(before + 1)
    await clock.run(16 * MINUTE)
    expect(countsTold()).toBeGreaterThan(before + 1)
  })

  test('with its parent away for long keeps little, and tells all of it afterwards', async () => {
    start(store, 1, 20_000)
    await clock.run(60_000)
    network.unlisten(COLLECTOR_URL)
    for (let round = 0; round < 400; round += 1) {
      await rename(`name ${round}`)
      await clock.run(20_000)
    }
    await clock.run(6 * HOUR)
    const { ackedSeq, lastSeq } = child.spool.state()
    expect(lastSeq - ackedSeq).toBeLessThan(300)
    expect(notes.at(-1)).toMatchObject({ link: 'waiting' })
    expect(child.upstream.status().lagMs).toBeGreaterThan(6 * HOUR)
    parent = revived(parent)
    await clock.run(5 * MINUTE)
    expect(child.upstream.status()).toMatchObject({ feedEntries: 0 })
    expect(child.upstream.status().lagMs).toBeLessThan(30_000)
    await expectAllTold()
  })

  test('killed at any moment repeats, and skips nothing', async () => {
    for (let round = 0; round < 25; round += 1) {
      start()
      await rename(`before ${round}`)
      // Somewhere between the first dial and the last ack.
      await clock.run(1 + ((round * 137) % 1_700))
      await rename(`after ${round}`)
      await kill()
    }
    start()
    await clock.run(30_000)
    await expectAllTold()
  })

  test('killed between the records and the cursor tells them twice', async () => {
    const failing = { isOn: false }
    start()
    const { spool } = child
    const setMeta = spool.setMeta.bind(spool)
    spool.setMeta = (key, value) => {
      if (key === 'feed' && failing.isOn) throw new Error('killed')
      setMeta(key, value)
    }
    await clock.run(5_000)
    failing.isOn = true
    await rename('told twice')
    const died = child.ended.catch((error: Error) => error.message)
    await clock.run(2_000)
    expect(await died).toBe('killed')
    child = { ...child, ended: Promise.resolve() }
    await kill()
    start()
    await clock.run(10_000)
    const sites = toldTo(parent).filter((record) => record.kind === 'site')
    expect(sites.filter(({ site }) => site.name === 'told twice').length).toBe(2)
    await expectAllTold()
  })

  test('that has lost its spool tells everything again, in another epoch', async () => {
    start()
    await clock.run(10_000)
    const before = toldTo(parent).length
    await stop()
    rmSync(join(dataDir, 'upstream'), { recursive: true })
    start()
    await clock.run(10_000)
    expect(parent.epochs.size).toBe(2)
    expect(toldTo(parent).length).toBeGreaterThanOrEqual(2 * before - 1)
    await expectAllTold()
  })

  test('whose parent was restored from before tells again what it lacks', async () => {
    start()
    await clock.run(10_000)
    // As the parent was in its backup: nothing of this epoch but its first record.
    const [epoch] = parent.epochs.values()
    await rename('after the backup')
    await clock.run(2_000)
    if (epoch === undefined) throw new Error('there is an epoch')
    for (const seq of [...epoch.records.keys()].filter((one) => one > 1)) epoch.records.delete(seq)
    epoch.watermark = 1
    epoch.hash = child.spool.hashAt(1)
    parent.generation = 2
    network.cutAll()
    await clock.run(60_000)
    expect(parent.epochs.size).toBe(1)
    await expectAllTold()
  })

  test('whose parent holds what the spool never had begins another epoch', async () => {
    start()
    await clock.run(10_000)
    const [epoch] = parent.epochs.values()
    if (epoch === undefined) throw new Error('there is an epoch')
    epoch.watermark += 5
    network.cutAll()
    await clock.run(120_000)
    expect(parent.epochs.size).toBe(2)
    await expectAllTold()
  })

  test('restored to a higher generation tells everything with higher versions', async () => {
    start()
    await clock.run(10_000)
    await stop()
    const restored = openStore(2)
    store = restored
    fleet = new Fleet(restored)
    await startSite('BJ-01', 'dd')
    start(restored, 2)
    await clock.run(10_000)
    const told = pictureOf(toldTo(parent))
    const known = pictureOf(await tellable(restored, ORIGIN))
    for (const [key, record] of known) expect(told.get(key)).toEqual(record)
    expect(
      [...known.values()].every((record) => JSON.stringify(record, big).includes('"generation":2')),
    ).toBe(true)
  })

  test('counts what its parent refuses, and goes on', async () => {
    parent.habits = { refusedSeqs: new Set([2]) }
    start()
    await clock.run(10_000)
    expect(child.upstream.status().refusedRecords).toBe(1)
    await expectAllTold()
  })
})

const big = (_key: string, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)

/** The same parent, answering again. */
function revived(before: FakeCollector): FakeCollector {
  const after = new FakeCollector(clock, network)
  for (const [id, epoch] of before.epochs) after.epochs.set(id, epoch)
  return after
}
