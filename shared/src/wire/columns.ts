/**
 * Packed columns of a tick. A column runs over units (or runs), each of a kind, and travels as
 * differences: an element is the difference from the last one before it of its kind, the first of a
 * kind stands as it is. Left out: every element has its usual value. Length 1 over several: all are
 * the same. Where a value may be absent it is carried raised by an offset, and 0 means absent.
 */

/** What a column may hold, and the name a refusal gives it. */
export interface ColumnRule {
  readonly field: string
  /** Added to each value; above 0, the raw element 0 means absent. */
  readonly offset: number
  /** Smallest and largest value, the offset taken off. */
  readonly min: number
  readonly max: number
}

/** The raw elements of a column, or the sentence that says what is wrong with it. */
export type ColumnResult =
  | { readonly status: 'ok'; readonly elements: readonly number[] }
  | { readonly status: 'refused'; readonly sentence: string }

/** Packs raw elements, each of the kind at its position; empty when all have the usual one. */
export function packColumn(
  elements: readonly number[],
  kinds: readonly number[],
  usual: number,
): number[] {
  const first = elements[0]
  if (first === undefined) return []
  if (elements.every((element) => element === first)) return first === usual ? [] : [first]
  const lastOfKind = new Map<number | undefined, number>()
  return elements.map((element, position) => {
    const kind = kinds[position]
    const difference = element - (lastOfKind.get(kind) ?? 0)
    lastOfKind.set(kind, element)
    return difference
  })
}

/** Unpacks to one raw element per kind, each within the rule's range. */
export function unpackColumn(
  packed: readonly number[] | null | undefined,
  kinds: readonly number[],
  usual: number,
  rule: ColumnRule,
): ColumnResult {
  const given = packed ?? []
  const length = kinds.length
  if (given.length === 0) return { status: 'ok', elements: new Array<number>(length).fill(usual) }
  if (given.length !== length && given.length !== 1) return wrongLength(rule, given.length, length)
  if (given.length === 1) {
    const element = given[0] ?? 0
    if (length > 0 && !isWithin(element, rule)) return outOfRange(rule, element, 0)
    return { status: 'ok', elements: new Array<number>(length).fill(element) }
  }
  const elements: number[] = []
  for (let position = 0; position < length; position += 1) {
    // On average as far back as there are kinds, a handful: cheaper than a map of them.
    let before = position - 1
    while (before >= 0 && kinds[before] !== kinds[position]) before -= 1
    const element = (before < 0 ? 0 : (elements[before] ?? 0)) + (given[position] ?? 0)
    if (!isWithin(element, rule)) return outOfRange(rule, element, position)
    elements.push(element)
  }
  return { status: 'ok', elements }
}

/** Packs raw elements of one byte each, without differences; what does not fit becomes 255. */
export function packBytes(elements: readonly number[]): Uint8Array {
  const first = elements[0]
  if (first === undefined) return new Uint8Array(0)
  if (elements.every((element) => element === first)) {
    return first === 0 ? new Uint8Array(0) : Uint8Array.of(asByte(first))
  }
  return Uint8Array.from(elements, asByte)
}

export function unpackBytes(
  packed: Uint8Array | null | undefined,
  length: number,
  rule: ColumnRule,
): ColumnResult {
  const given = packed ?? new Uint8Array(0)
  if (given.length === 0) return { status: 'ok', elements: new Array<number>(length).fill(0) }
  if (given.length !== length && given.length !== 1) return wrongLength(rule, given.length, length)
  const elements: number[] = []
  for (let position = 0; position < length; position += 1) {
    const element = given[given.length === 1 ? 0 : position] ?? 0
    if (!isWithin(element, rule)) return outOfRange(rule, element, position)
    elements.push(element)
  }
  return { status: 'ok', elements }
}

/** One bit per position, lowest first; trailing zero bytes are left out. */
export function packBits(bits: readonly boolean[]): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((bits.lastIndexOf(true) + 1) / 8))
  bits.forEach((bit, position) => {
    if (bit) bytes[position >> 3] = (bytes[position >> 3] ?? 0) | (1 << (position & 7))
  })
  return bytes
}

export function bitAt(bytes: Uint8Array | null | undefined, position: number): boolean {
  return (((bytes?.[position >> 3] ?? 0) >> (position & 7)) & 1) === 1
}

/** `true` when a bit is set at or past `length`: a bitmap over more units than there are. */
export function hasBitsPast(bytes: Uint8Array | null | undefined, length: number): boolean {
  const end = (bytes?.length ?? 0) * 8
  for (let position = length; position < end; position += 1) {
    if (bitAt(bytes, position)) return true
  }
  return false
}

/** The raw element of a value that may be absent. */
export function raised(value: number | null, offset: number): number {
  return value === null ? 0 : value + offset
}

export function lowered(element: number, offset: number): number | null {
  return element === 0 ? null : element - offset
}

function asByte(element: number): number {
  return element < 1 && element !== 0 ? 1 : Math.min(element, 255)
}

function isWithin(element: number, rule: ColumnRule): boolean {
  if (rule.offset > 0 && element === 0) return true
  const value = element - rule.offset
  return value >= rule.min && value <= rule.max
}

function wrongLength(rule: ColumnRule, given: number, due: number): ColumnResult {
  return {
    status: 'refused',
    sentence: `${rule.field} has ${given} elements where ${due} are due`,
  }
}

function outOfRange(rule: ColumnRule, element: number, position: number): ColumnResult {
  const value = element - rule.offset
  return {
    status: 'refused',
    sentence: `${rule.field} is ${value} at position ${position}, outside ${rule.min} to ${rule.max}`,
  }
}
