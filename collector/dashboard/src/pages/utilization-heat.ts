/** Hours of the week and how busy they were: sums of hourly rows by civil weekday and hour. Pure. */
import { type RollupRow, shareOfTime, type TimeBasis, timeOf } from './utilization-sums.ts'

export const WEEKDAYS = 7
export const HOURS = 24

export interface HeatCell {
  /** 0 is Monday. */
  readonly weekday: number
  readonly hour: number
  /** Active ÷ (all − unknown) over the hours that fall here; `null` where nothing is known. */
  readonly rate: number | null
  /** Hours that were summed. */
  readonly hours: number
}

/** All 168 cells, Monday first, by the civil hour in which each row begins. */
export function heatCells(
  rows: readonly RollupRow[],
  basis: TimeBasis,
  timeZone: string,
): readonly HeatCell[] {
  const civil = civilReader(timeZone)
  const sums = Array.from({ length: WEEKDAYS * HOURS }, () => ({ active: 0n, known: 0n, hours: 0 }))
  for (const row of rows) {
    const time = timeOf(row, basis)
    const { weekday, hour } = civil(row.from)
    const sum = sums[weekday * HOURS + hour]
    if (time === null || sum === undefined) continue
    sum.active += time.active
    sum.known += time.all - time.states.unknown
    sum.hours += 1
  }
  return sums.map(({ active, known, hours }, index) => ({
    weekday: Math.floor(index / HOURS),
    hour: index % HOURS,
    rate: shareOfTime(active, known),
    hours,
  }))
}

function civilReader(timeZone: string) {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    hourCycle: 'h23',
  })
  const names = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
  return (rfc3339: string) => {
    const parts = format.formatToParts(new Date(rfc3339))
    const part = (type: string) => parts.find((one) => one.type === type)?.value ?? ''
    return { weekday: names.indexOf(part('weekday')), hour: Number(part('hour')) }
  }
}
