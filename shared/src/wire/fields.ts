/**
 * Reading decoded protobuf fields into checked plain values. A field that is missing, too long or
 * out of range throws a `FieldRefusal` that names it; only the codec's entry points catch it.
 */
import type { ErrorCode } from '../errors.ts'
import { TIME_MS_MAX, TIME_MS_MIN } from './limits.ts'

/** What is wrong with one field; never leaves this folder as an exception. */
export class FieldRefusal extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, sentence: string) {
    super(sentence)
    this.code = code
  }
}

export function refuseField(
  field: string,
  what: string,
  code: ErrorCode = 'record_out_of_range',
): never {
  throw new FieldRefusal(code, `${field} ${what}`)
}

/** A whole number within bounds; what is absent on the wire is 0. */
export function wholeNumber(
  value: number | null | undefined,
  field: string,
  bounds: { readonly min: number; readonly max: number },
): number {
  const number = value ?? 0
  if (!Number.isSafeInteger(number) || number < bounds.min || number > bounds.max) {
    refuseField(field, `is ${number}, outside ${bounds.min} to ${bounds.max}`)
  }
  return number
}

const COUNT = { min: 0, max: Number.MAX_SAFE_INTEGER }
const SEQUENCE = { min: 1, max: Number.MAX_SAFE_INTEGER }
const TIME = { min: TIME_MS_MIN, max: TIME_MS_MAX }

export function countNumber(value: number | null | undefined, field: string): number {
  return wholeNumber(value, field, COUNT)
}

export function sequenceNumber(value: number | null | undefined, field: string): number {
  return wholeNumber(value, field, SEQUENCE)
}

/** A UTC stamp of this century. */
export function timeMs(value: number | null | undefined, field: string): number {
  return wholeNumber(value, field, TIME)
}

/** Absent stays absent; present must be in bounds. */
export function optionalNumber(
  value: number | null | undefined,
  field: string,
  max: number,
): number | null {
  if (value === null || value === undefined) return null
  return wholeNumber(value, field, { min: 0, max })
}

/** Text of bounded length without control characters. */
export function text(value: string | null | undefined, field: string, bytesMax: number): string {
  const given = value ?? ''
  if (given.length > bytesMax || Buffer.byteLength(given) > bytesMax) {
    refuseField(field, `is longer than ${bytesMax} bytes`)
  }
  if (hasControlCharacters(given)) refuseField(field, 'contains control characters')
  return given
}

export function optionalText(
  value: string | null | undefined,
  field: string,
  bytesMax: number,
): string | null {
  return value === null || value === undefined ? null : text(value, field, bytesMax)
}

/** Exactly `length` bytes. */
export function fixedBytes(
  value: Uint8Array | null | undefined,
  field: string,
  length: number,
): Uint8Array {
  const given = value ?? new Uint8Array(0)
  if (given.length !== length) refuseField(field, `has ${given.length} bytes, not ${length}`)
  return given
}

/** At most `lengthMax` bytes; absent is empty. */
export function shortBytes(
  value: Uint8Array | null | undefined,
  field: string,
  lengthMax: number,
): Uint8Array {
  // The runtime's default for an absent field is an empty Buffer; ours are plain bytes.
  if (value === null || value === undefined || value.length === 0) return new Uint8Array(0)
  const given = value
  if (given.length > lengthMax) refuseField(field, `has ${given.length} bytes, over ${lengthMax}`)
  return given
}

/** Exactly `length` bytes as lower-case hex. */
export function fixedHex(
  value: Uint8Array | null | undefined,
  field: string,
  length: number,
): string {
  return toHex(fixedBytes(value, field, length))
}

/** As `fixedHex`, with `null` for an empty field. */
export function optionalHex(
  value: Uint8Array | null | undefined,
  field: string,
  length: number,
): string | null {
  return (value?.length ?? 0) === 0 ? null : fixedHex(value, field, length)
}

/** One of a table's words. */
export function oneOf<const Words extends readonly string[]>(
  value: string | null | undefined,
  field: string,
  words: Words,
): Words[number] {
  const found = words.find((word) => word === value)
  return found ?? refuseField(field, 'is not a word this version knows')
}

/** The word at a number's place in a table; numbers start at 1, so that absent is no word. */
export function wordAt<const Words extends readonly string[]>(
  value: number | null | undefined,
  field: string,
  words: Words,
): Words[number] {
  const found = words[(value ?? 0) - 1]
  return found ?? refuseField(field, `is ${value ?? 0}, outside 1 to ${words.length}`)
}

/** The number of a word as `wordAt` reads it. */
export function numberOfWord<const Words extends readonly string[]>(
  word: Words[number],
  words: Words,
): number {
  return words.indexOf(word) + 1
}

export function boundedList<Item>(
  value: readonly Item[] | null | undefined,
  field: string,
  lengthMax: number,
): readonly Item[] {
  const given = value ?? []
  if (given.length > lengthMax) {
    refuseField(field, `has ${given.length} elements, over ${lengthMax}`)
  }
  return given
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

export function fromHex(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex')
}

/**
 * Cuts a text to what the wire takes, at a character's edge, control characters replaced by spaces:
 * a vendor tool's long line must not cost a whole record.
 */
export function clipText(value: string, bytesMax: number): string {
  const clean = hasControlCharacters(value)
    ? Array.from(value, (character) => (isControl(character) ? ' ' : character)).join('')
    : value
  if (Buffer.byteLength(clean) <= bytesMax) return clean
  let clipped = ''
  let bytes = 0
  for (const character of clean) {
    bytes += Buffer.byteLength(character)
    if (bytes > bytesMax) break
    clipped += character
  }
  return clipped
}

function hasControlCharacters(value: string): boolean {
  for (let position = 0; position < value.length; position += 1) {
    const code = value.charCodeAt(position)
    if (code < 32 || code === 127) return true
  }
  return false
}

function isControl(character: string): boolean {
  const code = character.charCodeAt(0)
  return code < 32 || code === 127
}
