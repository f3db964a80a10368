/**
 * What a site states of itself, checked: PUE, racks, tariff calendar. Pure; the command line and the
 * HTTP interface share it. Throws `request_invalid` with a sentence that names the field.
 */
import { AppError, isTimeZone } from '@yiben/shared'
import type { JsonObject, JsonValue } from '../model/ledger.ts'
import type { SiteFactValue, TariffCalendar, TariffPeriod } from '../model/site-facts.ts'
import type { SiteFactStatement } from '../storage/site-facts-store.ts'

const PUE_MIN = 1000
const PUE_MAX = 3000
/** More racks than any one site has by two orders of magnitude. */
const RACKS_MAX = 10_000_000
/** Every hour of the day in every month. */
const PERIODS_MAX = 288
const PERIOD_NAME_LENGTH_MAX = 32
const MONTHS = 12
const MINUTES_PER_DAY = 1440
const CLOCK_TIME = /^([01]\d|2[0-3]):([0-5]\d)$/
const MIDNIGHT_AFTER = '24:00'

export interface SiteFactsRequest {
  readonly siteCode: string
  /** Only what is stated or, by a null value, withdrawn; each kind once. */
  readonly facts: readonly SiteFactValue[]
  readonly validFromMs: number
  readonly author: string
  readonly nowMs: number
}

/** A statement for each fact, each with its entry. */
export function siteFactStatements(request: SiteFactsRequest): readonly SiteFactStatement[] {
  const { siteCode, author, facts, nowMs, validFromMs } = request
  return facts.map((fact) => {
    checkFact(fact)
    const payload: JsonObject = {
      by: author,
      site_code: siteCode,
      fact: fact.kind,
      value: jsonOf(fact),
      valid_from_ms: validFromMs,
    }
    return {
      stated: { siteCode, author, statedAtMs: nowMs, validFromMs, fact },
      outbox: [{ kind: 'site_facts_changed', atMs: nowMs, payload }],
    }
  })
}

function checkFact({ kind, value }: SiteFactValue): void {
  if (value === null) return
  if (kind === 'pue') {
    if (!isWithin(value.pueThousandths, PUE_MIN, PUE_MAX)) {
      throw invalid('pue', 'must be 1.000–3.000 with at most 3 decimals')
    }
  } else if (kind === 'racks') {
    if (!isWithin(value.available, 1, RACKS_MAX)) {
      throw invalid('racks', `available must be a whole number of 1–${RACKS_MAX}`)
    }
    if (!isWithin(value.inUse, 0, value.available)) {
      throw invalid('racks', 'in_use must be a whole number from 0 to those available')
    }
  } else checkTariff(value)
}

function checkTariff({ periods, timeZone }: TariffCalendar): void {
  if (!isTimeZone(timeZone)) throw invalid('tariff', 'time_zone must be one of the IANA database')
  if (periods.length === 0 || periods.length > PERIODS_MAX) {
    throw invalid('tariff', `must have 1–${PERIODS_MAX} periods`)
  }
  for (const period of periods) checkPeriod(period)
  for (let month = 1; month <= MONTHS; month += 1) checkMonth(periods, month)
}

function checkPeriod({ from, months, name, to }: TariffPeriod): void {
  if (name.trim() !== name || name === '' || name.length > PERIOD_NAME_LENGTH_MAX) {
    throw invalid('tariff', `a period’s name must have 1–${PERIOD_NAME_LENGTH_MAX} characters`)
  }
  const [fromMinute, toMinute] = [minuteOf(from), minuteOf(to)]
  if (fromMinute === null || toMinute === null || fromMinute === MINUTES_PER_DAY) {
    throw invalid('tariff', `the times of ${name} must be HH:MM, to up to 24:00`)
  }
  if (fromMinute === toMinute) {
    throw invalid('tariff', `${name} lasts no time; a whole day is 00:00 to 24:00`)
  }
  if (months === undefined) return
  const isListed = months.every((month) => isWithin(month, 1, MONTHS))
  if (months.length === 0 || !isListed || new Set(months).size !== months.length) {
    throw invalid('tariff', `the months of ${name} must be numbers of 1–12, each once`)
  }
}

/** Every minute of a day of that month lies in exactly one period. */
function checkMonth(periods: readonly TariffPeriod[], month: number): void {
  const spans = periods
    .filter(({ months }) => months === undefined || months.includes(month))
    .flatMap(spansOf)
    .sort((left, right) => left.from - right.from)
  let covered = 0
  for (const { from, to } of spans) {
    if (from !== covered) {
      const what = from < covered ? 'two periods hold' : 'no period holds'
      const minute = Math.min(from, covered)
      throw invalid('tariff', `${what} ${clockText(minute)} in month ${month}`)
    }
    covered = to
  }
  if (covered !== MINUTES_PER_DAY) {
    throw invalid('tariff', `no period holds ${clockText(covered)} in month ${month}`)
  }
}

/** Within one local day: over midnight there are two. */
function spansOf(period: TariffPeriod): readonly { readonly from: number; readonly to: number }[] {
  const [from, to] = [minuteOf(period.from) ?? 0, minuteOf(period.to) ?? 0]
  if (from < to) return [{ from, to }]
  const evening = { from, to: MINUTES_PER_DAY }
  return to === 0 ? [evening] : [evening, { from: 0, to }]
}

/** Minutes after local midnight; `null` for what is no time of day. */
function minuteOf(text: string): number | null {
  if (text === MIDNIGHT_AFTER) return MINUTES_PER_DAY
  const [, hour, minute] = CLOCK_TIME.exec(text) ?? []
  return hour === undefined ? null : Number(hour) * 60 + Number(minute)
}

function clockText(minute: number): string {
  const pad = (part: number) => String(part).padStart(2, '0')
  return `${pad(Math.floor(minute / 60))}:${pad(minute % 60)}`
}

function jsonOf({ kind, value }: SiteFactValue): JsonValue {
  if (value === null) return null
  switch (kind) {
    case 'pue':
      return { pue_thousandths: value.pueThousandths }
    case 'racks':
      return { in_use: value.inUse, available: value.available }
    case 'tariff':
      return { time_zone: value.timeZone, periods: value.periods.map(periodJson) }
  }
}

function periodJson({ from, months, name, to }: TariffPeriod): JsonObject {
  return months === undefined ? { name, from, to } : { name, months, from, to }
}

function isWithin(value: number, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max
}

function invalid(field: string, sentence: string): AppError {
  return new AppError('request_invalid', `${field}: ${sentence}`, { fields: { field } })
}
