/**
 * `/v1/audit`: who asked what, when, and what was answered; `/v1/audit/check`: that nothing of it was
 * changed. Read by who watches (`auditor`) and who lets people in (`security`); nobody writes it.
 */
import { parseJson } from '@yiben/shared'
import { z } from 'zod'
import type { AuditRow } from '../../model/audit.ts'
import { ROLES } from '../../storage/requests.ts'
import type { App } from '../app.ts'
import { checkAudit } from '../audit-check.ts'
import type { ApiContext } from '../context.ts'
import {
  countIn,
  flagIn,
  instantIn,
  instantOut,
  instantText,
  nextCursorOut,
  PROBLEMS,
  pageIn,
  pageOf,
} from '../schemas.ts'

const auditQuestion = {
  actor: z.string().max(1_000).optional(),
  session: z.string().max(64).optional(),
  route: z.string().max(200).optional().meta({ description: 'pattern, as in /v1/nodes/:id' }),
  export_id: z.string().max(200).optional(),
  exports: flagIn.optional().meta({ description: 'true: what was taken out as a file' }),
  status_min: countIn(100, 599).optional().meta({ description: '400: what was refused' }),
  from: instantIn.optional(),
  to: instantIn.optional(),
}

const rowSchema = z.object({
  number: z.number().int(),
  at: instantOut,
  actor: z.string().nullable().meta({ description: 'token id, or subject at the provider' }),
  role: z.enum(ROLES).nullable(),
  scope: z.unknown().meta({ description: 'regions and sites that the asker may see' }),
  session: z.string().nullable(),
  method: z.string(),
  route: z.string(),
  details: z.unknown().meta({ description: 'path and query; of an export its table and rows' }),
  status: z.number().int(),
  address: z.string(),
  export_id: z.string().nullable(),
  purpose: z.string().nullable(),
  repeats: z.number().int().meta({ description: 'refused requests alike, within a second' }),
  hash: z.string(),
})

const checkSchema = z.object({
  status: z.enum(['intact', 'broken']),
  after: z.number().int(),
  through: z.number().int(),
  pruned_through: z.number().int(),
  seals_met: z.number().int(),
  unsealed_rows: z.number().int(),
  faults: z.array(z.object({ number: z.number().int(), sentence: z.string() })),
  next: z.number().int().nullable().meta({ description: 'hand in as `after` to go on' }),
})

const questionSchema = z.strictObject({ ...auditQuestion, ...pageIn })

export function auditRoutes(app: App, context: ApiContext): void {
  app.get(
    '/v1/audit',
    {
      config: { access: 'audit' },
      schema: {
        summary: 'The audit log, newest first',
        querystring: questionSchema,
        response: {
          200: z.object({ rows: z.array(rowSchema), next_cursor: nextCursorOut }),
          ...PROBLEMS,
        },
      },
    },
    async ({ query }) => {
      const filter = {
        actor: query.actor ?? null,
        loginId: query.session ?? null,
        route: query.route ?? null,
        exportId: query.export_id ?? null,
        exportsOnly: query.exports ?? false,
        statusMin: query.status_min ?? null,
        fromMs: query.from ?? null,
        toMs: query.to ?? null,
      }
      const page = await context.store.listAudit(filter, pageOf(query))
      return { rows: page.rows.map(auditAnswer), next_cursor: page.nextCursor }
    },
  )
  app.get(
    '/v1/audit/check',
    {
      config: { access: 'audit' },
      schema: {
        summary: 'That no row of the audit log was changed, taken out or put in',
        querystring: z.strictObject({
          after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
        }),
        response: { 200: checkSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const check = await checkAudit(context.store, request.query.after ?? 0)
      return {
        status: check.faults.length === 0 ? ('intact' as const) : ('broken' as const),
        after: check.after,
        through: check.through,
        pruned_through: check.prunedThrough,
        seals_met: check.sealsMet,
        unsealed_rows: check.unsealedRows,
        faults: [...check.faults],
        next: check.next,
      }
    },
  )
}

function auditAnswer(row: AuditRow): z.infer<typeof rowSchema> {
  return {
    number: row.number,
    at: instantText(row.atMs),
    actor: row.actor,
    role: ROLES.find((role) => role === row.role) ?? null,
    scope: row.scope === null ? null : parseJson(row.scope),
    session: row.loginId,
    method: row.method,
    route: row.route,
    details: parseJson(row.details),
    status: row.status,
    address: row.address,
    export_id: row.exportId,
    purpose: row.purpose,
    repeats: row.repeats,
    hash: row.hash,
  }
}
