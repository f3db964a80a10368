/** Where the checkout is, its version, and the instant that everything packaged is dated with. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export const VERSION = versionOf(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
)

/** Of the last commit, in seconds: equal sources, equal packages (reproducible-builds.org). */
export function sourceDateEpoch(): number {
  const given = process.env.SOURCE_DATE_EPOCH
  if (given !== undefined && /^\d{1,12}$/.test(given)) return Number(given)
  const text = execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: ROOT, encoding: 'utf8' })
  return Number(text.trim())
}

export const ARCHITECTURES = ['x64', 'arm64'] as const
export type Architecture = (typeof ARCHITECTURES)[number]

function versionOf(text: string): string {
  const [, version] = /"version": "([^"]+)"/.exec(text) ?? []
  if (version === undefined) throw new Error('package.json names no version')
  return version
}
