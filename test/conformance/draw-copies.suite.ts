/** Copies of decisions for the second journal: with the decision or not at all, numbered without a gap. */
import { expect, test } from 'vitest'
import type { Store } from '../../collector/src/storage/store.ts'
import { changeTo, commit, depositedNode, heldDraw, postedDraw, voidedDraw } from './draw-maker.ts'
import type { OpenFleet } from './store.suite.ts'

async function numbersIn(store: Store, after = 0): Promise<readonly number[]> {
  return (await store.readDrawCopies(after, 100)).copies.map(({ number }) => number)
}

export function drawCopiesSuite(openFleet: OpenFleet): void {
  test('none is made before it is asked for, and none is left when it is no more', async () => {
    const { store } = await openFleet()
    await commit(store, heldDraw('a', []))
    expect(await store.readDrawCopies(0, 10)).toEqual({ lastNumber: 0, copies: [] })
    await store.keepDrawCopies(true)
    await commit(store, heldDraw('b', []))
    expect(await numbersIn(store)).toEqual([1])
    await store.keepDrawCopies(false)
    await commit(store, heldDraw('c', []))
    expect(await store.readDrawCopies(0, 10)).toEqual({ lastNumber: 1, copies: [] })
    await store.keepDrawCopies(true)
    await commit(store, heldDraw('d', []))
    expect(await numbersIn(store)).toEqual([2])
  })

  test('a copy is the change as it was committed; what was refused leaves no number behind', async () => {
    const fleet = await openFleet()
    const { store } = fleet
    const node = await depositedNode(fleet, 'BJ-01', 1)
    await store.keepDrawCopies(true)
    const held = heldDraw('a', node.units)
    const posted = postedDraw(held)
    // Stale, and of a card that is taken.
    const results = await commit(store, held, posted, voidedDraw(held), heldDraw('b', node.units))
    expect(results).toEqual(['committed', 'committed', 'stale', 'taken'])
    await commit(store, heldDraw('c', []))
    const { copies, lastNumber } = await store.readDrawCopies(0, 10)
    expect([copies.map(({ number }) => number), lastNumber]).toEqual([[1, 2, 3], 3])
    expect(JSON.parse(copies[0]?.change ?? '').draw).toEqual(held)
    expect(JSON.parse(copies[1]?.change ?? '')).toEqual({
      ...changeTo(posted),
      outbox: expect.anything(),
    })
  })

  test('they are read in pages, and numbers go on when they are taken away', async () => {
    const { store } = await openFleet()
    await store.keepDrawCopies(true)
    for (const drawId of ['a', 'b', 'c', 'd']) await commit(store, heldDraw(drawId, []))
    expect((await store.readDrawCopies(1, 2)).copies.map(({ number }) => number)).toEqual([2, 3])
    await store.dropDrawCopies(3)
    expect(await numbersIn(store)).toEqual([4])
    await store.dropDrawCopies(4)
    expect((await store.readDrawCopies(0, 10)).lastNumber).toBe(4)
    await commit(store, heldDraw('e', []))
    expect(await numbersIn(store)).toEqual([5])
  })
}
