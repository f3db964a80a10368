/**
 * Does a batch follow what is committed (DESIGN 4)? Pure. Records at or below the watermark have
 * been taken before: sending any suffix again changes nothing. The batch names the hash of the
 * record before it, so that a spool that went another way is noticed.
 */
import { type Batch, type ErrorCode, equalBytes, recordHash } from '@yiben/shared'

/** What a batch names of its predecessor. */
const PREVIOUS_HASH_BYTES = 8

/** Everything up to here is taken; `hash` is `null` at 0. */
export interface Frontier {
  readonly seq: number
  readonly hash: Uint8Array | null
}

export interface NumberedRecord {
  readonly seq: number
  readonly bytes: Uint8Array
}

export type BatchPlan =
  | { readonly status: 'ok'; readonly records: readonly NumberedRecord[] }
  | {
      readonly status: 'refused'
      readonly code: Extract<ErrorCode, 'sequence_gap' | 'sequence_hash' | 'epoch_forked'>
      readonly sentence: string
    }

/** The records of a batch that are new at `frontier`, checked in the order of their numbers. */
export function planBatch(batch: Batch, epoch: string, frontier: Frontier): BatchPlan {
  const { firstSeq, lostCount, previousHash } = batch
  // The number that the records of this batch, and those lost before it, follow.
  const beforeSeq = firstSeq - lostCount - 1
  if (beforeSeq < 0) {
    return refused('sequence_gap', `batch.lost_count ${lostCount} reaches back before number 1`)
  }
  if (beforeSeq > frontier.seq) {
    const sentence = `batch.first_seq is ${firstSeq}, but ${frontier.seq + 1} is due`
    return refused('sequence_gap', sentence)
  }
  if (beforeSeq === frontier.seq && !namesHash(previousHash, frontier.hash)) {
    const isForked = frontier.hash !== null && previousHash !== null
    const sentence = `batch.previous_hash is not that of record ${frontier.seq} here`
    return refused(isForked ? 'epoch_forked' : 'sequence_hash', sentence)
  }
  const records: NumberedRecord[] = []
  for (const [position, bytes] of batch.records.entries()) {
    const seq = firstSeq + position
    if (seq > frontier.seq) records.push({ seq, bytes })
    else if (seq === frontier.seq && isAnother({ seq, bytes }, epoch, frontier)) {
      return refused('epoch_forked', `batch.records holds another record ${seq} than was taken`)
    }
  }
  return { status: 'ok', records }
}

/** Where everything up to this record is taken. */
export function frontierAt({ bytes, seq }: NumberedRecord, epoch: string): Frontier {
  return { seq, hash: recordHash(epoch, seq, bytes) }
}

/** Of the watermark, as stores keep it; empty at 0. */
export function hashText({ hash }: Frontier): string {
  return hash === null ? '' : Buffer.from(hash).toString('hex')
}

function isAnother(record: NumberedRecord, epoch: string, { hash }: Frontier): boolean {
  return hash !== null && !equalBytes(recordHash(epoch, record.seq, record.bytes), hash)
}

function namesHash(named: Uint8Array | null, hash: Uint8Array | null): boolean {
  if (named === null || hash === null) return named === hash
  return equalBytes(named, hash.subarray(0, PREVIOUS_HASH_BYTES))
}

function refused(
  code: Extract<BatchPlan, { status: 'refused' }>['code'],
  sentence: string,
): BatchPlan {
  return { status: 'refused', code, sentence }
}
