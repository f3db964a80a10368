/** Frames of both directions, and the records in them with the fold behind: refused or understood. */
import {
  type DurableRecord,
  decodeChildRecord,
  decodeRecord,
  decodeToCollector,
  decodeToNode,
  encodeChildRecord,
  encodeRecord,
  encodeToCollector,
  encodeToNode,
  HOUR_MS,
  type LeaseNotice,
  type ToCollectorMessage,
  type ToNodeMessage,
} from '@yiben/shared'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { foldRecords } from '../../collector/src/timeline/fold.ts'
import { bookedMsOf } from '../../collector/src/timeline/hours.ts'
import { contextAt, EPOCH, freshState, T0, unitRow } from '../collector/timeline/support.ts'
import { arbitraryChildRecord } from '../support/arbitrary-child-records.ts'
import { factsOf, tickOf } from '../support/records.ts'
import { fuzz } from './fuzzer.ts'

const HASH = new Uint8Array(32).fill(7)
const CARDS = 3
const MINUTE = 60_000

const NOTICE: LeaseNotice = {
  leaseId: 'L7',
  kind: 'lend',
  units: [0, 2],
  startMs: T0,
  endMs: T0 + HOUR_MS,
  algorithm: 1,
  signature: new Uint8Array(64),
  revision: 2,
  epoch: 'ab'.repeat(16),
  account: 'draw-7',
  cause: '',
}
const RECORDS: readonly DurableRecord[] = [
  { kind: 'facts', facts: factsOf(CARDS) },
  ...(['free', 'busy', 'flipping'] as const).map(
    (shape, minute): DurableRecord => ({
      kind: 'tick',
      tick: tickOf({ startMs: T0 + minute * MINUTE, cards: CARDS, shape }),
    }),
  ),
  { kind: 'gap', gap: { startMs: T0, endMs: T0 + MINUTE, cause: 'restart', bootId: 'b' } },
  { kind: 'lost', lost: { firstSeq: 1, lastSeq: 9, startMs: T0, endMs: T0 + MINUTE } },
  { kind: 'veto', veto: { atMs: T0, kind: 'reclaim', units: [1] } },
  { kind: 'goodbye', goodbye: { atMs: T0, reason: 'stop' } },
  {
    kind: 'policy',
    policy: {
      version: 1,
      atMs: T0,
      enabled: true,
      keepCardsPerNode: 1,
      minFreeMs: MINUTE,
      maxLeaseMs: HOUR_MS,
      calendar: null,
      handover: { kind: 'slurm', isFenced: true, endpoint: 'login', queue: 'bank' },
    },
  },
  {
    kind: 'lease',
    lease: { atMs: T0, leaseId: 'L7', event: 'ended', revision: 2, units: [0], cause: 'veto' },
  },
]
const TO_COLLECTOR: readonly ToCollectorMessage[] = [
  {
    kind: 'hello',
    hello: {
      wireVersion: 2,
      role: 'agent',
      capabilities: ['leases'],
      programVersion: '0.1.0',
      algorithm: 1,
      nodeKey: 'ab'.repeat(32),
      fingerprint: 'cd'.repeat(32),
      instance: '01'.repeat(16),
      epoch: '02'.repeat(16),
      previousEpoch: '03'.repeat(16),
      bootId: 'boot',
      lastSeq: 2 ** 40,
      ackedSeq: 5,
      ackedHash: HASH,
      joinState: 3,
      enrollTokenId: '0011223344556677',
      nodeName: 'node-甲',
      ledgerGeneration: 2,
    },
  },
  { kind: 'proof', proof: { signature: new Uint8Array(64), enrollSecret: HASH.subarray(16) } },
  {
    kind: 'batch',
    batch: {
      firstSeq: 7,
      previousHash: HASH.subarray(0, 8),
      records: RECORDS.map(encodeRecord),
      lostCount: 0,
    },
  },
  { kind: 'heartbeat', heartbeat: { samples: 6, freeUnits: Uint8Array.of(5) } },
  { kind: 'event', event: { units: [1], kind: 'left_free', atMs: T0 } },
  {
    kind: 'lease_answer',
    leaseAnswer: {
      queryId: 'q',
      accepted: false,
      reason: 'busy',
      sampledAtMs: T0,
      isFenced: false,
      declinedUnits: [2],
    },
  },
  { kind: 'leases', leases: [NOTICE] },
]
const TO_NODE: readonly ToNodeMessage[] = [
  {
    kind: 'challenge',
    challenge: {
      nonce: HASH,
      serverTimeMs: T0,
      algorithm: 1,
      collectorKey: 'ab'.repeat(32),
      signature: new Uint8Array(64),
    },
  },
  {
    kind: 'welcome',
    welcome: {
      nodeId: 'n-1',
      watermark: 5,
      watermarkHash: HASH,
      ledgerGeneration: 1,
      nextJoinState: 8,
      serverTimeMs: T0,
      settings: { samplePeriodMs: null, tickMs: MINUTE, heartbeatMs: 10_000 },
      windowFrames: 8,
      windowBytes: 1 << 20,
      identityKey: { number: 1, key: HASH },
      capabilities: ['leases'],
    },
  },
  { kind: 'refusal', refusal: { code: 'node_revoked', sentence: 'gone', retryAfterMs: 0 } },
  {
    kind: 'ack',
    ack: {
      watermark: 9,
      refused: [{ seq: 8, code: 'record_overlap', sentence: 'start_ms' }],
      windowFrames: 8,
      windowBytes: 1 << 20,
      serverTimeMs: T0,
    },
  },
  {
    kind: 'lease_query',
    leaseQuery: { queryId: 'q', units: [0], startMs: T0, untilMs: T0 + 1, epoch: 'ab'.repeat(16) },
  },
  { kind: 'lease_notice', leaseNotice: NOTICE },
  { kind: 'need_facts' },
  { kind: 'drain', drain: { reconnectAfterMs: 1_000, jitterMs: 1_000 } },
]

