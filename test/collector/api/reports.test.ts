/** Monthly reports by region: who may issue and read which, what they hold, and their workbooks. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readWorkbook, sheetOf } from '../../support/workbook-reader.ts'
import { HOUR, MINUTE, START_MS } from '../bank/ledger-rig.ts'
import { ApiRig } from './api-rig.ts'

const MARCH = 'from=2026-02-28T16:00:00Z&to=2026-03-31T16:00:00Z&grain=month'
const OPERATOR = '91110000600037341L'

let api: ApiRig
let inner: { readonly token: string }
let beijing: { readonly token: string }
let oneSite: { readonly token: string }

/** One site in Inner Mongolia, busy and idle, and one in Beijing that is silent after an hour. */
beforeAll(async () => {
  api = await ApiRig.start()
  const { rig } = api
  const ttlMs = 365 * 24 * HOUR
  for (const role of ['admin', 'regulator', 'auditor'] as const) {
    api.tokens.set(role, await api.token({ role, ttlMs }))
  }
  inner = { token: await api.token({ role: 'regulator', regionCode: '150000', ttlMs }) }
  beijing = { token: await api.token({ role: 'regulator', regionCode: '110000', ttlMs }) }
  const there = await rig.admit(1, [{}, {}, { name: 'Quantum X1' }], 'NM-01')
  const here = await rig.admit(2, [{}], 'BJ-01')
  oneSite = { token: await api.token({ role: 'admin', siteCode: 'NM-01', ttlMs }) }
  const site = { name: '海淀', region_code: '110108', operator: { code: OPERATOR, name: '甲' } }
  const put = { ...site, valid_from: new Date(START_MS - HOUR).toISOString() }
  expect((await api.ask('PUT', '/v1/sites/BJ-01', 'admin', put)).status).toBe(200)
  await rig.live(there, [['busy/active', 3_600]])
  rig.clock.stepWall(START_MS - rig.now)
  await rig.live(here, [['free/proven', 3_600]])
  rig.clock.advance(HOUR)
  for (const node of [there, here]) await rig.declareSilent(node)
  rig.clock.advance(Date.parse('2026-04-01T06:00:00+08:00') - rig.now)
  await api.settle()
  rig.clock.advance(2 * MINUTE)
  for (const [reportId, region, as] of [
    ['country', null, 'admin'],
    ['inner', '15', inner],
    ['beijing', '110000', 'regulator'],
  ] as const) {
    const body = { report_id: reportId, region, month: '2026-03' }
    const { status, body: answer } = await api.ask('POST', '/v1/reports', as, body)
    expect([reportId, status, answer.code]).toEqual([reportId, 201, undefined])
  }
  await api.settle()
}, 60_000)
afterAll(() => api.close())

const report = async (id: string) => (await api.get(`/v1/reports/${id}`)).body.answer

describe('a report', () => {
  test('says of its month what ledger and rollups say', async () => {
    const answer = await report('country')
    const known = `known_at=${answer.known_at}`
    const ledger = (await api.get(`/v1/ledger?by=region&as_of=${answer.as_of}&${known}`)).body
    const keys = answer.ledger.by_place.map(({ key }: { key: string }) => key)
    expect(keys).toEqual(['110000', '150000'])
    for (const [index, row] of ledger.rows.entries()) {
      expect(answer.ledger.by_place[index]).toMatchObject({
        key: row.key,
        not_connected_cards: row.not_connected_cards,
        lapsed_cards: row.lapsed_cards,
        stages: { connected: { cards: row.stages.connected.cards } },
      })
    }
    const rollups = (await api.get(`/v1/rollups?by=region&${MARCH}&${known}`)).body
    const told = rollups.rows.map(({ key, p_hours }: { key: string; p_hours: object }) => ({
      key,
      p_hours,
    }))
    expect(answer.time.by_place).toMatchObject(told)
    const [total] = (await api.get(`/v1/rollups?by=total&${MARCH}&${known}`)).body.rows
    const models = total.models.map(({ model, figures }: { model: string; figures: object }) => ({
      model,
      figures,
    }))
    expect(answer.time.by_model).toMatchObject(models)
    expect(answer.unrated_models).toEqual([
      { vendor: 'nvidia', printed_name: 'Quantum X1', cards: 1 },
    ])
  })

  test('of a region holds the region alone, by its sites', async () => {
    const [country, region] = [await report('country'), await report('inner')]
    expect(region).toMatchObject({ region_code: '150000', region_name: '内蒙古自治区' })
    expect(region.ledger.by_place).toMatchObject([{ key: 'NM-01', name: 'NM-01' }])
    expect(region.time.by_place).toMatchObject([{ key: 'NM-01' }])
    expect(region.time.total.p_hours).toEqual(country.time.by_place[1].p_hours)
    expect(JSON.stringify(region)).not.toContain('BJ-01')
    const other = await report('beijing')
    expect(other.ledger.by_operator).toMatchObject([{ key: OPERATOR, name: '甲' }])
    expect(JSON.stringify(other)).not.toContain('NM-01')
  })

  test('ranks no site whose time is hardly known', async () => {
    const { ranking } = await report('country')
    expect(ranking).toMatchObject({ by: 'site', sites: 2, unranked: 2, top: [], bottom: [] })
  })

  test('is made again to the same byte, whatever its region', async () => {
    for (const id of ['country', 'inner', 'beijing']) {
      const { body } = await api.get(`/v1/reports/${id}/check`)
      expect([id, body.equal, body.differences]).toEqual([id, true, []])
    }
  })
})

