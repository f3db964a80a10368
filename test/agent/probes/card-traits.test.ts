/** Pieces of traits: ids in their order, health, and the word of a mode. */
import { describe, expect, test } from 'vitest'
import {
  HEALTH_NOT_TOLD,
  HEALTH_OK,
  healthByErrors,
  healthByWord,
  identitiesFrom,
  splitByWord,
} from '../../../agent/src/probes/card-traits.ts'

test('ids are told strongest first, and none for what is not told', () => {
  expect(identitiesFrom({ board: 'b', strong: 's' })).toEqual([
    { strength: 'strong', raw: 's' },
    { strength: 'board', raw: 'b' },
  ])
  expect(identitiesFrom({ strong: null, board: 'b' })).toEqual([{ strength: 'board', raw: 'b' }])
  expect(identitiesFrom({})).toEqual([])
})

describe('health', () => {
  const WORDS = {
    good: { status: 'ok', cause: null },
    bad: { status: 'failed', cause: 'health' },
  } as const

  test.each([
    ['Good', HEALTH_OK],
    [' BAD ', { status: 'failed', cause: 'health', detail: ' BAD ' }],
    ['Odd', { status: 'unknown', cause: null, detail: 'Odd' }],
    ['constructor', { status: 'unknown', cause: null, detail: 'constructor' }],
    [null, HEALTH_NOT_TOLD],
    [undefined, HEALTH_NOT_TOLD],
  ])('by the word %j', (word, health) => expect(healthByWord(word, WORDS)).toEqual(health))

  test.each([
    [0, HEALTH_OK],
    [2, { status: 'failed', cause: 'ecc', detail: '2 uncorrected ECC errors' }],
    [null, HEALTH_NOT_TOLD],
    [undefined, HEALTH_NOT_TOLD],
  ])('by %j errors', (errors, health) => {
    expect(healthByErrors(errors, 'uncorrected ECC errors')).toEqual(health)
  })
})

test.each([
  ['Disabled', null],
  ['MIM', 'MIM'],
  [null, null],
  [undefined, null],
])('a card whose mode is %j is split: %j', (mode, split) => {
  expect(splitByWord(mode, new Set(['disabled']))).toBe(split)
})
