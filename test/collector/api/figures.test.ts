/** What the interface says of a small fleet: ledger, rollups, capacity, deposits, timeline. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import { HOUR, MINUTE, START_MS } from '../bank/ledger-rig.ts'
import { ApiRig } from './api-rig.ts'

const iso = (ms: number) => new Date(ms).toISOString()

let api: ApiRig
let free: NodeId
let busy: NodeId

/** Two free H800 under a policy, one busy card of an unknown model; an hour is lived through. */
beforeAll(async () => {
  api = await ApiRig.start()
  const { rig } = api
  free = await rig.admit(1, [{}, {}])
  busy = await rig.admit(2, [{ name: 'Quantum X1', strength: 'board' }])
  await rig.policy(free)
  for (let quarter = 0; quarter < 5; quarter += 1) {
    const beginMs = rig.now
    await rig.live(free, [['free/proven', 900]])
    rig.clock.stepWall(beginMs - rig.now)
    await rig.live(busy, [['busy/active', 900]])
    await api.settle()
  }
})
afterAll(() => api.close())

describe('GET /v1/ledger', () => {
  test('shows cards and P per stage at the latest instant everybody has told', async () => {
    const { body } = await api.get('/v1/ledger')
    const [row] = body.rows
    expect(body).toMatchObject({
      demo: false,
      as_of: iso(START_MS + 75 * MINUTE - 1),
      finality: 'provisional',
      definition_version: 'v1',
      p_basis: 'fp16_dense',
    })
    expect(body.catalogue_version).toMatch(/^2026-/)
    expect(row.stages.connected).toMatchObject({ cards: 3, p: '1.9788', share_of_cards: 1 })
    expect(row.stages.free).toMatchObject({ cards: 2, p: '1.9788', share_of_p: 1 })
    expect(row.stages.busy).toMatchObject({ cards: 1, p: '0' })
    expect(row.stages.deposited.cards).toBe(2)
    expect(row).toMatchObject({ coverage: 1, unrated_cards: 1, access_rate: null })
  })

  test('groups by model, with unknown models last and without a name', async () => {
    const { body } = await api.get('/v1/ledger?by=model')
    expect(body.rows.map((row: { key: string | null }) => row.key)).toEqual(['H800 SXM', null])
  })

  test('answers for an instant before anything was there', async () => {
    const { body } = await api.get(`/v1/ledger?as_of=${iso(START_MS - HOUR)}`)
    expect(body.rows[0].stages.connected.cards).toBe(0)
    expect(body.rows[0].coverage).toBeNull()
  })

  test('takes an instant with an offset and answers in UTC', async () => {
    const { body } = await api.get('/v1/ledger?as_of=2026-03-01T16:30:00%2B08:00')
    expect(body.as_of).toBe('2026-03-01T08:30:00.000Z')
    expect(body.rows[0].stages.free.cards).toBe(2)
  })
})

describe('GET /v1/capacity', () => {
  test('offers deposited cards as lots of one model on one node', async () => {
    const { body } = await api.get('/v1/capacity?cards=2&unfenced=true', 'bank')
    expect(body).toMatchObject({ cards: 2, p: '1.9788', lots_total: 1, satisfied: true })
    expect(body.lots[0]).toMatchObject({ cards: 2, model: 'H800 SXM', free_since: iso(START_MS) })
    expect(body.lots[0].lot_id).toMatch(/^l-[0-9a-f]{16}$/)
  })

  test.each([
    ['model=H800%20SXM', 2],
    ['model=H100', 0],
    ['vendor=nvidia', 2],
    ['domestic=true', 0],
    ['per_node=3', 0],
    ['region=150000', 2],
    ['region=110000', 0],
    ['cards=3', 2],
  ])('%s leaves %i cards', async (query, cards) => {
    const { body } = await api.get(`/v1/capacity?unfenced=true&${query}`)
    expect([query, body.cards]).toEqual([query, cards])
    expect(body.satisfied).toBe(cards > 0 && query !== 'cards=3')
  })

  test('a node that is not heard is deposited and not offered', async () => {
    api.suspended.add(free)
    expect((await api.get('/v1/capacity?unfenced=true')).body.cards).toBe(0)
    const { body } = await api.get('/v1/deposits')
    expect(body.deposits.map((row: { suspended: boolean }) => row.suspended)).toEqual([true, true])
    api.suspended.delete(free)
  })
})

describe('what the bank sees', () => {
  const urls = [
    '/v1/capacity?unfenced=true',
    '/v1/deposits',
    '/v1/changes',
    '/v1/changes/snapshot',
    '/v1/ledger',
  ]

  test.each(urls)('%s names neither nodes nor accelerators', async (url) => {
    const { text, status } = await api.get(url, 'bank')
    expect(status).toBe(200)
    for (const secret of [free, busy, 'node_id', 'unit_id', 'accelerator_id', 'NVIDIA H800']) {
      expect(text).not.toContain(secret)
    }
  })

  test('others get the names', async () => {
    const { body } = await api.get('/v1/deposits')
    expect(body.deposits).toHaveLength(2)
    expect(body.deposits[0]).toMatchObject({ node_id: free, model: 'H800 SXM', closed_at: null })
  })
})

