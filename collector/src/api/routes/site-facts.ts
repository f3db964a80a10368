/**
 * `GET /v1/sites/{code}`: one site with what it states of itself and the codes issued for it;
 * `PUT /v1/sites/{code}/facts` states or withdraws facts from an instant on. A repeated statement
 * changes nothing.
 */
import { AppError } from '@yiben/shared'
import { z } from 'zod'
import { siteFactStatements } from '../../inventory/site-facts.ts'
import { issuedCodesOf, issuedCodesSchema } from '../answers/codes.ts'
import {
  FACT_HISTORY_MAX,
  factHistoryOf,
  factHistorySchema,
  factValuesOf,
  siteFactsIn,
} from '../answers/site-facts.ts'
import { siteAnswers, siteSchema } from '../answers/sites.ts'
import type { App } from '../app.ts'
import { type Asker, askerOf, authorOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { instantIn, PROBLEMS } from '../schemas.ts'

const oneSiteSchema = siteSchema
  .extend({
    demo: z.boolean(),
    history: factHistorySchema.meta({ description: 'statements, the latest first' }),
    issued_codes: issuedCodesSchema,
  })
  .meta({ id: 'OneSite' })

const codeParams = z.object({ code: z.string().max(64) })
const instantsIn = z.strictObject({ as_of: instantIn.optional(), known_at: instantIn.optional() })
const statedIn = siteFactsIn.extend({ valid_from: instantIn.optional() })

interface Instants {
  readonly asOfMs: number | null
  readonly knownAtMs: number | null
}

export function siteFactsRoutes(app: App, context: ApiContext): void {
  app.get(
    '/v1/sites/:code',
    {
      config: { access: 'sites' },
      schema: {
        summary: 'One site with what it states of itself',
        params: codeParams,
        querystring: instantsIn,
        response: { 200: oneSiteSchema, ...PROBLEMS },
      },
    },
    (request) =>
      oneSite(context, askerOf(request), request.params.code, {
        asOfMs: request.query.as_of ?? null,
        knownAtMs: request.query.known_at ?? null,
      }),
  )
  app.put(
    '/v1/sites/:code/facts',
    {
      config: { access: 'site_facts_change' },
      schema: {
        summary: 'States facts of a site from an instant on (default: now); null withdraws one',
        params: codeParams,
        body: statedIn,
        response: { 200: oneSiteSchema, ...PROBLEMS },
      },
    },
    (request) => putFacts(context, askerOf(request), request.params.code, request.body),
  )
}

async function oneSite(context: ApiContext, asker: Asker, code: string, instants: Instants) {
  const { store, clock, ledger } = context
  const sites = asker.scope.sites === 'all' || asker.scope.sites.includes(code) ? [code] : []
  const scope = { ...asker.scope, sites }
  const [site] = await siteAnswers(context, { scope, ...instants, nowMs: clock.wallMs() })
  if (site === undefined) throw new AppError('not_found', `no site ${code} here`)
  return {
    ...site,
    demo: ledger.isDemo,
    history: factHistoryOf(await store.readSiteFactHistory(scope, code, FACT_HISTORY_MAX)),
    issued_codes: await issuedCodesOf(context, site.resource_code),
  }
}

async function putFacts(
  context: ApiContext,
  asker: Asker,
  code: string,
  { valid_from, ...stated }: z.output<typeof statedIn>,
) {
  const { store, clock } = context
  // Whoever may not see the site may not speak for it.
  const now = { asOfMs: null, knownAtMs: null }
  await oneSite(context, asker, code, now)
  const nowMs = clock.wallMs()
  const statements = siteFactStatements({
    siteCode: code,
    facts: factValuesOf(stated),
    validFromMs: valid_from ?? nowMs,
    author: authorOf(asker),
    nowMs,
  })
  await store.stateSiteFacts(statements)
  context.onOutbox()
  return oneSite(context, asker, code, now)
}
