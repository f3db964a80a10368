/** What owners, borrowers and nodes do in a world of the bank. */
import { lotOf } from '../collector/bank/draws-rig.ts'
import { MINUTE } from '../collector/bank/ledger-rig.ts'
import type { Doing, FakeNode } from './node.ts'
import { NOTHING, requestOf, type Scene } from './scene.ts'
import { type BankWorld, SECOND } from './world.ts'

const DOINGS: readonly Doing[] = [
  ...(['free', 'free', 'busy', 'busy', 'busy', 'occupied', 'probe', 'grey', 'faulty'] as const),
]

export async function recall(scene: Scene) {
  const { chance, books } = scene.world
  const lent = [...books.draws.values()]
    .flatMap((draw) => draw.books)
    .flatMap(({ leaseId, state }) => (leaseId !== null && state === 'leased' ? [leaseId] : []))
  if (lent.length === 0) return NOTHING
  const noticeMs = chance.whole(0, 3) === 0 ? 0 : chance.whole(1, 2 * MINUTE)
  return scene.clients.recall(chance.of(lent), noticeMs)
}

export async function work({ world }: Scene) {
  const { card, node } = anyCard(world)
  await step(world)
  if (card.doing === 'allocated') return NOTHING
  card.doing = world.chance.of(DOINGS)
  world.note(`card ${card.unitId} of ${node.nodeId} is ${card.doing}`)
  return NOTHING
}

/** A borrower makes something of his cards. */
export async function workUnderLease({ world }: Scene) {
  await step(world)
  const lent = [...world.books.draws.values()]
    .flatMap((draw) => draw.books)
    .flatMap(({ state, unitId }) => (state === 'leased' && unitId !== null ? [unitId] : []))
  for (const { cards } of world.nodes) {
    for (const card of cards) {
      if (!lent.includes(card.unitId) || card.doing === 'allocated' || world.chance.isHeads)
        continue
      card.doing = world.chance.of(['busy', 'busy', 'occupied', 'free', 'probe', 'faulty'])
    }
  }
  return NOTHING
}

/** Whoever runs something stops, so that there are cards to lend. */
export async function tidyUp({ world }: Scene) {
  await step(world)
  for (const { cards } of world.nodes) {
    for (const card of cards) if (world.chance.whole(0, 3) > 0) card.doing = 'free'
  }
  return NOTHING
}

export async function allocate({ world }: Scene) {
  await step(world)
  const { card, node } = anyCard(world)
  node.allocate(card.index)
  world.note(`card ${card.unitId} of ${node.nodeId} is given a job of its owner`)
  return NOTHING
}

export async function reclaim({ world }: Scene) {
  await step(world)
  const { card, node } = anyCard(world)
  const atMs = world.nowMs - (world.chance.isHeads ? 0 : world.chance.whole(0, 5 * MINUTE))
  node.reclaim([card.index], atMs)
  world.note(`card ${card.unitId} of ${node.nodeId} is reclaimed as of ${atMs - world.nowMs} ms`)
  return NOTHING
}

/** The bank draws before it can have heard of it (C22). */
export async function reclaimUnheard(scene: Scene) {
  const { world } = scene
  const { card, node } = anyCard(world)
  if (card.doing !== 'free') return NOTHING
  node.live(world.nowMs)
  node.reclaim([card.index], world.nowMs)
  world.note(`card ${card.unitId} of ${node.nodeId} is reclaimed, unheard`)
  scene.draws += 1
  const lot = { lotId: lotOf(node.nodeId), cards: node.cards.length }
  const asked = { drawId: `d${scene.draws}`, what: { kind: 'cards' as const, lots: [lot] } }
  const request = requestOf({ ...asked, forMs: 5 * MINUTE, isUnfencedTaken: true }, 'never')
  const faults = await scene.clients.make({ kind: 'hold', request })
  if (faults.length > 0) return faults
  return scene.clients.make({ kind: 'post', drawId: asked.drawId })
}

export async function offer({ world }: Scene) {
  await step(world)
  for (const node of world.nodes) if (world.chance.isHeads) node.offer()
  return NOTHING
}

export async function goAway({ world }: Scene) {
  const node = world.chance.of(world.nodes)
  node.isAway = true
  world.note(`${node.nodeId} is away`)
  return NOTHING
}

export async function getStuck({ world }: Scene) {
  const node = world.chance.of(world.nodes)
  node.isStuck = true
  world.note(`${node.nodeId} tells nothing`)
  return NOTHING
}

/** It is back, and tells a part of what it knows, or all. */
export async function comeBack({ world }: Scene) {
  const away = world.nodes.filter(({ isAway, isStuck }) => isAway || isStuck)
  if (away.length === 0) return NOTHING
  const node = world.chance.of(away)
  node.live(world.nowMs)
  if (world.chance.isHeads) {
    await world.fetch(node, world.chance.whole(1, 6))
    world.note(`${node.nodeId} tells a part of what it knows`)
    await world.look()
    return NOTHING
  }
  node.isAway = false
  node.isStuck = false
  world.life.leases.onConnected(node.nodeId)
  world.note(`${node.nodeId} is back`)
  await step(world)
  return NOTHING
}

export async function reboot({ world }: Scene) {
  const node = world.chance.of(world.nodes)
  await step(world)
  node.offUntilMs = world.nowMs + world.chance.whole(10 * SECOND, 5 * MINUTE)
  world.note(`${node.nodeId} is off for ${node.offUntilMs - world.nowMs} ms`)
  return NOTHING
}

export async function thinkLong({ world }: Scene) {
  const node = world.chance.of(world.nodes)
  node.answerDelayMs = world.chance.of([0, 0, 300, 1_500, 3_000])
  return NOTHING
}

export async function spoilLine({ world }: Scene) {
  world.isLineBad = world.chance.isHeads
  return NOTHING
}

/** A node says at once that a card has left free. */
export async function sayAtOnce({ world }: Scene) {
  const { card, node } = anyCard(world)
  if (node.isAway || node.isStuck || card.doing === 'free' || card.doing === 'grey') return NOTHING
  node.live(world.nowMs)
  await world.fetch(node)
  world.life.leases.onEvent(node.nodeId, { units: [card.index] })
  world.books.evidence.saidAtOnce(card.unitId, world.nowMs)
  await world.look()
  return NOTHING
}

/** Time for what a card did so far to be told apart from what it does now. */
async function step(world: BankWorld): Promise<void> {
  await world.pass(world.chance.whole(50, 4 * SECOND))
}

function anyCard({ chance, nodes }: BankWorld): {
  node: FakeNode
  card: FakeNode['cards'][number]
} {
  const node = chance.of(nodes)
  return { node, card: chance.of(node.cards) }
}
