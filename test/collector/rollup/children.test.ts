/**
 * The hours of children in the buckets of their parent: waited for while they are heard, unknown while
 * they are away, corrected when they are back; and the national figure is the sum of the children's.
 */
import { HOUR_MS, type ReportedBucket, silentLogger } from '@yiben/shared'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LedgerGeneration } from '../../../collector/src/model/ids.ts'
import type { Bucket } from '../../../collector/src/model/ledger.ts'
import { BUCKET_FIGURES } from '../../../collector/src/rollup/bucket-figures.ts'
import { childBuckets } from '../../../collector/src/rollup/children.ts'
import { Roller } from '../../../collector/src/rollup/roller.ts'
import { SCOPE_ALL } from '../../../collector/src/storage/requests.ts'
import { openSqliteStoreInProcess } from '../../../collector/src/storage/sqlite/store.ts'
import type { Store } from '../../../collector/src/storage/store.ts'
import { bucketOf, CARD, ChildTeller } from '../../support/child-teller.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const T0 = Date.UTC(2026, 2, 1)
const MINUTE = 60_000
const FULL = BigInt(HOUR_MS)

class Parent {
  readonly clock = new FakeClock(T0)
  readonly store: Store
  readonly roller: Roller

  constructor() {
    this.store = openSqliteStoreInProcess({
      path: ':memory:',
      newLedger: {
        generation: 1 as LedgerGeneration,
        origin: '0123456789abcdef',
        openedAtMs: T0,
        identityKeyNumber: 1,
        identityKey: 'ff'.repeat(32),
        isDemo: false,
      },
    })
    this.roller = new Roller({ store: this.store, clock: this.clock, logger: silentLogger })
  }

  async child(digit: string, siteCode: string, cards = 1): Promise<ChildTeller> {
    const child = await new ChildTeller(this.store, digit).enroll(T0)
    const all = Array.from({ length: cards }, () => ({ validFromMs: T0 }))
    await child.tell(T0, [child.site(siteCode), child.node('n1', siteCode, all)])
    return child
  }

  async to(atMs: number): Promise<void> {
    this.clock.advance(atMs - this.clock.wallMs())
    await this.roller.drain()
  }

  async bucketsOf(hourMs: number, knownAtMs = this.clock.wallMs()): Promise<readonly Bucket[]> {
    const range = { fromMs: hourMs, toMs: hourMs + HOUR_MS, knownAtMs }
    return await this.store.readBuckets(SCOPE_ALL, range)
  }

  async figures(hourMs: number, knownAtMs?: number): Promise<readonly unknown[]> {
    const buckets = await this.bucketsOf(hourMs, knownAtMs)
    return buckets.map(({ freeMs, siteCode, unknownMs }) => [
      siteCode,
      Number(freeMs) / MINUTE,
      Number(unknownMs) / MINUTE,
    ])
  }
}

test('an hour waits for a child that is heard, and no longer than its patience', async () => {
  const parent = new Parent()
  const told = await parent.child('a', 'SH-01')
  await parent.child('b', 'SH-02')
  await told.tell(T0 + HOUR_MS, [told.hour('SH-01', T0, [{ freeMs: FULL }])])
  await parent.to(T0 + 3 * HOUR_MS)
  expect(await parent.figures(T0)).toEqual([])
  await parent.to(T0 + 4 * HOUR_MS - 1)
  expect(await parent.figures(T0)).toEqual([])
  await parent.to(T0 + 4 * HOUR_MS)
  expect(await parent.figures(T0)).toEqual([
    ['SH-01', 60, 0],
    ['SH-02', 0, 60],
  ])
})

