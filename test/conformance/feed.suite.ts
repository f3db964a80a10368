/** The feed: what a parent is told, each thing once, under the number of its last change. */
import type { ChildRecord, CollectorReport } from '@yiben/shared'
import { expect, test } from 'vitest'
import type { ChildId } from '../../collector/src/model/ids.ts'
import {
  FEED_START,
  type FeedCursor,
  isSameCursor,
} from '../../collector/src/storage/feed-store.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import {
  bucketOf,
  CHILD,
  childSite,
  childTelling,
  madeCounts,
  madeHour,
  ORIGIN,
  SELF,
  seal,
} from './feed-maker.ts'
import { admit, factsCommit, H800, HOUR, T0, terms } from './fleet.ts'
import type { OpenFleet } from './store.suite.ts'

const BELOW = 'cc'.repeat(32)

/** Everything after the cursor, by pages. */
async function readAll(store: Store, after: FeedCursor = FEED_START, limit = 2) {
  const records: ChildRecord[] = []
  let cursor = after
  for (;;) {
    const page = await store.readFeed(ORIGIN, cursor, limit)
    records.push(...page.records)
    if (isSameCursor(page.next, cursor)) break
    cursor = page.next
  }
  return { records, cursor }
}

function nameOf(record: ChildRecord): string {
  switch (record.kind) {
    case 'collector':
      return `collector ${record.collector.name}`
    case 'site':
      return `site ${record.site.siteCode}`
    case 'node':
      return `node ${record.node.name}`
    case 'hour':
      return `hour ${record.hour.siteCode} ${record.hour.sealVersion}`
    case 'counts':
      return `counts ${record.counts.siteCode}`
    case 'checkpoint':
      return `checkpoint ${record.checkpoint.note}`
  }
}

async function namesAfter(store: Store, cursor: FeedCursor) {
  const read = await readAll(store, cursor)
  return { names: read.records.map(nameOf), cursor: read.cursor }
}

