/** The page of vendors says what the code says of groups, device nodes, tools and folders. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { VENDOR_ACCESS } from '../../agent/src/probes/access.ts'

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/vendors.md'), 'utf8')
const ROWS = PAGE.slice(PAGE.indexOf('## What reading takes'))
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) => line.split('|').map((cell) => cell.trim()))

const words = (cell: string | undefined) =>
  [...(cell ?? '').matchAll(/`([^`]+)`/g)].map(([, word]) => word)

test.each(VENDOR_ACCESS)('$maker', (access) => {
  const row = ROWS.find(([, maker]) => maker === access.maker)
  const [, , tools, modules, nodes, groups, folders] = row ?? []
  expect([tools, modules, nodes, groups, folders].map(words)).toEqual([
    access.tools,
    access.modules,
    access.deviceNodes.map((node) => `/dev/${node}`),
    access.groups,
    access.folders,
  ])
})

test('and of no other vendor', () => {
  expect(ROWS).toHaveLength(VENDOR_ACCESS.length + 2)
})
