/**
 * JSON as the tools of the rocm-smi family print it, read without trust: log lines before it,
 * several documents one after the other, commas left out between two entries, empty keys printed
 * many times (hy-smi on BW cards), a text cut in the middle. Every leaf comes out as the text that
 * was printed; figures are read from it as strictly as from any other output.
 *
 * Promises: nothing after the first thing that cannot be understood is used, and no object or list
 * that was not closed; a key that is printed twice with two values has none. Time is linear in the
 * text.
 */

export type LooseValue = string | readonly LooseValue[] | LooseObject
export interface LooseObject {
  readonly [key: string]: LooseValue
}

/** These tools nest six deep; a text of brackets must not exhaust the stack. */
const DEPTH_MAX = 32
/** `amd-smi partition` prints three; more are none of these tools'. */
const DOCUMENTS_MAX = 64
/** An opening bracket of prose (`[AMD/ATI]`) is followed by something else. */
const DOCUMENT_START = /[{[](?=\s*(?:["{[\]}]|$))/g
const BARE_WORD = /[^\s,:"{}[\]]+/y
const BLANKS_AND_COMMAS = /[\s,]*/y
const BLANKS = /\s*/y

interface Cursor {
  readonly text: string
  at: number
  depth: number
  /** Something was met that is no JSON, however loosely read, or the text has ended. */
  isBroken: boolean
}

/** Every document of the text, in order; one that was cut holds what was whole of it. */
export function readLooseJson(text: string): LooseValue[] {
  const documents: LooseValue[] = []
  const cursor: Cursor = { text, at: 0, depth: 0, isBroken: false }
  while (!cursor.isBroken && documents.length < DOCUMENTS_MAX) {
    DOCUMENT_START.lastIndex = cursor.at
    const start = DOCUMENT_START.exec(text)
    if (start === null) break
    cursor.at = start.index
    documents.push(text[cursor.at] === '{' ? readObject(cursor) : readList(cursor))
  }
  return documents
}

export function isLooseObject(value: LooseValue | undefined): value is LooseObject {
  return typeof value === 'object' && !isLooseList(value)
}

export function isLooseList(value: LooseValue | undefined): value is readonly LooseValue[] {
  return Array.isArray(value)
}

/** The value at a path of keys (`limit/ppt0`), or `undefined`. */
export function looseAt(value: LooseValue | undefined, path: string): LooseValue | undefined {
  let here = value
  for (const key of path.split('/')) {
    if (!isLooseObject(here) || !Object.hasOwn(here, key)) return undefined
    here = here[key]
  }
  return here
}

function readValue(cursor: Cursor): LooseValue {
  skip(cursor, BLANKS)
  switch (cursor.text[cursor.at]) {
    case '{':
      return readObject(cursor)
    case '[':
      return readList(cursor)
    case '"':
      return readString(cursor)
    case ',':
    case '}':
    case ']':
      // A value that was not printed.
      return ''
    default:
      return readBareWord(cursor)
  }
}

function readObject(cursor: Cursor): LooseObject {
  const entries = new Map<string, LooseValue>()
  const contradicted = new Set<string>()
  open(cursor)
  while (!cursor.isBroken) {
    skip(cursor, BLANKS_AND_COMMAS)
    if (closes(cursor, '}')) break
    const key = readString(cursor)
    skip(cursor, BLANKS)
    if (cursor.text[cursor.at] !== ':') cursor.isBroken = true
    cursor.at += 1
    const value = cursor.isBroken ? '' : readValue(cursor)
    if (cursor.isBroken) break
    const before = entries.get(key)
    if (before !== undefined && !isSame(before, value)) contradicted.add(key)
    entries.set(key, value)
  }
  return Object.fromEntries([...entries].filter(([key]) => !contradicted.has(key)))
}

function readList(cursor: Cursor): LooseValue[] {
  const values: LooseValue[] = []
  open(cursor)
  while (!cursor.isBroken) {
    skip(cursor, BLANKS_AND_COMMAS)
    if (closes(cursor, ']')) break
    const at = cursor.at
    const value = readValue(cursor)
    if (cursor.at === at) cursor.isBroken = true
    if (!cursor.isBroken) values.push(value)
  }
  return values
}

function open(cursor: Cursor): void {
  cursor.at += 1
  cursor.depth += 1
  if (cursor.depth > DEPTH_MAX) cursor.isBroken = true
}

function closes(cursor: Cursor, bracket: string): boolean {
  if (cursor.text[cursor.at] !== bracket) return false
  cursor.at += 1
  cursor.depth -= 1
  return true
}

/** With its escapes resolved. A line end within it means that a quotation mark was lost. */
function readString(cursor: Cursor): string {
  const { text, at: start } = cursor
  let at = start + 1
  while (text[start] === '"' && at < text.length) {
    const char = text[at]
    if (char === '\n') break
    if (char === '"') {
      cursor.at = at + 1
      return unescaped(text.slice(start, at + 1))
    }
    at += char === '\\' ? 2 : 1
  }
  cursor.isBroken = true
  return ''
}

function unescaped(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1)
  try {
    return String(JSON.parse(quoted))
  } catch {
    return quoted.slice(1, -1)
  }
}

/** A number, `null` and the like. One that ends with the text may be half of itself. */
function readBareWord(cursor: Cursor): string {
  BARE_WORD.lastIndex = cursor.at
  const [word = ''] = BARE_WORD.exec(cursor.text) ?? []
  cursor.at += word.length
  if (word === '' || cursor.at >= cursor.text.length) cursor.isBroken = true
  return word === 'null' ? '' : word
}

function skip(cursor: Cursor, pattern: RegExp): void {
  pattern.lastIndex = cursor.at
  const [passed = ''] = pattern.exec(cursor.text) ?? []
  cursor.at += passed.length
}

function isSame(one: LooseValue, other: LooseValue): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other)
}
