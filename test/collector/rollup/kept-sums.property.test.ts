/**
 * Any larger figure is exactly the sum of its buckets: whatever was sealed, corrected and moved, in
 * whatever order sums of it came to be kept, and whatever is asked of it, as known at any instant.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { coreOver } from '../../../collector/src/storage/sqlite/core.ts'
import { migrate } from '../../../collector/src/storage/sqlite/migrate.ts'
import { inProcessStore } from '../../../collector/src/storage/sqlite/store.ts'
import type { SumKey } from '../../../collector/src/storage/sum-store.ts'
import {
  ALL,
  type BookedBucket,
  BucketBook,
  HOUR,
  type Question,
  SCOPES,
} from '../../conformance/bucket-book.ts'
import { connect } from '../storage/sqlite/support.ts'

const START_MS = Date.UTC(2026, 2, 1)
/** The store knows no calendar: here a day has 3 hours and a month 4 days. */
const DAY_HOURS = 3
const MONTH_HOURS = 12
const HOURS = 40
const RUNS = 120

const SITES = ['S-1', 'S-2', 'S-3']
const PLACES = [
  { regionCode: '110108', operatorCode: 'OP-A' },
  { regionCode: '150102', operatorCode: 'OP-A' },
  { regionCode: '150100', operatorCode: 'OP-B' },
]

const hour = fc.nat({ max: HOURS - 1 })
const onEdge = (hours: number) => hour.map((one) => one - (one % hours))
const bucket: fc.Arbitrary<BookedBucket> = fc.record({
  siteCode: fc.constantFrom(...SITES),
  ownerCode: fc.constantFrom('', 'OWNER-1'),
  profileName: fc.constantFrom('H800', '910B'),
  seed: fc.nat({ max: 1_000 }),
})
const buckets = fc.array(bucket, { maxLength: 5 })

const action = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('seal' as const), buckets }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('correct' as const), hour, buckets }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('move' as const),
      site: fc.constantFrom(...SITES),
      place: fc.constantFrom(...PLACES),
      hour,
    }),
  },
  {
    weight: 3,
    // Periods that begin off the rest are of another time zone: they are kept where they fit.
    arbitrary: fc.record({
      kind: fc.constant('keep day' as const),
      hour: fc.oneof(onEdge(DAY_HOURS), hour),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('keep month' as const),
      hour: fc.oneof({ weight: 4, arbitrary: onEdge(MONTH_HOURS) }, onEdge(DAY_HOURS)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('turn clock back' as const) }) },
)
type Action = typeof action extends fc.Arbitrary<infer One> ? One : never

const question = fc.record({
  edges: fc.uniqueArray(fc.oneof(onEdge(MONTH_HOURS), fc.nat({ max: HOURS })), {
    minLength: 2,
    maxLength: 6,
  }),
  isByHour: fc.boolean(),
  isByDay: fc.boolean(),
  by: fc.constantFrom<SumKey>('total', 'province', 'region', 'operator', 'owner', 'site'),
  provinceKeys: fc.constantFrom(undefined, { 11: 'north', 15: 'north' }, { 15: 'west' }),
  scope: fc.constantFrom(...SCOPES),
  filter: fc.oneof(
    { weight: 3, arbitrary: fc.constant(ALL) },
    {
      weight: 2,
      arbitrary: fc.record({
        siteCode: fc.constantFrom(null, 'S-1'),
        ownerCode: fc.constantFrom(null, null, 'OWNER-1'),
        operatorCode: fc.constantFrom(null, null, 'OP-B'),
        regions: fc.constantFrom(null, ['15'], ['11', '1501'], []),
      }),
    },
  ),
  /** Of the instants at which something became known, and how far beside it. */
  known: fc.nat(),
  besideMs: fc.constantFrom(-1, 0, 0, 1),
})
type Asked = typeof question extends fc.Arbitrary<infer One> ? One : never

