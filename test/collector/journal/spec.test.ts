/** The numbers of SPEC.md and the tests know each other. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../../..')
const SPEC = readFileSync(join(ROOT, 'collector/src/journal/SPEC.md'), 'utf8')
const FILES = [
  ...readdirSync(import.meta.dirname).map((name) => join(import.meta.dirname, name)),
  join(ROOT, 'test/collector/api/journal.test.ts'),
  join(ROOT, 'test/conformance/journal.suite.ts'),
].filter((file) => /\.(test|suite)\.ts$/.test(file) && !file.endsWith('spec.test.ts'))

const numbersIn = (text: string) => new Set(text.match(/\bJ\d+\b/g))

test('every invariant has a test that bears its number, and no test another', () => {
  const stated = new Set([...SPEC.matchAll(/^\| (J\d+) /gm)].map(([, number]) => number))
  const tested = new Set(FILES.flatMap((file) => [...numbersIn(readFileSync(file, 'utf8'))]))
  expect(stated.size).toBe(15)
  expect([...tested].sort()).toEqual([...stated].sort())
})

test('every file it names is there', () => {
  const named = [...SPEC.matchAll(/`([a-z/-]+\.(?:suite\.|test\.)?ts)`/g)].map(
    ([, name]) => name ?? '',
  )
  const places = [
    'collector/src',
    'collector/src/journal',
    'test',
    'test/collector',
    'test/collector/journal',
  ]
  const isThere = (name: string) =>
    places.some((place) => {
      const parts = name.split('/')
      const folder = join(ROOT, place, ...parts.slice(0, -1))
      try {
        return readdirSync(folder).includes(parts.at(-1) ?? '')
      } catch {
        return false
      }
    })
  expect(named.filter((name) => !isThere(name))).toEqual([])
})
