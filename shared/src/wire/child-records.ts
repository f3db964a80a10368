/**
 * Records of a child collector to bytes and back. Reading never throws: a record is `ok`, or
 * `refused` with a code and a sentence that names the field. What agents write is not read here,
 * and `decodeRecord` reads none of these: the role of the link's peer says which of the two is asked.
 */
import { assert, unreachable } from '../assert.ts'
import type { ErrorCode } from '../errors.ts'
import type {
  ChildRecord,
  CollectorReport,
  NodeReport,
  ReportedCard,
  ReportedDeclaration,
  ReportedTerms,
  SiteReport,
} from '../model/child-record.ts'
import {
  checkOnce,
  code,
  originHex,
  packProfile,
  packReported,
  statedMs,
  textOrNull,
  unpackHeldIdentity,
  unpackProfile,
  unpackReported,
} from './child-fields.ts'
import { packCounts, packHour, unpackCounts, unpackHour } from './child-hours.ts'
import { CPU_CORES_MAX, packIdentity } from './facts.ts'
import {
  boundedList,
  clipText,
  countNumber,
  FieldRefusal,
  fromHex,
  numberOfWord,
  optionalNumber,
  refuseField,
  sequenceNumber,
  text,
  timeMs,
  wordAt,
} from './fields.ts'
import type { yiben } from './generated/link.js'
import {
  IDENTITIES_PER_UNIT_MAX,
  NOTE_BYTES_MAX,
  RECORD_BYTES_MAX,
  SITE_STATEMENTS_MAX,
  TEXT_NAME_BYTES_MAX,
  TEXT_SENTENCE_BYTES_MAX,
  TEXT_SHORT_BYTES_MAX,
  UNITS_PER_NODE_MAX,
} from './limits.ts'
import { generated, plainBytes } from './runtime.ts'

export type ChildRecordResult =
  | { readonly status: 'ok'; readonly record: ChildRecord }
  | { readonly status: 'refused'; readonly code: ErrorCode; readonly sentence: string }

const BASES = ['fp16_dense', 'fp16_sparse', 'unstated'] as const
/** Before any instant: what is absent on the wire. */
const NEVER_MS = 0

/** The bytes of a record; a reader takes them while they are at most `RECORD_BYTES_MAX`. */
export function encodeChildRecord(record: ChildRecord): Uint8Array {
  return plainBytes(generated.Record.encode(packRecord(record)).finish())
}

export function decodeChildRecord(bytes: Uint8Array): ChildRecordResult {
  if (bytes.length > RECORD_BYTES_MAX) {
    return undecodable(`the record has ${bytes.length} bytes, over ${RECORD_BYTES_MAX}`)
  }
  let message: yiben.v1.Record.$Shape
  try {
    message = generated.Record.decode(plainBytes(bytes))
  } catch {
    return undecodable('the record is no protobuf message of this schema')
  }
  try {
    return { status: 'ok', record: unpackRecord(message) }
  } catch (error) {
    if (!(error instanceof FieldRefusal)) throw error
    return { status: 'refused', code: error.code, sentence: error.message }
  }
}

function undecodable(sentence: string): ChildRecordResult {
  return { status: 'refused', code: 'record_undecodable', sentence }
}

function packRecord(record: ChildRecord): yiben.v1.Record.$Properties {
  switch (record.kind) {
    case 'collector':
      return { collectorReport: packCollector(record.collector) }
    case 'site':
      return { siteReport: packSite(record.site) }
    case 'node':
      return { nodeReport: packNode(record.node) }
    case 'hour':
      return { hourReport: packHour(record.hour) }
    case 'counts':
      return { countsReport: packCounts(record.counts) }
    case 'checkpoint': {
      const { note } = record.checkpoint
      assert(isNote(note), 'a checkpoint is lines of bounded length')
      return { checkpointReport: { reported: packReported(record.checkpoint), note } }
    }
    default:
      return unreachable(record, 'a record of a child has one of these kinds')
  }
}

function packCollector(collector: CollectorReport): yiben.v1.CollectorReport.$Properties {
  const { awaySinceMs, name, parentOrigin, programVersion } = collector
  return {
    reported: packReported(collector),
    name: clipText(name, TEXT_NAME_BYTES_MAX),
    parentOrigin: parentOrigin === null ? null : fromHex(parentOrigin),
    programVersion: clipText(programVersion, TEXT_SHORT_BYTES_MAX),
    awaySinceMs: awaySinceMs ?? NEVER_MS,
  }
}

