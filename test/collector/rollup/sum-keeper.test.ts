/** Sums of civil days and months are kept once they are over, and no answer changes by it. */
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { CatalogueLookup } from '../../../collector/src/api/answers/lookup.ts'
import type { RollupGrouping } from '../../../collector/src/api/answers/rollup-groups.ts'
import { type Grain, rollupsAnswer } from '../../../collector/src/api/answers/rollups.ts'
import { loadCatalogue } from '../../../collector/src/catalogue/catalogue.ts'
import { SumKeeper } from '../../../collector/src/rollup/sum-keeper.ts'
import { SCOPE_ALL } from '../../../collector/src/storage/requests.ts'
import { openSqliteStoreInProcess } from '../../../collector/src/storage/sqlite/store.ts'
import type { Store } from '../../../collector/src/storage/store.ts'
import { BucketBook, HOUR } from '../../conformance/bucket-book.ts'
import { NEW_LEDGER } from '../storage/sqlite/support.ts'

const DAY = 24 * HOUR
/** 30 January in Shanghai, 16:00; the ledger begins in the middle of a day. */
const FIRST = Date.UTC(2026, 0, 30, 8)
/** 2 March in Shanghai. */
const END = Date.UTC(2026, 2, 1, 20)
const shanghai = (month: number, day: number) => Date.UTC(2026, month - 1, day) - 8 * HOUR
const day = (month: number, date: number) => ({
  grain: 'day' as const,
  fromMs: shanghai(month, date),
  toMs: shanghai(month, date + 1),
})
const FEBRUARY = { grain: 'month' as const, fromMs: shanghai(2, 1), toMs: shanghai(3, 1) }

let store: Store
let book: BucketBook

beforeEach(async () => {
  const opened = openSqliteStoreInProcess({
    path: ':memory:',
    newLedger: NEW_LEDGER,
    synchronous: 'OFF',
  })
  onTestFinished(() => opened.close())
  store = opened
  book = new BucketBook(opened)
  await book.putSite('S-1', { fromMs: FIRST, regionCode: '110108', operatorCode: 'OP-A' })
  await book.putSite('S-2', { fromMs: FIRST, regionCode: '150102', operatorCode: 'OP-B' })
})

async function sealUntil(endMs: number, fromMs = FIRST): Promise<void> {
  for (let hourMs = fromMs; hourMs < endMs; hourMs += HOUR) {
    const seed = (hourMs / HOUR) % 1_009
    await book.write(hourMs, hourMs + 3 * HOUR, [
      { siteCode: 'S-1', ownerCode: '', profileName: 'NVIDIA H800', seed },
      {
        siteCode: 'S-2',
        ownerCode: 'OWNER-1',
        profileName: 'NVIDIA A100-SXM4-80GB',
        seed: seed + 1,
      },
    ])
  }
}

async function keepUntil(endMs: number, keeper = new SumKeeper(store, 'Asia/Shanghai')) {
  let rounds = 0
  while (await keeper.round(endMs - HOUR)) rounds += 1
  return rounds
}

const kept = async () => (await store.readSumBacklog()).kept

describe('keeping', () => {
  test('a day is kept with its last hour, a month with its last day, each once', async () => {
    const keeper = new SumKeeper(store, 'Asia/Shanghai')
    await sealUntil(shanghai(1, 31) - HOUR)
    expect(await keepUntil(shanghai(1, 31) - HOUR, keeper)).toBe(0)
    expect(await kept()).toEqual([])
    await sealUntil(END, shanghai(1, 31) - HOUR)
    expect(await keepUntil(END, keeper)).toBe(31)
    const february = Array.from({ length: 28 }, (_, at) => day(2, at + 1))
    const days = [day(1, 30), day(1, 31), ...february, day(3, 1)]
    // No month of which the ledger holds a part only.
    expect(await kept()).toEqual([...days, FEBRUARY])
    expect(await keepUntil(END, keeper)).toBe(0)
  })

  test('a program that starts anew goes on with what is not kept', async () => {
    await sealUntil(END)
    const first = new SumKeeper(store, 'Asia/Shanghai')
    expect(await first.round(END - HOUR)).toBe(true)
    expect(await first.round(END - HOUR)).toBe(true)
    // The month that has no beginning is asked for once by each, and refused.
    expect(await keepUntil(END)).toBe(29 + 1)
    expect(await keepUntil(END)).toBe(1)
    expect(await kept()).toHaveLength(32)
  })

  test('nothing is kept of a ledger without sealed hours', async () => {
    const keeper = new SumKeeper(store, 'Asia/Shanghai')
    expect(await keeper.round(null)).toBe(false)
    expect(await kept()).toEqual([])
  })

  test('in another time zone from now on, days go on where none of before lies across them', async () => {
    await sealUntil(shanghai(2, 3))
    await keepUntil(shanghai(2, 3))
    await sealUntil(END, shanghai(2, 3))
    await keepUntil(END, new SumKeeper(store, 'UTC'))
    const starts = (await kept()).map(({ fromMs }) => new Date(fromMs).toISOString().slice(5, 13))
    expect(starts.slice(0, 6)).toEqual([
      '01-29T16',
      '01-30T16',
      '01-31T16',
      '02-01T16',
      '02-03T00',
      '02-04T00',
    ])
  })
})

describe('answers', () => {
  const catalogue = loadCatalogue()
  const ask = (grain: Grain, by: RollupGrouping, timeZone: string, knownAtMs: number) =>
    rollupsAnswer(
      {
        store,
        lookup: new CatalogueLookup(catalogue),
        ledger: NEW_LEDGER,
        catalogueVersion: catalogue.version,
      },
      {
        scope: SCOPE_ALL,
        fromMs: Date.UTC(2026, 0, 28),
        toMs: Date.UTC(2026, 2, 4),
        knownAtMs,
        timeZone,
        grain,
        by,
        filter: { site: null, owner: null, vendor: null, model: null },
      },
    )

  test('are the same before sums are kept and after, in every zone, grain and grouping', async () => {
    await sealUntil(END)
    for (const hourMs of [FIRST, shanghai(2, 1), shanghai(2, 28) + 5 * HOUR]) {
      await book.write(hourMs, END + DAY, [
        { siteCode: 'S-2', ownerCode: '', profileName: 'NVIDIA H800', seed: 77 },
      ])
    }
    const asks = ['Asia/Shanghai', 'Europe/Berlin', 'Asia/Kolkata'].flatMap((zone) =>
      (['hour', 'day', 'month', 'whole'] as const).flatMap((grain) =>
        (['total', 'region', 'operator', 'site'] as const).flatMap((by) =>
          [END + DAY - 1, END + DAY].map((known) => [grain, by, zone, known] as const),
        ),
      ),
    )
    const before = await Promise.all(asks.map((one) => ask(...one)))
    expect(await keepUntil(END)).toBe(31)
    for (const [index, one] of asks.entries()) {
      expect([one, await ask(...one)]).toEqual([one, before[index]])
    }
    // Corrected after all was kept: what was known stays, what is known moves.
    await book.write(shanghai(2, 10), END + 2 * DAY, [])
    for (const [index, one] of asks.entries()) {
      expect([one, await ask(...one)]).toEqual([one, before[index]])
    }
    const known = async (atMs: number) => (await ask('month', 'total', 'Asia/Shanghai', atMs)).rows
    expect(await known(END + 2 * DAY)).not.toEqual(await known(END + DAY))
  }, 120_000)
})
