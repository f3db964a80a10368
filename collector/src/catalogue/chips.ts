/**
 * The accelerators we know figures of: one typed row per line of `data/chips.csv`.
 *
 * Figures are peak nominal rates of the matrix unit per row, as exact integers of milli-TFLOPS
 * (989.4 TFLOPS is 989400), so that no sum ever rounds. An empty cell is `null`: no figure anyone
 * vouches for, never 0.
 */
import { AppError, type Vendor } from '@yiben/shared'
import { decimalOrNull, integerOf, oneOf } from './cells.ts'
import { type CsvRow, parseCsv } from './csv.ts'

/** How well a row is founded; `press` is shown beside the figure. */
const CONFIDENCES = ['datasheet', 'secondary', 'press'] as const
export type Confidence = (typeof CONFIDENCES)[number]

export interface Chip {
  readonly vendor: Vendor
  readonly vendorZh: string
  /** The catalogue's own name of the model; unique within a vendor. */
  readonly model: string
  /** What vendor tools print for it. */
  readonly aliases: readonly string[]
  readonly form: string | null
  /** Entries the vendor's tool lists for one such row: 2 for a part with two dies. */
  readonly listedUnits: number
  /** Made by a Chinese maker. */
  readonly domestic: boolean
  readonly fp16DenseMilliTflops: number | null
  readonly bf16DenseMilliTflops: number | null
  readonly fp16SparseMilliTflops: number | null
  /** Nominal, as sold; tools report slightly less. */
  readonly memoryGib: number | null
  readonly tdpWatts: number | null
  readonly source: string
  readonly confidence: Confidence
  readonly note: string | null
}

/** The file's word for a maker, and ours. Its Intel rows are Gaudi parts only. */
const VENDOR_WORDS: Readonly<Record<string, Vendor>> = {
  NVIDIA: 'nvidia',
  'Huawei Ascend': 'ascend',
  Cambricon: 'cambricon',
  Hygon: 'hygon',
  'Moore Threads': 'moore-threads',
  MetaX: 'metax',
  Enflame: 'enflame',
  'Iluvatar CoreX': 'iluvatar',
  Kunlunxin: 'kunlunxin',
  Biren: 'biren',
  'T-Head': 'thead-ppu',
  Vastai: 'vastai',
  AMD: 'amd',
  Intel: 'intel',
}

const COLUMNS = [
  'vendor',
  'vendor_zh',
  'model',
  'aliases',
  'form',
  'listed_units',
  'domestic',
  'fp16_dense_tflops',
  'bf16_dense_tflops',
  'fp16_sparse_tflops',
  'fp32_tflops',
  'int8_dense_tops',
  'memory_gib',
  'memory_type',
  'memory_bandwidth_gbs',
  'tdp_w',
  'release_year',
  'source',
  'confidence',
  'note',
] as const

export function parseChips(text: string): readonly Chip[] {
  const chips = parseCsv(text, COLUMNS, 'chips.csv').map(chipOf)
  const seen = new Set<string>()
  for (const chip of chips) {
    const key = `${chip.vendor}\n${chip.model}`
    if (seen.has(key)) {
      throw new AppError('config_invalid', `chips.csv has the model ${chip.model} twice`)
    }
    seen.add(key)
  }
  return chips
}

function chipOf(row: CsvRow<(typeof COLUMNS)[number]>): Chip {
  const where = `chips.csv, model ${row.model}`
  const vendor = VENDOR_WORDS[row.vendor]
  if (vendor === undefined) {
    throw new AppError('config_invalid', `${where}: vendor ${row.vendor} is not in the table`)
  }
  const listedUnits = integerOf(row.listed_units, `${where}: listed_units`)
  return Object.freeze({
    vendor,
    vendorZh: row.vendor_zh,
    model: row.model,
    aliases: Object.freeze(row.aliases.split('|')),
    form: row.form === '' ? null : row.form,
    listedUnits,
    domestic: oneOf(row.domestic, ['true', 'false'], `${where}: domestic`) === 'true',
    fp16DenseMilliTflops: figureOf(
      row.fp16_dense_tflops,
      listedUnits,
      `${where}: fp16_dense_tflops`,
    ),
    bf16DenseMilliTflops: figureOf(
      row.bf16_dense_tflops,
      listedUnits,
      `${where}: bf16_dense_tflops`,
    ),
    fp16SparseMilliTflops: figureOf(row.fp16_sparse_tflops, 1, `${where}: fp16_sparse_tflops`),
    memoryGib: decimalOrNull(row.memory_gib, `${where}: memory_gib`),
    tdpWatts: decimalOrNull(row.tdp_w, `${where}: tdp_w`),
    source: row.source,
    confidence: oneOf(row.confidence, CONFIDENCES, `${where}: confidence`),
    note: row.note === '' ? null : row.note,
  })
}

/** Milli-TFLOPS; refused where a listed entry's part of it would not be a whole number. */
function figureOf(cell: string, listedUnits: number, where: string): number | null {
  if (cell === '') return null
  const [, whole, fraction = ''] = /^(\d{1,9})(?:\.(\d{1,3}))?$/.exec(cell) ?? []
  const milli = whole === undefined ? Number.NaN : Number(`${whole}${fraction.padEnd(3, '0')}`)
  if (!Number.isSafeInteger(milli) || milli === 0 || milli % listedUnits !== 0) {
    const rule = 'a positive figure of at most three decimals that its listed units divide'
    throw new AppError('config_invalid', `${where} must be ${rule}`)
  }
  return milli
}
