/** Protobuf messages to typed, checked messages. Throws a `FieldRefusal` that names the field. */
import {
  boundedList,
  countNumber,
  fixedBytes,
  fixedHex,
  optionalHex,
  refuseField,
  sequenceNumber,
  shortBytes,
  text,
  toHex,
  wholeNumber,
  wordAt,
} from './fields.ts'
import type { yiben } from './generated/link.js'
import {
  BATCH_BYTES_MAX,
  BATCH_RECORDS_MAX,
  CAPABILITIES_MAX,
  REFUSED_PER_ACK_MAX,
  TEXT_NAME_BYTES_MAX,
  TEXT_SENTENCE_BYTES_MAX,
  TEXT_SHORT_BYTES_MAX,
  UNITS_PER_NODE_MAX,
} from './limits.ts'
import {
  type Ack,
  type Batch,
  type Challenge,
  type Drain,
  EVENT_KINDS,
  type Heartbeat,
  type Hello,
  LEASE_NOTICE_KINDS,
  type LeaseAnswer,
  type LeaseNotice,
  type LeaseQuery,
  type LiveEvent,
  type Proof,
  type Refusal,
  ROLES,
  type Settings,
  type Welcome,
} from './messages.ts'

const ID_BYTES = 16
const HASH_BYTES = 32
const NONCE_BYTES = 32
/** Raw Ed25519 keys have 32 bytes, compressed SM2 points 33; other suites may come. */
const KEY_BYTES_MAX = 64
/** Ed25519 signatures have 64 bytes, SM2 in DER up to 72; other suites may come. */
const SIGNATURE_BYTES_MAX = 256
const FINGERPRINT_BYTES_MAX = 64
const SECRET_BYTES_MAX = 64
const TOKEN_ID_BYTES = 8
const BATCH_HASH_BYTES = 8
/** Open leases of one node: no more than it has units. */
const LEASES_MAX = UNITS_PER_NODE_MAX
const UINT32 = { min: 0, max: 0xffff_ffff }
const TIME_ANY = { min: 0, max: Number.MAX_SAFE_INTEGER }

export function unpackHello(message: yiben.v1.Hello.$Shape): Hello {
  const ackedSeq = countNumber(message.ackedSeq, 'hello.acked_seq')
  const lastSeq = countNumber(message.lastSeq, 'hello.last_seq')
  if (ackedSeq > lastSeq) refuseField('hello.acked_seq', `is ${ackedSeq}, over ${lastSeq}`)
  const nodeName = text(message.nodeName, 'hello.node_name', TEXT_NAME_BYTES_MAX)
  return {
    wireVersion: wholeNumber(message.wireVersion, 'hello.wire_version', UINT32),
    role: wordAt(message.role, 'hello.role', ROLES),
    capabilities: unpackCapabilities(message.capabilities, 'hello.capabilities'),
    programVersion: text(message.programVersion, 'hello.program_version', TEXT_SHORT_BYTES_MAX),
    algorithm: wholeNumber(message.algorithm, 'hello.algorithm', UINT32),
    nodeKey: toHex(shortBytes(message.nodeKey, 'hello.node_key', KEY_BYTES_MAX)),
    fingerprint: toHex(shortBytes(message.fingerprint, 'hello.fingerprint', FINGERPRINT_BYTES_MAX)),
    instance: fixedHex(message.instance, 'hello.instance', ID_BYTES),
    epoch: fixedHex(message.epoch, 'hello.epoch', ID_BYTES),
    previousEpoch: optionalHex(message.previousEpoch, 'hello.previous_epoch', ID_BYTES),
    bootId: text(message.bootId, 'hello.boot_id', TEXT_SHORT_BYTES_MAX),
    lastSeq,
    ackedSeq,
    ackedHash: hashFor(ackedSeq, message.ackedHash, 'hello.acked_hash'),
    joinState: countNumber(message.joinState, 'hello.join_state'),
    enrollTokenId: optionalHex(message.enrollTokenId, 'hello.enroll_token_id', TOKEN_ID_BYTES),
    nodeName: nodeName === '' ? null : nodeName,
    ledgerGeneration: countNumber(message.ledgerGeneration, 'hello.ledger_generation'),
  }
}

export function unpackProof(message: yiben.v1.Proof.$Shape): Proof {
  const secret = shortBytes(message.enrollSecret, 'proof.enroll_secret', SECRET_BYTES_MAX)
  return {
    signature: shortBytes(message.signature, 'proof.signature', SIGNATURE_BYTES_MAX),
    enrollSecret: secret.length === 0 ? null : secret,
  }
}

