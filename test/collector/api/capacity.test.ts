/** `GET /v1/capacity` and the lots of `GET /v1/deposits`, asked without a socket. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Outlook } from '../../../collector/src/bank/capacity-outlook.ts'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import { HOUR, MINUTE, START_MS } from '../bank/ledger-rig.ts'
import { ApiRig } from './api-rig.ts'

const iso = (ms: number) => new Date(ms).toISOString()
const RTX = 'NVIDIA GeForce RTX 4090'

let api: ApiRig
let whole: NodeId
let partly: NodeId
let mixed: NodeId
/** Not `null` where a test lends one. */
let outlook: Outlook | null = null

/**
 * Beijing: a whole node of four H800, and three of four. Inner Mongolia: two H800 and one RTX 4090
 * beside a busy card. All free since 08:00, deposited at 08:15, told until 08:16.
 */
beforeAll(async () => {
  api = await ApiRig.start({ outlook: () => outlook })
  const { rig } = api
  whole = await rig.admit(1, [{}, {}, {}, {}], 'BJ-01')
  partly = await rig.admit(2, [{}, {}, {}, {}], 'BJ-01')
  mixed = await rig.admit(3, [{}, {}, { name: RTX }], 'NM-01')
  await rig.store.putSite({
    code: 'BJ-01',
    name: 'Beijing',
    terms: {
      operatorCode: null,
      operatorName: null,
      ownerCode: null,
      ownerName: null,
      regionCode: '110108',
      keep: [],
      validFromMs: START_MS - HOUR,
      validToMs: null,
    },
    outbox: [],
  })
  const changes = [{}, { keepCardsPerNode: 1 }, { maxLeaseMs: 2 * HOUR }]
  for (const [index, nodeId] of [whole, partly, mixed].entries()) {
    rig.clock.stepWall(START_MS - rig.now)
    await rig.policy(nodeId, changes[index])
    await rig.live(nodeId, [['free/proven', 960]])
  }
  await api.settle()
})
afterAll(() => api.close())

/** No node of the rig is fenced: its lots are asked for, unless the question says otherwise. */
const capacity = async (question: string, as: Parameters<ApiRig['get']>[1] = 'bank') => {
  const query = question.includes('unfenced') ? question : `${question}&unfenced=true`
  const { body, status } = await api.get(`/v1/capacity?${query}`, as)
  expect([query, status, body.code]).toEqual([query, 200, undefined])
  return body
}

interface LotBody {
  readonly model: string
  readonly cards: number
  readonly take_cards: number
}
const takesOf = ({ lots }: { readonly lots: readonly LotBody[] }) =>
  lots.map(({ model, cards, take_cards: taken }) => [model, taken, cards])

describe('a request that is served', () => {
  test('names its lots, how many cards of each, and what they are worth', async () => {
    const body = await capacity('cards=6&model=H800%20SXM')
    expect(body).toMatchObject({
      demo: false,
      as_of: iso(START_MS + 16 * MINUTE),
      lag_ms: 0,
      satisfied: true,
      cards: 6,
      p: '5.9364',
      lots_total: 2,
      available: { cards: 9, p: '8.9046' },
      suspended_cards: 0,
      in_the_way: [],
      forecast: null,
    })
    expect(takesOf(body)).toEqual([
      ['H800 SXM', 4, 4],
      ['H800 SXM', 2, 3],
    ])
  })

  test('a lot says what it is, where it stands and on what terms', async () => {
    const { lots } = await capacity('cards=4&region=110108')
    expect(lots).toEqual([
      {
        lot_id: expect.stringMatching(/^l-[0-9a-f]{16}$/),
        model: 'H800 SXM',
        vendor: 'nvidia',
        domestic: false,
        memory_gib: 80,
        memory_total_mib: 81_559,
        cards: 4,
        cards_deposited: 4,
        p: '3.9576',
        whole_node: true,
        site_code: 'BJ-01',
        region_code: '110108',
        hub: '京津冀',
        free_since: iso(START_MS),
        free_since_first: iso(START_MS),
        proven_to: iso(START_MS + 16 * MINUTE),
        window_age_ms_min: 16 * MINUTE,
        window_age_ms_max: 16 * MINUTE,
        lease_ms_max: 8 * HOUR,
        open_until: null,
        site_record: null,
        fence: 'unfenced',
        suspended: false,
        take_cards: 4,
        take_p: '3.9576',
      },
    ])
  })

  test.each([
    ['a few cards come from the partly used node', 'cards=3&region=110000', [['H800 SXM', 3, 3]]],
    ['cards per node', 'cards=4&per_node=4', [['H800 SXM', 4, 4]]],
    ['P instead of cards', 'p=1.9&model=H800%20SXM', [['H800 SXM', 2, 2]]],
    [
      'one site',
      'cards=7&same_site=true',
      [
        ['H800 SXM', 4, 4],
        ['H800 SXM', 3, 3],
      ],
    ],
    ['hours the owner consents to', 'cards=2&hours=4', [['H800 SXM', 2, 3]]],
    ['memory', 'cards=1&memory_gib_min=24&region=150000', [['GeForce RTX 4090', 1, 1]]],
  ])('%s', async (_name, query, takes) => {
    const body = await capacity(query)
    expect([body.satisfied, takesOf(body)]).toEqual([true, takes])
  })

  test('the list of lots is cut by the limit, the totals are not', async () => {
    const body = await capacity('limit=1')
    expect([body.lots.length, body.lots_total, body.cards]).toEqual([1, 4, 10])
  })
})

