/** JSON with commas left out, keys printed twice, log lines before it, and an end that is missing. */
import { describe, expect, test } from 'vitest'
import { looseAt, readLooseJson } from '../../../../agent/src/probes/rocm-smi/loose-json.ts'

describe('JSON of the rocm-smi family', () => {
  test.each([
    {
      name: 'plain',
      text: '{"a": 1, "b": [true, null, "x"]}',
      value: { a: '1', b: ['true', '', 'x'] },
    },
    {
      name: 'commas left out',
      text: '{"a": "91.0""b": "20.0""c": "3"}',
      value: { a: '91.0', b: '20.0', c: '3' },
    },
    {
      name: 'an empty key, again and again',
      text: '{"": "", "": "", "a": "1"}',
      value: { '': '', a: '1' },
    },
    {
      name: 'a key with two values has none',
      text: '{"a": "1", "b": "2", "a": "3"}',
      value: { b: '2' },
    },
    { name: 'a value that was not printed', text: '{"a": , "b": 2}', value: { a: '', b: '2' } },
    { name: 'a figure that is none', text: '{"a": nan}', value: { a: 'nan' } },
    { name: 'escapes', text: '{"a": "x\\"y\\u0041"}', value: { a: 'x"yA' } },
    {
      name: 'log lines before it',
      text: 'WARNING: [AMD/ATI] sleeps\n{"a": "1"}',
      value: { a: '1' },
    },
    {
      name: 'an entry that is cut',
      text: '{"a": {"x": "1"}, "b": {"x": "2"',
      value: { a: { x: '1' } },
    },
    { name: 'a figure that is cut', text: '{"a": 1, "b": 23', value: { a: '1' } },
    {
      name: 'a quotation mark that is lost',
      text: '{"a": "1", "b": "2\n"c": "3"}',
      value: { a: '1' },
    },
    {
      name: 'a name of the prototype',
      text: '{"__proto__": {"a": "1"}}',
      value: { ['__proto__']: { a: '1' } },
    },
  ])('$name', ({ text, value }) => {
    const [document] = readLooseJson(text)
    expect(JSON.stringify(document)).toBe(JSON.stringify(value))
  })

  test('a brace that is lost does not give the figures of one card to another', () => {
    const [document] = readLooseJson(
      '{"card0": {"use": "99", \n "use": "0"}, "card2": {"use": "1"}}',
    )
    expect(document).toEqual({ card0: {}, card2: { use: '1' } })
  })

  test('documents may follow each other', () => {
    expect(readLooseJson('[{"gpu": 0}]\n[{"gpu": 1}]\n{"x": 1}')).toEqual([
      [{ gpu: '0' }],
      [{ gpu: '1' }],
      { x: '1' },
    ])
  })

  test.each([
    '',
    '   ',
    'no JSON at all',
    '[AMD/ATI]',
    '[[[[',
    `${'['.repeat(10_000)}`,
    '{"a"',
    '"a"',
  ])('nothing is made of %j', (text) => {
    expect(JSON.stringify(readLooseJson(text)).replace(/[[\]{},]/g, '')).toBe('')
  })

  test('a path leads through objects only', () => {
    const [document = ''] = readLooseJson('{"a": {"b": "1", "c": ["2"]}}')
    expect(looseAt(document, 'a/b')).toBe('1')
    expect(looseAt(document, 'a/c/0')).toBeUndefined()
    expect(looseAt(document, 'toString')).toBeUndefined()
  })
})