export function unpackBatch(message: yiben.v1.Batch.$Shape): Batch {
  const records = boundedList(message.records, 'batch.records', BATCH_RECORDS_MAX)
  if (records.length === 0) refuseField('batch.records', 'is empty')
  const bytes = records.reduce((sum, record) => sum + record.length, 0)
  if (bytes > BATCH_BYTES_MAX) {
    refuseField('batch.records', `have ${bytes} bytes, over ${BATCH_BYTES_MAX}`)
  }
  const firstSeq = sequenceNumber(message.firstSeq, 'batch.first_seq')
  const lostCount = wholeNumber(message.lostCount, 'batch.lost_count', {
    min: 0,
    max: firstSeq - 1,
  })
  const isFirst = firstSeq - lostCount === 1
  return {
    firstSeq,
    previousHash: isFirst
      ? null
      : fixedBytes(message.previousHash, 'batch.previous_hash', BATCH_HASH_BYTES),
    records,
    lostCount,
  }
}

export function unpackHeartbeat(message: yiben.v1.Heartbeat.$Shape): Heartbeat {
  return {
    samples: wholeNumber((message.samplesLessOne ?? 0) + 1, 'heartbeat.samples', UINT32),
    freeUnits: shortBytes(message.freeUnits, 'heartbeat.free_units', UNITS_PER_NODE_MAX / 8),
  }
}

export function unpackEvent(message: yiben.v1.Event.$Shape): LiveEvent {
  return {
    units: boundedList(message.units, 'event.units', UNITS_PER_NODE_MAX),
    kind: wordAt(message.kind, 'event.kind', EVENT_KINDS),
    atMs: wholeNumber(message.atMs, 'event.at_ms', TIME_ANY),
  }
}

export function unpackLeaseAnswer(message: yiben.v1.LeaseAnswer.$Shape): LeaseAnswer {
  return {
    queryId: text(message.queryId, 'lease_answer.query_id', TEXT_SHORT_BYTES_MAX),
    accepted: message.accepted ?? false,
    reason: text(message.reason, 'lease_answer.reason', TEXT_SENTENCE_BYTES_MAX),
    sampledAtMs: wholeNumber(message.sampledAtMs, 'lease_answer.sampled_at_ms', TIME_ANY),
    isFenced: message.fenced ?? false,
    declinedUnits: boundedList(
      message.declinedUnits,
      'lease_answer.declined_units',
      UNITS_PER_NODE_MAX,
    ),
  }
}

export function unpackLeases(message: yiben.v1.Leases.$Shape): readonly LeaseNotice[] {
  return boundedList(message.leases, 'leases.leases', LEASES_MAX).map(unpackLeaseNotice)
}

export function unpackChallenge(message: yiben.v1.Challenge.$Shape): Challenge {
  return {
    nonce: fixedBytes(message.nonce, 'challenge.nonce', NONCE_BYTES),
    serverTimeMs: wholeNumber(message.serverTimeMs, 'challenge.server_time_ms', TIME_ANY),
    algorithm: wholeNumber(message.algorithm, 'challenge.algorithm', UINT32),
    collectorKey: toHex(shortBytes(message.collectorKey, 'challenge.collector_key', KEY_BYTES_MAX)),
    signature: shortBytes(message.signature, 'challenge.signature', SIGNATURE_BYTES_MAX),
  }
}

export function unpackWelcome(message: yiben.v1.Welcome.$Shape): Welcome {
  const watermark = countNumber(message.watermark, 'welcome.watermark')
  const identityKey = shortBytes(message.identityKey, 'welcome.identity_key', SECRET_BYTES_MAX)
  return {
    nodeId: text(message.nodeId, 'welcome.node_id', TEXT_SHORT_BYTES_MAX),
    watermark,
    watermarkHash: hashFor(watermark, message.watermarkHash, 'welcome.watermark_hash'),
    ledgerGeneration: countNumber(message.ledgerGeneration, 'welcome.ledger_generation'),
    nextJoinState: countNumber(message.nextJoinState, 'welcome.next_join_state'),
    serverTimeMs: wholeNumber(message.serverTimeMs, 'welcome.server_time_ms', TIME_ANY),
    settings: unpackSettings(message.settings),
    windowFrames: wholeNumber(message.windowFrames, 'welcome.window_frames', UINT32),
    windowBytes: wholeNumber(message.windowBytes, 'welcome.window_bytes', UINT32),
    identityKey:
      identityKey.length === 0
        ? null
        : {
            number: wholeNumber(message.identityKeyNumber, 'welcome.identity_key_number', UINT32),
            key: identityKey,
          },
    capabilities: unpackCapabilities(message.capabilities, 'welcome.capabilities'),
  }
}

