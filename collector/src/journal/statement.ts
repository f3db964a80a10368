/**
 * What a collector signs of an export: how many lines it has before its last one, and the hash of
 * their bytes. A note of its own kind: its second line is no number, so that it is no checkpoint.
 */
import { EXPORT_SUFFIX } from './format.ts'

export function exportStatement(statement: {
  readonly origin: string
  readonly lines: number
  /** Hex, over every line with its newline. */
  readonly sha256: string
}): string {
  const { origin, lines, sha256 } = statement
  return `${origin}${EXPORT_SUFFIX}\nlines ${lines}\nsha256 ${sha256}\n`
}
