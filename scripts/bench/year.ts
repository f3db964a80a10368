/**
 * A year of a fleet: does its ledger add up for every accelerator in the end, how large is it, and is
 * the collector's memory flat? The collector's own parts run in this process over an SQLite file,
 * under a clock that jumps from hour to hour; nodes with real links are cut off for hours and days
 * and bring a backlog, are restarted, switched off, get new drivers and exchange cards.
 *
 * Nodes tell their time by the hour, the longest tick there is: 876,000 ticks instead of 53 million.
 * What is booked of it is the same as of ticks by the minute, which is looked at each time: a day of
 * a small fleet is told both ways, and runs, hours and buckets must be equal. What the bank decides
 * is not: told by the minute there are more deposits, because windows that end within the hour are
 * seen in time. The size of a year is therefore told with the decisions of that day.
 */
import { mkdirSync, statSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { HOUR_MS, silentLogger } from '@yiben/shared'
import { Pruner } from '../../collector/src/rollup/pruner.ts'
import { CARDS } from './support/activity.ts'
import { median, quantile, rounded, sayFigure } from './support/figure.ts'
import { garbageCollector } from './support/heap.ts'
import { bookedTime, type LedgerSize, sizeOf } from './support/ledger-size.ts'
import { readOptions } from './support/options.ts'
import { residentMibOf } from './support/process-cost.ts'
import { TemporaryFolder } from './support/temporary-folder.ts'
import {
  checkAccelerators,
  checkJournal,
  checkMonths,
  type LivedLedger,
  monthsOf,
} from './support/year-checks.ts'
import { YearFleet } from './support/year-fleet.ts'

const DAY_MS = 24 * HOUR_MS
const MIB = 1024 * 1024
/** 2026-01-01 in the zone of the books: a year of it has twelve whole months. */
const START_MS = Date.UTC(2025, 11, 31, 16)
/** Cuts end, backlogs are told, hours are sealed and corrected. */
const QUIET_MS = 4 * DAY_MS
/** Hours of the day before are sealed by then. */
const SEALED_AFTER_MS = 4 * HOUR_MS
const FINE_STEP_MS = 10_000
const FINE_TICK_MS = 60_000
/** Of what is kept when old runs are let go in the end. */
const KEPT_AT_LAST_MS = 30 * DAY_MS
/** A heap that is flat differs by no more from month to month. */
const GROWTH_MIB_MAX = 8

const options = readOptions({
  script: 'year.ts',
  sentence: 'Size, memory and balance of a ledger after a year of a fleet.',
  numbers: {
    nodes: { default: 100, min: 2, max: 2_000, sentence: 'nodes of eight cards' },
    days: { default: 365, min: 31, max: 3_650, sentence: 'days, some quiet ones come on top' },
    'fine-nodes': {
      default: 10,
      min: 0,
      max: 200,
      sentence: 'nodes of the day that is told twice',
    },
    seed: { default: 1, min: 0, max: 1_000_000, sentence: 'what happens' },
  },
  switches: {},
})

const collectGarbage = garbageCollector()
using folder = new TemporaryFolder('year')
const fine = options['fine-nodes'] === 0 ? null : await compareDay(options['fine-nodes'])
await liveYear()

async function liveYear(): Promise<void> {
  const { days, nodes, seed } = options
  const path = join(folder.path, 'year.sqlite')
  const hour = { stepMs: HOUR_MS, tickMs: HOUR_MS, hasEvents: true, keepMs: null }
  const fleet = new YearFleet({ path, nodes, seed, startMs: START_MS, ...hour })
  const endMs = START_MS + days * DAY_MS
  const startedMs = performance.now()
  const startedCpu = process.cpuUsage()
  const held: { heapMib: number; residentMib: number; fileMib: number }[] = []
  await fleet.start()
  for (const { toMs } of monthsOf(START_MS, endMs)) {
    await fleet.runTo(toMs)
    collectGarbage()
    const month = {
      heapMib: tenths(process.memoryUsage().heapUsed / MIB),
      residentMib: tenths(residentMibOf(process.pid)),
      fileMib: tenths(statSync(path).size / MIB),
    }
    held.push(month)
    const minutes = rounded((performance.now() - startedMs) / 60_000)
    console.log(`month ${held.length}: ${JSON.stringify(month)} after ${minutes} min`)
  }
  await fleet.runTo(endMs + QUIET_MS, true)
  const minutes = (performance.now() - startedMs) / 60_000
  const { system, user } = process.cpuUsage(startedCpu)
  if (!fleet.isSettled) throw new Error('some node has not told everything')
  const place = `a year's ${days} days of ${nodes} nodes of ${CARDS} cards`
  sayFigure({
    what: `${place}, simulated in`,
    figure: rounded(minutes),
    unit: 'min',
    bar: null,
    details: {
      cpu_min: rounded((system + user) / 60_000_000),
      load: loadavg().map(rounded),
      records: fleet.records,
      refused_records: fleet.refused,
      happened: fleet.happened,
    },
  })
  sayHours(fleet, nodes)
  sayMemory(held)
  const ledger = {
    store: fleet.store,
    path,
    startMs: START_MS,
    nowMs: fleet.nowMs,
    told: fleet.told,
  }
  const size = sizeOf(path)
  await sayBalance(ledger, fleet.refused)
  await fleet.stop()
  await fleet.store.close()
  saySize(size, (nodes * (days * DAY_MS + QUIET_MS)) / HOUR_MS)
}

function sayHours(fleet: YearFleet, nodes: number): void {
  sayFigure({
    what: `sealing an hour of ${nodes * CARDS} cards, with its material read twice`,
    figure: rounded(quantile(fleet.sealMs, 0.99)),
    unit: 'ms (p99)',
    bar: null,
    details: {
      median_ms: rounded(median(fleet.sealMs)),
      median_first_month_ms: rounded(median(fleet.sealMs.slice(0, 720))),
      median_last_month_ms: rounded(median(fleet.sealMs.slice(-720))),
      hours: fleet.sealMs.length,
      corrections: fleet.correctMs.length,
      correct_median_ms: rounded(median(fleet.correctMs)),
    },
  })
}

function sayMemory(held: readonly { readonly heapMib: number }[]): void {
  const [first, last] = [held[0], held.at(-1)]
  sayFigure({
    what: `growth of the heap from month 1 to month ${held.length}, collector and fleet in one process`,
    figure: tenths((last?.heapMib ?? Number.NaN) - (first?.heapMib ?? Number.NaN)),
    unit: 'MiB',
    bar: { atMost: GROWTH_MIB_MAX },
    details: { held },
  })
}

async function sayBalance(ledger: LivedLedger, refused: number): Promise<void> {
  const { nowMs, store } = ledger
  const { lastSealedHourMs, dirtyHours } = await store.rollupBacklog()
  const sealedToMs = (lastSealedHourMs ?? 0) + HOUR_MS
  const overdue = nowMs - sealedToMs > SEALED_AFTER_MS || dirtyHours.length > 0
  const accelerators = await checkAccelerators(ledger)
  const months = await checkMonths(ledger, sealedToMs)
  const journal = await checkJournal(store)
  const pruned = await letGo(ledger)
  const after = await checkMonths(ledger, sealedToMs)
  const problems = [accelerators, months, journal, after].flatMap((verdict) => verdict.problems)
  if (refused > 0) problems.push(`${refused} records are refused`)
  if (overdue) problems.push('some hour is not sealed or not corrected')
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) process.exitCode = 1
  sayFigure({
    what: 'what does not add up: accelerators, months, journal, months after runs were let go',
    figure: problems.length,
    unit: 'problems',
    bar: { atMost: 0 },
    details: {
      accelerators: accelerators.checked,
      months: months.checked,
      journal_entries: journal.checked,
      ...pruned,
    },
  })
}

