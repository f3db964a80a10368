/** No read shows a row outside its scope: every scoped method, over regions and over sites. */
import { runCode } from '@yiben/shared'
import { expect, test } from 'vitest'
import type { NodeId } from '../../collector/src/model/ids.ts'
import { SCOPE_ALL, type Scope } from '../../collector/src/storage/requests.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import {
  type Fleet,
  H800,
  HOUR,
  instantOf,
  LATER,
  MINUTE,
  NO_DECISION,
  T0,
  type TestNode,
} from './fleet.ts'
import type { OpenFleet } from './store.suite.ts'

const SITES = ['BJ-01', 'BJ-02', 'SH-01'] as const
const PAGE = { cursor: null, limit: 100 }

/** Which of the three sites a scope shows. */
const SCOPES: readonly (readonly [name: string, scope: Scope, shown: readonly string[]])[] = [
  ['everything', SCOPE_ALL, SITES],
  ['a province', { regions: ['11'], sites: 'all' }, ['BJ-01', 'BJ-02']],
  ['a county', { regions: ['110108'], sites: 'all' }, ['BJ-01']],
  ['two regions', { regions: ['110105', '31'], sites: 'all' }, ['BJ-02', 'SH-01']],
  ['one site', { regions: 'all', sites: ['SH-01'] }, ['SH-01']],
  ['a site outside the region', { regions: ['11'], sites: ['SH-01'] }, []],
  ['no region', { regions: [], sites: 'all' }, []],
  ['an empty prefix', { regions: [''], sites: 'all' }, []],
  ['a wildcard', { regions: ['%'], sites: ['%'] }, []],
]

async function build(fleet: Fleet): Promise<readonly TestNode[]> {
  await fleet.site('BJ-01', { regionCode: '110108' })
  await fleet.site('BJ-02', { regionCode: '110105' })
  await fleet.site('SH-01', { regionCode: '310115' })
  const nodes: TestNode[] = []
  for (const site of SITES) nodes.push(await nodeOf(fleet, site))
  await bookSealAndDeposit(fleet, nodes)
  return nodes
}

async function nodeOf(fleet: Fleet, site: string): Promise<TestNode> {
  const node = await fleet.node(site, site)
  await fleet.cards(node, [`card-${site}`])
  const refused = {
    nodeId: node.nodeId,
    epoch: node.epoch,
    seq: 1,
    code: 'record_future',
    sentence: 'It is from tomorrow.',
    bytes: new Uint8Array(1),
    refusedAtMs: T0,
  }
  await fleet.book(node, 'free/proven', T0 + MINUTE, { refused: [refused] })
  await fleet.store.recordClone({
    nodeId: node.nodeId,
    fingerprint: 'other',
    remoteAddress: '10.0.0.9',
    reason: 'other_fingerprint',
    seenAtMs: T0,
  })
  const silence = {
    nodeId: node.nodeId,
    unitId: null,
    fromMs: T0 + MINUTE,
    toMs: null,
    code: runCode('unknown/silent'),
    declaredAtMs: T0 + 3 * MINUTE,
  }
  await fleet.store.beginSilences([silence], [], [])
  await fleet.store.putDeclared(
    {
      siteCode: site,
      model: 'H800',
      cards: 1,
      declaredMilliP: 1n,
      basis: 'unstated',
      author: 'ops',
      declaredAtMs: T0,
    },
    [],
  )
  return node
}

async function bookSealAndDeposit(fleet: Fleet, nodes: readonly TestNode[]): Promise<void> {
  const units = nodes.flatMap((node) => node.units)
  await fleet.store.commitDeposits({
    ...NO_DECISION,
    expectedCursor: 0,
    cursor: 1,
    openings: units.map(({ unitId, nodeId }) => ({
      depositId: `d-${unitId}`,
      unitId,
      nodeId,
      windowStartMs: T0,
      consentEndCount: 0,
      openedAtMs: T0,
    })),
    closings: [],
    outbox: [],
  })
  const { mark } = await fleet.store.readHour(T0)
  const sums = {
    busyMs: 0n,
    allocatedMs: 0n,
    occupiedMs: 0n,
    freeMs: 1n,
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
  }
  const version = { hourMs: T0, version: 1, knownAtMs: T0 + 3 * HOUR }
  const buckets = SITES.map((siteCode) => ({
    ...version,
    ...sums,
    siteCode,
    ownerCode: '',
    profile: H800,
    cards: 1,
  }))
  await fleet.store.writeBuckets({ ...version, expectedMark: mark, buckets, outbox: [] })
}

/** Every scoped read, as the sites its rows belong to. */
const READS: Readonly<
  Record<string, (store: Store, scope: Scope, nodes: readonly TestNode[]) => Promise<string[]>>
