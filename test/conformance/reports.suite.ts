/** Corrections by when they became known, and reports kept as they were issued. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { EntrySeq, LedgerGeneration } from '../../collector/src/model/ids.ts'
import type { Bucket } from '../../collector/src/model/ledger.ts'
import type { Correction } from '../../collector/src/storage/report-store.ts'
import { SCOPE_ALL, type Scope } from '../../collector/src/storage/requests.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import { type Fleet, H800, HOUR, LATER, note, T0 } from './fleet.ts'
import type { OpenFleet } from './store.suite.ts'

const EVER = { fromMs: 0, toMs: LATER, knownFromMs: 0, knownToMs: LATER }
const BEIJING: Scope = { regions: ['11'], sites: 'all' }
const ONE_SITE: Scope = { regions: 'all', sites: ['BJ-01'] }

interface Figures {
  readonly siteCode?: string
  readonly cards?: number
  readonly busyMs?: bigint
  readonly unknownMs?: bigint
}

function bucketOf(hourMs: number, version: number, knownAtMs: number, figures: Figures): Bucket {
  return {
    hourMs,
    siteCode: 'BJ-01',
    ownerCode: '',
    profile: H800,
    version,
    knownAtMs,
    cards: 1,
    busyMs: 0n,
    allocatedMs: 0n,
    occupiedMs: 0n,
    freeMs: 0n,
    faultyMs: 0n,
    unknownMs: 0n,
    lentMs: 0n,
    depositedMs: 0n,
    activeMs: 0n,
    givenMs: 0n,
    energyJoules: 0n,
    samplesExpected: 0n,
    samplesGot: 0n,
    samplesZero: 0n,
    samplesBelowTenth: 0n,
    ...figures,
  }
}

/** Writes the next version of an hour: one bucket for each of these. */
async function write(
  store: Store,
  hourMs: number,
  version: number,
  knownAtMs: number,
  figures: readonly Figures[],
): Promise<void> {
  const { mark } = await store.readHour(hourMs)
  const buckets = figures.map((one) => bucketOf(hourMs, version, knownAtMs, one))
  const whole = { hourMs, expectedMark: mark, version, knownAtMs, buckets, outbox: [] }
  expect(await store.writeBuckets(whole)).toEqual({ status: 'written' })
}

async function twoSites(openFleet: OpenFleet): Promise<Fleet> {
  const fleet = await openFleet()
  await fleet.site('BJ-01')
  await fleet.site('NM-01', { regionCode: '150100' })
  return fleet
}

async function everyCorrection(store: Store, scope: Scope, limit: number): Promise<Correction[]> {
  const rows: Correction[] = []
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<Store['listCorrections']>> = await store.listCorrections(
      scope,
      EVER,
      { cursor, limit },
    )
    expect(page.rows.length).toBeLessThanOrEqual(limit)
    rows.push(...page.rows)
    cursor = page.nextCursor
  } while (cursor !== null)
  return rows
}

const HEAD = {
  regionCode: null,
  month: '2026-02',
  timeZone: 'Asia/Shanghai',
  fromMs: T0 - 672 * HOUR,
  toMs: T0,
  knownAtMs: T0 + HOUR,
  issuedAtMs: T0 + 2 * HOUR,
  finality: 'preliminary',
  author: 'token t',
  catalogueVersion: 'c1',
  sha256: 'ab'.repeat(32),
  answer: '{"a":1}',
} as const

