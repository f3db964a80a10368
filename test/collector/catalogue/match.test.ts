import type { Vendor } from '@yiben/shared'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadCatalogue } from '../../../collector/src/catalogue/catalogue.ts'
import type { Chip } from '../../../collector/src/catalogue/chips.ts'
import type { PrintedDevice } from '../../../collector/src/catalogue/match.ts'

const CATALOGUE = loadCatalogue()

function device(vendor: Vendor | null, name: string, rest: Partial<PrintedDevice> = {}) {
  return { memoryMib: null, powerCapWatts: null, ...rest, vendor, name }
}

function nominal(chip: Chip): Partial<PrintedDevice> {
  const memoryMib = chip.memoryGib === null ? null : chip.memoryGib * 1024
  return { memoryMib, powerCapWatts: chip.tdpWatts }
}

const ALIASES = CATALOGUE.chips.flatMap((chip) =>
  chip.aliases.map((alias) => ({ chip, alias, name: `${chip.vendor} ${alias}` })),
)

/** Whether `alias` is the printed name, with or without the maker's word in front. */
function isAliasOf(alias: string, printed: string): boolean {
  const fold = (name: string) => ` ${name.toLowerCase().replaceAll(/[\s_-]+/g, ' ')}`
  return fold(alias).endsWith(fold(printed))
}

/** BI-V150 at its nominal 64 GiB is a whole board in one entry. */
function listedAtNominal(chip: Chip): number {
  return chip.model.startsWith('BI-V150 ') ? 1 : chip.listedUnits
}

describe('every alias of every row finds its own row', () => {
  test('there are aliases to try', () => {
    expect(ALIASES.length).toBeGreaterThan(300)
  })

  test.each(ALIASES)('$name', ({ chip, alias }) => {
    const figure = chip.fp16DenseMilliTflops
    const expected = {
      vendor: chip.vendor,
      model: chip.model,
      domestic: chip.domestic,
      fp16DenseMilliTflops: figure === null ? null : figure / listedAtNominal(chip),
      confidence: chip.confidence,
    }
    for (const vendor of [chip.vendor, null]) {
      for (const printed of [alias, alias.toUpperCase(), ` ${alias.replaceAll('-', '_')} `]) {
        const match = CATALOGUE.match(device(vendor, printed, nominal(chip)))
        expect(match).toMatchObject(expected)
      }
    }
  })
})

describe('a longer name never falls to a shorter product', () => {
  test.each<[Vendor, string, string, number | null]>([
    ['nvidia', 'NVIDIA H200', 'H200 SXM', 989_500],
    ['nvidia', 'NVIDIA H200 NVL', 'H200 NVL', 835_500],
    ['nvidia', 'NVIDIA L40S', 'L40S', 362_000],
    ['nvidia', 'NVIDIA L40', 'L40', 181_000],
    ['nvidia', 'NVIDIA L4', 'L4', 121_000],
    ['nvidia', 'NVIDIA L20', 'L20', 119_500],
    ['nvidia', 'NVIDIA A10G', 'A10G', null],
    ['nvidia', 'NVIDIA GeForce RTX 4090 D', 'GeForce RTX 4090 D', 147_100],
    ['nvidia', 'NVIDIA GeForce RTX 4090', 'GeForce RTX 4090', 165_200],
    ['nvidia', 'NVIDIA GeForce RTX 5090 D v2', 'GeForce RTX 5090 D', null],
    ['nvidia', 'NVIDIA H800 PCIe', 'H800 PCIe', 756_000],
    ['ascend', '910B4-1', 'Ascend 910B4-1', 280_000],
    ['ascend', '910B4', 'Ascend 910B4', 280_000],
    ['ascend', '910B2C', 'Ascend 910B2C', null],
    ['hygon', 'K100_AI', 'DCU K100-AI', 192_000],
    ['hygon', 'K100', 'DCU K100', 100_000],
    ['hygon', 'Z100L', 'DCU Z100L', 24_500],
    ['iluvatar', 'Iluvatar BI-V150S', 'BI-V150S', null],
    ['iluvatar', 'Iluvatar MR-V100', 'MR-V100 (ZhiKai 100)', 96_000],
  ])('%s %s', (vendor, name, model, figure) => {
    const match = CATALOGUE.match(device(vendor, name))
    expect([match.model, match.fp16DenseMilliTflops]).toEqual([model, figure])
  })
})