describe('who may issue and read which report', () => {
  test.each([
    ['a region by a token of another', '11', () => inner],
    ['the country by a token of a region', null, () => inner],
    ['the country by a token of a site', null, () => oneSite],
    ['a region by a token of a site', '15', () => oneSite],
  ] as const)('%s is refused', async (_what, region, as) => {
    const body = { region, month: '2026-03' }
    const { status, body: problem } = await api.ask('POST', '/v1/reports', as(), body)
    expect([status, problem.code]).toEqual([403, 'forbidden'])
  })

  test('a token sees the reports of regions that it sees whole, and no others', async () => {
    const ids = async (as: Parameters<ApiRig['get']>[1]) =>
      (await api.get('/v1/reports', as)).body.reports.map(
        ({ report_id }: { report_id: string }) => report_id,
      )
    expect(await ids('auditor')).toEqual(['beijing', 'inner', 'country'])
    expect(await ids(inner)).toEqual(['inner'])
    expect(await ids(beijing)).toEqual(['beijing'])
    expect(await ids(oneSite)).toEqual([])
    for (const path of ['', '/check', '/adjustments']) {
      expect((await api.get(`/v1/reports/inner${path}`, beijing)).status).toBe(404)
      expect((await api.get(`/v1/reports/inner${path}`, inner)).status).toBe(200)
    }
    const url = '/v1/exports/report.xlsx?purpose=x&report_id=inner'
    expect((await api.get(url, beijing)).status).toBe(404)
  })

  test.each([
    [{ region: '99', month: '2026-03' }, 'region'],
    [{ region: 'Beijing', month: '2026-03' }, 'region'],
    [{ region: null, month: '2026-3' }, 'month'],
    [{ region: null, month: '2026-03', tz: 'Asia/Kolkata' }, 'tz'],
    [{ region: null, month: '2026-03', report_id: 'a b' }, 'report_id'],
  ])('%j is refused by its field', async (body, field) => {
    const { status, body: problem } = await api.ask('POST', '/v1/reports', 'admin', body)
    expect([status, problem.field]).toEqual([400, field])
  })
})

describe('the workbook of a report', () => {
  async function book(id: string, query = '') {
    const answer = await api.app.inject({
      method: 'GET',
      url: `/v1/exports/report.xlsx?purpose=print&report_id=${id}${query}`,
      headers: { authorization: `Bearer ${api.tokens.get('regulator')}` },
    })
    expect(answer.statusCode).toBe(200)
    return readWorkbook(answer.rawPayload)
  }

  test('has a sheet for each part, and its sums are the report’s', async () => {
    const answer = await report('country')
    const sheets = await book('country')
    expect(sheets.map(({ name }) => name)).toEqual([
      ...['总表', '分地区', '分枢纽', '分运营者', '分厂商', '分型号'],
      ...['排名', '更正', '无额定型号', '定义', '说明'],
    ])
    const table = sheetOf(sheets, '分地区').rows
    const column = (title: string) => table[0]?.indexOf(title) ?? -1
    const sum = (title: string) =>
      table.slice(1).reduce((total, row) => total + Number(row[column(title)]), 0)
    const places = answer.time.by_place as { p_hours: Record<string, string> }[]
    const pHours = (name: string) =>
      places.reduce((total, { p_hours }) => total + Number(p_hours[name]), 0)
    expect(sum('P·时 · 忙')).toBeCloseTo(pHours('busy_ph'), 6)
    expect(sum('P·时 · 未知')).toBeCloseTo(pHours('unknown_ph'), 6)
    expect(sum('失效卡数')).toBe(answer.ledger.total.lapsed_cards)
    const models = sheetOf(sheets, '分型号').rows
    const busy = models[0]?.indexOf('明细 · 忙 (卡·毫秒)') ?? -1
    // What is unrated stands under no key in the ledger, and under its printed name in time.
    expect(models.slice(1).map((row) => row[busy] ?? null)).toEqual([2 * HOUR, null, HOUR])
    const whole = new Map(sheetOf(sheets, '总表').rows.map(([item, value]) => [item, value]))
    expect(whole.get('报告编号')).toBe('country')
    expect(whole.get('SHA-256')).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(sheetOf(sheets, '定义').rows.length).toBe(answer.definitions.length + 1)
  })

  test('is in English where that is asked for', async () => {
    const sheets = await book('inner', '&lang=en')
    expect(sheets[1]?.name).toBe('By site')
    const definitions = sheetOf(sheets, 'Definitions').rows
    expect(definitions.some(([id, , name]) => id === 'busy' && name === 'Busy')).toBe(true)
    expect(sheets.at(-1)?.name).toBe('About')
  })
})
