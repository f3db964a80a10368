import { describe, expect, test } from 'vitest'
import { IndexBook } from '../../../agent/src/sampling/index-book.ts'

describe('unit indexes', () => {
  test('count up from 0, and a unit keeps its own', () => {
    const book = IndexBook.load('e1', null)
    expect(book.assign('a')).toEqual({ index: 0, isNew: true })
    expect(book.assign('b')).toEqual({ index: 1, isNew: true })
    expect(book.assign('a')).toEqual({ index: 0, isNew: false })
  })

  test('are never given again within an epoch, also over a restart', () => {
    const book = IndexBook.load('e1', null)
    book.assign('a')
    book.assign('b')
    const again = IndexBook.load('e1', book.toText())
    expect(again.assign('c')).toEqual({ index: 2, isNew: true })
    expect(again.assign('b')).toEqual({ index: 1, isNew: false })
  })

  test('begin anew in another epoch', () => {
    const book = IndexBook.load('e1', null)
    book.assign('a')
    expect(IndexBook.load('e2', book.toText()).assign('z').index).toBe(0)
  })

  test.each(['', '{', '{"epoch":"e1"}', '{"epoch":"e1","indexes":[["a",-1]]}'])(
    'are not begun anew over the damaged book %s',
    (text) => {
      expect(() => IndexBook.load('e1', text)).toThrow(
        expect.objectContaining({ code: 'disk_failed' }),
      )
    },
  )
})
