/**
 * Civil days and months of a time zone as UTC instants: months are reported in the zone people
 * keep books in, hours are stored in UTC. Zones come from the runtime's own tables.
 */
import { AppError } from '@yiben/shared'

/** Months count from 1. */
export interface CivilDate {
  readonly year: number
  readonly month: number
  readonly day: number
}

/** The civil date at an instant; throws `request_invalid` for a zone that does not exist. */
export function civilDate(atMs: number, timeZone: string): CivilDate {
  const { year, month, day } = civilFields(atMs, timeZone)
  return { year, month, day }
}

/** When the civil day begins: the first instant whose date it is. Day and month may overflow. */
export function civilDayStartMs(date: CivilDate, timeZone: string): number {
  const wanted = Date.UTC(date.year, date.month - 1, date.day)
  // Twice: the offset guessed from the wall time may be the one of the other side of a change.
  let guess = wanted
  for (let pass = 0; pass < 2; pass += 1) guess = wanted - offsetMs(guess, timeZone)
  return guess
}

export function nextMonth({ year, month }: CivilDate): { year: number; month: number } {
  return month === 12 ? { year: year + 1, month: 1 } : { year, month: month + 1 }
}

function offsetMs(atMs: number, timeZone: string): number {
  const { year, month, day, hour, minute, second } = civilFields(atMs, timeZone)
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(atMs / 1000) * 1000
}

type CivilFields = Record<'year' | 'month' | 'day' | 'hour' | 'minute' | 'second', number>

/** Bounded by the zones that exist: wrong names throw before they are kept. */
const formats = new Map<string, Intl.DateTimeFormat>()

/** Date and clock of the zone at an instant; throws `request_invalid` for a zone that does not exist. */
export function civilFields(atMs: number, timeZone: string): CivilFields {
  const fields = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 }
  for (const { type, value } of formatOf(timeZone).formatToParts(atMs)) {
    if (type in fields) fields[type as keyof CivilFields] = Number(value)
  }
  return fields
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone)
  if (known !== undefined) return known
  try {
    const format = new Intl.DateTimeFormat('en-u-ca-iso8601', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    formats.set(timeZone, format)
    return format
  } catch (error) {
    const sentence = `tz ${timeZone.slice(0, 64)} is not a time zone of the IANA database`
    throw new AppError('request_invalid', sentence, { cause: error })
  }
}
