/** What sites state of themselves, their terms on both axes, and codes issued by others. */
import { expect, test } from 'vitest'
import type { IssuedCode } from '../../collector/src/model/issued-code.ts'
import type { SiteFactValue } from '../../collector/src/model/site-facts.ts'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import type { SiteFactStatement } from '../../collector/src/storage/site-facts-store.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import { admit, type Fleet, factsCommit, HOUR, instantOf, T0, terms } from './fleet.ts'
import type { OpenFleet } from './store.suite.ts'

const ONLY_OTHER = { regions: 'all', sites: ['BJ-02'] } as const

function saying(atMs: number) {
  return [{ kind: 'site_changed' as const, atMs, payload: {} }]
}

function pue(pueThousandths: number | null): SiteFactValue {
  return { kind: 'pue', value: pueThousandths === null ? null : { pueThousandths } }
}

function statement(
  fact: SiteFactValue,
  { at, from = at, site = 'BJ-01' }: { at: number; from?: number; site?: string },
): SiteFactStatement {
  return {
    stated: { siteCode: site, author: 'a', statedAtMs: at, validFromMs: from, fact },
    outbox: [{ kind: 'site_facts_changed', atMs: at, payload: { site } }],
  }
}

async function pueAt(store: Store, atMs: number, knownAtMs: number): Promise<unknown> {
  const facts = await store.readSiteFactsAt(SCOPE_ALL, { atMs, knownAtMs })
  return facts.map(({ fact }) => fact.value)
}

function code(change: Partial<IssuedCode> = {}): IssuedCode {
  return {
    thing: { kind: 'site', number: 1 },
    scheme: 'CPURL',
    use: 'total',
    value: '10001-a',
    issuedBy: 'national node',
    validFromMs: T0,
    recordedAtMs: T0,
    author: 'a',
    ...change,
  }
}

const CODE_NOTE = [{ kind: 'code_recorded' as const, atMs: T0, payload: {} }]

async function entryCount({ store }: Fleet): Promise<number> {
  return (await store.readOutbox(1_000)).length
}

