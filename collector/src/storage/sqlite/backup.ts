/**
 * A consistent copy of the whole file, made on a reader's connection while the writer goes on. The
 * copy appears under its name only when it is whole and on disk.
 */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { AppError, errorSentence } from '@yiben/shared'
import type { Database } from './driver.ts'

export function backupTo(db: Database, path: string): void {
  if (existsSync(path)) {
    throw new AppError('conflict', `There is a file at ${path} already; it is not overwritten.`, {
      fields: { path },
    })
  }
  const partial = `${path}.partial`
  try {
    rmSync(partial, { force: true })
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
