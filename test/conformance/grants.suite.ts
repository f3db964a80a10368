/** What grants of cards rest on: read as it is stored at that moment, card by card. */
import { expect, test } from 'vitest'
import type { UnitId } from '../../collector/src/model/ids.ts'
import { depositedNode, depositIdOf } from './draw-maker.ts'
import { HOUR, T0, terms } from './fleet.ts'
import type { OpenFleet } from './store.suite.ts'

export function grantsSuite(openFleet: OpenFleet): void {
  test('a card is told with its deposit, its window, its evidence and its owner’s policy', async () => {
    const fleet = await openFleet()
    const node = await depositedNode(fleet, 'BJ-01', 2)
    const [first] = node.units
    if (first === undefined) throw new Error('no card')
    const cards = await fleet.store.readGrantCards([first.unitId], T0 + HOUR)
    expect(cards).toHaveLength(1)
    expect(cards[0]).toMatchObject({
      unit: { unitId: first.unitId, nodeId: node.nodeId, siteCode: 'BJ-01' },
      ownerCode: '91110000MA01OPER11',
      deposit: { depositId: depositIdOf(first.unitId), closedAtMs: null },
      window: node.open.units[0]?.window,
      evidence: node.open.units[0]?.evidence,
      policy: node.open.policy,
    })
  })

  test('the owner is the one whose terms are in force at that instant', async () => {
    const fleet = await openFleet()
    const node = await depositedNode(fleet, 'BJ-01')
    const next = terms({ ownerCode: '91110000MA01OWNER1', validFromMs: T0 + HOUR })
    await fleet.store.putSite({ code: 'BJ-01', name: 'B', terms: next, outbox: [] })
    const ownerAt = async (atMs: number) => {
      const [card] = await fleet.store.readGrantCards(
        node.units.map(({ unitId }) => unitId),
        atMs,
      )
      return card?.ownerCode
    }
    expect(await ownerAt(T0 + HOUR - 1)).toBe('91110000MA01OPER11')
    expect(await ownerAt(T0 + HOUR)).toBe('91110000MA01OWNER1')
  })

  test('a card without a deposit says so, and one that nobody knows is left out', async () => {
    const fleet = await openFleet()
    const node = await fleet.start('BJ-01')
    await fleet.book(node, 'free/proven', T0 + HOUR)
    const unitIds = [...node.units.map(({ unitId }) => unitId), 4_711 as UnitId]
    const cards = await fleet.store.readGrantCards(unitIds, T0)
    expect(cards).toMatchObject([{ deposit: null }])
    expect(await fleet.store.readGrantCards([], T0)).toEqual([])
  })
}
