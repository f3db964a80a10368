/**
 * The feed (0009-feed.sql): rows are written by triggers in the transaction of each change and
 * numbered before it commits (outbox.ts); here they are read as the whole things that they name, in
 * one snapshot, so that number and content fit.
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
import type { Store } from '../store.ts'
import type { Row } from '../values.ts'
import { flag, integer, text } from '../values.ts'
import type { Database } from './driver.ts'
import { childReaders } from './feed-children.ts'
import { type FeedReader, ownReaders } from './feed-own.ts'
import { readLedger } from './ledger.ts'
import { share } from './locks.ts'
import { sql } from './sql.ts'

type FeedMethods = Pick<
  Store,
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
    turnFeed: async (isOn) => {
      const { changes } = await db.run(
        sql`UPDATE feed_state SET is_on = ${isOn} WHERE is_on <> ${isOn}`,
      )
      return { status: changes > 0 ? 'turned' : 'same' }
    },
    isFeedOn: async () => flag((await db.get(sql`SELECT is_on FROM feed_state`)) ?? {}, 'is_on'),
    readFeed: async (origin, after, limit) => await readFeed(db, origin, after, limit),
    countFeed: async (after) => {
      let sum = 0
      for (const [number, lane] of LANES.entries()) sum += await countLane(db, number, after[lane])
      return sum
    },
    feedMade: async (records) => {
      for (const record of records) await keepMade(db, record)
    },
    readOwnSites: async () =>
      (
        await db.all(
          sql`SELECT code FROM sites s WHERE NOT EXISTS (SELECT 1 FROM site_origins o
             WHERE o.site_code = s.code) ORDER BY code`,
        )
      ).map((row) => text(row, 'code')),
    adoptIdentityKey: async ({ key, number }) => {
      const ledger = await readLedger(db)
      if (ledger.identityKey === key && ledger.identityKeyNumber === number) {
        return { status: 'same' }
      }
      if ((await db.get(sql`SELECT 1 AS there FROM nodes LIMIT 1`)) !== undefined)
        return { status: 'kept' }
      await db.run(sql`UPDATE ledger SET identity_key_number = ${number}, identity_key = ${key}`)
      return { status: 'adopted' }
    },
  }
}

async function readFeed(
  db: Database,
  origin: string,
  after: FeedCursor,
  limit: number,
): Promise<FeedPage> {
  const { generation } = await readLedger(db)
  const readers = { ...ownReaders(db, origin), ...childReaders(db), ...madeReaders(db) }
  for (const [number, lane] of LANES.entries()) {
    // Those of one reader come after those that they report to: the lane is read whole.
    const rows = await laneRows(
      db,
      number,
      after[lane],
      lane === 'collectors' ? COUNTED_MAX : limit,
    )
    const records: ChildRecord[] = []
    let to = after[lane]
    for (const row of rows) {
      to = integer(row, 'feed_seq')
      const read = readers[text(row, 'kind')]
      assert(read !== undefined, 'everything that is fed can be read')
      records.push(...(await read(text(row, 'key'), { generation, number: to })))
      if (lane !== 'collectors' && records.length >= PAGE_RECORDS_MAX) break
    }
    if (to === after[lane]) continue
    const ordered = lane === 'collectors' ? parentsFirst(records) : records
    return { records: ordered, next: { ...after, [lane]: to } }
  }
  return { records: [], next: after }
}

async function laneRows(
  db: Database,
  lane: number,
  after: number,
  limit: number,
): Promise<readonly Row[]> {
  return await db.all(
    sql`SELECT feed_seq, kind, key FROM feed WHERE lane = ${lane} AND feed_seq > ${after}
      ORDER BY feed_seq LIMIT ${limit}`,
  )
}

async function countLane(db: Database, lane: number, after: number): Promise<number> {
  const row = await db.get(
    sql`SELECT count(*) AS changed FROM
       (SELECT 1 FROM feed WHERE lane = ${lane} AND feed_seq > ${after} LIMIT ${COUNTED_MAX}) f`,
  )
  return integer(row ?? {}, 'changed')
}

function madeReaders(db: Database): Readonly<Record<string, FeedReader>> {
  const readerOf =
    (kind: string): FeedReader =>
    async (key, version) => {
      const row = await db.get(
        sql`SELECT body FROM feed_made WHERE kind = ${kind} AND key = ${key}`,
      )
      const body = row?.body
      assert(body instanceof Uint8Array, 'what was made and fed is kept')
      const result = decodeChildRecord(body)
      assert(result.status === 'ok', 'what was made can be read')
      return [versioned(result.record, version)]
    }
  return Object.fromEntries(MADE_KINDS.map((kind) => [kind, readerOf(kind)]))
}

async function keepMade(db: Database, made: MadeRecord): Promise<void> {
  const version = NO_VERSION
  if (made.kind === 'collector') {
    await putMade(db, 'collector', '', {
      kind: 'collector',
      collector: { ...made.collector, version },
    })
  } else if (made.kind === 'counts') {
    const { siteCode } = made.counts
    await putMade(db, 'counts', siteCode, { kind: 'counts', counts: { ...made.counts, version } })
  } else {
    const { hourMs, siteCode } = made.hour
    // An hour that is being sealed at this moment is waited for.
    await share(db, 'seals')
    if ((await db.get(sql`SELECT 1 AS sealed FROM seals WHERE hour_ms = ${hourMs}`)) !== undefined)
      return
    const record: ChildRecord = { kind: 'hour', hour: { ...made.hour, version } }
    await putMade(db, 'early', `${hourMs}/${siteCode}`, record)
  }
}

async function putMade(
  db: Database,
  kind: (typeof MADE_KINDS)[number],
  key: string,
  record: ChildRecord,
): Promise<void> {
  await db.run(
    sql`INSERT INTO feed_made (kind, key, body)
      VALUES (${kind}, ${key}, ${encodeChildRecord(record)})
     ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body`,
  )
}
