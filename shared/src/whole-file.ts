/**
 * Small files that are there whole or not at all, readable by their owner only: written beside,
 * fsync, renamed, fsync of the folder.
 */
import {
  chmodSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { AppError, errorSentence } from './errors.ts'

const MODE_OWNER_ONLY = 0o600

/** `null` where there is no such file. Throws `permission_denied` or `disk_failed`. */
export function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null
    const code = hasCode(error, 'EACCES') ? 'permission_denied' : 'disk_failed'
    throw new AppError(code, `The file ${path} cannot be read: ${errorSentence(error)}.`, {
      cause: error,
    })
  }
}

/** Durable when it returns. Throws `disk_full` or `disk_failed`, with what was there before kept. */
export function writeWhole(path: string, text: string): void {
  try {
    writeBeside(`${path}.new`, text)
    renameSync(`${path}.new`, path)
    syncFolder(dirname(path))
  } catch (error) {
    const code = hasCode(error, 'ENOSPC') || hasCode(error, 'EDQUOT') ? 'disk_full' : 'disk_failed'
    throw new AppError(code, `The file ${path} could not be written.`, {
      cause: error,
      fields: { path, reason: errorSentence(error) },
    })
  }
}

/** Makes names given, changed and taken in a folder durable. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** Synced, for its owner only; not whole: give it its name when it is. Throws what the system says. */
export function writeBeside(path: string, text: string): void {
  const file = openSync(path, 'w', MODE_OWNER_ONLY)
  try {
    // The mode of `open` holds for new files only; one left by a crash keeps its own.
    chmodSync(path, MODE_OWNER_ONLY)
    writeFileSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
