/**
 * What a collector needs to tell its parent everything anew: the feed turned on, read page by page and
 * encoded, as after an enrollment or a restore. Also how long its writer, which takes in what its own
 * nodes tell, is kept waiting by that.
 */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { encodeChildRecord } from '@yiben/shared'
import {
  FEED_START,
  type FeedCursor,
  isSameCursor,
} from '../../collector/src/storage/feed-store.ts'
import { openSqliteStore } from '../../collector/src/storage/sqlite/store.ts'
import { quantile, rounded, sayFigure } from './support/figure.ts'
import { MADE_UP_LEDGER, makeLedger } from './support/made-up-ledger.ts'
import { readOptions } from './support/options.ts'
import { TemporaryFolder } from './support/temporary-folder.ts'

const ORIGIN = 'ab'.repeat(32)
/** As the feeder reads. */
const PAGE_THINGS = 64
const WRITE_EVERY_MS = 20

const { cards, seed } = readOptions({
  script: 'feed-anew.ts',
  sentence: 'What a collector needs to tell its parent everything anew.',
  numbers: {
    cards: { default: 100_000, min: 8, max: 1_000_000, sentence: 'accelerators of its own' },
    seed: { default: 1, min: 0, max: 1_000_000, sentence: 'what the cards did' },
  },
  switches: {},
})

using folder = new TemporaryFolder('feed-anew')
const path = join(folder.path, 'ledger.sqlite')
await makeLedger({ path, cards, days: 1, changesPerDay: 1, seed })
const store = await openSqliteStore({ path, newLedger: MADE_UP_LEDGER })
const quietMs = await writesWhile(() => delay(2_000))
const turnedMs = await timed(() => store.turnFeed(true))
const pageMs: number[] = []
let records = 0
let bytes = 0
const beforeCpu = process.cpuUsage()
const startMs = performance.now()
const busyMs = await writesWhile(readAll)
const tookMs = performance.now() - startMs
const { system, user } = process.cpuUsage(beforeCpu)
await store.close()
sayFigure({
  what: `to read and encode all that a collector of ${cards} cards tells its parent`,
  figure: rounded(tookMs / 1_000),
  unit: 's',
  bar: null,
  details: {
    records,
    bytes,
    cpu_s: rounded((user + system) / 1e6),
    page_median_ms: rounded(quantile(pageMs, 0.5)),
    page_p99_ms: rounded(quantile(pageMs, 0.99)),
    turn_on_ms: rounded(turnedMs),
  },
})
sayFigure({
  what: 'a write of the collector meanwhile waits at most (p99)',
  figure: rounded(quantile(busyMs, 0.99)),
  unit: 'ms',
  bar: null,
  details: { without_ms: rounded(quantile(quietMs, 0.99)), writes: busyMs.length },
})

async function readAll(): Promise<void> {
  let after: FeedCursor = FEED_START
  for (;;) {
    const beforeMs = performance.now()
    const page = await store.readFeed(ORIGIN, after, PAGE_THINGS)
    pageMs.push(performance.now() - beforeMs)
    if (isSameCursor(page.next, after)) return
    after = page.next
    records += page.records.length
    for (const record of page.records) bytes += encodeChildRecord(record).length
  }
}

/** How long each of the writes took that were made while the work went on. */
async function writesWhile(work: () => Promise<unknown>): Promise<readonly number[]> {
  const took: number[] = []
  let isDone = false
  const working = work().then(() => {
    isDone = true
  })
  while (!isDone) {
    took.push(await timed(() => store.touchSessions([])))
    await delay(WRITE_EVERY_MS)
  }
  await working
  return took
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const beforeMs = performance.now()
  await work()
  return performance.now() - beforeMs
}
