/**
 * What can be told of a child's record by itself, before anything is looked up: that it can be read,
 * that it does not speak of the future, that what a bucket says fits together, that a checkpoint is
 * signed by the ledger it is of. Pure.
 */
import {
  ALGORITHM_ED25519,
  ALGORITHM_SM2,
  type CheckpointReport,
  type ChildRecord,
  decodeChildRecord,
  divisionCodeOf,
  HOUR_MS,
  type HourReport,
  publicKeyBytes,
  type SiteReport,
  siteCodeOf,
} from '@yiben/shared'
import { parseCheckpoint, parseOrigin } from '../journal/verify-checkpoint.ts'
import { checkSignature, namedKey, parseNote } from '../journal/verify-note.ts'
import type { NumberedChildRecord } from '../storage/children-store.ts'

export type Judged = NumberedChildRecord['result']

/** No record may speak of time after `futureLimitMs`. */
export function judgeRecord(bytes: Uint8Array, futureLimitMs: number): Judged {
  const read = decodeChildRecord(bytes)
  if (read.status === 'refused') return read
  const { record } = read
  const latestMs = latestOf(record)
  if (latestMs > futureLimitMs) {
    return refused('record_future', `it speaks of time ${latestMs - futureLimitMs} ms ahead`)
  }
  switch (record.kind) {
    case 'site':
      return judgeSite(record, record.site)
    case 'hour':
      return judgeHour(record, record.hour)
    case 'checkpoint':
      return judgeCheckpoint(record.checkpoint)
    case 'collector':
    case 'node':
    case 'counts':
      return { status: 'ok', record }
  }
}

type Refused = Extract<Judged, { readonly status: 'refused' }>

function refused(code: Refused['code'], sentence: string): Refused {
  return { status: 'refused', code, sentence }
}

/** An hour is told once it is over. */
function latestOf(record: ChildRecord): number {
  switch (record.kind) {
    case 'hour':
      return record.hour.hourMs + HOUR_MS
    case 'counts':
      return record.counts.atMs
    case 'node':
      return record.node.cards.reduce((latest, card) => Math.max(latest, card.validFromMs), 0)
    case 'collector':
      return record.collector.awaySinceMs ?? 0
    case 'site':
    case 'checkpoint':
      return 0
  }
}

function judgeSite(
  record: Extract<ChildRecord, { readonly kind: 'site' }>,
  site: SiteReport,
): Judged {
  if (siteCodeOf(site.siteCode) === null) {
    return refused('record_site', 'site.site_code is no code of a site')
  }
  const wrong = site.terms.find(({ regionCode }) => divisionCodeOf(regionCode) === null)
  if (wrong === undefined) return { status: 'ok', record }
  return refused('record_site', `terms.region_code ${wrong.regionCode} is no code of GB/T 2260`)
}

/** That states book no more time than the cards have has been seen when it was read. */
function judgeHour(
  record: Extract<ChildRecord, { readonly kind: 'hour' }>,
  hour: HourReport,
): Judged {
  for (const bucket of hour.buckets) {
    const { activeMs, cards, depositedMs, freeMs, givenMs, samplesGot } = bucket
    const wholeMs = BigInt(cards) * BigInt(HOUR_MS)
    const sentence =
      depositedMs > freeMs
        ? `${depositedMs} ms are deposited of ${freeMs} ms that are free`
        : activeMs > wholeMs || givenMs > wholeMs
          ? `active or given time is longer than ${cards} cards have in an hour`
          : bucket.samplesZero > samplesGot || bucket.samplesBelowTenth > samplesGot
            ? `more samples say little or nothing than the ${samplesGot} that were got`
            : null
    if (sentence !== null) return refused('record_balance', `bucket of ${bucket.name}: ${sentence}`)
  }
  return { status: 'ok', record }
}

function judgeCheckpoint(checkpoint: CheckpointReport): Judged {
  const note = parseNote(checkpoint.note)
  const told = note === null ? null : parseCheckpoint(note.text)
  const life = told === null ? null : parseOrigin(told.origin)
  if (note === null || told === null || life === null) {
    return refused('record_checkpoint', 'checkpoint.note is no signed checkpoint of a ledger')
  }
  const algorithm = [ALGORITHM_ED25519, ALGORITHM_SM2].find(
    (one) => publicKeyBytes(one) * 2 === checkpoint.origin.length,
  )
  const key = algorithm === undefined ? null : namedKey(told.origin, algorithm, checkpoint.origin)
  if (key === null || checkSignature(note, key) !== 'valid') {
    return refused('record_checkpoint', 'checkpoint.note is not signed by the ledger it is told of')
  }
  const rootHash = Buffer.from(told.root).toString('hex')
  return {
    status: 'ok',
    record: {
      kind: 'checkpoint',
      checkpoint: { ...checkpoint, logOrigin: told.origin, size: told.size, rootHash },
    },
  }
}
