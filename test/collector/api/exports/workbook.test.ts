/** A workbook holds what was put in: numbers as numbers as far as they are exact, the rest as text. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Cell, ColumnKind } from '../../../../collector/src/api/exports/columns.ts'
import { csvCell, csvLine, withColumn } from '../../../../collector/src/api/exports/csv.ts'
import { type BookHead, workbookOf } from '../../../../collector/src/api/exports/workbook.ts'
import { readWorkbook, sheetOf } from '../../../support/workbook-reader.ts'

const KINDS: readonly ColumnKind[] = ['text', 'amount', 'decimal', 'ratio', 'instant', 'flag']

function bookOf(change: Partial<BookHead> = {}): BookHead {
  const head = { name: 'T', titles: KINDS.map(String), kinds: KINDS }
  return { sheets: [head], footer: { left: 'x-1', middle: 'token t' }, banner: null, ...change }
}

async function written(rows: readonly (readonly Cell[])[], book = bookOf()) {
  const sheets = book.sheets.map((head) => ({ head, rows }))
  return readWorkbook(await workbookOf(book, sheets))
}

/** What a workbook can carry: no control characters, and nothing that is no character or stands for none. */
const textCell = fc
  .string({ unit: 'grapheme', maxLength: 40 })
  .map((text) => text.replace(/[\p{Cc}\p{Noncharacter_Code_Point}\uFFFD]/gu, '').trim())
  .filter((text) => text !== '')

test('whatever text and numbers go in come out again, cell by cell', async () => {
  const row = fc.tuple(
    fc.option(textCell),
    fc.option(fc.bigInt({ min: -(10n ** 15n) + 1n, max: 10n ** 15n - 1n }).map(String)),
    fc.option(fc.integer({ min: -1_000_000, max: 1_000_000 }).map((n) => (n / 1000).toFixed(3))),
    fc.option(fc.integer({ min: 0, max: 1_000_000 }).map((ppm) => ppm / 1_000_000)),
    fc.constant('2026-03-01T00:00:00.000Z'),
    fc.option(fc.boolean()),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 20 }), async (rows) => {
      const [sheet] = await written(rows)
      const read = sheet?.rows
        .slice(1)
        .map((cells) => KINDS.map((_, index) => cells[index] ?? null))
      const told = rows.map(([text, amount, decimal, ratio, instant, flag]) => [
        text !== null && Object.hasOwn(Object.prototype, text) ? `${text}\u200b` : text,
        amount === null ? null : Number(amount),
        decimal === null ? null : Number(decimal),
        ratio,
        instant,
        flag,
      ])
      expect(read).toEqual(told)
    }),
    {
      numRuns: 30,
      examples: [[[['__proto__', null, null, null, '2026-03-01T00:00:00.000Z', null]]]],
    },
  )
})

test('an integer that a spreadsheet would round stays a text', async () => {
  const amounts = ['9007199254740993', '-9007199254740993', '123456789012345', '0.1234567890123456']
  const [sheet] = await written(amounts.map((amount) => [null, amount]))
  const column = sheet?.rows.slice(1).map(([, amount]) => amount)
  expect(column).toEqual([amounts[0], amounts[1], 123_456_789_012_345, amounts[3]])
})

test('nothing is ever a formula, in a workbook or in CSV', async () => {
  const bad = ['=1+1', '+1+1', '-1+1', '@SUM(A1)', '\t=1', '=cmd|"/c calc"!A1']
  const [sheet] = await written(bad.map((text) => [text]))
  expect(sheet?.rows.slice(1).map(([text]) => String(text).trim())).toEqual(
    bad.map((text) => text.trim()),
  )
  expect(bad.map((text) => csvCell(text)).every((cell) => /^"?'/.test(cell))).toBe(true)
  expect(['-4800000', '-0.5', '12'].map(csvCell)).toEqual(['-4800000', '-0.5', '12'])
})

test('characters that XML cannot carry do not make the file unreadable', async () => {
  const bad = 'a\u0000b\u001fc\ud800d\uffff'
  const book = bookOf({ banner: bad, footer: { left: bad, middle: bad } })
  const [sheet] = await written([[bad]], book)
  expect(sheet?.rows[1]).toEqual(['abcd'])
  expect(sheet?.xml).toMatch(/^[\P{Cc}\t\n\r]*$/u)
  expect(sheet?.xml).toContain('&amp;Ca\ufffdb\ufffdc\ufffdd\ufffd</oddHeader>')
})

test('the head of a sheet is frozen, and its foot says whose export it is', async () => {
  const book = bookOf({ banner: 'DEMO & more', footer: { left: 'x-1 <a>', middle: 'A & B' } })
  const [sheet] = await written([['a']], book)
  expect(sheet?.xml).toContain('state="frozen"')
  expect(sheet?.xml).toContain('<oddHeader>&amp;CDEMO &amp;&amp; more</oddHeader>')
  expect(sheet?.xml).toContain('&amp;Lx-1 &lt;a&gt;&amp;CA &amp;&amp; B')
})

test('sheets keep their names as far as a spreadsheet takes them', async () => {
  const head = { titles: ['a'], kinds: ['text'] as const }
  const names = ['总表', 'a/b:c', 'x'.repeat(40)]
  const book = bookOf({ sheets: names.map((name) => ({ ...head, name })) })
  const sheets = await written([['a']], book)
  expect(sheets.map(({ name }) => name)).toEqual(['总表', 'a b c', 'x'.repeat(31)])
  expect(sheetOf(sheets, '总表').rows).toEqual([['a'], ['a']])
})

test('a line of CSV reads back, and a column that is added stands at the end of every record', () => {
  const cell = fc.oneof(fc.constant(null), fc.string({ maxLength: 12 }), fc.boolean(), fc.integer())
  const rows = fc.array(fc.array(cell, { minLength: 3, maxLength: 3 }), { maxLength: 6 })
  fc.assert(
    fc.property(rows, (cells) => {
      const csv = [['a', 'b', 'c'], ...cells].map(csvLine).join('')
      const read = recordsOf(withColumn(csv, 'id', 'x,1'))
      expect(read[0]).toEqual(['a', 'b', 'c', 'id'])
      expect(read.slice(1)).toEqual(
        cells.map((row) => [
          ...row.map((one) => (one === null ? '' : guarded(String(one)))),
          'x,1',
        ]),
      )
    }),
  )
})

function guarded(text: string): string {
  return /^[=+\-@\t\r]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text
}

/** A reader of RFC 4180 that has nothing of our writer. */
function recordsOf(csv: string): string[][] {
  const records: string[][] = []
  let [record, cell, isQuoted]: [string[], string, boolean] = [[], '', false]
  for (let at = 0; at < csv.length; at += 1) {
    const one = csv.charAt(at)
    if (isQuoted && one === '"' && csv.charAt(at + 1) === '"') {
      cell += one
      at += 1
    } else if (one === '"') isQuoted = !isQuoted
    else if (isQuoted || (one !== ',' && one !== '\n')) cell += one
    else {
      record.push(cell)
      cell = ''
      if (one === '\n') {
        records.push(record)
        record = []
      }
    }
  }
  return records
}
