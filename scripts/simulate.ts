/**
 * `npm run simulate -- --seeds N [--from SEED] [--jobs N]`: more worlds than `npm test` has time for,
 * without a bank and with one. A seed that fails is printed with what happened in it, and reproduces
 * it alone.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const USAGE = `npm run simulate -- [--seeds N] [--from SEED] [--jobs N]

  --seeds N     how many worlds of either kind (default 1000)
  --from SEED   the first seed (default 1)
  --jobs N      parts of the seeds that run beside each other, each on two cores (default: half of
                the cores)`

/** Each part runs two files of tests beside each other: worlds without a bank, and with one. */
const CORES_PER_JOB = 2

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    jobs: { type: 'string', default: `${Math.ceil(availableParallelism() / CORES_PER_JOB)}` },
    help: { type: 'boolean', default: false },
  },
})
const areNumbers =
  /^[1-9]\d{0,7}$/.test(values.seeds) &&
  /^\d{1,9}$/.test(values.from) &&
  /^[1-9]\d{0,2}$/.test(values.jobs)

if (values.help) {
  console.log(USAGE)
} else if (!areNumbers) {
  console.error(`--seeds, --from and --jobs take whole numbers\n${USAGE}`)
  process.exitCode = 2
} else {
  process.exitCode = await simulate(Number(values.seeds), Number(values.from), Number(values.jobs))
}

/** The worst exit code of all parts. */
async function simulate(seeds: number, from: number, jobs: number): Promise<number> {
  const startMs = performance.now()
  const perJob = Math.ceil(seeds / jobs)
  const parts = Array.from({ length: Math.ceil(seeds / perJob) }, (_, part) => ({
    from: from + part * perJob,
    seeds: Math.min(perJob, seeds - part * perJob),
  }))
  const codes = await Promise.all(parts.map(runPart))
  const failed = codes.filter((code) => code !== 0)
  const minutes = ((performance.now() - startMs) / 60_000).toFixed(1)
  const range = `seeds ${from} to ${from + seeds - 1}, without a bank and with one`
  console.log(`${failed.length === 0 ? 'ok' : 'FAILED'}  ${range}, in ${minutes} minutes`)
  return Math.max(...codes)
}

async function runPart(part: { readonly from: number; readonly seeds: number }): Promise<number> {
  const vitest = join(import.meta.dirname, '../node_modules/vitest/vitest.mjs')
  // One line for each few seeds that are through.
  const worlds = ['simulation', 'lending'].map((name) => `test/simulation/${name}.test.ts`)
  const args = [vitest, 'run', ...worlds, '--reporter=verbose']
  const env = {
    ...process.env,
    YIBEN_SEEDS: String(part.seeds),
    YIBEN_SEED_FROM: String(part.from),
  }
  const child = spawn(process.execPath, args, { stdio: 'inherit', env })
  const [code] = await once(child, 'close')
  return typeof code === 'number' ? code : 1
}
