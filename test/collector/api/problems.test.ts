/** Refusals: stable codes and sentences that name the field. And the description of it all. */

import { ERROR_CODES } from '@yiben/shared'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { statusOf } from '../../../collector/src/api/errors.ts'
import { ApiRig } from './api-rig.ts'

let api: ApiRig
beforeAll(async () => {
  api = await ApiRig.start()
})
afterAll(() => api.close())

const SITE = { name: 'A', region_code: '110000' }

describe('a bad question', () => {
  test.each([
    ['/v1/ledger?as_of=yesterday', 'as_of'],
    ['/v1/ledger?as_of=2026-03-01', 'as_of'],
    ['/v1/ledger?by=colour', 'by'],
    ['/v1/ledger?asof=2026-03-01T00:00:00Z', 'asof'],
    ['/v1/nodes?limit=0', 'limit'],
    ['/v1/nodes?limit=1001', 'limit'],
    ['/v1/nodes?limit=ten', 'limit'],
    ['/v1/capacity?domestic=yes', 'domestic'],
    ['/v1/capacity?vendor=acme', 'vendor'],
    ['/v1/capacity?region=11', 'region'],
    ['/v1/deposits?open=1', 'open'],
  ])('%s is refused with its field', async (url, field) => {
    const { status, body, headers } = await api.get(url)
    expect([status, body.code, body.field]).toEqual([400, 'request_invalid', field])
    expect(headers['content-type']).toContain('application/problem+json')
    expect(body).toMatchObject({ type: 'urn:yiben:problem:request_invalid', status: 400 })
    expect(body.detail).toContain(field)
  })

  test.each([
    ['BJ-01', { ...SITE, region_code: '1100' }, 'region_code'],
    ['BJ-01', { ...SITE, region_code: '880000' }, 'region_code'],
    ['BJ-01', { ...SITE, operator: { code: '91110000MA00000000' } }, 'operator_code'],
    ['BJ-01', { ...SITE, name: ' ' }, 'name'],
    ['BJ-01', { name: 'A' }, 'region_code'],
    ['BJ-01', { ...SITE, colour: 'red' }, 'colour'],
    ['bj_01', SITE, 'site'],
    [
      'BJ-01',
      { ...SITE, declared: [{ model: 'H800', cards: 1, p: '1,0', basis: 'unstated' }] },
      'declared.0.p',
    ],
    [
      'BJ-01',
      { ...SITE, declared: [{ model: 'H800', cards: -1, p: '1', basis: 'unstated' }] },
      'cards',
    ],
    ['BJ-01', { ...SITE, keep: [{ model: 'no such', cards: 1 }] }, 'keep'],
    ['BJ-01', { ...SITE, keep: [{ model: 'H800 SXM', cards: 0 }] }, 'keep'],
    [
      'BJ-01',
      {
        ...SITE,
        keep: [
          { model: 'H800 SXM', cards: 1 },
          { model: 'H800 SXM', cards: 2 },
        ],
      },
      'keep',
    ],
  ])('PUT /v1/sites/%s with %j is refused for %s', async (code, body, field) => {
    const answer = await api.ask('PUT', `/v1/sites/${code}`, 'admin', body)
    expect([answer.status, answer.body.code, answer.body.field]).toEqual([
      400,
      'request_invalid',
      field,
    ])
  })

  test('a refused site leaves nothing behind', async () => {
    expect((await api.get('/v1/sites')).body.sites).toEqual([])
  })

  test('a body that is no JSON is refused', async () => {
    const answer = await api.app.inject({
      method: 'PUT',
      url: '/v1/sites/BJ-01',
      headers: {
        authorization: `Bearer ${api.tokens.get('admin')}`,
        'content-type': 'application/json',
      },
      payload: '{"name": ',
    })
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'request_invalid'])
  })

  test('what is not there is a problem document too', async () => {
    for (const url of ['/v1/nothing', '/', '/v1/nodes/n-0', '/v1/accelerators/YA0000002SX']) {
      const { status, body } = await api.get(url)
      expect([url, status, body.code]).toEqual([url, 404, 'not_found'])
    }
  })
})

test('every code has a status that is an error', () => {
  for (const code of ERROR_CODES) expect(statusOf(code)).toBeGreaterThanOrEqual(400)
})

