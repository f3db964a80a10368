/** What a parent may draw: nothing unless it is said, and then what is said. */
import { AppError } from '@yiben/shared'
import { expect, test } from 'vitest'
import { loadConfig } from '../../../collector/src/config.ts'

const DAY_MS = 86_400_000

function draws(flags: Readonly<Record<string, string>>) {
  return loadConfig({ file: null, env: {}, flags }).upstream.draws
}

test('without consent the parent may draw nothing, whatever else is said', () => {
  expect(draws({})).toBeNull()
  expect(draws({ 'upstream.draws': 'false', 'upstream.draws_sites': 'BJ-01' })).toBeNull()
})

test('with consent it may draw everything, or what is named', () => {
  const everything = { siteCodes: [], cardsMax: 1_024, forMsMax: 31 * DAY_MS }
  expect(draws({ 'upstream.draws': 'true' })).toEqual(everything)
  expect(
    draws({
      'upstream.draws': 'true',
      'upstream.draws_sites': ' BJ-01, SH-02 ,',
      'upstream.draws_cards': '8',
      'upstream.draws_for': '12h',
    }),
  ).toEqual({ siteCodes: ['BJ-01', 'SH-02'], cardsMax: 8, forMsMax: DAY_MS / 2 })
})

test.each([
  ['upstream.draws', 'maybe'],
  ['upstream.draws_cards', '0'],
  ['upstream.draws_cards', '1025'],
  ['upstream.draws_for', '32d'],
  ['upstream.draws_for', '30s'],
])('%s: %s is refused by its name', (option, value) => {
  const load = () => draws({ 'upstream.draws': 'true', [option]: value })
  expect(load).toThrow(AppError)
  expect(load).toThrow(option)
})
