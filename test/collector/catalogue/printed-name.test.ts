import { describe, expect, test } from 'vitest'
import {
  dropVendorWord,
  tokensOf,
  vendorNamed,
} from '../../../collector/src/catalogue/printed-name.ts'

test.each([
  ['  NVIDIA  H100-80GB_HBM3 ', ['nvidia', 'h100', '80gb', 'hbm3']],
  ['910B4-1', ['910b4', '1']],
  ['MIG 1g.10gb', ['mig', '1g.10gb']],
  ['壁砺106M', ['壁砺106m']],
  [' -_ ', []],
  ['', []],
])('%j has the tokens %j', (name, tokens) => {
  expect(tokensOf(name)).toEqual(tokens)
})

test('a name is read up to 256 characters', () => {
  expect(tokensOf('x'.repeat(100_000))).toEqual(['x'.repeat(256)])
})

describe("only the vendor's own word in front falls away, and never the whole name", () => {
  test.each([
    ['nvidia', 'NVIDIA L40S', ['l40s']],
    ['nvidia', 'Tesla T4', ['tesla', 't4']],
    ['nvidia', 'NVIDIA', ['nvidia']],
    ['nvidia', 'L40S NVIDIA', ['l40s', 'nvidia']],
    ['ascend', 'Huawei Ascend 910B3', ['910b3']],
    ['ascend', 'Ascend910', ['ascend910']],
    ['ascend', 'NVIDIA L4', ['nvidia', 'l4']],
    ['denglin', 'Denglin KS38', ['denglin', 'ks38']],
  ] as const)('%s: %s', (vendor, name, tokens) => {
    expect(dropVendorWord(tokensOf(name), vendor)).toEqual(tokens)
  })
})

test.each([
  ['NVIDIA H20', 'nvidia'],
  ['海光-BW1000-64G', 'hygon'],
  ['Iluvatar CoreX BI-V150', 'iluvatar'],
  ['C500', null],
  ['', null],
])('%s names the maker %s', (name, vendor) => {
  expect(vendorNamed(tokensOf(name))).toBe(vendor)
})
