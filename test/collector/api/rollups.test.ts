/** Rollups over buckets that are told here one by one: figures, groupings, filters, scopes, instants. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RollupsAnswer } from '../../../collector/src/api/answers/rollups.ts'
import { BUCKET_FIGURES, type BucketFigure } from '../../../collector/src/rollup/bucket-figures.ts'
import { type BookedBucket, BucketBook, HOUR } from '../../conformance/bucket-book.ts'
import { ApiRig } from './api-rig.ts'

/** 1 March in Shanghai. */
const FIRST = Date.UTC(2026, 1, 28, 16)
const NOW = FIRST + 400 * HOUR
const NOTHING = Object.fromEntries(BUCKET_FIGURES.map((figure) => [figure, 0n])) as Record<
  BucketFigure,
  bigint
>
const iso = (ms: number) => new Date(ms).toISOString()
const span = (hours: number) => `from=${iso(FIRST)}&to=${iso(FIRST + hours * HOUR)}`

let api: ApiRig
let book: BucketBook

beforeEach(async () => {
  api = await ApiRig.start()
  api.rig.clock.advance(NOW - api.rig.now)
  book = new BucketBook(api.rig.store)
})
afterEach(() => api.close())

/** Half an hour of one H800, seen to be something for all of it, but for what is told. */
function bucket(
  siteCode: string,
  figures: Partial<Record<BucketFigure, bigint>> = {},
  change: Partial<BookedBucket> = {},
): BookedBucket {
  const told = { ...NOTHING, freeMs: BigInt(HOUR), ...figures }
  return { siteCode, ownerCode: '', profileName: 'NVIDIA H800', seed: 0, figures: told, ...change }
}

async function rows(
  query: string,
  as?: { readonly token: string },
): Promise<RollupsAnswer['rows']> {
  const { body, status } = await api.get(`/v1/rollups?${query}`, as)
  expect([status, body.detail]).toEqual([200, undefined])
  return body.rows
}

const keysOf = async (query: string, as?: { readonly token: string }) =>
  (await rows(query, as)).map(({ key }) => key)

async function site(code: string, regionCode: string, operatorCode = ''): Promise<void> {
  await book.putSite(code, { fromMs: FIRST, regionCode, operatorCode })
}

describe('other definitions of idleness, beside ours', () => {
  const measures = async (figures: Partial<Record<BucketFigure, bigint>>) => {
    await site('S-1', '110108')
    await book.write(FIRST, NOW, [bucket('S-1', figures)])
    const [row] = await rows(`grain=whole&${span(1)}`)
    if (row === undefined) throw new Error('one row')
    return { row, model: row.models[0] }
  }

  test('utilization 0 and below 10 % are shares of the samples got', async () => {
    const samples = { samplesExpected: 400n, samplesGot: 360n, samplesZero: 90n }
    const { row, model } = await measures({ ...samples, samplesBelowTenth: 180n })
    const comparison = {
      utilization_zero: { share: 0.25, of: 'samples_got' },
      utilization_below_tenth: { share: 0.5, of: 'samples_got' },
    }
    expect(row.comparison).toMatchObject(comparison)
    expect(model?.comparison).toMatchObject(comparison)
    expect(row.utilization_coverage).toBe(0.9)
  })

  test('allocated but idle is a share of what was given away', async () => {
    const { row, model } = await measures({ givenMs: 1_200_000n, allocatedMs: 300_000n })
    expect(model?.comparison.allocated_idle).toEqual({ share: 0.25, of: 'given_ms' })
    expect(row.comparison.allocated_idle).toEqual({ share: 0.25, of: 'given_ph' })
  })

  test('a share of nothing, energy that nobody read and work per kWh of it are not known', async () => {
    const { row, model } = await measures({})
    for (const one of [row, model]) {
      expect(one?.comparison).toEqual({
        utilization_zero: { share: null, of: 'samples_got' },
        utilization_below_tenth: { share: null, of: 'samples_got' },
        allocated_idle: { share: null, of: one === row ? 'given_ph' : 'given_ms' },
      })
      expect(one).toMatchObject({ energy_joules: null, energy_kwh: null, p_hours_per_kwh: null })
    }
  })

  test('energy is in kWh, and active P·h per kWh of it', async () => {
    const { row, model } = await measures({ activeMs: BigInt(HOUR / 2), energyJoules: 1_980_000n })
    for (const one of [row, model]) {
      // Half an hour of 0.9894 P at 0.55 kWh.
      expect(one).toMatchObject({ energy_joules: '1980000', energy_kwh: '0.550' })
      expect(one).toMatchObject({ p_hours_per_kwh: '0.899' })
    }
  })

  test('energy of cards without a catalogue figure is shown, and no work is divided by it', async () => {
    await site('S-1', '110108')
    const told = { activeMs: BigInt(HOUR), energyJoules: 3_600_000n }
    const unrated = bucket('S-1', told, { profileName: 'Quantum X1' })
    await book.write(FIRST, NOW, [bucket('S-1', told), unrated])
    const [row] = await rows(`grain=whole&${span(1)}`)
    expect(row).toMatchObject({ energy_kwh: '2.000', p_hours_per_kwh: '0.989' })
    expect(row?.models.map((model) => model.p_hours_per_kwh)).toEqual(['0.989', null])
  })

  test.each([
    [359_999n, true],
    [360_000n, true],
    [360_001n, false],
  ])('with %s ms of an hour unknown, ranked is %s', async (unknownMs, ranked) => {
    const { row, model } = await measures({ unknownMs, freeMs: BigInt(HOUR) - unknownMs })
    expect([row.ranked, model?.ranked]).toEqual([ranked, ranked])
  })

  test('stand in the CSV too', async () => {
    await measures({ samplesGot: 4n, samplesZero: 1n, energyJoules: 3_600_000n })
    const { text } = await api.get(`/v1/rollups.csv?grain=whole&${span(1)}`)
    const [head, first] = text.split('\n').map((line) => line.split(','))
    const cell = (name: string) => first?.[head?.indexOf(name) ?? -1]
    expect(['utilization_zero', 'energy_kwh', 'ranked'].map(cell)).toEqual([
      '0.25',
      '1.000',
      'true',
    ])
  })
})

