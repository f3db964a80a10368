/**
 * `GET /v1/sites`, `PUT /v1/sites/{code}`: where accelerators stand, who runs and owns them, and
 * what was declared, beside what is measured and never summed with it.
 */
import { AppError } from '@yiben/shared'
import { z } from 'zod'
import { declaredChange, siteChange, siteNamesOf } from '../../inventory/administration.ts'
import type { DeclaredCapacity, Site } from '../../model/site.ts'
import { SCOPE_ALL } from '../../storage/requests.ts'
import { petaText } from '../answers/ledger.ts'
import type { App } from '../app.ts'
import { type Asker, askerOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { decimalOut, instantIn, instantOut, instantText, PROBLEMS } from '../schemas.ts'

const BASES = ['fp16_dense', 'fp16_sparse', 'unstated'] as const
/** Models one site declares in one request. */
const DECLARED_MAX = 200
const NANO_TFLOPS_PER_MILLI_P = 10n ** 9n

const partySchema = z.object({ code: z.string().nullable(), name: z.string().nullable() })

const keptSchema = z.object({ model: z.string(), cards: z.number().int() })

const siteSchema = z
  .object({
    code: z.string(),
    name: z.string(),
    region_code: z.string(),
    hub: z.string().nullable(),
    operator: partySchema,
    owner: partySchema,
    keep: z.array(keptSchema).meta({ description: 'cards that are never deposited here' }),
    valid_from: instantOut,
    declared: z.array(
      z.object({
        model: z.string(),
        cards: z.number().int(),
        p: decimalOut,
        basis: z.enum(BASES),
        author: z.string(),
        declared_at: instantOut,
      }),
    ),
  })
  .meta({ id: 'Site' })

const sitesSchema = z.object({ demo: z.boolean(), sites: z.array(siteSchema) })

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
  basis: z.enum(BASES),
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

export function sitesRoutes(app: App, context: ApiContext): void {
  app.get(
    '/v1/sites',
    {
      config: { access: 'sites' },
      schema: { summary: 'Sites', response: { 200: sitesSchema, ...PROBLEMS } },
    },
    (request) => sitesAnswer(context, askerOf(request)),
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

async function sitesAnswer(context: ApiContext, asker: Asker) {
  const [sites, declared] = await Promise.all([
    context.store.listSites(asker.scope),
    context.store.readDeclared(asker.scope, context.clock.wallMs()),
  ])
  return {
    demo: context.ledger.isDemo,
    sites: sites.map((site) => siteOf(context, site, declared)),
  }
}

async function putSite(
  context: ApiContext,
  asker: Asker,
  code: string,
  body: z.output<typeof siteIn>,
) {
  const { store, clock, catalogue } = context
  const nowMs = clock.wallMs()
  const by = `token ${asker.tokenId}`
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
  const site = await store.putSite(change)
  for (const one of declared) await store.putDeclared(one.declared, one.outbox)
  context.onOutbox()
  return siteOf(context, site, await store.readDeclared(asker.scope, nowMs))
}

/** A bound token must not write where it cannot read. */
function refuseOutside({ scope }: Asker, siteCode: string, regionCode: string): void {
  const isInside =
    (scope.sites === 'all' || scope.sites.includes(siteCode)) &&
    (scope.regions === 'all' || scope.regions.some((prefix) => regionCode.startsWith(prefix)))
  if (!isInside) throw new AppError('forbidden', 'the site lies outside what this token may see')
}

function siteOf(
  { lookup }: ApiContext,
  { code, name, terms }: Site,
  declared: readonly DeclaredCapacity[],
): z.infer<typeof siteSchema> {
  return {
    code,
    name,
    region_code: terms.regionCode,
    hub: lookup.hubOf(terms.regionCode),
    operator: { code: terms.operatorCode, name: terms.operatorName },
    owner: {
      code: terms.ownerCode ?? terms.operatorCode,
      name: terms.ownerCode === null ? terms.operatorName : terms.ownerName,
    },
    keep: terms.keep.map(({ cards, model }) => ({ model, cards })),
    valid_from: instantText(terms.validFromMs),
    declared: declared
      .filter((row) => row.siteCode === code)
      .map((row) => ({
        model: row.model,
        cards: row.cards,
        p: petaText(row.declaredMilliP * NANO_TFLOPS_PER_MILLI_P),
        basis: row.basis,
        author: row.author,
        declared_at: instantText(row.declaredAtMs),
      })),
  }
}

/** `12.5` P → 12500; the schema has checked the digits. */
function milliP(text: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.')
  return BigInt(`${whole}${fraction.padEnd(3, '0')}`)
}
