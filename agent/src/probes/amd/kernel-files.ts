/**
 * Reads files of the kernel. Those that make a driver speak to its card may not come back: one is
 * read at a time, so that at most one thread of this process ever waits for a card; a walk that has
 * not ended by its deadline is left alone, and none is begun before it ends. Those that show what the
 * kernel has in memory are read at once, for a tenth of the price, with a turn of the event loop
 * after some of them.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { lstat, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '@yiben/shared'

/** Sixteen cards take some hundred reads of a fraction of a millisecond each. */
const WALK_MS_MAX = 5_000
/** Reads in one go, about 2 ms. */
const READS_PER_TURN = 256
/** Files of sysfs are of one page. */
const TEXT_CHARS_MAX = 4_096
/** Nodes, processes and error counters are fewer. */
const ENTRIES_MAX = 4_096

export interface KernelFolder {
  /**
   * What the kernel has in memory, without the blanks around it. `null` where it cannot be read: not
   * there, not allowed, or gone meanwhile.
   */
  text(path: string): Promise<string | null>
  /** What the driver asks its card for; `null` also of a card that sleeps or is being reset. */
  ask(path: string): Promise<string | null>
  /** Names in a folder; `null` where there is none, or none that may be read. */
  names(path: string): Promise<readonly string[] | null>
}

export interface FileWalk {
  /** What a walk gives, or `null`: it takes too long, or an earlier one still does. */
  walk<T>(reader: (folder: KernelFolder) => Promise<T>): Promise<T | null>
}

export class KernelFiles implements FileWalk {
  readonly #clock: Clock
  readonly #folder: KernelFolder
  #isWalking = false
  #isOverdue = false

  constructor(clock: Clock, rootPrefix: string) {
    this.#clock = clock
    this.#folder = folderUnder(rootPrefix || '/')
  }

  /** A read has not come back in time, and may hold the exit of this process. */
  get isHung(): boolean {
    return this.#isOverdue
  }

  async walk<T>(reader: (folder: KernelFolder) => Promise<T>): Promise<T | null> {
    if (this.#isWalking) return null
    this.#isWalking = true
    const walk = reader(this.#folder).finally(() => {
      this.#isWalking = false
      this.#isOverdue = false
    })
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(WALK_MS_MAX, () => {
        this.#isOverdue = true
        resolve(null)
      })
      walk.then(resolve, reject).finally(() => timer.cancel())
    })
  }
}

function folderUnder(root: string): KernelFolder {
  let reads = 0
  const atOnce = async <T>(read: () => T): Promise<T | null> => {
    reads += 1
    if (reads % READS_PER_TURN === 0) await lstat(root)
    return orNull(read)
  }
  return {
    text: (path) => atOnce(() => contentOf(readFileSync(join(root, path), 'utf8'))),
    ask: async (path) => {
      const content = await readFile(join(root, path), 'utf8').catch(() => null)
      return content === null ? null : contentOf(content)
    },
    names: async (path) => {
      const names = await atOnce(() => readdirSync(join(root, path)))
      return names === null || names.length > ENTRIES_MAX ? null : names
    },
  }
}

function contentOf(text: string): string {
  return text.slice(0, TEXT_CHARS_MAX).trim()
}

function orNull<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}
