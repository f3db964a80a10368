/**
 * What both storages are asked, each through the port that everything else goes through: questions
 * whose answers together are the account as people and programs see it. Of a large ledger no
 * question is answered in one piece.
 */
import { assert } from '@yiben/shared'
import { FEED_START } from '../feed-store.ts'
import { type Page, type PageRequest, SCOPE_ALL } from '../requests.ts'
import type { Store } from '../store.ts'
import type { SumKey } from '../sum-store.ts'
import { canonical, canonicalUnordered } from './canonical.ts'

/** What is asked writes nothing. */
export type Asked = Omit<Store, 'close'>

export interface QuestionTimes {
  readonly nowMs: number
  /** Before all that was ever told, after all of it; full hours. */
  readonly fromMs: number
  readonly toMs: number
  /** Of which the ledger is asked. */
  readonly instantsMs: readonly number[]
}

interface Question {
  readonly name: string
  /** Pieces of the answer, in order. */
  readonly ask: (store: Asked, times: QuestionTimes) => AsyncIterable<string>
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const PAGE_ROWS = 500
const NO_LIMIT = Number.MAX_SAFE_INTEGER
/** As the ledger of an instant is asked for by people. */
const CONNECTED_WITHIN_MS = 90_000
const LAPSED_AFTER_MS = 7 * DAY_MS
const SETTLED_LAG_MS = 15 * 60_000
const SUM_KEYS: readonly SumKey[] = ['total', 'province', 'region', 'operator', 'owner', 'site']
const NO_FILTER = { siteCode: null, ownerCode: null, operatorCode: null, regions: null }
const EVERY_AUDIT_ROW = {
  ...{ actor: null, loginId: null, route: null, exportId: null, exportsOnly: false },
  ...{ statusMin: null, fromMs: null, toMs: null },
}
const EVERY_ACCOUNT = { ownerCode: null, borrower: null, bank: null }
const EVERY_DRAW = { states: 'all', bank: null, borrower: null } as const

export const QUESTIONS: readonly Question[] = [
  one('ledger', (store) => store.ledgerState()),
  one('is recovering', (store) => store.isRecovering()),
  one('kept from', (store) => store.timelineKeptFromMs()),
  one('outbox', (store) => store.readOutbox(NO_LIMIT)),
  several('ledger as of', async function* (store, { instantsMs, nowMs }) {
    for (const asOfMs of instantsMs) {
      for (const knownAtMs of new Set([asOfMs, nowMs])) {
        yield await store.readLedgerAt(SCOPE_ALL, {
          ...{ asOfMs, knownAtMs, connectedWithinMs: CONNECTED_WITHIN_MS },
          ...{ lapsedAfterMs: LAPSED_AFTER_MS, settledLagMs: SETTLED_LAG_MS },
        })
      }
    }
  }),
  one('seals', (store, { fromMs, toMs }) => store.sealedHours(fromMs, toMs)),
  one('rollup backlog', (store) => store.rollupBacklog()),
  byDay('buckets', (store, range) => store.readBuckets(SCOPE_ALL, range)),
  several('sums', async function* (store, { fromMs, nowMs, toMs }) {
    for (const by of SUM_KEYS) {
      const answer = await store.readSums(SCOPE_ALL, {
        ...{ spans: [{ fromMs, toMs }], knownAtMs: nowMs, by, provinceKeys: null },
        ...{ filter: NO_FILTER, siteHoursMax: NO_LIMIT, sumsMax: NO_LIMIT },
      })
      assert(answer.status === 'summed', 'no limit was given')
      const { amounts, figures, heads } = answer.sums
      const width = figures.length
      const summed = heads.map((head, at) => [head, amounts.slice(at * width, (at + 1) * width)])
      yield [figures, summed]
    }
  }),
  one('sums kept', (store) => store.readSumBacklog()),
  paged('corrections', (store, page, { fromMs, toMs }) =>
    store.listCorrections(SCOPE_ALL, { fromMs, toMs, knownFromMs: fromMs, knownToMs: toMs }, page),
  ),
  paged('reports', (store, page) => store.listReports(SCOPE_ALL, page)),

  one('sites', (store) => store.listSites(SCOPE_ALL)),
  one('numbers of sites', (store) => store.readSiteNumbers(SCOPE_ALL)),
  one('facts of sites', (store, { nowMs }) =>
    store.readSiteFactsAt(SCOPE_ALL, { atMs: nowMs, knownAtMs: nowMs }),
  ),
  one('declared', (store, { nowMs }) => store.readDeclared(SCOPE_ALL, nowMs)),
  one('own sites', (store) => store.readOwnSites()),
  paged('nodes', (store, page) => store.listNodes(SCOPE_ALL, page)),
  several('streams of nodes', async function* (store) {
    for await (const { node } of rowsOf((page) => store.listNodes(SCOPE_ALL, page))) {
      yield await store.loadNode(node.nodeId)
    }
  }),
  one('orders to nodes', (store) => store.readNodeOrders()),
  one('trust of nodes', (store) => store.readTrustSpread(1, 0)),
  paged('units', (store, page) => store.listUnits(SCOPE_ALL, page)),
  paged('conflicts', (store, page) => store.listConflicts(SCOPE_ALL, false, page)),
  one('quality', async (store) => {
    // Lists that are cut off by time are left out: of what is equally old any may be in them.
    const { conflicts, sessions, silences, weakIdentities } = await store.readQuality(SCOPE_ALL, 0)
    return { conflicts, sessions, silences, weakIdentities }
  }),
  paged('findings', (store, page) => store.listFindings(SCOPE_ALL, false, page)),

  paged('deposits', (store, page) => store.listDeposits(SCOPE_ALL, false, page)),
  one('promises of lots', (store) => store.readLotPromises()),
  paged('draws', (store, page) => store.listDraws(SCOPE_ALL, EVERY_DRAW, page)),
  one('booked', (store, { fromMs, toMs }) => store.readBookedHours(-1, { fromMs, toMs })),
  one('bounds of draws', (store) => store.auditDraws()),
  one('accounts', (store, range) => store.readAccounts(SCOPE_ALL, EVERY_ACCOUNT, known(range))),
  byDay('moves of draws', (store, range) => store.readDrawMoves(SCOPE_ALL, EVERY_ACCOUNT, range)),
  paged('booked claims', (store, page) => store.listBookedClaims(page)),
  numbered(
    'records of leases',
    (store, after) => store.readLeaseRecords(after, PAGE_ROWS),
    ({ recordNumber }) => recordNumber,
  ),
  one('forecast', (store) => store.readForecastState()),

  one('tokens', (store) => store.listTokens()),
  paged('logins', (store, page, { nowMs }) => store.listLogins(nowMs, 0, page)),
  paged('second factors', (store, page) => store.listSecondFactors(page)),
  one('audit', async (store) => [await store.auditStart(), await store.auditState()]),
  paged('audit log', (store, page) => store.listAudit(EVERY_AUDIT_ROW, page)),
  numbered(
    'audit chain',
    (store, after) => store.readAuditChain(after, PAGE_ROWS),
    (row) => row.number,
  ),

  one('children', (store) => store.listChildren()),
  several('what children tell', async function* (store) {
    const collectors = await store.listCollectors(SCOPE_ALL)
    yield collectors
    for (const { origin } of collectors) {
      for await (const node of rowsOf((page) => store.listChildNodes(SCOPE_ALL, origin, page))) {
        yield node
      }
    }
    yield (await store.readChildQuality(SCOPE_ALL, 0)).conflicts
  }),
  several('feed', async function* (store) {
    yield await store.isFeedOn()
    yield await store.countFeed(FEED_START)
    // Under whatever key: it is the same in both.
    const origin = (await store.ledgerState()).origin
    for (let after = FEED_START; ; ) {
      const { next, records } = await store.readFeed(origin, after, PAGE_ROWS)
      yield [records, next]
      if (canonical(next) === canonical(after)) return
      after = next
    }
  }),
]

function several(
  name: string,
  ask: (store: Asked, times: QuestionTimes) => AsyncIterable<unknown>,
): Question {
  return {
    name,
    ask: async function* (store, times) {
      for await (const answer of ask(store, times)) {
        yield canonicalUnordered(answer)
      }
    },
  }
}

function one(
  name: string,
  ask: (store: Asked, times: QuestionTimes) => Promise<unknown>,
): Question {
  return several(name, async function* (store, times) {
    yield await ask(store, times)
  })
}

function paged(
  name: string,
  ask: (store: Asked, page: PageRequest, times: QuestionTimes) => Promise<Page<unknown>>,
): Question {
  return several(name, (store, times) => rowsOf((page) => ask(store, page, times)))
}

function numbered<Row>(
  name: string,
  ask: (store: Asked, after: number) => Promise<readonly Row[]>,
  numberOf: (row: Row) => number,
): Question {
  return several(name, async function* (store) {
    for (let after = 0; ; ) {
      const rows = await ask(store, after)
      const last = rows.at(-1)
      if (last === undefined) return
      yield* rows
      after = numberOf(last)
    }
  })
}

type Range = { readonly fromMs: number; readonly toMs: number; readonly knownAtMs: number }

function known({ fromMs, nowMs, toMs }: QuestionTimes): Range {
  return { fromMs, toMs, knownAtMs: nowMs }
}

function byDay(
  name: string,
  ask: (store: Asked, range: Range) => Promise<readonly unknown[]>,
): Question {
  return several(name, async function* (store, { fromMs, nowMs, toMs }) {
    for (let dayMs = fromMs; dayMs < toMs; dayMs += DAY_MS) {
      const endMs = Math.min(dayMs + DAY_MS, toMs)
      yield await ask(store, { fromMs: dayMs, toMs: endMs, knownAtMs: nowMs })
    }
  })
}

async function* rowsOf<Row>(ask: (page: PageRequest) => Promise<Page<Row>>): AsyncGenerator<Row> {
  let cursor: string | null = null
  do {
    const page: Page<Row> = await ask({ cursor, limit: PAGE_ROWS })
    yield* page.rows
    cursor = page.nextCursor
  } while (cursor !== null)
}
