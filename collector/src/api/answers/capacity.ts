/**
 * The answer of a capacity search, written out: the lots that serve the request, or what came
 * closest and what stands in the way. Figures are made in `bank/capacity.ts`.
 */
import { z } from 'zod'
import { CAPACITY_FILTERS, type CapacityAnswer, type CapacityRequest } from '../../bank/capacity.ts'
import type { Supply } from '../../bank/capacity-need.ts'
import type { Asker } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import { decimalOut } from '../schemas.ts'
import { petaText } from './ledger.ts'
import { lotAnswerOf, lotSchema, petaOf } from './lots.ts'
import { pedigreeSchema } from './pedigree.ts'

const NO_FORECAST =
  'No forecast is available: no lot was left out for want of confidence, and no probability is told.'

const supplySchema = z.object({ cards: z.number().int(), p: decimalOut })

export const takenLotSchema = lotSchema.extend({
  take_cards: z.number().int().meta({ description: 'cards of it that serve the request' }),
  take_p: decimalOut.nullable(),
})
const ledgerPart = {
  path: z
    .array(z.string())
    .optional()
    .meta({ description: 'of a lot of a collector below: the child, then those below it' }),
}
const childCapacitySchema = z
  .object({
    path: z.array(z.string()).meta({ description: 'the child, then those below it' }),
    name: z.string(),
    heard: z.boolean().meta({ description: 'false: what it has is not known now' }),
    satisfied: z.boolean(),
    lots_total: z.number().int(),
    cards: z.number().int(),
    p: decimalOut,
    available: supplySchema,
    suspended_cards: z.number().int(),
  })
  .meta({ id: 'ChildCapacity' })

export const capacitySchema = pedigreeSchema
  .extend({
    lag_ms: z.number().int().meta({
      description: 'time since `as_of`: deposits opened or closed since are not in the answer',
    }),
    satisfied: z.boolean().meta({
      description:
        'whether `lots` serve the request; if not, they are what came closest: the most that passes ' +
        'every filter, or with a confidence the surest that would be enough',
    }),
    cards: z.number().int().meta({ description: 'taken from all of `lots_total`' }),
    p: decimalOut.meta({ description: 'of `cards`; what is unrated adds nothing' }),
    lots_total: z.number().int().meta({ description: 'lots of the answer; `limit` cuts the list' }),
    lots: z.array(takenLotSchema.extend(ledgerPart)),
    children: z.array(childCapacitySchema).meta({
      description:
        'collectors below: a draw is of one ledger, so each is judged by itself; `lots` are of this ' +
        'one where it serves the request, else of the first that does. Without cards or p: of all',
    }),
    available: supplySchema.meta({
      description:
        'the most that passes every filter but the confidence, in one site where same_site asks ' +
        'for that',
    }),
    available_sure: supplySchema.nullable().meta({
      description:
        'the most that also lasts with the confidence asked for, where a request misses it',
    }),
    suspended_cards: z.number().int().meta({
      description: 'would pass every filter, but their nodes are not heard now',
    }),
    in_the_way: z
      .array(
        supplySchema.extend({
          filter: z.enum(CAPACITY_FILTERS),
          satisfied: z.boolean().meta({ description: 'the request would be served' }),
        }),
      )
      .meta({
        description:
          'when nothing serves: for each filter, the most there would be without it alone; what ' +
          'would serve the request comes first',
      }),
    forecast: z
      .object({
        probability: z.number().min(0).max(1).meta({
          description: 'joint: that all of the cards taken stay free for `hours`',
        }),
        hours: z.number(),
      })
      .nullable()
      .meta({ description: 'null where it was not asked for, or is not known' }),
    notes: z.array(z.string()).meta({ description: 'what a person should know of this answer' }),
  })
  .meta({ id: 'Capacity' })
export type CapacityFound = z.infer<typeof capacitySchema>
export type CapacityBody = Omit<CapacityFound, keyof z.infer<typeof pedigreeSchema>>

export interface CapacityAsked {
  readonly request: CapacityRequest
  /** As asked; `null`: not asked. */
  readonly hours: number | null
  /** Whether the question names `unfenced` at all. */
  readonly limit: number
}

export function capacityBody(
  context: Pick<ApiContext, 'clock' | 'isSuspended' | 'outlook' | 'siteRecords'>,
  asker: Asker,
  asked: CapacityAsked,
  found: CapacityAnswer & { readonly lagMs: number },
): CapacityBody {
  const { hours } = asked
  return {
    lag_ms: found.lagMs,
    satisfied: found.isServed,
    ...supplyText(found.total),
    lots_total: found.takes.length,
    lots: found.takes.slice(0, asked.limit).map(({ offer, cards }) => ({
      ...lotAnswerOf(context, asker, offer.lot, offer.site),
      take_cards: cards,
      take_p: petaOf(offer.lot, cards),
    })),
    children: [],
    available: supplyText(found.available),
    available_sure: found.availableSure === null ? null : supplyText(found.availableSure),
    suspended_cards: found.suspendedCards,
    in_the_way: found.inTheWay.map(({ filter, isServed, available }) => ({
      filter,
      satisfied: isServed,
      ...supplyText(available),
    })),
    forecast: found.chance === null || hours === null ? null : { probability: found.chance, hours },
    notes: notesOf(context, asked),
  }
}

function supplyText({ cards, nanoTflops }: Supply) {
  return { cards, p: petaText(nanoTflops) }
}

function notesOf({ outlook }: Pick<ApiContext, 'outlook'>, { request }: CapacityAsked): string[] {
  const isForecastAsked = request.filters.forMs !== null && request.confidence !== null
  return isForecastAsked && outlook() === null ? [NO_FORECAST] : []
}
