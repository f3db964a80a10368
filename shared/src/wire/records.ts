/**
 * Durable records to bytes and back. Reading never throws: a record is `ok`, or `refused` with a
 * code, a sentence that names the field, and the span it claimed, so that its time can be booked
 * unknown(refused) while the queue goes on (CASES C3).
 */
import { unreachable } from '../assert.ts'
import type { ErrorCode } from '../errors.ts'
import {
  type DepositPolicy,
  type DurableRecord,
  GOODBYE_REASONS,
  HANDOVER_KINDS,
  type Handover,
  LEASE_EVENTS,
  type LeaseRecord,
  type Veto,
} from '../model/record.ts'
import { causeOf, runCode, runCodeOf, stateOf, type UnknownCause } from '../model/state.ts'
import { packFacts, unpackFacts } from './facts.ts'
import {
  boundedList,
  clipText,
  countNumber,
  FieldRefusal,
  numberOfWord,
  refuseField,
  sequenceNumber,
  text,
  timeMs,
  wholeNumber,
  wordAt,
} from './fields.ts'
import type { yiben } from './generated/link.js'
import {
  CALENDAR_BYTES_MAX,
  RECORD_BYTES_MAX,
  TEXT_NAME_BYTES_MAX,
  TEXT_SHORT_BYTES_MAX,
  TIME_MS_MAX,
  TIME_MS_MIN,
  UNITS_PER_NODE_MAX,
} from './limits.ts'
import { packTick } from './pack-tick.ts'
import { generated, plainBytes } from './runtime.ts'
import { spanOfTick, unpackTick } from './unpack-tick.ts'

export type RecordResult =
  | { readonly status: 'ok'; readonly record: DurableRecord }
  | {
      readonly status: 'refused'
      readonly code: ErrorCode
      readonly sentence: string
      /** The span the record claimed, where it can still be told; both or neither. */
      readonly spanStartMs?: number
      readonly spanEndMs?: number
    }

/** The unit indexes of a facts revision, in the order of its units; `null` when not told. */
export type UnitsOf = (factsRevision: number) => readonly number[] | null

const VETO_KINDS = ['reclaim', 'offer', 'pause', 'resume'] as const
const UINT32 = { min: 0, max: 0xffff_ffff }

export function encodeRecord(record: DurableRecord): Uint8Array {
  return plainBytes(generated.Record.encode(packRecord(record)).finish())
}

export function decodeRecord(bytes: Uint8Array, unitsOf: UnitsOf): RecordResult {
  if (bytes.length > RECORD_BYTES_MAX) {
    return {
      status: 'refused',
      code: 'record_undecodable',
      sentence: `the record has ${bytes.length} bytes, over ${RECORD_BYTES_MAX}`,
    }
  }
  let message: yiben.v1.Record.$Shape
  try {
    message = generated.Record.decode(plainBytes(bytes))
  } catch {
    return {
      status: 'refused',
      code: 'record_undecodable',
      sentence: 'the record is no protobuf message of this schema',
    }
  }
  try {
    return { status: 'ok', record: unpackRecord(message, unitsOf) }
  } catch (error) {
    if (!(error instanceof FieldRefusal)) throw error
    const span = spanOf(message)
    return {
      status: 'refused',
      code: error.code,
      sentence: error.message,
      ...(span === null ? {} : { spanStartMs: span.startMs, spanEndMs: span.endMs }),
    }
  }
}

