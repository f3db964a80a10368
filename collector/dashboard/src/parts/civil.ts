/**
 * Pickers show wall clocks of the zone that the whole dashboard speaks in, wherever the browser
 * stands: what is picked as 08:00 is 08:00 there.
 */
import dayjs, { type Dayjs } from 'dayjs'

/** The zone that civil days are of. */
export const CIVIL_ZONE = 'Asia/Shanghai'

/** A picker's value for an instant. */
export function pickerOf(instant: string | number): Dayjs {
  // Swedish writes dates as ISO 8601 does.
  return dayjs(new Date(instant).toLocaleString('sv-SE', { timeZone: CIVIL_ZONE }))
}

/** The instant at which the zone's clocks show what was picked. */
export function instantOf(picked: Dayjs): string {
  const asIfUtc = Date.parse(`${picked.format('YYYY-MM-DDTHH:mm:ss')}Z`)
  // The zone's offset at that time, to the second: twice, for the hours around a change of clocks.
  const near = asIfUtc - offsetMs(asIfUtc)
  return new Date(asIfUtc - offsetMs(near)).toISOString()
}

function offsetMs(atMs: number): number {
  const shown = new Date(atMs).toLocaleString('sv-SE', { timeZone: CIVIL_ZONE }).replace(' ', 'T')
  return Date.parse(`${shown}Z`) - Math.floor(atMs / 1_000) * 1_000
}
