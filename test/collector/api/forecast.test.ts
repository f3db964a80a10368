/** What the running forecast tells over HTTP: joint probabilities (C24), pools ahead, and its own record. */
import { createHash } from 'node:crypto'
import { silentLogger } from '@yiben/shared'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { forecastVitals } from '../../../collector/src/cli/forecast-vitals.ts'
import { ForecastFollower } from '../../../collector/src/forecast/live/follower.ts'
import type { CalendarOpen } from '../../../collector/src/forecast/live/pool-forecast.ts'
import { workInProcess } from '../../../collector/src/forecast/live/work.ts'
import { allLast } from '../../../collector/src/forecast/pool.ts'
import type { NodeId, UnitId } from '../../../collector/src/model/ids.ts'
import { HOUR, MINUTE } from '../bank/ledger-rig.ts'
import { ApiRig } from './api-rig.ts'

const CARDS = 8
const FREE = 'free/proven'
const BUSY = 'busy/active'

let api: ApiRig
let follower: ForecastFollower
let isCalendarOpen: CalendarOpen
let nodes: NodeId[]
let unitIds: UnitId[]

beforeEach(async () => {
  isCalendarOpen = () => true
  nodes = []
  unitIds = []
  api = await ApiRig.start({
    outlook: () => follower.outlook,
    forecast: {
      get pools() {
        return follower.pools
      },
      report: () => follower.report(),
    },
  })
  follower = new ForecastFollower({
    store: api.rig.store,
    clock: api.rig.clock,
    logger: silentLogger,
    work: workInProcess,
    kindKeyOf: (profile) => api.context.lots.kindOf(profile).key,
    isCalendarOpen: (siteCode, atMs) => isCalendarOpen(siteCode, atMs),
  })
})
afterEach(() => api.close())

async function admit(count: number, site = 'SITE-1'): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const cards = Array.from({ length: CARDS }, () => ({}))
    const nodeId = await api.rig.admit(nodes.length + 1, cards, site)
    await api.rig.policy(nodeId)
    nodes.push(nodeId)
    for (const { unitId } of await api.rig.units(nodeId)) unitIds.push(unitId)
  }
}

/** Steps of five minutes; `busy` says which nodes are in use in which of them. */
async function live(steps: number, busy: (node: number, step: number) => boolean): Promise<void> {
  for (let step = 0; step < steps; step += 1) {
    api.rig.clock.advance(5 * MINUTE)
    for (const [index, nodeId] of nodes.entries()) {
      await api.rig.tellLate(nodeId, [[busy(index, step) ? BUSY : FREE, 300]])
    }
    if (step % 6 === 5) await follower.drain()
  }
  // A deposit wants minutes that are told as they pass.
  for (let minute = 0; minute < 20; minute += 1) {
    api.rig.clock.advance(MINUTE)
    for (const nodeId of nodes) await api.rig.tellLate(nodeId, [[FREE, 60]])
  }
  await api.settle()
  await follower.drain()
}

describe('C24: 64 cards with 0.9 each', () => {
  test('last together with their joint chance: below 0.9, above what 64 strangers would', () => {
    const joint = allLast(
      Array.from({ length: 64 }, () => 0.9),
      0.125,
    )
    expect(joint).toBeLessThan(0.85)
    expect(joint).toBeGreaterThan(0.9 ** 64)
  })

  test('a search promises the joint probability of the whole request', async () => {
    await admit(8)
    // Two nodes come and go within each hour; at the end all are free.
    await live(78, (node, step) => node < 2 && step < 72 && (step + 6 * node) % 12 < 3)
    const each = follower.outlook.chanceOfEach(unitIds, HOUR).map((chance) => chance ?? 0)
    const least = Math.min(...each)
    const product = each.reduce((chance, one) => chance * one, 1)
    const joint = follower.outlook.chanceOfAll(unitIds, HOUR) ?? 0
    expect(joint).toBeLessThan(least)
    expect(joint).toBeGreaterThan(product)

    const search = async (confidence: number) => {
      const asked = `cards=64&hours=1&unfenced=true&confidence=${confidence.toFixed(6)}`
      return (await api.get(`/v1/capacity?${asked}`, 'bank')).body
    }
    // Every card alone is surer than that; all of them are not.
    const missed = await search((joint + least) / 2)
    expect(missed.satisfied).toBe(false)
    expect(missed.in_the_way.map(({ filter }: { filter: string }) => filter)).toContain(
      'confidence',
    )
    const served = await search(joint / 2)
    expect(served).toMatchObject({ satisfied: true, cards: 64 })
    expect(served.forecast.probability).toBeCloseTo(joint, 6)
  })

  test('pools of different sites are independent, and of more than eight hours nothing is said', async () => {
    await admit(1)
    await admit(1, 'SITE-2')
    await live(12, () => false)
    const { outlook } = follower
    const parts = [unitIds.slice(0, CARDS), unitIds.slice(CARDS)]
    const [one = 0, two = 0] = parts.map((part) => outlook.chanceOfAll(part, HOUR) ?? 0)
    expect(outlook.chanceOfAll(unitIds, HOUR)).toBeCloseTo(one * two, 10)
    expect(outlook.chanceOfAll(unitIds, 8 * HOUR)).not.toBeNull()
    expect(outlook.chanceOfAll(unitIds, 8 * HOUR + 1)).toBeNull()
    expect(outlook.chanceOfEach([unitIds[0] as UnitId], 9 * HOUR)).toEqual([null])
    expect(outlook.chanceOfAll([999 as UnitId], HOUR)).toBeNull()
  })
})

