/** Rows as bytes: what is not known is what the template says, and amounts are exact. */
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { amountText, bodyOf } from '../../../collector/src/adapter/body.ts'
import type { Facts } from '../../../collector/src/adapter/facts.ts'
import { type TemplateValue, templateIn, templateValue } from './rig.ts'

const ROWS: readonly Facts[] = [
  { site_code: 'BJ-01', model: 'A|"B"', cards_free: 0, p_free: 0n },
  { site_code: 'BJ-02', model: null, cards_free: null, p_free: null },
]

function body(fields: readonly TemplateValue[], changes: TemplateValue = {}, rows = ROWS) {
  const template = templateIn('/etc', templateValue({ fields, ...changes }))
  return bodyOf({
    template,
    fields: template.runs.total?.fields ?? [],
    tables: new Map([['cities', new Map([['BJ-01', 'X']])]]),
    rows: rows.map((facts) => ({ identity: String(facts.site_code), facts })),
    facts: { file_name: 'f', sequence: '0001', use: 'total', run_code: 'K1' },
    keyIs: 'line',
  })
}

const FIELDS = [
  { name: 'run', fact: 'run_code', hidden: true },
  { name: 'site', fact: 'site_code' },
  { name: 'code', text: '{enterprise}/{run}/{site}' },
  { name: 'model', fact: 'model' },
  { name: 'both', text: '{site}-{model}' },
  { name: 'free', fact: 'cards_free' },
  { name: 'p', fact: 'p_free', unit: 'PFLOPS', decimals: 2, unknown: '-' },
  { name: 'line', fact: 'row' },
]

describe('a file', () => {
  test('of CSV quotes what must be quoted, and an unknown is never 0', () => {
    const { bytes, keys } = body(FIELDS)
    expect(bytes.toString('utf8').split('\n')).toEqual([
      'site|code|model|both|free|p|line',
      'BJ-01|00000/K1/BJ-01|"A|""B"""|"BJ-01-A|""B"""|0|0.00|1',
      'BJ-02|00000/K1/BJ-02||||-|2',
      '',
    ])
    expect(keys.map(({ key }) => key)).toEqual(['1', '2'])
  })

  test('of JSON has numbers that are numbers, and null', () => {
    const file = { ...templateValue().file, format: 'json_lines', unknown: null }
    const lines = body(FIELDS, { file }).bytes.toString('utf8').split('\n')
    expect(lines[0]).toContain('"free":0,"p":0.00,"line":1')
    expect(JSON.parse(lines[1] ?? '')).toEqual({
      ...{ site: 'BJ-02', code: '00000/K1/BJ-02', model: null, both: null },
      ...{ free: null, p: '-', line: 2 },
    })
  })

  test('is compressed past the length that the template says, to the same bytes each time', () => {
    const file = { ...templateValue().file, gzip: 'over', gzip_over_bytes: 50 }
    const [one, other] = [body(FIELDS, { file }), body(FIELDS, { file })]
    expect(one.isCompressed).toBe(true)
    expect(one.bytes).toEqual(other.bytes)
    expect(gunzipSync(one.bytes)).toEqual(body(FIELDS).bytes)
  })

  test('stops at a code that its table does not have, where the template says so', () => {
    const fields = [{ name: 'city', fact: 'site_code', table: 'cities', if_unknown: 'stop' }]
    expect(() => body(fields)).toThrow('tables.cities has no code for BJ-02 (city of BJ-02)')
    const [rest] = [body([{ ...fields[0], if_unknown: 'leave_out' }])]
    expect([rest?.keys.length, rest?.leftOut]).toEqual([1, 1])
  })

  test('writes amounts exactly, and down unless it is told otherwise', () => {
    const half = { unitDigits: 12, decimals: 1 }
    expect(amountText(1_960_000_000_000n, { ...half, rounding: 'down' })).toBe('1.9')
    expect(amountText(1_950_000_000_000n, { ...half, rounding: 'half_up' })).toBe('2.0')
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 22n }), (amount) => {
        const text = amountText(amount, { unitDigits: 12, decimals: 12, rounding: 'down' })
        expect(BigInt(text.replace('.', ''))).toBe(amount)
      }),
    )
  })
})
