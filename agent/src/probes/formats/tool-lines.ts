/**
 * Lines of a tool's output as the parsers take them: of bounded length, so that no pattern works
 * long on a text that is none of the tool's, and with what is known of their ends.
 */
import { splitLines } from './text.ts'

/** Longer than any line of a known tool; what is cut off here no longer fits a pattern either. */
const LINE_CHARS_MAX = 512

/** The last one has no end: it is empty, or what was left of a line when the text was cut. */
export function toolLines(text: string): string[] {
  return splitLines(text).map((line) => line.slice(0, LINE_CHARS_MAX))
}

/** What a pattern finds in the first line that has it: a banner, a version. */
export function firstMatch(lines: readonly string[], pattern: RegExp): RegExpExecArray | null {
  for (const line of lines) {
    const match = pattern.exec(line)
    if (match !== null) return match
  }
  return null
}

/** Without the last one, which may be half of itself. */
export function finishedLines(lines: readonly string[]): readonly string[] {
  return lines.slice(0, -1)
}