/** What was understood says the same once it is written and read again. */
function sameAgain<Message extends { readonly kind: string }>(
  message: Message,
  encode: (known: never) => Uint8Array,
  decode: (frame: Uint8Array) => unknown,
): void {
  if (message.kind === 'unknown' || message.kind === 'undecodable') return
  // Neither of the two: it is one that can be written.
  expect(decode(encode(message as never))).toEqual(message)
}

test('frames', async () => {
  await fuzz({
    name: 'frames',
    seeds: [...TO_COLLECTOR.map(encodeToCollector), ...TO_NODE.map(encodeToNode)],
    rounds: 4_000,
    run: (frame) => {
      sameAgain(decodeToCollector(frame), encodeToCollector, decodeToCollector)
      sameAgain(decodeToNode(frame), encodeToNode, decodeToNode)
    },
  })
})

const UNITS = Array.from({ length: CARDS }, (_, index) => index)

/** Whatever is told, no card has more time in an hour than there is, nor two runs at once. */
function foldAll(records: readonly Uint8Array[]): void {
  const results = records.map((bytes, at) => {
    return { seq: at + 1, bytes, result: decodeRecord(bytes, () => UNITS) }
  })
  const told = results.filter(({ result }) => {
    return result.status === 'refused' || result.record.kind !== 'facts'
  })
  const state = freshState(UNITS.map((index) => unitRow(index + 1)))
  const { open, closedRuns, unitHours, refusedSeqs } = foldRecords(
    state,
    told,
    contextAt(T0 + 2 * HOUR_MS, { epoch: EPOCH }),
  )
  for (const seq of refusedSeqs) expect(seq).toBeLessThanOrEqual(records.length)
  for (const hour of [...unitHours, ...open.units.map((unit) => unit.hour)]) {
    expect(bookedMsOf(hour)).toBeLessThanOrEqual(HOUR_MS)
    for (const value of Object.values(hour)) expect(Number.isSafeInteger(value ?? 0)).toBe(true)
  }
  const ends = new Map<number, number>()
  for (const { unitId, startMs, endMs } of closedRuns) {
    expect(startMs).toBeGreaterThanOrEqual(ends.get(unitId) ?? T0)
    expect(endMs).toBeGreaterThan(startMs)
    ends.set(unitId, endMs)
  }
}

test('records', async () => {
  const batches = [RECORDS, RECORDS.slice(0, 4), ...RECORDS.map((record) => [record])]
  await fuzz({
    name: 'records',
    seeds: batches.map((records) =>
      encodeToCollector({
        kind: 'batch',
        batch: {
          firstSeq: 1,
          previousHash: null,
          records: records.map(encodeRecord),
          lostCount: 0,
        },
      }),
    ),
    rounds: 3_000,
    run: (frame) => {
      const message = decodeToCollector(frame)
      // What is no batch is taken for one record: its bytes are changed where it stands alone.
      const records = message.kind === 'batch' ? message.batch.records : [frame]
      foldAll(records)
      for (const bytes of records) {
        const result = decodeRecord(bytes, () => UNITS)
        if (result.status !== 'ok') continue
        expect(decodeRecord(encodeRecord(result.record), () => UNITS)).toEqual(result)
      }
    },
  })
})

test('records of a child collector', async () => {
  const samples = fc.sample(arbitraryChildRecord, { numRuns: 60, seed: 7 })
  await fuzz({
    name: 'child-records',
    seeds: samples.map(encodeChildRecord),
    rounds: 2_000,
    run: (bytes) => {
      const result = decodeChildRecord(bytes)
      if (result.status !== 'ok') return
      expect(decodeChildRecord(encodeChildRecord(result.record))).toEqual(result)
    },
  })
})
