/**
 * Reading numbers out of printed text, strictly: the whole text must be the number, with the unit
 * that was asked for. Anything else (`N/A`, `[Unknown Error]`, `ERR!`, a cut figure) is `null`.
 */

const NUMBER = /^[+-]?\d+(?:\.\d+)?$/
/** Longer than any figure a tool prints; past it a double would round what was printed. */
const DIGITS_MAX = 15

/** A plain number; blanks around it are ignored. */
export function readNumber(text: string | null | undefined): number | null {
  const trimmed = text?.trim() ?? ''
  if (!NUMBER.test(trimmed) || trimmed.length > DIGITS_MAX) return null
  return Number(trimmed)
}

/** A number that must be followed by this unit (`MiB`, `%`, `W`), with or without a blank. */
export function readQuantity(text: string | null | undefined, unit: string): number | null {
  const trimmed = text?.trim() ?? ''
  if (!trimmed.endsWith(unit)) return null
  return readNumber(trimmed.slice(0, trimmed.length - unit.length))
}

/** A number with the unit or without any, as CSV prints it with `nounits`. */
export function readQuantityOrNumber(text: string | null | undefined, unit: string): number | null {
  return readQuantity(text, unit) ?? readNumber(text)
}

/** Degrees: `44C`, `44.00 C`, `44 °C`, `44℃`. */
export function readCelsius(text: string | null | undefined): number | null {
  return readQuantity(text?.replace('°', '').replace('℃', 'C'), 'C')
}

/** Whole and not negative: ids, counts, mebibytes. */
export function readCount(text: string | null | undefined): number | null {
  const value = readNumber(text)
  return value !== null && Number.isInteger(value) && value >= 0 ? value : null
}

/** A part may be the word `N/A`, which has a slash of its own. */
const PAIR = /^(N\/A|[^/]*?)\s*\/\s*(N\/A|[^/]*)$/

export interface FigurePair {
  readonly used: number | null
  readonly total: number | null
}

/**
 * In use and in all, `0MiB / 32512MiB`, `106 W/ 250 W`, or with one unit at the end for both,
 * `858/65536 MiB`. A masked or absent part is `null`, and so are both of what is no pair.
 */
export function readPair(text: string | null | undefined, unit: string): FigurePair {
  const [, used, total] = PAIR.exec(text?.trim() ?? '') ?? []
  const isUnitOfBoth = total?.endsWith(unit) === true
  return {
    used: readQuantity(used, unit) ?? (isUnitOfBoth ? readNumber(used) : null),
    total: readQuantity(total, unit),
  }
}

/** Words vendors print where they have nothing to say; compared in lower case. */
const ABSENT_WORDS = new Set([
  '',
  '-',
  'n/a',
  'na',
  'none',
  'unknown',
  'unknown error',
  'not supported',
  'err!',
  'function not found',
  'insufficient permissions',
  'gpu requires reset',
  'gpu is lost',
  'requested functionality has been deprecated',
])

/** A printed word or name, or `null` where the tool has none. */
export function readWord(text: string | null | undefined): string | null {
  const trimmed = text?.trim() ?? ''
  const bare = trimmed.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  return ABSENT_WORDS.has(bare) ? null : trimmed
}

/** Lines without their line ends; a byte order mark is dropped. */
export function splitLines(text: string): string[] {
  return text.replace(/^\uFEFF/, '').split(/\r?\n/)
}
