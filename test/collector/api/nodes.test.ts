/** Nodes over HTTP: who is silent and which clock is off, counted and listed; the cards of one node. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import { MINUTE, SITE, START_MS } from '../bank/ledger-rig.ts'
import { ApiRig } from './api-rig.ts'

const iso = (ms: number) => new Date(ms).toISOString()

let api: ApiRig
let lending: NodeId
let wrong: NodeId
let elsewhere: NodeId

/** 20 min of: a node that lends (one card free, one busy for 5 min), one with a wrong clock, one away. */
beforeAll(async () => {
  api = await ApiRig.start()
  const { rig } = api
  lending = await rig.admit(1, [{}, {}])
  wrong = await rig.admit(2, [{}])
  elsewhere = await rig.admit(3, [{}], 'NM-01')
  await rig.policy(lending)
  await rig.live(lending, [['free/proven', 16 * 60]])
  await api.settle()
  await rig.live(lending, [['busy/active', 5 * 60]])
  await api.settle()
  await heard(lending, 0)
  await heard(wrong, 5_001)
  api.suspended.add(elsewhere)
})
afterAll(() => api.close())

async function heard(nodeId: NodeId, clockOffsetMs: number): Promise<void> {
  const { store, now } = api.rig
  const state = await store.findNode({ regions: 'all', sites: 'all' }, nodeId)
  const generation = state?.session?.generation
  if (generation === undefined) throw new Error('it has a session')
  await store.touchSessions([
    { nodeId, generation, lastHeardMs: now, heardAgoMs: 0, clockOffsetMs },
  ])
}

interface Row {
  readonly node_id: string
  readonly attention: readonly string[]
}
const list = async (query = '', as: Parameters<ApiRig['get']>[1] = 'regulator') => {
  const { body, status } = await api.get(`/v1/nodes${query}`, as)
  expect([query, status]).toEqual([query, 200])
  return body.nodes as readonly Row[]
}

describe('GET /v1/nodes', () => {
  test('says of each node what somebody should look at', async () => {
    expect((await list()).map(({ node_id, attention }) => [node_id, attention])).toEqual([
      [lending, []],
      [wrong, ['clock_not_depositable']],
      [elsewhere, ['silent', 'suspended']],
    ])
  })

  test('is narrowed to a site, to the silent, to wrong clocks', async () => {
    const ids = async (query: string) => (await list(query)).map(({ node_id }) => node_id)
    expect(await ids('?site=NM-01')).toEqual([elsewhere])
    expect(await ids('?silent=true')).toEqual([elsewhere])
    expect(await ids('?clock_off=true')).toEqual([wrong])
    expect(await ids('?problem=any')).toEqual([])
    expect(await ids(`?name=${lending.slice(0, 8)}&limit=1`)).toEqual([lending])
    expect((await api.get('/v1/nodes?silent=false')).status).toBe(400)
  })

  test('C5: nobody is shown, or counted, nodes outside of the scope', async () => {
    const token = { token: await api.token({ role: 'operator', siteCode: SITE }) }
    expect((await list('', token)).map(({ node_id }) => node_id)).toEqual([lending, wrong])
    const health = await api.get('/v1/nodes/health', token)
    expect(health.body).toMatchObject({ active: 2, connected: 2, silent: 0, clock_off: 1 })
    const cards = await api.get(`/v1/nodes/${elsewhere}/accelerators`, token)
    expect([cards.status, cards.body.code]).toEqual([404, 'not_found'])
  })
})

test('all nodes are counted by how they fare', async () => {
  const { body } = await api.get('/v1/nodes/health', 'security')
  expect(body).toEqual({
    demo: false,
    known_at: iso(api.rig.now),
    active: 3,
    revoked: 0,
    connected: 3,
    silent: 1,
    never_connected: 0,
    clock_off: 1,
    with_problem: 0,
    versions: [{ agent_version: '0.1.0', nodes: 3 }],
    problems: [],
  })
})

describe('GET /v1/nodes/{id}/accelerators', () => {
  test('shows what each card does and since when, and to its operator why it is not deposited', async () => {
    const { body } = await api.get(`/v1/nodes/${lending}/accelerators`, 'operator')
    expect(body.accelerators).toHaveLength(2)
    expect(body.accelerators[0]).toMatchObject({
      kind: 'card',
      model: 'H800 SXM',
      p: '0.9894',
      state: {
        state: 'busy',
        cause: 'active',
        since: iso(START_MS + 16 * MINUTE),
        to: iso(START_MS + 21 * MINUTE),
      },
      deposit_status: { status: 'not_deposited', reason: 'not_free' },
    })
  })

  test('tells a regulator the state, and not the reasons of the owner', async () => {
    const { body } = await api.get(`/v1/nodes/${lending}/accelerators`, 'regulator')
    expect(body.accelerators[0].state.state).toBe('busy')
    expect(body.accelerators[0].deposit_status).toBeNull()
  })

  test('a card that has told nothing has no state', async () => {
    const { body } = await api.get(`/v1/nodes/${wrong}/accelerators`)
    expect(body.accelerators[0].state).toBeNull()
  })
})
