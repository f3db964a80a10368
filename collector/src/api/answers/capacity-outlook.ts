/** Expected free cards per hour of one kind of card at one site, as quantiles. */
import { z } from 'zod'
import { instantOut, nextCursorOut } from '../schemas.ts'

const cardsOut = z.number().int()

export const capacityOutlookSchema = z
  .object({
    demo: z.boolean(),
    as_of: instantOut.nullable().meta({
      description: 'up to when the forecast knows what happened; null before it knows anything',
    }),
    rows: z.array(
      z.object({
        site: z.string(),
        vendor: z.string(),
        model: z.string().nullable().meta({ description: 'null: the catalogue has no such card' }),
        printed_name: z.string().nullable().meta({ description: 'where there is no model' }),
        memory_gib: z.number().nullable(),
        cards: cardsOut.meta({ description: 'that are seen' }),
        free_cards: cardsOut.meta({ description: 'unclaimed by the owner now: free, or lent' }),
        hours: z
          .array(z.object({ at: instantOut, p50: cardsOut, p80: cardsOut, p95: cardsOut }))
          .nullable()
          .meta({
            description:
              'at least so many cards are free at that instant with 50, 80 and 95 %; null while ' +
              'there is less than half a day of history',
          }),
      }),
    ),
    next_cursor: nextCursorOut,
  })
  .meta({ id: 'CapacityOutlook' })
export type CapacityOutlookAnswer = z.infer<typeof capacityOutlookSchema>
