/** Promises over HTTP: how all of them ended, and where the promised time went, by model. */
import { silentLogger } from '@yiben/shared'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Settler } from '../../../collector/src/bank/settler.ts'
import { SCOPE_ALL } from '../../../collector/src/storage/requests.ts'
import { endLending, lend } from '../../conformance/lending.ts'
import { HOUR, MINUTE, SITE, START_MS } from '../bank/ledger-rig.ts'
import { ApiRig } from './api-rig.ts'

const SPAN = 'from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z'

let api: ApiRig

/** Two H800 lent 09:00–13:00 and given back at 11:00; one at another site, whose lease is broken then. */
beforeAll(async () => {
  api = await ApiRig.start()
  const { rig } = api
  const kept = await rig.admit(1, [{}, {}])
  const broken = await rig.admit(2, [{}], 'NM-01')
  const { rows } = await rig.store.listUnits(SCOPE_ALL, { cursor: null, limit: 10 })
  const times = { startMs: START_MS + HOUR, untilMs: START_MS + 5 * HOUR }
  const lendTo = (drawId: string, nodeId: string) => {
    const units = rows.filter((unit) => unit.nodeId === nodeId)
    return lend(rig.store, units, { drawId, ...times, knownAtMs: START_MS + MINUTE })
  }
  const draws = [await lendTo('draw-1', kept), await lendTo('draw-2', broken)]
  for (const nodeId of [kept, broken]) {
    rig.clock.stepWall(START_MS - rig.now)
    await rig.live(nodeId, [
      ['free/proven', 3_600],
      ['busy/active', 2 * 3_600],
    ])
  }
  const end = { endedAtMs: rig.now, knownAtMs: rig.now }
  const [one, other] = draws
  if (one === undefined || other === undefined) throw new Error('both were lent')
  await endLending(rig.store, one, { ...end, end: 'returned', to: 'returned' })
  await endLending(rig.store, other, { ...end, end: 'veto', to: 'broken_veto' })
  const { store, clock } = rig
  const settler = new Settler({ store, clock, logger: silentLogger, timeZone: 'Asia/Shanghai' })
  await settler.drain()
  rig.clock.advance(MINUTE)
})
afterAll(() => api.close())

test('promises kept and broken are counted, and every card-ms of each model is somewhere', async () => {
  const { body } = await api.get(`/v1/promises?${SPAN}`, 'bank')
  expect(body).toMatchObject({
    finality: 'provisional',
    draws: { counted: 2, open: 0, kept: 1, kept_by_swap: 0, broken: 1 },
    models: [
      {
        model: 'H800 SXM',
        promised_card_ms: String(12 * HOUR),
        delivered_active_card_ms: String(6 * HOUR),
        returned_card_ms: String(4 * HOUR),
        broken_card_ms: { veto: String(2 * HOUR) },
      },
    ],
  })
  for (const row of body.models) {
    const broken: readonly string[] = Object.values(row.broken_card_ms)
    const parts = [
      row.delivered_active_card_ms,
      row.delivered_idle_card_ms,
      row.returned_card_ms,
      row.unproven_card_ms,
      row.pending_card_ms,
      row.swapped_card_ms,
      ...broken,
    ]
    const sum = parts.reduce((total: bigint, ms: string) => total + BigInt(ms), 0n)
    expect([row.model, String(sum)]).toEqual([row.model, row.promised_card_ms])
  }
})

test('only promises of cards in the scope are counted', async () => {
  const token = { token: await api.token({ role: 'operator', siteCode: SITE }) }
  const { body } = await api.get(`/v1/promises?${SPAN}`, token)
  expect(body).toMatchObject({ draws: { counted: 1, kept: 1 }, models: [{ model: 'H800 SXM' }] })
})

test.each([
  ['a span of more than a quarter', 'from=2026-01-01T00:00:00Z&to=2026-06-01T00:00:00Z'],
  ['what is no full hour', 'from=2026-03-01T00:30:00Z&to=2026-03-02T00:00:00Z'],
])('%s is refused', async (_name, span) => {
  expect((await api.get(`/v1/promises?${span}`)).status).toBe(400)
})