export function feedSuite(openFleet: OpenFleet): void {
  test('nothing is fed until it is turned on, then everything that is there', async () => {
    const fleet = await openFleet()
    const { store } = fleet
    await fleet.start('BJ-01', 2)
    await seal(store, 1, [bucketOf(1, T0 + 3 * HOUR)])
    expect(await store.isFeedOn()).toBe(false)
    expect((await readAll(store)).records).toEqual([])

    expect(await store.turnFeed(true)).toEqual({ status: 'turned' })
    expect(await store.turnFeed(true)).toEqual({ status: 'same' })
    expect(await store.isFeedOn()).toBe(true)
    const { cursor, records } = await readAll(store)
    expect(records.map(nameOf)).toEqual(['site BJ-01', 'node node-1', 'hour BJ-01 1'])
    expect(await store.countFeed(FEED_START)).toBe(3)
    expect(await store.countFeed(cursor)).toBe(0)
  })

  test('a site is told whole, with its terms and declarations', async () => {
    const fleet = await openFleet()
    const { store } = fleet
    await store.turnFeed(true)
    await fleet.site('BJ-01')
    await store.putDeclared(
      {
        siteCode: 'BJ-01',
        model: 'H800',
        cards: 8,
        declaredMilliP: 2n ** 52n,
        basis: 'fp16_dense',
        author: 'a',
        declaredAtMs: T0,
      },
      [],
    )
    const { records } = await readAll(store)
    const { keep: _keep, ...told } = terms()
    expect(records).toEqual([
      {
        kind: 'site',
        site: {
          origin: ORIGIN,
          version: { generation: 1, number: expect.any(Number) },
          siteCode: 'BJ-01',
          name: 'Site BJ-01',
          terms: [told],
          declared: [
            {
              model: 'H800',
              cards: 8,
              declaredMilliP: 2n ** 52n,
              basis: 'fp16_dense',
              author: 'a',
              declaredAtMs: T0,
            },
          ],
        },
      },
    ])
  })

  test('each change gives its thing a new number, and nothing else', async () => {
    const fleet = await openFleet()
    const { store } = fleet
    await store.turnFeed(true)
    const node = await fleet.start('BJ-01', 1)
    await fleet.site('BJ-02')
    let { cursor } = await readAll(store)
    const after = async (change: () => Promise<unknown>) => {
      await change()
      const read = await namesAfter(store, cursor)
      cursor = read.cursor
      return read.names
    }
    expect(await after(() => fleet.connect(node))).toEqual([])
    expect(await after(() => fleet.book(node, 'busy/active', T0 + HOUR))).toEqual([])
    const again = { ...admit(0, `${node.nodeId}-0`), unitId: node.units[0]?.unitId ?? null }
    const same = {
      ...again,
      acceleratorId: node.units[0]?.acceleratorId ?? null,
    }
    expect(
      await after(async () => {
        await store.commitFacts(factsCommit(node, [same], { receivedAtMs: T0 + HOUR }))
        node.watermark += 1
      }),
    ).toEqual([])
    const named = { code: 'BJ-01', name: 'renamed', terms: terms(), outbox: [] }
    expect(await after(() => store.putSite(named))).toEqual(['site BJ-01'])
    expect(
      await after(() =>
        store.commitFacts(
          factsCommit(node, [same, admit(1, 'another', T0 + HOUR)], { receivedAtMs: T0 + HOUR }),
        ),
      ),
    ).toEqual(['node node-1'])
    expect(
      await after(() => store.revokeNode({ nodeId: node.nodeId, atMs: T0 + HOUR, outbox: [] })),
    ).toEqual(['node node-1'])
    expect(await after(() => seal(store, 1, [bucketOf(1, T0 + 3 * HOUR)]))).toEqual([
      'hour BJ-01 1',
    ])
    expect(await after(() => seal(store, 2, []))).toEqual(['hour BJ-01 2'])
  })

  test('a node is told with its cards and the ids that they are known by', async () => {
    const fleet = await openFleet()
    const { store } = fleet
    await store.turnFeed(true)
    const hash = 'dd'.repeat(32)
    await fleet.site('BJ-01')
    const node = await fleet.node('BJ-01')
    await fleet.cards(node, [hash])
    const { records } = await readAll(store)
    const told = records.find((record) => record.kind === 'node')
    const { name, vendor, memoryTotalMib, powerCapWatts } = H800
    expect(told).toMatchObject({
      node: {
        nodeId: node.nodeId,
        siteCode: 'BJ-01',
        isRevoked: false,
        cpuCores: 128,
        cards: [
          {
            unitNumber: node.units[0]?.unitId,
            acceleratorNumber: node.units[0]?.acceleratorId,
            ...{ name, vendor, memoryTotalMib, powerCapWatts },
            identities: [{ keyNumber: 1, hash, strength: 'strong' }],
            validFromMs: T0,
            bookedToMs: null,
            endedReason: null,
            isCounted: true,
            isInConflict: false,
          },
        ],
      },
    })
  })

  test('an hour is told with all its buckets, also of a site that has none left', async () => {
    const fleet = await openFleet()
    const { store } = fleet
    await fleet.start('BJ-01', 1)
    await fleet.start('BJ-02', 1)
    await store.turnFeed(true)
    await seal(store, 1, [bucketOf(1, T0 + 3 * HOUR), bucketOf(1, T0 + 3 * HOUR, 'BJ-02')])
    const first = await readAll(store)
    const hoursOf = (records: readonly ChildRecord[]) =>
      records.flatMap((record) => (record.kind === 'hour' ? [record.hour] : []))
    expect(hoursOf(first.records).map(({ buckets }) => buckets.length)).toEqual([1, 1])
    await seal(store, 2, [bucketOf(2, T0 + 4 * HOUR)])
    const [told, gone] = hoursOf((await readAll(store, first.cursor)).records)
    expect(told).toMatchObject({
      siteCode: 'BJ-01',
      hourMs: T0,
      sealVersion: 2,
      knownAtMs: T0 + 4 * HOUR,
      buckets: [{ cards: 1, busyMs: 3_000_000n, freeMs: 600_000n, energyJoules: 7n }],
    })
    expect(gone).toMatchObject({ siteCode: 'BJ-02', sealVersion: 2, buckets: [] })
  })

  test('what is made by the clock is kept under its number; a seal takes its place', async () => {
    const fleet = await openFleet()
    const { store } = fleet
    await fleet.start('BJ-01', 1)
    await store.turnFeed(true)
    const start = await readAll(store)
    await store.feedMade([
      { kind: 'collector', collector: SELF },
      { kind: 'hour', hour: madeHour(5n) },
      { kind: 'counts', counts: madeCounts(1) },
    ])
    await store.feedMade([
      { kind: 'hour', hour: madeHour(6n) },
      { kind: 'counts', counts: madeCounts(2) },
    ])
    const made = await readAll(store, start.cursor)
    expect(made.records.map(nameOf)).toEqual(['collector self', 'hour BJ-01 0', 'counts BJ-01'])
    expect(made.records).toMatchObject([
      { collector: SELF },
      { hour: madeHour(6n) },
      { counts: madeCounts(2) },
    ])
    await seal(store, 1, [bucketOf(1, T0 + 3 * HOUR)])
    await store.feedMade([{ kind: 'hour', hour: madeHour(7n) }])
    const sealed = await readAll(store)
    expect(sealed.records.map(nameOf)).toEqual([
      'collector self',
      'site BJ-01',
      'node node-1',
      'counts BJ-01',
      'hour BJ-01 1',
    ])
  })

  test('turned off it is empty, and its numbers go on', async () => {
    const fleet = await openFleet()
    const { store } = fleet
    await fleet.start('BJ-01', 1)
    await store.turnFeed(true)
    const before = await readAll(store)
    await store.turnFeed(false)
    expect((await readAll(store)).records).toEqual([])
    await store.turnFeed(true)
    // Read on from where it stood, everything is told again: with higher numbers.
    const after = await readAll(store, before.cursor)
    expect(after.records.map(nameOf)).toEqual(before.records.map(nameOf))
  })

  test('what children tell is passed on as it came, collectors in the order of their places', async () => {
    const fleet = await openFleet()
    const { store } = fleet
    await fleet.site('BJ-01')
    const tell = await childTelling(store)
    await store.turnFeed(true)
    const child: CollectorReport = {
      ...SELF,
      origin: CHILD,
      version: { generation: 3, number: 1 },
      name: 'child',
      parentOrigin: ORIGIN,
    }
    const below = { ...child, origin: BELOW, name: 'below', parentOrigin: CHILD }
    const told: readonly Exclude<ChildRecord, { kind: 'checkpoint' }>[] = [
      { kind: 'collector', collector: child },
      { kind: 'collector', collector: below },
      { kind: 'site', site: childSite(CHILD, 'SD-01', 2) },
      { kind: 'site', site: childSite(BELOW, 'SD-02', 4) },
      {
        kind: 'node',
        node: {
          origin: BELOW,
          version: { generation: 3, number: 5 },
          nodeId: 'n-1',
          name: 'far',
          siteCode: 'SD-02',
          isRevoked: false,
          cpuCores: null,
          cards: [],
        },
      },
      {
        kind: 'hour',
        hour: {
          ...madeHour(8n),
          origin: BELOW,
          siteCode: 'SD-02',
          version: { generation: 3, number: 9 },
        },
      },
      {
        kind: 'counts',
        counts: {
          ...madeCounts(3),
          origin: BELOW,
          siteCode: 'SD-02',
          version: { generation: 3, number: 10 },
        },
      },
    ]
    await tell(...told)
    // The child is told after the one below it, and is given out before it all the same.
    const again = { ...child, version: { generation: 3, number: 11 } }
    await tell({ kind: 'collector', collector: again })
    const { records } = await readAll(store)
    const own = records.filter((record) => nameOf(record) === 'site BJ-01')
    const passed = records.filter((record) => nameOf(record) !== 'site BJ-01')
    expect(own).toHaveLength(1)
    expect(passed).toEqual([{ kind: 'collector', collector: again }, ...told.slice(1)])
    expect(await store.readOwnSites()).toEqual(['BJ-01'])
  })

  test('a child that is not heard is told as away, and again when it is back', async () => {
    const { store } = await openFleet()
    const tell = await childTelling(store)
    await store.turnFeed(true)
    const child = { ...SELF, origin: CHILD, version: { generation: 1, number: 1 } }
    await tell({ kind: 'collector', collector: { ...child, parentOrigin: ORIGIN } })
    const start = await readAll(store)
    const silence = { childId: 'c-1' as ChildId, fromMs: T0 + 1, declaredAtMs: T0 + HOUR }
    await store.beginChildSilences([silence])
    const away = await readAll(store, start.cursor)
    expect(away.records).toMatchObject([{ collector: { origin: CHILD, awaySinceMs: T0 + 1 } }])
  })

  test('the nation’s key is adopted by a ledger without nodes only', async () => {
    const fleet = await openFleet()
    const { store } = fleet
    const key = { number: 4, key: 'ab'.repeat(32) }
    expect(await store.adoptIdentityKey(key)).toEqual({ status: 'adopted' })
    expect(await store.adoptIdentityKey(key)).toEqual({ status: 'same' })
    expect(await store.ledgerState()).toMatchObject({
      identityKeyNumber: 4,
      identityKey: key.key,
    })
    await fleet.start('BJ-01', 1)
    expect(await store.adoptIdentityKey({ ...key, number: 5 })).toEqual({ status: 'kept' })
    expect(await store.ledgerState()).toMatchObject({ identityKeyNumber: 4 })
  })
}