function packSite(site: SiteReport): yiben.v1.SiteReport.$Properties {
  return {
    reported: packReported(site),
    siteCode: site.siteCode,
    name: clipText(site.name, TEXT_SENTENCE_BYTES_MAX),
    terms: site.terms.map((terms) => ({
      ...terms,
      operatorName: clipName(terms.operatorName),
      ownerName: clipName(terms.ownerName),
      // What is stated to begin before 1970 has begun before everything that is counted.
      validFromMs: Math.max(terms.validFromMs, NEVER_MS),
      validToMs: terms.validToMs === null ? null : terms.validToMs + 1,
    })),
    declared: site.declared.map((declared) => ({
      model: clipText(declared.model, TEXT_NAME_BYTES_MAX),
      cards: declared.cards,
      declaredMilliP: safeNumber(declared.declaredMilliP),
      basis: numberOfWord(declared.basis, BASES),
      author: clipText(declared.author, TEXT_SENTENCE_BYTES_MAX),
      declaredAtMs: declared.declaredAtMs,
    })),
  }
}

function clipName(name: string | null): string | null {
  return name === null ? null : clipText(name, TEXT_SENTENCE_BYTES_MAX)
}

function safeNumber(value: bigint): number {
  assert(value <= BigInt(Number.MAX_SAFE_INTEGER), 'a declared figure is no larger than a number')
  return Number(value)
}

function packNode(node: NodeReport): yiben.v1.NodeReport.$Properties {
  return {
    reported: packReported(node),
    nodeId: node.nodeId,
    name: clipText(node.name, TEXT_NAME_BYTES_MAX),
    siteCode: node.siteCode,
    revoked: node.isRevoked,
    cpuCores: node.cpuCores,
    cards: node.cards.map((card) => ({
      unitNumber: card.unitNumber,
      acceleratorNumber: card.acceleratorNumber,
      profile: packProfile(card),
      identities: card.identities.map(packIdentity),
      validFromMs: card.validFromMs,
      bookedToMs: card.bookedToMs ?? NEVER_MS,
      endedReason: card.endedReason,
      notCounted: !card.isCounted,
      inConflict: card.isInConflict,
    })),
  }
}

function unpackRecord(message: yiben.v1.Record.$Shape): ChildRecord {
  switch (message.kind) {
    case 'collectorReport':
      return { kind: 'collector', collector: unpackCollector(message.collectorReport) }
    case 'siteReport':
      return { kind: 'site', site: unpackSite(message.siteReport) }
    case 'nodeReport':
      return { kind: 'node', node: unpackNode(message.nodeReport) }
    case 'hourReport':
      return { kind: 'hour', hour: unpackHour(message.hourReport) }
    case 'countsReport':
      return { kind: 'counts', counts: unpackCounts(message.countsReport) }
    case 'checkpointReport': {
      const { note, reported } = message.checkpointReport
      if (!isNote(note ?? '')) refuseField('checkpoint.note', 'is no text of bounded length')
      return { kind: 'checkpoint', checkpoint: { ...unpackReported(reported), note: note ?? '' } }
    }
    default:
      return refuseField('record', 'is of no kind that a child tells', 'record_undecodable')
  }
}

/** Lines of a signed note; what they say is for who verifies it. */
function isNote(note: string): boolean {
  const isBounded = note.length <= NOTE_BYTES_MAX && Buffer.byteLength(note) <= NOTE_BYTES_MAX
  return isBounded && note !== '' && note.isWellFormed() && !note.includes('\0')
}

function unpackCollector(message: yiben.v1.CollectorReport.$Shape): CollectorReport {
  const { awaySinceMs, parentOrigin } = message
  return {
    ...unpackReported(message.reported),
    name: text(message.name, 'collector.name', TEXT_NAME_BYTES_MAX),
    parentOrigin:
      (parentOrigin?.length ?? 0) === 0 ? null : originHex(parentOrigin, 'collector.parent_origin'),
    programVersion: text(message.programVersion, 'collector.program_version', TEXT_SHORT_BYTES_MAX),
    awaySinceMs: instantOrNull(awaySinceMs, 'collector.away_since_ms'),
  }
}

