/**
 * Reads single values out of rows, each checked for its type: a wrong one is a damaged store or a
 * bug of ours, never data from outside.
 */
import { assert, type RunCode, runCodeOf } from '@yiben/shared'

export function integer(row: Row, column: string): number {
  const value = row[column]
  assert(typeof value === 'number', `column ${column} holds an integer`)
  return value
}

export function integerOrNull(row: Row, column: string): number | null {
  return row[column] === null ? null : integer(row, column)
}

/** Of rows read with `allBigint`. */
export function bigint(row: Row, column: string): bigint {
  const value = row[column]
  assert(typeof value === 'bigint', `column ${column} was read as a bigint`)
  return value
}

/** Of rows read with `allBigint`, for times and counts, which stay far below 2^53. */
export function smallOfBigint(row: Row, column: string): number {
  return Number(bigint(row, column))
}

export function text(row: Row, column: string): string {
  const value = row[column]
  assert(typeof value === 'string', `column ${column} holds text`)
  return value
}

export function textOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : text(row, column)
}

/** A plain copy, the same from both libraries, that may cross to another thread. */
export function bytes(row: Row, column: string): Uint8Array {
  const value = row[column]
  assert(value instanceof Uint8Array, `column ${column} holds bytes`)
  return new Uint8Array(value)
}

export function flag(row: Row, column: string): boolean {
  return integer(row, column) !== 0
}

export function runCodeIn(row: Row, column: string): RunCode {
  const code = runCodeOf(integer(row, column))
  assert(code !== null, `column ${column} holds a run code of the table`)
  return code
}

/** A word of a fixed list. */
export function wordOf<Word extends string>(
  row: Row,
  column: string,
  words: readonly Word[],
): Word {
  const value = text(row, column)
  const word = words.find((one) => one === value)
  assert(word !== undefined, `column ${column} holds one of ${words.join(', ')}`)
  return word
}

export function wordOrNull<Word extends string>(
  row: Row,
  column: string,
  words: readonly Word[],
): Word | null {
  return row[column] === null ? null : wordOf(row, column, words)
}

/** JSON that this store has written itself, from a value of the same type. */
export function storedJson<Stored>(value: string): Stored {
  return JSON.parse(value) as Stored
}

export type Value = null | number | bigint | string | Uint8Array
export type Row = Readonly<Record<string, Value>>