function packRecord(record: DurableRecord): yiben.v1.Record.$Properties {
  switch (record.kind) {
    case 'facts':
      return { facts: packFacts(record.facts) }
    case 'tick':
      return { intervals: packTick(record.tick) }
    case 'gap':
      return {
        gap: {
          startMs: record.gap.startMs,
          endMs: record.gap.endMs,
          code: runCode(`unknown/${record.gap.cause}`),
          bootId: clipText(record.gap.bootId, TEXT_SHORT_BYTES_MAX),
        },
      }
    case 'policy':
      return { policy: packPolicy(record.policy) }
    case 'veto':
      return { veto: packVeto(record.veto) }
    case 'lost':
      return { lost: { ...record.lost } }
    case 'goodbye':
      return {
        goodbye: {
          atMs: record.goodbye.atMs,
          reason: numberOfWord(record.goodbye.reason, GOODBYE_REASONS),
        },
      }
    case 'lease':
      return {
        lease: {
          atMs: record.lease.atMs,
          leaseId: clipText(record.lease.leaseId, TEXT_SHORT_BYTES_MAX),
          event: record.lease.event,
          revision: record.lease.revision,
          units: [...record.lease.units],
          cause: clipText(record.lease.cause ?? '', TEXT_SHORT_BYTES_MAX),
        },
      }
    default:
      return unreachable(record, 'every kind of record is packed')
  }
}

function packPolicy({ handover, ...policy }: DepositPolicy): yiben.v1.Policy.$Properties {
  return {
    ...policy,
    calendar: policy.calendar ?? '',
    handover: handover === null ? 0 : numberOfWord(handover.kind, HANDOVER_KINDS),
    fenced: handover?.isFenced ?? false,
    endpoint: clipText(handover?.endpoint ?? '', TEXT_NAME_BYTES_MAX),
    queue: clipText(handover?.queue ?? '', TEXT_NAME_BYTES_MAX),
  }
}

function packVeto(veto: Veto): yiben.v1.VetoRecord.$Properties {
  return {
    atMs: veto.atMs,
    kind: numberOfWord(veto.kind, VETO_KINDS),
    units: [...veto.units],
  }
}

function unpackRecord(message: yiben.v1.Record.$Shape, unitsOf: UnitsOf): DurableRecord {
  switch (message.kind) {
    case 'facts':
      return { kind: 'facts', facts: unpackFacts(message.facts) }
    case 'intervals':
      return { kind: 'tick', tick: unpackTick(message.intervals, unitsOf) }
    case 'gap':
      return unpackGap(message.gap)
    case 'policy':
      return unpackPolicy(message.policy)
    case 'veto':
      return unpackVeto(message.veto)
    case 'lost':
      return unpackLost(message.lost)
    case 'goodbye':
      return {
        kind: 'goodbye',
        goodbye: {
          atMs: timeMs(message.goodbye.atMs, 'goodbye.at_ms'),
          reason: wordAt(message.goodbye.reason, 'goodbye.reason', GOODBYE_REASONS),
        },
      }
    case 'lease':
      return { kind: 'lease', lease: unpackLease(message.lease) }
    default:
      return refuseField('record', 'is of no kind this version knows', 'record_undecodable')
  }
}

function unpackGap(message: yiben.v1.Gap.$Shape): DurableRecord {
  const startMs = timeMs(message.startMs, 'gap.start_ms')
  const endMs = timeMs(message.endMs, 'gap.end_ms')
  if (endMs < startMs) refuseField('gap.end_ms', `is ${endMs}, before its start ${startMs}`)
  return {
    kind: 'gap',
    gap: {
      startMs,
      endMs,
      cause: unknownCauseOf(message.code ?? 0),
      bootId: text(message.bootId, 'gap.boot_id', TEXT_SHORT_BYTES_MAX),
    },
  }
}

function unknownCauseOf(value: number): UnknownCause {
  const code = runCodeOf(value)
  if (code === null || stateOf(code) !== 'unknown') {
    return refuseField('gap.code', `is ${value}, which is no run code of an unknown`)
  }
  // The state column of the same table row says that this is a cause of an unknown.
  return causeOf(code) as UnknownCause
}

