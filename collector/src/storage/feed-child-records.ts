/** Rows of children as records for the parent above. */
import {
  assert,
  type ChildRecord,
  type Identity,
  type NodeReport,
  type RecordVersion,
  type ReportedCard,
  type ReportedTerms,
  type SiteReport,
} from '@yiben/shared'
import { unpackBuckets, unpackCounts, unpackNodeCounts } from './children-packed.ts'
import { profileOf } from './rows.ts'
import { flag, integer, integerOrNull, type Row, storedJson, text, textOrNull } from './values.ts'

export function collectorRecordsOf(row: Row): readonly ChildRecord[] {
  // Admitted, but it has told nothing yet.
  if (integer(row, 'generation') === 0) return []
  const collector = {
    ...headOf(row),
    name: text(row, 'name'),
    parentOrigin: textOrNull(row, 'parent_origin'),
    programVersion: text(row, 'program_version'),
    awaySinceMs: integerOrNull(row, 'silent_from_ms'),
  }
  return [{ kind: 'collector', collector }]
}

export function siteRecordOf(row: Row): ChildRecord {
  type Declared = SiteReport['declared'][number]
  type Stored = Omit<Declared, 'declaredMilliP'> & { readonly declaredMilliP: string }
  const site: SiteReport = {
    ...headOf(row),
    siteCode: text(row, 'site_code'),
    name: text(row, 'name'),
    terms: storedJson<readonly ReportedTerms[]>(text(row, 'terms')),
    declared: storedJson<readonly Stored[]>(text(row, 'declared')).map((one) => ({
      ...one,
      declaredMilliP: BigInt(one.declaredMilliP),
    })),
  }
  return { kind: 'site', site }
}

export function nodeRecordOf(row: Row, cards: readonly ReportedCard[]): ChildRecord {
  const node: NodeReport = {
    ...headOf(row),
    nodeId: text(row, 'node_id'),
    name: text(row, 'name'),
    siteCode: text(row, 'site_code'),
    isRevoked: flag(row, 'is_revoked'),
    cpuCores: integerOrNull(row, 'cpu_cores'),
    cards,
  }
  return { kind: 'node', node }
}

/** A card with its profile. */
export function cardOf(row: Row): ReportedCard {
  return {
    ...profileOf(row),
    unitNumber: integer(row, 'unit_number'),
    acceleratorNumber: integer(row, 'accelerator_number'),
    identities: storedJson<readonly StoredIdentity[]>(text(row, 'identities')).map(identityOf),
    validFromMs: integer(row, 'valid_from_ms'),
    bookedToMs: integerOrNull(row, 'booked_to_ms'),
    endedReason: textOrNull(row, 'ended_reason'),
    isCounted: flag(row, 'is_counted'),
    isInConflict: flag(row, 'is_in_conflict'),
  }
}

type StoredIdentity = readonly [keyNumber: number, hash: string, strength: Identity['strength']]

function identityOf([keyNumber, hash, strength]: StoredIdentity): Identity {
  return { keyNumber, hash, strength }
}

export function hourRecordOf(row: Row): ChildRecord {
  const hour = {
    ...headOf(row),
    siteCode: text(row, 'site_code'),
    hourMs: integer(row, 'hour_ms'),
    sealVersion: integer(row, 'seal_version'),
    knownAtMs: integer(row, 'known_at_ms'),
    buckets: unpackBuckets(text(row, 'buckets')),
  }
  return { kind: 'hour', hour }
}

export function countsRecordOf(row: Row): ChildRecord {
  const counts = {
    ...headOf(row),
    siteCode: text(row, 'site_code'),
    atMs: integer(row, 'at_ms'),
    counts: unpackCounts(text(row, 'counts')),
    nodes: unpackNodeCounts(text(row, 'nodes')),
  }
  return { kind: 'counts', counts }
}

export function headOf(row: Row): { readonly origin: string; readonly version: RecordVersion } {
  const version = { generation: integer(row, 'generation'), number: integer(row, 'number') }
  return { origin: text(row, 'origin'), version }
}

/** `12/rest`, as keys of several parts are written. */
export function numberAndRest(key: string): readonly [number: number, rest: string] {
  const cut = key.indexOf('/')
  assert(cut > 0, 'a key of several parts has its separators')
  return [Number(key.slice(0, cut)), key.slice(cut + 1)]
}
