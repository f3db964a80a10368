import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  cityCodeOf,
  creditCheckCharacter,
  creditCodeOf,
  divisionCodeOf,
  divisionLevel,
  mod37Check,
  provinceCodeOf,
  RESOURCE_KINDS,
  RESOURCE_NUMBER_MAX,
  RESOURCE_SCHEME,
  resourceCode,
  resourceOf,
  siteCodeOf,
} from '../../../shared/src/model/codes.ts'

const CREDIT_ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY'
const ALPHABET_36 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'

function characters(alphabet: string, length: number): fc.Arbitrary<string> {
  return fc.string({
    unit: fc.constantFrom(...alphabet),
    minLength: length,
    maxLength: length,
  })
}

function replaceAt(text: string, index: number, character: string): string {
  return text.slice(0, index) + character + text.slice(index + 1)
}

function swapAt(text: string, index: number): string {
  const pair = `${text.charAt(index + 1)}${text.charAt(index)}`
  return text.slice(0, index) + pair + text.slice(index + 2)
}

const creditBodies = fc
  .tuple(
    characters(CREDIT_ALPHABET, 2),
    characters('0123456789', 6),
    characters(CREDIT_ALPHABET, 9),
  )
  .map((parts) => parts.join(''))

describe('the unified social credit code (GB 32100)', () => {
  test.each([
    ['91350100M000100Y43', true],
    ['91440300708461136T', true],
    ['9144030071526726XG', true],
    ['91350100M000100Y44', false],
    ['91350100M000100Y4', false],
    ['91350100M000100Y433', false],
    ['91350100m000100y43', false],
    ['9135O100M000100Y43', false],
    ['91350100I000100Y43', false],
    [' 91350100M000100Y43', false],
    ['91350100M000100Y43\n', false],
    ['', false],
  ])('%j is a code: %j', (text, expected) => {
    expect(creditCodeOf(text)).toBe(expected ? text : null)
  })

  test('every body gets one check character that makes it a code', () => {
    fc.assert(
      fc.property(creditBodies, (body) => {
        const valid = [...CREDIT_ALPHABET].filter((one) => creditCodeOf(body + one) !== null)
        expect(valid).toEqual([creditCheckCharacter(body)])
      }),
    )
  })

  test('a change of any one character is caught', () => {
    fc.assert(
      fc.property(creditBodies, fc.nat(17), characters(CREDIT_ALPHABET, 1), (body, index, one) => {
        const code = body + creditCheckCharacter(body)
        fc.pre(code.charAt(index) !== one)
        expect(creditCodeOf(replaceAt(code, index, one))).toBeNull()
      }),
    )
  })

  test('a swap of any two different neighbours is caught', () => {
    fc.assert(
      fc.property(creditBodies, fc.nat(16), (body, index) => {
        const code = body + creditCheckCharacter(body)
        fc.pre(code.charAt(index) !== code.charAt(index + 1))
        expect(creditCodeOf(swapAt(code, index))).toBeNull()
      }),
    )
  })
})

describe('the division code (GB/T 2260)', () => {
  test.each([
    ['110000', 'province', '110000', '110000'],
    ['130700', 'city', '130000', '130700'],
    ['130730', 'county', '130000', '130700'],
    ['500109', 'county', '500000', '500100'],
    ['820000', 'province', '820000', '820000'],
  ])('%s names a %s of %s and city %s', (text, level, province, city) => {
    const code = divisionCodeOf(text)
    expect(code).toBe(text)
    if (code === null) return
    expect(divisionLevel(code)).toBe(level)
    expect(provinceCodeOf(code)).toBe(province)
    expect(cityCodeOf(code)).toBe(city)
  })

  test.each([
    '',
    '11000',
    '1100000',
    '010000',
    '910000',
    '110005',
    '11000A',
    '１１００００',
    '110000\n',
  ])('%j has not the shape of one', (text) => expect(divisionCodeOf(text)).toBeNull())
})

