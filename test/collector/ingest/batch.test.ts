import { type Batch, recordHash } from '@yiben/shared'
import { describe, expect, test } from 'vitest'
import { type Frontier, planBatch } from '../../../collector/src/ingest/batch.ts'

const EPOCH = 'ab'.repeat(16)
const bytesOf = (seq: number) => Uint8Array.of(seq, 1, 2)
const hashOf = (seq: number) => recordHash(EPOCH, seq, bytesOf(seq))

function batch(firstSeq: number, count: number, change: Partial<Batch> = {}): Batch {
  return {
    firstSeq,
    previousHash: firstSeq === 1 ? null : hashOf(firstSeq - 1).subarray(0, 8),
    records: Array.from({ length: count }, (_, position) => bytesOf(firstSeq + position)),
    lostCount: 0,
    ...change,
  }
}

const at = (seq: number): Frontier => ({ seq, hash: seq === 0 ? null : hashOf(seq) })

function outcome(sent: Batch, frontier: Frontier): readonly number[] | string {
  const plan = planBatch(sent, EPOCH, frontier)
  return plan.status === 'ok' ? plan.records.map((record) => record.seq) : plan.code
}

describe('a batch', () => {
  const rows: readonly (readonly [string, Batch, Frontier, readonly number[] | string])[] = [
    ['that is the first is taken', batch(1, 3), at(0), [1, 2, 3]],
    ['that follows is taken', batch(4, 2), at(3), [4, 5]],
    ['that begins before the watermark is taken from there on', batch(2, 4), at(3), [4, 5]],
    ['that was taken before holds nothing new', batch(2, 2), at(3), []],
    ['that lies wholly in the past holds nothing new', batch(1, 2), at(9), []],
    ['that leaves numbers out is a gap', batch(5, 1), at(3), 'sequence_gap'],
    [
      'that names another predecessor is a fork',
      batch(4, 1, { previousHash: hashOf(9).subarray(0, 8) }),
      at(3),
      'epoch_forked',
    ],
    [
      'that names no predecessor where there is one',
      batch(4, 1, { previousHash: null }),
      at(3),
      'sequence_hash',
    ],
    [
      'that names a predecessor where there is none',
      batch(1, 1, { previousHash: hashOf(9).subarray(0, 8) }),
      at(0),
      'sequence_hash',
    ],
    [
      'that holds another record at the watermark is a fork',
      batch(3, 2, { records: [bytesOf(77), bytesOf(4)] }),
      at(3),
      'epoch_forked',
    ],
    [
      'whose lost record stands for the numbers before it is taken',
      batch(8, 2, { lostCount: 4, previousHash: hashOf(3).subarray(0, 8) }),
      at(3),
      [8, 9],
    ],
    [
      'whose lost record reaches back over taken numbers is taken',
      batch(8, 1, { lostCount: 6, previousHash: hashOf(1).subarray(0, 8) }),
      at(3),
      [8],
    ],
    [
      'whose lost record leaves numbers out is a gap',
      batch(8, 1, { lostCount: 2, previousHash: hashOf(5).subarray(0, 8) }),
      at(3),
      'sequence_gap',
    ],
    [
      'whose lost record stands for more numbers than there were',
      batch(3, 1, { lostCount: 5 }),
      at(0),
      'sequence_gap',
    ],
    ['of no records asks only for an acknowledgement', batch(4, 0), at(3), []],
  ]
  test.each(rows)('%s', (_name, sent, frontier, expected) => {
    expect(outcome(sent, frontier)).toEqual(expected)
  })

  test('names its field when it is refused', () => {
    expect(planBatch(batch(5, 1), EPOCH, at(3))).toMatchObject({
      sentence: 'batch.first_seq is 5, but 4 is due',
    })
  })
})
