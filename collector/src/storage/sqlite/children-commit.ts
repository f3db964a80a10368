/**
 * What a child tells, on its way in: each record judged by what is held, effect and watermark in one
 * transaction. A record is of the child's own ledger or of one below it, and newer than what is held
 * of the same thing; an older one changes nothing, one that is not the child's to tell is refused and
 * kept for people.
 */
import { assert } from '@yiben/shared'
import { numberOf } from '../child-rows.ts'
import type {
  CheckedChildRecord,
  ChildCommit,
  ChildCommitResult,
  RefusedChildRecord,
} from '../children-store.ts'
import {
  REFUSED_BYTES_MAX,
  refusal,
  reportedOf,
  SiteChanges,
  type Taken,
  type Teller,
} from '../children-taking.ts'
import { integer, integerOrNull, type Row, text, textOrNull } from '../values.ts'
import { markUntold, takeNode } from './children-cards.ts'
import { takeCheckpoint } from './children-checkpoints.ts'
import { takeCollector } from './children-collectors.ts'
import { takeCounts } from './children-counts.ts'
import { takeHour } from './children-hours.ts'
import { childRow, endSilence, findEpoch, ownCollector } from './children-roster.ts'
import { takeSite } from './children-sites.ts'
import type { Database } from './driver.ts'
import type { SyncStore } from './methods.ts'

export function childCommitMethods(db: Database): Pick<SyncStore, 'commitChild'> {
  return { commitChild: (commit) => commitChild(db, commit) }
}

function commitChild(db: Database, commit: ChildCommit): ChildCommitResult {
  const row = childRow(db, commit.childId)
  if (row === undefined || integer(row, 'generation') !== commit.generation) {
    return { status: 'fenced' }
  }
  const epoch = findEpoch(db, numberOf(row), commit.epoch)
  if (epoch === null || epoch.isClosed || text(row, 'status') !== 'active') {
    return { status: 'fenced' }
  }
  if (epoch.watermark !== commit.expectedWatermark) {
    return { status: 'stale', watermark: epoch.watermark }
  }
  const teller: Teller = {
    child: numberOf(row),
    origin: text(row, 'public_key'),
    regionCode: textOrNull(row, 'region_code'),
    ownOrigin: commit.ownOrigin,
    atMs: commit.receivedAtMs,
    changes: new SiteChanges(),
  }
  const refused = takeAll(db, teller, commit)
  markUntold(db, teller)
  moveWatermark(db, teller, commit)
  endBehind(db, row, commit)
  return { status: 'committed', refused }
}

function takeAll(
  db: Database,
  teller: Teller,
  { epoch, records }: ChildCommit,
): readonly RefusedChildRecord[] {
  const refused: RefusedChildRecord[] = []
  let older = 0
  for (const { bytes, result, seq } of records) {
    const taken = result.status === 'ok' ? takeRecord(db, teller, result.record) : result
    if (taken.status === 'older') older += 1
    if (taken.status !== 'refused') continue
    const { code, sentence } = taken
    refused.push({ seq, code, sentence })
    db.run(
      `INSERT INTO child_refused (child_number, epoch, seq, code, sentence, refused_at_ms, bytes)
       VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (child_number, epoch, seq) DO NOTHING`,
      teller.child,
      epoch,
      seq,
      code,
      sentence,
      teller.atMs,
      bytes.subarray(0, REFUSED_BYTES_MAX),
    )
  }
  if (older > 0) {
    db.run(
      'UPDATE children SET older_records = older_records + ? WHERE child_number = ?',
      older,
      teller.child,
    )
  }
  return refused
}

function takeRecord(db: Database, teller: Teller, record: CheckedChildRecord): Taken {
  if (record.kind === 'collector') return takeCollector(db, teller, record.collector)
  const { origin } = reportedOf(record)
  const row = db.get(
    'SELECT collector_number FROM child_collectors WHERE origin = ? AND child_number = ?',
    origin,
    teller.child,
  )
  if (row === undefined || origin === teller.ownOrigin) {
    return refusal('record_origin', `${origin} is neither the child nor known to be below it`)
  }
  const collector = integer(row, 'collector_number')
  switch (record.kind) {
    case 'site':
      return takeSite(db, teller, collector, record.site)
    case 'node':
      return takeNode(db, teller, collector, record.node)
    case 'hour':
      return takeHour(db, teller, collector, record.hour)
    case 'counts':
      return takeCounts(db, teller, collector, record.counts)
    case 'checkpoint':
      return takeCheckpoint(db, teller, collector, record.checkpoint)
  }
}

function moveWatermark(db: Database, { child }: Teller, commit: ChildCommit): void {
  assert(commit.watermark >= commit.expectedWatermark, 'a watermark never goes back')
  db.run(
    'UPDATE child_epochs SET watermark = ?, watermark_hash = ? WHERE child_number = ? AND epoch = ?',
    commit.watermark,
    commit.watermarkHash,
    child,
    commit.epoch,
  )
}

/** All that it had to tell when it connected is told: until then nothing is missing any more. */
function endBehind(db: Database, row: Row, commit: ChildCommit): void {
  const toSeq = integerOrNull(row, 'behind_to_seq')
  const isWhole = commit.isToldWhole === true || (toSeq !== null && commit.watermark >= toSeq)
  if (toSeq === null || !isWhole) return
  db.run(
    'UPDATE children SET behind_to_seq = NULL, behind_since_ms = NULL WHERE child_id = ?',
    commit.childId,
  )
  const toMs = integerOrNull(row, 'connected_at_ms') ?? commit.receivedAtMs
  endSilence(db, ownCollector(db, row), toMs, commit.receivedAtMs)
}