describe('the site code', () => {
  test.each(['DC1', 'BJ-YZ-01', 'A'.repeat(32), '110'])('%s is one', (text) => {
    expect(siteCodeOf(text)).toBe(text)
  })

  test.each([
    '',
    'AB',
    'A'.repeat(33),
    'bj-01',
    '-BJ1',
    'BJ1-',
    'B--J',
    'B_J',
    'B/J',
    '京-01',
    'BJ1\n',
  ])('%j is none', (text) => expect(siteCodeOf(text)).toBeNull())
})

const resources = fc.record({
  kind: fc.constantFrom(...RESOURCE_KINDS),
  number: fc.integer({ min: 1, max: RESOURCE_NUMBER_MAX }),
})

describe('the resource code', () => {
  test('a code names the row it was made for', () => {
    fc.assert(
      fc.property(resources, ({ kind, number }) => {
        const code = resourceCode(kind, number)
        expect(code).toMatch(/^Y[HSNA][0-9A-Z]{9}$/)
        expect(resourceOf(code)).toEqual({ kind, number })
      }),
    )
  })

  test('a change of any one character is caught', () => {
    fc.assert(
      fc.property(resources, fc.nat(10), characters(ALPHABET_36, 1), (resource, index, one) => {
        const code = resourceCode(resource.kind, resource.number)
        fc.pre(code.charAt(index) !== one)
        expect(resourceOf(replaceAt(code, index, one))).toBeNull()
      }),
    )
  })

  test('two codes differ wherever their rows differ', () => {
    fc.assert(
      fc.property(resources, resources, (one, other) => {
        const same = one.kind === other.kind && one.number === other.number
        const codes = [one, other].map(({ kind, number }) => resourceCode(kind, number))
        expect(codes[0] === codes[1]).toBe(same)
      }),
    )
  })

  test.each(['', 'YA00000000', 'XA0000000012', 'ya00000001', 'YB00000001A', 'YA00000000U'])(
    '%j names nothing',
    (text) => expect(resourceOf(text)).toBeNull(),
  )

  test('a slip is told apart: the shape, one character, a number that nothing has', () => {
    const code = resourceCode('hub', 1)
    expect(RESOURCE_SCHEME.read('YA000')).toBe('shape')
    expect(RESOURCE_SCHEME.read(`${code.slice(0, -1)}${code.endsWith('0') ? '1' : '0'}`)).toBe(
      'check',
    )
    expect(RESOURCE_SCHEME.read(`YH00000000${mod37Check('YH00000000')}`)).toBe('number')
    expect(RESOURCE_SCHEME.read(code)).toEqual({ kind: 'hub', number: 1 })
  })

  test('row 0 has no code', () => {
    const body = 'YA00000000'
    expect(resourceOf(body + mod37Check(body))).toBeNull()
  })

  test.each([0, -1, 1.5, Number.NaN, RESOURCE_NUMBER_MAX + 1])(
    'no code is made for row %d',
    (row) => {
      expect(() => resourceCode('node', row)).toThrow('resource number')
    },
  )
})

describe('ISO 7064 MOD 37,36', () => {
  test.each([
    // The example of the Global Release Identifier standard, A1-2425G-ABC1234002-M.
    ['A12425GABC1234002', 'M'],
  ])('the check character of %s is %s', (body, check) => {
    expect(mod37Check(body)).toBe(check)
  })

  test('of all swaps of two neighbours at most one in 630 passes', () => {
    let swaps = 0
    let missed = 0
    // A first character brings the scheme into each of its 36 states, so three characters show all.
    for (const first of ALPHABET_36) {
      for (const left of ALPHABET_36) {
        for (const right of ALPHABET_36) {
          if (left === right) continue
          swaps += 1
          if (mod37Check(first + left + right) === mod37Check(first + right + left)) missed += 1
        }
      }
    }
    expect({ swaps, missed }).toEqual({ swaps: 45_360, missed: 72 })
  })
})
