/**
 * Slurm's configuration files as lines of keys and values: comments taken off, continued lines
 * joined, includes read in their place. Keys are in lower case, because Slurm does not mind.
 */
import { readFile } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'

/** `key` in lower case, value as written; in the order of the line. */
export type ConfLine = readonly (readonly [key: string, value: string])[]

export type ConfFile =
  | { readonly status: 'ok'; readonly lines: readonly ConfLine[] }
  | { readonly status: 'unreadable'; readonly path: string; readonly reason: string }

/** A site includes a file per rack at most; a file that includes itself ends here. */
const INCLUDE_DEPTH_MAX = 4
const FILES_MAX = 256

const PAIR = /([A-Za-z_]+)\s*\+?=\s*(?:"([^"]*)"|(\S*))/g

export async function readConf(path: string, rootPrefix: string): Promise<ConfFile> {
  const lines: ConfLine[] = []
  const left = { files: FILES_MAX }
  const failure = await readInto(lines, { path, rootPrefix, depth: 0 }, left)
  return failure ?? { status: 'ok', lines }
}

/** The value of the first pair of that key. */
export function confValue(line: ConfLine, key: string): string | null {
  return line.find(([one]) => one === key)?.[1] ?? null
}

interface Place {
  readonly path: string
  readonly rootPrefix: string
  readonly depth: number
}

async function readInto(
  lines: ConfLine[],
  place: Place,
  left: { files: number },
): Promise<Extract<ConfFile, { status: 'unreadable' }> | null> {
  const { path, rootPrefix, depth } = place
  const refused = (reason: string) => ({ status: 'unreadable', path, reason }) as const
  left.files -= 1
  if (depth > INCLUDE_DEPTH_MAX || left.files < 0) return refused('too many includes')
  let text: string
  try {
    text = await readFile(join(rootPrefix || '/', path), 'utf8')
  } catch (error) {
    return refused(errorCode(error))
  }
  for (const line of logicalLines(text)) {
    const included = /^include\s+(\S+)$/i.exec(line)?.[1]
    if (included === undefined) {
      lines.push(pairsOf(line))
      continue
    }
    const absolute = isAbsolute(included) ? included : join(dirname(path), included)
    const failure = await readInto(lines, { path: absolute, rootPrefix, depth: depth + 1 }, left)
    if (failure !== null) return failure
  }
  return null
}

function logicalLines(text: string): string[] {
  return text
    .replaceAll(/\\\r?\n/g, ' ')
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|[^\\])#.*$/, '$1').trim())
    .filter((line) => line !== '')
}

function pairsOf(line: string): ConfLine {
  return [...line.matchAll(PAIR)].map(
    ([, key = '', quoted, plain = '']) => [key.toLowerCase(), quoted ?? plain] as const,
  )
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
