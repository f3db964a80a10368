/** What the disk of a folder takes, and a slower one. */
import { spawnSync } from 'node:child_process'
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { median } from './figure.ts'

const FSYNCS = 100
const BLOCK_BYTES = 4_096

/** 4 KiB and an fsync, the median in ms. */
export function fsyncTimeMs(folder: string): number {
  const file = openSync(join(folder, 'fsync'), 'w')
  const block = Buffer.alloc(BLOCK_BYTES, 1)
  const times = Array.from({ length: FSYNCS }, () => {
    const beforeMs = performance.now()
    writeSync(file, block)
    fsyncSync(file)
    return performance.now() - beforeMs
  })
  closeSync(file)
  return median(times)
}

/** Environment in which each fsync of a dynamically linked program takes so much longer. Needs `cc`. */
export function slowFsync(folder: string, delayMs: number): Readonly<Record<string, string>> {
  if (delayMs === 0) return {}
  const library = join(folder, 'slow-fsync.so')
  const source = join(import.meta.dirname, 'slow-fsync.c')
  const built = spawnSync('cc', ['-shared', '-fPIC', '-O2', '-o', library, source, '-ldl'])
  if (built.status !== 0) throw new Error(`cc: ${built.stderr}`)
  return { LD_PRELOAD: library, SLOW_FSYNC_MS: `${delayMs}` }
}