describe('one printed name of several products is settled by memory, then by power cap', () => {
  const DIE_910C = 'Ascend 910C (one die, as listed by npu-smi)'
  test.each<[Vendor, string, number | null, number | null, string, number]>([
    ['nvidia', 'NVIDIA H20', 97_871, 500, 'H20 96GB', 148_000],
    ['nvidia', 'NVIDIA H20', 143_771, 500, 'H20 141GB (H20-3e)', 148_000],
    ['nvidia', 'NVIDIA H20', null, null, 'H20 96GB', 148_000],
    ['metax', 'MXC500', 65_536, 350, 'C500 PCIe', 240_000],
    ['metax', 'MXC500', 65_536, 450, 'C500 OAM', 280_000],
    ['metax', 'MetaX C500', 65_536, 450, 'C500 OAM', 280_000],
    ['metax', 'MXC500', 65_536, null, 'C500 PCIe', 240_000],
    ['metax', 'MXC500 OAM', 65_536, 350, 'C500 OAM', 280_000],
    ['ascend', 'Ascend910', 32_768, null, 'Ascend 910A', 256_000],
    ['ascend', 'Ascend910', 65_536, null, DIE_910C, 376_000],
    ['ascend', 'Ascend 910', 65_536, null, DIE_910C, 376_000],
    ['ascend', '910', 32_768, null, 'Ascend 910A', 256_000],
    ['ascend', 'Ascend910_9382', 65_536, null, 'Ascend 910C 560T bin (one die)', 280_000],
  ])('%s %s, %s MiB, %s W', (vendor, name, memoryMib, powerCapWatts, model, figure) => {
    const match = CATALOGUE.match(device(vendor, name, { memoryMib, powerCapWatts }))
    expect([match.model, match.fp16DenseMilliTflops]).toEqual([model, figure])
  })
})

describe('the figure given out is that of one listed entry', () => {
  test.each<[Vendor, string, number | null, number, number]>([
    ['iluvatar', 'Iluvatar BI-V150', 32_768, 96_000, 2],
    ['iluvatar', 'Iluvatar BI-V150', 65_536, 192_000, 1],
    ['iluvatar', 'Iluvatar BI-V150', 64_000, 192_000, 1],
    ['iluvatar', 'Iluvatar BI-V150', null, 96_000, 2],
    ['amd', 'AMD Instinct MI250', 65_520, 181_050, 2],
    ['amd', 'AMD Instinct MI250X', 65_520, 191_500, 2],
    ['ascend', '910C', 65_536, 376_000, 2],
    ['ascend', '310P3', 21_527, 70_000, 1],
    ['amd', 'Arcturus GL-XL [Instinct MI100]', 32_752, 184_600, 1],
  ])('%s %s of %s MiB', (vendor, name, memoryMib, figure, listedUnits) => {
    const match = CATALOGUE.match(device(vendor, name, { memoryMib }))
    expect([match.countedMilliTflops, match.listedUnits]).toEqual([figure, listedUnits])
  })
})

describe('slices and shared cards print their parent first', () => {
  test.each<[string, string]>([
    ['NVIDIA A100-SXM4-80GB MIG 1g.10gb', 'A100 SXM 80GB'],
    ['NVIDIA H200 MIG 3g.71gb', 'H200 SXM'],
    ['NVIDIA H20 MIG 1g.12gb', 'H20 96GB'],
    ['NVIDIA L40S-48Q', 'L40S'],
  ])('%s', (name, model) => {
    expect(CATALOGUE.match(device('nvidia', name))).toMatchObject({ model, rated: true })
  })
})

describe('without a trustworthy FP16 figure', () => {
  test.each<[Vendor, string, string, number]>([
    ['ascend', '910B1', 'Ascend 910B1', 378_900],
    ['biren', 'Biren100P', 'BR100', 1_024_000],
    ['intel', 'HL-225', 'Gaudi 2', 432_000],
    ['habana', 'HL-225', 'Gaudi 2', 432_000],
  ])('%s %s counts BF16, labelled so', (vendor, name, model, counted) => {
    const match = CATALOGUE.match(device(vendor, name))
    expect(match).toMatchObject({ vendor, model, rated: true, basis: 'bf16_dense' })
    expect(match.fp16DenseMilliTflops).toBeNull()
    expect(match.countedMilliTflops).toBe(counted)
  })

  test('BF16 never stands in for an FP16 figure that is there', () => {
    const match = CATALOGUE.match(device('intel', 'HL-325L'))
    expect(match).toMatchObject({ countedMilliTflops: 459_000, basis: 'fp16_dense' })
  })

  test.each<[Vendor, string]>([
    ['cambricon', 'MLU590-H8'],
    ['thead-ppu', 'PPU-ZW810E'],
    ['moore-threads', 'MTT S5000'],
    ['amd', 'AMD Instinct MI308X OAM'],
  ])('%s %s is a known model, unrated', (vendor, name) => {
    const match = CATALOGUE.match(device(vendor, name))
    expect(match.model).not.toBeNull()
    expect(match).toMatchObject({ rated: false, countedMilliTflops: null, basis: null })
  })
})

