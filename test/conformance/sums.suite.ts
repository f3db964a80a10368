/** Sums over buckets: exact whatever is kept, as known at an instant, within the scope and the limits. */
import { beforeEach, expect, test } from 'vitest'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import type { SumKey, SumPeriod } from '../../collector/src/storage/sum-store.ts'
import { ALL, type BookedBucket, BucketBook, type Question, SCOPES } from './bucket-book.ts'
import { type Fleet, HOUR, T0 } from './fleet.ts'
import type { OpenFleet } from './store.suite.ts'

const KEYS: readonly SumKey[] = ['total', 'province', 'region', 'operator', 'owner', 'site']
/** When hours are sealed here. */
const NOW = T0 + 1_000 * HOUR

function bucket(siteCode: string, seed: number, change: Partial<BookedBucket> = {}): BookedBucket {
  return { siteCode, ownerCode: 'OWNER-1', profileName: 'H800', seed, ...change }
}

const hours = (grain: SumPeriod['grain'], from: number, to: number): SumPeriod => ({
  grain,
  fromMs: T0 + from * HOUR,
  toMs: T0 + to * HOUR,
})

function question(change: Partial<Question> = {}): Question {
  const spans = [{ fromMs: T0, toMs: T0 + 8 * HOUR }]
  return { spans, knownAtMs: NOW + HOUR, by: 'total', filter: ALL, scope: SCOPE_ALL, ...change }
}