describe('a request that is not served', () => {
  test('says what came closest, and which filter stands in the way', async () => {
    const body = await capacity('cards=8&region=110000&model=H800%20SXM')
    expect(body).toMatchObject({
      satisfied: false,
      cards: 7,
      available: { cards: 7, p: '6.9258' },
      in_the_way: [
        { filter: 'region', satisfied: true, cards: 9, p: '8.9046' },
        { filter: 'model', satisfied: false, cards: 7, p: '6.9258' },
      ],
    })
  })

  test('a node that is not heard is told of beside it', async () => {
    api.suspended.add(whole)
    const body = await capacity('cards=8&region=110000')
    expect([body.available.cards, body.suspended_cards]).toEqual([3, 4])
    api.suspended.delete(whole)
  })

  test.each(['cards=1&unfenced=false', 'cards=1'])(
    'unfenced lots are left out unless they are asked for: %s',
    async (query) => {
      const { body } = await api.get(`/v1/capacity?${query}`, 'bank')
      expect([body.satisfied, body.lots, body.notes]).toEqual([false, [], []])
      expect(body.in_the_way).toEqual([
        { filter: 'unfenced', satisfied: true, cards: 10, p: expect.any(String) },
      ])
    },
  )
})

describe('what a person should know', () => {
  test('that nobody was left out for want of a forecast', async () => {
    const body = await capacity('cards=4&hours=4&confidence=0.99&unfenced=true')
    expect(body).toMatchObject({ satisfied: true, forecast: null })
    expect(body.notes).toEqual([expect.stringContaining('No forecast')])
  })

  test('the joint probability, once there is a forecast', async () => {
    const chanceOfAll = (ids: readonly number[], forMs: number) =>
      0.99 ** ((ids.length * forMs) / HOUR)
    outlook = {
      chanceOfAll,
      chanceOfEach: (ids, forMs) => ids.map((id) => chanceOfAll([id], forMs)),
    }
    const body = await capacity('cards=4&hours=2&confidence=0.9&unfenced=true')
    expect(body).toMatchObject({ satisfied: true, notes: [] })
    expect(body.forecast).toEqual({ probability: expect.closeTo(0.99 ** 8, 10), hours: 2 })
    const missed = await capacity('cards=4&hours=2&confidence=0.95')
    expect(missed).toMatchObject({ satisfied: false, available_sure: { cards: 2 } })
    expect(missed.in_the_way.map(({ filter }: { filter: string }) => filter)).toEqual([
      'hours',
      'confidence',
    ])
    outlook = null
  })
})

describe('a question that contradicts itself', () => {
  test.each([
    ['cards=8&p=1', 'p'],
    ['p=0', 'p'],
    ['p=many', 'p'],
    ['cards=9&per_node=8', 'per_node'],
    ['per_node=0', 'per_node'],
    ['confidence=0.9', 'confidence'],
    ['hours=1&confidence=1', 'confidence'],
    ['hours=1&confidence=90', 'confidence'],
    ['hours=0', 'hours'],
    ['hours=4h', 'hours'],
    ['same_site=true', 'same_site'],
    ['same_site=yes', 'same_site'],
    ['memory_gib_min=0', 'memory_gib_min'],
    ['hub=%E5%8C%97%E4%BA%AC', 'hub'],
    ['region=11', 'region'],
    ['limit=1001', 'limit'],
    ['unfenced=1', 'unfenced'],
    ['card=8', 'card'],
  ])('%s is refused with its field', async (query, field) => {
    const { status, body } = await api.get(`/v1/capacity?${query}`, 'bank')
    expect([status, body.code, body.field]).toEqual([400, 'request_invalid', field])
    expect(body.detail).toContain(field)
  })
})

