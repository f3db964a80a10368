/**
 * How long the one ledger takes as of a random instant, known at a random instant after it: asked
 * of the store in threads as the API asks it, from a ledger with a past. DESIGN 10: p99 at most
 * 200 ms at 100,000 accelerators, off the writer's thread.
 */
import { join } from 'node:path'
import { CONNECTED_WITHIN_MS, LAPSED_AFTER_MS } from '../../collector/src/rollup/definitions.ts'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import { openSqliteStore } from '../../collector/src/storage/sqlite/store.ts'
import { seededRandom } from './support/activity.ts'
import { median, quantile, rounded, sayFigure } from './support/figure.ts'
import { MADE_UP_LEDGER, makeLedger } from './support/made-up-ledger.ts'
import { readOptions } from './support/options.ts'
import { TemporaryFolder } from './support/temporary-folder.ts'

const P99_MS_MAX = 200
/** As the API asks. */
const LENGTHS = {
  connectedWithinMs: CONNECTED_WITHIN_MS,
  lapsedAfterMs: LAPSED_AFTER_MS,
  settledLagMs: 120_000,
}

const options = readOptions({
  script: 'ledger-as-of.ts',
  sentence: 'Time of the one ledger as of a random instant.',
  numbers: {
    cards: { default: 100_000, min: 8, max: 1_000_000, sentence: 'accelerators' },
    days: { default: 7, min: 1, max: 400, sentence: 'days of history' },
    changes: { default: 6, min: 1, max: 200, sentence: 'changes of state per card and day' },
    asks: { default: 500, min: 1, max: 10_000, sentence: 'how often it is asked' },
    seed: { default: 1, min: 0, max: 1_000_000, sentence: 'what the cards did, what is asked' },
  },
  switches: {},
})

using folder = new TemporaryFolder('as-of')
const path = join(folder.path, 'ledger.sqlite')
const { cards, days, changes: changesPerDay, seed } = options
const made = await makeLedger({ path, cards, days, changesPerDay, seed })
const store = await openSqliteStore({ path, newLedger: MADE_UP_LEDGER })
const random = seededRandom(seed + 1)
const tookMs: number[] = []
const cpuMs: number[] = []
for (let ask = 0; ask < options.asks; ask += 1) {
  const asOfMs = Math.floor(made.startMs + random() * (made.endMs - made.startMs))
  const knownAtMs = Math.floor(asOfMs + random() * (made.endMs - asOfMs))
  const startedMs = performance.now()
  const startedCpu = process.cpuUsage()
  await store.readLedgerAt(SCOPE_ALL, { ...LENGTHS, asOfMs, knownAtMs })
  tookMs.push(performance.now() - startedMs)
  const { user, system } = process.cpuUsage(startedCpu)
  cpuMs.push((user + system) / 1_000)
}
await store.close()
sayFigure({
  what: `the ledger as of a random instant, ${cards} cards`,
  figure: rounded(quantile(tookMs, 0.99)),
  unit: 'ms (p99)',
  bar: { atMost: P99_MS_MAX },
  details: {
    median_ms: rounded(median(tookMs)),
    // What does not depend on who else uses the machine.
    cpu_median_ms: rounded(median(cpuMs)),
    cpu_p99_ms: rounded(quantile(cpuMs, 0.99)),
    asks: options.asks,
    runs: made.runs,
    deposits: made.deposits,
    days,
  },
})
