/** Refusals of draws as RFC 9457 problem documents: `code` is the refusal's name. */
import { z } from 'zod'
import { DRAW_REFUSALS, type DrawRefusal, type DrawRefusalCode } from '../../model/draw.ts'
import { problemSchema } from '../errors.ts'
import { PROBLEMS } from '../schemas.ts'
import { type DrawAnswer, drawSchema } from './draw-schema.ts'
import { refusalOf } from './draws.ts'

/** Passes by itself, or names nothing that is there; all others are a conflict with what is. */
const STATUSES: Readonly<Partial<Record<DrawRefusalCode, 404 | 503>>> = {
  recovering: 503,
  clock_accused: 503,
  deposits_suspended: 503,
  draw_unknown: 404,
}

const refusedSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.enum(DRAW_REFUSALS),
    detail: z.string(),
    reason: z.string().nullable().meta({ description: 'as a node gave it, or a filter’s name' }),
    cards_available: z.number().int().nullable(),
    draw: drawSchema.nullable().meta({ description: 'as it is; null: none, or not yours to see' }),
  })
  .meta({ id: 'DrawRefused', description: 'RFC 9457 problem document' })
export type DrawProblem = z.infer<typeof refusedSchema>

const either = z.union([refusedSchema, problemSchema])

/** The failures that a route about draws may answer with. */
export const DRAW_PROBLEMS = { ...PROBLEMS, 404: either, 409: either, 503: either } as const

export function statusOfRefusal(code: DrawRefusalCode): 404 | 409 | 503 {
  return STATUSES[code] ?? 409
}

export function problemOfRefusal(refusal: DrawRefusal, draw: DrawAnswer | null): DrawProblem {
  const { code, sentence, ...more } = refusalOf(refusal)
  return {
    type: `urn:yiben:problem:draw:${code}`,
    title: code.replaceAll('_', ' '),
    status: statusOfRefusal(code),
    code,
    detail: sentence,
    ...more,
    draw,
  }
}
