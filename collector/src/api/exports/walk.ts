/** Asks a route for all of its rows, page after page. */
import { assert } from '@yiben/shared'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { PAGE_ROWS_MAX } from '../schemas.ts'
import type { Asked, AskedRoute } from './asked-routes.ts'
import { type Cell, type Column, cellsOf, columnsOf, explode } from './columns.ts'
import type { ExportTable } from './tables.ts'

/** What stands beside a table; `null` where its route says nothing of it. */
export interface Pedigree {
  readonly asOf: string | null
  readonly knownAt: string | null
  readonly finality: string | null
  readonly definitionVersion: string | null
  readonly catalogueVersion: string | null
  readonly isDemo: boolean
  /** Of a list that its route cuts: how many there are. */
  readonly total: number | null
}

export interface Walk {
  readonly pedigree: Pedigree
  readonly rows: readonly (readonly Cell[])[]
}

const BY_CURSOR = { ask: 'cursor', next: 'next_cursor' } as const

export async function* walk(
  table: ExportTable,
  route: AskedRoute,
  asker: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  question: Asked,
): AsyncGenerator<Walk> {
  const { request, reply } = asker
  const columns = columnsOfTable(table, route)
  const limit = table.pageRows ?? PAGE_ROWS_MAX
  const { ask, next } = table.pages ?? BY_CURSOR
  const isPaged = route.isPaged || table.pages !== undefined
  let cursor: unknown = null
  do {
    const whole: object = table.pageRows === undefined ? {} : { limit }
    const page: object = { limit, ...(cursor === null ? {} : { [ask]: cursor }) }
    const paging = isPaged ? page : whole
    const query = { ...question.query, ...paging }
    const answer = await route.ask(request, reply, { query, params: question.params })
    yield walkedAnswer(table, columns, answer)
    cursor = isPaged ? (fieldOf(answer, next) ?? null) : null
  } while (cursor !== null)
}

/** One answer of the table's route. */
export function walkedAnswer(
  table: ExportTable,
  columns: readonly Column[],
  answer: unknown,
): Walk {
  const rows = rowsOf(answer, table).map((row) => cellsOf(columns, row))
  return { pedigree: pedigreeIn(answer, table), rows }
}

/** The same for every answer of the route. */
export function columnsOfTable(
  table: ExportTable,
  route: Pick<AskedRoute, 'answer'>,
): readonly Column[] {
  let schema: z.ZodType = route.answer
  for (const name of table.rows.split('.')) {
    if (schema instanceof z.ZodNullable) schema = schema.unwrap() as z.ZodType
    assert(schema instanceof z.ZodObject, `${table.rows} is a path in the answer`)
    schema = schema.shape[name] as z.ZodType
  }
  assert(schema instanceof z.ZodArray, `${table.rows} of ${table.route} is a list`)
  const { chinese, explode: list = null, records = {}, without = [] } = table
  const columns = columnsOf(schema.element as z.ZodType, records, list)
  const kept = columns.filter(({ path: [first = ''] }) => !without.includes(first))
  return kept.map((column) => {
    const title = chinese?.[column.key]
    return title === undefined ? column : { ...column, chinese: title }
  })
}

function rowsOf(answer: unknown, table: ExportTable): readonly object[] {
  let rows: unknown = answer
  for (const name of table.rows.split('.')) {
    rows = fieldOf(rows, name)
    if (rows === null) return []
  }
  assert(Array.isArray(rows), `${table.rows} of ${table.route} is a list`)
  const { explode: list, isExplodedOnly = false } = table
  if (list === undefined) return rows
  const told: readonly object[] = isExplodedOnly
    ? rows.filter((row) => (fieldOf(row, list) as readonly unknown[]).length > 0)
    : rows
  return told.flatMap((row) => explode(row, list))
}

function pedigreeIn(answer: unknown, table: ExportTable): Pedigree {
  const total = table.total?.split('.').reduce<unknown>(fieldOf, answer)
  return {
    asOf: textIn(answer, 'as_of'),
    knownAt: textIn(answer, 'known_at'),
    finality: textIn(answer, 'finality'),
    definitionVersion: textIn(answer, 'definition_version'),
    catalogueVersion: textIn(answer, 'catalogue_version'),
    isDemo: fieldOf(answer, 'demo') === true,
    total: typeof total === 'number' ? total : null,
  }
}

function textIn(answer: unknown, name: string): string | null {
  const value = fieldOf(answer, name)
  return typeof value === 'string' ? value : null
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return (value as Readonly<Record<string, unknown>>)[name]
}
