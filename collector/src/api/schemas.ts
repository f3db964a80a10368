/**
 * Pieces that every route's schema is made of: instants (RFC 3339, answered in UTC), spans, pages,
 * amounts as decimal strings. Questions are strict objects, so that a misspelt name is refused.
 */
import { AppError } from '@yiben/shared'
import { z } from 'zod'
import { durationMsOf } from '../config/option-kinds.ts'
import type { PageRequest } from '../storage/requests.ts'
import { problemSchema } from './errors.ts'

export const PAGE_ROWS_DEFAULT = 100
/** A page stays under a megabyte. */
export const PAGE_ROWS_MAX = 1_000
/** Cursors are ours and short; what is longer is not one. */
const CURSOR_LENGTH_MAX = 200

/** An instant in a question, as UTC epoch milliseconds. */
export const instantIn = z.iso
  .datetime({ offset: true, error: 'must be an RFC 3339 instant, as in 2026-03-01T08:00:00Z' })
  .transform((text) => Date.parse(text))

export const instantOut = z.iso.datetime().meta({ description: 'RFC 3339, UTC' })
export const amountOut = z.string().regex(/^\d+$/).meta({ description: 'integer as decimal text' })
export const decimalOut = z
  .string()
  .regex(/^\d+(\.\d+)?$/)
  .meta({ description: 'decimal text' })
/** Of 0 to 1; `null` where it would be a share of nothing. */
export const ratioOut = z.number().min(0).max(1).nullable()

export function instantText(atMs: number): string {
  return new Date(atMs).toISOString()
}

export function instantOrNull(atMs: number | null): string | null {
  return atMs === null ? null : instantText(atMs)
}

/** Six digits at most, so that parts per million survive the way to JSON exactly. */
export function ratioOfPpm(ppm: number | null): number | null {
  return ppm === null ? null : ppm / 1_000_000
}

export const durationIn = (maxText: string) => {
  const maxMs = durationMsOf(maxText) ?? 0
  return z.string().transform((text, context) => {
    const ms = durationMsOf(text)
    if (ms === null) {
      context.addIssue('must be a duration with its unit, such as 30s (ms, s, min, h, d)')
      return z.NEVER
    }
    if (ms > maxMs) context.addIssue(`must be at most ${maxText}`)
    return ms
  })
}

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `must be a whole number of ${min}–${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be a whole number of ${min}–${max}`)

export const countIn = wholeNumber

export const flagIn = z
  .enum(['true', 'false'], { error: 'must be true or false' })
  .transform((word) => word === 'true')

export const pageIn = {
  cursor: z.string().min(1).max(CURSOR_LENGTH_MAX).optional(),
  limit: wholeNumber(1, PAGE_ROWS_MAX).optional(),
}

export const nextCursorOut = z
  .string()
  .nullable()
  .meta({ description: 'hand in as `cursor` for the next page; null at the end' })

export function pageOf(query: {
  readonly cursor?: string | undefined
  readonly limit?: number | undefined
}): PageRequest {
  return { cursor: query.cursor ?? null, limit: query.limit ?? PAGE_ROWS_DEFAULT }
}

/** Refuses a span that ends before it begins, or is longer than `msMax`. */
export function checkedSpan(
  { from, to }: { readonly from: number; readonly to: number },
  msMax: number,
): { readonly fromMs: number; readonly toMs: number } {
  if (to <= from) throw invalid('to', 'must be later than from')
  if (to - from > msMax) {
    throw invalid('to', `must be at most ${Math.floor(msMax / 3_600_000)} hours after from`)
  }
  return { fromMs: from, toMs: to }
}

export function invalid(field: string, sentence: string): AppError {
  return new AppError('request_invalid', `${field}: ${sentence}`, { fields: { field } })
}

/** The failures every route may answer with, for the description. */
export const PROBLEMS = {
  400: problemSchema,
  401: problemSchema,
  403: problemSchema,
  404: problemSchema,
  410: problemSchema,
  429: problemSchema,
  503: problemSchema,
} as const
