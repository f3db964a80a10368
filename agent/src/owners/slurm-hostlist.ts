/**
 * Slurm's lists of names: `node[01-03,7],login1`, `/dev/nvidia[0-3]`. Pure. In the order in which
 * they are written, as Slurm itself takes them; padding with zeros is kept.
 */

/** A job or a line of a file that names more than this is not believed. */
const NAMES_MAX = 65_536

/** `null`: not in this notation. */
export function expandHostlist(text: string): readonly string[] | null {
  const names: string[] = []
  for (const part of splitOutside(text)) {
    const expanded = expandPart(part)
    if (expanded === null || names.length + expanded.length > NAMES_MAX) return null
    names.push(...expanded)
  }
  return names
}

/** Splits at commas that stand outside brackets and parentheses. */
export function splitOutside(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let begin = 0
  for (const [at, character] of [...text].entries()) {
    if (character === '[' || character === '(') depth += 1
    else if (character === ']' || character === ')') depth -= 1
    else if (character === ',' && depth === 0) {
      parts.push(text.slice(begin, at))
      begin = at + 1
    }
  }
  return [...parts, text.slice(begin)]
}

/** One name with any number of brackets; each multiplies what stands before it. */
function expandPart(part: string): readonly string[] | null {
  if (part === '') return null
  let names = ['']
  for (const piece of part.split(/(\[[^[\]]*\])/)) {
    if (piece === '') continue
    const suffixes = piece.startsWith('[') ? expandRanges(piece.slice(1, -1)) : [piece]
    if (suffixes === null || names.length * suffixes.length > NAMES_MAX) return null
    if (!piece.startsWith('[') && /[[\]\s]/.test(piece)) return null
    names = names.flatMap((name) => suffixes.map((suffix) => name + suffix))
  }
  return names
}

/** `01-03,7` as texts. */
function expandRanges(text: string): readonly string[] | null {
  const numbers: string[] = []
  for (const range of text.split(',')) {
    const match = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(range)
    if (match === null) return null
    const [, first = '', last = first] = match
    const count = Number(last) - Number(first) + 1
    if (count < 1 || numbers.length + count > NAMES_MAX) return null
    const width = first.startsWith('0') ? first.length : 0
    for (let step = 0; step < count; step += 1) {
      numbers.push(String(Number(first) + step).padStart(width, '0'))
    }
  }
  return numbers
}
