/** Bookings over a real store: what is taken, bound, filled, broken (SPEC Bookings; C17). */
import { silentLogger } from '@yiben/shared'
import { beforeEach, describe, expect, test } from 'vitest'
import { openPlaces } from '../../../collector/src/bank/booking.ts'
import type { BookedPools } from '../../../collector/src/bank/booking-judge.ts'
import { Bookings } from '../../../collector/src/bank/bookings.ts'
import type { DrawResult } from '../../../collector/src/bank/draw-desk.ts'
import { drawFaults, postingFaults } from '../../../collector/src/bank/draw-invariants.ts'
import type { Draws } from '../../../collector/src/bank/draws.ts'
import type { Draw, DrawRequest, Posting } from '../../../collector/src/model/draw.ts'
import type { NodeId, UnitId } from '../../../collector/src/model/ids.ts'
import { SCOPE_ALL } from '../../../collector/src/storage/requests.ts'
import { DrawsRig, declined, poolOf, SECOND } from './draws-rig.ts'
import { HOUR, LOTS, MINUTE, SITE } from './ledger-rig.ts'

const CARDS_PER_NODE = 8
/** The longest that the owners of the rig lend. */
const LENGTH = 8 * HOUR
const H800 = LOTS.kindOf({
  vendor: 'nvidia',
  name: 'NVIDIA H800',
  memoryTotalMib: 81_559,
  powerCapWatts: 700,
})

let rig: DrawsRig
let draws: Draws
let bookings: Bookings
let nodes: NodeId[]
let free: { p50: number; p80: number; p95: number } | null

function processes(): void {
  draws = rig.process()
  const pools: BookedPools = { freeQuantiles: () => free, kindsAt: () => [H800] }
  bookings = new Bookings({
    store: rig.ledger.store,
    clock: rig.ledger.clock,
    desk: draws.desk,
    nowMs: () => rig.now,
    pools: () => pools,
    kindsAt: () => pools.kindsAt(SITE),
    logger: silentLogger,
  })
}

/** So many nodes of eight cards, all of them deposited. */
async function fleet(count: number): Promise<void> {
  rig = new DrawsRig()
  nodes = []
  for (let number = 1; number <= count; number += 1) {
    nodes.push(await rig.node(number, CARDS_PER_NODE))
  }
  await rig.deposit()
  free = { p50: 64, p80: 56, p95: 40 }
  processes()
}

function request(
  drawId: string,
  cards: number,
  change: {
    cardsMin?: number
    startMs?: number
    confidencePpm?: number
    siteCode?: string
    forMs?: number
  } = {},
): DrawRequest & { readonly startMs: number } {
  const { cardsMin = null, confidencePpm = 500_000, siteCode = SITE } = change
  const startMs = change.startMs ?? rig.now + HOUR
  const pool = poolOf(drawId, cards)
  const what = {
    kind: 'pool' as const,
    vendor: null,
    model: H800.model,
    isDomestic: null,
    memoryGibMin: null,
    siteCode,
    regionCode: null,
    hub: null,
    cards,
    cardsMin,
    cardsPerNode: null,
    isSameSite: true,
  }
  return { ...pool, what, startMs, confidencePpm, forMs: change.forMs ?? LENGTH }
}

function book(...args: Parameters<typeof request>): Promise<DrawResult> {
  return bookings.book(request(...args), SCOPE_ALL)
}

/** Minutes in which every card stays free, up to `untilMs`; then what is due is looked at. */
async function liveTo(untilMs: number): Promise<void> {
  while (rig.now + MINUTE <= untilMs) await rig.minute()
  rig.ledger.clock.advance(untilMs - rig.now)
  await bookings.drain()
}

/** The next unit numbers of a node, as they were admitted: 1 to 8 for the first one. */
function unitsOf(node: number, count: number): number[] {
  return Array.from({ length: count }, (_, card) => node * CARDS_PER_NODE + card + 1)
}

async function postingsOf(drawId: string): Promise<readonly Posting[]> {
  const page = await rig.ledger.store.listBookedClaims({ cursor: null, limit: 1_000 })
  return page.rows.filter((row) => row.drawId === drawId).flatMap(({ postings }) => postings)
}

async function expectSound(drawId: string): Promise<void> {
  const draw = await rig.draw(drawId)
  expect(drawFaults(draw)).toEqual([])
  expect(postingFaults(draw, await postingsOf(drawId))).toEqual([])
}

function boundCards({ claims }: Draw): readonly (UnitId | null)[] {
  return claims.filter(({ state }) => state === 'leased').map(({ unitId }) => unitId)
}

async function brokenMs(drawId: string): Promise<number> {
  const postings = await postingsOf(drawId)
  return postings
    .filter(({ to }) => to === 'broken_unfilled')
    .reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)
}

