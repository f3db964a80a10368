/**
 * `-q` as text of tools modelled on nvidia-smi: `key : value` lines nested by indentation, one
 * section per card, headed by the word for a card and its address (`PPU 00000000:08:00.0`).
 */
import type { CardProcess } from './card.ts'
import { type KeyNode, nodeAt, readKeyTree, valueAt } from './key-tree.ts'
import { readCount, readQuantity, readWord } from './text.ts'

const SECTION = /^([A-Z]+) ([0-9A-Fa-f]{4,8}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.[0-7])$/

export interface SmiLogCard {
  /** As printed in the heading. */
  readonly pci: string
  /** The value at a path of keys, `Memory Usage/Total`. */
  readonly lookup: (path: string) => string | undefined
  readonly processes: readonly CardProcess[] | null
}

export interface SmiLog {
  readonly lookup: (path: string) => string | undefined
  readonly cards: readonly SmiLogCard[]
}

/** `word` is what the tool calls a card: `XPU`, `PPU`. */
export function isSmiLog(lines: readonly string[], word: string): boolean {
  return lines.some((line) => line.includes(`${word}SMI LOG`) || isSection(line.trimEnd(), word))
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

/** `None` says that there are none; a heading without anything below it says nothing. */
function processesIn(node: KeyNode | undefined): CardProcess[] | null {
  if (node === undefined) return null
  if (node.value !== null) return node.value.toLowerCase() === 'none' ? [] : null
  const entries = node.children.filter(({ key }) => key === 'Process ID')
  if (entries.length === 0) return null
  return entries.map(({ value, children }) => ({
    pid: readCount(value),
    name: readWord(valueAt(children, 'Name')),
    memory_mib: readQuantity(children.find(({ key }) => /^Used .*Memory$/.test(key))?.value, 'MiB'),
  }))
}
