/**
 * Durations and sizes as people write them: a number and its unit, never a bare number. Pure.
 * Every duration is at least 1 s, so that real processes can be tested in seconds and no setting
 * turns a loop into a busy one.
 */

/** A value, or why it is none: the end of a sentence that begins with the option's name. */
export type Parsed<T> =
  | { readonly status: 'ok'; readonly value: T }
  | { readonly status: 'refused'; readonly reason: string }

const DURATION_UNITS = new Map([
  ['ms', 1],
  ['s', 1000],
  ['min', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])

const SIZE_UNITS = new Map([
  ['KiB', 1024],
  ['MiB', 1024 ** 2],
  ['GiB', 1024 ** 3],
])

const QUANTITY = /^(\d{1,9}(?:\.\d{1,3})?)\s?([A-Za-z]+)$/

export interface Range {
  readonly min: string
  readonly max: string
}

export function parseDuration(value: unknown, range: Range): Parsed<number> {
  return parseQuantity(value, range, {
    units: DURATION_UNITS,
    noun: 'a duration',
    examples: '10s, 15min, 2h or 7d',
  })
}

export function parseSize(value: unknown, range: Range): Parsed<number> {
  return parseQuantity(value, range, { units: SIZE_UNITS, noun: 'a size', examples: '64MiB' })
}

interface Measure {
  readonly units: ReadonlyMap<string, number>
  readonly noun: string
  readonly examples: string
}

function parseQuantity(value: unknown, range: Range, measure: Measure): Parsed<number> {
  const amount = amountOf(value, measure)
  if (amount.status === 'refused') return amount
  const min = boundOf(range.min, measure)
  const max = boundOf(range.max, measure)
  if (amount.value >= min && amount.value <= max) return amount
  return refused(`is ${String(value)}, outside ${range.min} to ${range.max}`)
}

/** Bounds come from our own table; one that does not parse admits nothing and fails every test. */
function boundOf(text: string, measure: Measure): number {
  const bound = amountOf(text, measure)
  return bound.status === 'ok' ? bound.value : Number.NaN
}

function amountOf(value: unknown, { units, noun, examples }: Measure): Parsed<number> {
  if (typeof value === 'number') {
    return refused(`is ${value} without a unit; write it like ${examples}`)
  }
  const match = typeof value === 'string' ? QUANTITY.exec(value.trim()) : null
  const [, number, unit] = match ?? []
  if (number === undefined || unit === undefined) {
    return refused(`is not ${noun}; write it like ${examples}`)
  }
  const factor = units.get(unit)
  if (factor === undefined) {
    return refused(`has the unit "${unit}"; ${noun} is in ${[...units.keys()].join(', ')}`)
  }
  return { status: 'ok', value: Math.round(Number(number) * factor) }
}

function refused(reason: string): { readonly status: 'refused'; readonly reason: string } {
  return { status: 'refused', reason }
}
