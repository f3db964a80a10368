import { expect, test } from 'vitest'
import {
  decimalOf,
  decimalOrNull,
  divisionOf,
  integerOf,
  oneOf,
} from '../../../collector/src/catalogue/cells.ts'

const WHERE = 'some.csv, row: column'

test.each(['', '-1', '1.0', '01', '1e3', ' 1', '1234567890'])('%j is no whole number', (cell) => {
  expect(() => integerOf(cell, WHERE)).toThrow(WHERE)
})

test.each(['.5', '1.', '-1', '1e3', 'NaN', '1,5'])('%j is no decimal number', (cell) => {
  expect(() => decimalOrNull(cell, WHERE)).toThrow(WHERE)
})

test('an empty cell is absent, not 0, and refused where it must be filled', () => {
  expect(decimalOrNull('', WHERE)).toBeNull()
  expect(decimalOrNull('0', WHERE)).toBe(0)
  expect(() => decimalOf('', WHERE)).toThrow('is empty')
})

test('words and divisions are narrowed or refused with their place', () => {
  expect(oneOf('b', ['a', 'b'], WHERE)).toBe('b')
  expect(() => oneOf('c', ['a', 'b'], WHERE)).toThrow('must be one of a,b')
  expect(divisionOf('110000', WHERE)).toBe('110000')
  expect(() => divisionOf('11', WHERE)).toThrow('GB/T 2260')
})
