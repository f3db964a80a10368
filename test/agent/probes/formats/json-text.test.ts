/** JSON of tools by key: what is not there is absent, and a document cut short is none. */
import { describe, expect, test } from 'vitest'
import {
  jsonListAt,
  jsonTextAt,
  jsonValueAt,
  readJsonObject,
} from '../../../../agent/src/probes/formats/json-text.ts'

const TEXT = '{"list": [{"a": 1}, 2, null], "deep": {"figure": 12.5, "word": "x", "none": null}}'

test('a text of empty lines is looked through once, not once per line', () => {
  expect(readJsonObject('\n'.repeat(200_000))).toBeNull()
})

describe('JSON of a tool', () => {
  test('is found behind lines of a log', () => {
    expect(readJsonObject(`[warning] slow start\n  ${TEXT}\n`)).toHaveProperty('deep')
  })

  test.each(['', 'text', TEXT.slice(0, -1), '[1, 2]', `${TEXT} rest`])('%j is none', (text) =>
    expect(readJsonObject(text)).toBeNull(),
  )

  test('figures and words come out as text, everything else is absent', () => {
    const node = readJsonObject(TEXT) ?? {}
    const paths = ['deep/figure', 'deep/word', 'deep/none', 'deep', 'deep/no', 'no/no', 'toString']
    expect(paths.map((path) => jsonTextAt(node, path))).toEqual([
      '12.5',
      'x',
      null,
      null,
      null,
      null,
      null,
    ])
    expect(jsonValueAt(node, 'deep/none')).toBeNull()
    expect(jsonValueAt(node, 'constructor')).toBeUndefined()
  })

  test('of a list the objects are kept', () => {
    const node = readJsonObject(TEXT) ?? {}
    expect(jsonListAt(node, 'list')).toEqual([{ a: 1 }])
    expect(jsonListAt(node, 'deep')).toEqual([])
  })
})
