import {
  type Ack,
  ANSWER_STATUSES,
  ASK_BODY_BYTES_MAX,
  ASK_HOPS_MAX,
  ASK_KINDS,
  BATCH_BYTES_MAX,
  BATCH_RECORDS_MAX,
  decodeToCollector,
  decodeToNode,
  encodeRecord,
  encodeToCollector,
  encodeToNode,
  FRAME_BYTES_MAX,
  type Hello,
  type ToCollectorMessage,
  type ToNodeMessage,
  type Welcome,
} from '@yiben/shared'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RECORDS_START_MS, type TickShape, tickOf } from '../../support/records.ts'

const HASH = new Uint8Array(32).fill(7)

const HELLO: Hello = {
  wireVersion: 1,
  role: 'collector',
  capabilities: ['leases', 'buckets'],
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
}

const WELCOME: Welcome = {
  nodeId: 'node-1',
  watermark: 5,
  watermarkHash: HASH,
  ledgerGeneration: 1,
  nextJoinState: 8,
  serverTimeMs: RECORDS_START_MS,
  settings: { samplePeriodMs: null, tickMs: 60_000, heartbeatMs: 10_000 },
  windowFrames: 8,
  windowBytes: 1 << 20,
  identityKey: { number: 1, key: new Uint8Array(32).fill(3) },
  capabilities: [],
}

const NOTICE = {
  leaseId: 'L7',
  kind: 'lend',
  units: [1, 2],
  startMs: RECORDS_START_MS,
  endMs: RECORDS_START_MS + 1,
  algorithm: 1,
  signature: new Uint8Array(64),
  revision: 2,
  epoch: 'ab'.repeat(16),
  account: 'draw-7',
  cause: '',
} as const

const TO_COLLECTOR: readonly ToCollectorMessage[] = [
  { kind: 'hello', hello: HELLO },
  {
    kind: 'hello',
    hello: {
      ...HELLO,
      role: 'agent',
      previousEpoch: null,
      ackedSeq: 0,
      ackedHash: null,
      enrollTokenId: null,
      nodeName: null,
    },
  },
  { kind: 'proof', proof: { signature: new Uint8Array(64), enrollSecret: null } },
  { kind: 'proof', proof: { signature: new Uint8Array(64), enrollSecret: new Uint8Array(16) } },
  {
    kind: 'batch',
    batch: { firstSeq: 1, previousHash: null, records: [Uint8Array.of(1)], lostCount: 0 },
  },
  {
    kind: 'batch',
    batch: {
      firstSeq: 9,
      previousHash: new Uint8Array(8).fill(1),
      records: [Uint8Array.of(1), new Uint8Array(0)],
      lostCount: 3,
    },
  },
  { kind: 'heartbeat', heartbeat: { samples: 0, freeUnits: new Uint8Array(0) } },
  { kind: 'heartbeat', heartbeat: { samples: 1, freeUnits: Uint8Array.of(5) } },
  { kind: 'heartbeat', heartbeat: { samples: 60, freeUnits: Uint8Array.of(0, 1) } },
  { kind: 'event', event: { units: [0, 7], kind: 'fault', atMs: RECORDS_START_MS } },
  {
    kind: 'lease_answer',
    leaseAnswer: {
      queryId: 'q',
      accepted: false,
      reason: 'veto',
      sampledAtMs: 1,
      isFenced: true,
      declinedUnits: [1],
    },
  },
  { kind: 'leases', leases: [NOTICE] },
  {
    kind: 'key_change',
    keyChange: {
      nonce: 'ab'.repeat(16),
      algorithm: 1,
      newKey: 'cd'.repeat(32),
      fingerprint: 'ef'.repeat(32),
      oldSignature: new Uint8Array(64).fill(1),
      newSignature: new Uint8Array(64).fill(2),
    },
  },
  { kind: 'trust_known', version: 1_800_000_000 },
  ...ANSWER_STATUSES.map(
    (status): ToCollectorMessage => ({
      kind: 'child_answer',
      childAnswer: { askId: 2 ** 40, status, body: Uint8Array.of(1, 2) },
    }),
  ),
]