export function sumsSuite(openFleet: OpenFleet): void {
  let fleet: Fleet
  let book: BucketBook

  /** Eight hours of two sites: days of two hours, of which a month is four. */
  beforeEach(async () => {
    fleet = await openFleet()
    book = new BucketBook(fleet.store)
    await book.putSite('S-1', { fromMs: T0, regionCode: '110108', operatorCode: 'OP-A' })
    await book.putSite('S-2', { fromMs: T0, regionCode: '150102', operatorCode: 'OP-B' })
    for (let hour = 0; hour < 8; hour += 1) {
      const other = bucket('S-1', hour + 3, { profileName: '910B', ownerCode: '' })
      const buckets = [bucket('S-1', hour + 1), bucket('S-2', hour + 5), other]
      await book.write(T0 + hour * HOUR, NOW + hour, buckets)
    }
  })

  async function keepAll(): Promise<void> {
    for (const day of [0, 2, 4, 6]) await fleet.store.keepSums(hours('day', day, day + 2))
    await fleet.store.keepSums(hours('month', 0, 8))
  }

  async function agrees(change: Partial<Question> = {}): Promise<void> {
    for (const by of KEYS) {
      const asked = question({ ...change, by })
      expect(await book.stored(asked)).toEqual(book.sums(asked))
    }
  }

  test('a span is what its buckets add up to, before sums of it are kept and after', async () => {
    const odd = [
      { fromMs: T0, toMs: T0 + HOUR },
      { fromMs: T0 + HOUR, toMs: T0 + 7 * HOUR },
      { fromMs: T0 + 9 * HOUR, toMs: T0 + 11 * HOUR },
    ]
    const before = await book.stored(question())
    expect(before).toHaveLength(2)
    await agrees({ spans: odd })
    await keepAll()
    expect(await book.stored(question())).toEqual(before)
    await agrees()
    await agrees({ spans: odd })
  })

  test('a correction moves what is kept from its instant on, and leaves what was known', async () => {
    await keepAll()
    const before = await book.stored(question())
    await book.write(T0 + 3 * HOUR, NOW + 100, [
      bucket('S-1', 6),
      bucket('S-2', 2, { profileName: '910B' }),
    ])
    await book.write(T0 + 4 * HOUR, NOW + 100, [])
    const after = await book.stored(question())
    expect(after).not.toEqual(before)
    expect(await book.stored(question({ knownAtMs: NOW + 99 }))).toEqual(before)
    for (const knownAtMs of [NOW + 2, NOW + 99, NOW + 100]) await agrees({ knownAtMs })
  })

  test('what a correction takes away is not told as nothing', async () => {
    await keepAll()
    for (let hour = 0; hour < 8; hour += 1) {
      await book.write(T0 + hour * HOUR, NOW + 100, [bucket('S-2', 1)])
    }
    const keys = (await book.stored(question({ by: 'site' }))).map(({ key }) => key)
    expect(keys).toEqual(['S-2'])
    expect(await book.stored(question({ by: 'province' }))).toMatchObject([{ key: '15' }])
  })

  test('a period is kept once, none lies across another, a month has all its days', async () => {
    const keep = async (period: SumPeriod) => (await fleet.store.keepSums(period)).status
    expect(await keep(hours('day', 0, 2))).toBe('kept')
    expect(await keep(hours('day', 0, 2))).toBe('refused')
    expect(await keep(hours('day', 1, 3))).toBe('refused')
    expect(await keep(hours('month', 0, 4))).toBe('refused')
    expect(await keep(hours('day', 2, 4))).toBe('kept')
    expect(await keep(hours('month', 0, 4))).toBe('kept')
    expect(await fleet.store.readSumBacklog()).toEqual({
      firstSealedHourMs: T0,
      lastSealedHourMs: T0 + 7 * HOUR,
      kept: [hours('day', 0, 2), hours('day', 2, 4), hours('month', 0, 4)],
    })
    await agrees()
  })

  test('an hour that is sealed after its day was kept is in it', async () => {
    await fleet.store.keepSums(hours('day', 8, 10))
    await book.write(T0 + 9 * HOUR, NOW + 200, [bucket('S-2', 4)])
    await agrees({ spans: [{ fromMs: T0, toMs: T0 + 10 * HOUR }] })
  })

  test('a bucket stands where its site was said to lie when the hour was sealed or corrected', async () => {
    await keepAll()
    const moved = { fromMs: T0, regionCode: '310115', operatorCode: 'OP-C' }
    await book.putSite('S-1', moved)
    const before = await book.stored(question({ by: 'region' }))
    expect(new Set(before.map(({ key }) => key))).toEqual(new Set(['110108', '150102']))
    await book.write(T0, NOW + 100, [bucket('S-1', 1)])
    const after = await book.stored(question({ by: 'region' }))
    expect(new Set(after.map(({ key }) => key))).toEqual(new Set(['110108', '150102', '310115']))
    await agrees({ knownAtMs: NOW + 99 })
    await agrees()
    expect(await fleet.store.readBucketRegions()).toEqual(['110108', '150102', '310115'])
  })

  test('sums are those of the scope and of the filter, from what is kept or not', async () => {
    const filters = [
      { ...ALL, regions: ['15'] },
      { ...ALL, regions: ['1101', '15'] },
      { ...ALL, regions: [] },
      { ...ALL, operatorCode: 'OP-A' },
      { ...ALL, ownerCode: '' },
      { ...ALL, siteCode: 'S-2', regions: ['11'] },
      { ...ALL, siteCode: 'S-1' },
    ]
    const ask = async () => {
      for (const scope of SCOPES) {
        await agrees({ scope })
        for (const filter of filters) await agrees({ scope, filter })
      }
    }
    await ask()
    await keepAll()
    await ask()
    const bound = question({ by: 'site', scope: { regions: 'all', sites: ['S-2'] } })
    expect(await book.stored(bound)).toMatchObject([{ key: 'S-2' }])
  })

  test('more than the limits allow is refused, not half answered', async () => {
    const { scope, ...ask } = question({ by: 'owner' })
    const read = (limits: object) =>
      fleet.store.readSums(scope, {
        ...ask,
        provinceKeys: null,
        siteHoursMax: 100,
        sumsMax: 100,
        ...limits,
      })
    // Two sites of eight hours.
    expect(await read({ siteHoursMax: 15 })).toEqual({ status: 'too_much', limit: 'site_hours' })
    expect(await read({ siteHoursMax: 16 })).toMatchObject({ status: 'summed' })
    expect(await read({ sumsMax: 1 })).toEqual({ status: 'too_much', limit: 'sums' })
    await keepAll()
    expect(await read({ siteHoursMax: 0 })).toMatchObject({ status: 'summed' })
  })

  test('which hours were sealed is told as it was known', async () => {
    await book.write(T0 + 1 * HOUR, NOW + 100, [])
    const range = { fromMs: T0 + HOUR, toMs: T0 + 4 * HOUR }
    const sealed = (knownAtMs: number) => fleet.store.readSealed({ ...range, knownAtMs })
    expect(await sealed(NOW - 1)).toEqual({ hours: [], lastHourMs: null })
    const first = { hours: [T0 + HOUR, T0 + 2 * HOUR], lastHourMs: T0 + 2 * HOUR }
    expect(await sealed(NOW + 2)).toEqual(first)
    expect((await sealed(NOW + 100)).lastHourMs).toBe(T0 + 7 * HOUR)
  })

  test('a version of an hour is not known before the one it corrects', async () => {
    const { mark } = await fleet.store.readHour(T0)
    const write = { hourMs: T0, expectedMark: mark, version: 2, knownAtMs: NOW - 1 }
    await expect(fleet.store.writeBuckets({ ...write, buckets: [], outbox: [] })).rejects.toThrow(
      'no earlier',
    )
  })
}
