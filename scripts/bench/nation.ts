/**
 * A parent of national size: provinces tell a real collector, over real links and from processes of
 * their own, all of their inventory, hours, counts and changes. How fast it is taken in, what it costs
 * in processor, memory and disk, how long the national ledger takes meanwhile, and whether its figures
 * are the sum of what was told, to the card-millisecond.
 */
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { HOUR_MS, hourStartMs } from '@yiben/shared'
import { chooseDriver, openConnection } from '../../collector/src/storage/sqlite/driver.ts'
import { BenchDatabase } from './support/bench-database.ts'
import { fsyncTimeMs } from './support/disk.ts'
import { quantile, rounded, sayFigure } from './support/figure.ts'
import { Nation } from './support/nation.ts'
import { NationAsker } from './support/nation-asker.ts'
import type { Telling } from './support/nation-child.ts'
import { nationTokens, startParent } from './support/nation-parent.ts'
import { readOptions } from './support/options.ts'
import { cpuTimeOf, ownMibOf, residentMibOf } from './support/process-cost.ts'
import { until } from './support/program.ts'
import { TemporaryFolder } from './support/temporary-folder.ts'

const WITHIN_MS = 3 * HOUR_MS
const SEALED_WITHIN_MS = HOUR_MS
const EXCHANGED_PER_HOUR = 0.01
/** The ledger is told as of so long ago. */
const SETTLED_MS = 150_000
const PROGRESS_EVERY_MS = 60_000
const MEBIBYTE = 1_048_576

const options = readOptions({
  script: 'nation.ts',
  sentence: 'A parent of national size: rate, memory, disk, and whether its sums are right.',
  numbers: {
    cards: { default: 200_000, min: 80, max: 10_000_000, sentence: 'accelerators of the nation' },
    children: { default: 40, min: 1, max: 500, sentence: 'provinces that report' },
    sites: { default: 2_500, min: 1, max: 20_000, sentence: 'sites of all provinces' },
    hours: { default: 3, min: 2, max: 168, sentence: 'hours that each site tells' },
    minutes: { default: 5, min: 1, max: 60, sentence: 'times that each site tells its counts' },
    processes: { default: 2, min: 1, max: 16, sentence: 'processes of the load generator' },
  },
  switches: { postgres: 'the ledger is kept in PostgreSQL, in a server of its own' },
})

using folder = new TemporaryFolder('nation')
await using database = options.postgres ? await BenchDatabase.start() : null
const place = { folder: folder.path, storageUrl: database?.url ?? null }
const storage = options.postgres ? 'PostgreSQL' : 'SQLite'
const fsyncMs = fsyncTimeMs(folder.path)
const startMs = hourStartMs(Date.now()) - options.hours * HOUR_MS
const { cards, children, sites } = options
const plan = { cards, children, sites, startMs }
const tokens = await nationTokens(place, children)
// Nothing is sealed while it is told: sealing is measured by itself.
let parent = await startParent(place, { sealDelayMs: (options.hours + 2) * HOUR_MS })
const { port } = parent
const asker = new NationAsker(() => parent.url, tokens.regulator)
const ledgerFile = join(parent.dataDir, 'ledger.sqlite')
const QUESTIONS = {
  ledger: () => '/v1/ledger',
  ledger_by_region: () => '/v1/ledger?by=region',
  rollup_by_region: () =>
    `/v1/rollups?from=${iso(startMs)}&to=${iso(startMs + options.hours * HOUR_MS)}&grain=hour&by=region`,
}
try {
  using nation = await Nation.make(plan, {
    url: parent.url,
    tokens: tokens.children,
    processes: options.processes,
  })
  await nation.online(60_000)
  await told(nation, 'all of their inventory, for the first time', {
    kind: 'inventory',
    generation: 1,
  })
  const inventoryBytes = await ledgerBytes()
  sayFigure({
    what: 'disk of the inventory',
    figure: rounded(inventoryBytes / (await nation.count()).cards),
    unit: 'B per card',
    bar: null,
    details: { mib: rounded(inventoryBytes / MEBIBYTE) },
  })
  const hours = Array.from({ length: options.hours }, (_, at) => startMs + at * HOUR_MS)
  for (const hourMs of hours.slice(0, -1)) {
    await told(nation, 'an hour of all sites', { kind: 'hour', hourMs, revision: 0 })
  }
  const lastMs = startMs + (options.hours - 1) * HOUR_MS
  const exchanged = Math.round((cards / children) * EXCHANGED_PER_HOUR)
  const exchange = { kind: 'exchanges', atMs: lastMs, nodes: exchanged } as const
  await told(nation, 'an hour’s exchange of 1 % of the cards', exchange)
  await told(nation, 'the hour after it', { kind: 'hour', hourMs: lastMs, revision: 0 })
  await told(nation, 'a checkpoint of each', { kind: 'checkpoint', size: 1_000 })
  const hoursBytes = await ledgerBytes()
  for (let minute = options.minutes; minute > 0; minute -= 1) {
    const atMs = Date.now() - SETTLED_MS - minute * 1_000
    await told(nation, 'counts of all sites', { kind: 'counts', atMs, revision: minute })
  }
  sayFigure({
    what: 'disk of what comes in a year beside the buckets of the parent itself',
    figure: rounded(((hoursBytes - inventoryBytes) / options.hours) * 24 * 365),
    unit: 'B',
    bar: null,
    details: {
      bytes_per_site_hour: rounded((hoursBytes - inventoryBytes) / options.hours / sites),
      bytes_per_counts: rounded(((await ledgerBytes()) - hoursBytes) / options.minutes / sites),
    },
  })
  await checkLedger(nation)
  await told(
    nation,
    `everything anew, ${options.processes} of them`,
    { kind: 'inventory', generation: 2 },
    1,
  )
  await restart(nation, hours)
  await told(nation, 'a corrected hour of all sites', { kind: 'hour', hourMs: lastMs, revision: 1 })
  await checkSums(nation, 'the corrected hour', [[lastMs, 1]])
} finally {
  await parent.program.stop()
}
sayFigure({
  what: 'disk of all of it',
  figure: rounded((await ledgerBytes()) / MEBIBYTE),
  unit: 'MiB',
  bar: null,
})

