/** Draws over a real store: what clients get, and what races, crashes and retries leave. */
import { CALENDAR_ALWAYS, calendarText, WEEKDAYS } from '@yiben/shared'
import { beforeEach, describe, expect, test } from 'vitest'
import type { DrawResult } from '../../../collector/src/bank/draw-desk.ts'
import { drawFaults, postingFaults } from '../../../collector/src/bank/draw-invariants.ts'
import { LEASE_LEAD_MS } from '../../../collector/src/bank/draw-post.ts'
import type { Draws } from '../../../collector/src/bank/draws.ts'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import { SCOPE_ALL } from '../../../collector/src/storage/requests.ts'
import { settle } from '../../support/fake-clock.ts'
import { accepted, cardsOf, DrawsRig, declined, lotOf, poolOf, SECOND } from './draws-rig.ts'
import { HOUR } from './ledger-rig.ts'

const UNREACHABLE = { status: 'unreachable' } as const

let rig: DrawsRig
let draws: Draws
let one: NodeId
let two: NodeId

/** Two nodes of two cards, all of them deposited. */
beforeEach(async () => {
  rig = new DrawsRig()
  one = await rig.node(1, 2)
  two = await rig.node(2, 2)
  await rig.deposit()
  draws = rig.process()
})

function hold(drawId: string, cards = 1, from: Draws = draws): Promise<DrawResult> {
  return from.hold(poolOf(drawId, cards), SCOPE_ALL)
}

const isDone = (state: string) => ({ status: 'done', draw: { state } })
const isRefused = (code: string, reason: string | null = null) => ({
  status: 'refused',
  refusal: { code, reason },
})

async function expectSound(drawId: string): Promise<void> {
  const draw = await rig.draw(drawId)
  expect(drawFaults(draw)).toEqual([])
  const own = rig.postings.filter((posting) => posting.drawId === drawId)
  expect(postingFaults(draw, own)).toEqual([])
}

test('every call is counted by what came of it', async () => {
  await hold('a', 1)
  await hold('a', 1)
  await hold('b', 400)
  await draws.post('a')
  await draws.return('a', 'all')
  await draws.void('nobody')
  const counted = draws.desk.calls.rows().filter(({ count }) => count > 0)
  const told = counted.map(({ labels, count }) => [labels.call, labels.outcome, count])
  expect(told.toSorted()).toEqual([
    ['hold', 'done', 1],
    ['hold', 'not_enough', 1],
    ['hold', 'repeated', 1],
    ['post', 'done', 1],
    ['return', 'done', 1],
    ['void', 'draw_unknown', 1],
  ])
})