describe('where a site lies', () => {
  beforeEach(async () => {
    await site('BJ-01', '110108', 'OPERATOR-1')
    await site('ZJK-01', '130730', 'OPERATOR-2')
    await site('HH-01', '150102', 'OPERATOR-1')
    await site('UL-01', '150902', 'OPERATOR-2')
    const sites = ['BJ-01', 'ZJK-01', 'HH-01', 'UL-01']
    await book.write(
      FIRST,
      NOW,
      sites.map((code) => bucket(code)),
    )
  })

  test.each([
    ['region', ['110000', '130000', '150000']],
    ['hub', ['京津冀', '内蒙古']],
    ['cluster', ['和林格尔数据中心集群', '张家口数据中心集群', null]],
    ['operator', ['OPERATOR-1', 'OPERATOR-2']],
    ['site', ['BJ-01', 'HH-01', 'UL-01', 'ZJK-01']],
    ['owner', [null]],
    ['vendor', ['nvidia']],
    ['model', ['H800 SXM']],
    ['total', ['total']],
  ])('by %s', async (by, keys) => {
    const grouped = await rows(`grain=day&by=${by}&${span(24)}`)
    expect(grouped.map(({ key }) => key)).toEqual(keys)
    const free = grouped.flatMap(({ models }) => models.map(({ figures }) => figures.free_ms))
    expect(free.reduce((sum, ms) => sum + Number(ms), 0)).toBe(4 * HOUR)
  })

  test.each([
    ['region=15', ['HH-01', 'UL-01']],
    ['region=150000', ['HH-01', 'UL-01']],
    ['region=1501', ['HH-01']],
    ['region=150902', ['UL-01']],
    ['hub=京津冀', ['BJ-01', 'ZJK-01']],
    ['hub=内蒙古&region=11', []],
    ['hub=内蒙古&region=1509', ['UL-01']],
    ['cluster=张家口数据中心集群', ['ZJK-01']],
    ['cluster=和林格尔数据中心集群&operator=OPERATOR-2', ['UL-01']],
    ['operator=OPERATOR-1', ['BJ-01', 'HH-01']],
    ['operator=OPERATOR-1&site=HH-01', ['HH-01']],
    ['operator=OPERATOR-9', []],
  ])('limited to %s', async (filter, sites) => {
    const query = `grain=day&${span(24)}&${filter}`
    expect(await keysOf(`${query}&by=site`)).toEqual(sites)
    const [total] = await rows(`${query}&by=total`)
    const free = total?.models[0]?.figures.free_ms ?? '0'
    expect(Number(free)).toBe(sites.length * HOUR)
  })

  test.each(['region=1', 'region=9', 'region=11010', 'area=11'])(
    '%s is refused',
    async (filter) => {
      const { status } = await api.get(`/v1/rollups?${span(24)}&${filter}`)
      expect(status).toBe(400)
    },
  )

  test('who is bound to a region or a site sees its rows alone, however they are grouped', async () => {
    const regulator = { token: await api.token({ role: 'regulator', regionCode: '150000' }) }
    const bound = { token: await api.token({ role: 'operator', siteCode: 'UL-01' }) }
    const query = `grain=day&${span(24)}`
    expect(await keysOf(`${query}&by=site`, regulator)).toEqual(['HH-01', 'UL-01'])
    expect(await keysOf(`${query}&by=region`, regulator)).toEqual(['150000'])
    expect(await keysOf(`${query}&by=site&region=11`, regulator)).toEqual([])
    expect(await keysOf(`${query}&by=site`, bound)).toEqual(['UL-01'])
    const [total] = await rows(query, bound)
    expect(total?.models[0]?.figures.free_ms).toBe(String(HOUR))
  })
})

describe('as known at an instant', () => {
  test('a corrected hour was sealed then, and the figure was as final as it was', async () => {
    await site('S-1', '110108')
    await book.write(FIRST, NOW - 20 * HOUR, [bucket('S-1')])
    await book.write(FIRST + HOUR, NOW - 10 * HOUR, [bucket('S-1')])
    await book.write(FIRST, NOW - 5 * HOUR, [bucket('S-1', { freeMs: 5n })])
    const at = async (hoursBack: number) => {
      const known = `known_at=${iso(NOW - hoursBack * HOUR)}`
      const { body } = await api.get(`/v1/rollups?grain=whole&${span(2)}&${known}`)
      const { hours_sealed: sealed, models } = body.rows[0] ?? {}
      return [body.finality, sealed, models?.[0].figures.free_ms]
    }
    expect(await at(30)).toEqual(['provisional', undefined, undefined])
    expect(await at(20)).toEqual(['provisional', 1, String(HOUR)])
    expect(await at(6)).toEqual(['sealed', 2, String(2 * HOUR)])
    expect(await at(0)).toEqual(['sealed', 2, String(HOUR + 5)])
  })

  test('a row over hours that nobody can add up one by one is refused', async () => {
    for (let number = 0; number < 60; number += 1) await site(`S-${number}`, '110108')
    const year = `from=2025-01-01T00:00:00Z&to=2026-01-01T00:00:00Z`
    const { body, status } = await api.get(`/v1/rollups?grain=month&by=operator&${year}`)
    expect([status, body.field]).toEqual([400, 'grain'])
    expect(body.detail).toContain('fewer sites')
  })
})
