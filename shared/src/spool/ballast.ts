/**
 * A file that does nothing but hold space: freed when the disk is full, so that the spool can still
 * write what it must, and made again when space returns.
 */
import { rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const BALLAST_FILE = 'spool.ballast'
/** Made again only with this many times its size free, or it would be freed at once. */
const FREE_FACTOR = 4

/** How many bytes the disk still takes. */
export interface SpoolDisk {
  freeBytes(): number
}

export function systemDisk(directory: string): SpoolDisk {
  return {
    freeBytes: () => {
      const stats = statfsSync(directory)
      return stats.bavail * stats.bsize
    },
  }
}

export class Ballast {
  readonly #path: string
  readonly #bytes: number
  readonly #disk: SpoolDisk
  #isThere: boolean

  constructor(directory: string, bytes: number, disk: SpoolDisk) {
    this.#path = join(directory, BALLAST_FILE)
    this.#bytes = bytes
    this.#disk = disk
    this.#isThere = statSync(this.#path, { throwIfNoEntry: false })?.size === bytes
  }

  /** `false` when there was nothing to free. */
  free(): boolean {
    if (!this.#isThere) return false
    this.#isThere = false
    rmSync(this.#path, { force: true })
    return true
  }

  /** Makes the file again where there is room; `true` when it is there. */
  restore(): boolean {
    if (this.#isThere) return true
    if (this.#disk.freeBytes() < this.#bytes * FREE_FACTOR) return false
    try {
      writeFileSync(this.#path, Buffer.alloc(this.#bytes, 0xbb), { mode: 0o600 })
      this.#isThere = true
    } catch {
      // No room after all: without ballast the spool works as well, only with less in reserve.
      rmSync(this.#path, { force: true })
    }
    return this.#isThere
  }
}