describe('hold, post, return', () => {
  test('lends what was asked for, and gives it back', async () => {
    expect(await hold('a', 3)).toMatchObject({ isRepeat: false, ...isDone('held') })
    const posted = await draws.post('a')
    expect(posted).toMatchObject({
      isRepeat: false,
      draw: {
        state: 'posted',
        startMs: rig.now + LEASE_LEAD_MS,
        untilMs: rig.now + LEASE_LEAD_MS + HOUR,
        leases: [{ handover: { kind: 'slurm', endpoint: 'login', queue: 'bank' } }, {}],
      },
    })
    rig.ledger.clock.advance(20 * SECOND)
    expect(await draws.return('a', [0])).toMatchObject(isDone('posted'))
    const { draw } = doneOf(await draws.return('a', 'all'))
    expect(draw.claims.map(({ state }) => state)).toEqual(['cleaning', 'cleaning', 'cleaning'])
    await expectSound('a')
  })

  test('keeps with a grant what it rested on', async () => {
    const { draw } = doneOf(await hold('a'))
    expect(draw.claims[0]?.evidence).toMatchObject({
      sampledAtMs: rig.now,
      evidenceClass: 'A',
      isFenced: true,
      provenToMs: rig.now,
    })
  })

  test('asks every node once, for as long as the lease shall last', async () => {
    await draws.hold(
      cardsOf('a', [
        [one, 2],
        [two, 1],
      ]),
      SCOPE_ALL,
    )
    expect(new Map(rig.link.asked.map((asked) => [asked.nodeId, asked.unitIds.length]))).toEqual(
      new Map([
        [one, 2],
        [two, 1],
      ]),
    )
    const { startMs, untilMs } = rig.link.asked[0] ?? { startMs: 0, untilMs: 0 }
    expect([startMs, untilMs]).toEqual([rig.now + LEASE_LEAD_MS, rig.now + LEASE_LEAD_MS + HOUR])
  })

  test('voids what is not wanted, and the cards can be had again at once', async () => {
    await hold('a', 4)
    expect(await hold('b')).toMatchObject(isRefused('not_enough'))
    expect(await draws.void('a')).toMatchObject(isDone('voided'))
    expect(await hold('c', 4)).toMatchObject(isDone('held'))
  })

  test('extends to an instant, by asking every node again', async () => {
    await hold('a', 2)
    const { draw } = doneOf(await draws.post('a'))
    const untilMs = (draw.untilMs ?? 0) + HOUR
    rig.link.asked.length = 0
    expect(await draws.extend('a', untilMs)).toMatchObject({ draw: { untilMs }, isRepeat: false })
    expect(rig.link.asked).toMatchObject([{ startMs: draw.untilMs, untilMs }])
    expect(await draws.extend('a', untilMs)).toMatchObject({ isRepeat: true })
    await expectSound('a')
  })

  test.each([
    ['declined', 'calendar', declined('calendar')],
    ['node_unreachable', null, UNREACHABLE],
  ] as const)('extends nothing where one node has %s', async (code, reason, answer) => {
    await hold('a', 4)
    const { draw } = doneOf(await draws.post('a'))
    rig.link.answers.set(two, () => answer)
    const untilMs = (draw.untilMs ?? 0) + HOUR
    expect(await draws.extend('a', untilMs)).toMatchObject(isRefused(code, reason))
    expect(await rig.draw('a')).toEqual(draw)
  })

  test('extends no further than the owner consents to', async () => {
    await hold('a')
    const { draw } = doneOf(await draws.post('a'))
    const reach = (draw.startMs ?? 0) + 8 * HOUR
    expect(await draws.extend('a', reach + 1)).toMatchObject(isRefused('too_long'))
    expect(await draws.extend('a', reach)).toMatchObject(isDone('posted'))
  })

  test('extends not beyond the hours in which the owner lends by now', async () => {
    await hold('a', 2)
    const { draw } = doneOf(await draws.post('a'))
    const closes = new Date(rig.now + 2 * HOUR).getUTCHours() * 60
    const windows = [{ days: WEEKDAYS, fromMinute: closes, toMinute: closes - 180 }]
    const hours = { ...CALENDAR_ALWAYS, timeZone: 'UTC', weekly: windows }
    const nodeId = draw.claims[0]?.nodeId ?? one
    await rig.ledger.policy(nodeId, { calendar: calendarText(hours), minFreeMs: 60_000 })
    const untilMs = (draw.untilMs ?? 0) + 3 * HOUR
    expect(await draws.extend('a', untilMs)).toMatchObject(isRefused('too_long'))
  })
})

test('a decision that has waited to be written is made anew: no lease begins in the past', async () => {
  const store = rig.drawStore()
  let gate = Promise.resolve()
  draws = rig.process({
    ...store,
    commitDraws: async (changes) => {
      await gate
      return store.commitDraws(changes)
    },
  })
  await hold('a')
  await hold('b')
  gate = new Promise((resolve) => {
    rig.ledger.clock.after(1_500, resolve)
  })
  const first = draws.post('a')
  await settle()
  const second = draws.post('b')
  await settle()
  await rig.ledger.clock.run(1_500)
  await first
  expect(doneOf(await second).draw.startMs).toBeGreaterThanOrEqual(rig.now + LEASE_LEAD_MS - 1_000)
})

describe('an acceptance', () => {
  test('of at most 5 s ago is enough: the node is not asked twice', async () => {
    await hold('a')
    await rig.ledger.clock.run(5 * SECOND)
    expect(await draws.post('a')).toMatchObject(isDone('posted'))
    expect(rig.link.asked).toHaveLength(1)
  })

  test('that is older is asked for again (C7)', async () => {
    await hold('a')
    await rig.ledger.clock.run(5 * SECOND + 1)
    expect(await draws.post('a')).toMatchObject(isDone('posted'))
    expect(rig.link.asked).toHaveLength(2)
  })

  test('is not what a step of the wall clock says: its age is monotonic (C4)', async () => {
    await hold('a')
    rig.ledger.clock.stepWall(-HOUR)
    await rig.ledger.clock.run(5 * SECOND + 1)
    await draws.post('a').catch(() => null)
    expect(rig.link.asked).toHaveLength(2)
  })

  test('was true when it was asked: the time until the answer counts as age', async () => {
    const slow = async () => {
      await new Promise<void>((resolve) => rig.ledger.clock.after(1_500, resolve))
      return accepted(rig.now)
    }
    rig.link.answers.set(one, slow)
    rig.link.answers.set(two, slow)
    const holding = hold('a')
    await rig.ledger.clock.run(1_500)
    expect(await holding).toMatchObject(isDone('held'))
    rig.link.answers.clear()
    await rig.ledger.clock.run(4_000)
    await draws.post('a')
    expect(rig.link.asked).toHaveLength(2)
  })
})