describe('K1 to K4, K7: a booking', () => {
  beforeEach(() => fleet(1))

  test('is taken up to the quantile that is asked for, in every hour it touches', async () => {
    expect(await book('a', 40, { confidencePpm: 950_000 })).toMatchObject({
      status: 'done',
      draw: { state: 'booked' },
    })
    // What is booked with 95 % takes from what is free with 80 % and 50 %.
    expect(await book('b', 17, { confidencePpm: 800_000 })).toMatchObject({
      status: 'refused',
      refusal: { code: 'over_booked' },
    })
    expect(await book('c', 16, { confidencePpm: 800_000 })).toMatchObject({ status: 'done' })
    expect(await book('d', 8)).toMatchObject({ status: 'done' })
    expect(await book('e', 1)).toMatchObject({ status: 'refused' })
    const overlapping = { startMs: rig.now + HOUR + LENGTH - MINUTE }
    expect(await book('f', 1, overlapping)).toMatchObject({ status: 'refused' })
  })

  test('that is refused stays refused under its id, and a retry is answered the same', async () => {
    const asked = request('a', 65)
    expect(await bookings.book(asked, SCOPE_ALL)).toMatchObject({ status: 'refused' })
    free = { p50: 99, p80: 99, p95: 99 }
    expect(await bookings.book(asked, SCOPE_ALL)).toMatchObject({ status: 'refused' })
    const fine = request('b', 8)
    expect(await bookings.book(fine, SCOPE_ALL)).toMatchObject({ isRepeat: false })
    expect(await bookings.book(fine, SCOPE_ALL)).toMatchObject({ isRepeat: true })
    expect(await bookings.book({ ...fine, holdMs: 2_000 }, SCOPE_ALL)).toMatchObject({
      refusal: { code: 'id_reused' },
    })
  })

  const REFUSED: readonly (readonly [string, Parameters<typeof request>[2] & object])[] = [
    ['too_far', { startMs: 8 * 24 * HOUR }],
    ['too_far', { startMs: 30 * SECOND }],
    ['lot_unknown', { siteCode: 'XX-99' }],
    ['too_long', { forMs: LENGTH + 1 }],
    ['not_sure_enough', { confidencePpm: 900_000 }],
  ]
  test.each(REFUSED)('is refused by name: %s', async (code, { startMs, ...change }) => {
    const at = startMs === undefined ? {} : { startMs: rig.now + startMs }
    expect(await book('a', 1, { ...change, ...at })).toMatchObject({ refusal: { code } })
  })

  test('is refused where nobody knows what will be free', async () => {
    free = null
    expect(await book('a', 1)).toMatchObject({ refusal: { code: 'not_sure_enough' } })
  })

  test('that is given up before its start leaves room for others', async () => {
    await book('a', 64)
    expect(await bookings.void('a')).toMatchObject({ draw: { state: 'voided' } })
    expect(await bookings.void('a')).toMatchObject({ isRepeat: true })
    expect(await book('b', 64)).toMatchObject({ status: 'done' })
    expect(await rig.ledger.store.readBooked('a')).toEqual([])
  })

  test('is bound to cards at its start, and takes nothing more from what may be booked', async () => {
    const startMs = rig.now + HOUR
    await book('a', 8)
    await liveTo(startMs - 10 * SECOND)
    const draw = await rig.draw('a')
    expect(draw).toMatchObject({ state: 'posted', startMs, untilMs: startMs + LENGTH })
    expect(boundCards(draw)).toHaveLength(8)
    expect(draw.leases).toMatchObject([{ startMs, revision: 1, handover: { kind: 'slurm' } }])
    expect(await rig.ledger.store.readBooked('a')).toEqual([])
    await expectSound('a')
  })

  test('is bound once, by whichever process comes to it', async () => {
    await book('a', 8)
    const startMs = rig.now + HOUR
    const first = bookings
    processes()
    while (rig.now + MINUTE <= startMs - 10 * SECOND) await rig.minute()
    rig.ledger.clock.advance(startMs - 10 * SECOND - rig.now)
    await Promise.all([first.drain(), bookings.drain()])
    expect(boundCards(await rig.draw('a'))).toHaveLength(8)
    await expectSound('a')
  })
})

describe('K8: a booking whose collector was away at its start', () => {
  beforeEach(() => fleet(1))

  test.each([
    ['is bound late: the time before is broken', 5 * MINUTE, 'posted'],
    ['is broken after a quarter of an hour', 15 * MINUTE, 'broken'],
  ])('%s', async (_, lateMs, state) => {
    const startMs = rig.now + HOUR
    await book('a', 8)
    while (rig.now < startMs + lateMs) await rig.minute()
    await bookings.drain()
    expect(await rig.draw('a')).toMatchObject({ state })
    expect(await brokenMs('a')).toBe(8 * (state === 'broken' ? LENGTH : lateMs + 2 * SECOND))
    await expectSound('a')
  })
})

