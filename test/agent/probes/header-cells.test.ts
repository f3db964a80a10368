/** Cells read by the words above them, and lines read by the heading above them. */
import { describe, expect, test } from 'vitest'
import { readHeadedValues } from '../../../agent/src/probes/headed-values.ts'
import {
  hasKeys,
  readDataRow,
  readHeaderRow,
  type WordColumn,
} from '../../../agent/src/probes/header-cells.ts'
import { finishedLines, toolLines } from '../../../agent/src/probes/tool-lines.ts'

const COLUMNS: readonly WordColumn[] = [
  { words: 'gpu', key: 'index', value: '\\d+' },
  { words: 'name', key: 'name', value: '\\S.*?' },
  { words: 'mode', key: 'mode', value: 'On|Off', isOptional: true },
  { words: 'temp', key: 'temperature', value: '\\S+' },
]

describe('a cell of several columns', () => {
  test.each([
    {
      name: 'each value belongs to its word',
      header: 'GPU   NAME   Mode',
      cell: '3  Card 500   Off',
      values: { index: '3', name: 'Card 500', mode: 'Off' },
    },
    {
      name: 'words may have changed places',
      header: 'Temp  GPU',
      cell: '35C  3',
      values: { temperature: '35C', index: '3' },
    },
    {
      name: 'an optional value may be missing',
      header: 'GPU Name Mode',
      cell: '3 Card 500',
      values: { index: '3', name: 'Card 500' },
    },
    {
      name: 'a column nobody knows is passed over',
      header: 'GPU Colour Temp',
      cell: '3 blue 35C',
      values: { index: '3', '? colour': 'blue', temperature: '35C' },
    },
    { name: 'a value too few tells nothing', header: 'GPU Temp', cell: '3', values: {} },
    { name: 'a value too many tells nothing', header: 'GPU Temp', cell: '3 35C 7', values: {} },
    {
      name: 'a cell wider than any table tells nothing',
      header: 'GPU Name',
      cell: `3 ${'x '.repeat(200)}`,
      values: {},
    },
  ])('$name', ({ header, cell, values }) => {
    const row = readDataRow([cell], readHeaderRow([header], COLUMNS))
    expect(Object.fromEntries(row ?? [])).toEqual(values)
  })

  test('a row with another number of cells than its header is none', () => {
    const header = readHeaderRow(['GPU', 'Temp'], COLUMNS)
    expect(readDataRow(['3'], header)).toBeNull()
    expect(hasKeys(header, ['index', 'temperature'])).toBe(true)
    expect(hasKeys(header, ['index', 'name'])).toBe(false)
  })
})

describe('values under headings', () => {
  const LINES = [
    'Product Name : Card 500',
    'Memory',
    '    Total : 64 GB',
    '    total : 1 GB',
    'Clocks',
    '    Memory : 2003MHz',
  ]

  test('are found by heading and key, or by a key alone', () => {
    const { get, under } = readHeadedValues(LINES)
    expect(get('product name')).toBe('Card 500')
    expect(get('memory/total')).toBe('64 GB')
    expect(get('clocks/memory')).toBe('2003MHz')
    expect(get('clocks/total')).toBeUndefined()
    expect(under('memory')).toEqual([['total', '64 GB']])
    expect(under('fans')).toEqual([])
  })

  test('end where a heading comes again: that is another card', () => {
    const { get } = readHeadedValues([...LINES, 'Memory', '    Used : 3 GB'])
    expect(get('memory/used')).toBeUndefined()
    expect(get('used')).toBeUndefined()
  })
})

describe('lines of a tool', () => {
  test('are of bounded length, and the last one may be half of itself', () => {
    const lines = toolLines(`\uFEFFa\r\n${'b'.repeat(5000)}\nhal`)
    expect(lines.map((line) => line.length)).toEqual([1, 512, 3])
    expect(finishedLines(lines)).toHaveLength(2)
    expect(finishedLines(toolLines('a\nb\n'))).toEqual(['a', 'b'])
  })
})
