/** Accelerators, their identities, moves and conflicts. */
import { runCode } from '@yiben/shared'
import { expect, test } from 'vitest'
import type { SessionGeneration } from '../../collector/src/model/ids.ts'
import { type AdmitUnit, SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import { balanceOf } from '../../collector/src/timeline/balance.ts'
import {
  admit,
  bookCommit,
  type Fleet,
  factsCommit,
  H800,
  HOUR,
  MINUTE,
  note,
  T0,
  type TestNode,
} from './fleet.ts'
import type { OpenFleet } from './store.suite.ts'

const CARD = { keyNumber: 1, hash: 'card' }

/** The card `card` on a first node, and a second node without cards. */
async function twoNodes(fleet: Fleet): Promise<readonly [TestNode, TestNode]> {
  await fleet.site('BJ-01')
  await fleet.site('SH-01', { regionCode: '310115' })
  const first = await fleet.node('BJ-01', 'first')
  const second = await fleet.node('SH-01', 'second')
  await fleet.cards(first, ['card'])
  await fleet.book(first, 'free/proven', T0 + MINUTE)
  return [first, second]
}

/** The second node shows the first one's card as well. */
async function conflictOf(fleet: Fleet) {
  const [first, second] = await twoNodes(fleet)
  await fleet.cards(second, ['other'])
  await fleet.book(second, 'free/proven', T0 + MINUTE)
  const kept = first.units[0]
  if (kept === undefined) throw new Error('a card is there')
  const unit = { ...admit(1, 'card'), acceleratorId: kept.acceleratorId }
  const commit = factsCommit(second, [unit], {
    conflicts: [
      { acceleratorId: kept.acceleratorId, keptUnitId: kept.unitId, otherIndex: 1, fromMs: T0 },
    ],
  })
  const result = await fleet.store.commitFacts(commit)
  if (result.status !== 'committed') throw new Error(result.status)
  second.watermark += 1
  const other = result.units[0]
  if (other === undefined) throw new Error('the second claim is admitted')
  return { first, second, kept, other, commit }
}

export function inventorySuite(openFleet: OpenFleet): void {
  test('a new card gets an accelerator, a placement and its identities', async () => {
    const fleet = await openFleet()
    const [first] = await twoNodes(fleet)
    expect(first.units).toMatchObject([
      {
        nodeId: first.nodeId,
        siteCode: 'BJ-01',
        profile: H800,
        strongestIdentity: 'strong',
        validFromMs: T0,
        validToMs: null,
        isCounted: true,
        isInConflict: false,
      },
    ])
    const [claim] = await fleet.store.readClaims([CARD, { keyNumber: 2, hash: 'card' }])
    expect(claim).toMatchObject({
      identity: { ...CARD, strength: 'strong' },
      acceleratorId: first.units[0]?.acceleratorId,
      unit: first.units[0],
      provenToMs: T0 + MINUTE,
      toldToMs: T0 + MINUTE,
    })
  })

  test('C5: unknown time is told, and proves no card', async () => {
    const fleet = await openFleet()
    const [first] = await twoNodes(fleet)
    const claimed = async () => {
      const [claim] = await fleet.store.readClaims([CARD])
      return [claim?.provenToMs, claim?.toldToMs]
    }
    // The open run is unknown, then a closed one is, then a known one follows.
    await fleet.book(first, 'unknown/reboot', T0 + 3 * MINUTE)
    expect(await claimed()).toEqual([T0 + MINUTE, T0 + 3 * MINUTE])
    await fleet.book(first, 'unknown/silent', T0 + 4 * MINUTE)
    expect(await claimed()).toEqual([T0 + MINUTE, T0 + 4 * MINUTE])
    await fleet.book(first, 'faulty/health', T0 + 5 * MINUTE)
    expect(await claimed()).toEqual([T0 + 5 * MINUTE, T0 + 5 * MINUTE])
  })

  test('C5: a card that was only ever unknown is told and not proven', async () => {
    const fleet = await openFleet()
    await fleet.site('BJ-01')
    const node = await fleet.node('BJ-01')
    await fleet.cards(node, ['card'])
    const told = async () => (await fleet.store.readClaims([CARD]))[0]
    expect(await told()).toMatchObject({ provenToMs: null, toldToMs: null })
    await fleet.book(node, 'unknown/probe', T0 + MINUTE)
    expect(await told()).toMatchObject({ provenToMs: null, toldToMs: T0 + MINUTE })
  })

  test('slices name their parent, whatever their order', async () => {
    const fleet = await openFleet()
    await fleet.site('BJ-01')
    const node = await fleet.node('BJ-01')
    const slice: AdmitUnit = {
      ...admit(0, 'slice'),
      kind: 'slice',
      parentIndex: 5,
      sharePpm: 142_857,
    }
    const result = await fleet.store.commitFacts(factsCommit(node, [slice, admit(5, 'parent')]))
    const units = result.status === 'committed' ? result.units : []
    expect(units.map((unit) => unit.parentUnitId)).toEqual([units[1]?.unitId, null])
  })

  test('the same card told again keeps its numbers, with what its tool says now', async () => {
    const fleet = await openFleet()
    const [first] = await twoNodes(fleet)
    const unit = first.units[0]
    if (unit === undefined) throw new Error('a card is there')
    const again = {
      ...admit(0, 'card'),
      acceleratorId: unit.acceleratorId,
      unitId: unit.unitId,
      driverVersion: '570.1',
      profile: { ...H800, memoryTotalMib: null },
    }
    const result = await fleet.store.commitFacts(factsCommit(first, [again]))
    expect(result).toMatchObject({
      status: 'committed',
      units: [
        {
          unitId: unit.unitId,
          acceleratorId: unit.acceleratorId,
          driverVersion: '570.1',
          profile: { memoryTotalMib: null },
        },
      ],
    })
  })

  test('facts of a fenced session or behind the watermark change nothing', async () => {
    const fleet = await openFleet()
    const [, second] = await twoNodes(fleet)
    const commit = factsCommit(second, [admit(0, 'new')])
    const older = (second.generation - 1) as SessionGeneration
    expect(await fleet.store.commitFacts({ ...commit, sessionGeneration: older })).toEqual({
      status: 'fenced',
    })
    expect(await fleet.store.commitFacts({ ...commit, expectedWatermark: 9 })).toEqual({
      status: 'stale',
    })
    expect(await fleet.store.readClaims([{ keyNumber: 1, hash: 'new' }])).toEqual([])
    expect((await fleet.store.loadNode(second.nodeId))?.facts).toBeNull()
  })

  test('of two nodes that show a new card at once one has to decide again', async () => {
    const fleet = await openFleet()
    await fleet.site('BJ-01')
    const nodes = [await fleet.node('BJ-01'), await fleet.node('BJ-01')] as const
    const claims = { expectedClaims: [{ ...CARD, unitId: null }] }
    const results = await Promise.all(
      nodes.map((node) => fleet.store.commitFacts(factsCommit(node, [admit(0, 'card')], claims))),
    )
    expect(results.map((result) => result.status).sort()).toEqual(['committed', 'stale'])
    const [claim] = await fleet.store.readClaims([CARD])
    expect(await fleet.store.findUnits(SCOPE_ALL, claim?.acceleratorId ?? 0)).toHaveLength(1)
  })

  test('a strong id is never given a second accelerator', async () => {
    const fleet = await openFleet()
    const [, second] = await twoNodes(fleet)
    const result = await fleet.store.commitFacts(factsCommit(second, [admit(0, 'card')]))
    expect(result).toEqual({ status: 'stale' })
    expect((await fleet.store.listUnits(SCOPE_ALL, { cursor: null, limit: 10 })).rows).toHaveLength(
      1,
    )
  })

  test('an id that a faulty tool shows twice stays with its first accelerator', async () => {
    const fleet = await openFleet()
    await fleet.site('BJ-01')
    const node = await fleet.node('BJ-01')
    const claims = { expectedClaims: [{ ...CARD, unitId: null }] }
    const twice = [admit(0, 'card'), admit(1, 'card')]
    const result = await fleet.store.commitFacts(factsCommit(node, twice, claims))
    node.watermark += 1
    const units = result.status === 'committed' ? result.units : []
    expect(new Set(units.map((unit) => unit.acceleratorId)).size).toBe(2)
    expect((await fleet.store.readClaims([CARD]))[0]?.acceleratorId).toBe(units[0]?.acceleratorId)
    const again = units.map((unit, index) => ({
      ...admit(index, 'card'),
      acceleratorId: index === 0 ? unit.acceleratorId : null,
      unitId: index === 0 ? unit.unitId : null,
    }))
    const seen = { expectedClaims: [{ ...CARD, unitId: units[0]?.unitId ?? null }] }
    expect(await fleet.store.commitFacts(factsCommit(node, again, seen))).toMatchObject({
      status: 'committed',
    })
  })

  test('a slot names the card that is in it now', async () => {
    const fleet = await openFleet()
    await fleet.site('BJ-01')
    const node = await fleet.node('BJ-01')
    const slot = { keyNumber: 1, hash: 'slot-3', strength: 'slot' } as const
    const inSlot = (hash: string): AdmitUnit => {
      const unit = admit(0, hash)
      return { ...unit, identities: [...unit.identities, slot] }
    }
    await fleet.store.commitFacts(factsCommit(node, [inSlot('old')]))
    node.watermark += 1
    const before = await fleet.store.readClaims([slot])
    const result = await fleet.store.commitFacts(factsCommit(node, [inSlot('new')]))
    const after = await fleet.store.readClaims([slot])
    expect(result.status === 'committed' && result.units[0]?.acceleratorId).toBe(
      after[0]?.acceleratorId,
    )
    expect(after[0]?.acceleratorId).not.toBe(before[0]?.acceleratorId)
  })

  test('C5: a move ends one placement and begins another of the same accelerator', async () => {
    const fleet = await openFleet()
    const [first, second] = await twoNodes(fleet)
    const moved = first.units[0]
    if (moved === undefined) throw new Error('a card is there')
    const arrived = { ...admit(0, 'card', T0 + 2 * HOUR), acceleratorId: moved.acceleratorId }
    const end = { unitId: moved.unitId, validToMs: T0 + MINUTE, bookedToMs: T0 + 2 * HOUR }
    const result = await fleet.store.commitFacts(
      factsCommit(second, [arrived], {
        ended: [{ ...end, reason: 'moved' }],
        expectedClaims: [{ ...CARD, unitId: moved.unitId }],
        silencesBegun: [
          {
            nodeId: first.nodeId,
            unitId: moved.unitId,
            fromMs: T0 + MINUTE,
            toMs: T0 + 2 * HOUR,
            code: runCode('unknown/moved'),
            declaredAtMs: T0 + 2 * HOUR,
          },
        ],
        outbox: [note('unit_ended')],
      }),
    )
    expect(result.status).toBe('committed')
    expect(await fleet.store.findUnits(SCOPE_ALL, moved.acceleratorId)).toMatchObject([
      { ...end, nodeId: first.nodeId, validToReason: 'moved' },
      { nodeId: second.nodeId, siteCode: 'SH-01', validFromMs: T0 + 2 * HOUR, validToMs: null },
    ])
    expect((await fleet.store.readClaims([CARD]))[0]?.unit).toMatchObject({
      nodeId: second.nodeId,
    })
    // Proof of the old placement may still come.
    const state = await fleet.store.loadNode(first.nodeId)
    expect(state?.units.map((unit) => unit.unitId)).toEqual([moved.unitId])
  })

  test('C5: a card that moves before its time is told leaves no hole, and its node may still tell it', async () => {
    const fleet = await openFleet()
    await fleet.site('BJ-01')
    const first = await fleet.node('BJ-01', 'first')
    const second = await fleet.node('BJ-01', 'second')
    const [moved] = await fleet.cards(first, ['card'])
    if (moved === undefined) throw new Error('a card is there')
    const { acceleratorId, unitId } = moved
    const arrived = { ...admit(0, 'card', T0 + HOUR), acceleratorId }
    const ended = { unitId, validToMs: T0, bookedToMs: T0 + HOUR, reason: 'moved' } as const
    const commit = factsCommit(second, [arrived], { ended: [ended] })
    expect((await fleet.store.commitFacts(commit)).status).toBe('committed')
    const range = { fromMs: T0, toMs: T0 + 2 * HOUR, knownAtMs: T0 + 2 * HOUR }
    const span = await fleet.store.readUnitSpan(SCOPE_ALL, unitId, range)
    if (span === null) throw new Error('the placement is there')
    expect(span).toMatchObject({ runs: [], timelineEndMs: T0 })
    expect(balanceOf(span, range).errors).toEqual([])
  })

  test('C5: late proof of the old place makes a conflict, and the old claim keeps counting', async () => {
    const fleet = await openFleet()
    const [first, second] = await twoNodes(fleet)
    const moved = first.units[0]
    if (moved === undefined) throw new Error('a card is there')
    const arrived = { ...admit(0, 'card', T0 + HOUR), acceleratorId: moved.acceleratorId }
    const ended = {
      unitId: moved.unitId,
      validToMs: T0 + MINUTE,
      bookedToMs: T0 + HOUR,
      reason: 'moved',
    } as const
    const result = await fleet.store.commitFacts(factsCommit(second, [arrived], { ended: [ended] }))
    const other = result.status === 'committed' ? result.units[0] : undefined
    if (other === undefined) throw new Error('the card has arrived')
    const conflict = {
      acceleratorId: moved.acceleratorId,
      keptUnitId: moved.unitId,
      otherUnitId: other.unitId,
      fromMs: T0 + HOUR,
      openedAtMs: T0 + 3 * HOUR,
    }
    await fleet.book(first, 'busy/active', T0 + 2 * HOUR, { conflicts: [conflict, conflict] })
    expect(await fleet.store.findUnits(SCOPE_ALL, moved.acceleratorId)).toMatchObject([
      {
        validToMs: null,
        bookedToMs: null,
        validToReason: null,
        isInConflict: true,
        isCounted: true,
      },
      { isInConflict: true, isCounted: false },
    ])
    expect((await fleet.store.readQuality(SCOPE_ALL, T0)).conflicts).toMatchObject([conflict])
  })

  test('a second claim does not count, and the bank hears of both', async () => {
    const fleet = await openFleet()
    const { first, second, kept, other, commit } = await conflictOf(fleet)
    const units = await fleet.store.findUnits(SCOPE_ALL, kept.acceleratorId)
    expect(units).toMatchObject([
      { unitId: kept.unitId, isInConflict: true, isCounted: true },
      { unitId: other.unitId, isInConflict: true, isCounted: false },
    ])
    const seen = Math.max(first.open.changeSeq, second.open.changeSeq)
    const changed = await fleet.store.readTimelineChanges(seen, 10)
    expect(changed.map((change) => change.open.nodeId).sort()).toEqual([
      first.nodeId,
      second.nodeId,
    ])
    // Told again it is the same conflict.
    const [unit] = commit.units
    if (unit === undefined) throw new Error('the commit has a unit')
    const again = factsCommit(second, [{ ...unit, unitId: other.unitId }], {
      conflicts: commit.conflicts,
    })
    expect((await fleet.store.commitFacts(again)).status).toBe('committed')
    expect((await fleet.store.readQuality(SCOPE_ALL, T0)).conflicts).toHaveLength(1)
  })

  test('of claims in conflict the counted one holds the card', async () => {
    const fleet = await openFleet()
    const { kept } = await conflictOf(fleet)
    expect((await fleet.store.readClaims([CARD]))[0]?.unit?.unitId).toBe(kept.unitId)
  })

  test('a resolved conflict leaves one claim that counts', async () => {
    const fleet = await openFleet()
    const { kept, other } = await conflictOf(fleet)
    const [conflict] = (await fleet.store.readQuality(SCOPE_ALL, T0)).conflicts
    const change = {
      conflictId: conflict?.conflictId ?? 0,
      keepUnitId: other.unitId,
      by: 'admin',
      atMs: T0 + HOUR,
      outbox: [note('conflict_resolved')],
    }
    const { store } = fleet
    expect(await store.resolveConflict({ ...change, conflictId: 99 })).toEqual({
      status: 'not_found',
    })
    expect(await store.resolveConflict(change)).toEqual({ status: 'resolved' })
    expect(await store.resolveConflict(change)).toEqual({ status: 'already_resolved' })
    expect(await store.findUnits(SCOPE_ALL, kept.acceleratorId)).toMatchObject([
      { unitId: kept.unitId, isInConflict: false, isCounted: false },
      { unitId: other.unitId, isInConflict: false, isCounted: true },
    ])
    const { conflicts } = await store.readQuality(SCOPE_ALL, T0 + HOUR)
    expect(conflicts).toMatchObject([{ keptUnitId: other.unitId, resolvedBy: 'admin' }])
    expect((await store.readQuality(SCOPE_ALL, T0 + HOUR + 1)).conflicts).toEqual([])
    const kinds = (await store.readOutbox(100)).map((entry) => entry.kind)
    expect(kinds.filter((kind) => kind === 'conflict_resolved')).toHaveLength(1)
  })

  test('conflicts are listed newest first in pages, open ones apart, and found by number', async () => {
    const fleet = await openFleet()
    const { kept, other } = await conflictOf(fleet)
    const { store } = fleet
    const page = { cursor: null, limit: 10 }
    const [open] = (await store.listConflicts(SCOPE_ALL, true, page)).rows
    expect(open).toMatchObject({ keptUnitId: kept.unitId, otherUnitId: other.unitId })
    if (open === undefined) throw new Error('a conflict is open')
    const { conflictId } = open
    await store.resolveConflict({
      conflictId,
      keepUnitId: kept.unitId,
      by: 'admin',
      atMs: T0 + HOUR,
      outbox: [],
    })
    expect((await store.listConflicts(SCOPE_ALL, true, page)).rows).toEqual([])
    const resolved = { ...open, resolvedAtMs: T0 + HOUR, resolvedBy: 'admin' }
    expect(await store.listConflicts(SCOPE_ALL, false, { ...page, limit: 1 })).toEqual({
      rows: [resolved],
      nextCursor: null,
    })
    const after = { ...page, cursor: String(conflictId) }
    expect((await store.listConflicts(SCOPE_ALL, false, after)).rows).toEqual([])
    expect(await store.findConflict(SCOPE_ALL, conflictId)).toEqual(resolved)
    expect(await store.findConflict(SCOPE_ALL, conflictId + 1)).toBeNull()
  })

  test('a card that goes on elsewhere keeps its last run in the old row', async () => {
    const fleet = await openFleet()
    const [first] = await twoNodes(fleet)
    const unit = first.units[0]
    if (unit === undefined) throw new Error('a card is there')
    const end = { validToMs: T0 + MINUTE, bookedToMs: T0 + MINUTE, reason: 'replaced' } as const
    const commit = factsCommit(first, [], { ended: [{ ...end, unitId: unit.unitId }] })
    expect((await fleet.store.commitFacts(commit)).status).toBe('committed')
    first.watermark += 1
    // Still in the open row: the fold has yet to close its run.
    expect((await fleet.store.loadNode(first.nodeId))?.units).toHaveLength(1)
    const booked = bookCommit({ ...first, units: [] }, 'free/proven', T0 + 2 * MINUTE)
    await fleet.store.commitIngest([booked])
    expect((await fleet.store.loadNode(first.nodeId))?.units).toEqual([])
  })
}