export function siteFactsSuite(openFleet: OpenFleet): void {
  test('terms are told as of one instant and as known at another', async () => {
    const { store } = await openFleet()
    const put = (name: string, change: object, atMs: number) =>
      store.putSite({ code: 'BJ-01', name, terms: terms(change), outbox: saying(atMs) })
    await put('Old', { regionCode: '110101', validFromMs: T0 }, T0)
    // Said an hour later of the second hour on, and after that about the time before.
    await put('New', { regionCode: '110102', validFromMs: T0 + HOUR }, T0 + HOUR)
    await put('New', { regionCode: '110103', validFromMs: T0, validToMs: T0 + HOUR }, T0 + 2 * HOUR)
    const told = async (atMs: number, knownAtMs: number) =>
      (await store.readSitesAt(SCOPE_ALL, { atMs, knownAtMs })).map((site) => [
        site.name,
        site.terms.regionCode,
      ])
    expect(await told(T0, T0 - 1)).toEqual([])
    expect(await told(T0 + 2 * HOUR, T0)).toEqual([['Old', '110101']])
    // Before its first terms a site is under its first.
    expect(await told(T0 - HOUR, T0)).toEqual([['Old', '110101']])
    expect(await told(T0, T0 + HOUR)).toEqual([['New', '110101']])
    expect(await told(T0 + HOUR, T0 + HOUR)).toEqual([['New', '110102']])
    expect(await told(T0, T0 + 2 * HOUR)).toEqual([['New', '110103']])
    expect(await told(T0 + HOUR, T0 + 2 * HOUR)).toEqual([['New', '110102']])
    expect(await store.readSitesAt(ONLY_OTHER, { atMs: T0, knownAtMs: T0 + HOUR })).toEqual([])
  })

  test('the ledger of an instant is under the terms that were known then', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await fleet.book(node, 'free/proven', T0 + HOUR)
    const moved = terms({ regionCode: '150100', validFromMs: T0 })
    const outbox = saying(T0 + 2 * HOUR)
    await fleet.store.putSite({ code: 'BJ-01', name: 'B', terms: moved, outbox })
    const regions = async (knownAtMs: number) =>
      (await fleet.store.readLedgerAt(SCOPE_ALL, instantOf(T0 + 1, knownAtMs))).counts.map(
        ({ regionCode }) => regionCode,
      )
    expect(await regions(T0 + HOUR)).toEqual(['110108'])
    expect(await regions(T0 + 2 * HOUR)).toEqual(['150100'])
  })

  test('nodes are counted with their cores, and cards by whether a scheduler is read', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01', 2)
    await fleet.start('BJ-02', 1)
    const told = factsCommit(node, [admit(0, 'one'), admit(1, 'other')])
    const continued = told.units.map((unit, index) => ({
      ...unit,
      unitId: node.units[index]?.unitId ?? null,
      acceleratorId: node.units[index]?.acceleratorId ?? null,
    }))
    const commit = {
      ...told,
      units: continued,
      receivedAtMs: T0 + HOUR,
      facts: { ...told.facts, atMs: T0 + HOUR, cpuCores: null, ownerKind: 'slurm' as const },
    }
    expect((await fleet.store.commitFacts(commit)).status).toBe('committed')
    const ledger = async (asOfMs: number, knownAtMs: number) => {
      const { counts, nodes } = await fleet.store.readLedgerAt(
        SCOPE_ALL,
        instantOf(asOfMs, knownAtMs),
      )
      const read = counts.filter((count) => count.isSchedulerRead)
      return {
        read: read.reduce((sum, { cards }) => sum + cards, 0),
        nodes: nodes.reduce((sum, one) => sum + one.nodes, 0),
        cores: nodes.reduce((sum, one) => sum + one.cores, 0),
        without: nodes.reduce((sum, one) => sum + one.nodesWithoutCores, 0),
      }
    }
    const before = { read: 0, nodes: 2, cores: 256, without: 0 }
    const after = { read: 2, nodes: 2, cores: 128, without: 1 }
    expect(await ledger(T0 + HOUR - 1, T0 + 2 * HOUR)).toEqual(before)
    expect(await ledger(T0 + HOUR, T0 + HOUR - 1)).toEqual(before)
    expect(await ledger(T0 + HOUR, T0 + HOUR)).toEqual(after)
  })

  test('core-hours of the last full hour are told with the ledger, once they are known', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    const quiet = await fleet.start('BJ-02')
    const hour = { hourMs: T0, cpuBusyMs: 9, cpuTotalMs: 100, toldMs: 1_000 }
    const done = [{ ...hour, knownAtMs: T0 + HOUR }]
    await fleet.book(node, 'free/proven', T0 + 2 * HOUR, { nodeHours: done })
    await fleet.book(quiet, 'free/proven', T0 + 2 * HOUR)
    const told = async (asOfMs: number, knownAtMs: number) => {
      const instant = { ...instantOf(asOfMs, knownAtMs), settledLagMs: 120_000 }
      const { coreHourMs, nodes } = await fleet.store.readLedgerAt(SCOPE_ALL, instant)
      const sums = nodes.map((one) => [one.nodesWithHour, one.cpuBusyMs, one.cpuTotalMs])
      return [coreHourMs, ...sums.sort()]
    }
    const nothing = [0, 0, 0]
    const settled = T0 + HOUR + 120_000
    expect(await told(settled, T0 + 2 * HOUR)).toEqual([T0, nothing, [1, 9, 100]])
    expect(await told(settled, T0 + HOUR - 1)).toEqual([T0, nothing, nothing])
    expect(await told(settled - 1, T0 + 2 * HOUR)).toEqual([T0 - HOUR, nothing, nothing])
  })

  test('a fact holds from its instant on, as known then, until a later word takes its place', async () => {
    const { store } = await withSites(openFleet)
    await store.stateSiteFacts([statement(pue(1_300), { at: T0 })])
    await store.stateSiteFacts([statement(pue(1_250), { at: T0 + HOUR, from: T0 + 2 * HOUR })])
    await store.stateSiteFacts([statement(pue(1_280), { at: T0 + 3 * HOUR, from: T0 + HOUR })])
    expect(await pueAt(store, T0 - 1, T0)).toEqual([])
    expect(await pueAt(store, T0, T0 - 1)).toEqual([])
    expect(await pueAt(store, T0 + HOUR, T0 + HOUR)).toEqual([{ pueThousandths: 1_300 }])
    expect(await pueAt(store, T0 + 2 * HOUR, T0 + HOUR)).toEqual([{ pueThousandths: 1_250 }])
    // The last word is about the time from one hour on: it takes the place of both.
    const known = T0 + 3 * HOUR
    expect(await pueAt(store, T0 + HOUR - 1, known)).toEqual([{ pueThousandths: 1_300 }])
    expect(await pueAt(store, T0 + 2 * HOUR, known)).toEqual([{ pueThousandths: 1_280 }])
    await store.stateSiteFacts([statement(pue(null), { at: T0 + 4 * HOUR })])
    expect(await pueAt(store, T0 + 5 * HOUR, T0 + 5 * HOUR)).toEqual([])
    const history = await store.readSiteFactHistory(SCOPE_ALL, 'BJ-01', 10)
    expect(history.map(({ fact }) => fact)).toEqual([null, 1_280, 1_250, 1_300].map(pue))
    expect(await store.readSiteFactHistory(SCOPE_ALL, 'BJ-01', 1)).toHaveLength(1)
    const said = await store.readFactStatements(SCOPE_ALL, 'pue', T0 + HOUR)
    expect(said.map(({ fact }) => fact)).toEqual([1_300, 1_250].map(pue))
    expect(await store.readFactStatements(SCOPE_ALL, 'racks', T0 + HOUR)).toEqual([])
    expect(await store.readFactStatements(ONLY_OTHER, 'pue', T0 + HOUR)).toEqual([])
  })

  test('a word that says nothing new leaves neither a statement nor an entry', async () => {
    const fleet = await withSites(openFleet)
    const tariff: SiteFactValue = {
      kind: 'tariff',
      value: {
        timeZone: 'Asia/Shanghai',
        periods: [{ name: '平', months: [1], from: '00:00', to: '24:00' }],
      },
    }
    const { store } = fleet
    const say = (facts: readonly SiteFactValue[], at: number) =>
      store.stateSiteFacts(facts.map((fact) => statement(fact, { at })))
    // Nothing was stated: there is nothing to withdraw.
    expect(await say([pue(null)], T0)).toEqual({ stated: 0 })
    expect(await say([pue(1_300), tariff], T0)).toEqual({ stated: 2 })
    const entries = await entryCount(fleet)
    expect(await say([pue(1_300), tariff], T0 + HOUR)).toEqual({ stated: 0 })
    expect(await entryCount(fleet)).toBe(entries)
    // The same value, but of a time before: that is new.
    expect(await say([pue(1_300)], T0 - HOUR)).toEqual({ stated: 1 })
    expect(await entryCount(fleet)).toBe(entries + 1)
  })

  test('facts and their history stay within the scope', async () => {
    const { store } = await withSites(openFleet)
    await store.stateSiteFacts([
      statement(pue(1_300), { at: T0 }),
      statement(pue(1_200), { at: T0, site: 'BJ-02' }),
    ])
    const seen = await store.readSiteFactsAt(ONLY_OTHER, { atMs: T0, knownAtMs: T0 })
    expect(seen.map(({ siteCode }) => siteCode)).toEqual(['BJ-02'])
    expect(await store.readSiteFactHistory(ONLY_OTHER, 'BJ-01', 10)).toEqual([])
  })

  test('sites and nodes have numbers of their own, once and for all, told within the scope', async () => {
    const fleet = await withSites(openFleet)
    const { store } = fleet
    const node = await fleet.node('BJ-02')
    await fleet.store.putSite({ code: 'BJ-01', name: 'again', terms: terms(), outbox: [] })
    const site = { kind: 'site', number: 2, key: 'BJ-02' }
    expect(await store.readSiteNumbers(SCOPE_ALL)).toEqual([
      { kind: 'site', number: 1, key: 'BJ-01' },
      site,
    ])
    expect(await store.readSiteNumbers(ONLY_OTHER)).toEqual([site])
    expect(await store.findNumbered(ONLY_OTHER, 'site', 2)).toEqual(site)
    expect(await store.findNumbered(ONLY_OTHER, 'site', 1)).toBeNull()
    const named = { kind: 'node', number: 1, key: node.nodeId }
    expect(await store.findNumbered(ONLY_OTHER, 'node', 1)).toEqual(named)
    const elsewhere = { regions: 'all', sites: ['BJ-01'] } as const
    expect(await store.findNumbered(elsewhere, 'node', 1)).toBeNull()
    expect((await store.findNode(SCOPE_ALL, node.nodeId))?.number).toBe(1)
  })

  test('an issued code is kept with its history; total and available are two codes', async () => {
    const fleet = await withSites(openFleet)
    const { store } = fleet
    const record = async (change: Partial<IssuedCode> = {}) =>
      (await store.recordCode(code(change), CODE_NOTE)).status
    expect(await record()).toBe('recorded')
    const entries = await entryCount(fleet)
    expect(await record({ recordedAtMs: T0 + HOUR, validFromMs: T0 + HOUR })).toBe('known')
    expect(await entryCount(fleet)).toBe(entries)
    expect(await record({ use: 'available', value: '10001-b' })).toBe('recorded')
    expect(await record({ value: '10001-c', validFromMs: T0 + HOUR })).toBe('recorded')
    expect(await record({ value: null })).toBe('recorded')
    const records = await store.readIssuedCodes({ kind: 'site', number: 1 })
    expect(records.map(({ use, value }) => [use, value])).toEqual([
      ['total', null],
      ['total', '10001-c'],
      ['available', '10001-b'],
      ['total', '10001-a'],
    ])
    expect(await store.readIssuedCodes({ kind: 'node', number: 1 })).toEqual([])
  })

  test('one code names one thing; taken back it can be given to another', async () => {
    const { store } = await withSites(openFleet)
    const other = { kind: 'site', number: 2 } as const
    const record = async (change: Partial<IssuedCode> = {}) =>
      (await store.recordCode(code(change), CODE_NOTE)).status
    await record()
    expect(await record({ thing: other })).toBe('taken')
    expect(await record({ thing: other, scheme: 'another' })).toBe('recorded')
    expect(await record({ thing: other, use: 'available' })).toBe('recorded')
    await record({ value: null })
    expect(await record({ thing: other })).toBe('recorded')
  })
}

async function withSites(openFleet: OpenFleet): Promise<Fleet> {
  const fleet = await openFleet()
  await fleet.site('BJ-01')
  await fleet.site('BJ-02')
  return fleet
}
