import { expect, test } from 'vitest'
import { decideReturn } from '../../../collector/src/bank/draw-return.ts'
import { noticeOf } from '../../../collector/src/bank/lease-notices.ts'
import { decideRecall } from '../../../collector/src/bank/lease-recall.ts'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import { type Did, HOUR, LEASE, LeaseRig, MINUTE, SECOND, TEN_PM } from './lease-support.ts'

const UNTIL = TEN_PM + 8 * HOUR
const NOW = TEN_PM + 2 * HOUR
const BUSY: Did = [['busy/active', 2 * 3_600]]

function untaken(rig: LeaseRig): LeaseRig {
  const leases = rig.draw.leases.map((lease) => ({ ...lease, confirmedRevision: 0 }))
  rig.draw = { ...rig.draw, leases }
  return rig
}

function stateOf(rig: LeaseRig) {
  return rig.draw.claims.map(({ state, end, endedAtMs }) => [state, end, endedAtMs])
}

test('E13: a notice that was taken is confirmed, and said once', () => {
  const rig = untaken(new LeaseRig())
  rig.decide(rig.look(NOW, BUSY), [rig.record('taken')])
  expect(rig.draw.leases[0]?.confirmedRevision).toBe(1)
  expect(rig.decide(rig.look(NOW, BUSY), [rig.record('taken')])).toBeNull()
})

test('E13: a revision that was never given is not confirmed', () => {
  const rig = untaken(new LeaseRig())
  rig.decide(rig.look(NOW, BUSY), [rig.record('taken', { revision: 7 })])
  expect(rig.draw.leases[0]?.confirmedRevision).toBe(1)
})

test('E8: a veto names an instant that has passed; what was settled behind it is taken back', () => {
  const rig = new LeaseRig()
  const settledTo = TEN_PM + HOUR
  rig.postings.push({
    drawId: 'draw-1',
    ordinal: 0,
    fromMs: TEN_PM,
    toMs: settledTo,
    from: 'pending',
    to: 'delivered_active',
    knownAtMs: settledTo,
  })
  const atMs = TEN_PM + 30 * MINUTE
  rig.decide(rig.look(NOW, BUSY), [rig.record('ended', { atMs, cause: 'veto' })])
  expect(stateOf(rig)).toEqual([['cleaning', 'veto', atMs]])
  expect(rig.accounts()).toEqual({ delivered_active: 30 * MINUTE, broken_veto: 7.5 * HOUR })
  // The node has ended it by itself.
  expect(rig.draw.leases[0]?.revision).toBe(1)
})

test('E8: C22: a lease that is posted after a reclaim is declined, and was never lent', () => {
  const rig = untaken(new LeaseRig())
  const atMs = TEN_PM + 4 * SECOND
  rig.decide(rig.look(TEN_PM + MINUTE, []), [rig.record('declined', { atMs, cause: 'veto' })])
  expect(stateOf(rig)).toEqual([['cleaning', 'veto', TEN_PM]])
  expect(rig.accounts()).toEqual({ broken_veto: 8 * HOUR })
})

test.each([
  ['allocated', 'owner_claimed', 'broken_recall'],
  ['calendar', 'recall', 'broken_recall'],
  ['unknown_epoch', 'card_lost', 'broken_card_lost'],
  ['something_newer', 'card_lost', 'broken_card_lost'],
])('E9: a node that declines (%s) ends the lease there', (cause, end, account) => {
  const rig = untaken(new LeaseRig())
  rig.decide(rig.look(TEN_PM + MINUTE, []), [rig.record('declined', { cause })])
  expect(rig.draw.claims[0]?.end).toBe(end)
  expect(rig.accounts()).toEqual({ [account]: 8 * HOUR })
})

test('E9: C8: a card that its scheduler has taken before the notice counts against its site', () => {
  const rig = untaken(new LeaseRig())
  rig.decide(rig.look(TEN_PM + MINUTE, []), [rig.record('declined', { cause: 'allocated' })])
  expect(rig.draw.claims[0]?.recallCause).toBe('owner_claimed')
})

test('E9: of one notice some cards are taken and others declined', () => {
  const rig = untaken(new LeaseRig({ cards: 2 }))
  rig.decide(rig.look(TEN_PM + MINUTE, [['busy/active', 60]]), [
    rig.record('taken', { units: [0] }),
    rig.record('declined', { units: [1], cause: 'calendar' }),
  ])
  expect(stateOf(rig)).toEqual([
    ['leased', null, null],
    ['cleaning', 'recall', TEN_PM],
  ])
})

test('E9: a longer promise that is declined leaves what had been lent before', () => {
  const rig = new LeaseRig()
  const longer = UNTIL + HOUR
  const [lease] = rig.draw.leases
  if (lease === undefined) throw new Error('no lease')
  rig.draw = {
    ...rig.draw,
    untilMs: longer,
    leases: [{ ...lease, untilMs: longer, revision: 2 }],
    claims: rig.draw.claims.map((claim) => ({ ...claim, untilMs: longer })),
  }
  rig.postings.push({
    drawId: 'draw-1',
    ordinal: 0,
    fromMs: UNTIL,
    toMs: longer,
    from: 'promised',
    to: 'pending',
    knownAtMs: NOW,
  })
  const declined = rig.record('declined', { revision: 2, atMs: NOW, cause: 'calendar' })
  rig.decide(rig.look(NOW, BUSY), [declined])
  expect(rig.draw.claims[0]).toMatchObject({ state: 'leased', recallAtMs: null })
  const ended = rig.record('ended', { revision: 2, atMs: UNTIL, cause: 'expire' })
  rig.decide(rig.look(UNTIL, [['busy/active', 8 * 3_600]]), [ended])
  expect(stateOf(rig)).toEqual([['cleaning', 'card_lost', UNTIL]])
  expect(rig.accounts()).toEqual({ pending: 8 * HOUR, broken_card_lost: HOUR })
})

