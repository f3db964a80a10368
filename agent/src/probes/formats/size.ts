/**
 * Amounts of memory with their unit, in MiB. The tools that say KB, MB or GB mean powers of 1024.
 * A power of two divides without loss, so a converted amount is as exact as the printed one.
 */
import { readNumber } from './text.ts'

const MIB_PER_UNIT: Readonly<Record<string, number>> = {
  B: 1 / (1024 * 1024),
  K: 1 / 1024,
  M: 1,
  G: 1024,
  T: 1024 * 1024,
}
const SIZE = /^(\S+?)\s*(?:([KMGT])i?B|(B))$/i

/** `16384 MiB`, `61.68MB`, `0.00B`, `16 GiB`; `null` for a number without unit. */
export function readSizeMib(text: string | null | undefined): number | null {
  const [, figure, prefix, bytes] = SIZE.exec(text?.trim() ?? '') ?? []
  const value = readNumber(figure)
  const factor = MIB_PER_UNIT[(prefix ?? bytes ?? '').toUpperCase()]
  return value === null || factor === undefined ? null : value * factor
}
