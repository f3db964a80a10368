/**
 * `GET /v1/sites`, `PUT /v1/sites/{code}`: where accelerators stand, who runs and owns them, and
 * what was declared, beside what is measured and never summed with it.
 */
import { AppError, assert } from '@yiben/shared'
import { z } from 'zod'
import { declaredChange, siteChange, siteNamesOf } from '../../inventory/administration.ts'
import { SCOPE_ALL } from '../../storage/requests.ts'
import {
  DECLARED_BASES,
  siteAnswers,
  siteSchema,
  sitesAnswer,
  sitesSchema,
} from '../answers/sites.ts'
import type { App } from '../app.ts'
import { type Asker, askerOf, authorOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { instantIn, PROBLEMS } from '../schemas.ts'

/** Models one site declares in one request. */
const DECLARED_MAX = 200

const partyIn = z.strictObject({
  code: z.string().nullable().optional(),
  name: z.string().nullable().optional(),
})

const declaredIn = z.strictObject({
  model: z.string(),
  cards: z.number().int(),
  p: z
    .string()
    .regex(/^\d{1,12}(\.\d{1,3})?$/, 'must be a decimal text of PFLOPS with at most 3 decimals'),
  basis: z.enum(DECLARED_BASES),
})

const siteIn = z.strictObject({
  name: z.string(),
  region_code: z.string(),
  operator: partyIn.optional(),
  owner: partyIn.optional(),
  keep: z
    .array(z.strictObject({ model: z.string(), cards: z.number().int() }))
    .max(DECLARED_MAX)
    .meta({ description: 'left out: as in the terms before' })
    .optional(),
  valid_from: instantIn.optional(),
  declared: z.array(declaredIn).max(DECLARED_MAX).optional(),
})

const instantsIn = { as_of: instantIn.optional(), known_at: instantIn.optional() }

export function sitesRoutes(app: App, context: ApiContext): void {
  app.get(
    '/v1/sites',
    {
      config: { access: 'sites' },
      schema: {
        summary: 'Sites',
        querystring: z.strictObject(instantsIn),
        response: { 200: sitesSchema, ...PROBLEMS },
      },
    },
    (request) =>
      sitesAnswer(context, {
        scope: askerOf(request).scope,
        asOfMs: request.query.as_of ?? null,
        knownAtMs: request.query.known_at ?? null,
        nowMs: context.clock.wallMs(),
      }),
  )
  app.put(
    '/v1/sites/:code',
    {
      config: { access: 'sites_change' },
      schema: {
        summary: 'Creates a site or changes its terms from an instant on',
        params: z.object({ code: z.string() }),
        body: siteIn,
        response: { 200: siteSchema, ...PROBLEMS },
      },
    },
    (request) => putSite(context, askerOf(request), request.params.code, request.body),
  )
}

async function putSite(
  context: ApiContext,
  asker: Asker,
  code: string,
  body: z.output<typeof siteIn>,
) {
  const { store, clock, catalogue } = context
  const nowMs = clock.wallMs()
  const by = authorOf(asker)
  const existing = (await store.listSites(SCOPE_ALL)).find((site) => site.code === code)
  const request = {
    code,
    name: body.name,
    regionCode: body.region_code,
    operatorCode: body.operator?.code ?? null,
    operatorName: body.operator?.name ?? null,
    ownerCode: body.owner?.code ?? null,
    ownerName: body.owner?.name ?? null,
    keep: body.keep ?? existing?.terms.keep ?? [],
    validFromMs: body.valid_from ?? nowMs,
  }
  const change = siteChange(request, siteNamesOf(catalogue), by, nowMs)
  // Everything is checked before anything is written.
  const declared = (body.declared ?? []).map((row) =>
    declaredChange({
      siteCode: change.code,
      model: row.model,
      cards: row.cards,
      declaredMilliP: milliP(row.p),
      basis: row.basis,
      author: by,
      declaredAtMs: nowMs,
    }),
  )
  for (const terms of [change.terms, existing?.terms]) {
    if (terms !== undefined) refuseOutside(asker, change.code, terms.regionCode)
  }
  await store.putSite(change)
  for (const one of declared) await store.putDeclared(one.declared, one.outbox)
  context.onOutbox()
  const scope = { regions: 'all', sites: [change.code] } as const
  const ask = { scope, asOfMs: null, knownAtMs: null, nowMs }
  const [answer] = await siteAnswers(context, ask)
  assert(answer !== undefined, 'a site that was put is there')
  return answer
}

/** A bound token must not write where it cannot read. */
function refuseOutside({ scope }: Asker, siteCode: string, regionCode: string): void {
  const isInside =
    (scope.sites === 'all' || scope.sites.includes(siteCode)) &&
    (scope.regions === 'all' || scope.regions.some((prefix) => regionCode.startsWith(prefix)))
  if (!isInside) throw new AppError('forbidden', 'the site lies outside what this token may see')
}

/** `12.5` P → 12500; the schema has checked the digits. */
function milliP(text: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.')
  return BigInt(`${whole}${fraction.padEnd(3, '0')}`)
}
