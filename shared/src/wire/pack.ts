/** Typed messages to protobuf properties. Texts for people are cut here to what the wire takes. */
import { clipText, fromHex, numberOfWord } from './fields.ts'
import type { yiben } from './generated/link.js'
import { TEXT_NAME_BYTES_MAX, TEXT_SENTENCE_BYTES_MAX, TEXT_SHORT_BYTES_MAX } from './limits.ts'
import {
  type Ack,
  type Batch,
  type Challenge,
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
  type Welcome,
} from './messages.ts'

export function packHello(hello: Hello): yiben.v1.Hello.$Properties {
  return {
    wireVersion: hello.wireVersion,
    role: numberOfWord(hello.role, ROLES),
    capabilities: [...hello.capabilities],
    programVersion: clipText(hello.programVersion, TEXT_SHORT_BYTES_MAX),
    algorithm: hello.algorithm,
    nodeKey: fromHex(hello.nodeKey),
    fingerprint: fromHex(hello.fingerprint),
    instance: fromHex(hello.instance),
    epoch: fromHex(hello.epoch),
    previousEpoch: fromHex(hello.previousEpoch ?? ''),
    bootId: clipText(hello.bootId, TEXT_SHORT_BYTES_MAX),
    lastSeq: hello.lastSeq,
    ackedSeq: hello.ackedSeq,
    ackedHash: hello.ackedHash,
    joinState: hello.joinState,
    enrollTokenId: fromHex(hello.enrollTokenId ?? ''),
    nodeName: clipText(hello.nodeName ?? '', TEXT_NAME_BYTES_MAX),
    ledgerGeneration: hello.ledgerGeneration,
  }
}

export function packProof(proof: Proof): yiben.v1.Proof.$Properties {
  return { signature: proof.signature, enrollSecret: proof.enrollSecret }
}

export function packBatch(batch: Batch): yiben.v1.Batch.$Properties {
  return {
    firstSeq: batch.firstSeq,
    previousHash: batch.previousHash,
    records: [...batch.records],
    // Left out when 0: most batches lose nothing, and every byte is paid each minute.
    lostCount: batch.lostCount === 0 ? null : batch.lostCount,
  }
}

export function packHeartbeat(heartbeat: Heartbeat): yiben.v1.Heartbeat.$Properties {
  const { freeUnits } = heartbeat
  const lastWithBits = freeUnits.findLastIndex((byte) => byte !== 0)
  return {
    // One sample a heartbeat is usual, and what is usual costs no bytes.
    samplesLessOne: heartbeat.samples === 1 ? null : heartbeat.samples - 1,
    freeUnits: lastWithBits < 0 ? null : freeUnits.subarray(0, lastWithBits + 1),
  }
}

export function packEvent(event: LiveEvent): yiben.v1.Event.$Properties {
  return {
    units: [...event.units],
    kind: numberOfWord(event.kind, EVENT_KINDS),
    atMs: event.atMs,
  }
}

export function packLeaseAnswer(answer: LeaseAnswer): yiben.v1.LeaseAnswer.$Properties {
  const { isFenced, declinedUnits, ...others } = answer
  const reason = clipText(answer.reason, TEXT_SENTENCE_BYTES_MAX)
  return { ...others, reason, fenced: isFenced, declinedUnits: [...declinedUnits] }
}

export function packChallenge(challenge: Challenge): yiben.v1.Challenge.$Properties {
  return { ...challenge, collectorKey: fromHex(challenge.collectorKey) }
}

export function packWelcome(welcome: Welcome): yiben.v1.Welcome.$Properties {
  return {
    nodeId: welcome.nodeId,
    watermark: welcome.watermark,
    watermarkHash: welcome.watermarkHash,
    ledgerGeneration: welcome.ledgerGeneration,
    nextJoinState: welcome.nextJoinState,
    serverTimeMs: welcome.serverTimeMs,
    settings: { ...welcome.settings },
    windowFrames: welcome.windowFrames,
    windowBytes: welcome.windowBytes,
    identityKeyNumber: welcome.identityKey?.number ?? null,
    identityKey: welcome.identityKey?.key ?? null,
    capabilities: [...welcome.capabilities],
  }
}

export function packRefusal(refusal: Refusal): yiben.v1.Refusal.$Properties {
  return {
    code: clipText(refusal.code, TEXT_SHORT_BYTES_MAX),
    sentence: clipText(refusal.sentence, TEXT_SENTENCE_BYTES_MAX),
    retryAfterMs: refusal.retryAfterMs,
  }
}

export function packAck(ack: Ack): yiben.v1.Ack.$Properties {
  return {
    watermark: ack.watermark,
    refused: ack.refused.map((refused) => ({
      seq: refused.seq,
      code: clipText(refused.code, TEXT_SHORT_BYTES_MAX),
      sentence: clipText(refused.sentence, TEXT_SENTENCE_BYTES_MAX),
    })),
    windowFrames: ack.windowFrames === 0 ? null : ack.windowFrames,
    windowBytes: ack.windowBytes === 0 ? null : ack.windowBytes,
    serverTimeMs: ack.serverTimeMs,
  }
}

export function packLeaseQuery(query: LeaseQuery): yiben.v1.LeaseQuery.$Properties {
  return { ...query, units: [...query.units], epoch: fromHex(query.epoch) }
}

export function packLeaseNotice(notice: LeaseNotice): yiben.v1.LeaseNotice.$Properties {
  return {
    ...notice,
    kind: numberOfWord(notice.kind, LEASE_NOTICE_KINDS),
    units: [...notice.units],
    epoch: fromHex(notice.epoch),
  }
}
