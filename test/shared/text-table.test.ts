/** Tables line up by what a terminal shows, not by what a string counts. */
import { renderTable } from '@yiben/shared'
import { expect, test } from 'vitest'

test('text stands to the left, numbers to the right, Chinese characters are two columns wide', () => {
  const table = renderTable(
    ['site', { title: 'cards', align: 'right' }, 'note'],
    [
      ['京东', '8', 'ok'],
      ['a', '1024', ''],
    ],
  )
  expect(table).toBe('site  cards  note\n京东      8  ok\na      1024\n')
})
