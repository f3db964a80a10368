/**
 * A process that restores a ledger and kills itself before the n-th change that it makes to the
 * disk by itself (what SQLite does within a file is SQLite's own promise). When there were fewer it
 * says how many.
 *
 *   restore-killed.ts FOLDER BACKUP N
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const [folder = '', backup = '', step = '1'] = process.argv.slice(2)
let changes = 0

const CHANGES = [
  'chmodSync',
  'copyFileSync',
  'fsyncSync',
  'linkSync',
  'mkdirSync',
  'renameSync',
  'rmSync',
] as const

for (const name of CHANGES) {
  const change = fs[name] as (...args: unknown[]) => unknown
  Object.assign(fs, {
    [name]: (...args: unknown[]) => {
      if (name === 'rmSync' && !fs.existsSync(String(args[0]))) return undefined
      changes += 1
      if (changes === Number(step)) process.kill(process.pid, 'SIGKILL')
      return change(...args)
    },
  })
}
syncBuiltinESMExports()

const { runRestore } = await import('../../collector/src/cli/restore.ts')
const { loadConfig } = await import('../../collector/src/config.ts')
const { createRealWorld } = await import('../../shared/src/real-world.ts')
const config = loadConfig({ file: null, env: {}, flags: { data_dir: folder } })
await runRestore({ config, world: createRealWorld(), json: true }, backup, { replace: true })
process.stdout.write(String(changes))
