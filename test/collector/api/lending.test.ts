/** What a lease makes of the figures: timeline, ledger, rollups, balance and search show it alike. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SCOPE_ALL } from '../../../collector/src/storage/requests.ts'
import { endLending, lend } from '../../conformance/lending.ts'
import { HOUR, MINUTE, START_MS } from '../bank/ledger-rig.ts'
import { ApiRig } from './api-rig.ts'

const iso = (ms: number) => new Date(ms).toISOString()

let api: ApiRig

/** One card lent from minute 10 to minute 50 of an hour, with a fault in it; then four hours free. */
beforeAll(async () => {
  api = await ApiRig.start()
  const { rig } = api
  const nodeId = await rig.admit(1, [{}])
  await rig.policy(nodeId)
  const { rows } = await rig.store.listUnits(SCOPE_ALL, { cursor: null, limit: 10 })
  const times = { startMs: START_MS + 10 * MINUTE, untilMs: START_MS + 50 * MINUTE }
  const draw = await lend(rig.store, rows, { drawId: 'a', ...times, knownAtMs: START_MS })
  await rig.live(nodeId, [
    ['free/proven', 20 * 60],
    ['busy/active', 10 * 60],
    ['faulty/ecc', 5 * 60],
    ['free/proven', 25 * 60 + 4 * 3_600],
  ])
  const end = { endedAtMs: times.untilMs, knownAtMs: times.untilMs, end: 'expired' } as const
  await endLending(rig.store, draw, { ...end, isClean: true })
  await api.settle()
})
afterAll(() => api.close())

test('the timeline is cut where the lease begins and ends, and keeps what was measured', async () => {
  const span = `from=${iso(START_MS)}&to=${iso(START_MS + HOUR)}`
  const { body } = await api.get(`/v1/accelerators/1/timeline?${span}`)
  const segments = body.placements[0].segments.map(
    (segment: { from: string; state: string; cause: string }) => [
      (Date.parse(segment.from) - START_MS) / MINUTE,
      segment.state,
      segment.cause,
    ],
  )
  expect(segments).toEqual([
    [0, 'free', 'proven'],
    [10, 'lent', 'proven'],
    [20, 'lent', 'active'],
    [30, 'faulty', 'ecc'],
    [35, 'lent', 'proven'],
    [50, 'free', 'proven'],
  ])
})

test('the ledger of an instant counts the card as lent, and as nothing else', async () => {
  const { body } = await api.get(`/v1/ledger?as_of=${iso(START_MS + 25 * MINUTE)}`)
  const { stages } = body.rows[0]
  expect([stages.lent.cards, stages.busy.cards, stages.deposited.cards]).toEqual([1, 0, 0])
})

test('an hour’s buckets take lent time out of what was measured', async () => {
  const span = `from=${iso(START_MS)}&to=${iso(START_MS + HOUR)}&grain=hour`
  const { body } = await api.get(`/v1/rollups?${span}`)
  const [model] = body.rows[0].models
  expect(model.figures).toMatchObject({
    lent_ms: String(35 * MINUTE),
    busy_ms: '0',
    free_ms: String(20 * MINUTE),
    faulty_ms: String(5 * MINUTE),
  })
})

test('the balance adds up with it', async () => {
  const span = `from=${iso(START_MS)}&to=${iso(START_MS + HOUR)}`
  const { body } = await api.get(`/v1/accelerators/1/balance?${span}`)
  expect(body).toMatchObject({ balanced: true, wall_ms: String(HOUR) })
  expect(body.states).toMatchObject({ lent_ms: String(35 * MINUTE), free_ms: String(20 * MINUTE) })
})

test('a lot shows the record of its site', async () => {
  const before = await api.get('/v1/capacity?unfenced=true')
  expect(before.body.lots[0].site_record).toBeNull()
  await api.context.siteRecords.refresh()
  const after = await api.get('/v1/capacity?unfenced=true')
  expect(after.body.lots[0].site_record).toEqual({
    cards_ended: 1,
    kept_share: '1.000000',
    owner_claims_30_days: 0,
    owner_claims_90_days: 0,
  })
})
