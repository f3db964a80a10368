/**
 * `key : value` lines under headings, read without their indentation: copies of a tool's output
 * lose it. A value is found under the last heading above it (`fb memory usage/used`), and by its
 * key alone where the key says it all (`gpu uuid`). Compared in lower case, with single blanks.
 */

export interface HeadedValues {
  /** By `heading/key`, or by `key` alone wherever it stands; `undefined` where it is not printed. */
  readonly get: (path: string) => string | undefined
  /** What stands under a heading, by key. */
  readonly under: (heading: string) => readonly (readonly [key: string, value: string])[]
}

/** The colon that ends a key; addresses and times stand in values only. */
const ENTRY = /^([^:]+):(.*)$/
/**
 * The lines that describe one card. A heading that comes a second time belongs to the next card,
 * whose first line was lost: nothing from there on is read.
 */
export function readHeadedValues(lines: readonly string[]): HeadedValues {
  const byHeading = new Map<string, Map<string, string>>([['', new Map()]])
  const byKey = new Map<string, string>()
  let heading = ''
  for (const line of lines) {
    if (line.trim() === '') continue
    const entry = readEntry(line)
    if (entry === null) {
      heading = squeezed(line)
      if (byHeading.has(heading)) break
      byHeading.set(heading, new Map())
      continue
    }
    const entries = byHeading.get(heading)
    if (entries?.has(entry.key) === false) entries.set(entry.key, entry.value)
    if (!byKey.has(entry.key)) byKey.set(entry.key, entry.value)
  }
  return {
    get: (path) => {
      const [first = '', second] = path.split('/')
      return second === undefined ? byKey.get(first) : byHeading.get(first)?.get(second)
    },
    under: (name) => [...(byHeading.get(name) ?? [])],
  }
}

/** One `key : value` line; the key in lower case. */
export function readEntry(line: string): { readonly key: string; readonly value: string } | null {
  const [, key, value] = ENTRY.exec(line) ?? []
  return key === undefined ? null : { key: squeezed(key), value: value?.trim() ?? '' }
}

function squeezed(text: string): string {
  return text.trim().replace(/\s+/g, ' ').toLowerCase()
}
