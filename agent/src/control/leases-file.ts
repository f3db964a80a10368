/**
 * What is lent on this node now, for the administrator's own tooling: a small JSON file in the run
 * folder, readable by everybody, replaced whole. Empty while nothing is lent.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AppError, errorSentence } from '@yiben/shared'
import type { LeaseOnNode } from '../leases/show-leases.ts'

const LEASES_FILE = 'leases.json'

/** Throws `disk_failed`; the run folder lies in memory and is made anew at each boot. */
export function writeLeases(runDir: string, leases: readonly LeaseOnNode[]): void {
  const path = join(runDir, LEASES_FILE)
  try {
    mkdirSync(runDir, { recursive: true, mode: 0o755 })
    writeFileSync(`${path}.new`, `${JSON.stringify({ version: 1, leases })}\n`, { mode: 0o644 })
    renameSync(`${path}.new`, path)
  } catch (error) {
    throw new AppError('disk_failed', `${path} could not be written: ${errorSentence(error)}.`, {
      cause: error,
    })
  }
}
