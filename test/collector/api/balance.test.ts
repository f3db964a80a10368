/** The balance over HTTP: what adds up says so, what does not is named, what is too much is refused. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HOUR, START_MS } from '../bank/ledger-rig.ts'
import { ApiRig } from './api-rig.ts'

const iso = (ms: number) => new Date(ms).toISOString()
const between = (hours: number) => `from=${iso(START_MS)}&to=${iso(START_MS + hours * HOUR)}`

let api: ApiRig

beforeAll(async () => {
  api = await ApiRig.start()
  const node = await api.rig.admit(1, [{}, {}])
  await api.rig.admit(2, [{}], 'NM-02')
  await api.rig.live(node, [
    ['free/proven', 2_700],
    ['unknown/probe', 900],
  ])
  await api.settle()
})
afterAll(() => api.close())

describe('GET /v1/balance', () => {
  test('adds the states of one card up to wall time, with the coverage', async () => {
    const { accelerators } = (await api.get('/v1/accelerators?site=SITE-1')).body
    const { accelerator_id } = accelerators[0]
    const url = `/v1/balance?${between(1)}&accelerator=${accelerator_id}`
    const { status, body } = await api.get(url, 'auditor')
    expect(status).toBe(200)
    expect(body).toMatchObject({
      balanced: true,
      units: 1,
      wall_ms: String(HOUR),
      states: { free_ms: String(0.75 * HOUR), unknown_ms: String(0.25 * HOUR) },
      coverage: 0.75,
      errors: [],
    })
  })

  test('covers what the token sees, and nothing else', async () => {
    const token = await api.token({ role: 'admin', siteCode: 'SITE-1' })
    const { body } = await api.get(`/v1/balance?${between(1)}`, { token })
    expect(body).toMatchObject({ balanced: true, units: 2, wall_ms: String(2 * HOUR) })
    const { accelerators } = (await api.get('/v1/accelerators?site=NM-02')).body
    const url = `/v1/balance?${between(1)}&accelerator=${accelerators[0].accelerator_id}`
    expect((await api.get(url, { token })).status).toBe(404)
  })

  test.each([
    [between(32 * 24), 'to'],
    [between(-1), 'to'],
    [`from=${iso(START_MS)}`, 'to'],
  ])('%s is refused by its field', async (query, field) => {
    const { status, body } = await api.get(`/v1/balance?${query}`)
    expect([status, body.field]).toEqual([400, field])
  })

  test('more than a few thousand card-days are refused before they are read', async () => {
    await api.rig.admit(
      3,
      Array.from({ length: 200 }, () => ({})),
      'NM-03',
    )
    const { status, body } = await api.get(`/v1/balance?${between(30 * 24)}`)
    expect([status, body.field]).toEqual([400, 'to'])
    expect(body.detail).toContain('ask for a shorter span, or for one accelerator')
    expect((await api.get(`/v1/balance?${between(24)}`)).status).toBe(200)
  })
})
