/** Text that is no JSON is a wrong shape, not a failure of its own. */
import { parseJson } from '@yiben/shared'
import { expect, test } from 'vitest'

test.each([
  ['{"a":[1]}', { a: [1] }],
  ['"text"', 'text'],
  ['', null],
  ['{"a":', null],
  ['NaN', null],
])('%j', (text, value) => {
  expect(parseJson(text)).toEqual(value)
})
