/** What the journal says of how long lots will last: when it has changed, and not too often. */
import { silentLogger } from '@yiben/shared'
import { expect, test } from 'vitest'
import type { Outlook } from '../../../collector/src/bank/capacity-outlook.ts'
import { PROMISED_MS, Promises } from '../../../collector/src/bank/promises.ts'
import type { UnitId } from '../../../collector/src/model/ids.ts'
import { indexOf } from './capacity-maker.ts'
import { LedgerRig, MINUTE } from './ledger-rig.ts'

/** Sure of each of these cards for so long. */
class FakeOutlook implements Outlook {
  readonly sureMs = new Map<number, number>()

  chanceOfEach(unitIds: readonly UnitId[], forMs: number): readonly (number | null)[] {
    return unitIds.map((unitId) => {
      const sureMs = this.sureMs.get(unitId)
      return sureMs === undefined ? null : sureMs >= forMs ? 0.9 : 0.899
    })
  }
  chanceOfAll(): null {
    return null
  }
}

function setUp(outlook: Outlook | null) {
  const rig = new LedgerRig()
  const view = indexOf([{ free: 2 }, { free: 1 }])
  const said = { times: 0 }
  const newPromises = () =>
    new Promises({
      store: rig.store,
      clock: rig.clock,
      logger: silentLogger,
      picture: async () => ({ view, asOfMs: 0, lagMs: 0 }),
      outlook: () => outlook,
      onCommitted: () => {
        said.times += 1
      },
    })
  const promised = async () => {
    const entries = (await rig.store.readOutbox(100)).filter(({ kind }) => kind === 'lot_promised')
    return entries.map(({ payload }) => {
      const steps = payload.promised as readonly { readonly cards: number }[]
      return [payload.node_id, ...steps.map(({ cards }) => cards)]
    })
  }
  return { rig, newPromises, promised, said }
}

const [FIRST, SECOND] = ['n-0000000000000000', 'n-0000000000000001']

test('a step that is crossed is said once, and again no sooner than 15 minutes later', async () => {
  const outlook = new FakeOutlook()
  const { newPromises, promised, rig, said } = setUp(outlook)
  const promises = newPromises()
  await promises.look()
  // Nothing is promised of a card that nobody knows anything of.
  expect(await promised()).toEqual([])
  outlook.sureMs.set(1, 60 * MINUTE).set(2, 4 * 60 * MINUTE)
  await promises.look()
  await promises.look()
  const first = [FIRST, 2, 2, 1, 0]
  expect(await promised()).toEqual([first])
  outlook.sureMs.set(1, 30 * MINUTE).set(101, 8 * 60 * MINUTE)
  rig.clock.advance(14 * MINUTE)
  await promises.look()
  const other = [SECOND, 1, 1, 1, 1]
  expect(await promised()).toEqual([first, other])
  rig.clock.advance(MINUTE)
  await promises.look()
  expect(await promised()).toEqual([first, other, [FIRST, 2, 1, 1, 0]])
  expect(said.times).toBe(3)
})

test('neither a restart nor another collector says it twice', async () => {
  const outlook = new FakeOutlook()
  const { newPromises, promised, rig } = setUp(outlook)
  outlook.sureMs.set(1, 60 * MINUTE)
  const [one, other] = [newPromises(), newPromises()]
  await Promise.all([one.look(), other.look()])
  rig.clock.advance(60 * MINUTE)
  await newPromises().look()
  expect(await promised()).toEqual([[FIRST, 1, 1, 0, 0]])
})

test('without a forecast nothing is promised', async () => {
  const { newPromises, promised } = setUp(null)
  await newPromises().look()
  expect(await promised()).toEqual([])
  expect(PROMISED_MS).toEqual([30, 60, 240, 480].map((each) => each * MINUTE))
})