test('a child that is away is unknown at once; when it is back the hour is corrected, known from then', async () => {
  const parent = new Parent()
  const child = await parent.child('a', 'SH-01', 2)
  await child.tell(T0 + HOUR_MS, [child.hour('SH-01', T0, [{ cards: 2, freeMs: 2n * FULL }])])
  await child.away(T0 + HOUR_MS + MINUTE, T0 + HOUR_MS + 3 * MINUTE)
  await parent.to(T0 + 5 * HOUR_MS)
  expect(await parent.figures(T0)).toEqual([['SH-01', 120, 0]])
  expect(await parent.figures(T0 + HOUR_MS)).toEqual([['SH-01', 0, 120]])
  const back = T0 + 6 * HOUR_MS
  await child.connect(back)
  await child.tell(back, [
    child.hour('SH-01', T0 + HOUR_MS, [
      { cards: 2, freeMs: FULL, busyMs: FULL / 2n, unknownMs: FULL / 2n },
    ]),
  ])
  await parent.to(back + MINUTE)
  expect(await parent.figures(T0 + HOUR_MS)).toEqual([['SH-01', 60, 30]])
  expect(await parent.figures(T0 + HOUR_MS, back)).toEqual([['SH-01', 0, 120]])
  const corrected = (await parent.store.readOutbox(1_000)).filter(
    ({ kind, payload }) => kind === 'hour_corrected' && payload.hour_ms === T0 + HOUR_MS,
  )
  expect(corrected.map(({ payload }) => payload.sites)).toEqual([
    [
      {
        site: 'SH-01',
        cards: 0,
        moved: { busyMs: '1800000', freeMs: '3600000', unknownMs: '-5400000' },
      },
    ],
  ])
})

test('a ledger that is younger than its children takes their history, before its first hour too', async () => {
  const parent = new Parent()
  const child = await parent.child('a', 'SH-01')
  await child.tell(T0, [child.node('n1', 'SH-01', [{ validFromMs: T0 - 9 * HOUR_MS }])])
  const hours = [-7, -6, -5, 0].map((hour) => T0 + hour * HOUR_MS)
  const [first, ...later] = hours
  if (first === undefined) throw new Error('no hours')
  await child.tell(
    T0,
    later.map((hourMs) => child.hour('SH-01', hourMs, [{ freeMs: FULL }])),
  )
  await parent.to(T0 + 3 * HOUR_MS)
  await child.tell(T0 + 3 * HOUR_MS, [child.hour('SH-01', first, [{ busyMs: FULL }])])
  await parent.to(T0 + 3 * HOUR_MS + 2 * MINUTE)
  const sealed = await parent.store.sealedHours(0, T0 + HOUR_MS)
  expect(sealed.map(({ hourMs, version }) => [(hourMs - T0) / HOUR_MS, version])).toEqual(
    [-7, -6, -5, -4, -3, -2, -1, 0].map((hour) => [hour, 1]),
  )
  expect((await parent.bucketsOf(first)).map(({ busyMs }) => busyMs)).toEqual([FULL])
  expect(await parent.figures(T0 - 3 * HOUR_MS)).toEqual([['SH-01', 0, 60]])
})

test('old hours wait while a child tells all it has, and are sealed once', async () => {
  const parent = new Parent()
  const child = await parent.child('a', 'SH-01')
  const old = T0 - 48 * HOUR_MS
  await child.tell(T0, [
    child.node('n1', 'SH-01', [{ validFromMs: old }]),
    child.hour('SH-01', old, [{ freeMs: FULL }]),
  ])
  await child.connect(T0, child.watermark + 1)
  await parent.to(T0 + MINUTE)
  expect(await parent.figures(old)).toEqual([])
  // However long it takes, it is not waited for longer than the patience.
  await child.connect(T0 + 50 * MINUTE, child.watermark + 1)
  await parent.to(T0 + 59 * MINUTE)
  expect(await parent.figures(old)).toEqual([])
  await parent.to(T0 + 61 * MINUTE)
  expect(await parent.figures(old)).toEqual([['SH-01', 60, 0]])
})

