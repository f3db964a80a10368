/** Cards that can take the place of lent ones (C16), found over a real store. */
import { beforeEach, expect, test } from 'vitest'
import type { Draws } from '../../../collector/src/bank/draws.ts'
import type { Claim, Draw } from '../../../collector/src/model/draw.ts'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import { SCOPE_ALL } from '../../../collector/src/storage/requests.ts'
import { accepted, DrawsRig, declined, poolOf, SECOND } from './draws-rig.ts'

let rig: DrawsRig
let draws: Draws
let nodes: readonly NodeId[]

/** Three nodes of two cards. */
beforeEach(async () => {
  rig = new DrawsRig()
  nodes = [await rig.node(1, 2), await rig.node(2, 2), await rig.node(3, 2)]
  await rig.deposit()
  draws = rig.process()
})

async function lent(cards: number, pool: object = {}): Promise<Draw> {
  const what = { kind: 'pool' as const, cards, ...pool }
  await draws.hold(poolOf('a', cards, { what, swap: 'with_notice' }), SCOPE_ALL)
  const result = await draws.post('a')
  if (result.status !== 'done') throw new Error(result.refusal.code)
  rig.link.asked.length = 0
  return result.draw
}

const freeNodes = (draw: Draw) =>
  nodes.filter((node) => draw.leases.every(({ nodeId }) => nodeId !== node))
const first = ({ claims }: Draw): readonly Claim[] => claims.slice(0, 1)

test('a card is found on another node, accepted for what is left of the promise', async () => {
  const draw = await lent(2)
  const swaps = await draws.swaps.replacementsFor(draw, first(draw))
  expect([...swaps.keys()]).toEqual([0])
  expect(freeNodes(draw)).toContain(swaps.get(0)?.card.nodeId)
  expect(swaps.get(0)).toMatchObject({
    card: { sampledAtMs: rig.now, isFenced: true },
    handover: { kind: 'slurm', endpoint: 'login', queue: 'bank' },
  })
  expect(rig.link.asked).toMatchObject([{ untilMs: draw.untilMs }])
})

test('a node that declines is passed over', async () => {
  const draw = await lent(2)
  const [one, two] = freeNodes(draw)
  if (one === undefined || two === undefined) throw new Error('free')
  rig.link.answers.set(one, () => declined('veto'))
  const swaps = await draws.swaps.replacementsFor(draw, first(draw))
  expect(swaps.get(0)?.card.nodeId).toBe(two)
})

test('places that nothing is found for are left out', async () => {
  const draw = await lent(4)
  const [last] = freeNodes(draw)
  if (last === undefined) throw new Error('free')
  const unitId = await rig.ledger.unitId(last, 0)
  rig.link.answers.set(last, ({ unitIds }) =>
    unitIds.includes(unitId) ? declined('allocated', unitId) : accepted(rig.now),
  )
  const swaps = await draws.swaps.replacementsFor(draw, draw.claims.slice(0, 2))
  expect(swaps.size).toBe(1)
  expect([...swaps.values()].map(({ card }) => card.unitId)).not.toContain(unitId)
})

test('cards that come in groups are replaced as a group or not at all', async () => {
  const draw = await lent(4, { cardsPerNode: 2 })
  const [last] = freeNodes(draw)
  if (last === undefined) throw new Error('free')
  const group = draw.claims.filter(({ nodeId }) => nodeId === draw.claims[0]?.nodeId)
  const unitId = await rig.ledger.unitId(last, 0)
  rig.link.answers.set(last, () => declined('allocated', unitId))
  expect((await draws.swaps.replacementsFor(draw, group)).size).toBe(0)
  rig.link.answers.clear()
  await rig.ledger.clock.run(10_000)
  const swaps = await draws.swaps.replacementsFor(draw, group)
  expect([...swaps.values()].map(({ card }) => card.nodeId)).toEqual([last, last])
})

test('what was found is out of reach for other draws until the lots show it', async () => {
  const draw = await lent(4)
  await draws.swaps.replacementsFor(draw, draw.claims.slice(0, 2))
  expect(await draws.dryRun(poolOf('b'), SCOPE_ALL)).toMatchObject({ status: 'refused' })
  rig.ledger.clock.advance(1)
  expect(await draws.dryRun(poolOf('b'), SCOPE_ALL)).toMatchObject({ status: 'possible' })
})

test('a card takes one place of a draw, however long the node asked for another one thinks', async () => {
  rig = new DrawsRig()
  const lending = await rig.node(1, 2)
  const quick = await rig.node(2, 1)
  const slow = [await rig.node(3, 1), await rig.node(4, 1)]
  await rig.deposit()
  draws = rig.process()
  await draws.hold(poolOf('a', 2, { swap: 'with_notice' }), SCOPE_ALL)
  const posted = await draws.post('a')
  if (posted.status !== 'done') throw new Error('not posted')
  expect(posted.draw.claims.map(({ nodeId }) => nodeId)).toEqual([lending, lending])

  for (const nodeId of slow) {
    rig.link.answers.set(nodeId, async () => {
      rig.ledger.clock.advance(SECOND)
      return declined('allocated')
    })
  }
  const swaps = await draws.swaps.replacementsFor(posted.draw, posted.draw.claims)
  const cards = [...swaps.values()].map(({ card }) => card)
  expect(rig.link.asked.map(({ nodeId }) => nodeId)).toEqual(expect.arrayContaining(slow))
  expect(cards.map(({ nodeId }) => nodeId)).toEqual([quick])
})
