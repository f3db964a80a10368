/**
 * How many connections the limit of open files leaves room for. At that limit libuv takes a
 * connection and closes it without a word (uv__emfile_trick), so the server has to stop before it.
 */
import { readFileSync } from 'node:fs'

/** Files of the store and its threads, log, and the moments in which a file is opened beside them. */
const RESERVED_DESCRIPTORS = 64

/** `null` where the system does not tell, or sets no limit. */
export function connectionsByDescriptors(limits: string | null = readLimits()): number | null {
  const [, soft] = /^Max open files\s+(\d+)\s/m.exec(limits ?? '') ?? []
  return soft === undefined ? null : Math.max(1, Number(soft) - RESERVED_DESCRIPTORS)
}

function readLimits(): string | null {
  try {
    return readFileSync('/proc/self/limits', 'utf8')
  } catch {
    // Not Linux: then only the error of an accept that failed tells.
    return null
  }
}
