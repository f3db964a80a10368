/**
 * Envelopes to frames and back: one protobuf envelope per frame and direction. Reading never throws
 * and never allocates more than a small multiple of the frame: anything that is no message is
 * `undecodable` with a sentence that names the field, a message of a newer peer is `unknown`.
 */
import { unreachable } from '../assert.ts'
import * as asks from './ask-messages.ts'
import { FieldRefusal } from './fields.ts'
import type { yiben } from './generated/link.js'
import * as keys from './key-messages.ts'
import { FRAME_BYTES_MAX } from './limits.ts'
import type {
  ToCollectorMessage,
  ToNodeMessage,
  UndecodableFrame,
  UnknownMessage,
} from './messages.ts'
import * as pack from './pack.ts'
import { generated, plainBytes } from './runtime.ts'
import * as unpack from './unpack.ts'

export type FromNode = ToCollectorMessage | UnknownMessage | UndecodableFrame
export type FromCollector = ToNodeMessage | UnknownMessage | UndecodableFrame

export function encodeToCollector(message: ToCollectorMessage): Uint8Array {
  return plainBytes(generated.ToCollector.encode(packToCollector(message)).finish())
}

export function encodeToNode(message: ToNodeMessage): Uint8Array {
  return plainBytes(generated.ToNode.encode(packToNode(message)).finish())
}

export function decodeToCollector(frame: Uint8Array): FromNode {
  return decodeFrame(frame, (bytes) => unpackToCollector(generated.ToCollector.decode(bytes)))
}

export function decodeToNode(frame: Uint8Array): FromCollector {
  return decodeFrame(frame, (bytes) => unpackToNode(generated.ToNode.decode(bytes)))
}

function decodeFrame<Message>(
  frame: Uint8Array,
  decode: (bytes: Uint8Array) => Message,
): Message | UndecodableFrame {
  if (frame.length > FRAME_BYTES_MAX) {
    return {
      kind: 'undecodable',
      code: 'frame_too_large',
      sentence: `the frame has ${frame.length} bytes, over ${FRAME_BYTES_MAX}`,
    }
  }
  try {
    return decode(plainBytes(frame))
  } catch (error) {
    // The protobuf runtime throws plain errors about bytes; ours name a field.
    const sentence =
      error instanceof FieldRefusal ? error.message : 'the frame is no message of this schema'
    return { kind: 'undecodable', code: 'frame_undecodable', sentence }
  }
}

function packToCollector(message: ToCollectorMessage): yiben.v1.ToCollector.$Properties {
  switch (message.kind) {
    case 'hello':
      return { hello: pack.packHello(message.hello) }
    case 'proof':
      return { proof: pack.packProof(message.proof) }
    case 'batch':
      return { batch: pack.packBatch(message.batch) }
    case 'heartbeat':
      return { heartbeat: pack.packHeartbeat(message.heartbeat) }
    case 'event':
      return { event: pack.packEvent(message.event) }
    case 'lease_answer':
      return { leaseAnswer: pack.packLeaseAnswer(message.leaseAnswer) }
    case 'leases':
      return { leases: { leases: message.leases.map(pack.packLeaseNotice) } }
    case 'key_change':
      return { keyChange: keys.packKeyChange(message.keyChange) }
    case 'trust_known':
      return { trustKnown: { version: message.version } }
    case 'child_answer':
      return { childAnswer: asks.packChildAnswer(message.childAnswer) }
    default:
      return unreachable(message, 'every message to a collector is packed')
  }
}

function packToNode(message: ToNodeMessage): yiben.v1.ToNode.$Properties {
  switch (message.kind) {
    case 'challenge':
      return { challenge: pack.packChallenge(message.challenge) }
    case 'welcome':
      return { welcome: pack.packWelcome(message.welcome) }
    case 'refusal':
      return { refusal: pack.packRefusal(message.refusal) }
    case 'ack':
      return { ack: pack.packAck(message.ack) }
    case 'lease_query':
      return { leaseQuery: pack.packLeaseQuery(message.leaseQuery) }
    case 'lease_notice':
      return { leaseNotice: pack.packLeaseNotice(message.leaseNotice) }
    case 'need_facts':
      return { needFacts: {} }
    case 'drain':
      return { drain: { ...message.drain } }
    case 'trust_roots':
      return { trustRoots: keys.packTrustRoots(message.trustRoots) }
    case 'rotate_key':
      return { rotateKey: keys.packRotateKey(message.rotateKey) }
    case 'child_ask':
      return { childAsk: asks.packChildAsk(message.childAsk) }
    default:
      return unreachable(message, 'every message to a node is packed')
  }
}

function unpackToCollector(
  message: yiben.v1.ToCollector.$Shape,
): ToCollectorMessage | UnknownMessage {
  switch (message.message) {
    case 'hello':
      return { kind: 'hello', hello: unpack.unpackHello(message.hello) }
    case 'proof':
      return { kind: 'proof', proof: unpack.unpackProof(message.proof) }
    case 'batch':
      return { kind: 'batch', batch: unpack.unpackBatch(message.batch) }
    case 'heartbeat':
      return { kind: 'heartbeat', heartbeat: unpack.unpackHeartbeat(message.heartbeat) }
    case 'event':
      return { kind: 'event', event: unpack.unpackEvent(message.event) }
    case 'leaseAnswer':
      return { kind: 'lease_answer', leaseAnswer: unpack.unpackLeaseAnswer(message.leaseAnswer) }
    case 'leases':
      return { kind: 'leases', leases: unpack.unpackLeases(message.leases) }
    case 'keyChange':
      return { kind: 'key_change', keyChange: keys.unpackKeyChange(message.keyChange) }
    case 'trustKnown':
      return { kind: 'trust_known', version: keys.unpackTrustKnown(message.trustKnown) }
    case 'childAnswer':
      return { kind: 'child_answer', childAnswer: asks.unpackChildAnswer(message.childAnswer) }
    default:
      return { kind: 'unknown' }
  }
}

function unpackToNode(message: yiben.v1.ToNode.$Shape): ToNodeMessage | UnknownMessage {
  switch (message.message) {
    case 'challenge':
      return { kind: 'challenge', challenge: unpack.unpackChallenge(message.challenge) }
    case 'welcome':
      return { kind: 'welcome', welcome: unpack.unpackWelcome(message.welcome) }
    case 'refusal':
      return { kind: 'refusal', refusal: unpack.unpackRefusal(message.refusal) }
    case 'ack':
      return { kind: 'ack', ack: unpack.unpackAck(message.ack) }
    case 'leaseQuery':
      return { kind: 'lease_query', leaseQuery: unpack.unpackLeaseQuery(message.leaseQuery) }
    case 'leaseNotice':
      return { kind: 'lease_notice', leaseNotice: unpack.unpackLeaseNotice(message.leaseNotice) }
    case 'needFacts':
      return { kind: 'need_facts' }
    case 'drain':
      return { kind: 'drain', drain: unpack.unpackDrain(message.drain) }
    case 'trustRoots':
      return { kind: 'trust_roots', trustRoots: keys.unpackTrustRoots(message.trustRoots) }
    case 'rotateKey':
      return { kind: 'rotate_key', rotateKey: keys.unpackRotateKey(message.rotateKey) }
    case 'childAsk':
      return { kind: 'child_ask', childAsk: asks.unpackChildAsk(message.childAsk) }
    default:
      return { kind: 'unknown' }
  }
}
