import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseCsv } from '../../../collector/src/catalogue/csv.ts'

const COLUMNS = ['a', 'b'] as const

function parse(body: string) {
  return parseCsv(`a,b\n${body}`, COLUMNS, 'some.csv').map((row) => [row.a, row.b])
}

describe('what RFC 4180 allows is read', () => {
  test.each([
    ['', []],
    ['1,2', [['1', '2']]],
    ['1,2\n', [['1', '2']]],
    [
      '1,2\r\n3,4\r\n',
      [
        ['1', '2'],
        ['3', '4'],
      ],
    ],
    ['1,', [['1', '']]],
    [',\n', [['', '']]],
    ['"x,y","say ""hi"""\n', [['x,y', 'say "hi"']]],
    ['"two\nlines",2\n', [['two\nlines', '2']]],
    ['"",2', [['', '2']]],
    [' 1 ,华为昇腾', [[' 1 ', '华为昇腾']]],
  ])('%j', (body, rows) => {
    expect(parse(body)).toEqual(rows)
  })

  test('whatever cells are written come back', () => {
    const rows = fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 5 })
    const lineBreak = fc.constantFrom('\n', '\r\n')
    fc.assert(
      fc.property(rows, lineBreak, (cells, end) => {
        const quote = (cell: string) => `"${cell.replaceAll('"', '""')}"`
        const body = cells.map((row) => row.map(quote).join(',') + end).join('')
        expect(parse(body)).toEqual(cells)
      }),
    )
  })
})

describe('what it does not allow is refused with its line', () => {
  test.each([
    ['1', 'line 2 has 1 columns, expected 2'],
    ['1,2,3', 'line 2 has 3 columns, expected 2'],
    ['1,2\n\n3,4', 'line 3 has 1 columns, expected 2'],
    ['"x\ny",2\n1', 'line 4 has 1 columns, expected 2'],
    ['1,2\n"x"y,2', 'line 3 has a quote'],
    ['1,x"y"', 'line 2 has a quote'],
    ['1,"open', 'line 2 has a quote'],
    ['1\r2,3', 'line 2 has a quote or a carriage return'],
  ])('%j', (body, sentence) => {
    expect(() => parse(body)).toThrow(sentence)
  })

  test.each(['', 'a\n1\n', 'b,a\n1,2\n', 'a,b,c\n1,2,3\n', 'A,B\n1,2\n'])(
    'header of %j',
    (text) => {
      expect(() => parseCsv(text, COLUMNS, 'some.csv')).toThrow('must start with the header a,b')
    },
  )
})
