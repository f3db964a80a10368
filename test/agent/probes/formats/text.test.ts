/** Numbers and addresses out of printed text: the whole of it, or nothing. */
import { describe, expect, test } from 'vitest'
import { normalisePciAddress } from '../../../../agent/src/probes/formats/pci-address.ts'
import {
  readCelsius,
  readCount,
  readNumber,
  readPair,
  readQuantity,
  readQuantityOrNumber,
  readWord,
} from '../../../../agent/src/probes/formats/text.ts'

describe('numbers', () => {
  test.each([
    ['12', 12],
    [' 12.50 ', 12.5],
    ['-3', -3],
    ['', null],
    ['N/A', null],
    ['1e9', null],
    ['0x10', null],
    ['12 MiB', null],
    ['1,234', null],
    ['1234567890123456789', null],
    [undefined, null],
  ])('%j reads as %j', (text, value) => expect(readNumber(text)).toBe(value))

  test.each([
    ['24564 MiB', 'MiB', 24564],
    ['24564MiB', 'MiB', 24564],
    ['24564', 'MiB', null],
    ['24564 M', 'MiB', null],
    ['100 %', '%', 100],
    ['[Unknown Error]', '%', null],
  ])('%j in %s is %j', (text, unit, value) => expect(readQuantity(text, unit)).toBe(value))

  test('a bare number will do where units may be left out', () => {
    expect(readQuantityOrNumber('71.15', 'W')).toBe(71.15)
  })

  test('counts are whole and not negative', () => {
    expect([readCount('3'), readCount('-3'), readCount('3.5')]).toEqual([3, null, null])
  })
})

describe('words', () => {
  test.each(['', '-', 'N/A', '[N/A]', '[Not Supported]', 'ERR!', 'Unknown Error', '[GPU is lost]'])(
    '%j tells nothing',
    (text) => expect(readWord(text)).toBeNull(),
  )
  test('a name is kept as printed', () => expect(readWord(' NVIDIA L20 ')).toBe('NVIDIA L20'))
})

describe('PCI addresses', () => {
  test.each([
    ['00000000:0C:00.0', '0000:0c:00.0'],
    ['3d:00.0', '0000:3d:00.0'],
    ['3E3F8E05:00:00.0', '3e3f8e05:00:00.0'],
    ['10000:01:00.0', '10000:01:00.0'],
    ['NA', null],
    ['0000:0c:00.9', null],
  ])('%s becomes %s', (printed, address) => expect(normalisePciAddress(printed)).toBe(address))
})

describe('pairs of what is used and what there is', () => {
  test.each([
    ['0MiB / 32512MiB', 0, 32512],
    ['0 MiB/ 23374 MiB', 0, 23374],
    ['858/65536 MiB', 858, 65536],
    ['0 MiB/ xxxxx MiB', 0, null],
    ['N/A/ 250 MiB', null, 250],
    ['N/A / 250MiB', null, 250],
    ['12 MiB/ N/A', 12, null],
    ['12/ N/A', null, null],
    ['12 / 250', null, null],
    ['1MiB / 2MiB / 3MiB', null, null],
    ['12 MiB', null, null],
    [undefined, null, null],
  ])('%j', (cell, used, total) => expect(readPair(cell, 'MiB')).toEqual({ used, total }))

  test('whose unit stands in the header are bare', () => {
    expect(readPair('3063 / 65536', '')).toEqual({ used: 3063, total: 65536 })
    expect(readPair('NA / 65536', '')).toEqual({ used: null, total: 65536 })
  })
})

describe('degrees', () => {
  test.each([
    ['44C', 44],
    ['44.00 C', 44],
    ['44 °C', 44],
    ['44℃', 44],
    ['44', null],
    ['N/A', null],
  ])('%j', (text, degrees) => expect(readCelsius(text)).toBe(degrees))
})