> = {
  readLedgerAt: async (store, scope) =>
    (await store.readLedgerAt(scope, instantOf(T0))).counts.map((count) => count.siteCode),
  readDeclared: async (store, scope) =>
    (await store.readDeclared(scope, LATER)).map((row) => row.siteCode),
  readBuckets: async (store, scope) => {
    const range = { fromMs: T0, toMs: T0 + HOUR, knownAtMs: LATER }
    return (await store.readBuckets(scope, range)).map((row) => row.siteCode)
  },
  listSites: async (store, scope) => (await store.listSites(scope)).map((row) => row.code),
  listNodes: async (store, scope) =>
    (await store.listNodes(scope, PAGE)).rows.map((row) => row.node.siteCode),
  findNode: async (store, scope, nodes) => {
    const found = await Promise.all(nodes.map((node) => store.findNode(scope, node.nodeId)))
    return found.flatMap((row) => row?.node.siteCode ?? [])
  },
  listUnits: async (store, scope) =>
    (await store.listUnits(scope, PAGE)).rows.map((row) => row.siteCode),
  findUnits: async (store, scope, nodes) => {
    const ids = nodes.flatMap((node) => node.units.map((unit) => unit.acceleratorId))
    const found = await Promise.all(ids.map((id) => store.findUnits(scope, id)))
    return found.flat().map((row) => row.siteCode)
  },
  readUnits: async (store, scope, nodes) => {
    const ids = nodes.flatMap((node) => node.units.map((unit) => unit.unitId))
    return (await store.readUnits(scope, ids)).map((row) => row.siteCode)
  },
  readUnitSpan: async (store, scope, nodes) => {
    const range = { fromMs: T0, toMs: T0 + HOUR, knownAtMs: LATER }
    const ids = nodes.flatMap((node) => node.units.map((unit) => unit.unitId))
    const found = await Promise.all(ids.map((id) => store.readUnitSpan(scope, id, range)))
    return found.flatMap((span) => span?.unit.siteCode ?? [])
  },
  listDeposits: async (store, scope, nodes) =>
    (await store.listDeposits(scope, false, PAGE)).rows.map((row) => siteOf(nodes, row.nodeId)),
  readOffers: async (store, scope, nodes) => {
    const nodeIds = nodes.map((node) => node.nodeId)
    return (await store.readOffers(scope, nodeIds)).map((offer) => offer.siteCode)
  },
  readFreeUnits: async (store, scope) =>
    (await store.readFreeUnits(scope)).map((row) => row.unit.siteCode),
  'readQuality clones': async (store, scope, nodes) =>
    (await store.readQuality(scope, 0)).clones.map((row) => siteOf(nodes, row.nodeId)),
  'readQuality refused': async (store, scope, nodes) =>
    (await store.readQuality(scope, 0)).refused.map((row) => siteOf(nodes, row.nodeId)),
  'readQuality silences': async (store, scope, nodes) =>
    (await store.readQuality(scope, 0)).silences.map((row) => siteOf(nodes, row.nodeId)),
  'readQuality sessions': async (store, scope, nodes) =>
    (await store.readQuality(scope, 0)).sessions.map((row) => siteOf(nodes, row.nodeId)),
}

function siteOf(nodes: readonly TestNode[], nodeId: NodeId): string {
  return nodes.find((node) => node.nodeId === nodeId)?.siteCode ?? 'nowhere'
}

export function scopeSuite(openFleet: OpenFleet): void {
  test('every read shows the rows of its scope and no others', async () => {
    const fleet = await openFleet()
    const nodes = await build(fleet)
    for (const [method, read] of Object.entries(READS)) {
      for (const [name, scope, shown] of SCOPES) {
        const sites = (await read(fleet.store, scope, nodes)).sort()
        expect([method, name, ...sites]).toEqual([method, name, ...shown])
      }
    }
  })

  test('a conflict is seen from the site of either claim, and from no other', async () => {
    const fleet = await openFleet()
    const nodes = await build(fleet)
    const [kept, other] = nodes.flatMap((node) => node.units)
    const [first] = nodes
    if (kept === undefined || other === undefined || first === undefined) throw new Error('cards')
    const conflict = {
      acceleratorId: kept.acceleratorId,
      keptUnitId: kept.unitId,
      otherUnitId: other.unitId,
      fromMs: T0,
      openedAtMs: T0,
    }
    await fleet.book(first, 'free/proven', T0 + 2 * MINUTE, { conflicts: [conflict] })
    const seen = async (sites: Scope['sites']) =>
      (await fleet.store.readQuality({ regions: 'all', sites }, 0)).conflicts.length
    expect(await Promise.all([seen(['BJ-01']), seen(['BJ-02']), seen('all')])).toEqual([1, 1, 1])
    expect(await seen(['SH-01'])).toBe(0)
    for (const [sites, count] of [
      [['BJ-01'], 1],
      [['BJ-02'], 1],
      [['SH-01'], 0],
    ] as const) {
      const scope: Scope = { regions: 'all', sites }
      const { rows } = await fleet.store.listConflicts(scope, true, PAGE)
      expect([sites, rows.length]).toEqual([sites, count])
      const found = await fleet.store.findConflict(scope, 1)
      expect([sites, found === null ? 0 : 1]).toEqual([sites, count])
    }
  })

  test('a site lies where its newest terms put it', async () => {
    const fleet = await openFleet()
    await build(fleet)
    const moved = { regionCode: '310115', keep: [], validFromMs: T0 + HOUR, validToMs: null }
    const terms = { operatorCode: null, operatorName: null, ownerCode: null, ownerName: null }
    const change = { code: 'BJ-01', name: 'B', terms: { ...terms, ...moved }, outbox: [] }
    await fleet.store.putSite(change)
    const shanghai = await fleet.store.listUnits({ regions: ['31'], sites: 'all' }, PAGE)
    expect(shanghai.rows.map((unit) => unit.siteCode)).toEqual(['BJ-01', 'SH-01'])
  })
}
