import {
  cpSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import {
  type AppError,
  decodeRecord,
  encodeRecord,
  type FileSpool,
  type FileSpoolOptions,
  openFileSpool,
  recordHash,
  type SpoolEntry,
  silentLogger,
} from '@yiben/shared'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FakeRandom } from '../../support/fake-clock.ts'
import { MINUTE_MS, RECORDS_START_MS, tickRecord } from '../../support/records.ts'

const DAY_MS = 86_400_000
const ALL = { records: 100_000, bytes: 1e9 }

let directory: string
let spool: FileSpool
const opened: FileSpool[] = []

function open(options: Partial<FileSpoolOptions> = {}): FileSpool {
  const one = openFileSpool({
    directory,
    random: new FakeRandom(opened.length + 1),
    log: silentLogger,
    ...options,
  })
  opened.push(one)
  return one
}

function entry(minute: number, text = `record ${minute}`): SpoolEntry {
  return {
    bytes: Buffer.from(text),
    timelineEndMs: RECORDS_START_MS + minute * MINUTE_MS,
  }
}

function codeOf(run: () => unknown): string {
  try {
    run()
    return 'nothing thrown'
  } catch (error) {
    return (error as AppError).code
  }
}

/** What a crash leaves: the files as they are now, opened by somebody else. */
function crashCopy(): string {
  const copy = mkdtempSync(join(tmpdir(), 'yiben-spool-'))
  cpSync(directory, copy, { recursive: true })
  return copy
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'yiben-spool-'))
  spool = open()
})

afterEach(() => {
  for (const one of opened.splice(0)) {
    try {
      one.close()
    } catch {
      // Closed by the test itself.
    }
  }
  rmSync(directory, { recursive: true, force: true })
})

