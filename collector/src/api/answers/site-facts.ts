/** What a site states of itself, as it is written out and as it is taken in. */
import { z } from 'zod'
import type { SiteFact, SiteFactValue, TariffCalendar } from '../../model/site-facts.ts'
import { instantOut, instantText } from '../schemas.ts'

/** Statements shown with a site, the latest first. */
export const FACT_HISTORY_MAX = 100

const statedShape = { author: z.string(), stated_at: instantOut, valid_from: instantOut }
const pueText = z
  .string()
  .regex(/^\d\.\d{1,3}$/, 'must be a decimal text with 1 to 3 decimals, such as 1.25')

const periodSchema = z.strictObject({
  name: z.string(),
  months: z.array(z.number().int()).optional().meta({ description: '1–12; left out: all' }),
  from: z.string().meta({ description: 'HH:MM, local, included' }),
  to: z
    .string()
    .meta({ description: 'HH:MM up to 24:00, excluded; earlier than from: over midnight' }),
})

export const tariffSchema = z
  .strictObject({ time_zone: z.string(), periods: z.array(periodSchema) })
  .meta({ id: 'TariffCalendar' })

export const siteFactsSchema = z.object({
  pue: z.object({ value: pueText, ...statedShape }).nullable(),
  racks: z
    .object({
      in_use: z.number().int(),
      available: z.number().int(),
      occupancy: z.number().min(0).max(1),
      ...statedShape,
    })
    .nullable(),
  tariff: z.object({ ...tariffSchema.shape, ...statedShape }).nullable(),
})
type SiteFactsAnswer = z.infer<typeof siteFactsSchema>

export const factHistorySchema = z.array(
  z.object({
    fact: z.enum(['pue', 'racks', 'tariff']),
    value: z.union([
      pueText,
      z.object({ in_use: z.number().int(), available: z.number().int() }),
      tariffSchema,
      z.null(),
    ]),
    ...statedShape,
  }),
)

/** Left out: as before; `null`: no longer stated. */
export const siteFactsIn = z.strictObject({
  pue: pueText.nullable().optional(),
  racks: z
    .strictObject({ in_use: z.number().int(), available: z.number().int() })
    .nullable()
    .optional(),
  tariff: tariffSchema.nullable().optional(),
})

export function factValuesOf(stated: z.output<typeof siteFactsIn>): readonly SiteFactValue[] {
  const { pue, racks, tariff } = stated
  const values: SiteFactValue[] = []
  if (pue !== undefined) {
    const value = pue === null ? null : { pueThousandths: thousandthsOf(pue) }
    values.push({ kind: 'pue', value })
  }
  if (racks !== undefined) {
    const value = racks === null ? null : { inUse: racks.in_use, available: racks.available }
    values.push({ kind: 'racks', value })
  }
  if (tariff !== undefined) {
    values.push({ kind: 'tariff', value: tariff === null ? null : calendarIn(tariff) })
  }
  return values
}

/** Of one site, in force. */
export function siteFactsOf(facts: readonly SiteFact[]): SiteFactsAnswer {
  const answer: SiteFactsAnswer = { pue: null, racks: null, tariff: null }
  for (const one of facts) {
    const { kind, value } = one.fact
    if (value === null) continue
    if (kind === 'pue') {
      answer.pue = { value: pueOut(value.pueThousandths), ...statedOf(one) }
    } else if (kind === 'racks') {
      const { available, inUse } = value
      const occupancy = Math.floor((inUse * 1_000_000) / available) / 1_000_000
      answer.racks = { in_use: inUse, available, occupancy, ...statedOf(one) }
    } else {
      answer.tariff = { ...calendarOut(value), ...statedOf(one) }
    }
  }
  return answer
}

export function factHistoryOf(facts: readonly SiteFact[]): z.infer<typeof factHistorySchema> {
  return facts.map((one) => ({ fact: one.fact.kind, value: valueOut(one.fact), ...statedOf(one) }))
}

function valueOut({
  kind,
  value,
}: SiteFactValue): z.infer<typeof factHistorySchema>[number]['value'] {
  if (value === null) return null
  switch (kind) {
    case 'pue':
      return pueOut(value.pueThousandths)
    case 'racks':
      return { in_use: value.inUse, available: value.available }
    case 'tariff':
      return calendarOut(value)
  }
}

function statedOf({ author, statedAtMs, validFromMs }: SiteFact) {
  return { author, stated_at: instantText(statedAtMs), valid_from: instantText(validFromMs) }
}

/** `1.25` → 1250; the schema has checked the digits. */
function thousandthsOf(text: string): number {
  const [whole = '0', fraction = ''] = text.split('.')
  return Number(whole) * 1000 + Number(fraction.padEnd(3, '0'))
}

function pueOut(thousandths: number): string {
  return (thousandths / 1000).toFixed(3)
}

function calendarIn({ periods, time_zone }: z.output<typeof tariffSchema>): TariffCalendar {
  return {
    timeZone: time_zone,
    periods: periods.map(({ months, ...period }) =>
      months === undefined ? period : { ...period, months },
    ),
  }
}

function calendarOut({ periods, timeZone }: TariffCalendar): z.infer<typeof tariffSchema> {
  return {
    time_zone: timeZone,
    periods: periods.map(({ months, ...period }) =>
      months === undefined ? { ...period } : { ...period, months: [...months] },
    ),
  }
}
