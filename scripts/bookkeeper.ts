/**
 * `npm run bookkeeper -- --steps N [--from SEED]`: longer histories of the bank beside the second
 * bookkeeper than `npm test` has time for. A seed that fails is printed with what happened in it, and
 * reproduces it alone (500 steps).
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const USAGE = `npm run bookkeeper -- [--steps N] [--from SEED]

  --steps N     how many steps, 500 of them a history (default 100000)
  --from SEED   the first seed (default 1)`

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '100000' },
    from: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(USAGE)
} else if (!/^[1-9]\d{0,9}$/.test(values.steps) || !/^\d{1,9}$/.test(values.from)) {
  console.error(`--steps and --from take whole numbers\n${USAGE}`)
  process.exitCode = 2
} else {
  const vitest = join(import.meta.dirname, '../node_modules/vitest/vitest.mjs')
  // One line for each two histories that are through.
  const args = [vitest, 'run', 'test/bookkeeper/bookkeeper.test.ts', '--reporter=verbose']
  const env = { ...process.env, YIBEN_STEPS: values.steps, YIBEN_SEED_FROM: values.from }
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit', env })
  process.exitCode = status ?? 1
}