describe('a spool', () => {
  test('numbers records from 1, chains their hashes and keeps their bytes', () => {
    const records = spool.append([entry(1), entry(2)])
    expect(records.map((record) => record.seq)).toEqual([1, 2])
    const { epoch } = spool.state()
    expect(records[1]?.hash).toEqual(recordHash(epoch, 2, Buffer.from('record 2')))
    expect(spool.hashAt(1)).toEqual(records[0]?.hash)
    expect(spool.read(1, ALL).map((record) => Buffer.from(record.bytes).toString())).toEqual([
      'record 1',
      'record 2',
    ])
    expect(spool.state()).toMatchObject({
      lastSeq: 2,
      sentSeq: 0,
      ackedSeq: 0,
      ackedHash: null,
      timelineEndMs: RECORDS_START_MS + 2 * MINUTE_MS,
    })
  })

  test('reads are bounded by records and by bytes, and one record always goes', () => {
    spool.append([entry(1, 'x'.repeat(100)), entry(2, 'y'.repeat(100)), entry(3)])
    expect(spool.read(1, { records: 2, bytes: 1e6 })).toHaveLength(2)
    expect(spool.read(1, { records: 9, bytes: 150 })).toHaveLength(1)
    expect(spool.read(2, { records: 9, bytes: 10 })).toHaveLength(1)
    expect(spool.read(4, ALL)).toEqual([])
  })

  test('what was promised is there after a crash at any point', () => {
    spool.append([entry(1), entry(2), entry(3)])
    spool.markSent(2)
    spool.ack(1)
    spool.setMeta('join_state', '7')
    const expected = spool.state()
    const survivor = open({ directory: crashCopy() })
    expect(survivor.state()).toEqual({ ...expected, bytesUsed: survivor.state().bytesUsed })
    expect(survivor.getMeta('join_state')).toBe('7')
    expect(survivor.read(1, ALL)).toEqual(spool.read(1, ALL))
  })

  test('a spool that ignores its disk loses what it promised', () => {
    const careless = open({ directory: join(directory, 'careless'), durability: 'ignored' })
    careless.append([entry(1)])
    const copy = mkdtempSync(join(tmpdir(), 'yiben-spool-'))
    cpSync(join(directory, 'careless'), copy, { recursive: true })
    expect(open({ directory: copy }).state().lastSeq).toBe(0)
    expect(careless.state().lastSeq).toBe(1)
  })

  test('a second opener of the same folder is told that it is locked', () => {
    expect(codeOf(() => open())).toBe('disk_locked')
    spool.append([entry(1)])
    spool.close()
    expect(open().state().lastSeq).toBe(1)
  })

  test('a file of a newer format is refused and left as it is', () => {
    spool.append([entry(1)])
    spool.close()
    const database = new DatabaseSync(join(directory, 'spool.db'))
    database.exec('PRAGMA user_version = 99')
    database.close()
    expect(codeOf(() => open())).toBe('disk_format_newer')
    expect(readdirSync(directory)).not.toContain('spool.db.broken-1')
  })

  test('a broken file is moved aside; its epoch is named and the facts beside it go on', () => {
    spool.append(Array.from({ length: 400 }, (_, minute) => entry(minute, 'r'.repeat(500))))
    spool.setMeta('join_state', '7')
    const { epoch } = spool.state()
    spool.close()
    const path = join(directory, 'spool.db')
    truncateSync(path, statSync(path).size - 40_960)
    const fresh = open()
    expect(fresh.state()).toMatchObject({ previousEpoch: epoch, lastSeq: 0 })
    expect(fresh.state().epoch).not.toBe(epoch)
    expect(fresh.getMeta('join_state')).toBe('7')
    expect(readdirSync(directory)).toContain('spool.db.broken-1')
  })

  test('a file that is no database at all is named from the copy beside it, if that is there', () => {
    const { epoch } = spool.state()
    spool.close()
    writeFileSync(join(directory, 'spool.db'), 'garbage '.repeat(1000))
    const second = open()
    expect(second.state()).toMatchObject({ previousEpoch: epoch, lastSeq: 0 })
    second.close()
    writeFileSync(join(directory, 'spool.db'), 'garbage '.repeat(1000))
    writeFileSync(join(directory, 'spool.salvage'), '{"epoch": 7}')
    expect(open().state()).toMatchObject({ previousEpoch: null, lastSeq: 0 })
  })

  test('a file that is gone leaves its name and its facts in the copy beside it', () => {
    spool.setMeta('join_state', '7')
    const { epoch } = spool.state()
    spool.close()
    for (const suffix of ['', '-wal', '-shm']) {
      rmSync(join(directory, `spool.db${suffix}`), { force: true })
    }
    const fresh = open()
    expect(fresh.state()).toMatchObject({ previousEpoch: epoch, lastSeq: 0 })
    expect(fresh.getMeta('join_state')).toBe('7')
  })

  test('a new epoch names the old one, begins at 1 and keeps the facts beside the queue', () => {
    spool.append([entry(1)])
    spool.setMeta('join_state', '7')
    const before = spool.state().epoch
    const after = spool.newEpoch()
    expect(after).toMatchObject({ previousEpoch: before, lastSeq: 0, timelineEndMs: null })
    expect(spool.append([entry(5)])[0]?.seq).toBe(1)
    expect(spool.getMeta('join_state')).toBe('7')
  })
})

describe('going back', () => {
  test('a rewind asks again for what was acknowledged, as far as it is kept', () => {
    spool.append([entry(1), entry(2), entry(3)])
    spool.markSent(3)
    spool.ack(3)
    expect(spool.rewind(1)).toBe('rewound')
    expect(spool.state()).toMatchObject({ ackedSeq: 1, sentSeq: 3 })
    expect(spool.rewind(0)).toBe('rewound')
    expect(spool.state().ackedHash).toBeNull()
  })

  test('past what is kept it says so and changes nothing', () => {
    spool.append([entry(1), entry(2), entry(3)])
    spool.markSent(3)
    spool.ack(2)
    const firstMs = RECORDS_START_MS + 3 * MINUTE_MS
    spool.enforceLimits(firstMs)
    spool.enforceLimits(firstMs + 3 * DAY_MS)
    expect(spool.rewind(0)).toBe('not_kept')
    expect(spool.rewind(1)).toBe('not_kept')
    expect(spool.state().ackedSeq).toBe(2)
    expect(spool.hashAt(2)).not.toBeNull()
  })
})