describe('C17, K5, K6: 64 cards at 22:00, at least 56 of them', () => {
  beforeEach(() => fleet(8))

  function withhold(cards: number): void {
    const last = nodes.at(-1)
    if (last === undefined) throw new Error('there are nodes')
    rig.link.answers.set(last, ({ unitIds }) => {
      const withheld = unitsOf(7, 8).slice(8 - cards)
      const own = unitIds.filter((unitId) => withheld.includes(unitId))
      if (own.length === 0) return { status: 'accepted', sampledAtMs: rig.now, isFenced: true }
      return declined('allocated', ...own)
    })
  }

  test('58 free: they are bound, six are filled as cards free up, each late part is broken', async () => {
    const startMs = rig.now + HOUR
    await book('a', 64, { cardsMin: 56 })
    withhold(6)
    await liveTo(startMs - 2 * SECOND)
    const bound = await rig.draw('a')
    expect(boundCards(bound)).toHaveLength(58)
    expect(openPlaces(bound)).toHaveLength(6)
    await expectSound('a')

    withhold(2)
    await liveTo(startMs + 5 * MINUTE)
    const filledAtMs = rig.now + 2 * SECOND
    expect(boundCards(await rig.draw('a'))).toHaveLength(62)
    expect(await brokenMs('a')).toBe(4 * (filledAtMs - startMs))
    await expectSound('a')

    await liveTo(startMs + 15 * MINUTE)
    expect(openPlaces(await rig.draw('a'))).toEqual([])
    expect(await brokenMs('a')).toBe(4 * (filledAtMs - startMs) + 2 * LENGTH)
    rig.link.answers.clear()
    await liveTo(startMs + 16 * MINUTE)
    expect(boundCards(await rig.draw('a'))).toHaveLength(62)
    await expectSound('a')
  })

  test('a place whose time is over stays open although the draw has been extended past it', async () => {
    const startMs = rig.now + HOUR
    await book('a', 64, { cardsMin: 56, forMs: 10 * MINUTE })
    withhold(6)
    await liveTo(startMs - 2 * SECOND)
    expect(await draws.extend('a', startMs + HOUR)).toMatchObject({ status: 'done' })
    await liveTo(startMs + 10 * MINUTE)
    rig.link.answers.clear()
    await liveTo(startMs + 11 * MINUTE)
    expect(openPlaces(await rig.draw('a'))).toHaveLength(6)
    await liveTo(startMs + 15 * MINUTE)
    expect(await brokenMs('a')).toBe(6 * 10 * MINUTE)
    await expectSound('a')
  })

  test('55 free: nothing is bound, all of it is broken', async () => {
    const startMs = rig.now + HOUR
    await book('a', 64, { cardsMin: 56 })
    const last = nodes.at(-1)
    const before = nodes.at(-2)
    if (last === undefined || before === undefined) throw new Error('there are nodes')
    rig.link.answers.set(last, () => ({ status: 'unreachable' }))
    rig.link.answers.set(before, ({ unitIds }) => {
      const [first] = unitIds
      return unitIds.includes(unitsOf(6, 1)[0] as UnitId)
        ? declined('veto', unitsOf(6, 1)[0] ?? first ?? 0)
        : { status: 'accepted', sampledAtMs: rig.now, isFenced: true }
    })
    await liveTo(startMs - 2 * SECOND)
    const draw = await rig.draw('a')
    expect(draw).toMatchObject({ state: 'broken', refusal: { cardsAvailable: 55 } })
    expect(boundCards(draw)).toEqual([])
    expect(await brokenMs('a')).toBe(64 * LENGTH)
    expect(await rig.ledger.store.readBooked('a')).toEqual([])
    await expectSound('a')
  })

  test('open places are found again by the next process, and given up by it', async () => {
    const startMs = rig.now + HOUR
    await book('a', 64, { cardsMin: 56 })
    withhold(6)
    await liveTo(startMs - 2 * SECOND)
    processes()
    withhold(5)
    await liveTo(startMs + MINUTE)
    expect(boundCards(await rig.draw('a'))).toHaveLength(59)
    processes()
    await liveTo(startMs + 15 * MINUTE)
    expect(openPlaces(await rig.draw('a'))).toEqual([])
    await expectSound('a')
  })
})

describe('K9: what is booked', () => {
  beforeEach(() => fleet(1))

  test('is not held by draws that would last into it, and is by those that end before', async () => {
    await book('a', 6, { startMs: rig.now + 2 * HOUR })
    const long = poolOf('long', 3, { forMs: 3 * HOUR })
    expect(await draws.hold(long, SCOPE_ALL)).toMatchObject({
      refusal: { code: 'not_enough', cardsAvailable: 2 },
    })
    const fitting = poolOf('fitting', 2, { forMs: 3 * HOUR })
    expect(await draws.hold(fitting, SCOPE_ALL)).toMatchObject({ status: 'done' })
    const short = poolOf('short', 6, { forMs: HOUR })
    expect(await draws.hold(short, SCOPE_ALL)).toMatchObject({ status: 'done' })
  })

  test('and given up says nothing of what is free: a surer booking finds its room', async () => {
    await book('a', 6, { confidencePpm: 500_000 })
    await bookings.void('a')
    expect(await book('b', 6, { confidencePpm: 950_000 })).toMatchObject({ status: 'done' })
  })

  test('and given up is anybody’s again', async () => {
    await book('a', 6, { startMs: rig.now + 2 * HOUR })
    await bookings.void('a')
    const long = poolOf('long', 8, { forMs: 3 * HOUR })
    expect(await draws.hold(long, SCOPE_ALL)).toMatchObject({ status: 'done' })
  })
})
