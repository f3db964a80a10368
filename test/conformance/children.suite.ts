/** What children tell: whose it is, which version counts, and what figures are made of it. */
import { expect, test } from 'vitest'
import type { CardCounts } from '../../collector/src/model/card-count.ts'
import { bucketsOf } from '../../collector/src/rollup/bucket.ts'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import { ChildTeller, OWN_ORIGIN, originOf, strongId } from '../support/child-teller.ts'
import { HOUR, hourOf, instantOf, MINUTE, T0 } from './fleet.ts'
import type { OpenFleet } from './store.suite.ts'

const FULL = BigInt(HOUR)
const BELOW = originOf('b')

async function childOf(openFleet: OpenFleet, digit = 'a'): Promise<ChildTeller> {
  const { store } = await openFleet()
  return await new ChildTeller(store, digit).enroll(T0)
}

/** A site with a node of `cards` cards, told at the beginning. */
async function withSite(openFleet: OpenFleet, cards = 2): Promise<ChildTeller> {
  const child = await childOf(openFleet)
  const all = Array.from({ length: cards }, () => ({ validFromMs: T0 }))
  expect(
    await child.tell(T0, [child.collector(), child.site('SH-01'), child.node('n1', 'SH-01', all)]),
  ).toEqual([])
  return child
}

async function figuresOf(store: Store, hourMs: number) {
  const buckets = bucketsOf(await store.readHour(hourMs), { version: 1, knownAtMs: hourMs })
  return buckets.map(({ busyMs, cards, freeMs, siteCode, unknownMs }) => [
    siteCode,
    cards,
    Number(freeMs),
    Number(busyMs),
    Number(unknownMs),
  ])
}

function statesOf({ counts }: CardCounts): readonly unknown[] {
  return counts.map(({ cards, siteCode, state }) => [siteCode, state, cards])
}

const codesOf = (refused: readonly { readonly code: string }[]) => refused.map(({ code }) => code)