function unpackPolicy(message: yiben.v1.Policy.$Shape): DurableRecord {
  return {
    kind: 'policy',
    policy: {
      version: wholeNumber(message.version, 'policy.version', UINT32),
      atMs: timeMs(message.atMs, 'policy.at_ms'),
      enabled: message.enabled ?? false,
      keepCardsPerNode: wholeNumber(message.keepCardsPerNode, 'policy.keep_cards_per_node', UINT32),
      minFreeMs: countNumber(message.minFreeMs, 'policy.min_free_ms'),
      maxLeaseMs: countNumber(message.maxLeaseMs, 'policy.max_lease_ms'),
      calendar: textOrNull(message.calendar, 'policy.calendar', CALENDAR_BYTES_MAX),
      handover: unpackHandover(message),
    },
  }
}

function unpackHandover(message: yiben.v1.Policy.$Shape): Handover | null {
  if ((message.handover ?? 0) === 0) return null
  return {
    kind: wordAt(message.handover, 'policy.handover', HANDOVER_KINDS),
    isFenced: message.fenced ?? false,
    endpoint: textOrNull(message.endpoint, 'policy.endpoint', TEXT_NAME_BYTES_MAX),
    queue: textOrNull(message.queue, 'policy.queue', TEXT_NAME_BYTES_MAX),
  }
}

function textOrNull(
  value: string | null | undefined,
  field: string,
  bytesMax: number,
): string | null {
  const content = text(value, field, bytesMax)
  return content === '' ? null : content
}

function unpackLease(message: yiben.v1.LeaseRecord.$Shape): LeaseRecord {
  const told = text(message.event, 'lease.event', TEXT_SHORT_BYTES_MAX)
  const event = LEASE_EVENTS.find((one) => one === told)
  if (event === undefined) return refuseField('lease.event', 'is none that this version knows')
  return {
    atMs: timeMs(message.atMs, 'lease.at_ms'),
    leaseId: text(message.leaseId, 'lease.lease_id', TEXT_SHORT_BYTES_MAX),
    event,
    revision: wholeNumber(message.revision, 'lease.revision', UINT32),
    units: boundedList(message.units, 'lease.units', UNITS_PER_NODE_MAX),
    cause: textOrNull(message.cause, 'lease.cause', TEXT_SHORT_BYTES_MAX),
  }
}

function unpackVeto(message: yiben.v1.VetoRecord.$Shape): DurableRecord {
  return {
    kind: 'veto',
    veto: {
      atMs: timeMs(message.atMs, 'veto.at_ms'),
      kind: wordAt(message.kind, 'veto.kind', VETO_KINDS),
      units: [...boundedList(message.units, 'veto.units', UNITS_PER_NODE_MAX)],
    },
  }
}

function unpackLost(message: yiben.v1.Lost.$Shape): DurableRecord {
  const firstSeq = sequenceNumber(message.firstSeq, 'lost.first_seq')
  const lastSeq = sequenceNumber(message.lastSeq, 'lost.last_seq')
  if (lastSeq < firstSeq) refuseField('lost.last_seq', `is ${lastSeq}, before ${firstSeq}`)
  const startMs = timeMs(message.startMs, 'lost.start_ms')
  const endMs = timeMs(message.endMs, 'lost.end_ms')
  if (endMs < startMs) refuseField('lost.end_ms', `is ${endMs}, before its start ${startMs}`)
  return { kind: 'lost', lost: { firstSeq, lastSeq, startMs, endMs } }
}

/** The span a refused record claimed, where both ends can be told. */
function spanOf(
  message: yiben.v1.Record.$Shape,
): { readonly startMs: number; readonly endMs: number } | null {
  if (message.kind === 'intervals') return spanOfTick(message.intervals)
  const claimed =
    message.kind === 'gap' ? message.gap : message.kind === 'lost' ? message.lost : null
  const startMs = claimed?.startMs ?? 0
  const endMs = claimed?.endMs ?? 0
  const isTold =
    Number.isSafeInteger(startMs) &&
    Number.isSafeInteger(endMs) &&
    startMs >= TIME_MS_MIN &&
    endMs <= TIME_MS_MAX &&
    startMs < endMs
  return isTold ? { startMs, endMs } : null
}
