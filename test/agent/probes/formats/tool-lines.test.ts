/** Lines of a tool's output: bounded, without a byte order mark, and with what is known of their ends. */
import { expect, test } from 'vitest'
import {
  finishedLines,
  firstMatch,
  toolLines,
} from '../../../../agent/src/probes/formats/tool-lines.ts'

test('lines are of bounded length, and the last one may be half of itself', () => {
  const lines = toolLines(`\uFEFFa\r\n${'b'.repeat(5000)}\nhal`)
  expect(lines.map((line) => line.length)).toEqual([1, 512, 3])
  expect(finishedLines(lines)).toHaveLength(2)
  expect(finishedLines(toolLines('a\nb\n'))).toEqual(['a', 'b'])
})

test('a pattern is looked for line by line, and the first line that has it counts', () => {
  const lines = ['tool v1.2', 'tool v3']
  expect(firstMatch(lines, /v(\d\S*)/)?.[1]).toBe('1.2')
  expect(firstMatch(lines, /tool v1.2\ntool/)).toBeNull()
})