describe('replacing what was never sent', () => {
  test('changes bytes and hashes from a number on, and may put a record in between', () => {
    spool.append([entry(1), entry(2), entry(3)])
    spool.markSent(1)
    const shifted = [entry(5, 'gap'), entry(6, 'two'), entry(7, 'three')]
    expect(spool.replaceUnsent(2, shifted)).toBe(true)
    expect(spool.read(1, ALL).map((record) => Buffer.from(record.bytes).toString())).toEqual([
      'record 1',
      'gap',
      'two',
      'three',
    ])
    expect(spool.state()).toMatchObject({
      lastSeq: 4,
      timelineEndMs: RECORDS_START_MS + 7 * MINUTE_MS,
    })
    const { epoch } = spool.state()
    expect(spool.hashAt(4)).toEqual(recordHash(epoch, 4, Buffer.from('three')))
  })

  test('is refused once one of them was sent', () => {
    spool.append([entry(1), entry(2)])
    spool.markSent(2)
    expect(spool.replaceUnsent(2, [entry(9)])).toBe(false)
    expect(Buffer.from(spool.read(2, ALL)[0]?.bytes ?? []).toString()).toBe('record 2')
  })
})

describe('limits', () => {
  test('unsent records past the age become one lost record under the last of their numbers', () => {
    spool.append([entry(1), entry(2), entry(3), entry(4)])
    spool.markSent(1)
    const nowMs = RECORDS_START_MS + 3 * MINUTE_MS + 7 * DAY_MS + 1
    expect(spool.enforceLimits(nowMs).droppedRecords).toBe(2)
    const rows = spool.read(2, ALL)
    expect(rows.map((row) => [row.seq, row.lostCount])).toEqual([
      [3, 1],
      [4, 0],
    ])
    expect(decodeRecord(rows[0]?.bytes ?? new Uint8Array(), () => null)).toEqual({
      status: 'ok',
      record: {
        kind: 'lost',
        lost: {
          firstSeq: 2,
          lastSeq: 3,
          startMs: RECORDS_START_MS + MINUTE_MS,
          endMs: RECORDS_START_MS + 3 * MINUTE_MS,
        },
      },
    })
    // A minute later the next one joins the same lost record.
    spool.enforceLimits(nowMs + MINUTE_MS)
    expect(spool.read(2, ALL).map((row) => [row.seq, row.lostCount])).toEqual([[4, 2]])
  })

  test('what was sent is never dropped, and a lost record that was sent stays as it was', () => {
    spool.append([entry(1), entry(2), entry(3), entry(4)])
    const lateMs = RECORDS_START_MS + 2 * MINUTE_MS + 7 * DAY_MS + 1
    spool.enforceLimits(lateMs)
    expect(spool.read(1, ALL).map((row) => row.seq)).toEqual([2, 3, 4])
    spool.markSent(2)
    const sent = spool.read(1, { records: 1, bytes: 1e6 })
    spool.enforceLimits(lateMs + 10 * DAY_MS)
    expect(spool.read(1, ALL).map((row) => [row.seq, row.lostCount])).toEqual([
      [2, 1],
      [4, 1],
    ])
    expect(spool.read(1, { records: 1, bytes: 1e6 })).toEqual(sent)
  })

  test('records marked to be kept survive between lost ones', () => {
    spool.append([entry(1), entry(2), { ...entry(2, 'facts'), keep: true }, entry(3)])
    spool.enforceLimits(RECORDS_START_MS + 30 * DAY_MS)
    const rows = spool.read(1, ALL)
    expect(rows.map((row) => [row.seq, row.lostCount])).toEqual([
      [2, 1],
      [3, 0],
      [4, 0],
    ])
    expect(Buffer.from(rows[1]?.bytes ?? []).toString()).toBe('facts')
  })

  test('acknowledged records stay 48 h, then go, all but the one at the watermark', () => {
    spool.append([entry(1), entry(2), entry(3)])
    spool.markSent(3)
    spool.ack(2)
    const ackedMs = RECORDS_START_MS + 3 * MINUTE_MS
    spool.enforceLimits(ackedMs)
    spool.enforceLimits(ackedMs + 47 * 3_600_000)
    expect(spool.read(1, ALL)).toHaveLength(3)
    spool.enforceLimits(ackedMs + 49 * 3_600_000)
    expect(spool.read(1, ALL).map((row) => row.seq)).toEqual([2, 3])
  })

  test('the file stays within its bytes however long the collector is away', () => {
    const limits = { bytesMax: 6 * 1024 * 1024, ballastBytes: 64 * 1024 }
    const small = open({ directory: join(directory, 'small'), limits })
    let dropped = 0
    for (let batch = 0; batch < 60; batch += 1) {
      const entries = Array.from({ length: 100 }, (_, record) =>
        entry(batch * 100 + record, 'z'.repeat(1000)),
      )
      small.append(entries)
      dropped += small.enforceLimits(RECORDS_START_MS + batch * 100 * MINUTE_MS).droppedRecords
    }
    const files = readdirSync(join(directory, 'small'))
    const bytes = files.reduce(
      (sum, file) => sum + statSync(join(directory, 'small', file)).size,
      0,
    )
    expect(dropped).toBeGreaterThan(2000)
    expect(bytes).toBeLessThanOrEqual(limits.bytesMax)
    const rows = small.read(1, ALL)
    expect(rows[0]?.lostCount).toBeGreaterThan(2000)
    expect(rows.at(-1)?.seq).toBe(6000)
    // Every number stands somewhere: no hole.
    expect(rows.reduce((sum, row) => sum + 1 + row.lostCount, 0)).toBe(6000)
  })

  test('7 days of 8 cards and 48 h of acknowledged records fit, with nothing dropped', () => {
    const days = 9
    const minutesAcked = 2 * 1440
    for (let hour = 0; hour < days * 24; hour += 1) {
      spool.append(
        Array.from({ length: 60 }, (_, minute) => {
          const startMs = RECORDS_START_MS + (hour * 60 + minute) * MINUTE_MS
          return { bytes: encodeRecord(tickRecord(startMs)), timelineEndMs: startMs + MINUTE_MS }
        }),
      )
      if ((hour + 1) * 60 <= minutesAcked) {
        spool.markSent((hour + 1) * 60)
        spool.ack((hour + 1) * 60)
      }
      const nowMs = RECORDS_START_MS + (hour + 1) * 60 * MINUTE_MS
      expect(spool.enforceLimits(nowMs).droppedRecords).toBe(0)
    }
    const bytes = readdirSync(directory).reduce(
      (sum, file) => sum + statSync(join(directory, file)).size,
      0,
    )
    expect(bytes).toBeLessThanOrEqual(64 * 1024 * 1024)
    expect(spool.read(minutesAcked + 1, ALL)).toHaveLength(7 * 1440)
  })
})

