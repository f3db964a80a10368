/**
 * Takes a bundle of a child in that never connects: the same records through the same judgement as
 * over a link. Its stream is numbered by bundles; what a bundle was written at is what the child is
 * heard up to. Killed in between it is taken in again from its beginning, which changes nothing.
 */
import { AppError } from '@yiben/shared'
import { type LastBundle, placeOf } from '../bundle/order.ts'
import type { Bundle } from '../bundle/read.ts'
import type { ChildId, SessionGeneration } from '../model/ids.ts'
import type { ChildListRow, NumberedChildRecord } from '../storage/children-store.ts'
import type { Store } from '../storage/store.ts'
import { FUTURE_MS_MAX } from '../timeline/fold-state.ts'
import { judgeRecord } from './judge.ts'

const RECORDS_PER_COMMIT_MAX = 256
/** Refused records are kept under the bundle's number and their place in it. */
const PLACES_PER_BUNDLE = 10_000_000
const EPOCH = 'bundles-'

type IntakeStore = Pick<
  Store,
  | 'listChildren'
  | 'findChildByKey'
  | 'openChildSession'
  | 'commitChild'
  | 'endChildSession'
  | 'beginChildSilences'
>

export interface BundleIntake {
  readonly store: IntakeStore
  /** Identity key of this ledger. */
  readonly ownOrigin: string
  readonly nowMs: number
}

export interface TakenBundle {
  readonly status: 'taken' | 'already'
  readonly child: string
  readonly number: number
  readonly records: number
  readonly refused: number
}

/** Throws `not_found`, `conflict` or `sequence_gap` with a sentence that says what is to be done. */
export async function takeBundle(intake: BundleIntake, bundle: Bundle): Promise<TakenBundle> {
  const { header, hash } = bundle
  const row = await childOf(intake.store, header)
  const { name } = row.child
  const place = placeOf(header, hash, lastOf(row))
  switch (place.status) {
    case 'already':
      return { status: 'already', child: name, number: header.number, records: 0, refused: 0 }
    case 'gap': {
      const { from, to } = place.missing
      const which = from === to ? `bundle ${from} is` : `bundles ${from} to ${to} are`
      const sentence = `this is bundle ${header.number} of ${name}, and ${which} missing: bring those first, or a full one`
      throw new AppError('sequence_gap', sentence, { fields: { missingFrom: from, missingTo: to } })
    }
    case 'forked': {
      const sentence = `another bundle than the one before ${header.number} of ${name} was taken in: bring a full one`
      throw new AppError('epoch_forked', sentence, { fields: { number: header.number } })
    }
    case 'next':
      return await takeIn(intake, bundle, row)
  }
}

async function childOf(store: IntakeStore, header: Bundle['header']): Promise<ChildListRow> {
  const { algorithm, name, origin } = header
  const rows = await store.listChildren()
  const row = rows.find(({ child }) => child.publicKey === origin && child.algorithm === algorithm)
  if (row === undefined) {
    const sentence = `the bundle is of ${origin} (${name}), which is no child: \`child add --key ${origin} --name …\` makes it one`
    throw new AppError('not_found', sentence, { fields: { origin } })
  }
  if (row.child.status === 'revoked') {
    throw new AppError('node_revoked', `the child ${row.child.name} has been revoked`)
  }
  if (!row.child.isOneWay) {
    throw new AppError('conflict', `the child ${row.child.name} connects by itself`)
  }
  return row
}

function lastOf({ session }: ChildListRow): LastBundle | null {
  const { epoch, watermark, watermarkHash } = session
  if (epoch === null || watermarkHash === null) return null
  return {
    number: watermark,
    hash: watermarkHash,
    generation: Number(epoch.slice(EPOCH.length)),
  }
}

async function takeIn(
  intake: BundleIntake,
  bundle: Bundle,
  row: ChildListRow,
): Promise<TakenBundle> {
  const { nowMs, store } = intake
  const { header } = bundle
  const { childId } = row.child
  const opened = await open(intake, bundle, row)
  let records = 0
  let refused = 0
  for await (const page of bundle.pages(RECORDS_PER_COMMIT_MAX)) {
    const numbered = page.map((bytes, index) => numberedOf(bytes, records + index, intake, header))
    records += page.length
    refused += await commit(intake, { ...opened, records: numbered }, null)
  }
  // Its number stands once all of it is there.
  await commit(intake, { ...opened, records: [] }, { number: header.number, hash: bundle.hash })
  const { generation } = opened
  await store.endChildSession({ childId, generation, reason: 'imported' })
  const fromMs = Math.min(header.written_at_ms, nowMs)
  await store.beginChildSilences([{ childId, fromMs, declaredAtMs: nowMs }])
  return { status: 'taken', child: row.child.name, number: header.number, records, refused }
}

interface Opened {
  readonly childId: ChildId
  readonly generation: SessionGeneration
  readonly epoch: string
  readonly watermark: number
  readonly watermarkHash: string
}

async function open(
  { nowMs, store }: BundleIntake,
  { header }: Bundle,
  { child }: ChildListRow,
): Promise<Opened> {
  const epoch = `${EPOCH}${header.generation}`
  const opened = await store.openChildSession({
    childId: child.childId,
    expectedJoinState: child.joinState,
    presentedJoinState: child.joinState,
    nextJoinState: child.joinState,
    fingerprint: child.fingerprint,
    epoch,
    previousEpoch: null,
    remoteAddress: '',
    programVersion: header.program_version,
    // It has told all up to when it was written, once all of it is taken in.
    lastSeq: Number.MAX_SAFE_INTEGER,
    nowMs: Math.min(header.written_at_ms, nowMs),
  })
  if (opened.status !== 'opened') {
    throw new AppError('conflict', `the child ${child.name} has changed meanwhile: try again`)
  }
  return {
    childId: child.childId,
    generation: opened.generation,
    epoch,
    watermark: opened.epoch.watermark,
    watermarkHash: opened.epoch.watermarkHash ?? '',
  }
}

function numberedOf(
  bytes: Uint8Array,
  place: number,
  { nowMs }: BundleIntake,
  { number }: Bundle['header'],
): NumberedChildRecord {
  const seq = number * PLACES_PER_BUNDLE + place + 1
  return { seq, bytes, result: judgeRecord(bytes, nowMs + FUTURE_MS_MAX) }
}

/** Answers how many were refused. */
async function commit(
  { nowMs, ownOrigin, store }: BundleIntake,
  told: Opened & { readonly records: readonly NumberedChildRecord[] },
  end: { readonly number: number; readonly hash: string } | null,
): Promise<number> {
  const { watermark, watermarkHash, ...rest } = told
  const result = await store.commitChild({
    ...rest,
    expectedWatermark: watermark,
    watermark: end?.number ?? watermark,
    watermarkHash: end?.hash ?? watermarkHash,
    isToldWhole: end !== null,
    ownOrigin,
    receivedAtMs: nowMs,
  })
  if (result.status === 'committed') return result.refused.length
  throw new AppError('conflict', 'another bundle of this child is being taken in: try again')
}
