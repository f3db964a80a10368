import { expect, test } from 'vitest'
import { decideReturn } from '../../../collector/src/bank/draw-return.ts'
import type { CardLook } from '../../../collector/src/bank/lease-look.ts'
import { isBlameless } from '../../../collector/src/bank/lease-notable.ts'
import { decideRecall } from '../../../collector/src/bank/lease-recall.ts'
import type { Account } from '../../../collector/src/model/draw.ts'
import {
  type Did,
  HOUR,
  LEASE,
  LeaseRig,
  MINUTE,
  SECOND,
  TEN_PM,
  UNIT_ROW,
} from './lease-support.ts'

const DECIDED = { lotIdOf: () => 'l-1' }
const UNTIL = TEN_PM + 8 * HOUR

function endsOf(rig: LeaseRig) {
  return rig.draw.claims.map(({ end, endedAtMs }) => [end, endedAtMs])
}

test('E2: a lease that nothing ends goes on, and a look at it changes nothing', () => {
  const rig = new LeaseRig()
  expect(rig.decide(rig.look(TEN_PM + HOUR, [['busy/active', 3_600]]))).toBeNull()
})

test('E2: a lease ends at its stated end, however late that is seen', () => {
  const rig = new LeaseRig()
  rig.decide(rig.look(UNTIL + 3 * MINUTE, [['busy/active', 8 * 3_600]]))
  expect(endsOf(rig)).toEqual([['expired', UNTIL]])
  expect(rig.accounts()).toEqual({ pending: 8 * HOUR })
  expect(rig.draw.leases[0]?.revision).toBe(1)
})

test('C1 (E7): 190 s of reboot end no lease; the bank is told of the interruption, once', () => {
  const rig = new LeaseRig({ cards: 8 })
  const bootMs = TEN_PM + 3 * HOUR
  const silent: Did = [['busy/active', 3 * 3_600]]
  expect(rig.decide(rig.look(bootMs + 190 * SECOND, silent))).toBeNull()

  const told: Did = [...silent, ['unknown/reboot', 190], ['occupied/in_use', 50]]
  const nowMs = bootMs + 240 * SECOND
  rig.decide(rig.look(nowMs, told))
  expect(rig.draw.claims.every(({ state }) => state === 'leased')).toBe(true)
  expect(rig.entries('lease_interrupted')).toMatchObject([
    {
      cause: 'reboot',
      from_ms: bootMs,
      told_to_ms: bootMs + 190 * SECOND,
      ordinals: [0, 1, 2, 3, 4, 5, 6, 7],
      blameless_until_ms: nowMs + 10 * MINUTE,
    },
  ])
  expect(rig.decide(rig.look(nowMs + MINUTE, told))).toBeNull()
})

test('C1: ten minutes of silence lose the card, at their end', () => {
  const rig = new LeaseRig()
  const did: Did = [['busy/active', 3_600]]
  const atMs = TEN_PM + HOUR + 10 * MINUTE
  expect(rig.decide(rig.look(atMs - 1, did))).toBeNull()
  rig.decide(rig.look(atMs, did))
  expect(endsOf(rig)).toEqual([['card_lost', atMs]])
  expect(rig.accounts()).toEqual({
    pending: HOUR + 10 * MINUTE,
    broken_card_lost: 7 * HOUR - 10 * MINUTE,
  })
  expect(rig.draw.leases[0]?.revision).toBe(2)
})

test('C9: a lease that is kept in silence ends at its stated end, unproven', () => {
  const rig = new LeaseRig({ cards: 64, request: { isKeptInSilence: true } })
  expect(rig.decide(rig.look(TEN_PM + 7 * HOUR, []))).toBeNull()
  rig.decide(rig.look(TEN_PM + 48 * HOUR, []))
  expect(new Set(endsOf(rig).map(([end]) => end))).toEqual(new Set(['expired']))
  expect(rig.accounts()).toEqual({ pending: 64 * 8 * HOUR })
})

