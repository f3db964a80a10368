/** The pages for operators and auditors name only what is there. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT } from '../support/program.ts'

const NAMED = /`((?:agent|collector|shared|test|scripts|ops|docs)\/[^`\s]*)`/g
const LINK = /\]\(([^)\s]+)\)/g

describe.each(['operations.md', 'threat-model.md'])('docs/%s', (page) => {
  const text = readFileSync(join(ROOT, 'docs', page), 'utf8')

  test('names only files and folders that exist', () => {
    const named = [...text.matchAll(NAMED)].map(([, path = '']) => path)
    expect(named.length).toBeGreaterThan(3)
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  })

  test('links only to pages and headings that exist', () => {
    const links = [...text.matchAll(LINK)].map(([, link = '']) => link)
    expect(links.length).toBeGreaterThan(5)
    for (const link of links.filter((one) => !one.startsWith('http'))) {
      const [file = '', anchor] = link.split('#')
      const target = file === '' ? text : readFileSync(join(ROOT, 'docs', file), 'utf8')
      if (anchor !== undefined) expect(anchorsOf(target), link).toContain(anchor)
    }
  })
})

test('every promise of the threat model that has a test names one, and every part says what is open', () => {
  const text = readFileSync(join(ROOT, 'docs/threat-model.md'), 'utf8')
  const parts = text.split(/^## The /m).slice(1)
  expect(parts).toHaveLength(6)
  for (const part of parts) {
    expect(part.toLowerCase(), part.slice(0, 30)).toContain('**open')
    for (const row of part.split('\n').filter((line) => /^\| (?!tries|---)/.test(line))) {
      expect(row).toMatch(/`(agent|collector|shared|test)\//)
    }
  }
})

/** As GitHub makes them of headings. */
function anchorsOf(text: string): readonly string[] {
  return [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  )
}
