/** Which definitions a search finds, over the ones there are. */
import { expect, test } from 'vitest'
import { foundDefinitions } from '../../collector/dashboard/src/pages/definitions-search.ts'
import { definitionsAnswer } from '../../collector/src/api/answers/definitions.ts'

const { items } = definitionsAnswer()
const found = (asked: string) => foundDefinitions(items, asked).map(({ id }) => id)

test('everything is found by nothing', () => {
  expect(found('  ')).toEqual(items.map(({ id }) => id))
})

test.each([
  ['空闲', 'free'],
  ['FREE', 'free'],
  ['access_rate', 'access_rate'],
  ['unknown bounds allocation', 'allocation_rate'],
])('%j finds %s, in either language', (asked, id) => {
  expect(found(asked)).toContain(id)
})

test('every word must be there', () => {
  expect(found('free zzz')).toEqual([])
})
