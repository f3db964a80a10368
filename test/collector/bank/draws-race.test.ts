/** Many clients and several processes at once: nothing is granted twice, nothing is lost. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { drawFaults, postingFaults } from '../../../collector/src/bank/draw-invariants.ts'
import type { Draws } from '../../../collector/src/bank/draws.ts'
import type { Draw } from '../../../collector/src/model/draw.ts'
import { SCOPE_ALL } from '../../../collector/src/storage/requests.ts'
import { accepted, cardsOf, DrawsRig, declined, poolOf } from './draws-rig.ts'
import { HOUR } from './ledger-rig.ts'

async function rigOf(...cardsByNode: readonly number[]) {
  const rig = new DrawsRig()
  const nodes = []
  for (const [index, cards] of cardsByNode.entries()) nodes.push(await rig.node(index + 1, cards))
  await rig.deposit()
  return { rig, nodes }
}

describe('two clients and one card', () => {
  test('of one process: one gets it, the other is told that somebody was quicker', async () => {
    const { rig, nodes } = await rigOf(1)
    const [node] = nodes
    if (node === undefined) throw new Error('no node')
    const draws = rig.process()
    const results = await Promise.all(
      ['a', 'b'].map((drawId) => draws.hold(cardsOf(drawId, [[node, 1]]), SCOPE_ALL)),
    )
    expect(results).toMatchObject([{ status: 'done' }, { refusal: { code: 'taken' } }])
    expect(rig.link.asked).toHaveLength(1)
  })

  test('of two processes: the store decides', async () => {
    const { rig, nodes } = await rigOf(1)
    const [node] = nodes
    if (node === undefined) throw new Error('no node')
    const processes = [rig.process(), rig.process()]
    const results = await Promise.all(
      processes.map((draws, index) => draws.hold(cardsOf(`d${index}`, [[node, 1]]), SCOPE_ALL)),
    )
    expect(results.map(({ status }) => status).sort()).toEqual(['done', 'refused'])
    expect(results.find(({ status }) => status === 'refused')).toMatchObject({
      refusal: { code: 'taken' },
    })
  })

  test('and one id in two processes: one draw', async () => {
    const { rig } = await rigOf(4)
    const processes = [rig.process(), rig.process()]
    const results = await Promise.all(
      processes.map((draws) => draws.hold(poolOf('a', 2), SCOPE_ALL)),
    )
    expect(results).toMatchObject([{ draw: { state: 'held' } }, { draw: { state: 'held' } }])
    expect(results[1]?.draw).toEqual(results[0]?.draw)
    const posts = await Promise.all(processes.map((draws) => draws.post('a')))
    expect(posts).toMatchObject([{ draw: { state: 'posted' } }, { draw: { state: 'posted' } }])
    expect(rig.postings).toHaveLength(2)
  })
})

test('of twenty clients at once as many are served as there are cards', async () => {
  const { rig } = await rigOf(4, 4)
  const draws = rig.process()
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, index) => draws.hold(poolOf(`d${index}`), SCOPE_ALL)),
  )
  expect(results.filter(({ status }) => status === 'done')).toHaveLength(8)
  // Nobody got in anybody's way: each of the served was asked about once.
  expect(rig.link.asked).toHaveLength(8)
})

test('a node that goes on declining holds up nobody but those who ask for it by name', async () => {
  const { rig, nodes } = await rigOf(8, 8)
  const [first] = nodes
  if (first === undefined) throw new Error('no node')
  rig.link.answers.set(first, () => declined('veto'))
  const draws = rig.process()
  const results = await Promise.all(
    Array.from({ length: 8 }, (_, index) => draws.hold(poolOf(`d${index}`), SCOPE_ALL)),
  )
  expect(results.every(({ status }) => status === 'done')).toBe(true)
})

const anyCall = fc.record({
  drawId: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
  process: fc.constantFrom(0, 1),
  call: fc.constantFrom('hold', 'hold', 'hold', 'post', 'post', 'void', 'return', 'extend'),
  cards: fc.integer({ min: 1, max: 4 }),
})
const anyTurn = fc.record({
  /** Begun together. */
  calls: fc.array(anyCall, { minLength: 1, maxLength: 4 }),
  waitMs: fc.constantFrom(0, 3_000, 6_000, 31_000),
  mood: fc.constantFrom('yes', 'yes', 'no', 'silent', 'some'),
  moody: fc.constantFrom(0, 1),
})

test('whatever clients do, no card is under two claims and every promise is accounted for', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyTurn, { minLength: 1, maxLength: 12 }), async (turns) => {
      const { rig, nodes } = await rigOf(3, 3)
      const processes = [rig.process(), rig.process()]
      for (const { calls, mood, moody, waitMs } of turns) {
        const node = nodes[moody]
        if (node === undefined) throw new Error('no node')
        rig.link.answers.set(node, ({ unitIds }) => {
          if (mood === 'yes') return accepted(rig.now)
          if (mood === 'silent') return { status: 'unreachable' }
          return mood === 'no' ? declined('veto') : declined('allocated', unitIds[0] ?? 0)
        })
        await Promise.all(
          calls.map(({ call, cards, drawId, process }) => {
            const draws = processes[process]
            return draws === undefined ? null : callOf(draws, call, drawId, cards)
          }),
        )
        await rig.ledger.clock.run(waitMs)
        await rig.lapse()
        await expectSound(rig)
      }
    }),
    { numRuns: 12 },
  )
}, 60_000)

async function callOf(draws: Draws, call: string, drawId: string, cards: number): Promise<void> {
  if (call === 'hold') await draws.hold(poolOf(drawId, cards), SCOPE_ALL)
  else if (call === 'post') await draws.post(drawId)
  else if (call === 'void') await draws.void(drawId)
  else if (call === 'return') await draws.return(drawId, [0])
  else {
    const until = (await draws.find(drawId))?.untilMs ?? 0
    await draws.extend(drawId, until + HOUR)
  }
}

async function expectSound(rig: DrawsRig): Promise<void> {
  const filter = { states: 'all' as const, bank: null, borrower: null }
  const page = { cursor: null, limit: 100 }
  const { rows } = await rig.ledger.store.listDraws(SCOPE_ALL, filter, page)
  for (const draw of rows) {
    expect(drawFaults(draw)).toEqual([])
    const own = rig.postings.filter(({ drawId }) => drawId === draw.request.drawId)
    expect(postingFaults(draw, own)).toEqual([])
  }
  const live = rows.flatMap(({ claims }: Draw) => claims.filter(({ state }) => state !== 'ended'))
  expect(new Set(live.map(({ acceleratorId }) => acceleratorId)).size).toBe(live.length)
}
