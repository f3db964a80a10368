/**
 * `node scripts/attack.ts [--scale N]`: the attacks of `test/fault/attacks.test.ts` with N times as much
 * of everything, and 10,000 connections without a word; prints what each did to the acknowledgements
 * of a node beside it and to the collector's memory. Attackers and collector share this machine.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const USAGE = `node scripts/attack.ts [--scale N]

  --scale N   how much more than in npm test (default 5, at most 20)`

const { values } = parseArgs({
  options: {
    scale: { type: 'string', default: '5' },
    help: { type: 'boolean', default: false },
  },
})
const scale = Number(values.scale)
if (values.help) {
  console.log(USAGE)
} else if (!Number.isInteger(scale) || scale < 2 || scale > 20) {
  console.error(`--scale takes a whole number of 2 to 20\n${USAGE}`)
  process.exitCode = 2
} else {
  const root = join(import.meta.dirname, '..')
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const args = [vitest, 'run', 'test/fault/attacks.test.ts', '--reporter=verbose']
  const env = { ...process.env, YIBEN_ATTACK_SCALE: values.scale }
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit', cwd: root, env })
  process.exitCode = status ?? 1
}
