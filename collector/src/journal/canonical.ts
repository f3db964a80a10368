/**
 * Canonical JSON: one value, one sequence of bytes (RFC 8785, narrowed). Keys sorted by UTF-16 code
 * unit, no white space, UTF-8, numbers only as safe integers: amounts travel as decimal strings, so
 * that no reader's floating point can change them. Strings are kept as they are, in whatever
 * Unicode normal form they came.
 */
import { assert } from '@yiben/shared'
import type { JsonObject, JsonValue } from '../model/ledger.ts'
import { ENTRY_DEPTH_MAX } from './format.ts'

/** Writing asserts: what is not canonical was made by us. */
export function canonicalText(value: JsonValue): string {
  return textOf(value, 0)
}

export function canonicalBytes(value: JsonValue): Uint8Array {
  return Buffer.from(canonicalText(value), 'utf8')
}

/** Reads bytes that must be the canonical form of an object; `null` when they are not. */
export function parseCanonical(bytes: Uint8Array): JsonObject | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    const value: unknown = JSON.parse(text)
    if (!isJson(value, 0) || !isObject(value)) return null
    return canonicalText(value) === text ? value : null
  } catch {
    // Neither UTF-8 nor JSON: the answer is the same as for JSON in another form.
    return null
  }
}

function textOf(value: JsonValue, depth: number): string {
  assert(depth <= ENTRY_DEPTH_MAX, `a canonical value is nested at most ${ENTRY_DEPTH_MAX} deep`)
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') {
    assert(value.isWellFormed(), 'a canonical string has no lone surrogate')
    return JSON.stringify(value)
  }
  if (typeof value === 'number') {
    assert(isInteger(value), 'a canonical number is a safe integer, and not minus zero')
    return String(value)
  }
  assert(typeof value === 'object', 'a canonical value is a JSON value')
  if (isArray(value)) return `[${value.map((item) => textOf(item, depth + 1)).join(',')}]`
  const fields = Object.keys(value)
    .sort(byCodeUnit)
    .map((key) => {
      const field = value[key]
      assert(field !== undefined, `the canonical field ${key} has a value`)
      return `${textOf(key, depth)}:${textOf(field, depth + 1)}`
    })
  return `{${fields.join(',')}}`
}

/** The default order of strings in JavaScript is by code unit, whatever the locale. */
function byCodeUnit(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}

function isInteger(value: number): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0)
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value)
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !isArray(value)
}

function isJson(value: unknown, depth: number): value is JsonValue {
  if (depth > ENTRY_DEPTH_MAX) return false
  if (value === null || typeof value === 'boolean') return true
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value === 'number') return isInteger(value)
  if (typeof value !== 'object') return false
  return Object.values(value).every((item) => isJson(item, depth + 1))
}
