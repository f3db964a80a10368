import { BATCH_RECORDS_MAX, type SpoolRecord } from '@yiben/shared'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  buildBatch,
  cutBatch,
  hasRoomFor,
  nextReadLimit,
  noteSent,
  openWindow,
  predecessorOf,
  type SendWindow,
  settle,
} from '../../../shared/src/link/batches.ts'

function record(seq: number, lostCount = 0): SpoolRecord {
  return { seq, bytes: Buffer.from(`r${seq}`), hash: new Uint8Array(32).fill(seq), lostCount }
}

function ack(watermark: number, grant: { frames?: number; bytes?: number } = {}) {
  return {
    watermark,
    refused: [],
    windowFrames: grant.frames ?? 0,
    windowBytes: grant.bytes ?? 0,
    serverTimeMs: null,
  }
}

const GRANT = { windowFrames: 2, windowBytes: 10_000 }

describe('a batch', () => {
  test('ends before a lost record, which can only stand at the head of the next (L7)', () => {
    const records = [record(1), record(2), record(7, 4), record(8)]
    expect(cutBatch(records).map((one) => one.seq)).toEqual([1, 2])
    expect(cutBatch(records.slice(2)).map((one) => one.seq)).toEqual([7, 8])
    expect(cutBatch([])).toEqual([])
  })

  test('names the hash of the number before everything it stands for (L7)', () => {
    const lost = record(7, 4)
    expect(predecessorOf(lost)).toBe(2)
    const batch = buildBatch([lost, record(8)], record(2).hash)
    expect(batch).toEqual({
      firstSeq: 7,
      lostCount: 4,
      previousHash: new Uint8Array(8).fill(2),
      records: [lost.bytes, record(8).bytes],
    })
    expect(buildBatch([record(1)], null).previousHash).toBeNull()
  })
})

describe('the window', () => {
  test('is full by frames, or by bytes, and opens with acks (L7)', () => {
    let window = openWindow(0, GRANT)
    expect(nextReadLimit(window)).toMatchObject({ fromSeq: 1, records: BATCH_RECORDS_MAX })
    window = noteSent(window, { lastSeq: 5, bytes: 100, sentAtMs: 1 })
    expect(nextReadLimit(window)).toMatchObject({ fromSeq: 6 })
    window = noteSent(window, { lastSeq: 9, bytes: 100, sentAtMs: 2 })
    expect(nextReadLimit(window)).toBeNull()
    const result = settle(window, ack(5))
    expect(result).toMatchObject({ status: 'settled', sentAtMs: 1 })
    if (result.status === 'settled') expect(nextReadLimit(result.window)?.fromSeq).toBe(10)
    const bytesFull = noteSent(openWindow(0, GRANT), { lastSeq: 5, bytes: 9_990, sentAtMs: 1 })
    expect(nextReadLimit(bytesFull)).toBeNull()
    expect(hasRoomFor(bytesFull, 11)).toBe(false)
  })

  test('lets one batch go however small the grant, and never takes one past the ceiling', () => {
    const tiny = openWindow(3, { windowFrames: 0, windowBytes: 0 })
    expect(nextReadLimit(tiny)).toMatchObject({ fromSeq: 4, bytes: 1 })
    expect(hasRoomFor(tiny, 200_000)).toBe(true)
    const huge = openWindow(0, { windowFrames: 4e9, windowBytes: 4e9 })
    expect(huge).toMatchObject({ framesMax: 64, bytesMax: 4 * 1024 * 1024 })
  })

  test('an ack in the middle of a batch settles the batches before it', () => {
    let window = openWindow(0, GRANT)
    window = noteSent(window, { lastSeq: 5, bytes: 100, sentAtMs: 1 })
    window = noteSent(window, { lastSeq: 9, bytes: 100, sentAtMs: 2 })
    const result = settle(window, ack(7))
    expect(result).toMatchObject({
      status: 'settled',
      sentAtMs: 1,
      window: { watermark: 7, inFlight: [{ lastSeq: 9 }] },
    })
  })

  test('an ack changes the grant when it says so; one beyond what was sent is refused (L16)', () => {
    const window = noteSent(openWindow(0, GRANT), { lastSeq: 5, bytes: 100, sentAtMs: 1 })
    expect(settle(window, ack(6))).toEqual({ status: 'beyond_sent' })
    expect(settle(window, ack(5, { frames: 5, bytes: 77 }))).toMatchObject({
      window: { framesMax: 5, bytesMax: 77 },
    })
    expect(settle(window, ack(5))).toMatchObject({ window: { framesMax: 2, bytesMax: 10_000 } })
  })

  test('whatever acks come in whatever order, the watermark never goes back', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('send'), size: fc.integer({ min: 1, max: 50 }) }),
      fc.record({ kind: fc.constant('ack'), size: fc.integer({ min: 0, max: 400 }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let window: SendWindow = openWindow(0, { windowFrames: 4, windowBytes: 1000 })
        for (const { kind, size } of steps) {
          const before = window
          if (kind === 'send' && nextReadLimit(window) !== null && hasRoomFor(window, size)) {
            const lastSeq = window.sentSeq + size
            window = noteSent(window, { lastSeq, bytes: size, sentAtMs: 0 })
          } else if (kind === 'ack') {
            const result = settle(window, ack(size))
            if (result.status === 'settled') window = result.window
            expect(result.status === 'beyond_sent').toBe(size > before.sentSeq)
          }
          expect(window.watermark).toBeGreaterThanOrEqual(before.watermark)
          expect(window.watermark).toBeLessThanOrEqual(window.sentSeq)
          expect(window.inFlight.length).toBeLessThanOrEqual(4)
          for (const batch of window.inFlight) {
            expect(batch.lastSeq).toBeGreaterThan(window.watermark)
          }
        }
      }),
    )
  })
})
