/**
 * `-q` as text of nvidia-smi and of the tools modelled on it: `key : value` lines nested by
 * indentation, one section per card, headed by the word for a card and its address
 * (`GPU 00000000:08:00.0`).
 */
import { type KeyNode, nodeAt, readKeyTree, valueAt } from './key-tree.ts'
import { readSmiProcess, type SmiProcess, type SmiProcessTexts } from './smi-process.ts'
import { readQuantity } from './text.ts'

const SECTION = /^([A-Z]+) ([0-9A-Fa-f]{4,8}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.[0-7])$/

/** Comes once in what is told of a process. */
const OF_PROCESS = /^Name$/i

export interface SmiLogCard {
  /** As printed in the heading. */
  readonly pci: string
  /** The value at a path of keys, `Memory Usage/Total`. */
  readonly lookup: (path: string) => string | undefined
  readonly processes: readonly SmiProcess[] | null
}

export interface SmiLog {
  readonly lookup: (path: string) => string | undefined
  readonly cards: readonly SmiLogCard[]
}

/** `word` is what the tool calls a card: `GPU`, `XPU`, `PPU`. */
export function isSmiLog(
  lines: readonly string[],
  word: string,
  title = `${word}SMI LOG`,
): boolean {
  return lines.some((line) => line.includes(title) || isSection(line.trimEnd(), word))
}

export function readSmiLog(lines: readonly string[], word: string): SmiLog {
  const roots = readKeyTree(lines)
  const sections = roots.filter(({ key }) => isSection(key, word))
  return {
    lookup: (path) => valueAt(roots, path),
    cards: sections.map(({ key, children }) => ({
      pci: SECTION.exec(key)?.[2] ?? '',
      lookup: (path) => valueAt(children, path),
      processes: processesIn(nodeAt(children, 'Processes')),
    })),
  }
}

function isSection(text: string, word: string): boolean {
  return SECTION.exec(text)?.[1] === word
}

/**
 * `None` says that there are none; a heading without anything below it was cut, and says nothing.
 * Nor does a list with lines of a process whose id was lost: another one runs there.
 */
function processesIn(node: KeyNode | undefined): SmiProcess[] | null {
  if (node === undefined) return null
  if (node.value !== null) return node.value.toLowerCase() === 'none' ? [] : null
  const processes: SmiProcess[] = []
  // The ids of the parts stand before the process that runs in them.
  let parts: { gi?: string; ci?: string } = {}
  for (const { key, value, children } of node.children) {
    if (/^Process ID$/i.test(key)) {
      if (children.filter((child) => OF_PROCESS.test(child.key)).length > 1) return null
      processes.push(processOf({ pid: value ?? undefined, ...parts }, children))
      parts = {}
    } else if (/^\w+ instance ID$/i.test(key)) {
      const part = /^Compute/i.test(key) ? 'ci' : 'gi'
      if (part in parts || children.length > 0) return null
      parts = { ...parts, [part]: value ?? '' }
    } else if (OF_PROCESS.test(key)) return null
  }
  return processes.length === 0 || Object.keys(parts).length > 0 ? null : processes
}

function processOf(
  ids: Pick<SmiProcessTexts, 'pid' | 'gi' | 'ci'>,
  children: readonly KeyNode[],
): SmiProcess {
  const memory = children.find(({ key }) => /^Used .*Memory$/.test(key))?.value
  return readSmiProcess(
    { ...ids, type: valueAt(children, 'Type'), name: valueAt(children, 'Name') },
    readQuantity(memory, 'MiB'),
  )
}
