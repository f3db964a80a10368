/** What is deposited, counted by site and model: the same cards as in the list, whatever the grouping. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Outlook } from '../../../collector/src/bank/capacity-outlook.ts'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import { START_MS } from '../bank/ledger-rig.ts'
import { ApiRig } from './api-rig.ts'

const iso = (ms: number) => new Date(ms).toISOString()
const RTX = 'NVIDIA GeForce RTX 4090'

let api: ApiRig
let first: NodeId
let outlook: Outlook | null = null

/** At one site four H800, at another two H800 and one RTX 4090: free since 08:00, deposited at 08:15. */
beforeAll(async () => {
  api = await ApiRig.start({ outlook: () => outlook })
  const { rig } = api
  first = await rig.admit(1, [{}, {}, {}, {}], 'BJ-01')
  const second = await rig.admit(2, [{}, {}, { name: RTX }], 'NM-01')
  for (const nodeId of [first, second]) {
    rig.clock.stepWall(START_MS - rig.now)
    await rig.policy(nodeId)
    await rig.live(nodeId, [['free/proven', 960]])
  }
  await api.settle()
})
afterAll(() => api.close())

interface Group {
  readonly site_code: string | null
  readonly model: string | null
  readonly cards: number
}
const summary = async (query = '', as: Parameters<ApiRig['get']>[1] = 'bank') => {
  const { body, status } = await api.get(`/v1/deposits/summary${query}`, as)
  expect([query, status]).toEqual([query, 200])
  return body
}
const shape = ({ groups }: { readonly groups: readonly Group[] }) =>
  groups.map(({ site_code, model, cards }) => [site_code, model, cards])

describe('GET /v1/deposits/summary', () => {
  test('counts cards and P by site and model, and how long they have been free', async () => {
    const body = await summary()
    expect(shape(body)).toEqual([
      ['BJ-01', 'H800 SXM', 4],
      ['NM-01', 'GeForce RTX 4090', 1],
      ['NM-01', 'H800 SXM', 2],
    ])
    expect(body.groups[0]).toMatchObject({
      lots: 1,
      cards_deposited: 4,
      p_deposited: '3.9576',
      p: '3.9576',
      cards_fenced: 0,
      cards_suspended: 0,
      rated: true,
      free_since_first: iso(START_MS),
      free_since_median: iso(START_MS),
      free_since: iso(START_MS),
    })
    expect(JSON.stringify(body)).not.toContain(first)
  })

  test.each(['site_model', 'site', 'model'])('by %s the total is the same', async (by) => {
    const { body } = await api.get('/v1/deposits', 'bank')
    const { total, groups } = await summary(`?by=${by}`)
    expect(total.cards_deposited).toBe(body.deposits.length)
    const cards = groups.reduce((sum: number, group: Group) => sum + group.cards, 0)
    expect(cards).toBe(total.cards)
  })

  test('groups of several sites or models name neither', async () => {
    expect(shape(await summary('?by=site'))).toEqual([
      ['BJ-01', null, 4],
      ['NM-01', null, 3],
    ])
    expect(shape(await summary('?by=model'))).toEqual([
      [null, 'GeForce RTX 4090', 1],
      [null, 'H800 SXM', 6],
    ])
  })

  test('pages add up to the whole list', async () => {
    const whole = await summary()
    const one = await summary('?limit=2')
    const two = await summary(`?limit=2&cursor=${encodeURIComponent(one.next_cursor)}`)
    expect([...one.groups, ...two.groups]).toEqual(whole.groups)
    expect(two.next_cursor).toBeNull()
    expect(two.total).toEqual(whole.total)
  })

  test('cards whose node is not heard are visible, and cannot be drawn', async () => {
    api.suspended.add(first)
    const [group] = (await summary()).groups
    expect(group).toMatchObject({ cards_deposited: 4, cards: 0, cards_suspended: 4, p: '0' })
    expect(group.free_since).toBeNull()
    api.suspended.delete(first)
  })

  test('says nothing of the future without a forecast, and what lasts with one', async () => {
    const nothing = { cards_known: 0, cards_expected: null, cards_sure: null }
    expect((await summary()).groups[0].lasting).toEqual({
      minutes_30: nothing,
      minutes_60: nothing,
      minutes_240: nothing,
      minutes_480: nothing,
    })
    const chances = [0.95, 0.9, 0.5, null]
    outlook = {
      chanceOfEach: (unitIds) => unitIds.map((_, index) => chances[index] ?? null),
      chanceOfAll: () => null,
    }
    const [group] = (await summary()).groups
    expect(group.lasting.minutes_30).toEqual({
      cards_known: 3,
      cards_expected: 2.4,
      cards_sure: 2,
    })
    outlook = null
  })

  test('is cut to the scope, totals too', async () => {
    const token = { token: await api.token({ role: 'bank', siteCode: 'NM-01' }) }
    const body = await summary('', token)
    expect(body.total.cards).toBe(3)
    expect(shape(body).every(([site]) => site === 'NM-01')).toBe(true)
  })
})

test('the bank is told how good the forecast is; without one it is told that', async () => {
  const { body } = await api.get('/v1/forecast', 'bank')
  expect(body).toMatchObject({ demo: false, forecast: null, horizons: [] })
})