test('E9: an owner’s recall on the node lies ahead: announced here, and ended then', () => {
  const rig = new LeaseRig()
  const atMs = NOW + 10 * MINUTE
  rig.decide(rig.look(NOW, BUSY), [rig.record('ended', { atMs, cause: 'recall' })])
  expect(rig.draw.claims[0]).toMatchObject({ state: 'leased', recallAtMs: atMs })
  rig.decide(rig.look(atMs, [...BUSY, ['busy/active', 600]]))
  expect(stateOf(rig)).toEqual([['cleaning', 'recall', atMs]])
  // The end itself repeats it.
  const again = rig.record('ended', { atMs, cause: 'recall' })
  expect(rig.decide(rig.look(atMs, BUSY), [again])).toBeNull()
})

test('E8: a lease that expired in silence turns out to have been vetoed before', () => {
  const rig = new LeaseRig({ request: { isKeptInSilence: true } })
  rig.decide(rig.look(UNTIL, []))
  expect(stateOf(rig)).toEqual([['cleaning', 'expired', UNTIL]])
  const atMs = TEN_PM + HOUR
  rig.decide(rig.look(UNTIL + HOUR, []), [rig.record('ended', { atMs, cause: 'veto' })])
  expect(stateOf(rig)).toEqual([['cleaning', 'veto', atMs]])
  expect(rig.accounts()).toEqual({ pending: HOUR, broken_veto: 7 * HOUR })
})

test('E8: what was returned behind an earlier veto stays returned', () => {
  const rig = new LeaseRig()
  const outcome = decideReturn(rig.draw, 'all', { lotIdOf: () => 'l-1', nowMs: NOW })
  if (outcome.status !== 'decided') throw new Error('not returned')
  rig.take(outcome.change)
  const atMs = TEN_PM + HOUR
  rig.decide(rig.look(NOW + MINUTE, BUSY), [rig.record('ended', { atMs, cause: 'veto' })])
  expect(rig.accounts()).toEqual({ pending: HOUR, broken_veto: HOUR, returned: 6 * HOUR })
})

test('E8: a node that tells its ends again changes nothing', () => {
  const rig = new LeaseRig()
  const records = [rig.record('ended', { atMs: TEN_PM + HOUR, cause: 'veto' })]
  rig.decide(rig.look(NOW, BUSY), records)
  expect(rig.decide(rig.look(NOW, BUSY), records)).toBeNull()
})

test('a record of a node says nothing of the leases of another', () => {
  const rig = new LeaseRig()
  const record = rig.record('ended', { atMs: TEN_PM + HOUR, cause: 'veto' })
  const other = { ...record, nodeId: 'n-00000000000000ff' as NodeId }
  expect(rig.decide(rig.look(NOW, BUSY), [other])).toBeNull()
})

test('E13: a notice names exactly the cards that are lent still', () => {
  const rig = new LeaseRig({ cards: 3 })
  const outcome = decideReturn(rig.draw, [1], { lotIdOf: () => 'l-1', nowMs: NOW })
  if (outcome.status !== 'decided') throw new Error('not returned')
  rig.take(outcome.change)
  const [lease] = rig.draw.leases
  if (lease === undefined) throw new Error('no lease')
  const told = { kind: 'extend', unitIds: [1, 3], endMs: UNTIL, revision: 2, account: 'draw-1' }
  expect(noticeOf(rig.draw, lease)).toMatchObject(told)
  expect(noticeOf(rig.draw, { ...lease, confirmedRevision: 0 })).toMatchObject({ kind: 'lend' })
  expect(noticeOf(rig.draw, lease, true)).toMatchObject({ kind: 'lend', unitIds: [1, 3] })
})

test('E13: a recall is told with its instant before it comes', () => {
  const rig = new LeaseRig({ cards: 2 })
  const request = { leaseId: LEASE, noticeMs: 2 * MINUTE, cause: 'maintenance' }
  const outcome = decideRecall(rig.draw, request, { lotIdOf: () => 'l-1', nowMs: NOW })
  if (outcome.status !== 'decided') throw new Error('not recalled')
  rig.take(outcome.change)
  const [lease] = rig.draw.leases
  if (lease === undefined) throw new Error('no lease')
  expect(noticeOf(rig.draw, lease)).toMatchObject({
    kind: 'recall',
    unitIds: [1, 2],
    endMs: NOW + 2 * MINUTE,
    cause: 'maintenance',
  })
})

test('E13: a lease that is over is told whole, as returned or as taken back', () => {
  const rig = new LeaseRig({ cards: 2 })
  const decided = { lotIdOf: () => 'l-1', nowMs: NOW }
  const outcome = decideReturn(rig.draw, 'all', decided)
  if (outcome.status !== 'decided') throw new Error('not returned')
  rig.take(outcome.change)
  const [lease] = rig.draw.leases
  if (lease === undefined) throw new Error('no lease')
  expect(noticeOf(rig.draw, lease)).toMatchObject({ kind: 'return', endMs: NOW, unitIds: [1, 2] })

  const lost = new LeaseRig()
  lost.decide(lost.look(NOW, []))
  const [other] = lost.draw.leases
  if (other === undefined) throw new Error('no lease')
  const endMs = TEN_PM + 10 * MINUTE
  expect(noticeOf(lost.draw, other)).toMatchObject({ kind: 'recall', endMs, cause: 'silent' })
})
