/** `GET /v1/capacity`: what can be drawn now. */
import { VENDORS } from '@yiben/shared'
import { z } from 'zod'
import { LEDGER_DEFINITION_VERSION } from '../../rollup/definitions.ts'
import { isOpaqueFor } from '../access.ts'
import { capacityOf, lotSchema } from '../answers/capacity.ts'
import { petaText } from '../answers/ledger.ts'
import { pedigreeOf, pedigreeSchema } from '../answers/pedigree.ts'
import type { App } from '../app.ts'
import { askerOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import {
  countIn,
  decimalOut,
  flagIn,
  PAGE_ROWS_DEFAULT,
  PAGE_ROWS_MAX,
  PROBLEMS,
} from '../schemas.ts'

const CARDS_MAX = 10_000_000

const questionSchema = z.strictObject({
  model: z.string().max(120).optional(),
  vendor: z.enum(VENDORS).optional(),
  domestic: flagIn.optional(),
  cards: countIn(1, CARDS_MAX).optional(),
  per_node: countIn(1, 1024).optional(),
  region: z
    .string()
    .regex(/^\d{6}$/, 'must be a GB/T 2260 code of six digits, as in 110000')
    .optional(),
  hub: z.string().max(40).optional(),
  limit: countIn(1, PAGE_ROWS_MAX).optional(),
})

const answerSchema = pedigreeSchema.extend({
  cards: z.number().int(),
  p: decimalOut,
  lots_total: z.number().int(),
  satisfied: z.boolean().meta({ description: 'whether as many cards as asked for are there' }),
  lots: z.array(lotSchema),
})

export function capacityRoutes(app: App, context: ApiContext): void {
  app.get(
    '/v1/capacity',
    {
      config: { access: 'capacity' },
      schema: {
        summary: 'What can be drawn now, as lots, best first',
        querystring: questionSchema,
        response: { 200: answerSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const { store, lookup, lots, clock, isSuspended, ledger, catalogue } = context
      const asker = askerOf(request)
      const { query } = request
      const nowMs = clock.wallMs()
      const filter = {
        model: query.model ?? null,
        vendor: query.vendor ?? null,
        domestic: query.domestic ?? null,
        cards: query.cards ?? null,
        perNode: query.per_node ?? null,
        region: query.region ?? null,
        hub: query.hub ?? null,
      }
      const isOpaque = isOpaqueFor(asker.role)
      const parts = { lookup, lots, isSuspended, nowMs, isOpaque }
      const found = capacityOf(await store.readFreeUnits(asker.scope), filter, parts)
      const pedigree = pedigreeOf({
        isDemo: ledger.isDemo,
        asOfMs: nowMs,
        knownAtMs: nowMs,
        finality: 'provisional',
        definitionVersion: LEDGER_DEFINITION_VERSION,
        catalogueVersion: catalogue.version,
      })
      return {
        ...pedigree,
        cards: found.cards,
        p: petaText(found.nanoTflops),
        lots_total: found.lots.length,
        satisfied: found.cards >= (query.cards ?? 1),
        lots: found.lots.slice(0, query.limit ?? PAGE_ROWS_DEFAULT),
      }
    },
  )
}
