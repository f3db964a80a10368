import { describe, expect, test } from 'vitest'
import { NumberedContent } from '../../../agent/src/sampling/numbered.ts'
import { MemorySpool } from '../../support/memory-spool.ts'

const KEY = 'test.numbered'

describe('the number of content that counts up', () => {
  test('is kept with its content once the record is on disk', () => {
    const spool = new MemorySpool()
    const first = new NumberedContent(spool, KEY)
    expect(first.reserve('a')).toBe(1)
    first.confirm()
    const second = new NumberedContent(spool, KEY)
    expect([second.number, second.isSame('a'), second.isSame('b')]).toEqual([1, true, false])
  })

  test('is never given twice: a crash between number and record skips it', () => {
    const spool = new MemorySpool()
    new NumberedContent(spool, KEY).reserve('a')
    const second = new NumberedContent(spool, KEY)
    expect(second.isSame('a')).toBe(false)
    expect(second.reserve('a')).toBe(2)
  })

  test('does not move when the disk takes nothing', () => {
    const spool = new MemorySpool()
    const content = new NumberedContent(spool, KEY)
    spool.failure = 'disk_full'
    expect(() => content.reserve('a')).toThrow(expect.objectContaining({ code: 'disk_full' }))
    expect([content.number, content.isSame('a')]).toEqual([0, false])
  })

  test('begins at 1 in a new epoch', () => {
    const spool = new MemorySpool()
    new NumberedContent(spool, KEY).reserve('a')
    spool.newEpoch()
    expect(new NumberedContent(spool, KEY).reserve('a')).toBe(1)
  })

  test('that cannot be read is not begun anew', () => {
    const spool = new MemorySpool()
    spool.setMeta(KEY, '{"epoch":1}')
    expect(() => new NumberedContent(spool, KEY)).toThrow(
      expect.objectContaining({ code: 'disk_failed' }),
    )
  })
})
