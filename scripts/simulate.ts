/**
 * `npm run simulate -- --seeds N [--from SEED]`: more worlds than `npm test` has time for. A seed
 * that fails is printed with what happened in it, and reproduces it alone.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const USAGE = `npm run simulate -- [--seeds N] [--from SEED]

  --seeds N     how many worlds (default 1000)
  --from SEED   the first seed (default 1)`

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(USAGE)
} else if (!/^[1-9]\d{0,7}$/.test(values.seeds) || !/^\d{1,9}$/.test(values.from)) {
  console.error(`--seeds and --from take whole numbers\n${USAGE}`)
  process.exitCode = 2
} else {
  const vitest = join(import.meta.dirname, '../node_modules/vitest/vitest.mjs')
  // One line for each ten seeds that are through.
  const worlds = ['simulation', 'lending'].map((name) => `test/simulation/${name}.test.ts`)
  const args = [vitest, 'run', ...worlds, '--reporter=verbose']
  const env = { ...process.env, YIBEN_SEEDS: values.seeds, YIBEN_SEED_FROM: values.from }
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit', env })
  process.exitCode = status ?? 1
}
