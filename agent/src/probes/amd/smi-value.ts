/**
 * Figures of amd-smi, which come in several shapes: `{"value": 25, "unit": "W"}`, a bare number, a
 * text with its unit (`25 W`, in the form for people), `N/A`, or `{"value": "N/A", "unit": "W"}`.
 */

import { readSizeMib } from '../formats/size.ts'
import { readNumber, readWord } from '../formats/text.ts'
import { type LooseValue, looseAt } from '../rocm-smi/loose-json.ts'

/** The text or figure at the first of the paths where there is one. */
export function textAt(entry: LooseValue, ...paths: readonly string[]): string | null {
  for (const path of paths) {
    const value = looseAt(entry, path)
    const word = typeof value === 'string' ? readWord(value) : null
    if (word !== null) return word
  }
  return null
}

/** A figure in this unit, at the first of the paths where one is told. */
export function figureAt(
  entry: LooseValue,
  unit: string,
  ...paths: readonly string[]
): number | null {
  for (const path of paths) {
    const [figure, printed] = partsOf(looseAt(entry, path))
    const isInUnit = printed === '' || printed.replace('°', '') === unit
    const number = isInUnit ? readNumber(figure) : null
    if (number !== null) return number
  }
  return null
}

/** An amount of memory in MiB; `bareUnit` is that of a number printed without one. */
export function memoryAt(
  entry: LooseValue,
  bareUnit: 'MB' | 'B',
  ...paths: readonly string[]
): number | null {
  for (const path of paths) {
    const [figure, printed] = partsOf(looseAt(entry, path))
    const size = readSizeMib(`${figure} ${printed === '' ? bareUnit : printed}`)
    if (size !== null) return size
  }
  return null
}

/** Figure and unit; the unit is empty where none is printed. */
function partsOf(value: LooseValue | undefined): readonly [figure: string, unit: string] {
  if (typeof value !== 'string') {
    return [textAt(value ?? '', 'value') ?? '', textAt(value ?? '', 'unit') ?? '']
  }
  const [, figure = '', unit = ''] = /^\s*(\S+)(?:\s+(\S+))?\s*$/.exec(value) ?? []
  return [figure, unit]
}
