/**
 * Texts of `key : value` lines, as `-q` of many tools prints them. Keys repeat in different sections
 * (`Total`, `Used`), so a value is found by its whole path. Sections are told by indentation or, in
 * copies of an output that lost it, by their headings alone. Names of keys are compared without
 * regard to case and to runs of blanks, which drift between versions.
 */

export interface KeyNode {
  readonly key: string
  /** `null`: a heading. An empty text: a key that was printed without a value. */
  readonly value: string | null
  readonly children: readonly KeyNode[]
}

interface OpenNode extends KeyNode {
  readonly children: OpenNode[]
}

/** The colon that ends a key has a blank (or nothing) behind it: addresses hold colons too. */
const ENTRY = /^(\s*)(\S(?:.*?\S)?)\s*:(?:\s+(.*?))?\s*$/
const HEADING = /^(\s*)(\S.*?)\s*$/
/** Without indentation a heading is any line without a colon, and the first colon ends the key. */
const FLAT_ENTRY = /^([^:]+):(.*)$/
/** A tab of real tools stands for one step of nesting; documents replace it by blanks. */
const TAB = ' '.repeat(8)

/** By indentation: a line belongs to the last line above it that stands further to the left. */
export function readKeyTree(lines: readonly string[]): KeyNode[] {
  const roots: OpenNode[] = []
  /** The nodes above the current line, with their indentation. */
  const above: { readonly indent: number; readonly node: OpenNode }[] = []
  for (const raw of lines) {
    const line = raw.replaceAll('\t', TAB)
    const entry = ENTRY.exec(line)
    const [, indent = '', key = ''] = entry ?? HEADING.exec(line) ?? []
    if (key === '') continue
    while ((above.at(-1)?.indent ?? -1) >= indent.length) above.pop()
    const node: OpenNode = { key, value: entry === null ? null : (entry[3] ?? ''), children: [] }
    const siblings = above.at(-1)?.node.children ?? roots
    siblings.push(node)
    above.push({ indent: indent.length, node })
  }
  return roots
}

/**
 * The lines that describe one card, by headings alone: an entry belongs to the last heading above
 * it. A heading that comes once per card and stands here a second time belongs to the next card,
 * whose first line was lost: nothing from there on is read.
 */
export function readHeadedTree(
  lines: readonly string[],
  comesOnce: (heading: string) => boolean = () => true,
): KeyNode[] {
  const roots: OpenNode[] = []
  let heading: OpenNode | null = null
  for (const line of lines) {
    if (line.trim() === '') continue
    const entry = readEntry(line)
    if (entry !== null) {
      const siblings: OpenNode[] = heading?.children ?? roots
      siblings.push({ ...entry, children: [] })
      continue
    }
    const key = squeezed(line)
    if (comesOnce(key) && roots.some((node) => node.value === null && node.key === key)) break
    heading = { key, value: null, children: [] }
    roots.push(heading)
  }
  return roots
}

/** One `key : value` line, wherever it stands; the key in lower case with single blanks. */
export function readEntry(line: string): { readonly key: string; readonly value: string } | null {
  const [, key, value] = FLAT_ENTRY.exec(line) ?? []
  return key === undefined ? null : { key: squeezed(key), value: value?.trim() ?? '' }
}

/** The first value at a path (`Utilization/Gpu`) under these nodes; `undefined` where there is none. */
export function valueAt(nodes: readonly KeyNode[], path: string): string | undefined {
  const value = nodeAt(nodes, path)?.value
  return value === null ? undefined : value
}

/** The first node at a path; a path may pass through headings and through keys with values. */
export function nodeAt(nodes: readonly KeyNode[], path: string): KeyNode | undefined {
  const [name = '', ...rest] = path.split('/')
  for (const node of nodes) {
    if (!isSameKey(node.key, name)) continue
    const found = rest.length === 0 ? node : nodeAt(node.children, rest.join('/'))
    if (found !== undefined) return found
  }
  return undefined
}

/** The first value of a key that says it all (`GPU UUID`), in whichever section it stands. */
export function valueAnywhere(nodes: readonly KeyNode[], key: string): string | undefined {
  for (const node of nodes) {
    const own = node.value !== null && isSameKey(node.key, key) ? node.value : undefined
    const found = own ?? valueAnywhere(node.children, key)
    if (found !== undefined) return found
  }
  return undefined
}

/** The outermost nodes whose key is of this form, `Card 0`, in printed order. */
export function nodesLike(nodes: readonly KeyNode[], form: RegExp): KeyNode[] {
  return nodes.flatMap((node) => (form.test(node.key) ? [node] : nodesLike(node.children, form)))
}

function isSameKey(one: string, other: string): boolean {
  return squeezed(one) === squeezed(other)
}

function squeezed(text: string): string {
  return text.trim().replace(/\s+/g, ' ').toLowerCase()
}
