/**
 * Two parents and a bank of the child's own want the same cards, while questions and answers are lost,
 * come twice, and everybody is restarted: no card is granted twice, what was answered is what the
 * child's journal says, and in the end everything has been answered.
 */
import { silentLogger } from '@yiben/shared'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeEntry } from '../../../collector/src/journal/entry.ts'
import type { PlacedDraw } from '../../../collector/src/model/placed-draw.ts'
import { Answerer } from '../../../collector/src/placed/answerer.ts'
import { type DrawsBelow, drawsBelow } from '../../../collector/src/placed/below.ts'
import { drawIdBelow } from '../../../collector/src/placed/ids.ts'
import { openSqliteStoreInProcess } from '../../../collector/src/storage/sqlite/store.ts'
import type { Store } from '../../../collector/src/storage/store.ts'
import { requestOf } from '../../conformance/draw-maker.ts'
import { LendingParts } from '../api/lending-parts.ts'
import { TwoSites } from '../api/two-sites.ts'
import { CHILD, EVERYTHING, FakeLine, type Fault } from './rig.ts'

const RUNS = 4
const ACTIONS = 30
const IDS = ['a', 'b', 'c', 'd']
const KEYS = ['aa'.repeat(32), 'bb'.repeat(32)]
const LEDGER = {
  generation: 1 as never,
  origin: '0123456789abcdef',
  openedAtMs: 0,
  identityKeyNumber: 1,
  identityKey: 'ff'.repeat(32),
  isDemo: false,
}

interface Parent {
  readonly key: string
  readonly store: Store
  readonly line: FakeLine
  below: DrawsBelow
}

const action = fc.record({
  does: fc.constantFrom('hold', 'hold', 'hold', 'post', 'post', 'void', 'return', 'own', 'minute'),
  parent: fc.integer({ min: 0, max: 1 }),
  id: fc.constantFrom(...IDS),
  lot: fc.integer({ min: 0, max: 1 }),
  faults: fc.array(fc.constantFrom<Fault>('none', 'lose_question', 'lose_answer', 'twice'), {
    maxLength: 2,
  }),
  restarts: fc.constantFrom('', '', '', 'child', 'parent', 'cut', 'back'),
})

function belowOf(store: Store, line: FakeLine, { api }: TwoSites): DrawsBelow {
  return drawsBelow({
    store,
    line,
    clock: api.rig.clock,
    log: silentLogger,
    onCommitted: () => {},
  })
}

async function parentOf(sites: TwoSites, key: string): Promise<Parent> {
  const store = openSqliteStoreInProcess({
    path: ':memory:',
    synchronous: 'OFF',
    newLedger: LEDGER,
  })
  const line = new FakeLine()
  const { api } = sites
  const answerer = new Answerer({
    parentKey: key,
    consent: EVERYTHING,
    clock: api.rig.clock,
    name: 'east',
    context: () => api.context,
    line: () => new FakeLine(),
  })
  line.children.set(CHILD, { name: 'east', answerer })
  return { key, store, line, below: belowOf(store, line, sites) }
}

async function placedOf({ store }: Parent): Promise<readonly PlacedDraw[]> {
  const all = { states: 'all', bank: null, borrower: null, seenBy: null } as const
  return (await store.listPlaced(all, { cursor: null, limit: 100 })).rows
}

/** A card of a live draw is in no other. */
async function checkCards({ api }: TwoSites): Promise<void> {
  const { store } = api.context
  expect(await store.auditDraws()).toEqual([])
  const claims = (await store.readLiveDraws('all')).flatMap((draw) => draw.claims)
  const units = claims.filter(({ state }) => state !== 'ended').map(({ unitId }) => unitId)
  expect(new Set(units).size).toBe(units.length)
}

/** Each draw was granted once, by the journal. */
async function checkGrants({ api }: TwoSites): Promise<void> {
  const { store } = api.context
  await api.settle()
  const granted = new Map<string, number>()
  for (const { bytes, kind } of await store.readJournal(0, 10_000)) {
    if (kind !== 'draw_held' && kind !== 'draw_posted') continue
    const key = `${kind} ${decodeEntry(bytes)?.payload.draw_id}`
    granted.set(key, (granted.get(key) ?? 0) + 1)
  }
  expect([...granted.values()].filter((times) => times > 1)).toEqual([])
}

test('no loss and no restart makes two grants of one, or an answer that the child has not given', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: ACTIONS, maxLength: ACTIONS }), async (all) => {
      const sites = await TwoSites.start()
      const { api } = sites
      const parents = [await parentOf(sites, KEYS[0] ?? ''), await parentOf(sites, KEYS[1] ?? '')]
      const lots = (await api.get('/v1/capacity', 'bank')).body.lots.map(
        (lot: { lot_id: string }) => lot.lot_id,
      )
      for (const { does, faults, id, lot, parent: number, restarts } of all) {
        const parent = parents[number] as Parent
        const { draws } = parent.below
        parent.line.faults = [...faults]
        if (restarts === 'child') api.control.lending = new LendingParts(api.rig, api.context)
        if (restarts === 'parent') parent.below = belowOf(parent.store, parent.line, sites)
        if (restarts === 'cut') parent.line.isCut = true
        if (restarts === 'back') parent.line.reconnect()
        if (does === 'minute') await sites.minute()
        else if (does === 'own') {
          await sites.hold(id, { pool: undefined, lots: [{ lot_id: lots[lot], cards: 1 }] })
        } else if (does === 'hold') {
          const what = { kind: 'cards', lots: [{ lotId: `${lots[lot]}@${CHILD}`, cards: 1 }] }
          const request = requestOf(id, { what: what as never, holdMs: 90_000 })
          const scope = { regions: 'all', sites: 'all' } as const
          await draws.hold({ request: { ...request, startMs: null }, actor: 'bank', scope })
        } else if (does === 'return') await draws.step(id, { kind: 'return', cards: 'all' })
        else await draws.step(id, { kind: does })
        await checkCards(sites)
      }

      for (const parent of parents) {
        parent.line.faults = []
        parent.line.reconnect()
        for (const { request } of await placedOf(parent)) {
          await parent.below.courier.deliver(request.drawId)
        }
        const run = parent.below.courier.run()
        await api.rig.clock.run(6_000)
        await parent.below.courier.stop()
        await run
        for (const { request, steps, told } of await placedOf(parent)) {
          const own = await api.context.store.findDraw(drawIdBelow(parent.key, request.drawId))
          expect(steps).toEqual([])
          expect([told?.state, told?.version]).toEqual([own?.state, own?.version])
        }
        await parent.store.close()
      }
      await checkCards(sites)
      await checkGrants(sites)
      await api.close()
    }),
    { numRuns: RUNS },
  )
}, 120_000)