describe('a job starts between hold and post (C7)', () => {
  test('the node declines when it is asked again: never two tenants', async () => {
    await draws.hold(cardsOf('a', [[one, 1]]), SCOPE_ALL)
    await rig.ledger.clock.run(6 * SECOND)
    rig.link.answers.set(one, () => declined('allocated'))
    expect(await draws.post('a')).toMatchObject(isRefused('declined', 'allocated'))
    expect(await rig.draw('a')).toMatchObject({ state: 'refused', leases: [] })
    expect(rig.postings).toEqual([])
    // A retry is told the same, though the node would lend again by now.
    rig.link.answers.clear()
    expect(await draws.post('a')).toMatchObject(isRefused('declined', 'allocated'))
  })

  test('its node tells of it first: the store grants nothing on an old acceptance', async () => {
    await draws.hold(cardsOf('a', [[one, 1]]), SCOPE_ALL)
    await rig.ledger.clock.run(4 * SECOND)
    await rig.ledger.tellLate(one, [['allocated/scheduler', 4]])
    expect(await draws.post('a')).toMatchObject(isRefused('declined', 'not_free'))
    expect(rig.link.asked).toHaveLength(1)
    expect(rig.postings).toEqual([])
  })
})

describe('a node that cannot be asked (C22)', () => {
  test('no acceptance, no post: the hold lapses by itself', async () => {
    await draws.hold(cardsOf('a', [[one, 1]]), SCOPE_ALL)
    await rig.ledger.clock.run(15 * SECOND)
    rig.link.answers.set(one, () => UNREACHABLE)
    expect(await draws.post('a')).toMatchObject(isRefused('node_unreachable'))
    expect(await rig.draw('a')).toMatchObject({ state: 'held', leases: [] })
    await rig.ledger.clock.run(15 * SECOND)
    rig.link.answers.clear()
    expect(await draws.post('a')).toMatchObject(isRefused('hold_lapsed'))
  })

  test('a veto on the node answers whatever comes later', async () => {
    await draws.hold(cardsOf('a', [[one, 1]]), SCOPE_ALL)
    await rig.ledger.clock.run(15 * SECOND)
    rig.link.answers.set(one, () => declined('veto'))
    expect(await draws.post('a')).toMatchObject(isRefused('declined', 'veto'))
  })

  test('may be back in time: then the same hold is posted', async () => {
    await draws.hold(cardsOf('a', [[one, 1]]), SCOPE_ALL)
    await rig.ledger.clock.run(15 * SECOND)
    rig.link.answers.set(one, () => UNREACHABLE)
    await draws.post('a')
    rig.link.answers.clear()
    expect(await draws.post('a')).toMatchObject(isDone('posted'))
  })

  test('that never answers is silent after 2 s', async () => {
    rig.link.answers.set(one, () => new Promise(() => {}))
    const holding = draws.hold(cardsOf('a', [[one, 1]]), SCOPE_ALL)
    await rig.ledger.clock.run(2 * SECOND)
    expect(await holding).toMatchObject(isRefused('node_unreachable'))
    expect(rig.ledger.clock.pendingTimers()).toBe(0)
  })

  test('is unreachable whatever goes wrong with asking it', async () => {
    rig.link.answers.set(one, () => Promise.reject(new Error('socket')))
    const holding = draws.hold(cardsOf('a', [[one, 1]]), SCOPE_ALL)
    expect(await holding).toMatchObject(isRefused('node_unreachable'))
  })
})

