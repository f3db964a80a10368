/** The second journal's bytes: whole records come back, a torn end is cut off, anything else is named. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  beginBody,
  decisionsBody,
  encodeRecord,
  NO_HASH,
  readSegment,
} from '../../../collector/src/journal/second-format.ts'

const BEGIN = { origin: '0a', generation: 1, first_number: 5, at_ms: 7 }

/** A segment of records with so many decisions each, and where each record ends. */
function segment(records: readonly number[]) {
  const first = encodeRecord(beginBody(BEGIN), NO_HASH, true)
  const parts = [first.bytes]
  const ends = [first.bytes.length]
  let link = first.hash
  let number = BEGIN.first_number
  for (const count of records) {
    const changes = Array.from({ length: count }, (_, index) =>
      JSON.stringify({ draw: `d-${number + index}`, 名: '算力' }),
    )
    const record = encodeRecord(decisionsBody(number, changes), link)
    parts.push(record.bytes)
    ends.push((ends.at(-1) ?? 0) + record.bytes.length)
    number += count
    link = record.hash
  }
  return { bytes: Buffer.concat(parts), ends }
}

function read(bytes: Buffer) {
  const result = readSegment(bytes)
  if (result.status !== 'read') throw new Error(result.status)
  return result.segment
}

const someRecords = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 })

describe('a segment', () => {
  test('gives back what was put into it, in order', () => {
    const { decisions, begin, tornBytes } = read(segment([2, 1, 3]).bytes)
    expect(begin).toEqual({ kind: 'begin', ...BEGIN })
    expect(decisions.map(({ number }) => number)).toEqual([5, 6, 7, 8, 9, 10])
    expect(decisions[2]?.change).toEqual({ draw: 'd-7', 名: '算力' })
    expect(tornBytes).toBe(0)
  })

  test('cut anywhere holds every whole record before the cut, and no other', () => {
    fc.assert(
      fc.property(someRecords, fc.nat(), (records, at) => {
        const { bytes, ends } = segment(records)
        const cut = at % (bytes.length + 1)
        const result = readSegment(bytes.subarray(0, cut))
        const whole = ends.filter((end) => end <= cut).length
        if (whole === 0) {
          expect(result).toEqual({ status: 'empty' })
          return
        }
        const kept = records.slice(0, whole - 1).reduce((sum, count) => sum + count, 0)
        const found = read(bytes.subarray(0, cut))
        expect([found.decisions.length, found.tornBytes]).toEqual([
          kept,
          cut - (ends[whole - 1] ?? 0),
        ])
      }),
    )
  })

  test('with any byte changed gives back nothing that was not put into it', () => {
    fc.assert(
      fc.property(someRecords, fc.nat(), fc.integer({ min: 1, max: 255 }), (records, at, by) => {
        const { bytes, ends } = segment(records)
        const whole = read(bytes).decisions
        const place = at % bytes.length
        const damaged = Buffer.from(bytes)
        damaged[place] = (damaged[place] ?? 0) ^ by
        const result = readSegment(damaged)
        const lastRecordAt = ends.at(-2) ?? 0
        if (place < lastRecordAt) {
          expect(result.status).toBe('corrupted')
          return
        }
        // The last record: it cannot be told from one that was never finished.
        if (result.status === 'corrupted') return
        const { decisions } = read(damaged)
        expect(whole.slice(0, decisions.length)).toEqual(decisions)
        expect(decisions.length).toBeLessThan(whole.length)
      }),
      { numRuns: 300 },
    )
  })

  test('with a record left out, doubled or moved is corrupted, and says where', () => {
    const { bytes, ends } = segment([1, 1, 1])
    const part = (index: number) => bytes.subarray(ends[index - 1] ?? 0, ends[index])
    const [begin, one, two, three] = [0, 1, 2, 3].map(part)
    if (!begin || !one || !two || !three) throw new Error('there are four records')
    for (const parts of [
      [begin, two, three],
      [begin, one, one, two],
      [begin, two, one],
      [begin, begin],
    ]) {
      const result = readSegment(Buffer.concat(parts))
      expect(result).toMatchObject({ status: 'corrupted', atByte: expect.any(Number) })
    }
    expect(readSegment(Buffer.from('something else altogether'))).toMatchObject({
      status: 'corrupted',
      sentence: 'it is no segment of a second journal',
    })
  })

  test('with zeros at its end, as a power cut leaves them, ends before them', () => {
    const { bytes } = segment([2, 2])
    const { decisions, tornBytes } = read(Buffer.concat([bytes, Buffer.alloc(512)]))
    expect([decisions.length, tornBytes]).toEqual([4, 512])
  })
})
