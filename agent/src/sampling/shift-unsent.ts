/**
 * Moves the records of a spool that were never sent, when the node's clock is found to have been
 * wrong (DESIGN 2.1): a node that booted without a clock measured a good hour at a bad time.
 */
import {
  type DurableRecord,
  decodeRecord,
  encodeRecord,
  type Spool,
  type SpoolEntry,
} from '@yiben/shared'
import { shiftBlock } from '../timeline/shift.ts'
import { givesMeaning, timelineEnd } from './record-queue.ts'

/** Read at a time; a week of ticks is 10,080 records. */
const READ_LIMIT = { records: 1000, bytes: 1024 * 1024 } as const
/** A block larger than this is older than what a spool keeps. */
const RECORDS_MAX = 50_000

export interface ShiftOptions {
  readonly spool: Spool
  /** Collector's time minus the node's. */
  readonly shiftMs: number
  readonly bootId: string
  /** Units of the facts revisions already sent, as far as known. */
  readonly unitsOf: (factsRevision: number) => readonly number[] | null
}

/** In the order checked. `sent_backward`: what is at the collector already stands in the way. */
export type ShiftOutcome =
  | { readonly status: 'shifted'; readonly records: number }
  | { readonly status: 'nothing_unsent' | 'unreadable' | 'too_small' | 'sent_backward' | 'sent' }

export function shiftUnsent(options: ShiftOptions): ShiftOutcome {
  const { spool, shiftMs, bootId } = options
  const { sentSeq, lastSeq } = spool.state()
  if (lastSeq === sentSeq) return { status: 'nothing_unsent' }
  const records = readAll(options, sentSeq + 1, lastSeq)
  if (records === null) return { status: 'unreadable' }
  const sentEndMs = sentSeq === 0 ? null : firstStart(records)
  if (sentSeq > 0 && sentEndMs === null) return { status: 'nothing_unsent' }
  const shifted = shiftBlock({ records, shiftMs, sentEndMs, bootId })
  if (shifted.status === 'too_small') return { status: 'too_small' }
  if (shifted.status !== 'shifted') return { status: 'sent_backward' }
  const entries = entriesOf(shifted.records, sentEndMs ?? 0)
  if (!spool.replaceUnsent(sentSeq + 1, entries)) return { status: 'sent' }
  return { status: 'shifted', records: entries.length }
}

/** Records follow one another without a hole: where the first begins, what was sent ends. */
function firstStart(records: readonly DurableRecord[]): number | null {
  for (const record of records) {
    if (record.kind === 'tick') return record.tick.startMs
    if (record.kind === 'gap') return record.gap.startMs
  }
  return null
}

function readAll(options: ShiftOptions, fromSeq: number, lastSeq: number): DurableRecord[] | null {
  const records: DurableRecord[] = []
  const told = new Map<number, readonly number[]>()
  const unitsOf = (revision: number) => told.get(revision) ?? options.unitsOf(revision)
  let seq = fromSeq
  while (seq <= lastSeq) {
    const read = options.spool.read(seq, READ_LIMIT)
    const last = read.at(-1)
    if (last === undefined || records.length > RECORDS_MAX) return null
    for (const { bytes } of read) {
      const decoded = decodeRecord(bytes, unitsOf)
      if (decoded.status !== 'ok') return null
      const { record } = decoded
      if (record.kind === 'facts') {
        const indexes = record.facts.units.map((unit) => unit.index)
        told.set(record.facts.revision, indexes)
      }
      records.push(record)
    }
    seq = last.seq + 1
  }
  return records
}

function entriesOf(records: readonly DurableRecord[], sentEndMs: number): SpoolEntry[] {
  let timelineEndMs = sentEndMs
  return records.map((record) => {
    timelineEndMs = timelineEnd(record) ?? timelineEndMs
    return { bytes: encodeRecord(record), timelineEndMs, keep: givesMeaning(record) }
  })
}
