/**
 * `node scripts/wal-cuts.ts [--rounds N] [--seed S]`: the write-ahead logs of a ledger and of a spool,
 * cut and spoilt at drawn bytes, as many times as are asked for. Half of the rounds are crashes (what
 * was synced is there), half are disks that lie (any byte at all). With both SQLite libraries.
 */
import { parseArgs } from 'node:util'
import { LedgerCuts, recordLedger } from '../test/support/ledger-cuts.ts'
import { recordSpool, SpoolCuts } from '../test/support/spool-cuts.ts'

const MINUTES = 12
const SPOOL_STEPS = 2_000
const SHOWN_MAX = 5

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
  },
})
const rounds = Number(values.rounds)
const seed = Number(values.seed)

interface Cuts {
  shortened: number
  round(isLying: boolean): string[] | Promise<string[]>
}

async function cut(name: string, cuts: Cuts): Promise<boolean> {
  const startMs = performance.now()
  const found: string[] = []
  for (let round = 0; round < rounds; round += 1) found.push(...(await cuts.round(round % 2 === 1)))
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(0)
  const facts = `${rounds} cuts, ${cuts.shortened} of which took something away, in ${seconds} s`
  console.log(`${found.length === 0 ? 'ok' : 'FAILED'}  ${name}: ${facts}`)
  for (const problem of found.slice(0, SHOWN_MAX)) console.log(`    ${problem}`)
  return found.length === 0
}

if (!Number.isSafeInteger(rounds) || rounds < 1 || !Number.isSafeInteger(seed)) {
  console.error('--rounds and --seed take whole numbers')
  process.exitCode = 2
} else {
  let passed = 0
  let failed = 0
  for (const driver of ['better-sqlite3', 'node:sqlite'] as const) {
    const recording = await recordLedger({ seed, driver, minutes: MINUTES })
    using cuts = new LedgerCuts(seed, recording, driver)
    const name = `the ledger, ${driver}, ${recording.commits} commits`
    if (await cut(name, cuts)) passed += 1
    else failed += 1
  }
  using cuts = new SpoolCuts(seed, recordSpool(seed, SPOOL_STEPS))
  if (await cut('the spool', cuts)) passed += 1
  else failed += 1
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}
