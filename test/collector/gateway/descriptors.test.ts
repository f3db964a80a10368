import { describe, expect, test } from 'vitest'
import { connectionsByDescriptors } from '../../../collector/src/gateway/descriptors.ts'

const line = (soft: string) =>
  `Limit  Soft Limit\nMax open files            ${soft}       20000  files\n`

describe('room for connections', () => {
  test.each([
    { name: 'leaves some descriptors to the store', text: line('20000'), expected: 19_936 },
    { name: 'is at least one', text: line('20'), expected: 1 },
    { name: 'is not told where there is no limit', text: line('unlimited'), expected: null },
    { name: 'is not told where the system does not tell', text: null, expected: null },
  ])('$name', ({ text, expected }) => {
    expect(connectionsByDescriptors(text ?? '')).toBe(expected)
  })
})
