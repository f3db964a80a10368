/** The shape of a template as it is written, by zod; what its parts mean together is template.ts. */
import { z } from 'zod'
import { durationMsOf } from '../config/option-kinds.ts'
import { ROW_KINDS } from './facts.ts'

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

function durationWithin(minMs: number, maxMs: number, words: string) {
  const message = `must be a duration of ${words}, with its unit (s, min, h, d)`
  return z.string(message).transform((text, context) => {
    const ms = durationMsOf(text)
    if (ms === null || ms < minMs || ms > maxMs) {
      context.addIssue(message)
      return z.NEVER
    }
    return ms
  })
}

const shortText = z.string('must be a text').min(1, 'must not be empty').max(1_000, 'is too long')
const word = z
  .string('must be a text')
  .regex(/^[a-z][a-z0-9_]{0,63}$/, 'must be 1–64 small letters, digits and underscores')
const codes = z.array(
  z.union([z.string(), z.number().int()], { error: 'must be a code' }).transform(String),
)

const timeOfDay = z
  .string('must be a time of day such as "02:00"')
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as "02:00"')
  .transform((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3)))

export const UNITS = ['GFLOPS', 'TFLOPS', 'PFLOPS', 'EFLOPS'] as const

export const fieldSchema = z.strictObject({
  name: shortText,
  value: z
    .union([z.string(), z.number().int()], { error: 'must be a text or a whole number' })
    .optional(),
  fact: z.string('must be the name of a fact').optional(),
  text: z.string('must be a text with {names}').optional(),
  table: word.optional(),
  unit: z.enum(UNITS, { error: `must be one of ${UNITS.join(', ')}` }).optional(),
  decimals: z.number('must be a whole number of 0–12').int().min(0).max(12).optional(),
  rounding: z.enum(['down', 'half_up'], { error: 'must be down or half_up' }).optional(),
  time: shortText.optional(),
  as: z.enum(['text', 'number'], { error: 'must be text or number' }).optional(),
  unknown: z.string('must be a text or null').nullable().optional(),
  if_unknown: z
    .enum(['tell', 'leave_out', 'stop'], { error: 'must be tell, leave_out or stop' })
    .default('tell'),
  hidden: z.boolean('must be true or false').default(false),
})
export type FieldText = z.output<typeof fieldSchema>

const fieldsSchema = z.array(fieldSchema, 'must be a list of fields').min(1, 'must not be empty')

const runSchema = z.strictObject({
  code: z.string('must be a text').max(64, 'is too long').default(''),
  rows: z.enum(ROW_KINDS, { error: `must be one of ${ROW_KINDS.join(', ')}` }),
  at: z.array(timeOfDay).min(1, 'must not be empty').optional(),
  every: durationWithin(MINUTE_MS, DAY_MS, '1 minute to 1 day').optional(),
  delay: durationWithin(0, DAY_MS / 2, '0 to 12 hours').default(2 * MINUTE_MS),
  fields: fieldsSchema.optional(),
})
export type RunText = z.output<typeof runSchema>

const fileSchema = z.strictObject({
  name: shortText,
  format: z.enum(['csv', 'json_lines'], { error: 'must be csv or json_lines' }),
  separator: z
    .string('must be one character')
    .regex(/^[^"\r\n]$/, 'must be one character')
    .default(','),
  header: z.boolean('must be true or false').default(true),
  line_end: z.enum(['lf', 'crlf'], { error: 'must be lf or crlf' }).default('lf'),
  unknown: z.string('must be a text or null').nullable().default(''),
  gzip: z
    .enum(['never', 'over', 'always'], { error: 'must be never, over or always' })
    .default('never'),
  gzip_over_bytes: z
    .number('must be a whole number')
    .int()
    .min(1)
    .default(2 * 1024 * 1024),
  gzip_suffix: z
    .string('must be a text')
    .regex(/^(\.[A-Za-z0-9]{1,16})?$/, 'must be empty or an ending such as .gz')
    .default(''),
})

const sequenceSchema = z.strictObject({
  digits: z.number('must be a whole number of 1–9').int().min(1).max(9),
  first: z.number('must be a whole number').int().min(0).default(1),
  restart: z.enum(['never', 'daily', 'monthly'], { error: 'must be never, daily or monthly' }),
  when_full: z.enum(['stop', 'restart'], { error: 'must be stop or restart' }).default('stop'),
})

const httpSchema = z.strictObject({
  url: shortText,
  method: z.enum(['PUT', 'POST'], { error: 'must be PUT or POST' }).default('PUT'),
  headers: z.record(z.string().regex(/^[A-Za-z0-9-]{1,64}$/), shortText).default({}),
  token_file: shortText.optional(),
  token_header: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,64}$/)
    .default('authorization'),
  token_prefix: z.string('must be a text').max(64).default('Bearer '),
  ca_file: shortText.optional(),
  timeout: durationWithin(100, 10 * MINUTE_MS, '100 ms to 10 minutes').default(30_000),
  already: z.array(z.number().int().min(400).max(499)).default([409]),
})

const receiptsSchema = z.strictObject({
  from: z.enum(['folder', 'answer'], { error: 'must be folder or answer' }),
  folder: shortText.optional(),
  name: shortText.default('{name}.receipt'),
  format: z.enum(['csv', 'json'], { error: 'must be csv or json' }),
  separator: z
    .string()
    .regex(/^[^"\r\n]$/, 'must be one character')
    .default(','),
  within: durationWithin(1_000, 30 * DAY_MS, '1 second to 30 days'),
  status: z
    .strictObject({
      field: shortText,
      accepted: codes.min(1, 'must not be empty'),
      rejected: codes.default([]),
    })
    .optional(),
  rows: z
    .strictObject({
      list: z.string('must be a path').default(''),
      key: shortText,
      key_is: shortText,
      code: shortText,
      accepted: codes.default([]),
    })
    .optional(),
})

const NO_RESENDS = { times: 0, after: 3_600_000, rejected: 'none' } as const

const resendSchema = z.strictObject({
  times: z.number('must be a whole number of 0–100').int().min(0).max(100),
  after: durationWithin(1_000, 30 * DAY_MS, '1 second to 30 days').default(3_600_000),
  rejected: z.enum(['rows', 'none'], { error: 'must be rows or none' }).default('none'),
})

const tableSchema = z.union(
  [
    z.strictObject({ file: shortText }),
    z.record(z.string(), z.union([z.string(), z.number().int()]).transform(String)),
  ],
  { error: 'must be a map of codes, or the file that holds one' },
)

export const templateSchema = z.strictObject({
  template: word,
  time_zone: shortText,
  constants: z.record(word, z.union([z.string(), z.number().int()]).transform(String)).default({}),
  tables: z.record(word, tableSchema).default({}),
  issued_codes: z.strictObject({ scheme: shortText }).optional(),
  runs: z.strictObject({ total: runSchema.optional(), available: runSchema.optional() }),
  fields: fieldsSchema.optional(),
  file: fileSchema,
  sequence: sequenceSchema,
  deliver: z.strictObject({ folder: shortText.optional(), http: httpSchema.optional() }),
  receipts: receiptsSchema.optional(),
  resend: resendSchema.default(NO_RESENDS),
  keep: durationWithin(DAY_MS, 3_650 * DAY_MS, '1 day to 3650 days').default(90 * DAY_MS),
})
export type TemplateText = z.output<typeof templateSchema>
