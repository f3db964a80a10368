/** Numbers and addresses out of printed text: the whole of it, or nothing. */
import { describe, expect, test } from 'vitest'
import { normalisePciAddress } from '../../../agent/src/probes/pci-address.ts'
import {
  readCount,
  readNumber,
  readQuantity,
  readQuantityOrNumber,
  readWord,
} from '../../../agent/src/probes/text.ts'

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