function unpackSite(message: yiben.v1.SiteReport.$Shape): SiteReport {
  const terms = boundedList(message.terms, 'site.terms', SITE_STATEMENTS_MAX).map(unpackTerms)
  const declared = boundedList(message.declared, 'site.declared', SITE_STATEMENTS_MAX).map(
    unpackDeclaration,
  )
  checkOnce(terms, ({ validFromMs }) => validFromMs, 'site.terms')
  checkOnce(declared, ({ model, declaredAtMs }) => [model, declaredAtMs], 'site.declared')
  return {
    ...unpackReported(message.reported),
    siteCode: code(message.siteCode, 'site.site_code'),
    name: text(message.name, 'site.name', TEXT_SENTENCE_BYTES_MAX),
    terms,
    declared,
  }
}

function unpackTerms(message: yiben.v1.Terms.$Shape): ReportedTerms {
  const validFromMs = statedMs(message.validFromMs, 'terms.valid_from_ms')
  const stillOrEnd = countNumber(message.validToMs, 'terms.valid_to_ms')
  const validToMs = stillOrEnd === 0 ? null : statedMs(stillOrEnd - 1, 'terms.valid_to_ms')
  if (validToMs !== null && validToMs <= validFromMs) {
    refuseField('terms.valid_to_ms', `is ${validToMs}, not after ${validFromMs}`)
  }
  return {
    operatorCode: textOrNull(message.operatorCode, 'terms.operator_code', TEXT_SHORT_BYTES_MAX),
    operatorName: textOrNull(message.operatorName, 'terms.operator_name', TEXT_SENTENCE_BYTES_MAX),
    ownerCode: textOrNull(message.ownerCode, 'terms.owner_code', TEXT_SHORT_BYTES_MAX),
    ownerName: textOrNull(message.ownerName, 'terms.owner_name', TEXT_SENTENCE_BYTES_MAX),
    regionCode: code(message.regionCode, 'terms.region_code'),
    validFromMs,
    validToMs,
  }
}

function unpackDeclaration(message: yiben.v1.Declaration.$Shape): ReportedDeclaration {
  return {
    model: text(message.model, 'declaration.model', TEXT_NAME_BYTES_MAX),
    cards: countNumber(message.cards, 'declaration.cards'),
    declaredMilliP: BigInt(countNumber(message.declaredMilliP, 'declaration.declared_milli_p')),
    basis: wordAt(message.basis, 'declaration.basis', BASES),
    author: text(message.author, 'declaration.author', TEXT_SENTENCE_BYTES_MAX),
    declaredAtMs: statedMs(message.declaredAtMs, 'declaration.declared_at_ms'),
  }
}

function unpackNode(message: yiben.v1.NodeReport.$Shape): NodeReport {
  const cards = boundedList(message.cards, 'node.cards', UNITS_PER_NODE_MAX).map(unpackCard)
  checkOnce(cards, ({ unitNumber }) => unitNumber, 'node.cards')
  return {
    ...unpackReported(message.reported),
    nodeId: code(message.nodeId, 'node.node_id'),
    name: text(message.name, 'node.name', TEXT_NAME_BYTES_MAX),
    siteCode: code(message.siteCode, 'node.site_code'),
    isRevoked: message.revoked ?? false,
    cpuCores: optionalNumber(message.cpuCores, 'node.cpu_cores', CPU_CORES_MAX),
    cards,
  }
}

function unpackCard(message: yiben.v1.ReportedCard.$Shape): ReportedCard {
  const identities = boundedList(
    message.identities,
    'card.identities',
    IDENTITIES_PER_UNIT_MAX,
  ).map(unpackHeldIdentity)
  return {
    unitNumber: sequenceNumber(message.unitNumber, 'card.unit_number'),
    acceleratorNumber: sequenceNumber(message.acceleratorNumber, 'card.accelerator_number'),
    ...unpackProfile(message.profile),
    identities,
    validFromMs: timeMs(message.validFromMs, 'card.valid_from_ms'),
    bookedToMs: instantOrNull(message.bookedToMs, 'card.booked_to_ms'),
    endedReason: textOrNull(message.endedReason, 'card.ended_reason', TEXT_SHORT_BYTES_MAX),
    isCounted: !(message.notCounted ?? false),
    isInConflict: message.inConflict ?? false,
  }
}

function instantOrNull(value: number | null | undefined, field: string): number | null {
  return (value ?? NEVER_MS) === NEVER_MS ? null : timeMs(value, field)
}