test('C9: a return that the node cannot hear stands, whatever is told of that time later', () => {
  const rig = new LeaseRig({ request: { isKeptInSilence: true } })
  const atMs = TEN_PM + 2 * HOUR
  const outcome = decideReturn(rig.draw, 'all', { ...DECIDED, nowMs: atMs })
  if (outcome.status !== 'decided') throw new Error('not returned')
  rig.take(outcome.change)
  rig.decide(rig.look(TEN_PM + 48 * HOUR, [['busy/active', 8 * 3_600]]))
  expect(endsOf(rig)).toEqual([['returned', atMs]])
  expect(rig.accounts()).toEqual({ pending: 2 * HOUR, returned: 6 * HOUR })
  expect(
    rig.decide(rig.look(TEN_PM + 48 * HOUR, []), [
      rig.record('ended', { atMs: UNTIL, cause: 'expire' }),
    ]),
  ).toBeNull()
})

test('C5: a card that counts on another node breaks the lease by its identity', () => {
  const rig = new LeaseRig()
  const row = { ...UNIT_ROW, isInConflict: true, isCounted: false }
  const nowMs = TEN_PM + HOUR
  rig.decide(rig.look(nowMs, [['busy/active', 3_600]], { row }))
  expect(endsOf(rig)).toEqual([['identity', nowMs]])
  expect(rig.accounts()).toEqual({ pending: HOUR, broken_identity: 7 * HOUR })
})

test('C5: a card in conflict that keeps counting stays lent', () => {
  const rig = new LeaseRig()
  const row = { ...UNIT_ROW, isInConflict: true }
  expect(rig.decide(rig.look(TEN_PM + HOUR, [['busy/active', 3_600]], { row }))).toBeNull()
})

test('C5: a card that was moved is lost where it was, at its last proof there', () => {
  const rig = new LeaseRig()
  const provenMs = TEN_PM + HOUR
  const row = { ...UNIT_ROW, validToMs: provenMs, validToReason: 'moved' as const }
  rig.decide(rig.look(provenMs + 2 * HOUR, [['busy/active', 3_600]], { row, unit: null }))
  expect(endsOf(rig)).toEqual([['card_lost', provenMs]])
})

test('C6: a card that is cut otherwise while it is lent breaks by that', () => {
  const rig = new LeaseRig()
  const recutAtMs = TEN_PM + HOUR
  rig.decide(rig.look(recutAtMs + MINUTE, [['busy/active', 3_600]], { recutAtMs }))
  expect(endsOf(rig)).toEqual([['reconfigured', recutAtMs]])
  expect(rig.accounts()).toEqual({ pending: HOUR, broken_reconfigured: 7 * HOUR })
})

test('C8 (E5): the owner’s scheduler takes a lent card a second after its start, and wins', () => {
  const rig = new LeaseRig()
  const atMs = TEN_PM + SECOND
  rig.decide(
    rig.look(TEN_PM + MINUTE, [
      ['free/proven', 1],
      ['allocated/scheduler', 59],
    ]),
  )
  expect(endsOf(rig)).toEqual([['owner_claimed', atMs]])
  expect(rig.draw.claims[0]?.recallCause).toBe('owner_claimed')
  expect(rig.accounts()).toEqual({ pending: SECOND, broken_recall: 8 * HOUR - SECOND })
  expect(rig.entries('lease_ended')).toMatchObject([
    { end: 'owner_claimed', ended_at_ms: atMs, cause: 'owner_claimed' },
  ])
})

test('C8 (E5): a card that was allocated before its lease began delivers nothing', () => {
  const rig = new LeaseRig()
  rig.decide(rig.look(TEN_PM + MINUTE, [['allocated/scheduler', 60]]))
  expect(endsOf(rig)).toEqual([['owner_claimed', TEN_PM]])
  expect(rig.accounts()).toEqual({ broken_recall: 8 * HOUR })
})

test('C11 (E6): 22:00 to 06:00, recalled at 01:30 with two minutes', () => {
  const rig = new LeaseRig()
  const recalledMs = TEN_PM + 3.5 * HOUR
  const did: Did = [['busy/active', 3.5 * 3_600]]
  const request = { leaseId: LEASE, noticeMs: 2 * MINUTE, cause: 'maintenance' }
  const outcome = decideRecall(rig.draw, request, { ...DECIDED, nowMs: recalledMs })
  if (outcome.status !== 'decided') throw new Error('not recalled')
  rig.take(outcome.change)
  expect(outcome.recallAtMs).toBe(recalledMs + 2 * MINUTE)
  expect(rig.draw.leases[0]?.revision).toBe(2)
  expect(rig.entries('lease_recalled')).toMatchObject([
    { cause: 'maintenance', recall_at_ms: recalledMs + 2 * MINUTE },
  ])

  expect(rig.decide(rig.look(recalledMs + 2 * MINUTE - 1, did))).toBeNull()
  rig.decide(rig.look(recalledMs + 2 * MINUTE, did))
  expect(endsOf(rig)).toEqual([['recall', recalledMs + 2 * MINUTE]])
  expect(rig.accounts()).toEqual({ pending: 12_720_000, broken_recall: 16_080_000 })
  expect(28_800_000).toBe(12_720_000 + 16_080_000)
})

