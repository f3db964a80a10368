/**
 * Peak, flat and valley hours: which period of a site's electricity tariff an instant lies in. The
 * calendar is what the site has stated; a period is a span of the civil day, in some months or all.
 */
import type { SiteFact, TariffCalendar } from '../model/site-facts.ts'
import { civilFields } from './civil.ts'

/** Of time that no period of the calendar holds. */
const NO_TARIFF_PERIOD = 'other'

/** Name of the period; throws `request_invalid` for a time zone that does not exist. */
export function tariffPeriodAt(calendar: TariffCalendar, atMs: number): string {
  const { month, hour, minute } = civilFields(atMs, calendar.timeZone)
  const minuteOfDay = hour * 60 + minute
  const period = calendar.periods.find(
    ({ months, from, to }) =>
      (months === undefined || months.includes(month)) &&
      isWithin(minuteOfDay, minuteOf(from), minuteOf(to)),
  )
  return period?.name ?? NO_TARIFF_PERIOD
}

/** The same, remembering what it has told: many sites share an hour, and some a calendar. */
export function tariffPeriods(): typeof tariffPeriodAt {
  const told = new Map<TariffCalendar, Map<number, string>>()
  return (calendar, atMs) => {
    const names = told.get(calendar) ?? new Map<number, string>()
    told.set(calendar, names)
    const name = names.get(atMs) ?? tariffPeriodAt(calendar, atMs)
    names.set(atMs, name)
    return name
  }
}

function isWithin(minute: number, from: number, to: number): boolean {
  return from < to ? minute >= from && minute < to : minute >= from || minute < to
}

/** `24:00` is the end of the day. */
function minuteOf(clock: string): number {
  const [hours = '', minutes = ''] = clock.split(':')
  return Number(hours) * 60 + Number(minutes)
}

/**
 * The calendar of a site in force at an instant, of statements in the order they were made; `null`
 * where none was stated, or it was withdrawn.
 */
export function tariffsOf(
  statements: readonly SiteFact[],
): (siteCode: string, atMs: number) => TariffCalendar | null {
  const bySite = Map.groupBy(statements, ({ siteCode }) => siteCode)
  return (siteCode, atMs) => {
    const stated = bySite.get(siteCode)?.findLast(({ validFromMs }) => validFromMs <= atMs)
    return stated?.fact.kind === 'tariff' ? stated.fact.value : null
  }
}
