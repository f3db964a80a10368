/**
 * `node scripts/fuzz.ts [TARGET…] --seconds N`: hostile input, guided by where it leads. What reaches
 * new code is kept under `artifacts/fuzz/TARGET/` and is where the next run begins; what breaks a
 * promise is kept beside it, and belongs into `test/fixtures/fuzz/TARGET/` once it is mended.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const ROOT = join(import.meta.dirname, '..')
const SUFFIX = '.test.ts'
const TARGETS = readdirSync(join(ROOT, 'test/fuzz'))
  .filter((name) => name.endsWith(SUFFIX))
  .map((name) => name.slice(0, -SUFFIX.length))

const USAGE = `node scripts/fuzz.ts [TARGET…] [--seconds N] [--seed N]

  TARGET        of: ${TARGETS.join(', ')} (default all, one after the other)
  --seconds N   for how long each part of a target runs (default 60)
  --seed N      of its chances (default: another one each time)`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
    help: { type: 'boolean', default: false },
  },
})
const isNumber = (text: string) => /^[1-9]\d{0,6}$/.test(text)
const unknown = positionals.find((name) => !TARGETS.includes(name))
if (values.help) {
  console.log(USAGE)
} else if (unknown !== undefined || !isNumber(values.seconds) || !isNumber(values.seed)) {
  console.error(USAGE)
  process.exitCode = 2
} else {
  const names = positionals.length === 0 ? TARGETS : positionals
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
  const config = join(ROOT, 'scripts/fuzz/vitest.config.ts')
  const files = names.map((name) => `test/fuzz/${name}${SUFFIX}`)
  const env = { ...process.env, YIBEN_FUZZ_SECONDS: values.seconds, YIBEN_FUZZ_SEED: values.seed }
  const args = [vitest, 'run', '--config', config, ...files, '--reporter=verbose', '--bail=0']
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit', cwd: ROOT, env })
  process.exitCode = status ?? 1
}