test('C11 (E6): a recall without notice ends the lease at once and is told to the node', () => {
  const rig = new LeaseRig()
  const nowMs = TEN_PM + HOUR
  const request = { leaseId: LEASE, noticeMs: 0, cause: 'maintenance' }
  const outcome = decideRecall(rig.draw, request, { ...DECIDED, nowMs })
  if (outcome.status !== 'decided') throw new Error('not recalled')
  rig.take(outcome.change)
  expect(endsOf(rig)).toEqual([['recall', nowMs]])
  expect(rig.draw.leases[0]?.revision).toBe(2)
  const again = decideRecall(rig.draw, request, { ...DECIDED, nowMs })
  expect(again).toEqual({ status: 'refused', reason: 'lease_over' })
})

test('C11 (E6): a recall that names a later end than the one announced changes nothing', () => {
  const rig = new LeaseRig()
  const nowMs = TEN_PM + HOUR
  const request = { leaseId: LEASE, noticeMs: 2 * MINUTE, cause: 'maintenance' }
  const outcome = decideRecall(rig.draw, request, { ...DECIDED, nowMs })
  if (outcome.status !== 'decided') throw new Error('not recalled')
  rig.take(outcome.change)
  const later = decideRecall(rig.draw, { ...request, noticeMs: HOUR }, { ...DECIDED, nowMs })
  expect(later).toEqual({ status: 'done', recallAtMs: nowMs + 2 * MINUTE })
  const other = decideRecall(rig.draw, { ...request, leaseId: 'e-2' }, { ...DECIDED, nowMs })
  expect(other).toEqual({ status: 'refused', reason: 'lease_unknown' })
})

test('C11 (E6): whatever an owner calls his recall, it is a recall', () => {
  const rig = new LeaseRig()
  const nowMs = TEN_PM + HOUR
  const request = { leaseId: LEASE, noticeMs: MINUTE, cause: 'owner_claimed' }
  const outcome = decideRecall(rig.draw, request, { ...DECIDED, nowMs })
  if (outcome.status !== 'decided') throw new Error('not recalled')
  rig.take(outcome.change)
  rig.decide(rig.look(nowMs + MINUTE, [['busy/active', 3_660]]))
  expect(rig.draw.claims[0]).toMatchObject({ end: 'recall', recallCause: 'owner: owner_claimed' })
})

test('C1: a return within ten minutes of an interruption is free of blame', () => {
  const rig = new LeaseRig()
  const [lease] = rig.draw.leases
  if (lease === undefined) throw new Error('no lease')
  expect(isBlameless(lease, TEN_PM)).toBe(false)
  const interrupted = { ...lease, interruptedAtMs: TEN_PM }
  expect(isBlameless(interrupted, TEN_PM + 10 * MINUTE - 1)).toBe(true)
  expect(isBlameless(interrupted, TEN_PM + 10 * MINUTE)).toBe(false)
})

test('a fault of ten minutes loses the card at their end; a shorter one does not', () => {
  const rig = new LeaseRig()
  const short: Did = [
    ['busy/active', 600],
    ['faulty/health', 590],
    ['busy/active', 600],
  ]
  expect(rig.decide(rig.look(TEN_PM + 30 * MINUTE, short))).toBeNull()
  const long: Did = [...short, ['faulty/health', 300], ['faulty/ecc', 301]]
  rig.decide(rig.look(TEN_PM + 41 * MINUTE, long))
  expect(endsOf(rig)).toEqual([['card_lost', TEN_PM + 1_790 * SECOND + 10 * MINUTE]])
})

const nowMs = TEN_PM + 2 * HOUR
const atMs = TEN_PM + HOUR
const did: Did = [
  ['busy/active', 3_600],
  ['allocated/scheduler', 3_600],
]
const moved = { ...UNIT_ROW, validToMs: atMs, validToReason: 'moved' as const }