/** With answers asked for meanwhile. */
async function told(
  nation: Nation,
  what: string,
  telling: Telling,
  ofEach?: number,
): Promise<void> {
  const { pid } = parent.program
  const before = { cpu: cpuTimeOf(pid), generatorMs: (await nation.count()).cpuMs }
  asker.begin(QUESTIONS)
  const told = await nation.tell(telling, {
    withinMs: WITHIN_MS,
    onProgress: progressOf(what, before.cpu.ownMs),
    ...(ofEach === undefined ? {} : { children: ofEach }),
  })
  const answers = await asker.stop()
  const parentMs = cpuTimeOf(pid).ownMs - before.cpu.ownMs
  const seconds = told.tookMs / 1_000
  const { cpuMs } = await nation.count()
  sayFigure({
    what: `${children} children tell ${what}, ${cards} cards, ${sites} sites`,
    figure: rounded(seconds),
    unit: 's',
    bar: null,
    details: {
      storage,
      records: told.records,
      records_per_s: rounded(told.records / seconds),
      ...(telling.kind === 'inventory' && ofEach === undefined
        ? { cards_per_s: rounded(cards / seconds) }
        : {}),
      parent_cpu_s: rounded(parentMs / 1_000),
      parent_cpu_us_per_record: rounded((parentMs * 1_000) / Math.max(1, told.records)),
      generator_cpu_s: rounded((cpuMs - before.generatorMs) / 1_000),
      ack_p99_ms: rounded(quantile(told.waits, 0.99)),
      // Readers look through a map of the ledger: what of it is in memory is resident as well.
      parent_own_mib: rounded(ownMibOf(pid)),
      parent_resident_mib: rounded(residentMibOf(pid)),
      answers,
      fsync_ms_median: rounded(fsyncMs),
      load: rounded(loadavg()[0] ?? 0),
    },
  })
}

/** Said once a minute: a long run shows how it gets on. */
function progressOf(what: string, cpuBeforeMs: number): (records: number) => void {
  const startMs = performance.now()
  let saidAtMs = startMs
  return (records) => {
    const nowMs = performance.now()
    if (nowMs - saidAtMs < PROGRESS_EVERY_MS) return
    saidAtMs = nowMs
    const { pid } = parent.program
    const cpuS = rounded((cpuTimeOf(pid).ownMs - cpuBeforeMs) / 1_000)
    const took = `${rounded((nowMs - startMs) / 1_000)} s, ${cpuS} s of CPU`
    const size = `${rounded(ownMibOf(pid))} MiB of its own`
    console.error(`… ${what}: ${records} records after ${took}, ${size}`)
  }
}