export function childrenSuite(openFleet: OpenFleet): void {
  test('a child enrolls once with its token, and a revoked one is fenced and does not come back', async () => {
    const child = await childOf(openFleet)
    const { store } = child
    const request = {
      tokenId: `t-${child.childId}`,
      secretHash: 'hash',
      remoteAddress: '10.0.0.2',
      childId: child.childId,
      algorithm: 1,
      publicKey: child.origin,
      fingerprint: 'print',
      joinState: 0,
      nowMs: T0,
    }
    expect((await store.enrollChild(request)).status).toBe('enrolled')
    expect((await store.enrollChild({ ...request, publicKey: originOf('c') })).status).toBe(
      'token_used_up',
    )
    expect((await store.enrollChild({ ...request, secretHash: 'other' })).status).toBe(
      'token_unknown',
    )
    const { childId } = child
    const kinds = (await store.readOutbox(100)).map(({ kind }) => kind)
    expect(kinds).toEqual(['child_enrolled'])
    expect(await store.revokeChild({ childId, atMs: T0 + HOUR, outbox: [] })).toEqual({
      status: 'revoked',
    })
    await expect(child.tell(T0 + HOUR, [child.collector()])).rejects.toThrow('fenced')
    expect((await store.enrollChild(request)).status).toBe('node_revoked')
    expect((await store.revokeChild({ childId, atMs: T0, outbox: [] })).status).toBe(
      'already_revoked',
    )
  })

  test('a newer session fences the older one, and a watermark is moved by one writer only', async () => {
    const child = await childOf(openFleet)
    const before = child.generation
    await child.tell(T0, [child.collector()])
    await child.connect(T0)
    expect(child.watermark).toBe(1)
    const commit = {
      childId: child.childId,
      epoch: child.epoch,
      expectedWatermark: 0,
      watermark: 1,
      watermarkHash: 'ab',
      records: [],
      ownOrigin: OWN_ORIGIN,
      receivedAtMs: T0,
    }
    expect(await child.store.commitChild({ ...commit, generation: before })).toEqual({
      status: 'fenced',
    })
    expect(await child.store.commitChild({ ...commit, generation: child.generation })).toEqual({
      status: 'stale',
      watermark: 1,
    })
    child.epoch = 'epoch-2'
    await child.connect(T0)
    expect(child.watermark).toBe(0)
    child.epoch = 'epoch-a'
    await expect(child.connect(T0)).rejects.toThrow('epoch_closed')
    const { epochs } = await child.store.readChildQuality(SCOPE_ALL, 0)
    expect(epochs.map(({ begunAs }) => begunAs)).toEqual(['replaced'])
  })

  test('a higher version takes the place of a lower one, whatever order they come in', async () => {
    const child = await withSite(openFleet, 1)
    const early = child.hour('SH-01', T0, [{ freeMs: FULL }])
    const late = child.hour('SH-01', T0, [{ busyMs: FULL }])
    await child.tell(T0 + HOUR, [late, early, late])
    expect(await figuresOf(child.store, T0)).toEqual([['SH-01', 1, 0, HOUR, 0]])
    const [row] = await child.store.listChildren()
    expect(row?.session.olderRecords).toBe(2)
    // A restored ledger is of a higher generation: its first word counts.
    child.life = 2
    const other = new ChildTeller(child.store, 'a')
    other.life = 2
    await child.tell(T0 + HOUR, [other.hour('SH-01', T0, [{ freeMs: FULL }])])
    expect(await figuresOf(child.store, T0)).toEqual([['SH-01', 1, HOUR, 0, 0]])
  })

  test('nobody tells for a ledger that is not below it', async () => {
    const child = await withSite(openFleet)
    const other = await new ChildTeller(child.store, 'd').enroll(T0)
    const refused = await other.tell(T0, [
      other.site('SH-02', { origin: child.origin }),
      other.node('n1', 'SH-02', [], { origin: BELOW }),
      other.collector({ origin: child.origin, parentOrigin: other.origin }),
      other.collector({ origin: OWN_ORIGIN, parentOrigin: other.origin }),
      other.collector({ origin: BELOW, parentOrigin: originOf('9') }),
      other.collector({ origin: BELOW, parentOrigin: null }),
      other.collector({ origin: BELOW, parentOrigin: other.origin }),
      other.site('SH-02', { origin: BELOW }),
    ])
    expect(refused.map(({ code, seq }) => [seq, code])).toEqual(
      [1, 2, 3, 4, 5, 6].map((seq) => [seq, 'record_origin']),
    )
    expect(
      codesOf(
        await child.tell(T0, [child.collector({ origin: BELOW, parentOrigin: child.origin })]),
      ),
    ).toEqual(['record_origin'])
    const quality = await child.store.readChildQuality(SCOPE_ALL, 0)
    expect(quality.refused).toHaveLength(7)
    const tree = await child.store.listCollectors(SCOPE_ALL)
    expect(tree.map(({ origin, sites }) => [origin[0], sites])).toEqual([
      ['a', 1],
      ['d', 0],
      ['b', 1],
    ])
  })

  test('a site is of one ledger: a code of another, or of this one, is refused', async () => {
    const child = await withSite(openFleet)
    const { store } = child
    const site = { code: 'BJ-01', name: 'ours', outbox: [] }
    const ours = {
      operatorCode: null,
      operatorName: null,
      ownerCode: null,
      ownerName: null,
      regionCode: '110108',
      keep: [],
      validFromMs: 0,
      validToMs: null,
    }
    await store.putSite({ ...site, terms: ours })
    const other = await new ChildTeller(store, 'd').enroll(T0, '310000')
    const refused = await other.tell(T0, [
      other.site('SH-01'),
      other.site('BJ-01'),
      other.node('x', 'SH-01', [{}]),
      other.hour('BJ-01', T0, []),
      other.counts('SH-01', T0, []),
      other.site('SH-09'),
    ])
    expect(codesOf(refused)).toEqual(Array(6).fill('record_site'))
    expect(refused.at(-1)?.sentence).toContain('outside of the region 310000')
    await expect(store.putSite({ ...site, code: 'SH-01', terms: ours })).rejects.toThrow(
      'one of the collector',
    )
    expect((await store.listSites(SCOPE_ALL)).map(({ code }) => code)).toEqual(['BJ-01', 'SH-01'])
  })

  test('terms of a child are told on both axes, and its declarations from when they came', async () => {
    const child = await withSite(openFleet)
    const base = child.site('SH-01').site
    const [terms] = base.terms
    if (terms === undefined) throw new Error('no terms')
    const moved = {
      ...base,
      version: child.version(),
      terms: [
        { ...terms, validToMs: T0 + HOUR },
        { ...terms, validFromMs: T0 + HOUR, regionCode: '310115' },
      ],
      declared: [
        {
          model: 'H800',
          cards: 8,
          declaredMilliP: 7_912n,
          basis: 'fp16_dense' as const,
          author: 'a',
          declaredAtMs: T0,
        },
      ],
    }
    await child.tell(T0 + 3 * HOUR, [{ kind: 'site', site: moved }])
    const region = async (atMs: number, knownAtMs: number) =>
      (await child.store.readSitesAt(SCOPE_ALL, { atMs, knownAtMs })).map(
        (one) => one.terms.regionCode,
      )
    expect(await region(T0 + 2 * HOUR, T0 + 2 * HOUR)).toEqual(['110108'])
    expect(await region(T0 + 2 * HOUR, T0 + 3 * HOUR)).toEqual(['310115'])
    expect(await region(T0, T0 + 3 * HOUR)).toEqual(['110108'])
    expect(await child.store.readDeclared(SCOPE_ALL, T0 + 2 * HOUR)).toEqual([])
    expect((await child.store.readDeclared(SCOPE_ALL, T0 + 3 * HOUR))[0]?.cards).toBe(8)
    // Told again it is not declared again.
    await child.tell(T0 + 4 * HOUR, [
      { kind: 'site', site: { ...moved, version: child.version() } },
    ])
    expect((await child.store.readDeclared(SCOPE_ALL, T0 + 9 * HOUR))[0]?.declaredAtMs).toBe(
      T0 + 3 * HOUR,
    )
    const elsewhere = { regions: ['11'], sites: 'all' } as const
    expect(await child.store.listSites(elsewhere)).toEqual([])
  })

  test('what is told of a site before the site itself counts from when the site is told', async () => {
    const child = await childOf(openFleet)
    await child.tell(T0, [
      child.node('n1', 'SH-01', [{ validFromMs: T0 }]),
      child.hour('SH-01', T0, [{ freeMs: FULL }]),
    ])
    expect(await figuresOf(child.store, T0)).toEqual([])
    await child.tell(T0, [child.site('SH-01')])
    expect(await figuresOf(child.store, T0)).toEqual([['SH-01', 1, HOUR, 0, 0]])
  })

  test('an hour that is not told is unknown for all the time in which cards were valid', async () => {
    const child = await childOf(openFleet)
    await child.tell(T0, [
      child.site('SH-01'),
      child.node('n1', 'SH-01', [
        { validFromMs: T0 - HOUR },
        { validFromMs: T0 + 10 * MINUTE, bookedToMs: T0 + 25 * MINUTE },
        { validFromMs: T0, isCounted: false },
        { validFromMs: T0 - HOUR, bookedToMs: T0 },
      ]),
    ])
    expect(await figuresOf(child.store, T0)).toEqual([['SH-01', 2, 0, 0, HOUR + 15 * MINUTE]])
    const before = await child.store.readHour(T0)
    await child.tell(T0 + HOUR, [child.hour('SH-01', T0, [{ cards: 2, freeMs: FULL }])])
    const after = await child.store.readHour(T0)
    expect(after.mark).not.toBe(before.mark)
    expect(await figuresOf(child.store, T0)).toEqual([['SH-01', 2, HOUR, 0, 0]])
    const { unbalanced } = await child.store.readChildQuality(SCOPE_ALL, 0)
    expect(unbalanced.map(({ missingMs, siteCode }) => [siteCode, missingMs])).toEqual([
      ['SH-01', 15 * MINUTE],
    ])
  })

  test('a sealed hour is corrected when it is told anew, and when its cards change while it is not', async () => {
    const child = await withSite(openFleet, 1)
    const { store } = child
    const seal = async (hourMs: number, version: number) => {
      const { mark } = await store.readHour(hourMs)
      const write = { hourMs, version, knownAtMs: hourMs + 2 * HOUR, buckets: [], outbox: [] }
      expect(await store.writeBuckets({ ...write, expectedMark: mark })).toEqual({
        status: 'written',
      })
    }
    const dirty = async () => (await store.rollupBacklog()).dirtyHours
    await seal(T0, 1)
    await seal(T0 + HOUR, 1)
    expect(await dirty()).toEqual([])
    await child.tell(T0 + 3 * HOUR, [child.hour('SH-01', T0, [{ freeMs: FULL }])])
    expect(await dirty()).toEqual([T0])
    await seal(T0, 2)
    // Told again with the same figures, as when it is sealed there.
    await child.tell(T0 + 3 * HOUR, [
      child.hour('SH-01', T0, [{ freeMs: FULL }], { sealVersion: 2 }),
    ])
    expect(await dirty()).toEqual([])
    await child.tell(T0 + 3 * HOUR, [
      child.node('n1', 'SH-01', [{ validFromMs: T0 }, { validFromMs: T0 + 30 * MINUTE }]),
    ])
    expect(await dirty()).toEqual([T0 + HOUR])
    // An hour before all that were sealed is told by a child that is older than this ledger.
    await child.tell(T0 + 3 * HOUR, [child.hour('SH-01', T0 - 5 * HOUR, [{ freeMs: FULL }])])
    expect(await dirty()).toEqual([T0 - 5 * HOUR, T0 + HOUR])
  })

  test('hours of children that are heard are awaited until they are sealed there, of others not', async () => {
    const child = await withSite(openFleet, 1)
    const awaited = async () => (await child.store.readHour(T0)).children?.isAwaited
    expect(await awaited()).toBe(true)
    await child.tell(T0 + HOUR, [child.hour('SH-01', T0, [{ freeMs: FULL }], { sealVersion: 0 })])
    expect(await awaited()).toBe(true)
    await child.away(T0 + HOUR, T0 + HOUR + 90_000)
    expect(await awaited()).toBe(false)
    await child.connect(T0 + 2 * HOUR)
    expect(await awaited()).toBe(true)
    await child.tell(T0 + 2 * HOUR, [child.hour('SH-01', T0, [{ freeMs: FULL }])])
    expect(await awaited()).toBe(false)
  })

  test('the ledger of an instant is the last step that was known then', async () => {
    const child = await withSite(openFleet)
    await child.heard(T0 + 9 * HOUR)
    await child.tell(T0 + MINUTE, [child.counts('SH-01', T0 + MINUTE, [{ cards: 2 }])])
    await child.tell(T0 + HOUR, [
      child.counts('SH-01', T0 + 30 * MINUTE, [{ cards: 1 }, { cards: 1, state: 'busy' }]),
    ])
    const at = async (asOfMs: number, knownAtMs: number) =>
      statesOf(await child.store.readLedgerAt(SCOPE_ALL, instantOf(asOfMs, knownAtMs)))
    const late = T0 + 9 * HOUR
    expect(await at(T0 + 29 * MINUTE, late)).toEqual([['SH-01', 'free', 2]])
    expect(await at(T0 + 30 * MINUTE, late)).toEqual([
      ['SH-01', 'free', 1],
      ['SH-01', 'busy', 1],
    ])
    expect(await at(T0 + 30 * MINUTE, T0 + 59 * MINUTE)).toEqual([['SH-01', 'free', 2]])
    // Before the first step there are cards, and nobody knows what they did.
    expect(await at(T0, late)).toEqual([['SH-01', 'unknown', 2]])
    // Past what was heard nothing is told yet.
    const { counts, untoldFromMs } = await child.store.readLedgerAt(
      SCOPE_ALL,
      instantOf(late, late),
    )
    expect(counts.map(({ cards, state }) => [state, cards])).toEqual([[null, 2]])
    expect(untoldFromMs).toBe(late - 2 * MINUTE + 1)
    const parts = await Promise.all(
      [0, 1, 2].map((number) =>
        child.store.readLedgerAt(SCOPE_ALL, {
          ...instantOf(T0 + HOUR, late),
          part: { number, of: 3 },
        }),
      ),
    )
    expect(parts.flatMap((part) => statesOf(part))).toHaveLength(2)
    const outside = { regions: ['31'], sites: 'all' } as const
    expect(statesOf(await child.store.readLedgerAt(outside, instantOf(T0 + HOUR, late)))).toEqual(
      [],
    )
  })

  test('a child that is away is unknown from when it was last heard, with all below it', async () => {
    const child = await withSite(openFleet)
    await child.tell(T0, [
      child.collector({ origin: BELOW, parentOrigin: child.origin }),
      child.site('SH-02', { origin: BELOW }),
      child.counts('SH-01', T0, [{ cards: 2 }]),
      child.counts('SH-02', T0, [{ cards: 3, isDeposited: true }], { origin: BELOW }),
    ])
    const lost = T0 + HOUR
    const declared = lost + 90_000
    await child.heard(lost)
    await child.away(lost, declared)
    const at = async (asOfMs: number, knownAtMs: number) =>
      statesOf(await child.store.readLedgerAt(SCOPE_ALL, instantOf(asOfMs, knownAtMs)))
    const free = [
      ['SH-01', 'free', 2],
      ['SH-02', 'free', 3],
    ]
    const unknown = [
      ['SH-01', 'unknown', 2],
      ['SH-02', 'unknown', 3],
    ]
    expect(await at(lost - 2 * MINUTE, declared)).toEqual(free)
    expect(await at(lost, declared)).toEqual(unknown)
    expect(await at(lost + 5 * HOUR, lost + 5 * HOUR)).toEqual(unknown)
    // It is back, but has more to tell: that time is not told yet.
    const back = T0 + 3 * HOUR
    await child.connect(back, child.watermark + 1)
    expect(await at(lost + MINUTE, back)).toEqual(unknown)
    expect((await child.store.listChildren())[0]?.session.behindSinceMs).toBe(back)
    await child.tell(back + MINUTE, [
      child.counts('SH-01', T0 + 2 * HOUR, [{ cards: 2, state: 'busy' }]),
    ])
    const later = T0 + 9 * HOUR
    await child.heard(later)
    expect(await at(T0 + 2 * HOUR, later)).toEqual([
      ['SH-01', 'busy', 2],
      ['SH-02', 'unknown', 3],
    ])
    expect(await at(lost + MINUTE, later)).toEqual(unknown)
    expect(await at(back + HOUR, later)).toEqual([
      ['SH-01', 'busy', 2],
      ['SH-02', 'free', 3],
    ])
    // As it was known while it was away.
    expect(await at(T0 + 2 * HOUR, T0 + 2 * HOUR)).toEqual(unknown)
  })

  test('a collector below that its parent does not hear is unknown, and its parent is not', async () => {
    const child = await withSite(openFleet)
    await child.tell(T0, [
      child.collector({ origin: BELOW, parentOrigin: child.origin }),
      child.site('SH-02', { origin: BELOW }),
      child.counts('SH-01', T0, [{ cards: 2 }]),
      child.counts('SH-02', T0, [{ cards: 3 }], { origin: BELOW }),
    ])
    await child.heard(T0 + 9 * HOUR)
    const version = { generation: 1, number: 3 }
    const below = { origin: BELOW, parentOrigin: child.origin, version }
    await child.tell(T0 + 2 * HOUR, [child.collector({ ...below, awaySinceMs: T0 + HOUR })])
    const at = async (asOfMs: number) =>
      statesOf(await child.store.readLedgerAt(SCOPE_ALL, instantOf(asOfMs, T0 + 9 * HOUR)))
    expect(await at(T0 + HOUR)).toEqual([
      ['SH-01', 'free', 2],
      ['SH-02', 'unknown', 3],
    ])
    // The same version again, now heard: what its parent says of it is not a word of its own.
    await child.tell(T0 + 3 * HOUR, [child.collector(below)])
    expect(await at(T0 + 4 * HOUR)).toEqual([
      ['SH-01', 'free', 2],
      ['SH-02', 'free', 3],
    ])
  })

  test('a card that two ledgers claim is counted once, and free is not said of too many', async () => {
    const child = await withSite(openFleet, 1)
    const { store } = child
    const card = { identities: [strongId('card')], validFromMs: T0 }
    await child.tell(T0, [child.node('n1', 'SH-01', [card])])
    const other = await new ChildTeller(store, 'd').enroll(T0)
    const fromMs = T0 + 30 * MINUTE
    await other.tell(T0 + HOUR, [
      other.site('GD-01'),
      other.node('m1', 'GD-01', [
        { ...card, validFromMs: fromMs },
        { validFromMs: T0, identities: [strongId('another')] },
      ]),
      other.hour('GD-01', T0, [
        { cards: 2, freeMs: FULL + 10n * BigInt(MINUTE), busyMs: 20n * BigInt(MINUTE) },
      ]),
      other.counts('GD-01', fromMs, [{ cards: 1 }, { cards: 1, state: 'busy' }]),
    ])
    await child.tell(T0 + HOUR, [
      child.hour('SH-01', T0, [{ freeMs: FULL }]),
      child.counts('SH-01', T0, [{ cards: 1 }]),
    ])
    const [found] = (await store.readChildQuality(SCOPE_ALL, 0)).conflicts
    expect([found?.kept?.origin, found?.other?.origin]).toEqual([child.origin, other.origin])
    expect((await store.readOutbox(100)).map(({ kind }) => kind)).toContain('child_conflict_opened')
    // 30 minutes of it are claimed by both: they are taken out of what was told as free.
    expect(await figuresOf(store, T0)).toEqual([
      ['GD-01', 1, 40 * MINUTE, 20 * MINUTE, 0],
      ['SH-01', 1, HOUR, 0, 0],
    ])
    for (const one of [child, other]) await one.heard(T0 + 9 * HOUR)
    const at = async () =>
      statesOf(await store.readLedgerAt(SCOPE_ALL, instantOf(T0 + HOUR, T0 + 9 * HOUR)))
    expect(await at()).toEqual([
      ['GD-01', 'busy', 1],
      ['SH-01', 'free', 1],
    ])
    const conflictId = found?.conflictId ?? 0
    const change = { conflictId, keep: 'other', by: 'a', atMs: T0 + 2 * HOUR, outbox: [] } as const
    expect(await store.resolveChildConflict(change)).toEqual({ status: 'resolved' })
    expect(await store.resolveChildConflict(change)).toEqual({ status: 'already_resolved' })
    expect(await figuresOf(store, T0)).toEqual([
      ['GD-01', 2, 70 * MINUTE, 20 * MINUTE, 0],
      ['SH-01', 1, 30 * MINUTE, 0, 0],
    ])
    // Its ledger says that it has left: from then on there is no other claim.
    await child.tell(T0 + 2 * HOUR, [
      child.node('n1', 'SH-01', [{ ...card, bookedToMs: T0 + 40 * MINUTE }]),
    ])
    expect((await figuresOf(store, T0)).at(-1)).toEqual(['SH-01', 1, 50 * MINUTE, 0, 0])
  })

  test('a card that is here counts here, whichever claim came first', async () => {
    const fleet = await openFleet()
    const { store } = fleet
    const early = await fleet.start('BJ-01')
    const claimed = { keyNumber: 1, hash: `${early.nodeId}-0`, strength: 'strong' } as const
    const child = await new ChildTeller(store, 'a').enroll(T0)
    await child.tell(T0, [
      child.site('SH-01'),
      child.node('n1', 'SH-01', [
        { identities: [claimed], validFromMs: T0 - HOUR },
        { identities: [{ ...claimed, hash: 'late-0' }], validFromMs: T0 - HOUR },
      ]),
    ])
    const conflicts = async () => (await store.readChildQuality(SCOPE_ALL, 0)).conflicts
    expect((await conflicts()).map(({ kept, other }) => [kept?.origin, other?.unitNumber])).toEqual(
      [[null, 1]],
    )
    const late = await fleet.node('BJ-01')
    await fleet.cards(late, ['late-0'])
    expect((await conflicts()).map(({ kept, other }) => [kept?.origin, other?.unitNumber])).toEqual(
      [
        [null, 2],
        [null, 1],
      ],
    )
    const [newest] = await conflicts()
    const change = { keep: 'other', by: 'a', atMs: T0, outbox: [] } as const
    const conflictId = newest?.conflictId ?? 0
    expect(await store.resolveChildConflict({ ...change, conflictId })).toEqual({
      status: 'is_here',
    })
    for (const node of [early, late]) {
      const unitHours = node.units.map(({ unitId }) => hourOf(unitId, T0, { freeMs: HOUR }))
      await fleet.book(node, 'free/proven', T0 + 2 * HOUR, { unitHours })
    }
    // Before they came here both are the child's.
    expect(await figuresOf(store, T0 - HOUR)).toEqual([['SH-01', 2, 0, 0, 2 * HOUR]])
    expect(await figuresOf(store, T0)).toEqual([['BJ-01', 2, 2 * HOUR, 0, 0]])
  })

  test('a checkpoint that contradicts the one before is refused', async () => {
    const child = await childOf(openFleet)
    const note = (size: number, rootHash: string, generation = 1, ledger = 'ab') => ({
      kind: 'checkpoint' as const,
      checkpoint: {
        origin: child.origin,
        version: child.version(),
        note: 'note',
        logOrigin: `yiben.example/${ledger}/${generation}`,
        size,
        rootHash,
      },
    })
    const refused = await child.tell(T0, [
      note(10, 'aa'),
      note(12, 'bb'),
      note(12, 'cc'),
      note(11, 'aa'),
      note(12, 'bb'),
      note(3, 'dd', 2),
      note(20, 'ee', 1),
      note(20, 'ee', 3, 'cd'),
    ])
    expect(refused.map(({ code, seq }) => [seq, code])).toEqual(
      [3, 4, 7, 8].map((seq) => [seq, 'record_checkpoint']),
    )
    const [row] = await child.store.listCollectors(SCOPE_ALL)
    expect([row?.checkpoint?.size, row?.checkpoint?.rootHash]).toEqual([3, 'dd'])
  })

  test('nodes of children are listed within the scope', async () => {
    const child = await withSite(openFleet)
    const { store } = child
    await child.tell(T0, [child.node('n0', 'SH-01', [{ unitNumber: 9 }])])
    // A card has one place at a time in its ledger.
    expect(codesOf(await child.tell(T0, [child.node('n2', 'SH-01', [{ unitNumber: 9 }])]))).toEqual(
      ['record_unknown_unit'],
    )
    const list = (scope: typeof SCOPE_ALL, cursor: string | null = null) =>
      store.listChildNodes(scope, child.origin, { cursor, limit: 1 })
    const first = await list(SCOPE_ALL)
    expect([first.rows.map(({ nodeId }) => nodeId), first.nextCursor]).toEqual([['n0'], 'n0'])
    const second = await list(SCOPE_ALL, 'n0')
    expect(second.rows.map(({ cards, nodeId }) => [nodeId, cards.length])).toEqual([['n1', 2]])
    expect(second.nextCursor).toBeNull()
    const outside = { regions: ['31'], sites: 'all' } as const
    expect((await list(outside)).rows).toEqual([])
    expect(await store.listCollectors(outside)).toEqual([])
  })

  test('old steps are thinned out to one an hour', async () => {
    const child = await withSite(openFleet, 1)
    const step = (atMs: number, state: 'free' | 'busy') =>
      child.counts('SH-01', atMs, [{ cards: 1, state }])
    for (let minute = 0; minute < 120; minute += 20) {
      const atMs = T0 + minute * MINUTE
      await child.tell(atMs, [step(atMs, minute % 40 === 0 ? 'free' : 'busy')])
    }
    const late = T0 + 50 * HOUR
    await child.tell(late, [step(late, 'free')])
    await child.heard(late + HOUR)
    const at = async (minute: number) =>
      statesOf(
        await child.store.readLedgerAt(SCOPE_ALL, instantOf(T0 + minute * MINUTE, late + HOUR)),
      )
    expect(await at(119)).toEqual([['SH-01', 'busy', 1]])
    expect(await at(59)).toEqual([['SH-01', 'free', 1]])
    expect(await at(39)).toEqual([['SH-01', 'unknown', 1]])
  })
}