test.each<[string, Partial<CardLook>, number | null, string]>([
  ['cut otherwise and recalled', { recutAtMs: atMs }, atMs, 'reconfigured'],
  ['recalled and claimed by the owner', {}, atMs, 'recall'],
  ['claimed by the owner and moved', { row: moved }, null, 'owner_claimed'],
  ['recalled, and claimed an hour later', { trace: null }, atMs + 1, 'recall'],
])('E3: of causes at one instant the first of the table counts: %s', (_, card, recallAtMs, end) => {
  const rig = new LeaseRig()
  rig.draw = {
    ...rig.draw,
    claims: rig.draw.claims.map((claim) => ({ ...claim, recallAtMs })),
  }
  rig.decide(rig.look(nowMs, did, card))
  expect(rig.draw.claims[0]?.end).toBe(end)
})

test('E3: of causes at two instants the earlier counts', () => {
  const rig = new LeaseRig()
  rig.draw = {
    ...rig.draw,
    claims: rig.draw.claims.map((claim) => ({ ...claim, recallAtMs: atMs + 1 })),
  }
  rig.decide(rig.look(nowMs, did, { row: { ...UNIT_ROW, isCounted: false } }))
  expect(endsOf(rig)).toEqual([['owner_claimed', atMs]])
})

test.each<[string, Partial<CardLook>, Partial<Record<Account, number>>, number]>([
  ['is claimed by its owner', {}, { pending: HOUR, broken_recall: 7 * HOUR }, 2],
  ['is lost', { trace: null, row: moved }, { pending: HOUR, broken_card_lost: 7 * HOUR }, 2],
  ['is cut otherwise', { recutAtMs: atMs }, { pending: HOUR, broken_reconfigured: 7 * HOUR }, 2],
])(
  'E10: what is left of the promise of a card that %s is broken by that',
  (_, card, sums, told) => {
    const rig = new LeaseRig()
    rig.decide(rig.look(nowMs, did, card))
    expect(rig.accounts()).toEqual(sums)
    expect(rig.draw.leases[0]?.revision).toBe(told)
    expect(rig.draw.claims[0]).toMatchObject({ state: 'cleaning', endedAtMs: atMs })
  },
)

test('E4: silence ends nothing while the collector suspects itself, nor before it has listened', () => {
  const rig = new LeaseRig()
  const look = rig.look(TEN_PM + HOUR, [])
  expect(rig.decide({ ...look, isSilenceJudged: false })).toBeNull()
  expect(rig.decide({ ...look, listeningSinceMs: TEN_PM + HOUR - 9 * MINUTE })).toBeNull()
  rig.decide({ ...look, listeningSinceMs: TEN_PM + HOUR - 11 * MINUTE })
  expect(endsOf(rig)).toEqual([['card_lost', TEN_PM + HOUR - MINUTE]])
})

test('C18 (E7): nothing runs for 3 h: told at 30 minutes, once, and nothing is taken back', () => {
  const rig = new LeaseRig()
  expect(rig.decide(rig.look(TEN_PM + 29 * MINUTE, [['occupied/in_use', 29 * 60]]))).toBeNull()
  rig.decide(rig.look(TEN_PM + 30 * MINUTE, [['occupied/in_use', 1_800]]))
  expect(rig.entries('lease_idle')).toMatchObject([{ idle_since_ms: TEN_PM, ordinals: [0] }])
  const did: Did = [['occupied/in_use', 3 * 3_600]]
  expect(rig.decide(rig.look(TEN_PM + 3 * HOUR, did))).toBeNull()
  expect(rig.draw.claims[0]?.state).toBe('leased')

  const again: Did = [...did, ['busy/active', 60], ['free/proven', 1_800]]
  rig.decide(rig.look(TEN_PM + 3 * HOUR + 31 * MINUTE, again))
  expect(rig.entries('lease_idle')).toHaveLength(2)
})

test('C18 (E7): time of which nothing is known counts as no idle time', () => {
  const rig = new LeaseRig()
  const did: Did = [
    ['occupied/in_use', 1_790],
    ['unknown/probe', 600],
  ]
  expect(rig.decide(rig.look(TEN_PM + 40 * MINUTE, did))).toBeNull()
})
