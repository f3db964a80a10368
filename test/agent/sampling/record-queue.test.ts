/** Records on their way to a disk that fills up. */
import {
  type DurableRecord,
  decodeRecord,
  encodeRecord,
  openFileSpool,
  silentLogger,
} from '@yiben/shared'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RecordQueue } from '../../../agent/src/sampling/record-queue.ts'
import { FakeRandom } from '../../support/fake-clock.ts'
import { MemorySpool } from '../../support/memory-spool.ts'
import { factsOf, RECORDS_START_MS } from '../../support/records.ts'
import { tempDir } from '../../support/temp-dir.ts'

const MINUTE_MS = 60_000
const TICKS_MAX = 5

function tick(minute: number): DurableRecord {
  return {
    kind: 'tick',
    tick: {
      factsRevision: 1,
      startMs: RECORDS_START_MS + minute * MINUTE_MS,
      spanMs: MINUTE_MS,
      samplesExpected: 6,
      cpuBusyMs: 1,
      cpuTotalMs: 1,
      units: [],
    },
  }
}

function setUp() {
  const spool = new MemorySpool()
  const written: DurableRecord[] = []
  const byBytes = new Map<string, DurableRecord>()
  const queue = new RecordQueue({
    spool,
    encode: (record) => {
      const bytes = encodeRecord(record)
      byBytes.set(Buffer.from(bytes).toString('hex'), record)
      return bytes
    },
    log: silentLogger,
    bootId: 'boot-1',
    ticksMax: TICKS_MAX,
  })
  const onDisk = () =>
    spool
      .read(1, { records: 10_000, bytes: Number.MAX_SAFE_INTEGER })
      .flatMap(({ bytes }) => byBytes.get(Buffer.from(bytes).toString('hex')) ?? [])
  return { spool, queue, written, onDisk }
}

describe('the record queue', () => {
  test('writes at once, in order, and knows where the timeline ends', () => {
    const { queue, onDisk } = setUp()
    expect(queue.add([tick(0), tick(1)])).toBe('durable')
    expect(queue.endMs).toBe(RECORDS_START_MS + 2 * MINUTE_MS)
    expect(onDisk()).toEqual([tick(0), tick(1)])
  })

  test.each(['disk_full', 'disk_failed', 'disk_locked'] as const)('waits out %s', (code) => {
    const { spool, queue, onDisk } = setUp()
    spool.failure = code
    expect(queue.add([tick(0)])).toBe('waiting')
    expect(queue.flush()).toBe('waiting')
    spool.failure = null
    expect(queue.add([tick(1)])).toBe('durable')
    expect(onDisk()).toEqual([tick(0), tick(1)])
    expect(queue.waitingRecords).toBe(0)
  })

  test('does not hide what is no failure of the disk', () => {
    const { spool, queue } = setUp()
    spool.failure = 'internal'
    expect(() => queue.add([tick(0)])).toThrow(expect.objectContaining({ code: 'internal' }))
  })

  test('loses the oldest time first, as one gap that says so', () => {
    const { spool, queue, onDisk } = setUp()
    spool.failure = 'disk_full'
    for (let minute = 0; minute < 20; minute += 1) queue.add([tick(minute)])
    spool.failure = null
    queue.flush()
    const [gap, ...ticks] = onDisk()
    expect(gap).toEqual({
      kind: 'gap',
      gap: {
        startMs: RECORDS_START_MS,
        endMs: RECORDS_START_MS + 15 * MINUTE_MS,
        cause: 'lost',
        bootId: 'boot-1',
      },
    })
    expect(ticks).toEqual([15, 16, 17, 18, 19].map(tick))
  })

  test('keeps facts in their place: time before and after them is lost apart', () => {
    const { spool, queue, onDisk } = setUp()
    spool.failure = 'disk_full'
    queue.add([tick(0), tick(1), { kind: 'facts', facts: factsOf(1, 2) }])
    for (let minute = 2; minute < 12; minute += 1) queue.add([tick(minute)])
    spool.failure = null
    queue.flush()
    expect(onDisk().map(({ kind }) => kind)).toEqual([
      'gap',
      'facts',
      'gap',
      ...Array<string>(TICKS_MAX).fill('tick'),
    ])
  })

  test('stays bounded whatever is added, keeps the last facts, and leaves no hole', () => {
    const kinds = fc.array(fc.constantFrom('tick', 'facts', 'veto'), { maxLength: 400 })
    fc.assert(
      fc.property(kinds, (list) => {
        const { spool, queue, onDisk } = setUp()
        spool.failure = 'disk_full'
        let minute = 0
        let revision = 0
        for (const kind of list) {
          if (kind === 'tick') {
            queue.add([tick(minute)])
            minute += 1
          } else if (kind === 'facts') {
            revision += 1
            queue.add([{ kind: 'facts', facts: factsOf(1, revision) }])
          } else {
            queue.add([
              { kind: 'veto', veto: { atMs: RECORDS_START_MS, kind: 'reclaim', units: [0] } },
            ])
          }
          expect(queue.waitingRecords).toBeLessThanOrEqual(2 * 128 + TICKS_MAX + 1)
        }
        spool.failure = null
        queue.flush()
        let endMs = RECORDS_START_MS
        for (const record of onDisk()) {
          const span =
            record.kind === 'tick'
              ? { startMs: record.tick.startMs, endMs: record.tick.startMs + record.tick.spanMs }
              : record.kind === 'gap'
                ? record.gap
                : null
          if (span === null) continue
          expect(span.startMs).toBe(endMs)
          endMs = span.endMs
        }
        expect(endMs).toBe(RECORDS_START_MS + minute * MINUTE_MS)
        const facts = onDisk().filter((record) => record.kind === 'facts')
        if (revision > 0) expect(facts.at(-1)?.facts.revision).toBe(revision)
      }),
      { numRuns: 50 },
    )
  })
})

test('time that is too old is dropped, the facts its successors are read by are not', () => {
  const spool = openFileSpool({
    directory: tempDir(),
    random: new FakeRandom(1),
    log: silentLogger,
  })
  const queue = new RecordQueue({
    spool,
    encode: encodeRecord,
    log: silentLogger,
    bootId: 'boot-1',
    ticksMax: TICKS_MAX,
  })
  const gap = { startMs: RECORDS_START_MS, endMs: RECORDS_START_MS, bootId: 'boot-1' }
  queue.add([
    { kind: 'gap', gap: { ...gap, cause: 'epoch' } },
    { kind: 'facts', facts: factsOf(0) },
    ...[0, 1, 2, 3].map(tick),
  ])
  const sevenDaysMs = 7 * 24 * 60 * MINUTE_MS
  expect(spool.enforceLimits(RECORDS_START_MS + sevenDaysMs + 3 * MINUTE_MS).droppedRecords).toBe(3)
  const kinds = spool.read(1, { records: 100, bytes: 1_000_000 }).map(({ bytes }) => {
    const decoded = decodeRecord(bytes, () => [])
    return decoded.status === 'ok' ? decoded.record.kind : decoded.code
  })
  expect(kinds).toEqual(['lost', 'facts', 'lost', 'tick', 'tick'])
  spool.close()
})
