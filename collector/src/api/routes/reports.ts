/**
 * `POST /v1/reports`, `GET /v1/reports`, `GET /v1/reports/{id}`, `…/check`, `…/adjustments`: monthly
 * reports, kept as they were issued. Two of one month that were known at two instants stand beside
 * each other.
 */
import { AppError, divisionCodeOf, randomHex } from '@yiben/shared'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { monthSpan } from '../../rollup/report-month.ts'
import type { StoredReport } from '../../storage/report-store.ts'
import { SCOPE_ALL, type Scope } from '../../storage/requests.ts'
import { adjustmentRows, regionPrefix } from '../answers/report.ts'
import { checkReport, reportCheckSchema } from '../answers/report-check.ts'
import { issueReport } from '../answers/report-issue.ts'
import {
  adjustmentSchema,
  reportHeadOf,
  reportHeadSchema,
  reportSchema,
} from '../answers/report-schema.ts'
import type { App } from '../app.ts'
import { type Asker, askerOf, authorOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import {
  instantOut,
  instantText,
  invalid,
  nextCursorOut,
  PROBLEMS,
  pageIn,
  pageOf,
} from '../schemas.ts'
import { monthIn, timeZoneIn } from './corrections.ts'

const ID_BYTES = 8

const idParams = z.object({ id: z.string().min(1).max(64) })
const issueIn = z.strictObject({
  report_id: z
    .string()
    .regex(/^[\w.:-]{1,64}$/, 'must be of letters, digits and . _ : -')
    .optional()
    .meta({ description: 'yours: asked for again under it, the same report is answered' }),
  region: z.string().max(6).nullable().meta({ description: 'GB/T 2260; null: the whole country' }),
  month: monthIn,
  tz: timeZoneIn.optional().meta({ description: 'whose month; default: that of the collector' }),
})

const listSchema = z.object({
  demo: z.boolean(),
  reports: z.array(reportHeadSchema),
  next_cursor: nextCursorOut,
})
const adjustmentsSchema = z
  .object({
    demo: z.boolean(),
    report_id: z.string(),
    month: z.string(),
    since_known_at: instantOut,
    known_at: instantOut,
    adjustments: z.array(adjustmentSchema),
  })
  .meta({ id: 'ReportAdjustments' })

export function reportsRoutes(app: App, context: ApiContext): void {
  issueRoute(app, context)
  listRoute(app, context)
  findRoutes(app, context)
}

function issueRoute(app: App, context: ApiContext): void {
  app.post(
    '/v1/reports',
    {
      config: { access: 'reports_issue' },
      schema: {
        summary: 'Issues the report of a month that is over, for a region or the country',
        description:
          'Preliminary from day 1 to 8 of the next month, final from day 9 on. 201 the first time, ' +
          '200 for a retry under the same report_id.',
        body: issueIn,
        response: { 200: reportSchema, 201: reportSchema, 409: PROBLEMS[400], ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const asker = askerOf(request)
      const { month, region, report_id, tz } = request.body
      const regionCode = region === null ? null : regionOf(region)
      refuseOutside(asker.scope, regionCode)
      const { report, isRepeat } = await issueReport(context, {
        reportId: report_id ?? `r-${randomHex(context.random, ID_BYTES)}`,
        regionCode,
        span: monthSpan(month, tz ?? context.settings.timeZone),
        author: authorOf(asker),
        nowMs: context.clock.wallMs(),
      })
      if (!isRepeat) context.onOutbox()
      reply.code(isRepeat ? 200 : 201)
      return sendReport(context, reply, report)
    },
  )
}

function listRoute(app: App, { store, ledger }: ApiContext): void {
  app.get(
    '/v1/reports',
    {
      config: { access: 'reports' },
      schema: {
        summary: 'Reports that were issued, newest first',
        querystring: z.strictObject(pageIn),
        response: { 200: listSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const page = await store.listReports(askerOf(request).scope, pageOf(request.query))
      const reports = page.rows.map(reportHeadOf)
      return { demo: ledger.isDemo, reports, next_cursor: page.nextCursor }
    },
  )
}

function findRoutes(app: App, context: ApiContext): void {
  app.get(
    '/v1/reports/:id',
    {
      config: { access: 'reports' },
      schema: {
        summary: 'A report as it was issued, to the byte',
        params: idParams,
        response: { 200: reportSchema, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const report = await findReport(context, askerOf(request), request.params.id)
      return sendReport(context, reply, report)
    },
  )
  app.get(
    '/v1/reports/:id/check',
    {
      config: { access: 'reports' },
      schema: {
        summary: 'Makes it again from the ledger, as known then, and says what differs and why',
        params: idParams,
        response: { 200: reportCheckSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const report = await findReport(context, askerOf(request), request.params.id)
      return checkReport(context, report)
    },
  )
  app.get(
    '/v1/reports/:id/adjustments',
    {
      config: { access: 'reports' },
      schema: {
        summary: 'What moved in the hours of its month since it was known, per site and figure',
        params: idParams,
        response: { 200: adjustmentsSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const report = await findReport(context, askerOf(request), request.params.id)
      return adjustmentsAnswer(context, report)
    },
  )
}

async function adjustmentsAnswer(
  { store, ledger, clock }: ApiContext,
  report: StoredReport,
): Promise<z.infer<typeof adjustmentsSchema>> {
  const nowMs = clock.wallMs()
  const { regionCode, toMs, knownAtMs } = report
  const instant = { atMs: toMs - 1, knownAtMs }
  const prefix = regionCode === null ? '' : regionPrefix(regionCode)
  const sites = (await store.readSitesAt(SCOPE_ALL, instant))
    .filter(({ terms }) => terms.regionCode.startsWith(prefix))
    .map(({ code }) => code)
  const scope: Scope = regionCode === null ? SCOPE_ALL : { regions: 'all', sites }
  return {
    demo: ledger.isDemo,
    report_id: report.reportId,
    month: report.month,
    since_known_at: instantText(knownAtMs),
    known_at: instantText(nowMs),
    adjustments: await adjustmentRows({ store, scope, knownAtMs: nowMs }, report),
  }
}

export async function findReport(
  { store }: Pick<ApiContext, 'store'>,
  { scope }: Asker,
  id: string,
): Promise<StoredReport> {
  const report = await store.findReport(scope, id)
  if (report === null) throw new AppError('not_found', `no report ${id} here`)
  return report
}

/** The answer is sent as it is stored: a field that today's schema does not know is still there. */
function sendReport({ ledger }: ApiContext, reply: FastifyReply, report: StoredReport): never {
  const head = JSON.stringify({ demo: ledger.isDemo, ...reportHeadOf(report) })
  const text = `${head.slice(0, -1)},"answer":${report.answer}}`
  reply.header('content-type', 'application/json; charset=utf-8')
  return reply.serializer((sent: unknown) => String(sent)).send(text) as never
}

/** `150000`, or a prefix such as `15`, as six digits. */
function regionOf(text: string): string {
  const code = /^\d{2}(\d{2}){0,2}$/.test(text) ? divisionCodeOf(text.padEnd(6, '0')) : null
  if (code === null) throw invalid('region', 'must be a code of GB/T 2260, such as 150000')
  return code
}

/** Whole regions only: a token of single sites does not speak for one. */
function refuseOutside({ regions, sites }: Scope, regionCode: string | null): void {
  const isInside =
    sites === 'all' &&
    (regions === 'all' ||
      (regionCode !== null && regions.some((prefix) => regionCode.startsWith(prefix))))
  if (!isInside) {
    throw new AppError('forbidden', 'the region lies outside what this token may see')
  }
}
