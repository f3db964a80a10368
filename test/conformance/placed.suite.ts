/** Draws that were placed here: each change whole under its version, found by what is open and lives. */
import { expect, test } from 'vitest'
import { DRAW_STATES, DRAW_STATES_FINAL, type DrawState } from '../../collector/src/model/draw.ts'
import type { PlacedDraw } from '../../collector/src/model/placed-draw.ts'
import type { PlacedFilter } from '../../collector/src/storage/placed-store.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import { changeTo, commit, heldDraw, requestOf } from './draw-maker.ts'
import { T0 } from './fleet.ts'
import type { OpenFleet } from './store.suite.ts'

const ALL: PlacedFilter = { states: 'all', bank: null, borrower: null, seenBy: null }
const ENTRY = { kind: 'draw_placed', atMs: T0, payload: { draw_id: 'a' } } as const

function placed(drawId: string, changes: Partial<PlacedDraw> = {}): PlacedDraw {
  return {
    version: 1,
    request: requestOf(drawId),
    path: ['c-1'],
    actor: 'bank-token',
    scope: { regions: 'all', sites: 'all' },
    steps: [{ kind: 'hold' }],
    told: null,
    refusal: null,
    placedAtMs: T0,
    ...changes,
  }
}

/** Told in this state, and nothing open. */
function told(drawId: string, state: DrawState, siteCodes: readonly string[] = []): PlacedDraw {
  const draw = { draw_id: drawId, state }
  return placed(drawId, { steps: [], told: { state, version: 7, siteCodes, toldAtMs: T0, draw } })
}

async function write(store: Store, draw: PlacedDraw): Promise<string> {
  const expectedVersion = draw.version - 1
  return (await store.commitPlaced({ expectedVersion, placed: draw, outbox: [ENTRY] })).status
}

const idsOf = (draws: readonly PlacedDraw[]) => draws.map(({ request }) => request.drawId)

export function placedSuite(openFleet: OpenFleet): void {
  test('a draw is kept as it was written, and changed only by who knows its version', async () => {
    const { store } = await openFleet()
    expect(await store.findPlaced('a')).toBeNull()
    const first = placed('a')
    expect(await write(store, first)).toBe('committed')
    expect(await write(store, first)).toBe('stale')
    expect(await store.findPlaced('a')).toEqual(first)
    const second = { ...told('a', 'held', ['BJ-01']), version: 2 }
    expect(await write(store, { ...second, version: 3 })).toBe('stale')
    expect(await write(store, second)).toBe('committed')
    expect(await write(store, second)).toBe('stale')
    expect(await store.findPlaced('a')).toEqual(second)
    // One entry for each change that was written, and none for those that were not.
    expect((await store.readOutbox(10)).map(({ kind }) => kind)).toEqual([
      'draw_placed',
      'draw_placed',
    ])
  })

  test('an id names a draw of this ledger or one that was placed, never both', async () => {
    const { store } = await openFleet()
    await commit(store, heldDraw('own', []))
    expect(await write(store, placed('own'))).toBe('stale')
    expect(await store.findPlaced('own')).toBeNull()
    await write(store, placed('below'))
    expect(await store.commitDraws([changeTo(heldDraw('below', []))])).toEqual([
      { status: 'stale' },
    ])
    expect(await store.findDraw('below')).toBeNull()
  })

  test('of two that write the same version at once one is committed', async () => {
    const { store } = await openFleet()
    const firsts = await Promise.all([placed('a'), placed('a')].map((one) => write(store, one)))
    expect(firsts.sort()).toEqual(['committed', 'stale'])
    const second = { ...told('a', 'held'), version: 2 }
    const both = await Promise.all([second, second].map((one) => write(store, one)))
    expect(both.sort()).toEqual(['committed', 'stale'])
  })

  test('what is open, and what lives, is found by its child, in pages', async () => {
    const { store } = await openFleet()
    for (const id of ['a', 'c', 'e']) await write(store, placed(id))
    await write(store, placed('b', { path: ['c-2', 'c-1'] }))
    for (const state of DRAW_STATES) await write(store, told(`t-${state}`, state))
    await write(store, { ...told('post', 'held'), steps: [{ kind: 'post' }] })
    const page = { childIds: ['c-1'], afterId: null, limit: 10 }
    expect(idsOf(await store.readOpenPlaced(page))).toEqual(['a', 'c', 'e', 'post'])
    expect(idsOf(await store.readOpenPlaced({ ...page, limit: 2 }))).toEqual(['a', 'c'])
    expect(idsOf(await store.readOpenPlaced({ ...page, afterId: 'c' }))).toEqual(['e', 'post'])
    expect(idsOf(await store.readOpenPlaced({ ...page, childIds: ['c-2'] }))).toEqual(['b'])
    expect(await store.readOpenPlaced({ ...page, childIds: [] })).toEqual([])
    const living = DRAW_STATES.filter((state) => !DRAW_STATES_FINAL.includes(state))
    expect(idsOf(await store.readLivePlaced(page))).toEqual(
      living.map((state) => `t-${state}`).sort(),
    )
    // One that was refused here has no child.
    await write(store, placed('r', { path: [], steps: [] }))
    expect(idsOf(await store.readLivePlaced({ ...page, childIds: [''] }))).toEqual([])
    const all = await store.readOpenPlaced({ ...page, childIds: 'all' })
    expect(idsOf(all)).toEqual(['a', 'b', 'c', 'e', 'post'])
  })

  test('lists are newest first, by state, party, and who may see them', async () => {
    const { store } = await openFleet()
    await write(store, placed('a'))
    await write(store, told('b', 'held', ['BJ-01']))
    await write(store, { ...told('c', 'posted', ['SH-01', 'BJ-01']), actor: 'other' })
    await write(store, placed('d', { request: requestOf('d', { borrower: 'x', bank: 'y' }) }))
    const list = async (
      filter: Partial<PlacedFilter>,
      cursor: string | null = null,
      limit = 10,
    ) => {
      const { nextCursor, rows } = await store.listPlaced({ ...ALL, ...filter }, { cursor, limit })
      return [idsOf(rows), nextCursor] as const
    }
    expect(await list({})).toEqual([['d', 'c', 'b', 'a'], null])
    expect((await list({ states: ['asking', 'posted'] }))[0]).toEqual(['d', 'c', 'a'])
    expect((await list({ borrower: 'x' }))[0]).toEqual(['d'])
    expect((await list({ bank: 'bank-1' }))[0]).toEqual(['c', 'b', 'a'])
    const seenBy = (actor: string, ...sites: readonly string[]) => ({ seenBy: { actor, sites } })
    expect((await list(seenBy('other')))[0]).toEqual(['c'])
    expect((await list(seenBy('nobody', 'SH-01')))[0]).toEqual(['c'])
    expect((await list(seenBy('nobody', 'BJ-01')))[0]).toEqual(['c', 'b'])
    expect((await list(seenBy('nobody', 'XX-01')))[0]).toEqual([])
    const [first, cursor] = await list({}, null, 3)
    expect(first).toEqual(['d', 'c', 'b'])
    expect(await list({}, cursor)).toEqual([['a'], null])
    await expect(list({}, 'nonsense')).rejects.toMatchObject({ code: 'request_invalid' })
  })
}
