/** What a site may state of itself, and what a code issued elsewhere may look like. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { codeRecord } from '../../../collector/src/inventory/issued-codes.ts'
import { siteFactStatements } from '../../../collector/src/inventory/site-facts.ts'
import type { SiteFactValue, TariffPeriod } from '../../../collector/src/model/site-facts.ts'

function state(...facts: readonly SiteFactValue[]) {
  return siteFactStatements({ siteCode: 'BJ-01', facts, validFromMs: 5, author: 'a', nowMs: 9 })
}

function tariff(periods: readonly TariffPeriod[], timeZone = 'Asia/Shanghai') {
  return state({ kind: 'tariff', value: { timeZone, periods } })
}

const pue = (pueThousandths: number) => state({ kind: 'pue', value: { pueThousandths } })
const racks = (inUse: number, available: number) =>
  state({ kind: 'racks', value: { inUse, available } })
const DAY = { name: '平', from: '00:00', to: '24:00' }

test('each fact is a statement with its author, its two instants and its entry', () => {
  const facts: readonly SiteFactValue[] = [
    { kind: 'racks', value: { inUse: 640, available: 1000 } },
    { kind: 'pue', value: null },
  ]
  expect(state(...facts)).toMatchObject([
    {
      stated: { siteCode: 'BJ-01', author: 'a', statedAtMs: 9, validFromMs: 5, fact: facts[0] },
      outbox: [
        {
          kind: 'site_facts_changed',
          atMs: 9,
          payload: { fact: 'racks', value: { in_use: 640, available: 1000 }, valid_from_ms: 5 },
        },
      ],
    },
    { outbox: [{ payload: { fact: 'pue', value: null } }] },
  ])
})

test.each([1_000, 1_250, 3_000])('a PUE of %d thousandths is taken', (value) => {
  expect(pue(value)).toHaveLength(1)
})
test.each([999, 3_001, 1_250.5, Number.NaN])('a PUE of %d thousandths is refused', (value) => {
  expect(() => pue(value)).toThrow(/^pue: /)
})

test('racks in use are at most those available', () => {
  expect(racks(0, 1)).toHaveLength(1)
  expect(racks(1, 1)).toHaveLength(1)
  for (const [inUse, available] of [
    [2, 1],
    [-1, 1],
    [0, 0],
    [0.5, 1],
  ] as const) {
    expect(() => racks(inUse, available)).toThrow(/^racks: /)
  }
})

describe('a tariff calendar', () => {
  test.each([
    ['one period for the whole day', [DAY]],
    [
      'a valley over midnight',
      [
        { name: '谷', from: '23:00', to: '07:30' },
        { name: '峰', from: '07:30', to: '23:00' },
      ],
    ],
    [
      'a valley that ends at midnight, and the same name twice',
      [
        { name: '谷', from: '22:00', to: '00:00' },
        { name: '平', from: '00:00', to: '08:00' },
        { name: '峰', from: '08:00', to: '12:00' },
        { name: '平', from: '12:00', to: '22:00' },
      ],
    ],
    [
      'other periods in summer',
      [
        { ...DAY, months: [1, 2, 3, 4, 5, 6, 9, 10, 11, 12] },
        { name: '尖', months: [7, 8], from: '00:00', to: '12:00' },
        { name: '谷', months: [7, 8], from: '12:00', to: '24:00' },
      ],
    ],
  ])('%s is taken', (_name, periods) => expect(tariff(periods)).toHaveLength(1))

  test.each([
    ['nothing', [], 'must have 1'],
    ['a hole', [{ ...DAY, to: '23:59' }], 'no period holds 23:59 in month 1'],
    ['a hole at the beginning', [{ ...DAY, from: '01:00' }], 'no period holds 00:00'],
    [
      'two at a time',
      [
        { name: 'a', from: '00:00', to: '13:00' },
        { name: 'b', from: '12:00', to: '24:00' },
      ],
      'two periods hold 12:00 in month 1',
    ],
    [
      'two at a time over midnight',
      [DAY, { name: 'b', from: '23:00', to: '01:00' }],
      'two periods',
    ],
    ['a month left out', [{ ...DAY, months: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] }], 'month 12'],
    ['a month named twice', [{ ...DAY, months: [1, 1] }], 'each once'],
    ['a month 13', [DAY, { ...DAY, months: [13] }], '1–12'],
    ['no month at all', [{ ...DAY, months: [] }], '1–12'],
    ['a time that is none', [{ ...DAY, to: '25:00' }], 'HH:MM'],
    ['24:00 as a beginning', [{ ...DAY, from: '24:00' }], 'HH:MM'],
    ['a period of no length', [{ ...DAY, to: '00:00' }], 'lasts no time'],
    ['a name of blanks', [{ ...DAY, name: ' ' }], 'name must have'],
  ])('%s is refused', (_name, periods, sentence) => {
    expect(() => tariff(periods)).toThrow(sentence)
  })

  test('a time zone that does not exist is refused', () => {
    expect(() => tariff([DAY], 'Asia/Peking')).toThrow('time_zone')
  })

  test('whatever cuts a day into pieces is taken, and nothing that leaves one out', () => {
    const clock = (minute: number) =>
      `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 1439 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(cuts, fc.nat(), (minutes, skipped) => {
        const edges = [0, ...minutes.sort((left, right) => left - right)]
        const periods = edges.map((from, index) => ({
          name: 'p',
          from: clock(from),
          to: clock(edges[index + 1] ?? 1440),
        }))
        expect(tariff(periods)).toHaveLength(1)
        const rest = periods.filter((_, index) => index !== skipped % periods.length)
        expect(() => tariff(rest)).toThrow('no period holds')
      }),
    )
  })
})

describe('a code issued elsewhere', () => {
  const record = (change: object) =>
    codeRecord({
      thing: { kind: 'hub', number: 1 },
      scheme: 'CPURL',
      use: 'total',
      value: '10001.A/b c',
      issuedBy: ' 国家节点 ',
      validFromMs: 5,
      recordedAtMs: 9,
      author: 'a',
      ...change,
    })

  test('is kept as it is, with its entry under our own code', () => {
    expect(record({})).toMatchObject({
      code: { value: '10001.A/b c', issuedBy: '国家节点' },
      outbox: [
        {
          kind: 'code_recorded',
          payload: { thing: expect.stringMatching(/^YH00000001/), use: 'total' },
        },
      ],
    })
    expect(record({ value: null }).code.value).toBeNull()
  })

  test.each([
    [{ scheme: '' }, 'scheme'],
    [{ scheme: 'two words' }, 'scheme'],
    [{ value: '' }, 'value'],
    [{ value: ' 1' }, 'value'],
    [{ value: '编码' }, 'value'],
    [{ value: 'x'.repeat(257) }, 'value'],
    [{ issuedBy: '  ' }, 'issued_by'],
  ])('%j is refused', (change, field) => {
    expect(() => record(change)).toThrow(new RegExp(`^${field}: `))
  })
})