class Life {
  readonly #db = connect(':memory:')
  readonly store = inProcessStore(coreOver(this.#db, () => {}))
  readonly book = new BucketBook(this.store)
  #nowMs = START_MS + HOURS * HOUR
  #nextHour = 0

  async begin(): Promise<void> {
    migrate(this.#db)
    for (const [index, site] of SITES.entries()) {
      const place = PLACES[index] ?? { regionCode: '', operatorCode: '' }
      await this.book.putSite(site, { ...place, fromMs: START_MS - HOUR })
    }
  }

  async live(one: Action): Promise<void> {
    this.#nowMs += 1_000
    const at = (index: number) => START_MS + index * HOUR
    switch (one.kind) {
      case 'seal':
        if (this.#nextHour === HOURS) return
        await this.book.write(at(this.#nextHour), this.#nowMs, one.buckets)
        this.#nextHour += 1
        return
      case 'correct': {
        const hourMs = at(one.hour)
        if (this.book.isSealed(hourMs)) await this.book.write(hourMs, this.#nowMs, one.buckets)
        return
      }
      case 'move':
        return this.book.putSite(one.site, { ...one.place, fromMs: at(one.hour) })
      case 'turn clock back':
        this.#nowMs -= 7_500
        return
      case 'keep day':
        return await this.#keep('day', at(one.hour), DAY_HOURS)
      case 'keep month':
        for (let hours = 0; hours < MONTH_HOURS; hours += DAY_HOURS) {
          await this.#keep('day', at(one.hour + hours), DAY_HOURS)
        }
        await this.#keep('month', at(one.hour), MONTH_HOURS)
    }
  }

  async #keep(grain: 'day' | 'month', fromMs: number, hours: number): Promise<void> {
    await this.store.keepSums({ grain, fromMs, toMs: fromMs + hours * HOUR })
  }

  /** As a ledger is found whose hours were all sealed before there were sums. */
  forgetSums(): void {
    for (const table of ['area_sums', 'site_sums', 'sum_periods']) {
      this.#db.exec(`DELETE FROM ${table}`)
    }
  }
}

test('sums are those of the buckets, for any history, grain, grouping, scope and instant', async () => {
  const actions = (maxLength: number) => fc.array(action, { minLength: maxLength / 4, maxLength })
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.constant([]), actions(40)),
      actions(100),
      fc.array(question, { minLength: 10, maxLength: 10 }),
      async (before, after, questions) => {
        const life = new Life()
        try {
          await life.begin()
          for (const one of before) await life.live(one)
          life.forgetSums()
          for (const one of after) await life.live(one)
          for (const asked of questions) {
            const wanted = questionOf(asked, life.book)
            expect(await life.book.stored(wanted)).toEqual(life.book.sums(wanted))
          }
        } finally {
          await life.store.close()
        }
      },
    ),
    { numRuns: RUNS },
  )
}, 120_000)

function questionOf(asked: Asked, book: BucketBook): Question {
  const edges = [...asked.edges].sort((left, right) => left - right)
  const step = asked.isByHour ? 1 : asked.isByDay ? DAY_HOURS : null
  const cut =
    step === null
      ? edges
      : edges.flatMap((edge, index) => {
          const next = edges[index + 1]
          if (next === undefined) return [edge]
          const between = Array.from({ length: next - edge }, (_, offset) => edge + offset)
          return between.filter((one) => one === edge || one % step === 0)
        })
  const spans = cut.slice(0, -1).map((from, index) => ({
    fromMs: START_MS + from * HOUR,
    toMs: START_MS + (cut[index + 1] ?? from) * HOUR,
  }))
  const instants = book.knownInstants
  const known = instants[asked.known % Math.max(1, instants.length)] ?? START_MS
  const { by, filter, provinceKeys, scope } = asked
  const question = { spans, by, filter, scope, knownAtMs: known + asked.besideMs }
  return provinceKeys === undefined ? question : { ...question, provinceKeys }
}
