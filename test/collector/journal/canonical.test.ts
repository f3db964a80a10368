/** One value, one sequence of bytes. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  canonicalBytes,
  canonicalText,
  parseCanonical,
} from '../../../collector/src/journal/canonical.ts'
import type { JsonObject, JsonValue } from '../../../collector/src/model/ledger.ts'

describe('writing', () => {
  test.each<readonly [JsonValue, string]>([
    [
      { b: 1, a: { d: null, c: [true, false, 'x'] } },
      '{"a":{"c":[true,false,"x"],"d":null},"b":1}',
    ],
    [{}, '{}'],
    [[], '[]'],
    [-9_007_199_254_740_991, '-9007199254740991'],
    ['\u20ac$\u000f\nA\'B"\\\\"/', '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'],
    // RFC 8785, 3.2.3: keys are sorted by UTF-16 code unit, whatever the locale.
    [
      {
        '\u20ac': 5,
        '\r': 1,
        '\ufb33': 7,
        '1': 2,
        '\u{1f600}': 6,
        '\u0080': 3,
        '\u00f6': 4,
      },
      '{"\\r":1,"1":2,"\u0080":3,"ö":4,"€":5,"😀":6,"\ufb33":7}',
    ],
  ])('%j', (value, text) => {
    expect(canonicalText(value)).toBe(text)
    expect(Buffer.from(canonicalBytes(value)).toString('utf8')).toBe(text)
  })

  test('strings stay in the normal form they came in', () => {
    expect(canonicalText('e\u0301')).not.toBe(canonicalText('\u00e9'))
  })

  test.each<readonly [string, unknown]>([
    ['a fraction', 0.5],
    ['an unsafe integer', 2 ** 53],
    ['not a number', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['minus zero', -0],
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate in a key', { '\udc00': 1 }],
    ['an undefined field', { a: undefined }],
    ['undefined', undefined],
    ['a bigint', 1n],
    ['a function', () => 1],
  ])('%s is a bug of ours', (_, value) => {
    expect(() => canonicalText(value as JsonValue)).toThrow()
  })

  test('nesting has a bound', () => {
    let deep: JsonValue = 1
    for (let level = 0; level < 20; level += 1) deep = [deep]
    expect(() => canonicalText(deep)).toThrow('nested')
  })
})

describe('reading', () => {
  test.each([
    ['white space', '{"a": 1}'],
    ['keys out of order', '{"b":1,"a":2}'],
    ['a key twice', '{"a":1,"a":1}'],
    ['a fraction', '{"a":1.5}'],
    ['a number in another form', '{"a":1e3}'],
    ['an escape that is not needed', '{"a":"\\u0041"}'],
    ['a list', '[1]'],
    ['a byte order mark', '\ufeff{}'],
    ['a lone surrogate', '{"a":"\\ud800"}'],
    ['half of it', '{"a":'],
    ['nothing', ''],
  ])('%s is not canonical', (_, text) => {
    expect(parseCanonical(Buffer.from(text, 'utf8'))).toBeNull()
  })

  test('bytes that are not UTF-8 are not canonical', () => {
    expect(parseCanonical(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d))).toBeNull()
  })

  const anyJson: fc.Arbitrary<JsonObject> = fc.dictionary(
    fc.string({ unit: 'binary' }),
    fc.letrec<{ value: JsonValue }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', maxDepth: 5 },
        fc.string({ unit: 'binary' }),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }),
      ),
    })).value,
    { maxKeys: 5 },
  )

  test('what was written reads as the same value, however its fields were ordered', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse())
        expect(canonicalText(reversed)).toBe(canonicalText(value))
        expect({ ...parseCanonical(canonicalBytes(value)) }).toEqual({ ...value })
      }),
    )
  })
})
