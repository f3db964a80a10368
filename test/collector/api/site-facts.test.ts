/** Sites over HTTP: what they state of themselves, on both axes, who may say it, flags, codes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HOUR, SITE } from '../bank/ledger-rig.ts'
import { ApiRig } from './api-rig.ts'
import { OTHER_SITE } from './two-sites.ts'

const iso = (ms: number) => new Date(ms).toISOString()
const TARIFF = {
  time_zone: 'Asia/Shanghai',
  periods: [
    { name: '峰', from: '08:00', to: '23:00' },
    { name: '谷', from: '23:00', to: '08:00' },
  ],
}

let api: ApiRig
beforeAll(async () => {
  api = await ApiRig.start()
  await api.rig.admit(1, [{}, {}], SITE)
  await api.rig.admit(2, [{}], OTHER_SITE)
})
afterAll(() => api.close())

const site = (query = '', code = SITE) => api.get(`/v1/sites/${code}${query}`)
const state = (body: object, as: Parameters<ApiRig['ask']>[2] = 'admin', code = SITE) =>
  api.ask('PUT', `/v1/sites/${code}/facts`, as, body)

async function entries(kind: string): Promise<{ payload: Record<string, unknown> }[]> {
  await api.settle()
  const { body } = await api.get('/v1/journal/entries?limit=1000')
  return body.entries
    .filter((entry: { kind: string }) => entry.kind === kind)
    .map((entry: { canonical: string }) => JSON.parse(entry.canonical))
}

describe('facts of a site', () => {
  test('are shown with author and instants, kept with their history, and entered once', async () => {
    expect((await site()).body.facts).toEqual({ pue: null, racks: null, tariff: null })
    const told = { pue: '1.25', racks: { in_use: 640, available: 1000 }, tariff: TARIFF }
    const firstMs = api.rig.now
    const { status, body } = await state(told)
    expect([status, body.facts]).toMatchObject([
      200,
      {
        pue: { value: '1.250', valid_from: iso(firstMs), stated_at: iso(firstMs) },
        racks: { in_use: 640, available: 1000, occupancy: 0.64 },
        tariff: TARIFF,
      },
    ])
    expect(body.facts.pue.author).toMatch(/^token /)
    api.rig.clock.advance(HOUR)
    const again = await state(told)
    expect(again.body.facts).toEqual(body.facts)
    expect(await entries('site_facts_changed')).toHaveLength(3)
    const secondMs = api.rig.now
    await state({ pue: '1.3' })
    await state({ racks: null })
    const { facts, history } = (await site()).body
    expect([facts.pue.value, facts.racks]).toEqual(['1.300', null])
    expect(history.map((one: { fact: string; value: unknown }) => [one.fact, one.value])).toEqual([
      ['racks', null],
      ['pue', '1.300'],
      ['tariff', TARIFF],
      ['racks', { in_use: 640, available: 1000 }],
      ['pue', '1.250'],
    ])
    const then = `?as_of=${iso(secondMs - 1)}&known_at=${iso(secondMs - 1)}`
    expect((await site(then)).body.facts.pue.value).toBe('1.250')
    const list = (await api.get('/v1/sites')).body.sites
    const listed = list.find(({ code }: { code: string }) => code === SITE)
    expect(listed.facts.pue.value).toBe('1.300')
  })

  test.each([
    [{ pue: '0.99' }, 'pue'],
    [{ pue: '1.2345' }, 'pue'],
    [{ racks: { in_use: 2, available: 1 } }, 'racks'],
    [{ tariff: { ...TARIFF, periods: TARIFF.periods.slice(1) } }, 'no period holds 08:00'],
    [{ pui: '1.2' }, 'pui'],
  ])('%j is refused and nothing is written', async (body, word) => {
    const before = (await site()).body.history
    const answer = await state(body)
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(word)])
    expect((await site()).body.history).toEqual(before)
  })

  test('an operator speaks for its own site alone, and nobody who only reads for any', async () => {
    const token = await api.token({ role: 'operator', siteCode: SITE })
    expect((await state({ pue: '1.4' }, { token })).status).toBe(200)
    expect((await state({ pue: '1.4' }, { token }, OTHER_SITE)).status).toBe(404)
    for (const role of ['regulator', 'bank', 'auditor', 'security'] as const) {
      expect((await state({ pue: '1.4' }, role)).status).toBe(403)
    }
    const elsewhere = await api.token({ role: 'regulator', siteCode: OTHER_SITE })
    expect((await api.get(`/v1/sites/${SITE}`, { token: elsewhere })).status).toBe(404)
    expect((await site('', 'NO-SITE')).status).toBe(404)
  })
})

test('hours are told apart by the calendar that was in force, as known then', async () => {
  const other = await ApiRig.start()
  try {
    const { rig } = other
    const node = await rig.admit(1, [{}])
    // 16:00 to 18:00 in Shanghai.
    const startMs = rig.now
    await rig.live(node, [['free/proven', 7_200]])
    rig.clock.advance(3 * HOUR)
    await other.settle()
    const span = `from=${iso(startMs)}&to=${iso(startMs + 2 * HOUR)}`
    const rows = async (query = '') => {
      const url = `/v1/rollups?by=tariff&grain=day&${span}${query}`
      const told = (await other.get(url)).body.rows
      return told.map((row: { key: string | null; models: { figures: { free_ms: string } }[] }) => [
        row.key,
        row.models[0]?.figures.free_ms,
      ])
    }
    const beforeMs = rig.now
    expect(await rows()).toEqual([[null, String(2 * HOUR)]])
    rig.clock.advance(1)
    const periods = [
      { name: '峰', from: '08:00', to: '17:00' },
      { name: '谷', from: '17:00', to: '08:00' },
    ]
    const told = { tariff: { ...TARIFF, periods }, valid_from: iso(startMs) }
    expect((await other.ask('PUT', `/v1/sites/${SITE}/facts`, 'admin', told)).status).toBe(200)
    expect(new Map(await rows())).toEqual(
      new Map([
        ['峰', String(HOUR)],
        ['谷', String(HOUR)],
      ]),
    )
    expect(await rows(`&known_at=${iso(beforeMs)}`)).toEqual([[null, String(2 * HOUR)]])
  } finally {
    await other.close()
  }
})

test('sites are told under the terms of an instant, as known at another', async () => {
  const put = (name: string, region_code: string) =>
    api.ask('PUT', '/v1/sites/SH-01', 'admin', { name, region_code })
  await put('Old', '310115')
  const beforeMs = api.rig.now
  api.rig.clock.advance(HOUR)
  await put('New', '310118')
  const named = async (query: string) => {
    const { sites } = (await api.get(`/v1/sites${query}`)).body
    const found = sites.find(({ code }: { code: string }) => code === 'SH-01')
    return [found?.name, found?.region_code, found?.cluster]
  }
  const demonstration = '长三角生态绿色一体化发展示范区数据中心集群'
  expect(await named('')).toEqual(['New', '310118', demonstration])
  expect(await named(`?as_of=${iso(beforeMs)}`)).toEqual(['New', '310115', null])
  expect(await named(`?known_at=${iso(beforeMs)}`)).toEqual(['Old', '310115', null])
  expect(await named(`?known_at=${iso(beforeMs - 1)}`)).toEqual([undefined, undefined, undefined])
})

describe('a declared figure above the catalogue’s', () => {
  test('2,300 P for 1,184 H800 is told to be the sparse basis, and changes no other figure', async () => {
    const declared = (p: string, basis: string) =>
      api.ask('PUT', '/v1/sites/ZJ-01', 'admin', {
        name: '图灵小镇',
        region_code: '330109',
        declared: [{ model: 'H800 SXM', cards: 1184, p, basis }],
      })
    const { body } = await declared('2300', 'unstated')
    const flag = {
      ratio: 1.963379,
      fits_basis: 'fp16_sparse',
      sentence:
        'ZJ-01 declares 2,300 P without a basis for 1,184 H800 SXM; on the dense FP16 basis the catalogue has 1,171.4 P for them (declared / catalogue = 1.96). The figure fits the sparse basis, 2,343.1 P.',
      sentence_zh:
        'ZJ-01 申报 1,184 张 H800 SXM 共 2,300 P（未注明口径）；目录按 FP16 稠密口径为 1,171.4 P（申报 ÷ 目录 = 1.96）。该数与稀疏口径的 2,343.1 P 相符。',
    }
    expect(body.declared[0].flag).toMatchObject(flag)
    const row = async (query: string) => {
      const answer = await api.get(`/v1/ledger?${query}`)
      return answer.body.rows.find(({ key }: { key: string }) => key === 'ZJ-01' || key === 'total')
    }
    const whole = (await row('by=total')).declared
    expect(whole).toMatchObject({
      p: '0',
      p_basis_unstated: '2300',
      flag: { ...flag, declarations: 1 },
    })
    api.rig.clock.advance(1)
    const beforeMs = api.rig.now - 1
    await declared('1171.449', 'fp16_dense')
    expect((await row('by=site')).declared).toMatchObject({ p: '1171.449', flag: null })
    const then = await row(`by=site&known_at=${iso(beforeMs)}`)
    expect(then.declared.flag).toMatchObject(flag)
  })
})

describe('resource codes', () => {
  test('stand with sites, nodes and accelerators, and name them', async () => {
    const [{ resource_code: siteCode }] = (await api.get('/v1/sites')).body.sites
    const { nodes } = (await api.get('/v1/nodes')).body
    const { accelerators } = (await api.get('/v1/accelerators')).body
    for (const [code, kind] of [
      [siteCode, 'site'],
      [nodes[0].resource_code, 'node'],
      [accelerators[0].accelerator_id, 'accelerator'],
    ]) {
      const { status, body } = await api.get(`/v1/codes/${code.toLowerCase()}`)
      expect([status, body]).toMatchObject([200, { code, kind, scheme: 'yiben', issued: [] }])
      expect((await api.get(body.url)).status).toBe(200)
    }
  })

  test.each([
    ['YS0000001', 'shape'],
    ['YS000000012', 'check character does not fit'],
    ['CPURL-1', 'shape'],
  ])('%s is told to be mistyped', async (text, sentence) => {
    const { status, body } = await api.get(`/v1/codes/${text}`)
    expect([status, body.code]).toEqual([400, 'request_invalid'])
    expect(body.detail).toContain(sentence)
  })

  test('a code of what lies outside the scope names nothing', async () => {
    const token = await api.token({ role: 'admin', siteCode: OTHER_SITE })
    const { nodes } = (await api.get(`/v1/nodes?site=${SITE}`)).body
    const { accelerators } = (await api.get(`/v1/accelerators?site=${SITE}`)).body
    for (const code of [
      (await site()).body.resource_code,
      nodes[0].resource_code,
      accelerators[0].accelerator_id,
    ]) {
      expect((await api.get(`/v1/codes/${code}`, { token })).status).toBe(404)
      const issued = { scheme: 'X', use: 'total', value: '1', issued_by: 'n' }
      expect((await api.ask('PUT', `/v1/codes/${code}/issued`, { token }, issued)).status).toBe(404)
    }
  })

  test('codes of a national node are kept beside it, total and available apart', async () => {
    const { resource_code } = (await site()).body
    const issue = (body: object, code = resource_code) =>
      api.ask('PUT', `/v1/codes/${code}/issued`, 'admin', {
        scheme: 'CPURL',
        issued_by: '国家节点',
        ...body,
      })
    const first = await issue({ use: 'total', value: '10001-1' })
    expect(first.body.issued).toMatchObject([{ use: 'total', value: '10001-1' }])
    await issue({ use: 'total', value: '10001-1' })
    await issue({ use: 'available', value: '10001-2' })
    const begins = iso(api.rig.now + HOUR)
    const later = await issue({ use: 'available', value: '10001-3', valid_from: begins })
    const values = ({ value }: { value: string }) => value
    expect(later.body.issued.map(values)).toEqual(['10001-2', '10001-1'])
    expect(later.body.history.map(values)).toEqual(['10001-3', '10001-2', '10001-1'])
    expect((await site()).body.issued_codes).toEqual(later.body.issued)
    const other = (await site('', OTHER_SITE)).body.resource_code
    expect((await issue({ use: 'total', value: '10001-1' }, other)).status).toBe(409)
    expect(await entries('code_recorded')).toHaveLength(3)
    const back = await issue({ use: 'total', value: null })
    expect(back.body.issued.map(values)).toEqual(['10001-2'])
  })
})
