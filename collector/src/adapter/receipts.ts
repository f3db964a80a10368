/**
 * Receipts, read by the template: JSON with a status, a list of rows or both, or CSV with a row a
 * line. What does not fit the template is no receipt: it is never taken for an acceptance. Pure.
 */
import { createHash } from 'node:crypto'
import { AppError, parseJson } from '@yiben/shared'
import type { Receipt } from './record.ts'
import type { ReceiptsTemplate } from './template.ts'

/** Of rejected rows so many are remembered one by one; of more the whole file is made anew. */
const REJECTED_MAX = 20_000
const RECEIPT_BYTES_MAX = 64 * 1024 * 1024

interface ReadRow {
  readonly key: string
  readonly code: string
}

/** Throws `request_invalid` for what is no receipt of the template. */
export function receiptOf(
  template: ReceiptsTemplate,
  bytes: Uint8Array,
  about: { readonly keys: ReadonlySet<string>; readonly atMs: number; readonly mark: string },
): Receipt {
  if (bytes.length > RECEIPT_BYTES_MAX) throw noReceipt('is too long')
  const text = Buffer.from(bytes)
    .toString('utf8')
    .replace(/^\uFEFF/, '')
  const { rows, status } =
    template.format === 'json' ? readJson(template, text) : readCsv(template, text)
  const accepted = new Set(template.rows?.accepted ?? [])
  // The last word on a row counts.
  const codes = new Map(rows.map(({ code, key }) => [key, code]))
  const rejected = [...codes]
    .filter(([key, code]) => about.keys.has(key) && !accepted.has(code))
    .map(([key, code]) => ({ key, code }))
  return {
    atMs: about.atMs,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    mark: about.mark,
    outcome: outcomeOf(template, status, rejected.length, about.keys.size),
    status,
    rejectedRows: rejected.length,
    rejected: rejected.slice(0, REJECTED_MAX),
    strangeRows: [...codes.keys()].filter((key) => !about.keys.has(key)).length,
  }
}

/** A status of neither list, beside no rejected row, says nothing that is understood. */
function outcomeOf(
  { status: known }: ReceiptsTemplate,
  status: string | null,
  rejected: number,
  rows: number,
): Receipt['outcome'] {
  const isAccepted = known === null || (status !== null && known.accepted.includes(status))
  const isRejected = known !== null && status !== null && known.rejected.includes(status)
  if (isRejected) return rejected > 0 && rejected < rows ? 'partly' : 'rejected'
  if (rejected > 0) return rejected < rows ? 'partly' : 'rejected'
  if (isAccepted) return 'taken'
  throw noReceipt(`has the status ${JSON.stringify(status)}, which the template does not know`)
}

function readJson(template: ReceiptsTemplate, text: string) {
  const answer = parseJson(text)
  if (answer === null || typeof answer !== 'object') throw noReceipt('is no JSON')
  const status = template.status === null ? null : textAt(answer, template.status.field)
  if (template.rows === null) return { status, rows: [] }
  const { code, key, list } = template.rows
  const found = list === '' ? answer : at(answer, list)
  if (found === undefined && template.status !== null) return { status, rows: [] }
  if (!Array.isArray(found)) throw noReceipt(`has no list at "${list}"`)
  const rows = found.map((row): ReadRow => {
    const [keyText, codeText] = [textAt(row, key), textAt(row, code)]
    if (keyText === null || codeText === null)
      throw noReceipt(`has a row without ${key} or ${code}`)
    return { key: keyText, code: codeText }
  })
  return { status, rows }
}

function readCsv({ rows: columns, separator }: ReceiptsTemplate, text: string) {
  const [header = '', ...lines] = text.split(/\r?\n/)
  const names = cellsOf(header, separator)
  const [keyAt, codeAt] = [columns?.key ?? '', columns?.code ?? ''].map((name) =>
    names.indexOf(name),
  )
  if (keyAt === undefined || codeAt === undefined || keyAt < 0 || codeAt < 0) {
    throw noReceipt(`has no columns ${columns?.key} and ${columns?.code}`)
  }
  const rows = lines
    .filter((line) => line !== '')
    .map((line): ReadRow => {
      const cells = cellsOf(line, separator)
      if (cells.length !== names.length) throw noReceipt('has a line with another number of cells')
      return { key: cells[keyAt] ?? '', code: cells[codeAt] ?? '' }
    })
  // A file that was cut off behind its header would otherwise be an acceptance.
  if (text !== '' && !/[\r\n]$/.test(text)) throw noReceipt('does not end with its last line')
  return { status: null, rows }
}

/** Quoted where the separator is within; receipts hold codes, no lines within cells. */
function cellsOf(line: string, separator: string): readonly string[] {
  const cells: string[] = []
  let cell = ''
  let isQuoted = false
  for (let index = 0; index < line.length; index += 1) {
    const character = line.charAt(index)
    if (character === '"') {
      if (isQuoted && line.charAt(index + 1) === '"') {
        cell += '"'
        index += 1
      } else isQuoted = !isQuoted
    } else if (character === separator && !isQuoted) {
      cells.push(cell)
      cell = ''
    } else cell += character
  }
  return [...cells, cell]
}

function at(value: unknown, path: string): unknown {
  let found = value
  for (const name of path.split('.')) {
    if (found === null || typeof found !== 'object' || !Object.hasOwn(found, name)) return undefined
    found = (found as Readonly<Record<string, unknown>>)[name]
  }
  return found
}

function textAt(value: unknown, path: string): string | null {
  const found = at(value, path)
  return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean'
    ? String(found)
    : null
}

function noReceipt(sentence: string): AppError {
  return new AppError('request_invalid', `the receipt ${sentence}`)
}
