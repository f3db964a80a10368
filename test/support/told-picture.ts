/**
 * What somebody who was told records of children knows now, as simply as it can be said: of each thing
 * the record of the highest version. The same of what a ledger has to tell is what is to be known.
 */
import { type ChildRecord, compareVersions, decodeChildRecord } from '@yiben/shared'
import { FEED_START, isSameCursor } from '../../collector/src/storage/feed-store.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import type { FakeCollector } from './fake-collector.ts'

export type Picture = ReadonlyMap<string, ChildRecord>

export function pictureOf(records: Iterable<ChildRecord>): Picture {
  const picture = new Map<string, ChildRecord>()
  for (const record of records) {
    const key = keyOf(record)
    const known = picture.get(key)
    const isNewer =
      known === undefined || compareVersions(headOf(record).version, headOf(known).version) >= 0
    if (isNewer) picture.set(key, record)
  }
  return new Map([...picture].sort(([left], [right]) => (left < right ? -1 : 1)))
}

/** Every record that the parent has taken, epoch by epoch. */
export function toldTo(parent: FakeCollector): ChildRecord[] {
  return [...parent.epochs.values()].flatMap(({ records }) =>
    [...records.keys()].sort((a, b) => a - b).map((seq) => readRecord(records.get(seq))),
  )
}

/** Everything that a ledger has to tell. */
export async function tellable(
  store: Pick<Store, 'readFeed'>,
  origin: string,
): Promise<ChildRecord[]> {
  const all: ChildRecord[] = []
  for (let cursor = FEED_START; ; ) {
    const { next, records } = await store.readFeed(origin, cursor, 100)
    if (isSameCursor(next, cursor)) return all
    all.push(...records)
    cursor = next
  }
}

function readRecord(bytes: Uint8Array | undefined): ChildRecord {
  const read = decodeChildRecord(bytes ?? new Uint8Array(0))
  if (read.status !== 'ok') throw new Error(read.sentence)
  return read.record
}

function headOf(record: ChildRecord) {
  switch (record.kind) {
    case 'collector':
      return record.collector
    case 'site':
      return record.site
    case 'node':
      return record.node
    case 'hour':
      return record.hour
    case 'counts':
      return record.counts
    case 'checkpoint':
      return record.checkpoint
  }
}

function keyOf(record: ChildRecord): string {
  const { origin } = headOf(record)
  switch (record.kind) {
    case 'site':
      return `${origin} site ${record.site.siteCode}`
    case 'node':
      return `${origin} node ${record.node.nodeId}`
    case 'hour':
      return `${origin} hour ${record.hour.hourMs} ${record.hour.siteCode}`
    case 'counts':
      return `${origin} counts ${record.counts.siteCode}`
    default:
      return `${origin} ${record.kind}`
  }
}
