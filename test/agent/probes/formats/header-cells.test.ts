/** Cells read by the words above them. */
import { describe, expect, test } from 'vitest'
import {
  hasKeys,
  readDataRow,
  readHeaderRow,
  type WordColumn,
} from '../../../../agent/src/probes/formats/header-cells.ts'

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
    {
      name: 'an unknown column of uses may hold a pair',
      header: 'Hugepages-Usage(page) Temp',
      cell: '0 / 12 35C',
      values: { '? hugepages-usage(page)': '0 / 12', temperature: '35C' },
    },
    { name: 'a value too few tells nothing', header: 'GPU Temp', cell: '3', values: {} },
    { name: 'a value too many tells nothing', header: 'GPU Temp', cell: '3 35C 7', values: {} },
    {
      name: 'a cell wider than any table tells nothing',
      header: 'GPU Name',
      cell: `3 ${'x '.repeat(300)}`,
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
