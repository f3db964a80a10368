/**
 * Kinds of values that options have, each with the words of its refusal. Durations carry their unit
 * (`2h`), because a bare number is how a second becomes a millisecond.
 */
import { HOUR_MS, isTimeZone } from '@yiben/shared'
import { z } from 'zod'

const DAY_MS = 24 * HOUR_MS

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  min: 60_000,
  h: HOUR_MS,
  d: DAY_MS,
}

/** `90s`, `2h`, `500ms`, `15min`, `14d` as milliseconds; `null` for anything else. */
export function durationMsOf(text: string): number | null {
  const [, digits, unit] = /^(\d{1,9})(ms|s|min|h|d)$/.exec(text) ?? []
  const factor = unit === undefined ? undefined : UNIT_MS[unit]
  return digits === undefined || factor === undefined ? null : Number(digits) * factor
}

/** One row of the table: what a value must be, and what is told of it. */
export interface Option<Value> {
  readonly schema: z.ZodType<Value>
  readonly default: string
  readonly unit: string
  readonly range: string
  readonly sentence: string
}

/** A text that must be there. */
export function text(fallback: string, sentence: string): Option<string> {
  const schema = z.string('must be a text').min(1, 'must not be empty').max(1024, 'is too long')
  return { schema, default: fallback, unit: 'text', range: '', sentence }
}

/** A text that may be left out; it is then empty. */
export function optionalText(unit: string, sentence: string): Option<string> {
  const schema = z.string('must be a text').max(1024, 'is too long')
  return { schema, default: '', unit, range: '', sentence }
}

/** A whole number without a unit. */
export function count(fallback: number, [min, max]: readonly [number, number], sentence: string) {
  const range = `${min}–${max}`
  const schema = z
    .union(
      [
        z.number(),
        z
          .string()
          .regex(/^\d{1,9}$/)
          .transform(Number),
      ],
      {
        error: `must be a whole number of ${range}, without a unit`,
      },
    )
    .refine((value) => Number.isInteger(value) && value >= min && value <= max, {
      error: `must be a whole number of ${range}`,
    })
  return { schema, default: String(fallback), unit: 'number', range, sentence }
}

/** A duration with its unit, as milliseconds. */
export function duration(
  fallback: string,
  [min, max]: readonly [string, string],
  sentence: string,
) {
  const range = `${min}–${max}`
  const schema = z
    .string(`must be a duration with its unit, such as ${fallback} (ms, s, min, h, d)`)
    .transform((value, context) => {
      const ms = durationMsOf(value)
      if (ms === null) {
        context.addIssue(`must be a duration with its unit, such as ${fallback} (ms, s, min, h, d)`)
        return z.NEVER
      }
      if (ms < (durationMsOf(min) ?? 0) || ms > (durationMsOf(max) ?? 0)) {
        context.addIssue(`must lie in ${range}`)
      }
      return ms
    })
  return { schema, default: fallback, unit: 'duration', range, sentence }
}

/** One of a few words. */
export function choice<Word extends string>(
  fallback: Word,
  words: readonly Word[],
  sentence: string,
) {
  const range = words.join(' | ')
  const schema = z.enum(words, { error: `must be one of ${words.join(', ')}` })
  return { schema, default: fallback, unit: 'word', range, sentence }
}

/** `true` or `false`; `false` where it is left out. */
export function flag(sentence: string): Option<boolean> {
  const schema = z
    .union([z.boolean(), z.enum(['true', 'false'])], { error: 'must be true or false' })
    .transform((value) => value === true || value === 'true')
  return { schema, default: 'false', unit: 'true | false', range: '', sentence }
}

/** A zone of the IANA list. */
export function timeZone(fallback: string, sentence: string): Option<string> {
  const schema = z
    .string('must be a time zone')
    .refine(isTimeZone, { error: 'must be a time zone of the IANA list, such as Asia/Shanghai' })
  return { schema, default: fallback, unit: 'time zone', range: '', sentence }
}
