import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseChips } from '../../../collector/src/catalogue/chips.ts'

const TEXT = readFileSync(
  join(import.meta.dirname, '../../../collector/src/catalogue/data/chips.csv'),
  'utf8',
)
const HEADER = TEXT.slice(0, TEXT.indexOf('\n') + 1)

interface Cells {
  vendor?: string
  aliases?: string
  listed?: string
  domestic?: string
  fp16?: string
  memory?: string
  confidence?: string
}

/** One row of a made-up model, right in every cell that is not given. */
function row(cells: Cells): string {
  const { vendor = 'NVIDIA', listed = '1', domestic = 'false', fp16 = '' } = cells
  const { aliases = 'NVIDIA X1', memory = '24', confidence = 'press' } = cells
  const figures = `${listed},${domestic},${fp16},,,,,${memory},,,,`
  return `${vendor},英伟达,X1,${aliases},PCIe,${figures},somewhere,${confidence},\n`
}

describe('the shipped rows', () => {
  const chips = parseChips(TEXT)

  test('all are there, and as many are rated as have a figure', () => {
    expect(chips).toHaveLength(124)
    expect(chips.filter((chip) => chip.fp16DenseMilliTflops !== null)).toHaveLength(
      TEXT_FP16_FIGURES,
    )
  })

  test('figures are exact integers of milli-TFLOPS', () => {
    const figures = new Map(chips.map((chip) => [chip.model, chip.fp16DenseMilliTflops]))
    expect(figures.get('P40')).toBe(180)
    expect(figures.get('H100 SXM')).toBe(989_400)
    expect(figures.get('Instinct MI250')).toBe(362_100)
    expect(figures.get('A10G')).toBeNull()
  })

  test('a maker is domestic in all its rows or in none', () => {
    for (const chip of chips) {
      const foreign = ['nvidia', 'amd', 'intel'].includes(chip.vendor)
      expect([chip.model, chip.domestic]).toEqual([chip.model, !foreign])
    }
  })
})

/** Counted from the text by another way than the reader's: the eighth cell of each line. */
const TEXT_FP16_FIGURES = TEXT.split('\n')
  .slice(1)
  .map((line) => line.replaceAll(/"[^"]*"/g, 'quoted').split(',')[7])
  .filter((cell) => cell !== undefined && cell !== '').length

describe('a row that cannot be right is refused with its column', () => {
  test('the made-up row itself is right', () => {
    expect(parseChips(HEADER + row({ fp16: '125' }))[0]?.fp16DenseMilliTflops).toBe(125_000)
  })

  test.each<[Cells, string]>([
    [{ vendor: 'Nvidia' }, 'vendor Nvidia'],
    [{ listed: '' }, 'listed_units'],
    [{ listed: '1.5' }, 'listed_units'],
    [{ domestic: 'yes' }, 'domestic'],
    [{ fp16: '0' }, 'fp16_dense_tflops'],
    [{ fp16: '-1' }, 'fp16_dense_tflops'],
    [{ fp16: '1.2345' }, 'fp16_dense_tflops'],
    [{ fp16: '1e3' }, 'fp16_dense_tflops'],
    [{ fp16: '0.001', listed: '2' }, 'listed units divide'],
    [{ memory: '24GB' }, 'memory_gib'],
    [{ confidence: 'rumour' }, 'confidence'],
  ])('%j', (cells, sentence) => {
    expect(() => parseChips(HEADER + row(cells))).toThrow(sentence)
  })

  test('one model twice', () => {
    expect(() => parseChips(HEADER + row({}) + row({}))).toThrow('X1 twice')
  })
})
