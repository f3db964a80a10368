/**
 * The feed (0016-feed.sql): rows are numbered by triggers in the transaction of each change; here
 * they are read as the whole things that they name, in one snapshot, so that number and content fit.
 */
import { assert, type ChildRecord, decodeChildRecord, encodeChildRecord } from '@yiben/shared'
import {
  COUNTED_MAX,
  LANES,
  MADE_KINDS,
  NO_VERSION,
  PAGE_RECORDS_MAX,
  parentsFirst,
  versioned,
} from '../feed-lanes.ts'
import type { FeedCursor, FeedPage, MadeRecord } from '../feed-store.ts'
import { integer, type Row, text } from '../values.ts'
import type { Database } from './driver.ts'
import { childReaders } from './feed-children.ts'
import { type FeedReader, ownReaders } from './feed-own.ts'
import { readLedger } from './ledger.ts'
import type { SyncStore } from './methods.ts'
import { fromFlag } from './values.ts'

type FeedMethods = Pick<
  SyncStore,
  | 'turnFeed'
  | 'isFeedOn'
  | 'readFeed'
  | 'countFeed'
  | 'feedMade'
  | 'readOwnSites'
  | 'adoptIdentityKey'
>

export function feedMethods(db: Database): FeedMethods {
  return {
    turnFeed: (isOn) => {
      const { changes } = db.run(
        'UPDATE feed_state SET is_on = ? WHERE is_on <> ?',
        fromFlag(isOn),
        fromFlag(isOn),
      )
      return { status: changes > 0 ? 'turned' : 'same' }
    },
    isFeedOn: () => integer(db.get('SELECT is_on FROM feed_state') ?? {}, 'is_on') === 1,
    readFeed: (origin, after, limit) => readFeed(db, origin, after, limit),
    countFeed: (after) =>
      LANES.reduce((sum, lane, number) => sum + countLane(db, number, after[lane]), 0),
    feedMade: (records) => {
      for (const record of records) keepMade(db, record)
    },
    readOwnSites: () =>
      db
        .all(
          `SELECT code FROM sites s WHERE NOT EXISTS (SELECT 1 FROM site_origins o
             WHERE o.site_code = s.code) ORDER BY code`,
        )
        .map((row) => text(row, 'code')),
    adoptIdentityKey: ({ key, number }) => {
      const ledger = readLedger(db)
      if (ledger.identityKey === key && ledger.identityKeyNumber === number) {
        return { status: 'same' }
      }
      if (db.get('SELECT 1 AS there FROM nodes LIMIT 1') !== undefined) return { status: 'kept' }
      db.run('UPDATE ledger SET identity_key_number = ?, identity_key = ?', number, key)
      return { status: 'adopted' }
    },
  }
}

function readFeed(db: Database, origin: string, after: FeedCursor, limit: number): FeedPage {
  const { generation } = readLedger(db)
  const readers = { ...ownReaders(db, origin), ...childReaders(db), ...madeReaders(db) }
  for (const [number, lane] of LANES.entries()) {
    // Those of one reader come after those that they report to: the lane is read whole.
    const rows = laneRows(db, number, after[lane], lane === 'collectors' ? COUNTED_MAX : limit)
    const records: ChildRecord[] = []
    let to = after[lane]
    for (const row of rows) {
      to = integer(row, 'feed_seq')
      const read = readers[text(row, 'kind')]
      assert(read !== undefined, 'everything that is fed can be read')
      records.push(...read(text(row, 'key'), { generation, number: to }))
      if (lane !== 'collectors' && records.length >= PAGE_RECORDS_MAX) break
    }
    if (to === after[lane]) continue
    const ordered = lane === 'collectors' ? parentsFirst(records) : records
    return { records: ordered, next: { ...after, [lane]: to } }
  }
  return { records: [], next: after }
}

function laneRows(db: Database, lane: number, after: number, limit: number): readonly Row[] {
  return db.all(
    'SELECT feed_seq, kind, key FROM feed WHERE lane = ? AND feed_seq > ? ORDER BY feed_seq LIMIT ?',
    lane,
    after,
    limit,
  )
}

function countLane(db: Database, lane: number, after: number): number {
  const row = db.get(
    `SELECT count(*) AS changed FROM
       (SELECT 1 FROM feed WHERE lane = ? AND feed_seq > ? LIMIT ${COUNTED_MAX})`,
    lane,
    after,
  )
  return integer(row ?? {}, 'changed')
}

function madeReaders(db: Database): Readonly<Record<string, FeedReader>> {
  const readerOf =
    (kind: string): FeedReader =>
    (key, version) => {
      const row = db.get('SELECT body FROM feed_made WHERE kind = ? AND key = ?', kind, key)
      const body = row?.body
      assert(body instanceof Uint8Array, 'what was made and fed is kept')
      const result = decodeChildRecord(body)
      assert(result.status === 'ok', 'what was made can be read')
      return [versioned(result.record, version)]
    }
  return Object.fromEntries(MADE_KINDS.map((kind) => [kind, readerOf(kind)]))
}

function keepMade(db: Database, made: MadeRecord): void {
  const version = NO_VERSION
  if (made.kind === 'collector') {
    putMade(db, 'collector', '', { kind: 'collector', collector: { ...made.collector, version } })
  } else if (made.kind === 'counts') {
    const { siteCode } = made.counts
    putMade(db, 'counts', siteCode, { kind: 'counts', counts: { ...made.counts, version } })
  } else {
    const { hourMs, siteCode } = made.hour
    if (db.get('SELECT 1 AS sealed FROM seals WHERE hour_ms = ?', hourMs) !== undefined) return
    const record: ChildRecord = { kind: 'hour', hour: { ...made.hour, version } }
    putMade(db, 'early', `${hourMs}/${siteCode}`, record)
  }
}

function putMade(
  db: Database,
  kind: (typeof MADE_KINDS)[number],
  key: string,
  record: ChildRecord,
): void {
  db.run(
    `INSERT INTO feed_made (kind, key, body) VALUES (?, ?, ?)
     ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body`,
    kind,
    key,
    encodeChildRecord(record),
  )
}
