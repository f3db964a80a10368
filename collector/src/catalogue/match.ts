/**
 * Which catalogue row a printed device name means, and what one listed entry of it counts.
 *
 * Pure. Rules, in order: the whole name is an alias; else the longest alias that is a whole-token
 * prefix of it (a MIG or vGPU name starts with its parent's); names that several products share
 * are settled by memory, then by power cap; a part with several dies is rated per listed entry.
 * Where nothing matches the card is unrated: it is listed and counted, and adds nothing to P.
 */
import { assert, type Vendor } from '@yiben/shared'
import type { Chip, Confidence } from './chips.ts'
import { dropVendorWord, tokensOf, vendorNamed } from './printed-name.ts'

/** For a slice hand in the memory and power cap of its card: they settle which card it is. */
export interface PrintedDevice {
  /** `null` where only a name is known: then every maker's rows are searched. */
  readonly vendor: Vendor | null
  readonly name: string
  readonly memoryMib: number | null
  readonly powerCapWatts: number | null
}

/** Which column of the catalogue was counted: BF16 only where no FP16 figure is known. */
export type RatingBasis = 'fp16_dense' | 'bf16_dense'

/** Figures are those of one listed entry, in milli-TFLOPS. */
export interface CatalogueMatch {
  /** The name as it came, so that an unmatched one can be reported. */
  readonly printed: string
  readonly vendor: Vendor | null
  /** `null`: no row matches. */
  readonly model: string | null
  readonly domestic: boolean | null
  readonly fp16DenseMilliTflops: number | null
  readonly bf16DenseMilliTflops: number | null
  /** What P counts, in the basis named beside it; `null` when unrated. */
  readonly countedMilliTflops: number | null
  readonly basis: RatingBasis | null
  readonly rated: boolean
  readonly listedUnits: number | null
  readonly confidence: Confidence | null
}

/** Products whose tools print one name. Memory decides, then the power cap (C500: 350 or 450 W). */
const SHARED_PRINTS: readonly SharedPrint[] = [
  { vendor: 'nvidia', prints: ['H20'], models: ['H20 96GB', 'H20 141GB (H20-3e)'] },
  { vendor: 'metax', prints: ['MXC500', 'C500'], models: ['C500 PCIe', 'C500 OAM'] },
  {
    vendor: 'ascend',
    prints: ['Ascend910', '910'],
    models: ['Ascend 910A', 'Ascend 910C (one die, as listed by npu-smi)'],
  },
]

interface SharedPrint {
  readonly vendor: Vendor
  readonly prints: readonly string[]
  readonly models: readonly string[]
}

/**
 * The one row whose tool lists either its dies or the whole board (ixsmi: 32 or 64 GiB per entry).
 * npu-smi and rocm-smi list every die, so the other two-die parts are always halves.
 */
const WHOLE_BOARD_BY_MEMORY = 'BI-V150 (TianGai 150)'

/**
 * Behind a known name these make another, weaker or stronger product (`RTX 4090 Laptop GPU`,
 * `RTX 3090 Ti`), which its own alias must name.
 */
const OTHER_PRODUCT_TOKENS: ReadonlySet<string> = new Set(['laptop', 'mobile', 'super', 'ti'])

/** Per vendor: normalised alias to the rows that carry it, the one that lists it first. */
export type ChipIndex = ReadonlyMap<Vendor, ReadonlyMap<string, readonly Chip[]>>

export function indexChips(chips: readonly Chip[]): ChipIndex {
  const index = new Map<Vendor, Map<string, Chip[]>>()
  for (const chip of chips) {
    for (const alias of chip.aliases) addAlias(index, chip, alias)
  }
  for (const { vendor, prints, models } of SHARED_PRINTS) {
    for (const model of models) {
      const chip = chips.find((one) => one.vendor === vendor && one.model === model)
      assert(
        chip !== undefined,
        `the catalogue has the model ${model} that shares its printed name`,
      )
      for (const print of prints) addAlias(index, chip, print)
    }
  }
  return index
}

function addAlias(index: Map<Vendor, Map<string, Chip[]>>, chip: Chip, alias: string): void {
  const names = index.get(chip.vendor) ?? new Map<string, Chip[]>()
  index.set(chip.vendor, names)
  const key = dropVendorWord(tokensOf(alias), chip.vendor).join(' ')
  const carriers = names.get(key) ?? []
  names.set(key, carriers)
  if (!carriers.includes(chip)) carriers.push(chip)
}

