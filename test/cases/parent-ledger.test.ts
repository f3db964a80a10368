/**
 * A site's hours at its parent: unknown while the site could not say, corrected once it could, and in
 * the end the same to the card-millisecond. What the site tells goes there as signed files.
 */
import { keyPairFromSeed, silentLogger } from '@yiben/shared'
import { expect, onTestFinished, test } from 'vitest'
import { exportBundle } from '../../collector/src/bundle/export.ts'
import { readBundle } from '../../collector/src/bundle/read.ts'
import { takeBundle } from '../../collector/src/children/bundle-intake.ts'
import type { ChildId, LedgerGeneration } from '../../collector/src/model/ids.ts'
import type { Bucket } from '../../collector/src/model/ledger.ts'
import { Roller } from '../../collector/src/rollup/roller.ts'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import { openSqliteStoreInProcess } from '../../collector/src/storage/sqlite/store.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import { busyReading, idleReading } from '../support/fake-probe.ts'
import { tempDir } from '../support/temp-dir.ts'
import { at, Country, HOUR, MINUTE, SECOND } from './country.ts'
import { cardsOf } from './machine.ts'

const PARENT_KEYS = keyPairFromSeed(1, new Uint8Array(32).fill(9))

async function openParent(country: Country): Promise<Store> {
  const store = openSqliteStoreInProcess({
    path: ':memory:',
    newLedger: {
      generation: 1 as LedgerGeneration,
      origin: '0c'.repeat(16),
      openedAtMs: country.nowMs,
      identityKeyNumber: 1,
      identityKey: '0b'.repeat(32),
      isDemo: false,
    },
  })
  onTestFinished(() => store.close())
  const { algorithm, publicKey } = country.identity
  await store.addChild(
    {
      childId: 'c-1' as ChildId,
      name: 'site',
      ...{ algorithm, publicKey },
      regionCode: null,
      isOneWay: true,
      fingerprint: '',
      joinState: 0,
      previousJoinState: 0,
      status: 'active',
      enrolledAtMs: country.nowMs,
    },
    [],
  )
  return store
}

/** The parent's hours as they are now, by what they are of. */
async function hoursOf(store: Store, knownAtMs: number): Promise<ReadonlyMap<string, object>> {
  const range = { fromMs: at('08:00'), toMs: at('24:00'), knownAtMs }
  const buckets = await store.readBuckets(SCOPE_ALL, range)
  return new Map(buckets.map((bucket) => [nameOf(bucket), figuresOf(bucket)]))
}

const nameOf = ({ hourMs, ownerCode, profile, siteCode }: Bucket) =>
  [new Date(hourMs).toISOString(), siteCode, ownerCode, profile.name].join(' ')

function figuresOf({ version: _version, knownAtMs: _known, ...figures }: Bucket): object {
  return figures
}

test('hours of a site are at its parent what they are at the site, also where they were corrected', async () => {
  const country = await Country.open()
  const parent = await openParent(country)
  const roller = new Roller({
    store: parent,
    clock: country.process.clock,
    logger: silentLogger,
    sealAfterMs: 2 * HOUR,
  })
  const folder = tempDir()
  const carry = async () => {
    const { file } = await exportBundle({
      store: country.store,
      clock: country.process.clock,
      log: silentLogger,
      identity: country.identity,
      folder,
      outDir: folder,
      name: 'site',
      parent: PARENT_KEYS.publicKey,
      isFull: false,
      fromNumber: null,
      settings: { settledLagMs: 2 * MINUTE, hourDelayMs: 90 * SECOND },
    })
    const read = await readBundle(file)
    if (read.status !== 'ok') throw new Error(read.sentence)
    const ownOrigin = PARENT_KEYS.publicKey
    const intake = { store: parent, ownOrigin, nowMs: country.nowMs }
    const { refused } = await takeBundle(intake, read.bundle)
    await read.bundle.close()
    expect(refused).toBe(0)
    await roller.drain()
  }

  const cards = cardsOf('a', 4)
  const machine = await country.join({ cards })
  const others = cardsOf('b', 2)
  await country.join({ cards: others, siteCode: 'SITE-2' })
  await country.runTo(at('09:20:00') + SECOND / 2)
  for (const card of cards) card.reading = busyReading(card.unit.key)
  await country.runTo(at('09:50:00') + SECOND / 2)
  machine.setLine('silent')
  await country.runTo(at('10:10:00'))
  await carry()
  await country.runTo(at('12:05:00'))
  for (const card of others) card.reading = busyReading(card.unit.key)
  await carry()
  // Both have sealed the hour of the silence, and both say that it is not known what was.
  const before = await hoursOf(parent, country.nowMs)
  const nine = [...before].find(([name]) => name.includes('T09:00') && name.includes('SITE-1'))
  expect(nine?.[1]).toMatchObject({ cards: 4, unknownMs: BigInt(4 * 10 * MINUTE) })

  machine.setLine('up')
  for (const card of cards) card.reading = idleReading(card.unit.key)
  await country.runTo(at('12:40:00'))
  await carry()
  const site = await hoursOf(country.store, country.nowMs)
  const told = await hoursOf(parent, country.nowMs)
  expect(told).toEqual(site)
  expect(told.size).toBe(4)
  const after = told.get(nine?.[0] ?? '')
  expect(after).toMatchObject({ cards: 4, unknownMs: 0n })
}, 60_000)