test('what is taken out never makes more free than there is, and nothing negative', () => {
  const profile = CARD
  const group = { siteCode: 'S', ownerCode: 'O', profile }
  const amount = fc.bigInt({ min: 0n, max: FULL })
  fc.assert(
    fc.property(
      fc.record({ freeMs: amount, busyMs: amount, unknownMs: amount, depositedMs: amount }),
      fc.array(fc.record({ takenMs: amount, isWhole: fc.boolean() }), { maxLength: 5 }),
      (figures, taken) => {
        const { freeMs } = figures
        const depositedMs = [figures.depositedMs, freeMs].sort((a, b) => (a < b ? -1 : 1))[0] ?? 0n
        const { vendor: _vendor, name: _name, ...bucket } = bucketOf({ ...figures, depositedMs })
        const [left] = childBuckets({
          told: [{ ...bucket, ...group, cards: 9 }],
          untold: [],
          takenOut: taken.map((one) => ({ ...group, ...one, ownerCode: 'another' })),
          isAwaited: false,
          behindSinceMs: null,
        })
        if (left === undefined) throw new Error('cards are left')
        const booked = (one: typeof left | typeof figures) =>
          one.freeMs + one.busyMs + one.unknownMs
        const wanted = taken.reduce((sum, { takenMs }) => sum + takenMs, 0n)
        const before = booked(figures)
        expect(booked(left)).toBe(wanted < before ? before - wanted : 0n)
        const spared = figures.freeMs - wanted
        expect(left.freeMs).toBe(spared > 0n ? spared : 0n)
        expect(left.depositedMs <= left.freeMs).toBe(true)
        expect(left.cards).toBe(9 - taken.filter(({ isWhole }) => isWhole).length)
      },
    ),
  )
})

const HOURS = 4
const minutes = fc.nat({ max: 60 })
const word = fc.record({
  child: fc.nat({ max: 1 }),
  site: fc.nat({ max: 1 }),
  hour: fc.nat({ max: HOURS - 1 }),
  free: minutes,
  busy: minutes,
})

test('the national figure is the sum of what the children say, to the card-millisecond', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(word, fc.constant('look' as const)), { maxLength: 14 }),
      async (steps) => {
        const parent = new Parent()
        const children = [await parent.child('a', 'A-00', 2), await parent.child('b', 'B-00', 2)]
        for (const [index, child] of children.entries()) {
          const letter = 'AB'[index] ?? ''
          const more = child.node('n2', `${letter}-01`, [{ unitNumber: 9, validFromMs: T0 }])
          await child.tell(T0, [child.site(`${letter}-01`), more])
        }
        const told = new Map<string, Partial<ReportedBucket>>()
        let now = T0 + 6 * HOUR_MS
        await parent.to(now)
        for (const step of steps) {
          now += 61 * MINUTE
          parent.clock.advance(61 * MINUTE)
          if (step === 'look') {
            await parent.roller.drain()
            continue
          }
          const child = children[step.child]
          if (child === undefined) throw new Error('no child')
          const siteCode = `${'AB'[step.child]}-0${step.site}`
          const cards = step.site === 0 ? 2 : 1
          const whole = BigInt(cards) * FULL
          const freeMs = (whole * BigInt(step.free)) / 61n
          const busyMs = ((whole - freeMs) * BigInt(step.busy)) / 61n
          const bucket = { cards, freeMs, busyMs, unknownMs: whole - freeMs - busyMs }
          const hourMs = T0 + step.hour * HOUR_MS
          told.set(`${siteCode}/${hourMs}`, bucket)
          expect(await child.tell(now, [child.hour(siteCode, hourMs, [bucket])])).toEqual([])
        }
        await parent.to(now + 2 * HOUR_MS)
        for (let hour = 0; hour < HOURS; hour += 1) {
          const hourMs = T0 + hour * HOUR_MS
          const national = sumOf(await parent.bucketsOf(hourMs))
          const children = ['A-00', 'A-01', 'B-00', 'B-01'].map((siteCode) => {
            const cards = siteCode.endsWith('0') ? 2 : 1
            const unknown = { cards, unknownMs: BigInt(cards) * FULL }
            return bucketOf(told.get(`${siteCode}/${hourMs}`) ?? unknown)
          })
          expect(national).toEqual(sumOf(children))
          expect(national.freeMs + national.busyMs + national.unknownMs).toBe(6n * FULL)
        }
      },
    ),
    { numRuns: 40 },
  )
})

type Figures = Readonly<Record<(typeof BUCKET_FIGURES)[number], bigint>>

function sumOf(buckets: readonly Figures[]): Figures {
  return Object.fromEntries(
    BUCKET_FIGURES.map((figure) => [figure, buckets.reduce((sum, one) => sum + one[figure], 0n)]),
  ) as Figures
}
