/** A token bound to a region or a site sees nothing of any other, on no route. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import { HOUR, START_MS } from '../bank/ledger-rig.ts'
import { ApiRig } from './api-rig.ts'

const iso = (ms: number) => new Date(ms).toISOString()
const SPAN = `from=${iso(START_MS)}&to=${iso(START_MS + HOUR)}`

let api: ApiRig
let inBeijing: NodeId
let elsewhere: NodeId
const tokens: Record<string, string> = {}

beforeAll(async () => {
  api = await ApiRig.start()
  const { rig } = api
  inBeijing = await rig.admit(1, [{}], 'BJ-01')
  elsewhere = await rig.admit(2, [{}], 'NM-01')
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
  for (const [index, nodeId] of [inBeijing, elsewhere].entries()) {
    rig.clock.stepWall(START_MS - rig.now + index)
    await rig.policy(nodeId)
    await rig.live(nodeId, [['free/proven', 3_600]])
  }
  await api.settle()
  rig.clock.advance(3 * HOUR)
  await api.settle()
  tokens.region = await api.token({ role: 'admin', regionCode: '110000' })
  tokens.county = await api.token({ role: 'admin', regionCode: '110108' })
  tokens.site = await api.token({ role: 'admin', siteCode: 'BJ-01' })
  tokens.nowhere = await api.token({ role: 'admin', regionCode: '440000' })
})
afterAll(() => api.close())

const LISTS = [
  '/v1/ledger?by=site',
  `/v1/ledger?by=site&as_of=${iso(START_MS + 1000)}`,
  `/v1/rollups?by=site&grain=hour&${SPAN}`,
  '/v1/nodes',
  '/v1/accelerators',
  '/v1/sites',
  '/v1/deposits?open=false',
  '/v1/changes',
  '/v1/changes/snapshot',
  '/v1/capacity',
  '/v1/quality',
]

describe.each(['region', 'county', 'site'])('a token bound by %s', (kind) => {
  test.each(LISTS)('%s has its own rows and no others', async (url) => {
    const token = tokens[kind] ?? ''
    const { status, text } = await api.get(url, { token })
    expect(status).toBe(200)
    for (const other of [elsewhere, 'NM-01', '150100']) expect(text).not.toContain(other)
  })

  test.each([
    '/v1/ledger?by=site',
    '/v1/nodes',
    '/v1/accelerators',
    '/v1/sites',
    '/v1/deposits?open=false',
    '/v1/changes',
    `/v1/rollups?by=site&grain=hour&${SPAN}`,
  ])('%s is not empty: what is hidden is there to be hidden', async (url) => {
    const { text } = await api.get(url, { token: tokens[kind] ?? '' })
    expect(text).toContain('BJ-01')
  })

  test('single things of others are not found, as if they were not there', async () => {
    const token = { token: tokens[kind] ?? '' }
    const all = (await api.get('/v1/accelerators')).body.accelerators
    const foreign = all.find((row: { node_id: string }) => row.node_id === elsewhere)
    for (const url of [
      `/v1/nodes/${elsewhere}`,
      `/v1/accelerators/${foreign.accelerator_id}`,
      `/v1/accelerators/${foreign.accelerator_id}/timeline?${SPAN}`,
      `/v1/accelerators/${foreign.accelerator_id}/balance?${SPAN}`,
    ]) {
      const { status, body } = await api.get(url, token)
      expect([url, status, body.code]).toEqual([url, 404, 'not_found'])
    }
    expect((await api.get(`/v1/nodes/${inBeijing}`, token)).status).toBe(200)
  })
})

test('a token of a region without sites sees empty lists', async () => {
  for (const url of LISTS) {
    const { status, text } = await api.get(url, { token: tokens.nowhere ?? '' })
    expect([url, status]).toEqual([url, 200])
    for (const other of ['BJ-01', 'NM-01', inBeijing, elsewhere]) expect(text).not.toContain(other)
  }
})

test('a bound administrator can neither make a site elsewhere nor move one in or out', async () => {
  const token = { token: tokens.region ?? '' }
  const put = (code: string, region: string) =>
    api.ask('PUT', `/v1/sites/${code}`, token, { name: 'X', region_code: region })
  expect((await put('SH-01', '310000')).status).toBe(403)
  expect((await put('NM-01', '110000')).status).toBe(403)
  expect((await put('BJ-01', '310000')).status).toBe(403)
  expect((await put('BJ-02', '110105')).status).toBe(200)
})