describe('many nodes', () => {
  test('give all that was asked for, or nothing', async () => {
    rig.link.answers.set(two, () => declined('allocated'))
    const held = await draws.hold(
      cardsOf('a', [
        [one, 2],
        [two, 1],
      ]),
      SCOPE_ALL,
    )
    expect(held).toMatchObject(isRefused('declined', 'allocated'))
    expect(await rig.draw('a')).toMatchObject({ state: 'refused', claims: [] })
    // The other node's cards are free for the next one.
    expect(await draws.hold(cardsOf('b', [[one, 2]]), SCOPE_ALL)).toMatchObject(isDone('held'))
  })

  test('of named lots are refused by the first node that declines: nothing is tried instead', async () => {
    const unitId = await rig.ledger.unitId(one, 0)
    rig.link.answers.set(one, ({ unitIds }) =>
      unitIds.includes(unitId) ? declined('allocated', unitId) : accepted(rig.now),
    )
    const held = await draws.hold(cardsOf('a', [[one, 1]]), SCOPE_ALL)
    expect(held).toMatchObject(isRefused('declined', 'allocated'))
    expect(rig.link.asked).toHaveLength(1)
  })

  test('of a pool are replaced by others that accept', async () => {
    rig.link.answers.set(one, () => declined('allocated'))
    const { draw } = doneOf(await hold('a', 2))
    expect(draw.claims.map(({ nodeId }) => nodeId)).toEqual([two, two])
    expect(draw).toMatchObject({ version: 1, state: 'held' })
  })

  test('of a pool are no longer asked for when they did not answer a moment ago', async () => {
    rig.link.answers.set(one, () => UNREACHABLE)
    await hold('a')
    rig.link.asked.length = 0
    await hold('b')
    expect(rig.link.asked.map(({ nodeId }) => nodeId)).toEqual([two])
  })

  test('of which none lends are refused with what was in the way', async () => {
    for (const nodeId of [one, two]) rig.link.answers.set(nodeId, () => declined('veto'))
    expect(await hold('a', 2)).toMatchObject(isRefused('declined', 'veto'))
    expect(await rig.draw('a')).toMatchObject({ state: 'refused', claims: [] })
  })

  test('decline single cards: the others of the node are taken', async () => {
    const unitId = await rig.ledger.unitId(one, 0)
    rig.link.answers.set(one, ({ unitIds }) =>
      unitIds.includes(unitId) ? declined('allocated', unitId) : accepted(rig.now),
    )
    rig.link.answers.set(two, () => declined('veto'))
    const { draw } = doneOf(await hold('a'))
    expect(draw.claims.map((claim) => claim.nodeId)).toEqual([one])
    expect(draw.claims.map((claim) => claim.unitId)).not.toContain(unitId)
  })

  test('that turn out to have no fence are not taken unasked', async () => {
    rig.link.answers.set(one, () => accepted(rig.now, false))
    const named = cardsOf('a', [[one, 1]])
    expect(await draws.hold(named, SCOPE_ALL)).toMatchObject(isRefused('unfenced'))
    const whatever = cardsOf('b', [[one, 1]], { isUnfencedTaken: true })
    expect(await draws.hold(whatever, SCOPE_ALL)).toMatchObject(isDone('held'))
  })
})

