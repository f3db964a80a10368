/**
 * A folder for one benchmark, on a real disk: `/tmp` is memory on many machines, and a sync to
 * memory costs nothing. Removed in the end.
 */
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './program.ts'

/** TMPFS_MAGIC and RAMFS_MAGIC of statfs(2). */
const MEMORY_FILE_SYSTEMS = [0x01021994, 0x858458f6]

export class TemporaryFolder implements Disposable {
  readonly path: string

  constructor(name: string) {
    const parent = join(ROOT, 'node_modules/.cache/yiben-bench')
    mkdirSync(parent, { recursive: true })
    if (MEMORY_FILE_SYSTEMS.includes(statfsSync(parent).type)) {
      console.error(
        `${parent} is held in memory: what is said of syncing to disk is worth nothing.`,
      )
    }
    this.path = mkdtempSync(join(parent, `${name}-`))
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true, maxRetries: 3 })
  }
}
