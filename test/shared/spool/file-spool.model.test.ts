/** The spool against a simple array: whatever is done to it, and whenever it is killed. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  decodeRecord,
  type FileSpool,
  openFileSpool,
  recordHash,
  type SpoolRecord,
  silentLogger,
} from '@yiben/shared'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FakeRandom } from '../../support/fake-clock.ts'
import { MINUTE_MS, RECORDS_START_MS } from '../../support/records.ts'

const ALL = { records: 1e6, bytes: 1e9 }

type Step =
  | { readonly kind: 'append'; readonly count: number; readonly keep: boolean }
  | { readonly kind: 'sent' | 'ack' | 'rewind' | 'replace'; readonly share: number }
  | { readonly kind: 'age'; readonly records: number }
  | { readonly kind: 'epoch' | 'kill' | 'reopen' }

const share = fc.double({ min: 0, max: 1, noNaN: true })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      count: fc.integer({ min: 1, max: 5 }),
      keep: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('sent' as const), share }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('ack' as const), share }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rewind' as const), share }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('replace' as const), share }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('age' as const),
      records: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('epoch' as const, 'reopen' as const) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('kill' as const) }) },
)

/** One number: what was appended under it, or that it was lost. */
interface ModelRecord {
  text: string
  readonly keep: boolean
  readonly endMs: number
  isLost: boolean
}

/** The same promises, said with an array. Index 0 is number 1. */
class Model {
  records: ModelRecord[] = []
  sentSeq = 0
  ackedSeq = 0
  epochs = 1

  /** Numbers that stand alone or end a run of lost ones: what a watermark can be. */
  edges(): number[] {
    return this.records.flatMap((record, position) => {
      const next = this.records[position + 1]
      const isInside = record.isLost && next?.isLost === true && position + 1 !== this.sentSeq
      return isInside ? [] : [position + 1]
    })
  }

  /** Unsent records that ended before the cut are lost, unless kept. */
  dropBefore(endMs: number): number {
    let dropped = 0
    this.records.forEach((record, position) => {
      const mayGo = position + 1 > this.sentSeq && record.endMs < endMs && !record.keep
      if (!mayGo || record.isLost) return
      record.isLost = true
      dropped += 1
    })
    return dropped
  }
}

class Harness {
  directory = mkdtempSync(join(tmpdir(), 'yiben-spool-'))
  readonly model = new Model()
  readonly #folders = [this.directory]
  #opened = 0
  #texts = 0
  #minutes = 0
  spool: FileSpool

  constructor() {
    this.spool = this.#open()
  }

  #open(): FileSpool {
    this.#opened += 1
    const random = new FakeRandom(this.#opened)
    return openFileSpool({ directory: this.directory, random, log: silentLogger })
  }

  run(one: Step): void {
    const { model, spool } = this
    switch (one.kind) {
      case 'append':
        this.#append(one.count, one.keep)
        return
      case 'sent': {
        const seq = edgeAt(
          model.edges().filter((edge) => edge >= model.sentSeq),
          one.share,
        )
        if (seq === null) return
        spool.markSent(seq)
        model.sentSeq = Math.max(model.sentSeq, seq)
        return
      }
      case 'ack': {
        const edges = model.edges().filter((edge) => edge <= model.sentSeq)
        const seq = edgeAt(edges, one.share)
        if (seq === null) return
        spool.ack(seq)
        model.ackedSeq = Math.max(model.ackedSeq, seq)
        return
      }
      case 'rewind': {
        const seq = edgeAt(
          model.edges().filter((edge) => edge <= model.ackedSeq),
          one.share,
        )
        if (seq === null) return
        // Nothing is forgotten within 48 h, so everything is still kept here.
        expect(spool.rewind(seq)).toBe('rewound')
        model.ackedSeq = seq
        return
      }
      case 'replace':
        this.#replace(one.share)
        return
      case 'age': {
        const cutMs = this.#endMs() - one.records * MINUTE_MS
        const ageMs = 7 * 86_400_000
        const { droppedRecords } = spool.enforceLimits(cutMs + ageMs)
        expect(droppedRecords).toBe(model.dropBefore(cutMs))
        return
      }
      case 'epoch': {
        const before = spool.state().epoch
        expect(spool.newEpoch().previousEpoch).toBe(before)
        Object.assign(model, { records: [], sentSeq: 0, ackedSeq: 0 })
        return
      }
      case 'kill':
        this.#kill()
        return
      case 'reopen':
        spool.close()
        this.spool = this.#open()
        return
    }
  }

