/**
 * Texts of `key : value` lines nested by indentation, as `-q` of many tools prints them. Keys repeat
 * in different sections (`Total`, `Used`), so a value is found by its whole path. Names of keys are
 * compared without regard to case and to runs of blanks, which drift between versions.
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
/** A tab of real tools stands for one step of nesting; documents replace it by blanks. */
const TAB = ' '.repeat(8)

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

function isSameKey(one: string, other: string): boolean {
  return squeezed(one) === squeezed(other)
}

function squeezed(key: string): string {
  return key.trim().replace(/\s+/g, ' ').toLowerCase()
}
