/** Prometheus' own checker, where it is installed. */
import { spawnSync } from 'node:child_process'

const { error } = spawnSync('promtool', ['--version'], { stdio: 'ignore' })

export const HAS_PROMTOOL = error === undefined
/** Ends the names of tests that are left out without it. */
export const WHY_SKIPPED = HAS_PROMTOOL
  ? ''
  : ' (skipped: no promtool here; `apt-get install prometheus` brings it)'

/** Its verdict: exit code, and all that it said. */
export function promtool(args: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8', input })
  return { exitCode: status, said: stdout + stderr }
}
