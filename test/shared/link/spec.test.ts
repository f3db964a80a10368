import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

const FOLDER = new URL('./', import.meta.url)
const SPEC = readFileSync(new URL('../../../shared/src/link/SPEC.md', import.meta.url), 'utf8')
const TESTS = [
  ...readdirSync(FOLDER)
    .filter((name) => name.endsWith('.test.ts') && name !== 'spec.test.ts')
    .map((name) => readFileSync(new URL(name, FOLDER), 'utf8')),
  readFileSync(new URL('../backoff.test.ts', FOLDER), 'utf8'),
  readFileSync(new URL('../../collector/gateway/node-link.test.ts', FOLDER), 'utf8'),
  readFileSync(new URL('../../collector/gateway/child-asks.test.ts', FOLDER), 'utf8'),
  readFileSync(new URL('../../agent/trust.test.ts', FOLDER), 'utf8'),
  readFileSync(new URL('../../e2e/key-change.test.ts', FOLDER), 'utf8'),
].join('\n')

const ROWS = [...SPEC.matchAll(/^\| (L\d+) +\|.*\| ([^|]+) \|$/gm)].map(
  ([, number, tests]) => [number ?? '', tests ?? ''] as const,
)

describe('the numbered promises of the link', () => {
  test('are numbered without a gap', () => {
    expect(ROWS.map(([number]) => number)).toEqual(ROWS.map((_, position) => `L${position + 1}`))
    expect(ROWS.length).toBeGreaterThan(15)
  })

  test.each(ROWS)('%s is cited by a test, and the tests it names exist', (number, tests) => {
    expect(TESTS).toMatch(new RegExp(`\\b${number}\\b`))
    for (const [, words] of tests.matchAll(/"([^"]+)"/g)) expect(TESTS).toContain(words)
  })
})
