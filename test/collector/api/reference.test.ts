/** What names and figures stand for: regions, makers and models, definitions. */
import { VENDORS } from '@yiben/shared'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LEDGER_STAGES } from '../../../collector/src/rollup/ledger.ts'
import { ApiRig } from './api-rig.ts'

let api: ApiRig
beforeAll(async () => {
  api = await ApiRig.start()
})
afterAll(() => api.close())

test('GET /v1/regions has every division with a place of its own on the map', async () => {
  const { body } = await api.get('/v1/regions', 'bank')
  expect(body.provinces).toHaveLength(34)
  const tiles = body.provinces.map(
    ({ tile }: { tile: { row: number; column: number } }) => `${tile.row}/${tile.column}`,
  )
  expect(new Set(tiles).size).toBe(34)
  expect(body.hubs).toHaveLength(8)
  const keys = body.hubs.map(({ key }: { key: string }) => key)
  for (const { hub } of [...body.provinces, ...body.clusters]) {
    expect([...keys, null]).toContain(hub)
  }
  expect(body.provinces).toContainEqual(
    expect.objectContaining({ code: '150000', short_zh: '内蒙古', hub: '内蒙古' }),
  )
})

test('every hub has a resource code of its own, and the code names it', async () => {
  const { body } = await api.get('/v1/regions')
  const codes = new Set(body.hubs.map((hub: { resource_code: string }) => hub.resource_code))
  expect(codes.size).toBe(8)
  for (const { key, resource_code } of body.hubs) {
    expect((await api.get(`/v1/codes/${resource_code}`)).body).toMatchObject({ kind: 'hub', key })
  }
})

test('GET /v1/models names every maker in both languages and every figure’s source', async () => {
  const { body } = await api.get('/v1/models', 'bank')
  expect(body.vendors.map(({ vendor }: { vendor: string }) => vendor)).toEqual([...VENDORS])
  expect(body.vendors[0]).toEqual({
    vendor: 'nvidia',
    name_zh: '英伟达',
    name_en: 'NVIDIA',
    domestic: false,
  })
  const h800 = body.models.find(({ model }: { model: string }) => model === 'H800 SXM')
  expect(h800).toMatchObject({ fp16_dense_tflops: 989.4, rated: true, domestic: false })
  const foreign = new Map<string, boolean>(
    body.vendors.map((one: { vendor: string; domestic: boolean }) => [one.vendor, one.domestic]),
  )
  for (const { vendor, domestic, source } of body.models) {
    expect([vendor, domestic]).toEqual([vendor, foreign.get(vendor)])
    expect(source).not.toBe('')
  }
})

describe('GET /v1/definitions', () => {
  const PROMISED =
    `declared connected unknown faulty busy allocated occupied free deposited lent untold
    lapsed p p_hours card_hours core_hours busy_rate allocation_rate access_rate coverage
    utilization_coverage finality known_at energy p_hours_per_kwh utilization_zero
    utilization_below_tenth allocated_idle promised delivered returned broken promises_kept pue
    rack_occupancy evidence_level declared_flag conflict`.split(/\s+/)

  test('explains everything in both languages, each id once, with its version', async () => {
    const { body } = await api.get('/v1/definitions', 'bank')
    const ids = body.items.map(({ id }: { id: string }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const id of [...PROMISED, ...LEDGER_STAGES]) expect(ids).toContain(id)
    for (const { id, version, zh, en } of body.items) {
      expect([id, version]).toEqual([id, expect.stringMatching(/^v\d+$/)])
      for (const part of [zh.name, zh.text, en.name, en.text]) expect([id, part]).not.toContain('')
      expect([id, zh.text]).toEqual([id, expect.stringMatching(/[\u4e00-\u9fff]/)])
      expect([id, zh.formula === null]).toEqual([id, en.formula === null])
    }
  })
})
