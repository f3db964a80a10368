/**
 * A consistent copy of the whole file, made on a reader's connection while the writer goes on. The
 * copy appears under its name only when it is whole and on disk. Nobody else's to read.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { AppError, errorSentence } from '@yiben/shared'
import { integer } from '../values.ts'
import { chooseDriver, type Database, openUntouched } from './driver.ts'

/** What a copy may need beside its own size, and what must stay free beside it. */
const SPARE_BYTES = 64 * 1024 * 1024
const BYTES_PER_GB = 1_000_000_000

export function backupTo(db: Database, path: string): void {
  if (existsSync(path)) {
    throw new AppError('conflict', `There is a file at ${path} already; it is not overwritten.`, {
      fields: { path },
    })
  }
  const partial = `${path}.partial`
  try {
    rmSync(partial, { force: true })
    // Into an empty file of ours: SQLite would make one that others may read.
    writeFileSync(partial, '', { mode: 0o600, flag: 'wx' })
    vacuumInto(db, partial)
    syncFile(partial)
    renameSync(partial, path)
    syncFile(dirname(path))
  } catch (error) {
    rmSync(partial, { force: true })
    if (error instanceof AppError) throw error
    const sentence = `The copy could not be written: ${errorSentence(error)}.`
    throw new AppError('disk_failed', sentence, { cause: error, fields: { path } })
  }
}

/** Throws `disk_full` where `folder` has no room for so many copies of the ledger, and some. */
export function refuseWithoutRoom(
  folder: string,
  ledgerPath: string,
  { copies, why }: { readonly copies: number; readonly why: string },
): void {
  const free = freeBytes(folder)
  const needed = copies * ledgerBytes(ledgerPath) + SPARE_BYTES
  if (free >= needed) return
  const sentence = `${why} needs ${gigabytes(needed)} in ${folder}, where ${gigabytes(free)} are free.`
  throw new AppError('disk_full', sentence, { fields: { neededBytes: needed, freeBytes: free } })
}

/**
 * That a copy can be read as a whole and holds a ledger; answers its format. Throws `disk_failed`.
 * Whether its journal is what was numbered is looked at by `restore`.
 */
export function checkCopy(path: string): number {
  const db = openUntouched(path, chooseDriver())
  try {
    return checkWhole(db)
  } finally {
    db.close()
  }
}

/** Answers the format of the ledger in the file. */
export function checkWhole(db: Database): number {
  const format = integer(db.get('PRAGMA user_version') ?? {}, 'user_version')
  if (format === 0) throw new AppError('disk_failed', 'The file holds no ledger.')
  const { integrity_check: verdict } = db.get('PRAGMA integrity_check(1)') ?? {}
  if (verdict !== 'ok') {
    throw new AppError('disk_failed', `The file is damaged: ${String(verdict)}.`)
  }
  if (db.get('PRAGMA foreign_key_check') !== undefined) {
    throw new AppError('disk_failed', 'The file is damaged: a row names another that is not there.')
  }
  return format
}

function freeBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch (error) {
    throw new AppError('disk_failed', `${folder}: ${errorSentence(error)}`, { cause: error })
  }
}

/** With what waits in its log. */
function ledgerBytes(path: string): number {
  const sizes = [path, `${path}-wal`].map(
    (file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0,
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

function gigabytes(bytes: number): string {
  return `${(bytes / BYTES_PER_GB).toFixed(1)} GB`
}

/** A reader refuses even this, though its own file stays as it is. */
function vacuumInto(db: Database, path: string): void {
  const isReader = db.get('PRAGMA query_only')?.query_only === 1
  if (isReader) db.exec('PRAGMA query_only = OFF')
  try {
    db.run('VACUUM INTO ?', path)
  } finally {
    if (isReader) db.exec('PRAGMA query_only = ON')
  }
}

function syncFile(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