test('the week ahead by site and model, inside the owner’s hours and the asker’s scope', async () => {
  await admit(2)
  await admit(1, 'SITE-2')
  await live(6, () => false)
  const early = await api.get('/v1/capacity/outlook', 'regulator')
  expect(early.body.rows.map(({ hours }: { hours: unknown }) => hours)).toEqual([null, null])
  await live(150, (node, step) => node === 0 && step % 24 < 12)
  isCalendarOpen = (siteCode, atMs) => siteCode !== 'SITE-2' || new Date(atMs).getUTCHours() >= 12
  const { body, status } = await api.get('/v1/capacity/outlook?model=H800%20SXM', 'bank')
  expect(status).toBe(200)
  expect(body.rows).toMatchObject([
    {
      site: 'SITE-1',
      vendor: 'nvidia',
      model: 'H800 SXM',
      memory_gib: 80,
      cards: 16,
      free_cards: 16,
    },
    { site: 'SITE-2', cards: 8 },
  ])
  const [first, second] = body.rows
  expect(first.hours).toHaveLength(168)
  for (const { p50, p80, p95 } of first.hours) {
    expect(p50).toBeGreaterThanOrEqual(p80)
    expect(p80).toBeGreaterThanOrEqual(p95)
    // One node never moved, the other was away half of the time.
    expect(p95).toBeGreaterThanOrEqual(8)
    expect(p50).toBeLessThanOrEqual(16)
  }
  for (const { at, p95 } of second.hours) expect(p95).toBe(new Date(at).getUTCHours() >= 12 ? 8 : 0)
  const one = await api.get('/v1/capacity/outlook?site=SITE-2&hours=2', 'operator')
  expect(one.body.rows.map((row: { site: string }) => row.site)).toEqual(['SITE-2'])
  expect(one.body.rows[0].hours).toHaveLength(2)
  const page = await api.get('/v1/capacity/outlook?hours=1&limit=1', 'bank')
  expect(page.body.rows).toHaveLength(1)
  const cursor = encodeURIComponent(page.body.next_cursor)
  const next = await api.get(`/v1/capacity/outlook?hours=1&cursor=${cursor}`, 'bank')
  expect(next.body).toMatchObject({ rows: [{ site: 'SITE-2' }], next_cursor: null })
  const elsewhere = await api.token({ role: 'regulator', regionCode: '110000' })
  expect((await api.get('/v1/capacity/outlook', { token: elsewhere })).body.rows).toEqual([])
  expect((await api.get('/v1/capacity/outlook?hours=169', 'bank')).status).toBe(400)
  const { siteCode, kindKey } = follower.pools.pools()[0] ?? { siteCode: '', kindKey: '' }
  expect(follower.pools.freeQuantiles(siteCode, kindKey, api.rig.now + 8 * 24 * HOUR)).toBeNull()
  expect(follower.pools.freeQuantiles('nowhere', kindKey, api.rig.now)).toBeNull()
})

test('its record is on the quality page, told to the bank, and among the numbers', async () => {
  await admit(2)
  await live(36, (node, step) => node === 0 && step % 12 < 4)
  const { body } = await api.get('/v1/quality', 'regulator')
  expect(body.forecast).toMatchObject({
    models: 'shipped',
    is_shipped_prior: true,
    trained_at: null,
    cards: 16,
    lag_seconds: 0,
  })
  expect(body.forecast.horizons.map(({ minutes }: { minutes: number }) => minutes)).toEqual([
    30, 60, 240, 480,
  ])
  expect(body.forecast.horizons[0].brier).toBeGreaterThan(0)
  const { horizons, ...forecast } = body.forecast
  const toBank = await api.get('/v1/forecast', 'bank')
  expect(toBank.body).toMatchObject({ forecast, horizons })
  const vitals = forecastVitals(follower.report(), api.rig.now)
  expect(vitals).toContainEqual(
    expect.objectContaining({ name: 'yiben_forecast_brier', labels: { horizon: '30min' } }),
  )
  expect(vitals).toContainEqual(
    expect.objectContaining({ name: 'yiben_forecast_lag_seconds', value: 0 }),
  )
  expect(vitals.map(({ name }) => name)).toContain('yiben_forecast_state_bytes')
})

test('whoever holds the journal can check what was forecast at an hour', async () => {
  await admit(1)
  await live(18, (_node, step) => step === 2)
  const { body } = await api.get('/v1/journal/entries?limit=1000', 'auditor')
  const entries: { readonly kind: string; readonly canonical: string }[] = body.entries
  const told = entries.filter(({ kind }) => kind === 'forecast')
  expect(told).toHaveLength(1)
  const { payload } = JSON.parse(told[0]?.canonical ?? '')
  const hour = new Date(payload.hour_ms).toISOString()
  const list = await api.get(`/v1/journal/forecasts/${hour}`, 'auditor')
  expect(list.headers['content-type']).toContain('text/plain')
  expect(createHash('sha256').update(list.text).digest('hex')).toBe(payload.sha256)
  expect(list.text.trimEnd().split('\n')).toHaveLength(payload.windows)
  const other = new Date(payload.hour_ms + HOUR).toISOString()
  expect((await api.get(`/v1/journal/forecasts/${other}`, 'auditor')).status).toBe(404)
  const between = new Date(payload.hour_ms + MINUTE).toISOString()
  expect((await api.get(`/v1/journal/forecasts/${between}`, 'auditor')).status).toBe(400)
})