describe('what matches nothing is unrated and comes back as printed', () => {
  test.each<[Vendor | null, string, boolean | null]>([
    ['nvidia', 'NVIDIA A800-SXM...', false],
    ['nvidia', 'NVIDIA GeForce ...', false],
    ['nvidia', 'NVIDIA GeForce RTX 4090 Laptop GPU', false],
    ['nvidia', 'NVIDIA GeForce RTX 3090 Ti', false],
    ['nvidia', 'NVIDIA H2000', false],
    ['nvidia', 'NVIDIA H20Z', false],
    ['nvidia', 'MXC500', false],
    ['ascend', '910B', true],
    ['ascend', '910ProB', true],
    ['ascend', 'xxx', true],
    ['metax', 'Mars X201', true],
    ['denglin', 'KS38 QUAD-0', null],
    ['nvidia', '', false],
    ['nvidia', 'NVIDIA', false],
    [null, 'something new', null],
  ])('%s %j', (vendor, name, domestic) => {
    expect(CATALOGUE.match(device(vendor, name, { memoryMib: 65_536 }))).toEqual({
      printed: name,
      vendor,
      model: null,
      domestic,
      fp16DenseMilliTflops: null,
      bf16DenseMilliTflops: null,
      countedMilliTflops: null,
      basis: null,
      rated: false,
      listedUnits: null,
      confidence: null,
    })
  })

  test("a maker's word in front keeps the other makers out", () => {
    expect(CATALOGUE.match(device(null, 'NVIDIA C500'))).toMatchObject({
      vendor: 'nvidia',
      model: null,
    })
  })
})

describe('whatever is printed', () => {
  const known = fc.constantFrom(...ALIASES)

  test('case and separators change nothing', () => {
    const separators = fc.constantFrom(' ', '-', '_', '  ', ' - ')
    fc.assert(
      fc.property(known, separators, fc.boolean(), ({ chip, alias }, separator, upper) => {
        const spaced = alias.replaceAll(/[\s_-]/g, separator)
        const printed = upper ? spaced.toUpperCase() : spaced.toLowerCase()
        const match = CATALOGUE.match(device(chip.vendor, printed, nominal(chip)))
        expect(match.model).toBe(chip.model)
      }),
    )
  })

  test('more tokens behind a known name never change the maker', () => {
    const tail = fc.array(fc.string({ maxLength: 12 }), { maxLength: 4 })
    fc.assert(
      fc.property(known, tail, fc.boolean(), ({ chip, alias }, more, told) => {
        const printed = [alias, ...more].join(' ')
        const match = CATALOGUE.match(device(told ? chip.vendor : null, printed, nominal(chip)))
        expect(match.vendor).toBe(chip.vendor)
      }),
    )
  })

  test('a token behind a known name changes the product only where the catalogue lists it', () => {
    const token = fc.stringMatching(/^[a-z0-9.]{1,6}$/)
    fc.assert(
      fc.property(known, token, ({ chip, alias }, more) => {
        const printed = `${alias} ${more}`
        fc.pre(!['laptop', 'mobile', 'super', 'ti'].includes(more))
        fc.pre(!ALIASES.some((one) => isAliasOf(one.alias, printed)))
        const { model } = CATALOGUE.match(device(chip.vendor, printed, nominal(chip)))
        expect(model).toBe(chip.model)
      }),
    )
  })

  test('any text and any numbers are answered, and a rating is never 0', () => {
    const measured = fc.option(fc.double({ noNaN: false }))
    const vendor = fc.constantFrom<Vendor | null>(null, 'nvidia', 'ascend', 'denglin', 'habana')
    fc.assert(
      fc.property(
        vendor,
        fc.string({ unit: 'grapheme' }),
        measured,
        measured,
        (maker, name, mib, watts) => {
          const match = CATALOGUE.match(
            device(maker, name, { memoryMib: mib, powerCapWatts: watts }),
          )
          expect(match.rated).toBe(match.countedMilliTflops !== null)
          expect(match.countedMilliTflops).not.toBe(0)
        },
      ),
    )
  })
})
