/**
 * Whether a ledger that has lived a year adds up: each accelerator's time is tiled without a hole and
 * is what its nodes told, to the millisecond; months are the same by runs, by hours and as kept sums;
 * the journal verifies. What does not hold is a sentence.
 */
import { HOUR_MS, STATES, type State } from '@yiben/shared'
import { balanceAnswer } from '../../../collector/src/api/answers/balance.ts'
import { verifyEntries, WALK_START, type WalkState } from '../../../collector/src/journal/verify.ts'
import type { Bucket } from '../../../collector/src/model/ledger.ts'
import { civilDate, civilDayStartMs, nextMonth } from '../../../collector/src/rollup/civil.ts'
import { spanSumsOf } from '../../../collector/src/rollup/sums.ts'
import { SCOPE_ALL } from '../../../collector/src/storage/requests.ts'
import { openConnection } from '../../../collector/src/storage/sqlite/driver.ts'
import type { Store } from '../../../collector/src/storage/store.ts'
import { TIME_ZONE } from './made-up-buckets.ts'
import type { ToldTime } from './year-activity.ts'

const JOURNAL_PAGE = 1_000
const PROBLEMS_SHOWN_MAX = 20
const TOLD_STATES = ['busy', 'occupied', 'free', 'faulty'] as const

export interface LivedLedger {
  readonly store: Store
  readonly path: string
  readonly startMs: number
  /** Everything is told up to here. */
  readonly nowMs: number
  readonly told: ToldTime
}

interface Verdict {
  readonly problems: readonly string[]
  readonly checked: number
}

/** Each accelerator, wherever it was, from its first second on. */
export async function checkAccelerators(ledger: LivedLedger): Promise<Verdict> {
  const { nowMs, startMs, store, told } = ledger
  const problems: string[] = []
  const numbers = acceleratorsOf(ledger.path)
  for (const [hash, known] of told) {
    const acceleratorId = numbers.get(hash)
    if (acceleratorId === undefined) {
      problems.push(`card ${hash.slice(-6)} is none of the ledger's`)
      continue
    }
    const ask = { scope: SCOPE_ALL, acceleratorId, fromMs: null, toMs: nowMs, nowMs, isDemo: true }
    const balance = await balanceAnswer(store, ask)
    const name = `accelerator ${acceleratorId}`
    if (!balance.balanced) problems.push(`${name}: ${balance.errors[0]?.sentence}`)
    if (BigInt(balance.wall_ms) !== BigInt(nowMs - startMs)) {
      problems.push(`${name}: ${balance.wall_ms} ms are booked of ${nowMs - startMs}`)
    }
    for (const state of TOLD_STATES) {
      const booked = BigInt(balance.states[`${state}_ms`])
      if (booked === BigInt(known[state])) continue
      problems.push(`${name}: ${booked} ms are booked ${state}, ${known[state]} were told`)
    }
  }
  return { problems: problems.slice(0, PROBLEMS_SHOWN_MAX), checked: told.size }
}

/** Whole civil months of the ledger, and what is left of one at its end. */
export function monthsOf(startMs: number, endMs: number): { fromMs: number; toMs: number }[] {
  const months: { fromMs: number; toMs: number }[] = []
  for (let fromMs = startMs; fromMs < endMs; ) {
    const nextMs = civilDayStartMs(
      { ...nextMonth(civilDate(fromMs, TIME_ZONE)), day: 1 },
      TIME_ZONE,
    )
    months.push({ fromMs, toMs: Math.min(nextMs, endMs) })
    fromMs = nextMs
  }
  return months
}

/** Up to `sealedToMs`; the balance by runs only where runs are still there. */
export async function checkMonths(
  { nowMs, startMs, store }: LivedLedger,
  sealedToMs: number,
): Promise<Verdict> {
  const problems: string[] = []
  const months = monthsOf(startMs, sealedToMs)
  const keptFromMs = await store.timelineKeptFromMs()
  for (const month of months) {
    const known = { ...month, knownAtMs: nowMs }
    const byHours = sumsOf(await store.readBuckets(SCOPE_ALL, known))
    const kept = await store.readSums(SCOPE_ALL, {
      spans: [month],
      knownAtMs: nowMs,
      by: 'total',
      provinceKeys: null,
      filter: { siteCode: null, ownerCode: null, operatorCode: null, regions: null },
      siteHoursMax: Number.MAX_SAFE_INTEGER,
      sumsMax: Number.MAX_SAFE_INTEGER,
    })
    if (kept.status !== 'summed') throw new Error('a month is too much to sum')
    const bySums = sumsOf(spanSumsOf(kept.sums))
    const name = new Date(month.fromMs + 12 * HOUR_MS).toISOString().slice(0, 7)
    problems.push(...differences(`${name}, kept sums and hours`, bySums, byHours))
    if (month.fromMs < keptFromMs) continue
    const range = { fromMs: month.fromMs, toMs: month.toMs, nowMs, isDemo: true }
    const balance = await balanceAnswer(store, { scope: SCOPE_ALL, acceleratorId: null, ...range })
    if (!balance.balanced) problems.push(`${name}: ${balance.errors[0]?.sentence}`)
    const byRuns = new Map(STATES.map((state) => [state, BigInt(balance.states[`${state}_ms`])]))
    problems.push(...differences(`${name}, runs and hours`, byRuns, byHours))
  }
  return { problems: problems.slice(0, PROBLEMS_SHOWN_MAX), checked: months.length }
}

export async function checkJournal(store: Store): Promise<Verdict> {
  let walk: WalkState = WALK_START
  while (true) {
    const entries = await store.readJournal(walk.seq, JOURNAL_PAGE)
    if (entries.length === 0) return { problems: [], checked: walk.seq }
    const result = verifyEntries(walk, entries)
    if (result.status === 'broken') {
      return { problems: [`the journal: ${result.fault} at ${result.atSeq}`], checked: walk.seq }
    }
    walk = result.state
  }
}

type StateSums = ReadonlyMap<State, bigint>

function sumsOf(figured: Iterable<Pick<Bucket, `${State}Ms`>>): StateSums {
  const sums = new Map<State, bigint>(STATES.map((state) => [state, 0n]))
  for (const one of figured) {
    for (const state of STATES) sums.set(state, (sums.get(state) ?? 0n) + one[`${state}Ms`])
  }
  return sums
}

function differences(what: string, left: StateSums, right: StateSums): string[] {
  return STATES.filter((state) => left.get(state) !== right.get(state)).map(
    (state) => `${what}: ${state} is ${left.get(state)} ms and ${right.get(state)} ms`,
  )
}

function acceleratorsOf(path: string): ReadonlyMap<string, number> {
  const db = openConnection({ path, driver: 'better-sqlite3', isReader: true, synchronous: 'OFF' })
  const rows = db.all('SELECT hash, accelerator_id FROM identities')
  db.close()
  return new Map(rows.map((row) => [String(row.hash), Number(row.accelerator_id)]))
}