/** Retention at work: all but the last runs go, sums stay. */
async function letGo({ nowMs, store }: LivedLedger) {
  const startedMs = performance.now()
  const pruner = new Pruner({
    store,
    clock: { wallMs: () => nowMs, monotonicMs: () => nowMs, after: noTimer },
    logger: silentLogger,
    retention: { runsMs: KEPT_AT_LAST_MS, refusedMs: KEPT_AT_LAST_MS },
  })
  await pruner.drain()
  const tookS = rounded((performance.now() - startedMs) / 1_000)
  return { pruned_rows: pruner.prunedRows, pruning_s: tookS }
}

function saySize(size: LedgerSize, nodeHours: number): void {
  const perNodeHour = (bytes: number) => bytes / nodeHours
  const toGib = (bytesPerNodeHour: number) => {
    return rounded((bytesPerNodeHour * 1_000 * 365 * 24) / 1024 / MIB)
  }
  const timeBytes = perNodeHour(size.bytes - size.decisionBytes)
  const decisionBytes = fine?.decisionBytesPerNodeHour ?? perNodeHour(size.decisionBytes)
  sayFigure({
    what: `ledger of 1,000 nodes of ${CARDS} cards and a year`,
    figure: toGib(timeBytes + decisionBytes),
    unit: 'GiB',
    bar: null,
    details: {
      time_gib: toGib(timeBytes),
      decisions_gib: toGib(decisionBytes),
      decisions_as_told_by_hours_gib: toGib(perNodeHour(size.decisionBytes)),
      bytes_per_card_year: Math.round(((timeBytes + decisionBytes) * 8_760) / CARDS),
      bytes: size.bytes,
      by_table: size.byTable,
    },
  })
}

