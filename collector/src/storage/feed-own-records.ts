/** Rows of this ledger as records for its parent. */
import {
  type ChildRecord,
  IDENTITY_STRENGTHS,
  type Identity,
  type NodeReport,
  type RecordVersion,
  type ReportedBucket,
  type ReportedCard,
  type ReportedDeclaration,
  VENDORS,
} from '@yiben/shared'
import { bucketSums } from './hour-columns.ts'
import { profileOf } from './rows.ts'
import { declaredOf } from './site-rows.ts'
import {
  flag,
  integer,
  integerOrNull,
  type Row,
  smallOfBigint,
  text,
  textOrNull,
  wordOf,
} from './values.ts'

/**
 * A record of a node holds some thousand cards. Where more have ever stood in it, those that are there
 * and the latest of those that have left are told.
 */
export const CARDS_TOLD_MAX = 800
/** As the wire takes them: the strongest, under the newest keys. */
export const IDENTITIES_TOLD_MAX = 8

export interface Head {
  readonly origin: string
  readonly version: RecordVersion
}

/** Of its row in `declared`, with big integers. */
export function declarationOf(row: Row): ReportedDeclaration {
  const { siteCode: _siteCode, ...told } = declaredOf(row)
  return told
}

export function nodeRecordOf(
  head: Head,
  nodeId: string,
  { row, cards }: { readonly row: Row; readonly cards: readonly ReportedCard[] },
): ChildRecord {
  const node: NodeReport = {
    ...head,
    nodeId,
    name: text(row, 'name'),
    siteCode: text(row, 'site_code'),
    isRevoked: text(row, 'status') === 'revoked',
    cpuCores: integerOrNull(row, 'cpu_cores'),
    cards,
  }
  return { kind: 'node', node }
}

/** A unit with its profile. */
export function cardOf(row: Row, identities: readonly Identity[]): ReportedCard {
  return {
    ...profileOf(row),
    unitNumber: integer(row, 'unit_id'),
    acceleratorNumber: integer(row, 'accelerator_id'),
    identities,
    validFromMs: integer(row, 'valid_from_ms'),
    bookedToMs: integerOrNull(row, 'booked_to_ms'),
    endedReason: textOrNull(row, 'valid_to_reason'),
    isCounted: flag(row, 'is_counted'),
    isInConflict: flag(row, 'is_in_conflict'),
  }
}

export function identityOf(row: Row): Identity {
  return {
    keyNumber: integer(row, 'key_number'),
    hash: text(row, 'hash'),
    strength: wordOf(row, 'strength', IDENTITY_STRENGTHS),
  }
}

export function bucketOf(row: Row): ReportedBucket {
  const smallOrNull = (column: string) => (row[column] === null ? null : smallOfBigint(row, column))
  return {
    ownerCode: text(row, 'owner_code'),
    vendor: wordOf(row, 'vendor', VENDORS),
    name: text(row, 'printed_name'),
    memoryTotalMib: smallOrNull('memory_total_mib'),
    powerCapWatts: smallOrNull('power_cap_watts'),
    cards: smallOfBigint(row, 'cards'),
    ...bucketSums(row),
  }
}
