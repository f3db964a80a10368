/**
 * A row of a JSON answer as cells of a table. Columns come from the answer's own schema, so that a
 * table holds what the route says, under the same names: `stages.free.cards` is `stages_free_cards`.
 */
import { assert } from '@yiben/shared'
import { z } from 'zod'

export type Cell = string | number | boolean | null

/** What a cell means, for those who write it. */
export type ColumnKind = 'text' | 'amount' | 'decimal' | 'ratio' | 'instant' | 'flag'

export interface Column {
  readonly key: string
  readonly path: readonly string[]
  readonly kind: ColumnKind
  /** Stands above it in place of the words of its path. */
  readonly chinese?: string
}

/** Names that a record of the answer has, by its path: `models.figures` → `busy_ms`, … */
export type RecordKeys = Readonly<Record<string, readonly string[]>>

const RATIO_NAME = /(^|_)(rate|lower|upper|coverage|share|kept|chance|confidence)(_|$)/
const AMOUNT_PATTERNS = new Set(['^\\d+$', '^-?\\d+$'])
const DECIMAL_PATTERNS = new Set(['^\\d+(\\.\\d+)?$', '^\\d+\\.\\d{3}$', '^[01]\\.\\d{6}$'])

/** In the order of the schema; lists within a row become one cell each, unless `exploded`. */
export function columnsOf(
  schema: z.ZodType,
  records: RecordKeys = {},
  exploded: string | null = null,
): readonly Column[] {
  return columnsUnder(schema, [], { records, exploded })
}

interface Options {
  readonly records: RecordKeys
  readonly exploded: string | null
}

function columnsUnder(
  schema: z.ZodType,
  path: readonly string[],
  options: Options,
): readonly Column[] {
  const inner = unwrapped(schema)
  if (inner instanceof z.ZodObject) {
    return Object.entries(inner.shape).flatMap(([name, part]) =>
      columnsUnder(part as z.ZodType, [...path, name], options),
    )
  }
  const place = path.join('.')
  if (inner instanceof z.ZodArray && options.exploded === place) {
    return columnsUnder(inner.element as z.ZodType, path, { ...options, exploded: null })
  }
  if (inner instanceof z.ZodRecord) {
    const names = options.records[place]
    assert(names !== undefined, `the table says which names the record ${place} has`)
    const told = kindOf(inner.valueType as z.ZodType, place)
    // Records of our answers hold amounts only.
    const kind = told === 'text' ? 'decimal' : told
    return names.map((name) => ({ key: [...path, name].join('_'), path: [...path, name], kind }))
  }
  return [{ key: path.join('_'), path, kind: kindOf(inner, path.at(-1) ?? '') }]
}

function unwrapped(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodOptional) {
    return unwrapped(schema.unwrap() as z.ZodType)
  }
  return schema
}

function kindOf(schema: z.ZodType, name: string): ColumnKind {
  const inner = unwrapped(schema)
  if (inner instanceof z.ZodBoolean) return 'flag'
  if (inner instanceof z.ZodISODateTime) return 'instant'
  if (inner instanceof z.ZodNumber) {
    return inner.format === 'safeint' || !RATIO_NAME.test(name) ? 'amount' : 'ratio'
  }
  if (!(inner instanceof z.ZodString)) return 'text'
  const pattern = patternOf(inner)
  if (AMOUNT_PATTERNS.has(pattern)) return 'amount'
  if (DECIMAL_PATTERNS.has(pattern)) return RATIO_NAME.test(name) ? 'ratio' : 'decimal'
  return 'text'
}

function patternOf(schema: z.ZodString): string {
  for (const check of schema.def.checks ?? []) {
    const { def } = check._zod
    if ('pattern' in def && def.pattern instanceof RegExp) return def.pattern.source
  }
  return ''
}

/** A row's cells, in the order of the columns. */
export function cellsOf(columns: readonly Column[], row: unknown): readonly Cell[] {
  return columns.map(({ path }) => cellOf(valueAt(row, path)))
}

/** A row once per element of one of its lists; a row without one stands once. */
export function explode(row: object, list: string): readonly object[] {
  const elements = valueAt(row, [list]) ?? []
  assert(Array.isArray(elements), `${list} is a list`)
  if (elements.length === 0) return [{ ...row, [list]: null }]
  return elements.map((element: unknown) => ({ ...row, [list]: element }))
}

function valueAt(row: unknown, path: readonly string[]): unknown {
  let value = row
  for (const name of path) {
    if (typeof value !== 'object' || value === null) return null
    value = (value as Readonly<Record<string, unknown>>)[name]
  }
  return value
}

function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return null
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value
  }
  if (Array.isArray(value)) {
    const parts = value.map((part: unknown) => {
      return typeof part === 'object' ? JSON.stringify(part) : String(part)
    })
    return parts.length === 0 ? null : parts.join('; ')
  }
  return JSON.stringify(value)
}
