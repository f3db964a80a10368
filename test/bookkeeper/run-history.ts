/**
 * One history of the bank from its seed: so many steps, each held against the second bookkeeper; then
 * everything is healed and comes to rest, settled, told and found in the journal.
 */

import { MINUTE } from '../collector/bank/ledger-rig.ts'
import { FakeRandom } from '../support/fake-clock.ts'
import { drawAction } from './actions.ts'
import { hasOpenPlaces } from './book.ts'
import { journalFaults, restFaults, stepFaults } from './checks.ts'
import { Clients } from './clients.ts'
import type { Spoiling } from './collector.ts'
import { requestOf, type Scene } from './scene.ts'
import { BankWorld, SECOND, type Site } from './world.ts'

const SITES: readonly Site[] = [
  {
    code: 'SITE-1',
    nodes: [
      { cards: 3, isFenced: true },
      { cards: 2, isFenced: true },
      { cards: 2, isFenced: true },
    ],
  },
  { code: 'SITE-2', nodes: [{ cards: 2, isFenced: false }] },
]
/** 1 April 2026, 00:00 in Shanghai: on 9 April all time before it is final. */
const FINAL_BEFORE_MS = Date.UTC(2026, 2, 31, 16)
const FINAL_MS = Date.UTC(2026, 3, 9, 16)
/** Longer than any lease that an action makes, and its cleaning. */
const QUIET_MINUTES_MAX = 60

export interface HistoryResult {
  readonly seed: number
  readonly problems: readonly string[]
  readonly trace: readonly string[]
  readonly steps: number
  /** How claims ended, by their causes: what a history has been through. */
  readonly ends: readonly string[]
}

export async function runHistory(
  seed: number,
  steps: number,
  spoiling: Spoiling = {},
): Promise<HistoryResult> {
  const world = new BankWorld(new FakeRandom(seed).fraction() * 2 ** 31, spoiling)
  const scene: Scene = { world, clients: new Clients(world), draws: 0 }
  const taken = { steps: 0 }
  const problems = await live(scene, steps, taken)
  await world.ledger.store.close()
  const ends = [...world.books.draws.values()].flatMap(({ books }) =>
    books.flatMap(({ end }) => (end === null ? [] : [end])),
  )
  return { seed, problems: problems.slice(0, 8), trace: world.trace, steps: taken.steps, ends }
}

async function live(
  scene: Scene,
  steps: number,
  taken: { steps: number },
): Promise<readonly string[]> {
  const { world } = scene
  try {
    await world.settle(SITES)
    for (; taken.steps < steps; taken.steps += 1) {
      const faults = await drawAction(scene)(scene)
      const problems = [...faults, ...(await stepFaults(world))]
      if (problems.length > 0) return problems
    }
    return await rest(scene)
  } catch (error) {
    return [`a bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`]
  }
}

async function rest(scene: Scene): Promise<readonly string[]> {
  const { world } = scene
  world.note('everything is healed')
  await heal(world)
  for (let minute = 0; minute < QUIET_MINUTES_MAX && isLending(world); minute += 1) {
    await world.passQuietly(MINUTE)
    const problems = await stepFaults(world)
    if (problems.length > 0) return problems
  }
  if (isLending(world)) return ['some lease never comes to its end']
  await world.passQuietly(3 * MINUTE)
  const lost = await allAreLent(scene)
  if (lost.length > 0) return lost
  await world.passQuietly(MINUTE)
  await world.wait(world.life.settler.drain())
  const { nowMs } = world
  const faults = await restFaults(world, { nowMs, finalBeforeMs: 0 })
  if (faults.length > 0) return faults
  return [
    ...(await stepFaults(world)),
    ...(await finalFaults(world)),
    ...(await journalFaults(world)),
  ]
}

/** What is unproven on the final day stays so. */
async function finalFaults(world: BankWorld): Promise<readonly string[]> {
  world.ledger.clock.advance(FINAL_MS - world.nowMs)
  await world.wait(world.life.settler.drain())
  return restFaults(world, { nowMs: world.nowMs, finalBeforeMs: FINAL_BEFORE_MS })
}

async function heal(world: BankWorld): Promise<void> {
  world.step(-world.steppedMs)
  world.isLineBad = false
  await world.pass(SECOND)
  for (const node of world.nodes) {
    node.isAway = false
    node.isStuck = false
    node.answerDelayMs = 0
    node.offUntilMs = 0
    node.offer()
    for (const card of node.cards) card.doing = 'free'
    world.life.leases.onConnected(node.nodeId)
  }
}

function isLending({ books }: BankWorld): boolean {
  return [...books.draws.values()].some((draw) => {
    return ['held', 'posted', 'booked'].includes(draw.state) || hasOpenPlaces(draw)
  })
}

/** No card is lost: all of them can be held at once, but those whose owner has to put up a fence. */
async function allAreLent({ clients, world }: Scene): Promise<readonly string[]> {
  const lendable = world.nodes.filter(({ isFenced, siteCode }) => {
    return isFenced || !world.books.needsFence(siteCode)
  })
  const cards = lendable.reduce((sum, node) => sum + node.cards.length, 0)
  const request = requestOf(
    { drawId: 'all', what: { kind: 'pool', cards }, forMs: MINUTE, isUnfencedTaken: true },
    'never',
  )
  const faults = await clients.make({ kind: 'hold', request })
  const isHeld = world.books.draws.get('all')?.state === 'held'
  if (!isHeld) return [...faults, `${cards} cards should be free, and cannot be held`]
  return [...faults, ...(await clients.make({ kind: 'void', drawId: 'all' }))]
}
