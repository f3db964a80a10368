/** What is deposited now, by site and kind of card: how much, for how long, and what will last. */
import { assert, VENDORS } from '@yiben/shared'
import { z } from 'zod'
import type { DepositGroup } from '../../bank/deposit-groups.ts'
import { decimalOut, instantOrNull, instantOut, nextCursorOut } from '../schemas.ts'
import { petaText } from './ledger.ts'

const MINUTE_MS = 60_000

const amountsSchema = z.object({
  lots: z.number().int(),
  cards_deposited: z.number().int().meta({ description: 'open deposits' }),
  p_deposited: decimalOut.meta({ description: 'what is unrated adds nothing' }),
  cards: z.number().int().meta({ description: 'that can be drawn now' }),
  p: decimalOut.meta({ description: 'of `cards`' }),
  cards_fenced: z.number().int().meta({ description: 'of `cards`: those behind a fence' }),
  cards_suspended: z.number().int().meta({ description: 'visible, not drawable: not heard now' }),
})

const lastingSchema = z.object({
  cards_known: z.number().int().meta({ description: 'of which a forecast says something' }),
  cards_expected: z.number().nullable().meta({
    description: 'so many of them are expected to be free still; null: nothing is known',
  }),
  cards_sure: z.number().int().nullable().meta({
    description: 'each with 90 % and more; null: nothing is known',
  }),
})

const groupSchema = amountsSchema.extend({
  site_code: z.string().nullable().meta({ description: 'null: of several sites' }),
  region_code: z.string().nullable(),
  hub: z.string().nullable(),
  model: z.string().nullable().meta({ description: 'null: unknown, or of several models' }),
  vendor: z.enum(VENDORS).nullable().meta({ description: 'null: of several models' }),
  domestic: z.boolean().nullable(),
  memory_gib: z.number().nullable(),
  rated: z.boolean().nullable().meta({ description: 'null: of several models' }),
  free_since_first: instantOut.nullable().meta({ description: 'of the card free longest' }),
  free_since_median: instantOut.nullable(),
  free_since: instantOut.nullable().meta({ description: 'of the card free shortest' }),
  lasting: z
    .object({
      minutes_30: lastingSchema,
      minutes_60: lastingSchema,
      minutes_240: lastingSchema,
      minutes_480: lastingSchema,
    })
    .meta({ description: 'of the cards that can be drawn now, after so long' }),
})

export const depositSummarySchema = z
  .object({
    demo: z.boolean(),
    as_of: instantOut,
    lag_ms: z.number().int(),
    catalogue_version: z.string(),
    total: amountsSchema.meta({ description: 'of all groups, not of this page' }),
    groups: z.array(groupSchema),
    next_cursor: nextCursorOut,
  })
  .meta({ id: 'DepositSummary' })
export type DepositSummaryAnswer = z.infer<typeof depositSummarySchema>

export function depositGroupOf(group: DepositGroup): DepositSummaryAnswer['groups'][number] {
  const { kind, site, freeSinceMs } = group
  return {
    ...amountsOf([group]),
    site_code: site?.code ?? null,
    region_code: site?.regionCode ?? null,
    hub: site?.hub ?? null,
    model: kind?.model ?? null,
    vendor: kind?.vendor ?? null,
    domestic: kind?.domestic ?? null,
    memory_gib: kind?.memoryGib ?? null,
    rated: kind === null ? null : kind.nanoTflops !== null,
    free_since_first: instantOrNull(freeSinceMs?.first ?? null),
    free_since_median: instantOrNull(freeSinceMs?.median ?? null),
    free_since: instantOrNull(freeSinceMs?.last ?? null),
    lasting: {
      minutes_30: lastingOf(group, 30),
      minutes_60: lastingOf(group, 60),
      minutes_240: lastingOf(group, 240),
      minutes_480: lastingOf(group, 480),
    },
  }
}

function lastingOf({ lasting }: DepositGroup, minutes: number): z.infer<typeof lastingSchema> {
  const step = lasting.find(({ forMs }) => forMs === minutes * MINUTE_MS)
  assert(step !== undefined, `${minutes} min is a step of the promise`)
  const { expectedCards, knownCards, sureCards } = step
  return {
    cards_known: knownCards,
    cards_expected: knownCards === 0 ? null : Math.round(expectedCards * 10) / 10,
    cards_sure: knownCards === 0 ? null : sureCards,
  }
}

export function amountsOf(groups: readonly DepositGroup[]): DepositSummaryAnswer['total'] {
  const sum = (figure: (group: DepositGroup) => number) =>
    groups.reduce((total, group) => total + figure(group), 0)
  const peta = (figure: (group: DepositGroup) => bigint) =>
    petaText(groups.reduce((total, group) => total + figure(group), 0n))
  return {
    lots: sum(({ lots }) => lots),
    cards_deposited: sum(({ depositedCards }) => depositedCards),
    p_deposited: peta(({ nanoTflops }) => nanoTflops),
    cards: sum(({ drawableCards }) => drawableCards),
    p: peta(({ drawableNanoTflops }) => drawableNanoTflops),
    cards_fenced: sum(({ fencedCards }) => fencedCards),
    cards_suspended: sum(({ suspendedCards }) => suspendedCards),
  }
}
