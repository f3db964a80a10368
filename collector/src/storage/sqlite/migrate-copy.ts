/**
 * The copy of a ledger that is made before its format changes: beside the ledger, checked, and only
 * where there is room for it. When the change fails the ledger is as it was and the copy goes again;
 * when it succeeds the newest two copies stay.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { AppError, errorCode, errorSentence } from '@yiben/shared'
import { backupTo, checkCopy, refuseWithoutRoom } from './backup.ts'
import type { Database } from './driver.ts'
import { type Migration, migrate, readMigrations } from './migrate.ts'

const NAME = /^before-migration-\d+-\d{8}T\d{9}Z\.sqlite(\.partial)?$/
/** The change before the last is kept too: a mistake may be noticed late. */
const COPIES_KEPT = 2
/** The copy, and the log of a change that rewrites everything. */
const ROOM_COPIES = 2

interface Copy {
  readonly path: string
  /** Of the ledger that is in it. */
  readonly format: number
}

/** Of the folder, oldest first. */
export function copiesBeforeMigration(folder: string): readonly string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => NAME.test(name) && !name.endsWith('.partial'))
    .sort((left, right) => timeOf(left).localeCompare(timeOf(right)))
    .map((name) => join(folder, name))
}

/** As `migrate`, of a file at `path`. */
export function migrateWithCopy(
  db: Database,
  path: string,
  nowMs: number,
  migrations: readonly Migration[] = readMigrations(),
): void {
  const folder = dirname(path)
  const stamp = new Date(nowMs).toISOString().replaceAll(/[-:.]/g, '')
  const copies: Copy[] = []
  try {
    migrate(db, migrations, (format) => {
      const copy = { path: join(folder, `before-migration-${format}-${stamp}.sqlite`), format }
      copies.push(copy)
      removeOld(folder, COPIES_KEPT)
      const why = `The ledger goes from format ${format} to ${migrations.length} only after a copy of it: that`
      refuseWithoutRoom(folder, path, { copies: ROOM_COPIES, why })
      backupTo(db, copy.path)
      checkCopy(copy.path)
    })
  } catch (error) {
    const [copy] = copies
    throw copy === undefined ? error : undone(error, copy, migrations.length)
  }
  if (copies.length === 0) return
  // Out of the log: installers read the format in the file's head.
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  removeOld(folder, COPIES_KEPT)
}

/** What was changed is undone by now: the copy says nothing that the ledger does not. */
function undone(error: unknown, copy: Copy, format: number): AppError {
  rmSync(copy.path, { force: true })
  const code = errorCode(error)
  const sentence =
    `The ledger was not brought from format ${copy.format} to ${format} and is as it was: ` +
    `the program that served it can serve it again. Why: ${errorSentence(error)}`
  const fields = { format: copy.format }
  return new AppError(code === 'internal' ? 'disk_failed' : code, sentence, {
    cause: error,
    fields,
  })
}

/** And what a killed program has left half written. */
function removeOld(folder: string, kept: number): void {
  for (const name of readdirSync(folder)) {
    if (NAME.test(name) && name.endsWith('.partial')) rmSync(join(folder, name), { force: true })
  }
  for (const path of copiesBeforeMigration(folder).slice(0, -kept)) rmSync(path, { force: true })
}

/** Copies are told apart by when they were made, whatever the format. */
function timeOf(name: string): string {
  return name.slice(name.lastIndexOf('-') + 1)
}
