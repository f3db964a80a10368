/** Ids and sizes out of printed text: an id that names something, an amount with its unit. */
import { describe, expect, test } from 'vitest'
import { readId } from '../../../../agent/src/probes/formats/printed-id.ts'
import { readSizeMib } from '../../../../agent/src/probes/formats/size.ts'

describe('ids', () => {
  test.each([
    ['GPU-be21b2e7-f219-1666-711f-d9b646c1f00b', 'GPU-be21b2e7-f219-1666-711f-d9b646c1f00b'],
    [' 20010203-1916-0000-0000-000000000000 ', '20010203-1916-0000-0000-000000000000'],
    ['00000000-0000-0000-0000-000000000000', null],
    ['GPU-00000000-0000-0000-0000-000000000000', null],
    ['0x0000000000000000', null],
    ['0', null],
    ['N/A', null],
    ['xxx', null],
    ['02Kxxx', null],
    ['GDF***141', null],
    ['20010203-1916    Driver       : v5.10.22', null],
    ['', null],
    [undefined, null],
  ])('%j is %j', (text, id) => expect(readId(text)).toBe(id))
})

describe('sizes', () => {
  test.each([
    ['16384 MiB', 16384],
    ['61.68MB', 61.68],
    ['0.00B', 0],
    ['512.00KB', 0.5],
    ['16 GiB', 16384],
    ['1TB', 1048576],
    ['1048576 B', 1],
    ['16384', null],
    ['xxxxx MiB', null],
    ['12 MHz', null],
    ['MiB', null],
    [null, null],
  ])('%j is %j MiB', (text, mib) => expect(readSizeMib(text)).toBe(mib))
})