export function matchName(index: ChipIndex, device: PrintedDevice): CatalogueMatch {
  const tokens = tokensOf(device.name)
  const told = device.vendor ?? vendorNamed(tokens)
  const found = told === null ? findAnywhere(index, tokens) : findInVendor(index, told, tokens)
  const vendor = told ?? found?.vendor ?? null
  const chip = found === null ? undefined : settle(found.carriers, device)
  if (chip === undefined) return unmatched(index, device.name, vendor)
  const listedUnits = listedUnitsOf(chip, device.memoryMib)
  const fp16 = chip.fp16DenseMilliTflops === null ? null : chip.fp16DenseMilliTflops / listedUnits
  const bf16 = chip.bf16DenseMilliTflops === null ? null : chip.bf16DenseMilliTflops / listedUnits
  const counted = fp16 ?? bf16
  return {
    printed: device.name,
    vendor,
    model: chip.model,
    domestic: chip.domestic,
    fp16DenseMilliTflops: fp16,
    bf16DenseMilliTflops: bf16,
    countedMilliTflops: counted,
    basis: basisOf(fp16, bf16),
    rated: counted !== null,
    listedUnits,
    confidence: chip.confidence,
  }
}

function basisOf(fp16: number | null, bf16: number | null): RatingBasis | null {
  if (fp16 !== null) return 'fp16_dense'
  return bf16 === null ? null : 'bf16_dense'
}

function unmatched(index: ChipIndex, printed: string, vendor: Vendor | null): CatalogueMatch {
  return {
    printed,
    vendor,
    model: null,
    domestic: vendor === null ? null : domesticVendor(index, vendor),
    fp16DenseMilliTflops: null,
    bf16DenseMilliTflops: null,
    countedMilliTflops: null,
    basis: null,
    rated: false,
    listedUnits: null,
    confidence: null,
  }
}

/** A maker is as domestic as its rows; `null` for one the catalogue has none of. */
function domesticVendor(index: ChipIndex, vendor: Vendor): boolean | null {
  const [carriers] = index.get(rowsVendor(vendor))?.values() ?? []
  return carriers?.[0]?.domestic ?? null
}

/** Gaudi rows stand under Intel, whatever the probe that read the card calls its maker. */
function rowsVendor(vendor: Vendor): Vendor {
  return vendor === 'habana' ? 'intel' : vendor
}

interface Found {
  readonly vendor: Vendor
  /** Empty where the name goes on into another product of that maker. */
  readonly carriers: readonly Chip[]
  readonly tokensMatched: number
}

/** Without a vendor, told or named: the longest match of any maker. */
function findAnywhere(index: ChipIndex, tokens: readonly string[]): Found | null {
  let longest: Found | null = null
  for (const vendor of index.keys()) {
    const found = findInVendor(index, vendor, tokens)
    if (found !== null && found.tokensMatched > (longest?.tokensMatched ?? 0)) longest = found
  }
  return longest
}

/** The longest whole-token prefix that is an alias; the whole name is the longest of them. */
function findInVendor(index: ChipIndex, vendor: Vendor, printed: readonly string[]): Found | null {
  const names = index.get(rowsVendor(vendor))
  const tokens = dropVendorWord(printed, rowsVendor(vendor))
  for (let length = tokens.length; names !== undefined && length > 0; length -= 1) {
    const carriers = names.get(tokens.slice(0, length).join(' '))
    if (carriers === undefined) continue
    const isOther = tokens.slice(length).some((token) => OTHER_PRODUCT_TOKENS.has(token))
    return { vendor, carriers: isOther ? [] : carriers, tokensMatched: length }
  }
  return null
}

/** Memory first, then power cap; what neither settles stays with the row that lists the alias. */
function settle(carriers: readonly Chip[], device: PrintedDevice): Chip | undefined {
  const memoryGib = device.memoryMib === null ? null : device.memoryMib / 1024
  const byMemory = nearest(carriers, memoryGib, (chip) => chip.memoryGib)
  return nearest(byMemory, device.powerCapWatts, (chip) => chip.tdpWatts)[0]
}

/** Those whose nominal figure is nearest; all of them where the figure is absent on either side. */
function nearest(
  carriers: readonly Chip[],
  measured: number | null,
  nominalOf: (chip: Chip) => number | null,
): readonly Chip[] {
  if (measured === null || carriers.length < 2) return carriers
  const distances: { chip: Chip; distance: number }[] = []
  for (const chip of carriers) {
    const nominal = nominalOf(chip)
    if (nominal === null) return carriers
    distances.push({ chip, distance: Math.abs(nominal - measured) })
  }
  const smallest = Math.min(...distances.map((one) => one.distance))
  return distances.filter((one) => one.distance === smallest).map((one) => one.chip)
}

/** 1 where the tool lists the whole row as one entry; else the row's own count. */
function listedUnitsOf(chip: Chip, memoryMib: number | null): number {
  if (chip.model !== WHOLE_BOARD_BY_MEMORY || memoryMib === null || chip.memoryGib === null) {
    return chip.listedUnits
  }
  const perEntryGib = chip.memoryGib / chip.listedUnits
  const memoryGib = memoryMib / 1024
  // Nearer to the whole board than to one die; tools report a little less than the nominal size.
  return memoryGib > (perEntryGib + chip.memoryGib) / 2 ? 1 : chip.listedUnits
}