test('a site is put, changed and listed with what it declared', async () => {
  const put = await api.ask('PUT', '/v1/sites/BJ-YZ-01', 'admin', {
    name: '亦庄',
    region_code: '110115',
    operator: { code: '91110000MA00000007', name: '某公司' },
    declared: [{ model: 'H800', cards: 8, p: '7.915', basis: 'fp16_dense' }],
  })
  // The credit code's check character is wrong: said so, and nothing is written.
  expect([put.status, put.body.field]).toEqual([400, 'operator_code'])
  const good = await api.ask('PUT', '/v1/sites/BJ-YZ-01', 'admin', {
    name: '亦庄',
    region_code: '110115',
    declared: [{ model: 'H800', cards: 8, p: '7.915', basis: 'fp16_dense' }],
  })
  expect(good.body).toMatchObject({ code: 'BJ-YZ-01', hub: '京津冀', region_code: '110115' })
  const { body } = await api.get('/v1/sites')
  expect(body.sites[0].declared[0]).toMatchObject({ model: 'H800', cards: 8, p: '7.915' })
  const { body: ledger } = await api.get('/v1/ledger')
  expect(ledger.rows[0].declared).toMatchObject({ cards: 8, p: '7.915' })
  expect(ledger.rows[0].access_rate).toBe(0)
})

test('cards to keep back are stated, stay when they are left out, and are taken off by an empty list', async () => {
  const put = async (keep: object) => {
    const place = { name: '亦庄', region_code: '110115' }
    const { body } = await api.ask('PUT', '/v1/sites/BJ-YZ-02', 'admin', { ...place, ...keep })
    api.rig.clock.advance(1_000)
    return body.keep
  }
  const keep = [{ model: 'H800 SXM', cards: 4 }]
  expect([await put({ keep }), await put({}), await put({ keep: [] })]).toEqual([keep, keep, []])
  const entries = (await api.rig.store.readOutbox(100)).filter(({ payload }) => {
    return payload.site_code === 'BJ-YZ-02'
  })
  expect(entries.map(({ kind, payload }) => [kind, payload.keep])).toEqual([
    ['site_changed', keep],
    ['site_changed', keep],
    ['site_changed', []],
  ])
})

test('more requests than a minute allows are refused with a code', async () => {
  const strict = await ApiRig.start({
    settings: {
      timeZone: 'Asia/Shanghai',
      settledLagMs: 120_000,
      requestsPerMinute: 3,
      followersMax: 4,
    },
  })
  const codes: (string | undefined)[] = []
  for (let request = 0; request < 4; request += 1) {
    // Without a token: guessing is bounded too.
    codes.push((await strict.get('/v1/ledger', null)).body.code)
  }
  await strict.close()
  expect(codes).toEqual(['unauthenticated', 'unauthenticated', 'unauthenticated', 'rate_limited'])
})

test('a collector that is not ready says why', async () => {
  const drained = await ApiRig.start({
    readiness: () => ({
      isReady: false,
      reasons: ['the collector is stopping'],
      notes: [],
    }),
  })
  const { status, body } = await drained.get('/readyz', null)
  await drained.close()
  expect([status, body]).toEqual([
    503,
    { ready: false, reasons: ['the collector is stopping'], notes: [] },
  ])
})

test('vitals are metrics with their help', async () => {
  const vitals = [
    { name: 'yiben_records_total', help: 'records', kind: 'counter' as const, value: 7 },
    { name: 'yiben_sessions', help: 'sessions', kind: 'gauge' as const, value: 3 },
  ]
  const measured = await ApiRig.start({ vitals: async () => vitals })
  await measured.get('/metrics', 'metrics')
  const { text } = await measured.get('/metrics', 'metrics')
  await measured.close()
  expect(text).toContain('# TYPE yiben_records_total counter\nyiben_records_total 7')
  expect(text).toContain('yiben_sessions 3')
  expect(text).toContain('yiben_http_request_duration_seconds_count')
})

describe('the description', () => {
  test('is OpenAPI 3.1 whose references all resolve and whose operations all have an answer', async () => {
    const { body } = await api.get('/v1/openapi.json', null)
    expect(body.openapi).toBe('3.1.0')
    const known = new Set(
      Object.keys(body.components.schemas).map((name) => `#/components/schemas/${name}`),
    )
    for (const reference of JSON.stringify(body).matchAll(/"\$ref":"([^"]+)"/g)) {
      expect(known).toContain(reference[1])
    }
    for (const [path, operations] of Object.entries(body.paths)) {
      for (const [method, operation] of Object.entries(operations as Record<string, object>)) {
        expect([path, method, 'responses' in operation]).toEqual([path, method, true])
        expect([path, method, 'summary' in operation]).toEqual([path, method, true])
      }
    }
    expect(Object.keys(body.paths)).toContain('/v1/changes/snapshot')
  })

  test('has a page for people whose parts are all there', async () => {
    const page = await api.get('/docs/', null)
    const { text } = page.status === 200 ? page : await api.get('/docs', null)
    for (const [, source] of text.matchAll(/(?:src|href)="(\.[^"]+)"/g)) {
      const path = new URL(source ?? '', 'http://x/docs/').pathname
      expect([path, (await api.get(path, null)).status]).toEqual([path, 200])
    }
  })
})
