/**
 * When owners lend, by the calendars that nodes told with their policies. Equal calendars are one
 * object; each is read once, and asks the time zone only when its last answer no longer holds: a
 * search asks for the hours of every lot.
 *
 * A calendar that cannot be read is one of a later version: nothing is lent under it.
 */
import { type Calendar, calendarOf, insideUntilMs, isAlways, nextEdgeMs } from '@yiben/shared'

/** Calendars of a whole country, with room; past it the table starts anew. */
const CALENDARS_MAX = 10_000
/** An edge further away than the calendar looks is looked for again after a day. */
const DAY_MS = 86_400_000

export interface OwnerHours {
  /** `false`: written in a way that this program does not know; never open. */
  readonly isReadable: boolean
  /** The end of the opening that `atMs` lies in; `atMs` where it is closed, `null` without an end. */
  openUntilMs(atMs: number): number | null
}

export function isOpenAt(hours: OwnerHours, atMs: number): boolean {
  return hours.openUntilMs(atMs) !== atMs
}

export class OwnerCalendars {
  readonly #known = new Map<string, OwnerHours>()

  /** `null`, as in a policy: always. */
  of(text: string | null): OwnerHours {
    if (text === null) return ALWAYS_OPEN
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const hours = hoursOf(calendarOf(text))
    if (this.#known.size >= CALENDARS_MAX) this.#known.clear()
    this.#known.set(text, hours)
    return hours
  }
}

const ALWAYS_OPEN: OwnerHours = { isReadable: true, openUntilMs: () => null }
const NEVER_READ: OwnerHours = { isReadable: false, openUntilMs: (atMs) => atMs }

function hoursOf(calendar: Calendar | null): OwnerHours {
  if (calendar === null) return NEVER_READ
  return isAlways(calendar) ? ALWAYS_OPEN : new CalendarHours(calendar)
}

class CalendarHours implements OwnerHours {
  readonly isReadable = true
  readonly #calendar: Calendar
  /** The last answer holds for instants in [fromMs, toMs). */
  #fromMs = 0
  #toMs = 0
  #isOpen = false
  #untilMs: number | null = null

  constructor(calendar: Calendar) {
    this.#calendar = calendar
  }

  openUntilMs(atMs: number): number | null {
    if (atMs < this.#fromMs || atMs >= this.#toMs) this.#look(atMs)
    return this.#isOpen ? this.#untilMs : atMs
  }

  #look(atMs: number): void {
    this.#fromMs = atMs
    this.#untilMs = insideUntilMs(this.#calendar, atMs)
    this.#isOpen = this.#untilMs !== atMs
    const edgeMs = this.#isOpen ? this.#untilMs : nextEdgeMs(this.#calendar, atMs)
    this.#toMs = edgeMs ?? atMs + DAY_MS
  }
}