/** The same days told by minutes, as agents do, and by hours, as the year is. */
async function compareDay(nodes: number) {
  const byMinutes = await liveDays('minutes', nodes, FINE_STEP_MS, FINE_TICK_MS)
  const byHours = await liveDays('hours', nodes, HOUR_MS, HOUR_MS)
  const isEqual = byMinutes.time.digest === byHours.time.digest
  if (!isEqual) {
    console.error('days that are told by minutes are not what they are told by hours')
    process.exitCode = 1
  }
  sayFigure({
    what: `days of ${nodes} nodes told by minutes and by hours: how often they differ`,
    figure: isEqual ? 0 : 1,
    unit: 'of 1',
    bar: { atMost: 0 },
    details: {
      compared_rows: byHours.time.rows,
      by_minutes: summaryOf(byMinutes, nodes),
      by_hours: summaryOf(byHours, nodes),
    },
  })
  return { decisionBytesPerNodeHour: byMinutes.grown.decisionBytes / (nodes * 24) }
}

/** A card is watched for a day before it is deposited: the day after that is measured. */
async function liveDays(name: string, nodes: number, stepMs: number, tickMs: number) {
  mkdirSync(join(folder.path, name))
  const path = join(folder.path, name, 'days.sqlite')
  const { seed } = options
  const plan = { stepMs, tickMs, hasEvents: false, keepMs: null }
  const fleet = new YearFleet({ path, nodes, seed, startMs: START_MS, ...plan })
  const startedMs = performance.now()
  await fleet.start()
  const wholeMs = START_MS + 2 * DAY_MS
  await fleet.runTo(wholeMs - DAY_MS + SEALED_AFTER_MS)
  const before = sizeOf(path)
  await fleet.runTo(wholeMs + SEALED_AFTER_MS)
  const after = sizeOf(path)
  const tookS = (performance.now() - startedMs) / 1_000
  const { records, refused } = fleet
  await fleet.stop()
  await fleet.store.close()
  return { grown: grownBy(before, after), time: bookedTime(path, wholeMs), records, refused, tookS }
}

function grownBy(before: LedgerSize, after: LedgerSize): LedgerSize {
  const tables = Object.entries(after.byTable).map(
    ([table, bytes]) => [table, bytes - (before.byTable[table] ?? 0)] as const,
  )
  return {
    bytes: after.bytes - before.bytes,
    decisionBytes: after.decisionBytes - before.decisionBytes,
    byTable: Object.fromEntries(tables.filter(([, bytes]) => bytes !== 0)),
  }
}

function summaryOf(days: Awaited<ReturnType<typeof liveDays>>, nodes: number) {
  const { bytes, byTable, decisionBytes } = days.grown
  const cardHours = nodes * CARDS * 24
  return {
    records: days.records,
    refused_records: days.refused,
    took_s: rounded(days.tookS),
    time_bytes_per_card_hour: rounded((bytes - decisionBytes) / cardHours),
    decision_bytes_per_card_hour: rounded(decisionBytes / cardHours),
    grown_by_table: byTable,
  }
}

function tenths(mib: number): number {
  return Number(mib.toFixed(1))
}

function noTimer(): never {
  throw new Error('a pruner that is drained sets no timer')
}