const TO_NODE: readonly ToNodeMessage[] = [
  ...ASK_KINDS.map(
    (kind, index): ToNodeMessage => ({
      kind: 'child_ask',
      childAsk: {
        askId: index + 1,
        kind,
        path: Array.from({ length: index % (ASK_HOPS_MAX + 1) }, (_, hop) => `c-${hop}`),
        withinMs: 5_000,
        body: new Uint8Array(index).fill(9),
      },
    }),
  ),
  {
    kind: 'challenge',
    challenge: {
      nonce: HASH,
      serverTimeMs: RECORDS_START_MS,
      algorithm: 1,
      collectorKey: 'ef'.repeat(32),
      signature: new Uint8Array(64),
    },
  },
  { kind: 'welcome', welcome: WELCOME },
  {
    kind: 'welcome',
    welcome: { ...WELCOME, watermark: 0, watermarkHash: null, identityKey: null },
  },
  { kind: 'refusal', refusal: { code: 'node_clone', sentence: 'enroll anew', retryAfterMs: 0 } },
  {
    kind: 'ack',
    ack: {
      watermark: 7,
      refused: [{ seq: 6, code: 'record_out_of_range', sentence: 'utilization_sum is -5' }],
      windowFrames: 0,
      windowBytes: 0,
      serverTimeMs: null,
    },
  },
  {
    kind: 'lease_query',
    leaseQuery: {
      queryId: 'q',
      units: [1],
      startMs: RECORDS_START_MS,
      untilMs: RECORDS_START_MS + 1,
      epoch: 'ab'.repeat(16),
    },
  },
  { kind: 'lease_notice', leaseNotice: NOTICE },
  { kind: 'need_facts' },
  { kind: 'drain', drain: { reconnectAfterMs: 1000, jitterMs: 5000 } },
  {
    kind: 'trust_roots',
    trustRoots: {
      version: 1_800_000_000,
      roots: [new Uint8Array(500).fill(3), new Uint8Array(600).fill(4)],
      algorithm: 1,
      signature: new Uint8Array(64),
    },
  },
  ...[null, 'cd'.repeat(32)].map((newKey) => ({
    kind: 'rotate_key' as const,
    rotateKey: {
      nonce: 'ab'.repeat(16),
      oldKey: 'ef'.repeat(32),
      newKey,
      algorithm: 1,
      signature: new Uint8Array(64),
    },
  })),
]

describe('messages', () => {
  test.each(TO_COLLECTOR.map((message) => [message.kind, message] as const))(
    'to a collector: %s is read as it was written',
    (_, message) => {
      expect(decodeToCollector(encodeToCollector(message))).toEqual(message)
    },
  )

  test.each(TO_NODE.map((message) => [message.kind, message] as const))(
    'to a node: %s is read as it was written',
    (_, message) => {
      expect(decodeToNode(encodeToNode(message))).toEqual(message)
    },
  )

  test('any garbage is a typed result, either way', () => {
    const frames = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc
        .tuple(fc.constantFrom(...TO_COLLECTOR), fc.nat(), fc.nat(255))
        .map(([message, place, value]) => {
          const frame = Uint8Array.from(encodeToCollector(message))
          frame[place % frame.length] = value
          return frame
        }),
    )
    fc.assert(
      fc.property(frames, (frame) => {
        expect(decodeToCollector(frame).kind).toBeTypeOf('string')
        expect(decodeToNode(frame).kind).toBeTypeOf('string')
      }),
      { numRuns: 1000 },
    )
  })

  test('a message of a newer peer is unknown, an empty frame too', () => {
    expect(decodeToCollector(Uint8Array.of(0x42, 0x00))).toEqual({ kind: 'unknown' })
    expect(decodeToNode(new Uint8Array(0))).toEqual({ kind: 'unknown' })
  })

  test('an oversized frame is told apart from a broken one, and not decoded', () => {
    expect(decodeToCollector(new Uint8Array(FRAME_BYTES_MAX + 1))).toMatchObject({
      kind: 'undecodable',
      code: 'frame_too_large',
    })
    expect(decodeToCollector(Uint8Array.of(0x0a, 0x05, 0x01))).toMatchObject({
      kind: 'undecodable',
      code: 'frame_undecodable',
    })
  })

  test.each<[string, ToCollectorMessage, string]>([
    [
      'an epoch of the wrong length',
      { kind: 'hello', hello: { ...HELLO, epoch: 'abcd' } },
      'hello.epoch',
    ],
    [
      'acknowledged beyond the last number',
      { kind: 'hello', hello: { ...HELLO, lastSeq: 4 } },
      'hello.acked_seq',
    ],
    [
      'a watermark without its hash',
      { kind: 'hello', hello: { ...HELLO, ackedHash: null } },
      'hello.acked_hash',
    ],
    [
      'an empty batch',
      { kind: 'batch', batch: { firstSeq: 1, previousHash: null, records: [], lostCount: 0 } },
      'batch.records',
    ],
    [
      'a batch without a number',
      { kind: 'batch', batch: { firstSeq: 0, previousHash: null, records: [HASH], lostCount: 0 } },
      'batch.first_seq',
    ],
    [
      'a batch that names no predecessor',
      { kind: 'batch', batch: { firstSeq: 2, previousHash: null, records: [HASH], lostCount: 0 } },
      'batch.previous_hash',
    ],
    [
      'more lost than numbers before',
      { kind: 'batch', batch: { firstSeq: 2, previousHash: null, records: [HASH], lostCount: 2 } },
      'batch.lost_count',
    ],
    [
      'too many records',
      {
        kind: 'batch',
        batch: {
          firstSeq: 1,
          previousHash: null,
          records: new Array<Uint8Array>(BATCH_RECORDS_MAX + 1).fill(HASH),
          lostCount: 0,
        },
      },
      'batch.records',
    ],
    [
      'too many bytes',
      {
        kind: 'batch',
        batch: {
          firstSeq: 1,
          previousHash: null,
          records: [new Uint8Array(BATCH_BYTES_MAX + 1)],
          lostCount: 0,
        },
      },
      'batch.records',
    ],
  ])('%s is refused and named', (_, message, field) => {
    expect(decodeToCollector(encodeToCollector(message))).toMatchObject({
      kind: 'undecodable',
      code: 'frame_undecodable',
      sentence: expect.stringContaining(field),
    })
  })
})

