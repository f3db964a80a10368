/** What is shown of collectors that report here, to whom, and how their sites enter what all see. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ChildTeller, originOf, strongId } from '../../support/child-teller.ts'
import { HOUR, MINUTE, START_MS } from '../bank/ledger-rig.ts'
import { ApiRig } from './api-rig.ts'

const EAST_BELOW = originOf('b')
const FULL = BigInt(HOUR)

let api: ApiRig
let east: ChildTeller
let south: ChildTeller
let regulator: { readonly token: string }

beforeAll(async () => {
  api = await ApiRig.start()
  const { store } = api.rig
  const card = { validFromMs: START_MS, identities: [strongId('card')] }
  east = await new ChildTeller(store, 'a').enroll(START_MS)
  south = await new ChildTeller(store, 'd').enroll(START_MS)
  await east.tell(START_MS, [
    east.collector({ name: 'east province' }),
    siteIn(east, 'HZ-01', '330100'),
    east.node('east-node', 'HZ-01', [card, { validFromMs: START_MS }]),
    east.collector({ origin: EAST_BELOW, parentOrigin: east.origin, name: 'east hall' }),
    siteIn(east, 'HZ-02', '330200', EAST_BELOW),
    east.node('hall-node', 'HZ-02', [{ validFromMs: START_MS }], { origin: EAST_BELOW }),
  ])
  await south.tell(START_MS + 1, [
    south.collector({ name: 'south province' }),
    siteIn(south, 'GZ-01', '440100'),
    south.node('south-node', 'GZ-01', [{ ...card, validFromMs: START_MS + MINUTE }]),
    siteIn(south, 'HZ-01', '440100'),
  ])
  for (let hour = 0; hour < 2; hour += 1) {
    const hourMs = START_MS + hour * HOUR
    await east.tell(hourMs + HOUR, [
      east.hour('HZ-01', hourMs, [{ cards: 2, freeMs: FULL, busyMs: FULL }]),
      east.hour('HZ-02', hourMs, [{ cards: 1, freeMs: FULL - 7n }], { origin: EAST_BELOW }),
      east.counts('HZ-01', hourMs + MINUTE, [{ cards: 1 }, { cards: 1, state: 'busy' }]),
      east.counts('HZ-02', hourMs + MINUTE, [{ cards: 1 }], { origin: EAST_BELOW }),
    ])
    await south.tell(hourMs + HOUR, [
      south.hour('GZ-01', hourMs, [{ cards: 1, freeMs: FULL - BigInt(hour === 0 ? MINUTE : 0) }]),
      south.counts('GZ-01', hourMs + MINUTE, [{ cards: 1 }]),
    ])
  }
  api.rig.clock.advance(START_MS + 4 * HOUR - api.rig.now)
  for (const child of [east, south]) await child.heard(api.rig.now)
  await api.settle()
  regulator = { token: await api.token({ role: 'regulator', regionCode: '440000' }) }
})
afterAll(() => api.close())

function siteIn(child: ChildTeller, siteCode: string, regionCode: string, origin = child.origin) {
  const record = child.site(siteCode, { origin })
  const terms = record.site.terms.map((one) => ({ ...one, regionCode }))
  return { ...record, site: { ...record.site, terms } }
}

describe('the tree', () => {
  test('shows who is heard, what is below whom, and what each has', async () => {
    const { body } = await api.get('/v1/children')
    const rows = body.collectors.map(
      (row: Record<string, unknown>) =>
        [row.name, row.parent_origin, row.sites, row.nodes, row.cards, row.away_since] as const,
    )
    expect(rows).toEqual([
      ['east province', null, 1, 1, 2, null],
      ['east hall', east.origin, 1, 1, 1, null],
      ['south province', null, 1, 1, 1, null],
    ])
  })

  test('nodes of one are listed with their cards, and those that count elsewhere are marked', async () => {
    const { body } = await api.get(`/v1/children/${south.origin}/nodes`)
    expect(body.nodes).toMatchObject([
      { node_id: 'south-node', cards: [{ unit_number: 1, counted: true, taken_out: true }] },
    ])
    expect((await api.get(`/v1/children/${originOf('9')}/nodes`)).status).toBe(404)
    expect((await api.get('/v1/children/x/nodes')).status).toBe(400)
  })
})

describe('figures', () => {
  test('rollups of the country are the sum of the children, a card counted once', async () => {
    const range = `from=${iso(START_MS)}&to=${iso(START_MS + HOUR)}&grain=whole`
    const { body } = await api.get(`/v1/rollups?${range}&by=region`)
    const free = body.rows.map((row: { key: string; models: { figures: object }[] }) => [
      row.key,
      row.models[0]?.figures,
    ])
    // The only card of the south counts in the east.
    expect(free).toHaveLength(1)
    expect(free).toMatchObject([
      ['330000', { free_ms: (2n * FULL - 7n).toString(), busy_ms: FULL.toString() }],
    ])
  })

  test('the ledger has sites of children in the scope of their province', async () => {
    const cards = async (as: Parameters<ApiRig['ask']>[2]) => {
      const { body } = await api.ask('GET', '/v1/ledger?by=site', as)
      return body.rows.map((row: { key: string; stages: { connected: { cards: number } } }) => [
        row.key,
        row.stages.connected.cards,
      ])
    }
    expect(await cards('admin')).toEqual([
      ['GZ-01', 0],
      ['HZ-01', 2],
      ['HZ-02', 1],
    ])
    expect(
      await cards({ token: await api.token({ role: 'regulator', regionCode: '330000' }) }),
    ).toEqual([
      ['HZ-01', 2],
      ['HZ-02', 1],
    ])
    expect(await cards(regulator)).toEqual([['GZ-01', 0]])
  })

  test('the quality page names what was refused, what does not add up, and what two claim', async () => {
    const { children } = (await api.get('/v1/quality')).body
    expect(children.refused.rows).toMatchObject([{ code: 'record_site', child_id: south.childId }])
    expect(children.unbalanced.rows).toMatchObject([
      { site_code: 'HZ-02', missing_ms: 7 },
      { site_code: 'HZ-02', missing_ms: 7 },
    ])
    expect(children.conflicts.rows).toMatchObject([
      { kept: { node_id: 'east-node' }, other: { node_id: 'south-node' } },
    ])
  })
})

test('a regulator of one province reads no word of another', async () => {
  const questions = [
    '/v1/children',
    `/v1/children/${south.origin}/nodes`,
    `/v1/children/${east.origin}/nodes`,
    '/v1/quality',
    '/v1/ledger?by=site',
    '/v1/sites',
    `/v1/rollups?from=${iso(START_MS)}&to=${iso(START_MS + HOUR)}&by=site`,
  ]
  for (const question of questions) {
    const { text } = await api.ask('GET', question, regulator)
    for (const word of ['HZ-0', 'east', EAST_BELOW, 'hall-node']) {
      expect(text.replace(`no collector ${east.origin}`, ''), question).not.toContain(word)
    }
  }
  expect((await api.ask('GET', '/v1/children', regulator)).text).toContain('south province')
})

function iso(atMs: number): string {
  return new Date(atMs).toISOString()
}
