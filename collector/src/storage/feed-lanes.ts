/** The lanes of the feed to a parent: their order, bounds, and how a record is versioned. */
import type { ChildRecord, RecordVersion } from '@yiben/shared'
import type { FeedCursor } from './feed-store.ts'

export const LANES = [
  'collectors',
  'facts',
  'hours',
] as const satisfies readonly (keyof FeedCursor)[]
/** An hour is as many records as there are sites: a page ends with the thing that fills it. */
export const PAGE_RECORDS_MAX = 256
export const COUNTED_MAX = 100_000
/** Of a body that is kept: its version is that of its row in the feed. */
export const NO_VERSION: RecordVersion = { generation: 1, number: 1 }

/** A parent takes nobody whose own parent it does not know. */
export function parentsFirst(records: readonly ChildRecord[]): readonly ChildRecord[] {
  const parents = new Map<string, string | null>()
  for (const record of records) {
    if (record.kind === 'collector') {
      parents.set(record.collector.origin, record.collector.parentOrigin)
    }
  }
  const depthOf = (record: ChildRecord): number => {
    let depth = 0
    let at = record.kind === 'collector' ? record.collector.parentOrigin : null
    while (at !== null && depth <= parents.size) {
      depth += 1
      at = parents.get(at) ?? null
    }
    return depth
  }
  return records
    .map((record) => ({ record, depth: depthOf(record) }))
    .sort((left, right) => left.depth - right.depth)
    .map(({ record }) => record)
}

export const MADE_KINDS = ['collector', 'early', 'counts'] as const

export function versioned(record: ChildRecord, version: RecordVersion): ChildRecord {
  switch (record.kind) {
    case 'collector':
      return { kind: 'collector', collector: { ...record.collector, version } }
    case 'hour':
      return { kind: 'hour', hour: { ...record.hour, version } }
    case 'counts':
      return { kind: 'counts', counts: { ...record.counts, version } }
    default:
      return record
  }
}