test('a bitmap of free units travels without the zero bytes at its end', () => {
  const beat = (freeUnits: Uint8Array) =>
    encodeToCollector({ kind: 'heartbeat', heartbeat: { samples: 1, freeUnits } })
  expect(beat(Uint8Array.of(5, 0, 0))).toEqual(beat(Uint8Array.of(5)))
  expect(beat(Uint8Array.of(0))).toEqual(beat(new Uint8Array(0)))
})

describe('bytes on the wire', () => {
  /** RFC 6455: 2 bytes, 2 more from 126 bytes on, and 4 of masking from a client. */
  function framed(frame: Uint8Array, isMasked: boolean): number {
    return frame.length + (frame.length > 125 ? 4 : 2) + (isMasked ? 4 : 0)
  }

  /** One minute of an 8-card node: a batch and its ack, six heartbeats. */
  function minuteBytes(shape: TickShape): number {
    const record = encodeRecord({
      kind: 'tick',
      tick: { ...tickOf({ startMs: RECORDS_START_MS + 40_000, shape }), factsRevision: 3 },
    })
    const batch = encodeToCollector({
      kind: 'batch',
      batch: {
        firstSeq: 100_000,
        previousHash: new Uint8Array(8).fill(1),
        records: [record],
        lostCount: 0,
      },
    })
    const heartbeat = encodeToCollector({
      kind: 'heartbeat',
      heartbeat: { samples: 1, freeUnits: Uint8Array.of(0xff) },
    })
    const ack: Ack = {
      watermark: 100_000,
      refused: [],
      windowFrames: 0,
      windowBytes: 0,
      serverTimeMs: RECORDS_START_MS,
    }
    const answer = encodeToNode({ kind: 'ack', ack })
    return framed(batch, true) + 6 * framed(heartbeat, true) + framed(answer, false)
  }

  test.each<[TickShape, number]>([
    ['free', 30],
    ['busy', 30],
    ['flipping', 60],
  ])('a node of 8 cards, all %s, costs at most %d bytes per card-minute', (shape, bytesMax) => {
    expect(minuteBytes(shape) / 8).toBeLessThanOrEqual(bytesMax)
  })
})

describe('what is asked of a child', () => {
  const ASK = { askId: 1, kind: 'hold', path: [], withinMs: 1, body: new Uint8Array(0) } as const

  test.each([
    ['a path that is too long', { ...ASK, path: Array.from({ length: 5 }, () => 'c-1') }],
    ['a body that no frame has room for', { ...ASK, body: new Uint8Array(ASK_BODY_BYTES_MAX + 1) }],
    ['a name that is too long', { ...ASK, path: ['c'.repeat(65)] }],
    ['no time', { ...ASK, withinMs: 0 }],
    ['no number', { ...ASK, askId: 0 }],
    ['a kind that nobody knows', { ...ASK, kind: 'steal' as never }],
  ])('%s is no message', (_name, childAsk) => {
    const message = decodeToNode(encodeToNode({ kind: 'child_ask', childAsk }))
    expect(message.kind).toBe('undecodable')
  })
})