describe('a card of a pool that is lost before the post', () => {
  test('is replaced: the borrower has not seen it yet', async () => {
    const { draw } = doneOf(await hold('a', 2))
    const [lost] = draw.claims.map(({ nodeId }) => nodeId)
    if (lost === undefined || lost === null) throw new Error('held')
    rig.link.answers.set(lost, () => declined('allocated'))
    await rig.ledger.clock.run(6 * SECOND)
    const posted = doneOf(await draws.post('a')).draw
    expect(posted.state).toBe('posted')
    expect(posted.claims.map(({ state }) => state)).toEqual(['ended', 'ended', 'leased', 'leased'])
    expect(posted.leases.map(({ nodeId }) => nodeId)).toEqual([lost === one ? two : one])
    await expectSound('a')
  })

  test('leaves the others: the node of the replacement is asked about all of its cards', async () => {
    const { draw } = doneOf(await hold('a', 3))
    const byNode = Map.groupBy(draw.claims, ({ nodeId }) => nodeId)
    const single = [...byNode].find(([, claims]) => claims.length === 1)?.[0]
    const pair = single === one ? two : one
    const lost = byNode.get(pair)?.[0]?.unitId ?? 0
    rig.link.answers.set(pair, ({ unitIds }) =>
      unitIds.some((unitId) => unitId === lost) ? declined('allocated', lost) : accepted(rig.now),
    )
    await rig.ledger.clock.run(6 * SECOND)
    const posted = doneOf(await draws.post('a')).draw
    expect(posted.claims.filter(({ state }) => state === 'leased')).toHaveLength(3)
    expect(posted.claims.find(({ unitId }) => unitId === lost)?.state).toBe('ended')
    expect(rig.link.asked).toContainEqual(
      expect.objectContaining({
        nodeId: single,
        unitIds: [expect.anything(), expect.anything()],
      }),
    )
    await expectSound('a')
  })

  test('is not replaced by another card of its own draw, though the hold has ended meanwhile', async () => {
    const { draw } = doneOf(await hold('a', 3))
    const byNode = Map.groupBy(draw.claims, ({ nodeId }) => nodeId)
    const single = [...byNode].find(([, claims]) => claims.length === 1)?.[0] ?? one
    const elsewhere = rig.process()
    rig.link.answers.set(single, async () => {
      doneOf(await elsewhere.void('a'))
      rig.ledger.clock.advance(SECOND)
      return declined('allocated')
    })
    await rig.ledger.clock.run(6 * SECOND)
    expect(await draws.post('a')).toMatchObject({
      ...isRefused('wrong_state'),
      draw: { state: 'voided' },
    })
    await expectSound('a')
  })

  test('ends the hold where there is no other', async () => {
    await hold('a', 4)
    rig.link.answers.set(one, () => declined('veto'))
    await rig.ledger.clock.run(6 * SECOND)
    expect(await draws.post('a')).toMatchObject(isRefused('declined', 'veto'))
    expect(await rig.draw('a')).toMatchObject({ state: 'refused' })
    rig.link.answers.clear()
    await rig.ledger.clock.run(10 * SECOND)
    expect(await hold('b', 4)).toMatchObject(isDone('held'))
  })

  test('ends the hold of who wants no swap', async () => {
    const request = poolOf('a', 1, { swap: 'never' })
    const { draw } = doneOf(await draws.hold(request, SCOPE_ALL))
    const held = draw.claims[0]?.nodeId ?? one
    rig.link.answers.set(held, () => declined('allocated'))
    await rig.ledger.clock.run(6 * SECOND)
    expect(await draws.post('a')).toMatchObject(isRefused('declined', 'allocated'))
  })
})

describe('retries', () => {
  test('of a hold get what was granted, as it is by now', async () => {
    const first = doneOf(await hold('a'))
    expect(await hold('a')).toEqual({ ...first, isRepeat: true })
    await draws.post('a')
    expect(await hold('a')).toMatchObject({ isRepeat: true, ...isDone('posted') })
    expect(rig.link.asked).toHaveLength(1)
  })

  test('of a refused hold are refused alike, though cards are there by now', async () => {
    await hold('a', 4)
    expect(await hold('b')).toMatchObject(isRefused('not_enough'))
    await draws.void('a')
    expect(await hold('b')).toMatchObject(isRefused('not_enough'))
  })

  test('with another request are no retries', async () => {
    await hold('a')
    expect(await hold('a', 2)).toEqual({
      status: 'refused',
      refusal: expect.objectContaining({ code: 'id_reused' }),
      draw: null,
    })
    expect(await rig.draw('a')).toMatchObject({ version: 1, state: 'held' })
  })

  test('at once wait for the first call', async () => {
    const results = await Promise.all([hold('a'), hold('a'), draws.post('a'), draws.post('a')])
    expect(results).toMatchObject([
      { status: 'done', isRepeat: false },
      { status: 'done', isRepeat: true },
      { status: 'done', isRepeat: false },
      { status: 'done', isRepeat: true },
    ])
    expect(rig.postings).toHaveLength(1)
  })

  test('of a post, a void or a return change nothing', async () => {
    await hold('a')
    const posted = doneOf(await draws.post('a')).draw
    expect(await draws.post('a')).toEqual({ status: 'done', draw: posted, isRepeat: true })
    const returned = doneOf(await draws.return('a', 'all')).draw
    expect(await draws.return('a', [0])).toEqual({ status: 'done', draw: returned, isRepeat: true })
    await hold('b')
    const voided = doneOf(await draws.void('b')).draw
    expect(await draws.void('b')).toEqual({ status: 'done', draw: voided, isRepeat: true })
  })

  test.each([
    ['draw_unknown', (from: Draws) => from.post('nobody')],
    ['draw_unknown', (from: Draws) => from.void('nobody')],
    ['draw_unknown', (from: Draws) => from.return('nobody', 'all')],
    ['draw_unknown', (from: Draws) => from.extend('nobody', 1)],
    ['wrong_state', (from: Draws) => from.return('a', 'all')],
    ['wrong_state', (from: Draws) => from.extend('a', 1)],
  ])('of what cannot be done are refused as %s', async (code, call) => {
    await hold('a')
    expect(await call(draws)).toMatchObject(isRefused(code))
  })
})