describe('inventory', () => {
  test('nodes are listed in pages that join without a gap', async () => {
    const first = await api.get('/v1/nodes?limit=1')
    const second = await api.get(`/v1/nodes?limit=1&cursor=${first.body.next_cursor}`)
    const ids = [first, second].map(({ body }) => body.nodes[0].node_id)
    expect(ids.sort()).toEqual([free, busy].sort())
    expect(second.body.next_cursor).toBeNull()
  })

  test('one node shows its facts', async () => {
    const { body } = await api.get(`/v1/nodes/${free}`)
    expect(body).toMatchObject({ node_id: free, units: 2, site_code: 'SITE-1' })
    expect(body.facts.agent_version).toMatch(/^\d/)
  })

  test('an accelerator is found by its code and by its number', async () => {
    const { body } = await api.get('/v1/accelerators')
    const [card] = body.accelerators
    expect(card).toMatchObject({
      model: 'H800 SXM',
      p: '0.9894',
      identity: 'strong',
      counted: true,
    })
    const byCode = await api.get(`/v1/accelerators/${card.accelerator_id}`)
    const byNumber = await api.get('/v1/accelerators/1')
    expect(byCode.body).toEqual(byNumber.body)
  })

  test('a timeline shows states with their cause, and deposits', async () => {
    const range = `from=${iso(START_MS)}&to=${iso(START_MS + HOUR)}`
    const { body } = await api.get(`/v1/accelerators/1/timeline?${range}`)
    expect(body.placements[0].segments).toEqual([
      {
        from: iso(START_MS),
        to: iso(START_MS + HOUR),
        state: 'free',
        cause: 'proven',
        recorded_at: null,
      },
    ])
    expect(body.placements[0].deposits).toHaveLength(1)
  })

  test('a balance adds up to wall time', async () => {
    const range = `from=${iso(START_MS)}&to=${iso(START_MS + HOUR)}`
    const { body } = await api.get(`/v1/accelerators/1/balance?${range}`)
    expect(body).toMatchObject({ balanced: true, wall_ms: '3600000', coverage: 1, errors: [] })
    expect(body.states.free_ms).toBe('3600000')
  })

  test('quality names unrated models and weak identities', async () => {
    const { body } = await api.get('/v1/quality')
    expect(body.unrated_models.rows).toEqual([
      { vendor: 'nvidia', printed_name: 'Quantum X1', cards: 1 },
    ])
    expect(body.weak_identities).toMatchObject({ total: 1, rows: [{ identity: 'board' }] })
    expect(body.conflicts.total).toBe(0)
  })
})

describe('GET /v1/rollups', () => {
  const span = `from=${iso(START_MS)}&to=${iso(START_MS + 2 * HOUR)}`

  test('counts hours that are not sealed as missing', async () => {
    const { body } = await api.get(`/v1/rollups?grain=hour&${span}`)
    expect(body).toMatchObject({ finality: 'provisional', rows: [] })
  })

  test('sums sealed hours per model, and P·h over models', async () => {
    api.rig.clock.advance(2 * HOUR)
    await api.roller.drain()
    const { body } = await api.get(`/v1/rollups?grain=hour&${span}`)
    const [row] = body.rows
    expect(row).toMatchObject({
      from: iso(START_MS),
      to: iso(START_MS + HOUR),
      key: 'total',
      hours_sealed: 1,
      hours_total: 1,
      coverage: 1,
    })
    expect(row.p_hours.free_ph).toBe('1.979')
    expect(row.models.map((model: { model: string }) => model.model)).toEqual([
      'H800 SXM',
      'Quantum X1',
    ])
    expect(row.models[0].figures.free_ms).toBe(String(2 * HOUR))
    expect(row.models[1].figures.busy_ms).toBe(String(HOUR))
    expect(row.busy_rate).toEqual({ rate: 0, lower: 0, upper: 0 })
  })

  test('says the same of rows whose models were not asked for', async () => {
    const { body } = await api.get(`/v1/rollups?grain=hour&${span}`)
    const without = await api.get(`/v1/rollups?grain=hour&models=false&${span}`)
    const [row] = body.rows
    expect(without.body.rows).toEqual([{ ...row, models: [] }])
  })

  test('sums the range as one span where it is asked for whole', async () => {
    const { body } = await api.get(`/v1/rollups?grain=whole&${span}`)
    expect(body.rows).toHaveLength(1)
    expect(body.rows[0]).toMatchObject({ from: body.from, to: body.to, hours_total: 2 })
    expect(body.rows[0].models[0].figures.free_ms).toBe(String(2 * HOUR))
  })

  test('says the same as CSV', async () => {
    const { text, headers } = await api.get(`/v1/rollups.csv?grain=hour&${span}`)
    expect(headers['content-type']).toContain('text/csv')
    const [head, first] = text.split('\n')
    const cells = Object.fromEntries(
      (head ?? '').split(',').map((name, index) => [name, (first ?? '').split(',')[index]]),
    )
    expect(cells).toMatchObject({ model: 'H800 SXM', free_ms: String(2 * HOUR), demo: 'false' })
  })

  test.each([
    ['from=2026-03-01T08:30:00Z&to=2026-03-01T10:00:00Z', 'from'],
    ['from=2026-03-01T08:00:00Z&to=2026-03-01T08:00:00Z', 'to'],
    ['from=2026-03-01T08:00:00Z&to=2028-03-01T08:00:00Z', 'to'],
    [`${span}&tz=Mars/Olympus`, 'tz'],
    [`${span}&grain=week`, 'grain'],
  ])('%s is refused by its field', async (query, field) => {
    const { status, body } = await api.get(`/v1/rollups?${query}`)
    expect([status, body.code, body.field]).toEqual([400, 'request_invalid', field])
  })
})