/** The national ledger of the last counts has every card once. */
async function checkLedger(nation: Nation): Promise<void> {
  const [row] = await asker.rows('/v1/ledger')
  const connected = row?.stages?.connected?.cards ?? 0
  const expected = (await nation.count()).cards
  sayFigure({
    what: 'cards that the national ledger has too many or too few',
    figure: connected - expected,
    unit: 'cards',
    bar: { atMost: 0 },
    details: { connected, expected },
  })
}

/** Another process on the same ledger, which seals what is due. */
async function restart(nation: Nation, hours: readonly number[]): Promise<void> {
  const startedMs = performance.now()
  await parent.program.stop()
  const stoppedMs = performance.now()
  parent = await startParent(place, { sealDelayMs: 1_000, port })
  const servingMs = performance.now()
  await nation.online(120_000)
  sayFigure({
    what: 'until a parent that was stopped serves again',
    figure: rounded((servingMs - stoppedMs) / 1_000),
    unit: 's',
    bar: null,
    details: {
      stopping_s: rounded((stoppedMs - startedMs) / 1_000),
      all_children_back_s: rounded((performance.now() - servingMs) / 1_000),
    },
  })
  await checkSums(
    nation,
    `${hours.length} hours`,
    hours.map((hourMs) => [hourMs, 0] as const),
  )
}

/** The rollup of the nation is what was told, to the card-millisecond. */
async function checkSums(
  nation: Nation,
  what: string,
  hours: readonly (readonly [hourMs: number, revision: number])[],
): Promise<void> {
  const [fromMs, toMs] = [Math.min(...hours.map(first)), Math.max(...hours.map(first)) + HOUR_MS]
  const expected = await nation.sumsOf(hours)
  const path = `/v1/rollups?from=${iso(fromMs)}&to=${iso(toMs)}&grain=whole&by=total`
  const { pid } = parent.program
  const before = cpuTimeOf(pid)
  const startedMs = performance.now()
  let sums = { busyMs: 0n, freeMs: 0n, unknownMs: 0n, allMs: 0n }
  const isRight = () =>
    Object.entries(expected).every(([name, ms]) => new Map(Object.entries(sums)).get(name) === ms)
  await until('the hours to be sealed', SEALED_WITHIN_MS, async () => {
    sums = sumsOf(await asker.rows(path))
    return isRight() ? true : null
  }).catch((error: unknown) => console.error(error))
  sayFigure({
    what: `card-milliseconds that the sums of ${what} are away from what was told`,
    figure: Number(
      magnitude(sums.allMs - expected.allMs) + magnitude(sums.busyMs - expected.busyMs),
    ),
    unit: 'ms',
    bar: { atMost: 0 },
    details: {
      is_right: isRight(),
      card_ms: sums.allMs.toString(),
      until_sealed_s: rounded((performance.now() - startedMs) / 1_000),
      parent_cpu_s: rounded((cpuTimeOf(pid).ownMs - before.ownMs) / 1_000),
      parent_own_mib: rounded(ownMibOf(pid)),
    },
  })
}

function sumsOf(rows: Awaited<ReturnType<NationAsker['rows']>>) {
  const figures = rows.flatMap(({ models = [] }) => models.map((model) => model.figures))
  const sum = (...names: readonly string[]) =>
    figures.reduce(
      (total, one) => names.reduce((all, name) => all + BigInt(one[name] ?? 0), total),
      0n,
    )
  const states = [
    'busy_ms',
    'allocated_ms',
    'occupied_ms',
    'free_ms',
    'faulty_ms',
    'unknown_ms',
    'lent_ms',
  ]
  return {
    busyMs: sum('busy_ms'),
    freeMs: sum('free_ms'),
    unknownMs: sum('unknown_ms'),
    allMs: sum(...states),
  }
}

/** What is in its write-ahead log as well. */
async function ledgerBytes(): Promise<number> {
  if (database !== null) return await database.bytes()
  const db = openConnection({
    path: ledgerFile,
    driver: chooseDriver(),
    isReader: true,
    synchronous: 'OFF',
  })
  const pragma = (name: string) => Number(db.get(`PRAGMA ${name}`)?.[name])
  const bytes = pragma('page_count') * pragma('page_size')
  db.close()
  return bytes
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}

function first([hourMs]: readonly [number, number]): number {
  return hourMs
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value
}