  /** What a crash leaves is what lies on the disk now: a copy, opened anew. */
  #kill(): void {
    const copy = mkdtempSync(join(tmpdir(), 'yiben-spool-'))
    cpSync(this.directory, copy, { recursive: true })
    this.spool.close()
    this.#folders.push(copy)
    this.directory = copy
    this.spool = this.#open()
  }

  #append(count: number, keep: boolean): void {
    const entries = Array.from({ length: count }, () => {
      this.#texts += 1
      this.#minutes += 1
      return { text: `r${this.#texts}`, endMs: this.#endMs() }
    })
    this.spool.append(
      entries.map(({ text, endMs }) => ({ bytes: Buffer.from(text), timelineEndMs: endMs, keep })),
    )
    for (const { text, endMs } of entries) {
      this.model.records.push({ text, endMs, keep, isLost: false })
    }
  }

  /** Shifts what was never sent, as a mended anchor does; only where nothing of it was lost. */
  #replace(shareOf: number): void {
    const { model, spool } = this
    const fromSeq = Math.floor(shareOf * model.records.length) + 1
    const tail = model.records.slice(fromSeq - 1)
    if (tail.length === 0 || tail.some((record) => record.isLost)) return
    const entries = tail.map((record) => ({
      bytes: Buffer.from(`${record.text}'`),
      timelineEndMs: record.endMs,
      keep: record.keep,
    }))
    expect(spool.replaceUnsent(fromSeq, entries)).toBe(fromSeq > model.sentSeq)
    if (fromSeq <= model.sentSeq) return
    for (const record of tail) record.text += "'"
  }

  #endMs(): number {
    return RECORDS_START_MS + this.#minutes * MINUTE_MS
  }

  check(): void {
    const { model, spool } = this
    const state = spool.state()
    expect(state).toMatchObject({
      lastSeq: model.records.length,
      sentSeq: model.sentSeq,
      ackedSeq: model.ackedSeq,
    })
    const rows = spool.read(1, ALL)
    let nextSeq = 1
    for (const row of rows) {
      // Numbers follow without a gap, those a lost record stands for included.
      expect(row.seq - row.lostCount).toBe(nextSeq)
      this.#checkRow(row, state.epoch)
      nextSeq = row.seq + 1
    }
    expect(nextSeq - 1).toBe(model.records.length)
  }

  #checkRow(row: SpoolRecord, epoch: string): void {
    expect(Buffer.from(row.hash).equals(recordHash(epoch, row.seq, row.bytes))).toBe(true)
    const record = this.model.records[row.seq - 1]
    if (record?.isLost !== true) {
      expect(Buffer.from(row.bytes).toString()).toBe(record?.text)
      expect(row.lostCount).toBe(0)
      return
    }
    const decoded = decodeRecord(row.bytes, () => null)
    expect(decoded).toMatchObject({
      record: {
        kind: 'lost',
        lost: { firstSeq: row.seq - row.lostCount, lastSeq: row.seq, endMs: record.endMs },
      },
    })
    for (let seq = row.seq - row.lostCount; seq <= row.seq; seq += 1) {
      expect(this.model.records[seq - 1]?.isLost).toBe(true)
    }
  }

  close(): void {
    this.spool.close()
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true })
  }
}

describe('a spool', () => {
  test('does what an array would, killed at any point', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) => {
        const harness = new Harness()
        try {
          for (const one of steps) {
            harness.run(one)
            harness.check()
          }
        } finally {
          harness.close()
        }
      }),
      { numRuns: 60 },
    )
  }, 60_000)
})

function edgeAt(edges: readonly number[], shareOf: number): number | null {
  return edges[Math.min(edges.length - 1, Math.floor(shareOf * edges.length))] ?? null
}