describe('who sees what', () => {
  test.each(['/v1/capacity?unfenced=true', '/v1/deposits'])(
    '%s hides nodes from the bank alone',
    async (url) => {
      const { text } = await api.get(url, 'bank')
      for (const secret of [whole, partly, mixed, 'node_id', 'unit_id', 'NVIDIA H800', RTX]) {
        expect(text).not.toContain(secret)
      }
      for (const role of ['admin', 'regulator', 'operator', 'auditor'] as const) {
        expect((await api.get(url, role)).text).toContain(whole)
      }
    },
  )

  test('a token of a region counts and searches its own region only', async () => {
    const token = await api.token({ role: 'bank', regionCode: '110000' })
    const body = await capacity('cards=8', { token })
    expect(body).toMatchObject({ satisfied: false, available: { cards: 7 }, in_the_way: [] })
    const elsewhere = await capacity('cards=8&region=150000', { token })
    expect(elsewhere.available.cards).toBe(0)
    expect(elsewhere.in_the_way).toMatchObject([{ filter: 'region', cards: 7 }])
    const { body: deposits } = await api.get('/v1/deposits', { token })
    expect(deposits.lots.map((lot: { site_code: string }) => lot.site_code)).toEqual([
      'BJ-01',
      'BJ-01',
    ])
  })
})

describe('GET /v1/deposits', () => {
  test('shows the lots of its deposits, with the same ids as search and feed', async () => {
    const { body } = await api.get('/v1/deposits', 'bank')
    const search = await capacity('')
    const ids = (rows: readonly { lot_id: string }[]) =>
      [...new Set(rows.map((row) => row.lot_id))].sort()
    expect(body.deposits).toHaveLength(10)
    expect(body.lots).toHaveLength(4)
    expect(ids(body.lots)).toEqual(ids(body.deposits))
    expect(ids(body.lots)).toEqual(ids(search.lots))
    const { body: feed } = await api.get('/v1/changes/snapshot', 'bank')
    expect(ids(feed.deposits)).toEqual(ids(body.lots))
  })

  test('a lot comes with every page that holds one of its deposits, whole each time', async () => {
    const seen: (readonly [string, number])[] = []
    let cursor = ''
    for (let page = 0; page < 4; page += 1) {
      const { body } = await api.get(`/v1/deposits?limit=3${cursor}`, 'bank')
      for (const lot of body.lots) seen.push([lot.lot_id, lot.cards])
      cursor = `&cursor=${body.next_cursor}`
    }
    const sizes = new Map(seen)
    expect([...sizes.values()].sort()).toEqual([1, 2, 3, 4])
    expect(seen.every(([id, cards]) => sizes.get(id) === cards)).toBe(true)
    expect(seen.length).toBeGreaterThan(4)
  })

  test('a suspended lot stays visible', async () => {
    api.suspended.add(mixed)
    const { body } = await api.get('/v1/deposits', 'bank')
    const suspended = body.lots.filter((lot: { suspended: boolean }) => lot.suspended)
    expect(suspended).toHaveLength(2)
    api.suspended.delete(mixed)
  })
})

test('the description says what each parameter means', async () => {
  const { body } = await api.get('/v1/openapi.json', null)
  const { parameters } = body.paths['/v1/capacity'].get
  const described = new Map(
    parameters.map(
      (one: { name: string; description?: string; schema?: { description?: string } }) => [
        one.name,
        one.description ?? one.schema?.description ?? '',
      ],
    ),
  )
  expect([...described.keys()].sort()).toEqual(
    [
      ...[
        'cards',
        'children',
        'confidence',
        'domestic',
        'hours',
        'hub',
        'limit',
        'memory_gib_min',
        'model',
        'p',
      ],
      ...['per_node', 'region', 'same_site', 'unfenced', 'vendor'],
    ].sort(),
  )
  expect(described.get('unfenced')).toContain('left out otherwise')
  expect(described.get('confidence')).toContain('joint')
})

/** Last: what it lives through changes what the others look at. */
test('a deposit that closes is out of the next answer', async () => {
  await api.rig.live(whole, [['busy/active', 60]])
  await api.bank.drain()
  expect((await capacity('model=H800%20SXM')).cards).toBe(5)
  const { body } = await api.get('/v1/deposits?open=false', 'bank')
  expect([body.deposits.length, body.lots.length]).toEqual([10, 3])
})
