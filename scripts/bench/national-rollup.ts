/**
 * How long a national rollup of one year of hours takes, made as the API makes it, over a ledger in
 * which every hour is sealed: DESIGN 10 asks for p99 at most 50 ms at 2,000 sites. Asked as known now
 * and as known at random instants before. Also what an hour costs to seal, and what sums take on disk.
 */
import { statSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { CatalogueLookup } from '../../collector/src/api/answers/lookup.ts'
import type { RollupGrouping } from '../../collector/src/api/answers/rollup-groups.ts'
import { type Grain, rollupsAnswer } from '../../collector/src/api/answers/rollups.ts'
import { loadCatalogue } from '../../collector/src/catalogue/catalogue.ts'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import { openConnection } from '../../collector/src/storage/sqlite/driver.ts'
import { openSqliteStore } from '../../collector/src/storage/sqlite/store.ts'
import { seededRandom } from './support/activity.ts'
import { median, quantile, rounded, sayFigure } from './support/figure.ts'
import { type MadeUpBuckets, makeBuckets, TIME_ZONE } from './support/made-up-buckets.ts'
import { MADE_UP_LEDGER } from './support/made-up-ledger.ts'
import { readOptions } from './support/options.ts'
import { TemporaryFolder } from './support/temporary-folder.ts'

const P99_MS_MAX = 50
/** Asks before those that are measured: a collector that has been running has been asked before. */
const WARMING_ASKS = 5
/** Of questions without a bar, some of which are answered with tens of megabytes. */
const STATED_ASKS_MAX = 20
/** `barred`: what DESIGN 10 speaks of; others are stated. */
const QUESTIONS: readonly {
  readonly grain: Grain
  readonly by: RollupGrouping
  readonly withModels?: boolean
  readonly barred: boolean
}[] = [
  { grain: 'month', by: 'total', barred: true },
  { grain: 'month', by: 'region', barred: true },
  { grain: 'month', by: 'hub', barred: true },
  { grain: 'month', by: 'vendor', barred: true },
  { grain: 'month', by: 'model', barred: true },
  { grain: 'day', by: 'total', barred: true },
  { grain: 'day', by: 'vendor', barred: true },
  { grain: 'day', by: 'model', barred: true },
  { grain: 'day', by: 'hub', barred: false },
  { grain: 'day', by: 'region', barred: false },
  { grain: 'hour', by: 'total', barred: false },
  // As the dashboard asks, of rows over models.
  { grain: 'month', by: 'region', withModels: false, barred: true },
  { grain: 'day', by: 'total', withModels: false, barred: true },
  { grain: 'day', by: 'hub', withModels: false, barred: false },
  { grain: 'hour', by: 'total', withModels: false, barred: false },
  { grain: 'month', by: 'cluster', barred: false },
  { grain: 'month', by: 'operator', barred: false },
  { grain: 'month', by: 'site', barred: false },
]

const options = readOptions({
  script: 'national-rollup.ts',
  sentence: 'Time of a national rollup of a year of hours.',
  numbers: {
    sites: { default: 2_000, min: 1, max: 10_000, sentence: 'sites' },
    days: { default: 365, min: 1, max: 399, sentence: 'days of hours, all of them asked for' },
    profiles: { default: 8, min: 1, max: 60, sentence: 'profiles in the country' },
    'profiles-per-site': { default: 2, min: 1, max: 20, sentence: 'profiles at each site' },
    asks: { default: 200, min: 1, max: 10_000, sentence: 'how often each question is asked' },
    seed: { default: 1, min: 0, max: 1_000_000, sentence: 'what the buckets hold' },
  },
  switches: {},
})

using folder = new TemporaryFolder('national-rollup')
const path = join(folder.path, 'ledger.sqlite')
const { days, profiles, seed, sites } = options
const made = await makeBuckets({
  path,
  sites,
  days,
  profiles,
  profilesPerSite: options['profiles-per-site'],
  seed,
})
const size = `${sites} sites, ${days} days of hours`
saySize(made)
const store = await openSqliteStore({ path, newLedger: MADE_UP_LEDGER })
const catalogue = loadCatalogue()
const parts = {
  store,
  lookup: new CatalogueLookup(catalogue),
  ledger: MADE_UP_LEDGER,
  catalogueVersion: catalogue.version,
}
for (const { barred, ...question } of QUESTIONS) await sayQuestion(question, barred)
await store.close()

async function sayQuestion(
  question: {
    readonly grain: Grain
    readonly by: RollupGrouping
    readonly withModels?: boolean
  },
  isBarred: boolean,
): Promise<void> {
  const random = seededRandom(seed + 1)
  const tookMs: number[] = []
  const cpuMs: number[] = []
  let rows = 0
  let answerBytes = 0
  const asks = isBarred ? options.asks : Math.min(options.asks, STATED_ASKS_MAX)
  for (let ask = -WARMING_ASKS; ask < asks; ask += 1) {
    // Half of them as known now; the others before the corrections, or before hours were sealed.
    const backMs = ask % 2 === 0 ? 0 : random() * 7 * 86_400_000
    const startedMs = performance.now()
    const startedCpu = process.cpuUsage()
    const answer = await rollupsAnswer(parts, {
      scope: SCOPE_ALL,
      fromMs: made.startMs,
      toMs: made.endMs,
      knownAtMs: Math.floor(made.endMs + 86_400_000 - backMs),
      timeZone: TIME_ZONE,
      ...question,
      filter: { site: null, owner: null, vendor: null, model: null },
    })
    const endedMs = performance.now()
    const { system, user } = process.cpuUsage(startedCpu)
    if (ask < 0) continue
    tookMs.push(endedMs - startedMs)
    cpuMs.push((user + system) / 1_000)
    rows = answer.rows.length
    if (ask === 0) answerBytes = JSON.stringify(answer).length
  }
  sayFigure({
    what: `a national rollup of ${size}, ${question.grain} by ${question.by}${
      question.withModels === false ? ', without models' : ''
    }`,
    figure: rounded(quantile(tookMs, 0.99)),
    unit: 'ms (p99)',
    bar: isBarred ? { atMost: P99_MS_MAX } : null,
    details: {
      median_ms: rounded(median(tookMs)),
      // What does not depend on who else uses the machine.
      cpu_median_ms: rounded(median(cpuMs)),
      cpu_p99_ms: rounded(quantile(cpuMs, 0.99)),
      asks,
      rows,
      answer_bytes: answerBytes,
      load: rounded(loadavg()[0] ?? 0),
    },
  })
}

function saySize({ buckets, catchUpMs, correctMs, keepMs, sealMs }: MadeUpBuckets): void {
  const db = openConnection({ path, driver: 'better-sqlite3', isReader: true, synchronous: 'OFF' })
  const bytesOf = (table: string) =>
    Number(db.get('SELECT sum(pgsize) AS bytes FROM dbstat WHERE name = ?', table)?.bytes ?? 0)
  const keptBytes = { area_sums: bytesOf('area_sums'), site_sums: bytesOf('site_sums') }
  const rows = db.get(
    'SELECT (SELECT count(*) FROM area_sums) AS area_sums, (SELECT count(*) FROM site_sums) AS site_sums',
  )
  db.close()
  const load = rounded(loadavg()[0] ?? 0)
  sayFigure({
    what: `sealing an hour of ${sites} sites, without its material`,
    figure: rounded(quantile(sealMs, 0.99)),
    unit: 'ms (p99)',
    bar: null,
    details: {
      median_ms: rounded(median(sealMs)),
      correct_median_ms: rounded(median(correctMs)),
      correct_p99_ms: rounded(quantile(correctMs, 0.99)),
      keep_day_ms: rounded(Math.min(...keepMs)),
      keep_day_and_month_ms: rounded(Math.max(...keepMs)),
      keep_day_of_before_median_ms: rounded(median(catchUpMs)),
      hours: sealMs.length,
      corrections: correctMs.length,
      load,
    },
  })
  sayFigure({
    what: `disk of ${size}, per bucket`,
    figure: rounded(statSync(path).size / Math.max(1, buckets)),
    unit: 'B',
    bar: null,
    details: {
      buckets,
      file_bytes: statSync(path).size,
      sums_bytes: keptBytes,
      sums_rows: { ...rows },
    },
  })
}
