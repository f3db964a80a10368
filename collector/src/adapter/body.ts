/** Rows of facts as the bytes of a file, by the fields of the template. Pure. */
import { gzipSync } from 'node:zlib'
import { AppError } from '@yiben/shared'
import type { Facts, FactValue, Row } from './facts.ts'
import type { Field } from './fields.ts'
import { instantText } from './instants.ts'
import type { Tables } from './tables.ts'
import type { Template } from './template.ts'

export interface BodyAsk {
  readonly template: Pick<Template, 'constants' | 'file' | 'timeZone'>
  readonly fields: readonly Field[]
  readonly tables: Tables
  readonly rows: readonly Row[]
  /** Of the file: its name, its sequence, its instants. */
  readonly facts: Facts
  /** The field that receipts name rows by; `line`: its number. */
  readonly keyIs: string
}

export interface Body {
  readonly bytes: Buffer
  readonly isCompressed: boolean
  /** In the order of their lines. */
  readonly keys: readonly { readonly identity: string; readonly key: string }[]
  readonly leftOut: number
  /** The first few sentences. */
  readonly reasons: readonly string[]
}

/** Text of each field, `null` where it is not known. */
type Values = ReadonlyMap<string, string | null>

const REASONS_MAX = 20
const TEN = 10n

/** Throws `conflict` where the template says to stop. */
export function bodyOf(ask: BodyAsk): Body {
  const { file } = ask.template
  const { kept, leftOut, reasons } = keptOf(ask)
  const shown = ask.fields.filter(({ isHidden }) => !isHidden)
  const keys: { identity: string; key: string }[] = []
  const lines: string[] = []
  if (file.format === 'csv' && file.header) {
    lines.push(
      csvLine(
        shown.map(({ name }) => name),
        file,
      ),
    )
  }
  for (const [index, row] of kept.entries()) {
    const values = valuesOf(ask, row, index + 1, kept.length).values
    lines.push(
      file.format === 'csv'
        ? csvLine(
            shown.map((field) => values.get(field.name) ?? unknownOf(field, file) ?? ''),
            file,
          )
        : jsonLine(shown, values, file),
    )
    const key = ask.keyIs === 'line' ? String(index + 1) : (values.get(ask.keyIs) ?? '')
    keys.push({ identity: row.identity, key })
  }
  const plain = Buffer.from(lines.join(''), 'utf8')
  const isCompressed = file.gzipOverBytes !== null && plain.length > file.gzipOverBytes
  return { bytes: isCompressed ? gzipSync(plain) : plain, isCompressed, keys, leftOut, reasons }
}

/** Without the rows that lack what a field of theirs must have. */
function keptOf(
  ask: BodyAsk,
): Pick<Body, 'leftOut' | 'reasons'> & { readonly kept: readonly Row[] } {
  const reasons: string[] = []
  const kept = ask.rows.filter((row) => {
    const { missing } = valuesOf(ask, row, 0, 0)
    if (missing === null) return true
    if (missing.isStop) {
      throw new AppError('conflict', `${missing.sentence}: the template says to stop then`)
    }
    if (reasons.length < REASONS_MAX) reasons.push(missing.sentence)
    return false
  })
  return { kept, leftOut: ask.rows.length - kept.length, reasons }
}

interface Missing {
  readonly isStop: boolean
  readonly sentence: string
}

function valuesOf(
  ask: BodyAsk,
  row: Row,
  line: number,
  rows: number,
): { readonly values: Values; readonly missing: Missing | null } {
  const facts: Facts = { ...row.facts, ...ask.facts, row: line, rows }
  const values = new Map<string, string | null>()
  let missing: Missing | null = null
  for (const field of ask.fields) {
    const plain = plainOf(field, facts, values, ask.template)
    const text = field.table === null ? plain : translated(field.table, plain, ask.tables)
    values.set(field.name, text)
    if (text !== null || field.ifUnknown === 'tell' || missing?.isStop === true) continue
    missing = { isStop: field.ifUnknown === 'stop', sentence: sentenceOf(field, row, plain) }
  }
  return { values, missing }
}

function sentenceOf(field: Field, row: Row, plain: string | null): string {
  return plain === null
    ? `${field.name} of ${row.identity} is not known`
    : `tables.${field.table} has no code for ${plain} (${field.name} of ${row.identity})`
}

function translated(table: string, plain: string | null, tables: Tables): string | null {
  return plain === null ? null : (tables.get(table)?.get(plain) ?? null)
}

function plainOf(
  field: Field,
  facts: Facts,
  values: Values,
  { constants, timeZone }: BodyAsk['template'],
): string | null {
  const { source } = field
  switch (source.of) {
    case 'value':
      return source.text
    case 'fact':
      return factText(field, facts[source.fact] ?? null, source.kind, timeZone)
    case 'text': {
      let isKnown = true
      const text = source.pattern.replace(/\{([^{}]*)\}/g, (_whole, name: string) => {
        // A field before it hides a constant of its name.
        const part = values.has(name) ? values.get(name) : constants[name]
        if (part === null || part === undefined) isKnown = false
        return part ?? ''
      })
      return isKnown ? text : null
    }
  }
}

function factText(field: Field, value: FactValue, kind: string, timeZone: string): string | null {
  if (value === null) return null
  if (typeof value === 'bigint') return amountText(value, field)
  return kind === 'instant' ? instantText(Number(value), field.time, timeZone) : String(value)
}

/** Rounded down unless the template says otherwise: never shown higher than it is. */
export function amountText(
  nanoTflops: bigint,
  { decimals, rounding, unitDigits }: Pick<Field, 'decimals' | 'rounding' | 'unitDigits'>,
): string {
  const unit = TEN ** BigInt(unitDigits)
  const scaled = nanoTflops * TEN ** BigInt(decimals)
  const amount = (scaled + (rounding === 'half_up' ? unit / 2n : 0n)) / unit
  if (decimals === 0) return amount.toString()
  const digits = amount.toString().padStart(decimals + 1, '0')
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`
}

function unknownOf(field: Field, file: Template['file']): string | null {
  return field.unknown === undefined ? file.unknown : field.unknown
}

/** RFC 4180 with the template's separator. A machine reads it: nothing is changed in a text. */
function csvLine(cells: readonly string[], { lineEnd, separator }: Template['file']): string {
  const quoted = cells.map((cell) =>
    cell.includes(separator) || /["\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell,
  )
  return `${quoted.join(separator)}${lineEnd}`
}

function jsonLine(fields: readonly Field[], values: Values, file: Template['file']): string {
  const parts = fields.map((field) => {
    const text = values.get(field.name) ?? null
    const value =
      text === null
        ? JSON.stringify(unknownOf(field, file))
        : field.isNumber
          ? text
          : JSON.stringify(text)
    return `${JSON.stringify(field.name)}:${value}`
  })
  return `{${parts.join(',')}}${file.lineEnd}`
}
