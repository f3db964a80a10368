/**
 * A workbook out of sheets of cells, in one go: numbers as numbers as far as a spreadsheet holds them
 * exactly, everything else as text, never a formula. Runs in a thread of its own
 * (`workbook-worker.ts`): a large table takes seconds.
 */
import type { Blob } from 'node:buffer'
import type { Stream } from 'node:stream'
import writeXlsxFile, { type CellObject, type Feature, type SheetData } from 'write-excel-file/node'
import type { Cell, ColumnKind } from './columns.ts'

export interface SheetHead {
  readonly name: string
  /** What stands above each column. */
  readonly titles: readonly string[]
  readonly kinds: readonly ColumnKind[]
}

export interface BookHead {
  readonly sheets: readonly SheetHead[]
  /** Printed at the foot of every page: left and middle; page numbers stand on the right. */
  readonly footer: { readonly left: string; readonly middle: string }
  /** Printed at the head of every page; `null`: nothing. */
  readonly banner: string | null
}

export interface Sheet {
  readonly head: SheetHead
  readonly rows: readonly (readonly Cell[])[]
}

/** What a spreadsheet holds of a number: 15 digits, whatever more it shows. */
const DIGITS_MAX = 15
const NUMBER = /^-?\d+(\.\d+)?$/
/** Excel refuses longer sheet names, and some characters in them. */
const NAME_LENGTH_MAX = 31
const FOOTER_LENGTH_MAX = 80
const CELL_LENGTH_MAX = 32_000
const WIDTHS: Readonly<Record<ColumnKind, number>> = {
  text: 18,
  amount: 16,
  decimal: 14,
  ratio: 11,
  instant: 25,
  flag: 8,
}
const WIDTH_MAX = 60

export async function workbookOf(book: BookHead, sheets: readonly Sheet[]): Promise<Uint8Array> {
  const written = sheets.map(({ head, rows }) => ({
    sheet: sheetName(head.name),
    data: [titleRow(head), ...rows.map((row) => rowOf(head, row))] as SheetData,
    columns: head.titles.map((title, index) => ({
      width: widthOf(title, head.kinds[index] ?? 'text', rows, index),
    })),
    stickyRowsCount: 1,
    orientation: 'landscape' as const,
  }))
  return await writeXlsxFile(written, { features: [printed(book)] }).toBuffer()
}

function titleRow({ titles }: SheetHead): CellObject[] {
  return titles.map((value) => ({
    value,
    type: String,
    fontWeight: 'bold',
    backgroundColor: '#E8EEF7',
    alignVertical: 'center',
    wrap: true,
  }))
}

function rowOf({ kinds }: SheetHead, row: readonly Cell[]): (CellObject | null)[] {
  return row.map((cell, index) => cellOf(cell, kinds[index] ?? 'text'))
}

function cellOf(cell: Cell, kind: ColumnKind): CellObject | null {
  if (cell === null) return null
  if (typeof cell === 'boolean') return { value: cell, type: Boolean }
  if (kind === 'text' || kind === 'instant' || kind === 'flag') return textCell(String(cell))
  const number = exactNumber(cell)
  if (number === null) return textCell(String(cell))
  return kind === 'ratio'
    ? { value: number, type: Number, format: '0.00%' }
    : { value: number, type: Number }
}

/** `null` for what is no number, or would lose digits as one. */
function exactNumber(cell: string | number): number | null {
  if (typeof cell === 'number') return Number.isFinite(cell) ? cell : null
  if (!NUMBER.test(cell)) return null
  const digits = cell.replace(/^-?0*|\./g, '').length
  return digits <= DIGITS_MAX ? Number(cell) : null
}

/**
 * The library keeps texts as names of a plain object: one that every object has already (`toString`)
 * would break the file, and is made another by a space of no width.
 */
function textCell(text: string): CellObject {
  const told = Object.hasOwn(Object.prototype, text) ? `${text}\u200B` : text
  return { value: told.toWellFormed().slice(0, CELL_LENGTH_MAX), type: String }
}

function widthOf(
  title: string,
  kind: ColumnKind,
  rows: readonly (readonly Cell[])[],
  index: number,
): number {
  const shown = rows.slice(0, 50).map((row) => charactersOf(String(row[index] ?? '')))
  return Math.min(WIDTH_MAX, Math.max(8, Math.min(WIDTHS[kind], charactersOf(title)), ...shown) + 2)
}

/** Chinese characters are twice as wide. */
function charactersOf(text: string): number {
  return [...text].reduce((sum, one) => sum + ((one.codePointAt(0) ?? 0) > 0x2e7f ? 2 : 1), 0)
}

function sheetName(name: string): string {
  return name.replace(/[[\]/\\:*?]/g, ' ').slice(0, NAME_LENGTH_MAX)
}

/** The watermark on paper. */
function printed({ banner, footer }: BookHead): Feature<Stream | Buffer | Blob> {
  const left = printedText(footer.left)
  const middle = printedText(footer.middle)
  const head = banner === null ? '' : `<oddHeader>&amp;C${printedText(banner)}</oddHeader>`
  const foot = `<oddFooter>&amp;L${left}&amp;C${middle}&amp;R&amp;P / &amp;N</oddFooter>`
  const insert = () => `<headerFooter>${head}${foot}</headerFooter>`
  return { files: { transform: { 'xl/worksheets/sheet{id}.xml': { insert } } } }
}

/** In a header or footer `&` begins a command; as XML it is escaped once more. */
function printedText(text: string): string {
  return [...printable(text.slice(0, FOOTER_LENGTH_MAX))]
    .map((one) => PRINTED.get(one) ?? one)
    .join('')
}

/** What XML cannot carry would make the whole file unreadable; in cells the library sees to it. */
function printable(text: string): string {
  return text.toWellFormed().replace(/[^\P{Cc}\t\n\r]|[\uFFFE\uFFFF]/gu, '\uFFFD')
}

const PRINTED: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['\n', ' '],
  ['\r', ' '],
])
