/**
 * `draw_placed` as the change feed tells it: what was asked of a collector below, and what that one has
 * said, as the entry has it (placed/decide.ts). Told to who placed it, and to who sees a site of it.
 */
import { z } from 'zod'
import { DRAW_REFUSALS, DRAW_STATES } from '../../model/draw.ts'
import { PLACED_STATES_OPEN } from '../../model/placed-draw.ts'
import { isSeen } from './draw-scope.ts'
import type { Viewer } from './draws.ts'

/** Beside what is told of any draw. */
export const placedChangeParts = {
  state: z
    .enum([...PLACED_STATES_OPEN, ...DRAW_STATES])
    .optional()
    .meta({ description: 'of a draw that was placed here' }),
  waiting_for: z.string().nullable().optional(),
  path: z.array(z.string()).optional().meta({ description: 'the child, then those below it' }),
}

const entrySchema = z.object({
  draw_id: z.string(),
  version: z.number().int(),
  bank: z.string(),
  borrower: z.string(),
  contract: z.string(),
  by: z.string(),
  path: z.array(z.string()),
  state: z.enum([...PLACED_STATES_OPEN, ...DRAW_STATES]),
  waiting_for: z.string().nullable(),
  sites: z.array(z.string()),
  code: z.enum(DRAW_REFUSALS).nullable(),
  reason: z.string().nullable(),
})

/** `null`: not for this viewer. */
export function placedChange(payload: unknown, { asker, sites }: Viewer) {
  const { by, sites: own, ...draw } = entrySchema.parse(payload)
  const isTold = sites === 'all' || by === asker.actor || own.some((code) => isSeen(sites, code))
  return isTold ? { draw } : null
}