describe('a full disk', () => {
  test('in the middle of an append undoes all of it', () => {
    const limits = { bytesMax: 6 * 1024 * 1024, ballastBytes: 64 * 1024 }
    const small = open({ directory: join(directory, 'small'), limits })
    small.append([entry(1)])
    const tooMuch = [entry(2), entry(3, 'x'.repeat(8 * 1024 * 1024))]
    expect(codeOf(() => small.append(tooMuch))).toBe('disk_full')
    expect(small.state()).toMatchObject({
      lastSeq: 1,
      timelineEndMs: RECORDS_START_MS + MINUTE_MS,
    })
    expect(small.append([entry(2)])[0]?.seq).toBe(2)
    expect(small.read(1, ALL)).toHaveLength(2)
  })

  test('is a refusal with a code; nothing was appended, and it recovers when space returns', () => {
    let freeBytes = 1e9
    const limited = open({
      directory: join(directory, 'full'),
      disk: { freeBytes: () => freeBytes },
    })
    limited.append([entry(1)])
    freeBytes = 1000
    expect(codeOf(() => limited.append([entry(2)]))).toBe('disk_full')
    expect(limited.state().lastSeq).toBe(1)
    expect(readdirSync(join(directory, 'full'))).not.toContain('spool.ballast')
    limited.markSent(1)
    limited.ack(1)
    freeBytes = 1e9
    limited.enforceLimits(RECORDS_START_MS)
    expect(readdirSync(join(directory, 'full'))).toContain('spool.ballast')
    expect(limited.append([entry(2)])[0]?.seq).toBe(2)
  })
})
