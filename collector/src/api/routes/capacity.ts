/** `GET /v1/capacity`: what can be drawn now for a request, and what stands in the way. */
import { VENDORS } from '@yiben/shared'
import { z } from 'zod'
import { type CapacityRequest, searchCapacity } from '../../bank/capacity.ts'
import type { Amount } from '../../bank/capacity-need.ts'
import { CAPACITY_WITHIN_MS } from '../../placed/asking.ts'
import { askedCapacityOf, SEARCH_HOPS_MAX } from '../../placed/search.ts'
import { LEDGER_DEFINITION_VERSION } from '../../rollup/definitions.ts'
import { capacityBody, capacitySchema } from '../answers/capacity.ts'
import { withBelow } from '../answers/capacity-below.ts'
import { FENCE_SENTENCE } from '../answers/lots.ts'
import { pedigreeOf } from '../answers/pedigree.ts'
import type { App } from '../app.ts'
import { askerOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { countIn, flagIn, invalid, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX, PROBLEMS } from '../schemas.ts'

/** More than the country has. */
const CARDS_MAX = 10_000_000
/** No node has as many. */
const CARDS_PER_NODE_MAX = 1_024
const MEMORY_GIB_MAX = 4_096
const HOUR_MS = 3_600_000
const NANO_TFLOPS_PER_P_DIGITS = 12

const petaIn = z
  .string()
  .regex(/^\d{1,9}(\.\d{1,12})?$/, 'must be a number of P, as in 2.5')
  .transform(nanoTflopsOf)
  .refine((amount) => amount > 0n, 'must be more than 0')
const hoursIn = z
  .string()
  .regex(/^\d{1,4}(\.\d{1,3})?$/, 'must be a number of hours, as in 4 or 0.5')
  .transform(Number)
  .refine((hours) => hours > 0, 'must be more than 0')
const confidenceIn = z
  .string()
  .regex(/^0?\.\d{1,6}$/, 'must be a probability between 0 and 1, as in 0.9')
  .transform(Number)
  .refine((confidence) => confidence > 0, 'must be more than 0')

const questionSchema = z.strictObject({
  model: z.string().max(120).optional().meta({ description: 'the catalogue’s name, exactly' }),
  vendor: z.enum(VENDORS).optional(),
  domestic: flagIn.optional().meta({ description: 'made by a Chinese maker' }),
  memory_gib_min: countIn(1, MEMORY_GIB_MAX).optional().meta({
    description:
      'of one card, nominal: 80 takes in cards sold with 80 GiB that report a little less',
  }),
  cards: countIn(1, CARDS_MAX).optional().meta({ description: 'cards in all' }),
  p: petaIn.optional().meta({ description: 'P in all (dense FP16), instead of cards' }),
  per_node: countIn(1, CARDS_PER_NODE_MAX).optional().meta({
    description: 'cards come in groups of so many from one node; divides `cards`',
  }),
  same_site: flagIn.optional().meta({ description: 'all of it in one site' }),
  hours: hoursIn.optional().meta({
    description: 'for so long: owners with shorter leases are left out, and see `confidence`',
  }),
  confidence: confidenceIn.optional().meta({
    description:
      'joint: the probability that all of it stays free for `hours`; without cards or p every lot ' +
      'is judged by itself. Without a forecast nothing is left out, and the answer says so',
  }),
  region: z
    .string()
    .regex(/^\d{6}$/, 'must be a GB/T 2260 code of six digits, as in 110000')
    .optional()
    .meta({ description: 'GB/T 2260; a province or city takes in what lies in it' }),
  hub: z.string().max(40).optional().meta({
    description: 'a national hub of computing by its short name, as in 京津冀',
  }),
  unfenced: flagIn.optional().meta({
    description: `true: lots that are not fenced too, which are left out otherwise (a fence tells ${FENCE_SENTENCE})`,
  }),
  limit: countIn(1, PAGE_ROWS_MAX).optional().meta({ description: 'lots listed' }),
  children: flagIn.optional().meta({
    description: 'false: collectors below are not asked. Default: those that let this one draw are',
  }),
})
type Question = z.output<typeof questionSchema>

export function capacityRoutes(app: App, context: ApiContext): void {
  app.get(
    '/v1/capacity',
    {
      config: { access: 'capacity' },
      schema: {
        summary: 'What can be drawn now for a request, as lots, best first',
        description:
          'Best fit: of one model where one can serve; no whole node broken while partly used ones ' +
          'serve; few nodes, few sites; then cards free longest. Without cards or p: every lot.',
        querystring: questionSchema,
        response: { 200: capacitySchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const { capacity, catalogue, clock, isSuspended, ledger, outlook } = context
      const asker = askerOf(request)
      const { query } = request
      const asked = requestOf(query, context)
      const { view, asOfMs, lagMs } = await capacity.upToDate()
      const found = searchCapacity(view, asked, {
        nowMs: clock.wallMs(),
        isSuspended,
        scope: asker.scope,
        outlook: outlook(),
      })
      const pedigree = pedigreeOf({
        isDemo: ledger.isDemo,
        asOfMs,
        knownAtMs: asOfMs,
        finality: 'provisional',
        definitionVersion: LEDGER_DEFINITION_VERSION,
        catalogueVersion: catalogue.version,
      })
      const limit = query.limit ?? PAGE_ROWS_DEFAULT
      const hours = query.hours ?? null
      const shown = { request: asked, hours, limit }
      const own = capacityBody(context, asker, shown, { ...found, lagMs })
      if (context.below === null || query.children === false) return { ...pedigree, ...own }
      const told = await context.below.capacity.search({
        asked: askedCapacityOf(asked, asker.scope, limit),
        hops: SEARCH_HOPS_MAX,
        withinMs: CAPACITY_WITHIN_MS,
      })
      const below = { request: asked, hours, limit, own: found }
      return { ...pedigree, ...withBelow(own, told, below) }
    },
  )
}

/** Throws `request_invalid` for what contradicts itself. */
function requestOf(query: Question, { catalogue }: Pick<ApiContext, 'catalogue'>): CapacityRequest {
  const amount = amountOf(query)
  refuseContradictions(query, amount)
  const hubs = catalogue.regions.hubs.map(({ shortZh }) => shortZh)
  if (query.hub !== undefined && !hubs.includes(query.hub)) {
    throw invalid('hub', `must be one of ${hubs.join(', ')}`)
  }
  return {
    filters: {
      model: query.model ?? null,
      vendor: query.vendor ?? null,
      domestic: query.domestic ?? null,
      memoryGibMin: query.memory_gib_min ?? null,
      region: query.region ?? null,
      hub: query.hub ?? null,
      forMs: query.hours === undefined ? null : Math.round(query.hours * HOUR_MS),
      includesUnfenced: query.unfenced ?? false,
    },
    amount,
    cardsPerNode: query.per_node ?? null,
    isSameSite: query.same_site ?? false,
    confidence: query.confidence ?? null,
  }
}

function amountOf({ cards, p }: Question): Amount | null {
  if (cards !== undefined) return { unit: 'cards', cards }
  return p === undefined ? null : { unit: 'p', nanoTflops: p }
}

function refuseContradictions(query: Question, amount: Amount | null): void {
  const { cards, p, per_node: perNode } = query
  if (cards !== undefined && p !== undefined) throw invalid('p', 'is instead of cards, not beside')
  if (cards !== undefined && perNode !== undefined && cards % perNode !== 0) {
    throw invalid('per_node', `must divide cards: ${cards} are no groups of ${perNode}`)
  }
  if (query.same_site === true && amount === null) {
    throw invalid('same_site', 'means nothing without cards or p')
  }
  if (query.confidence !== undefined && query.hours === undefined) {
    throw invalid('confidence', 'needs hours: how long it is to last')
  }
}

function nanoTflopsOf(text: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.')
  return BigInt(whole + fraction.padEnd(NANO_TFLOPS_PER_P_DIGITS, '0'))
}
