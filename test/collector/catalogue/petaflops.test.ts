import type { Vendor } from '@yiben/shared'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadCatalogue } from '../../../collector/src/catalogue/catalogue.ts'
import {
  petaflopHoursText,
  petaflopsText,
  pOfUnit,
  tflopsNumber,
} from '../../../collector/src/catalogue/petaflops.ts'

const CATALOGUE = loadCatalogue()
const HOUR_MS = 3_600_000n
const WHOLE = 1_000_000

function profile(vendor: Vendor, name: string) {
  return CATALOGUE.match({ vendor, name, memoryMib: 65_536, powerCapWatts: null })
}

describe('C28: an hour of a 910B and an hour of an H800', () => {
  test('are 0.313 and 0.989 P·h', () => {
    const ascend = pOfUnit(profile('ascend', '910B3'), WHOLE)
    const nvidia = pOfUnit(profile('nvidia', 'NVIDIA H800'), WHOLE)
    expect(petaflopHoursText(ascend * HOUR_MS)).toBe('0.313')
    expect(petaflopHoursText(nvidia * HOUR_MS)).toBe('0.989')
    expect(petaflopsText(nvidia)).toBe('0.9894')
  })
})

test('an unrated model adds nothing', () => {
  expect(pOfUnit(profile('cambricon', 'MLU590'), WHOLE)).toBe(0n)
  expect(petaflopsText(pOfUnit(profile('nvidia', 'something new'), WHOLE))).toBe('0')
})

test('two listed dies are one board', () => {
  const die = {
    vendor: 'iluvatar',
    name: 'BI-V150',
    memoryMib: 32_768,
    powerCapWatts: null,
  } as const
  const board = { ...die, memoryMib: 65_536 }
  const one = pOfUnit(CATALOGUE.match(die), WHOLE)
  expect(petaflopsText(one)).toBe('0.096')
  expect(one + one).toBe(pOfUnit(CATALOGUE.match(board), WHOLE))
})

test('the slices of any card sum to the card, however it is cut', () => {
  const rated = CATALOGUE.chips.filter((chip) => chip.fp16DenseMilliTflops !== null)
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: WHOLE - 1 }), { maxLength: 8 })
  fc.assert(
    fc.property(fc.constantFrom(...rated), cuts, (chip, at) => {
      const counted = { countedMilliTflops: chip.fp16DenseMilliTflops }
      const edges = [0, ...at.toSorted((a, b) => a - b), WHOLE]
      let sum = 0n
      for (const [index, end] of edges.slice(1).entries()) {
        sum += pOfUnit(counted, end - (edges[index] ?? 0))
      }
      expect(sum).toBe(pOfUnit(counted, WHOLE))
    }),
  )
})

test.each([-1, 1.5, WHOLE + 1, Number.NaN])('a share of %d ppm is a bug', (share) => {
  expect(() => pOfUnit({ countedMilliTflops: 1 }, share)).toThrow('share')
})

describe('printing', () => {
  test.each([
    [0, '0'],
    [180, '0.00018'],
    [1_000_000, '1'],
    [181_050, '0.18105'],
    [2_500_000, '2.5'],
  ])('%d milli-TFLOPS are %s P', (milli, text) => {
    expect(petaflopsText(pOfUnit({ countedMilliTflops: milli }, WHOLE))).toBe(text)
  })

  test('P as printed is exact to the last digit', () => {
    fc.assert(
      fc.property(fc.nat(5_000_000), fc.nat(WHOLE), (milli, share) => {
        const rate = pOfUnit({ countedMilliTflops: milli }, share)
        const [whole = '', fraction = ''] = petaflopsText(rate).split('.')
        expect(BigInt(whole + fraction.padEnd(12, '0'))).toBe(rate)
      }),
    )
  })

  test.each([
    [1_799n, '0.000'],
    [1_800n, '0.001'],
    [3_600_000n, '1.000'],
  ])('1 P for %d ms is %s P·h, rounded half up', (ms, text) => {
    const rate = pOfUnit({ countedMilliTflops: 1_000_000 }, WHOLE)
    expect(petaflopHoursText(rate * ms)).toBe(text)
  })

  test('TFLOPS print as the catalogue has them', () => {
    expect([989_400, 181_050, 180, null].map(tflopsNumber)).toEqual([989.4, 181.05, 0.18, null])
  })
})
