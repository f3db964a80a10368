/**
 * `GET /v1/exports/{table}.csv|xlsx`: every table as a file, by the question of its JSON route and a
 * purpose. Each bears an id of its own, says what it rests on, and is in the audit log before it is
 * handed out. `/v1/rollups.csv` and `/v1/rollups.xlsx` are the older door to one of them.
 */
import { AppError, randomHex } from '@yiben/shared'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type AccessName, accessOf } from '../access.ts'
import { type RollupsAnswer, rollupsCsv } from '../answers/rollups.ts'
import type { App } from '../app.ts'
import { markExport } from '../audit-hooks.ts'
import { type Asker, askerOf, authorOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import type { ExportMark } from '../exports/about.ts'
import type { AskedRoutes } from '../exports/asked-routes.ts'
import { withColumn } from '../exports/csv.ts'
import { writeReportBook } from '../exports/report-book.ts'
import { EXPORT_TABLES, type ExportTable } from '../exports/tables.ts'
import { columnsOfTable, walk } from '../exports/walk.ts'
import { type Written, writeCsv, writeXlsx } from '../exports/write.ts'
import { instantText, PROBLEMS } from '../schemas.ts'
import { findReport } from './reports.ts'

const FORMATS = ['csv', 'xlsx'] as const
type Format = (typeof FORMATS)[number]

const TYPES: Readonly<Record<Format, string>> = {
  csv: 'text/csv; charset=utf-8',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
}
const ID_BYTES = 8
const PURPOSE_LENGTH_MAX = 200
/** Each may hold tens of megabytes. */
const RUNNING_MAX = 4

const asking = {
  purpose: z
    .string()
    .optional()
    .meta({ description: `what for, 1–${PURPOSE_LENGTH_MAX} characters` }),
  lang: z.enum(['zh', 'en']).optional().meta({ description: 'of what stands above the columns' }),
}

const REPORT_TABLE = { name: 'report', zh: '月报', en: 'Report' }

const listSchema = z.object({
  tables: z.array(
    z.object({
      table: z.string(),
      name_zh: z.string(),
      name_en: z.string(),
      formats: z.array(z.enum(FORMATS)),
      route: z.string().meta({ description: 'whose question it takes' }),
    }),
  ),
})

export function exportsRoutes(app: App, context: ApiContext, routes: AskedRoutes): void {
  const desk = new ExportDesk(context)
  listRoute(app, routes)
  for (const table of EXPORT_TABLES) {
    for (const format of FORMATS) tableRoute(app, desk, routes, { table, format })
  }
  const rollups = EXPORT_TABLES.find(({ name }) => name === 'rollups')
  if (rollups !== undefined) {
    const url = '/v1/rollups.xlsx'
    tableRoute(app, desk, routes, { table: rollups, format: 'xlsx', url })
    rollupsCsvRoute(app, desk, routes, rollups)
  }
  reportRoute(app, desk, context)
}

function listRoute(app: App, routes: AskedRoutes): void {
  app.get(
    '/v1/exports',
    {
      config: { access: 'reference' },
      schema: {
        summary: 'The tables that may be taken out as files',
        response: { 200: listSchema, ...PROBLEMS },
      },
    },
    (request) => {
      const asker = askerOf(request)
      const tables = EXPORT_TABLES.filter(({ route }) => mayAsk(asker, routes.get(route).access))
      const told = tables.map(({ name, zh, en, route }) => {
        return { table: name, name_zh: zh, name_en: en, formats: [...FORMATS], route }
      })
      if (!mayAsk(asker, 'reports')) return { tables: told }
      const { name, zh, en } = REPORT_TABLE
      const formats: Format[] = ['xlsx']
      const report = { table: name, name_zh: zh, name_en: en, formats, route: '/v1/reports/:id' }
      return { tables: [...told, report] }
    },
  )
}

function tableRoute(
  app: App,
  desk: ExportDesk,
  routes: AskedRoutes,
  what: { readonly table: ExportTable; readonly format: Format; readonly url?: string },
): void {
  const { format, table } = what
  const route = routes.get(table.route)
  const params = pathParams(table.route)
  const columns = columnsOfTable(table, route)
  app.get(
    what.url ?? `/v1/exports/${table.name}.${format}`,
    {
      config: { access: route.access },
      schema: {
        summary: `${table.en} as a file: the question of ${table.route}`,
        querystring: z.strictObject({ ...route.question, ...paramsIn(params), ...asking }),
        produces: [TYPES[format]],
        response: PROBLEMS,
      },
    },
    async (request, reply) => {
      const { purpose, lang, ...query } = request.query as Readonly<Record<string, unknown>> &
        z.output<z.ZodObject<typeof asking>>
      const given = what.url === undefined ? checkedPurpose(purpose) : (purpose ?? '')
      const asked = splitParams(query, params)
      return desk.hand(
        request,
        reply,
        { ...what, purpose: given, language: lang ?? 'zh' },
        (mark) => {
          const pages = walk(table, route, { request, reply }, asked)
          return format === 'csv'
            ? writeCsv(mark, columns, pages)
            : writeXlsx(desk.clock, mark, columns, pages)
        },
      )
    },
  )
}

/** One line per span, key and model, in the columns it has always had, and the export's id. */
function rollupsCsvRoute(
  app: App,
  desk: ExportDesk,
  routes: AskedRoutes,
  table: ExportTable,
): void {
  const route = routes.get(table.route)
  app.get(
    '/v1/rollups.csv',
    {
      config: { access: route.access },
      schema: {
        summary: 'Rollups as CSV, one line per span, key and model',
        querystring: z.strictObject({ ...route.question, ...asking }),
        produces: [TYPES.csv],
        response: PROBLEMS,
      },
    },
    async (request, reply) => {
      const {
        purpose = '',
        lang: _,
        ...query
      } = request.query as Readonly<Record<string, unknown>> & z.output<z.ZodObject<typeof asking>>
      const what = { table, format: 'csv' as const, purpose, language: 'en' as const }
      return desk.hand(request, reply, what, async ({ exportId }) => {
        const answer = await route.ask(request, reply, { query, params: {} })
        const { rows } = answer as RollupsAnswer
        const text = withColumn(rollupsCsv(answer as RollupsAnswer), 'export_id', exportId)
        const lines = rows.reduce((sum, { models }) => sum + models.length, 0)
        return { bytes: Buffer.from(text, 'utf8'), rows: lines }
      })
    },
  )
}

function reportRoute(app: App, desk: ExportDesk, context: ApiContext): void {
  app.get(
    '/v1/exports/report.xlsx',
    {
      config: { access: 'reports' },
      schema: {
        summary: 'One report as a workbook of several sheets',
        querystring: z.strictObject({ report_id: z.string().min(1).max(64), ...asking }),
        produces: [TYPES.xlsx],
        response: PROBLEMS,
      },
    },
    async (request, reply) => {
      const { purpose, lang, report_id } = request.query
      const given = checkedPurpose(purpose)
      const report = await findReport(context, askerOf(request), report_id)
      const what = { table: REPORT_TABLE, format: 'xlsx' as const, purpose: given }
      return desk.hand(request, reply, { ...what, language: lang ?? 'zh' }, (mark) =>
        writeReportBook(context.clock, mark, report),
      )
    },
  )
}

interface Handed extends Pick<ExportMark, 'table' | 'purpose' | 'language'> {
  readonly format: Format
}

/** Makes files, a few at a time, and hands them out with their mark. */
class ExportDesk {
  readonly #context: ApiContext
  #running = 0

  constructor(context: ApiContext) {
    this.#context = context
  }

  get clock(): ApiContext['clock'] {
    return this.#context.clock
  }

  async hand(
    request: FastifyRequest,
    reply: FastifyReply,
    what: Handed,
    write: (mark: ExportMark) => Promise<Written>,
  ): Promise<never> {
    if (this.#running >= RUNNING_MAX) {
      throw new AppError('overloaded', 'as many exports are being made as can be: try again')
    }
    const asker = askerOf(request)
    const mark = this.#markOf(request, asker, what)
    this.#running += 1
    try {
      const { bytes, rows } = await write(mark)
      const { format, purpose, table } = what
      const { exportId } = mark
      markExport(asker, { exportId, table: table.name, format, purpose, rows })
      reply.header('content-type', TYPES[format])
      reply.header('x-export-id', exportId)
      const file = `${table.name}-${exportId}.${format}`
      reply.header('content-disposition', `attachment; filename="${file}"`)
      return reply.serializer((sent: unknown) => sent as string).send(Buffer.from(bytes)) as never
    } finally {
      this.#running -= 1
    }
  }

  #markOf(request: FastifyRequest, asker: Asker, what: Handed): ExportMark {
    const { random, clock } = this.#context
    const question = new URLSearchParams(request.url.split('?', 2)[1] ?? '')
    for (const name of Object.keys(asking)) question.delete(name)
    return {
      exportId: `x-${randomHex(random, ID_BYTES)}`,
      table: what.table,
      purpose: what.purpose,
      language: what.language,
      who: authorOf(asker),
      role: asker.role,
      madeAt: instantText(clock.wallMs()),
      question: question.toString(),
    }
  }
}

