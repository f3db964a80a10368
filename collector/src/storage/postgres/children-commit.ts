/**
 * What a child tells, on its way in: each record judged by what is held, effect and watermark in
 * one transaction. A record is of the child's own ledger or of one below it, and newer than what is
 * held of the same thing; an older one changes nothing, one that is not the child's to tell is
 * refused and kept for people.
 */
import { assert } from '@yiben/shared'
import { numberOf } from '../child-rows.ts'
import type {
  CheckedChildRecord,
  ChildCommit,
  ChildCommitResult,
  NumberedChildRecord,
  RefusedChildRecord,
} from '../children-store.ts'
import {
  REFUSED_BYTES_MAX,
  refusal,
  reportedOf,
  SiteChanges,
  TAKEN,
  type Taken,
  type Teller,
} from '../children-taking.ts'
import type { Store } from '../store.ts'
import type { Row } from '../values.ts'
import { integer, integerOrNull, text, textOrNull } from '../values.ts'
import { markUntold, takeNodes } from './children-cards.ts'
import { takeCheckpoint } from './children-checkpoints.ts'
import { takeCollector } from './children-collectors.ts'
import { takeCounts } from './children-counts.ts'
import { takeHour } from './children-hours.ts'
import { childRow, endSilence, findEpoch, ownCollector } from './children-roster.ts'
import { type NodeRecord, runsOf } from './children-runs.ts'
import { takeSite } from './children-sites.ts'
import type { Database } from './driver.ts'
import { lock } from './locks.ts'
import { sql } from './sql.ts'

export function childCommitMethods(db: Database): Pick<Store, 'commitChild'> {
  return { commitChild: async (commit) => await commitChild(db, commit) }
}

async function commitChild(db: Database, commit: ChildCommit): Promise<ChildCommitResult> {
  await lock(db, 'children')
  const row = await childRow(db, commit.childId)
  if (row === undefined || integer(row, 'generation') !== commit.generation) {
    return { status: 'fenced' }
  }
  const epoch = await findEpoch(db, numberOf(row), commit.epoch)
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
  const refused = await takeAll(db, teller, commit)
  await markUntold(db, teller)
  await moveWatermark(db, teller, commit)
  await endBehind(db, row, commit)
  return { status: 'committed', refused }
}

async function takeAll(
  db: Database,
  teller: Teller,
  { epoch, records }: ChildCommit,
): Promise<readonly RefusedChildRecord[]> {
  const refused: RefusedChildRecord[] = []
  let older = 0
  const noteTaken = async ({ bytes, seq }: NumberedChildRecord, taken: Taken) => {
    if (taken.status === 'older') older += 1
    if (taken.status !== 'refused') return
    const { code, sentence } = taken
    refused.push({ seq, code, sentence })
    await db.run(
      sql`INSERT INTO child_refused (child_number, epoch, seq, code, sentence, refused_at_ms, bytes)
       VALUES (${teller.child}, ${epoch}, ${seq}, ${code}, ${sentence}, ${teller.atMs},
         ${bytes.subarray(0, REFUSED_BYTES_MAX)})
         ON CONFLICT (child_number, epoch, seq) DO NOTHING`,
    )
  }
  for (const run of runsOf(records)) {
    if (run.kind === 'one') {
      const { result } = run.record
      const isRead = result.status === 'ok'
      await noteTaken(run.record, isRead ? await takeRecord(db, teller, result.record) : result)
      continue
    }
    const taken = await takeRun(db, teller, run.records)
    for (const [place, { numbered }] of run.records.entries()) {
      await noteTaken(numbered, taken[place] ?? TAKEN)
    }
  }
  if (older > 0) {
    await db.run(
      sql`UPDATE children SET older_records = older_records + ${older}
        WHERE child_number = ${teller.child}`,
    )
  }
  return refused
}

/** Nodes of one ledger. */
async function takeRun(
  db: Database,
  teller: Teller,
  records: readonly NodeRecord[],
): Promise<readonly Taken[]> {
  const nodes = records.map(({ node }) => node)
  const collector = await collectorOf(db, teller, nodes[0]?.origin ?? '')
  if (typeof collector === 'number') return await takeNodes(db, teller, collector, nodes)
  return nodes.map(() => collector)
}

/** The number of a ledger that the child may tell of. */
async function collectorOf(db: Database, teller: Teller, origin: string): Promise<number | Taken> {
  const row = await db.get(
    sql`SELECT collector_number FROM child_collectors WHERE origin = ${origin}
      AND child_number = ${teller.child}`,
  )
  if (row === undefined || origin === teller.ownOrigin) {
    return refusal('record_origin', `${origin} is neither the child nor known to be below it`)
  }
  return integer(row, 'collector_number')
}

async function takeRecord(
  db: Database,
  teller: Teller,
  record: CheckedChildRecord,
): Promise<Taken> {
  if (record.kind === 'collector') return await takeCollector(db, teller, record.collector)
  const collector = await collectorOf(db, teller, reportedOf(record).origin)
  if (typeof collector !== 'number') return collector
  switch (record.kind) {
    case 'site':
      return await takeSite(db, teller, collector, record.site)
    case 'node': {
      const [taken] = await takeNodes(db, teller, collector, [record.node])
      return taken ?? TAKEN
    }
    case 'hour':
      return await takeHour(db, teller, collector, record.hour)
    case 'counts':
      return await takeCounts(db, teller, collector, record.counts)
    case 'checkpoint':
      return await takeCheckpoint(db, teller, collector, record.checkpoint)
  }
}

async function moveWatermark(db: Database, { child }: Teller, commit: ChildCommit): Promise<void> {
  assert(commit.watermark >= commit.expectedWatermark, 'a watermark never goes back')
  await db.run(
    sql`UPDATE child_epochs SET watermark = ${commit.watermark},
      watermark_hash = ${commit.watermarkHash} WHERE child_number = ${child}
      AND epoch = ${commit.epoch}`,
  )
}

/** All that it had to tell when it connected is told: until then nothing is missing any more. */
async function endBehind(db: Database, row: Row, commit: ChildCommit): Promise<void> {
  const toSeq = integerOrNull(row, 'behind_to_seq')
  const isWhole = commit.isToldWhole === true || (toSeq !== null && commit.watermark >= toSeq)
  if (toSeq === null || !isWhole) return
  await db.run(
    sql`UPDATE children SET behind_to_seq = NULL, behind_since_ms = NULL
      WHERE child_id = ${commit.childId}`,
  )
  const toMs = integerOrNull(row, 'connected_at_ms') ?? commit.receivedAtMs
  await endSilence(db, await ownCollector(db, row), toMs, commit.receivedAtMs)
}