export function reportsSuite(openFleet: OpenFleet): void {
  test('a correction tells per site which figures moved, and both instants of knowing', async () => {
    const { store } = await twoSites(openFleet)
    await write(store, T0, 1, T0 + 3 * HOUR, [{ unknownMs: 600n }, { siteCode: 'NM-01' }])
    await write(store, T0, 2, T0 + 5 * HOUR, [{ busyMs: 600n }, { siteCode: 'NM-01' }])
    const page = await store.listCorrections(SCOPE_ALL, EVER, { cursor: null, limit: 10 })
    expect(page).toEqual({
      rows: [
        {
          hourMs: T0,
          siteCode: 'BJ-01',
          version: 2,
          knownAtMs: T0 + 5 * HOUR,
          beforeKnownAtMs: T0 + 3 * HOUR,
          cardsDelta: 0,
          moves: { busyMs: 600n, unknownMs: -600n },
          journalSeq: null,
        },
      ],
      nextCursor: null,
    })
  })

  test('corrections are found by their hour and by when they became known, and nobody sees another’s', async () => {
    const { store } = await twoSites(openFleet)
    for (const hourMs of [T0, T0 + HOUR]) {
      await write(store, hourMs, 1, T0 + 3 * HOUR, [])
      await write(store, hourMs, 2, hourMs + 5 * HOUR, [{ siteCode: 'NM-01' }, { busyMs: 1n }])
    }
    const list = async (change: object, scope = SCOPE_ALL) => {
      const asked = { ...EVER, ...change }
      const { rows } = await store.listCorrections(scope, asked, { cursor: null, limit: 10 })
      return rows.map(({ hourMs, siteCode }) => `${(hourMs - T0) / HOUR} ${siteCode}`)
    }
    const all = ['0 BJ-01', '0 NM-01', '1 BJ-01', '1 NM-01']
    expect(await list({})).toEqual(all)
    expect(await list({ fromMs: T0 + HOUR })).toEqual(all.slice(2))
    expect(await list({ knownToMs: T0 + 6 * HOUR })).toEqual(all.slice(0, 2))
    expect(await list({ knownFromMs: T0 + 6 * HOUR })).toEqual(all.slice(2))
    expect(await list({}, BEIJING)).toEqual(['0 BJ-01', '1 BJ-01'])
    expect(await list({}, ONE_SITE)).toEqual(['0 BJ-01', '1 BJ-01'])
    expect(await list({}, { regions: ['31'], sites: 'all' })).toEqual([])
  })

  test('pages of any length hold every correction once, and a foreign cursor is refused', async () => {
    const { store } = await twoSites(openFleet)
    for (let hour = 0; hour < 6; hour += 1) {
      const hourMs = T0 + hour * HOUR
      await write(store, hourMs, 1, T0 + 9 * HOUR, [])
      await write(store, hourMs, 2, T0 + (10 + (hour % 2)) * HOUR, [
        { busyMs: 1n },
        ...(hour === 3 ? [] : [{ siteCode: 'NM-01' }]),
      ])
    }
    const whole = await everyCorrection(store, SCOPE_ALL, 100)
    expect(whole).toHaveLength(11)
    for (const limit of [1, 2, 3, 7]) {
      expect(await everyCorrection(store, SCOPE_ALL, limit)).toEqual(whole)
    }
    expect(await everyCorrection(store, BEIJING, 1)).toHaveLength(6)
    await expect(
      store.listCorrections(SCOPE_ALL, EVER, { cursor: 'x', limit: 1 }),
    ).rejects.toMatchObject({ code: 'request_invalid' })
  })

  test('a correction names the entry of its part, once that is numbered', async () => {
    const { store } = await twoSites(openFleet)
    await write(store, T0, 1, T0 + 3 * HOUR, [])
    await write(store, T0, 2, T0 + 5 * HOUR, [{ busyMs: 1n }, { siteCode: 'NM-01' }])
    let head = await store.journalHead()
    for (const site of ['BJ-01', 'NM-01']) {
      const payload = { hour_ms: T0, version: 2, sites: [{ site }] }
      const entry = {
        seq: (head.seq + 1) as EntrySeq,
        generation: 1 as LedgerGeneration,
        kind: 'hour_corrected' as const,
        atMs: T0 + 5 * HOUR,
        bytes: Buffer.from(JSON.stringify({ payload })),
        previousHash: head.hash,
        hash: `${head.seq + 1}`.padStart(64, '0'),
      }
      const appended = await store.appendJournal(head, [{ ...entry, outboxId: 0 }])
      expect(appended.status).toBe('appended')
      head = { seq: entry.seq, hash: entry.hash }
    }
    const rows = await everyCorrection(store, SCOPE_ALL, 10)
    expect(rows.map(({ siteCode, journalSeq }) => [siteCode, journalSeq])).toEqual([
      ['BJ-01', head.seq - 1],
      ['NM-01', head.seq],
    ])
  })

  test('adjustments between two instants are the sum of the corrections known between them', async () => {
    const history = fc.array(
      fc.record({
        hour: fc.integer({ min: 0, max: 3 }),
        busyMs: fc.bigInt({ min: 0n, max: 50n }),
        siteCode: fc.constantFrom('BJ-01', 'NM-01'),
      }),
      { maxLength: 12 },
    )
    await fc.assert(
      fc.asyncProperty(history, fc.nat(14), fc.nat(14), async (writes, one, other) => {
        const { store } = await twoSites(openFleet)
        const versions = new Map<number, number>()
        for (let hour = 0; hour < 4; hour += 1) await write(store, T0 + hour * HOUR, 1, T0, [])
        for (const [step, { hour, busyMs, siteCode }] of writes.entries()) {
          const version = (versions.get(hour) ?? 1) + 1
          versions.set(hour, version)
          const known = T0 + (step + 1) * HOUR
          await write(store, T0 + hour * HOUR, version, known, [{ siteCode, busyMs }])
        }
        const knownAfterMs = T0 + Math.min(one, other) * HOUR
        const knownAtMs = T0 + Math.max(one, other) * HOUR
        const known = { knownFromMs: knownAfterMs + 1, knownToMs: knownAtMs + 1 }
        const page = { cursor: null, limit: 1_000 }
        const { rows } = await store.listCorrections(SCOPE_ALL, { ...EVER, ...known }, page)
        const sums = new Map<string, bigint>()
        for (const { siteCode, moves } of rows) {
          sums.set(siteCode, (sums.get(siteCode) ?? 0n) + (moves.busyMs ?? 0n))
        }
        const range = { fromMs: 0, toMs: LATER, knownAfterMs, knownAtMs }
        const adjustments = await store.readAdjustments(SCOPE_ALL, range)
        const moved = adjustments.map(({ siteCode, moves }) => [siteCode, moves.busyMs ?? 0n])
        expect(moved.filter(([, by]) => by !== 0n)).toEqual(
          [...sums].filter(([, by]) => by !== 0n).sort(),
        )
        const seen = await store.readAdjustments(BEIJING, range)
        expect(seen).toEqual(adjustments.filter(({ siteCode }) => siteCode === 'BJ-01'))
      }),
      { numRuns: 25 },
    )
  })

  test('an hour that was not sealed yet is no adjustment', async () => {
    const { store } = await twoSites(openFleet)
    await write(store, T0, 1, T0 + 3 * HOUR, [{ busyMs: 5n }])
    const range = { fromMs: 0, toMs: LATER, knownAfterMs: T0 + HOUR, knownAtMs: LATER }
    expect(await store.readAdjustments(SCOPE_ALL, range)).toEqual([])
  })

  test('a report is kept once under its id, with its entry, and answered as it was', async () => {
    const { store } = await openFleet()
    const before = (await store.readOutbox(100)).length
    const report = { ...HEAD, reportId: 'r-1', outbox: [note('report_issued')] }
    expect(await store.keepReport(report)).toEqual({ status: 'issued' })
    const other = { ...report, answer: '{"a":2}', sha256: 'cd'.repeat(32) }
    expect(await store.keepReport(other)).toEqual({ status: 'known' })
    expect((await store.readOutbox(100)).length).toBe(before + 1)
    const { outbox: _, ...kept } = report
    expect(await store.findReport(SCOPE_ALL, 'r-1')).toEqual({
      ...kept,
      number: 1,
      journalSeq: null,
    })
    expect(await store.findReport(SCOPE_ALL, 'r-2')).toBeNull()
  })

  test('a report is seen by who may see its whole region, newest first and in pages', async () => {
    const { store } = await openFleet()
    const regions = [null, '110000', '150000', '150100']
    for (const [index, regionCode] of regions.entries()) {
      await store.keepReport({ ...HEAD, regionCode, reportId: `r-${index}`, outbox: [] })
    }
    const ids = async (scope: Scope) => {
      const { rows } = await store.listReports(scope, { cursor: null, limit: 10 })
      const found = await Promise.all(
        regions.map((_, index) => store.findReport(scope, `r-${index}`)),
      )
      const seen = rows.map(({ reportId }) => reportId)
      expect(found.flatMap((one) => one?.reportId ?? []).reverse()).toEqual(seen)
      return seen
    }
    expect(await ids(SCOPE_ALL)).toEqual(['r-3', 'r-2', 'r-1', 'r-0'])
    expect(await ids(BEIJING)).toEqual(['r-1'])
    expect(await ids({ regions: ['15'], sites: 'all' })).toEqual(['r-3', 'r-2'])
    expect(await ids({ regions: ['1501'], sites: 'all' })).toEqual(['r-3'])
    expect(await ids({ regions: [''], sites: 'all' })).toEqual([])
    expect(await ids(ONE_SITE)).toEqual([])
    const first = await store.listReports(SCOPE_ALL, { cursor: null, limit: 3 })
    const rest = await store.listReports(SCOPE_ALL, { cursor: first.nextCursor, limit: 3 })
    expect([first.rows.length, rest.rows.map(({ reportId }) => reportId)]).toEqual([3, ['r-0']])
    expect(rest.nextCursor).toBeNull()
  })

  test('of each month that is over the last report before a number is found', async () => {
    const { store } = await openFleet()
    const keep = (reportId: string, change: object) =>
      store.keepReport({ ...HEAD, reportId, outbox: [], ...change })
    const january = { month: '2026-01', fromMs: T0 - 1_400 * HOUR, toMs: T0 - 672 * HOUR }
    await keep('jan-1', january)
    await keep('feb', {})
    await keep('jan-2', { ...january, knownAtMs: T0 + 2 * HOUR })
    await keep('jan-utc', { ...january, timeZone: 'UTC' })
    await keep('jan-11', { ...january, regionCode: '110000' })
    const ids = async (endedByMs: number, beforeNumber: number | null) => {
      const question = { regionCode: null, timeZone: HEAD.timeZone, endedByMs, beforeNumber }
      const months = await store.readReportedMonths(SCOPE_ALL, question)
      return months.map(({ reportId }) => reportId)
    }
    expect(await ids(T0, null)).toEqual(['jan-2', 'feb'])
    expect(await ids(T0 - 672 * HOUR, null)).toEqual(['jan-2'])
    expect(await ids(T0, 3)).toEqual(['jan-1', 'feb'])
    expect(await ids(T0, 1)).toEqual([])
  })
}