function mayAsk({ role, scope }: Asker, access: AccessName): boolean {
  const { roles, wholeLedgerOnly } = accessOf(access)
  const isBound = scope.regions !== 'all' || scope.sites !== 'all'
  return (roles === 'open' || roles.includes(role)) && !(wholeLedgerOnly && isBound)
}

function checkedPurpose(purpose: string | undefined): string {
  const text = (purpose ?? '').trim()
  if (text.length >= 1 && text.length <= PURPOSE_LENGTH_MAX) return text
  const sentence = `purpose: say what the file is for, in 1–${PURPOSE_LENGTH_MAX} characters`
  throw new AppError('purpose_required', sentence, { fields: { field: 'purpose' } })
}

/** `code` of `/v1/accounts/:code/statement` is asked for like every other word of the question. */
function pathParams(route: string): readonly string[] {
  return [...route.matchAll(/:(\w+)/g)].flatMap(([, name]) => name ?? [])
}

function paramsIn(params: readonly string[]): Readonly<Record<string, z.ZodString>> {
  return Object.fromEntries(params.map((name) => [name, z.string().min(1).max(64)]))
}

function splitParams(query: Readonly<Record<string, unknown>>, params: readonly string[]) {
  const entries = Object.entries(query)
  const [inPath, inQuery] = [true, false].map((isParam) =>
    Object.fromEntries(entries.filter(([name]) => params.includes(name) === isParam)),
  )
  return { params: inPath ?? {}, query: inQuery ?? {} }
}