describe('the collector itself', () => {
  test.each([
    ['recovering', 'isRecovering'],
    ['clock_accused', 'isAccused'],
    ['deposits_suspended', 'isSuspect'],
  ] as const)('grants nothing while %s, and forgets that it said so', async (code, guard) => {
    await hold('a')
    rig.guards[guard] = true
    expect(await hold('b')).toMatchObject(isRefused(code))
    expect(await draws.post('a')).toMatchObject(isRefused(code))
    expect(await draws.extend('a', 1)).toMatchObject(isRefused(code))
    expect(await draws.dryRun(poolOf('b'), SCOPE_ALL)).toMatchObject(isRefused(code))
    rig.guards[guard] = false
    expect(await hold('b')).toMatchObject(isDone('held'))
    expect(await draws.post('a')).toMatchObject(isDone('posted'))
  })

  test('takes cards back while it doubts its clock, but not while it does not know its draws', async () => {
    await hold('a')
    await draws.post('a')
    rig.guards.isRecovering = true
    expect(await draws.return('a', 'all')).toMatchObject(isRefused('recovering'))
    expect(await draws.void('a')).toMatchObject(isRefused('recovering'))
    rig.guards.isRecovering = false
    rig.guards.isAccused = true
    expect(await draws.return('a', 'all')).toMatchObject(isDone('posted'))
  })

  test('names reasons of its own before it looks at the draw', async () => {
    rig.guards.isRecovering = true
    rig.guards.isAccused = true
    expect(await draws.post('nobody')).toMatchObject(isRefused('recovering'))
    rig.guards.isRecovering = false
    rig.guards.isSuspect = true
    expect(await draws.post('nobody')).toMatchObject(isRefused('clock_accused'))
  })

  test('draws nothing from nodes that are not heard', async () => {
    rig.guards.suspended.add(one)
    const { draw } = doneOf(await hold('a', 2))
    expect(draw.claims.map(({ nodeId }) => nodeId)).toEqual([two, two])
    expect(await hold('b')).toMatchObject(isRefused('node_suspended'))
  })

  test('finishes what is under way when it stops, and takes nothing new', async () => {
    let answer = (_answer: ReturnType<typeof accepted>) => {}
    rig.link.answers.set(
      one,
      () =>
        new Promise((resolve) => {
          answer = resolve
        }),
    )
    const running = draws.run()
    const holding = draws.hold(cardsOf('a', [[one, 1]]), SCOPE_ALL)
    await settle()
    const stopping = draws.stop()
    await expect(hold('b')).rejects.toMatchObject({ code: 'draining' })
    answer(accepted(rig.now))
    expect(await holding).toMatchObject(isDone('held'))
    await Promise.all([stopping, running])
  })
})

describe('a dry run', () => {
  test('says what a hold would take, and holds nothing', async () => {
    const found = await draws.dryRun(poolOf('a', 3), SCOPE_ALL)
    expect(found).toMatchObject({ status: 'possible', chancePpm: null })
    if (found.status !== 'possible') throw new Error('refused')
    expect(found.lots.map(({ lotId }) => lotId).sort()).toEqual([lotOf(one), lotOf(two)].sort())
    expect(found.lots.reduce((sum, { cards }) => sum + cards, 0)).toBe(3)
    expect(rig.link.asked).toEqual([])
    expect(await draws.find('a')).toBeNull()
    expect(await draws.dryRun(poolOf('a', 5), SCOPE_ALL)).toMatchObject(isRefused('not_enough'))
  })
})

describe('lists', () => {
  test('are of the draws that touch the scope, newest first', async () => {
    await hold('a')
    await hold('b')
    const page = { cursor: null, limit: 10 }
    const filter = { states: 'all' as const, bank: null, borrower: null }
    const found = await draws.list(SCOPE_ALL, filter, page)
    expect(found.rows.map(({ request }) => request.drawId)).toEqual(['b', 'a'])
  })
})

function doneOf(result: DrawResult): Extract<DrawResult, { readonly status: 'done' }> {
  if (result.status !== 'done') throw new Error(`refused: ${result.refusal.code}`)
  return result
}