function unpackSettings(message: yiben.v1.Settings.$Shape | null | undefined): Settings {
  const setting = (value: number | null | undefined, field: string) => {
    const number = wholeNumber(value, field, UINT32)
    return number === 0 ? null : number
  }
  return {
    samplePeriodMs: setting(message?.samplePeriodMs, 'settings.sample_period_ms'),
    tickMs: setting(message?.tickMs, 'settings.tick_ms'),
    heartbeatMs: setting(message?.heartbeatMs, 'settings.heartbeat_ms'),
  }
}

export function unpackRefusal(message: yiben.v1.Refusal.$Shape): Refusal {
  return {
    code: text(message.code, 'refusal.code', TEXT_SHORT_BYTES_MAX),
    sentence: text(message.sentence, 'refusal.sentence', TEXT_SENTENCE_BYTES_MAX),
    retryAfterMs: wholeNumber(message.retryAfterMs, 'refusal.retry_after_ms', UINT32),
  }
}

export function unpackAck(message: yiben.v1.Ack.$Shape): Ack {
  const serverTimeMs = wholeNumber(message.serverTimeMs, 'ack.server_time_ms', TIME_ANY)
  const refused = boundedList(message.refused, 'ack.refused', REFUSED_PER_ACK_MAX)
  return {
    watermark: countNumber(message.watermark, 'ack.watermark'),
    refused: refused.map((one) => ({
      seq: sequenceNumber(one.seq, 'refused.seq'),
      code: text(one.code, 'refused.code', TEXT_SHORT_BYTES_MAX),
      sentence: text(one.sentence, 'refused.sentence', TEXT_SENTENCE_BYTES_MAX),
    })),
    windowFrames: wholeNumber(message.windowFrames, 'ack.window_frames', UINT32),
    windowBytes: wholeNumber(message.windowBytes, 'ack.window_bytes', UINT32),
    serverTimeMs: serverTimeMs === 0 ? null : serverTimeMs,
  }
}

export function unpackDrain(message: yiben.v1.Drain.$Shape): Drain {
  return {
    reconnectAfterMs: wholeNumber(message.reconnectAfterMs, 'drain.reconnect_after_ms', UINT32),
    jitterMs: wholeNumber(message.jitterMs, 'drain.jitter_ms', UINT32),
  }
}

export function unpackLeaseQuery(message: yiben.v1.LeaseQuery.$Shape): LeaseQuery {
  return {
    queryId: text(message.queryId, 'lease_query.query_id', TEXT_SHORT_BYTES_MAX),
    units: boundedList(message.units, 'lease_query.units', UNITS_PER_NODE_MAX),
    startMs: wholeNumber(message.startMs, 'lease_query.start_ms', TIME_ANY),
    untilMs: wholeNumber(message.untilMs, 'lease_query.until_ms', TIME_ANY),
    epoch: fixedHex(message.epoch, 'lease_query.epoch', ID_BYTES),
  }
}

export function unpackLeaseNotice(message: yiben.v1.LeaseNotice.$Shape): LeaseNotice {
  return {
    leaseId: text(message.leaseId, 'lease_notice.lease_id', TEXT_SHORT_BYTES_MAX),
    kind: wordAt(message.kind, 'lease_notice.kind', LEASE_NOTICE_KINDS),
    units: boundedList(message.units, 'lease_notice.units', UNITS_PER_NODE_MAX),
    startMs: wholeNumber(message.startMs, 'lease_notice.start_ms', TIME_ANY),
    endMs: wholeNumber(message.endMs, 'lease_notice.end_ms', TIME_ANY),
    revision: wholeNumber(message.revision, 'lease_notice.revision', UINT32),
    epoch: fixedHex(message.epoch, 'lease_notice.epoch', ID_BYTES),
    account: text(message.account, 'lease_notice.account', TEXT_SHORT_BYTES_MAX),
    cause: text(message.cause, 'lease_notice.cause', TEXT_SHORT_BYTES_MAX),
    algorithm: wholeNumber(message.algorithm, 'lease_notice.algorithm', UINT32),
    signature: shortBytes(message.signature, 'lease_notice.signature', SIGNATURE_BYTES_MAX),
  }
}

function unpackCapabilities(
  value: readonly string[] | null | undefined,
  field: string,
): readonly string[] {
  return boundedList(value, field, CAPABILITIES_MAX).map((one) =>
    text(one, field, TEXT_SHORT_BYTES_MAX),
  )
}

/** A hash stands beside every number but 0. */
function hashFor(
  seq: number,
  hash: Uint8Array | null | undefined,
  field: string,
): Uint8Array | null {
  return seq === 0 ? null : fixedBytes(hash, field, HASH_BYTES)
}
