/**
 * The file under the spool: how it is opened, locked, checked, and what its tables are.
 *
 * `spool.db` in the state folder, SQLite, WAL, synchronous FULL: a commit is on disk when it
 * returns. The lock is held as long as the file is open, so two agents cannot share a folder.
 * A file of a newer format is refused untouched; a broken one is moved aside (at most three are
 * kept). Its epoch and the facts beside the queue go on: without them the node would look like a
 * clone of itself. They are read from the file where that is possible, else, and where the file is
 * gone, from `spool.salvage`, a copy written with each change, without a promise of its own.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { AppError } from '../errors.ts'
import type { Logger } from '../log.ts'

const SPOOL_FILE = 'spool.db'
/** Of the file on disk; a file of a newer one is refused. */
export const SPOOL_FORMAT = 1
const BROKEN_FILES_MAX = 3

/** Pages before the write-ahead log is folded back: half a MiB, so that it stays small. */
const WAL_PAGES = 128
const WAL_BYTES_MAX = 1024 * 1024

const SCHEMA = `
  CREATE TABLE records (
    seq INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL,
    hash BLOB NOT NULL,
    lost_count INTEGER NOT NULL,  -- numbers before seq that this row stands for as well
    start_ms INTEGER NOT NULL,    -- the node's timeline before and after the record
    end_ms INTEGER NOT NULL,
    keep INTEGER NOT NULL,        -- 1: dropped only when nothing else is left
    is_lost INTEGER NOT NULL      -- 1: stands for records that were dropped
  ) STRICT;
  CREATE TABLE state (            -- one row
    id INTEGER PRIMARY KEY CHECK (id = 1),
    epoch TEXT NOT NULL,
    previous_epoch TEXT,
    last_seq INTEGER NOT NULL,
    sent_seq INTEGER NOT NULL CHECK (sent_seq <= last_seq),
    acked_seq INTEGER NOT NULL CHECK (acked_seq <= sent_seq),
    timeline_end_ms INTEGER
  ) STRICT;
  CREATE TABLE acks (             -- when a watermark was first seen: retention counts from there
    watermark INTEGER PRIMARY KEY,
    seen_ms INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
`

/** What outlives a broken file. */
export interface Salvage {
  readonly epoch: string | null
  readonly meta: Readonly<Record<string, string>>
}

const NO_SALVAGE: Salvage = { epoch: null, meta: {} }
const SALVAGE_FILE = 'spool.salvage'

const SQLITE_BUSY = 5
const SQLITE_LOCKED = 6
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_NOTADB = 26

/**
 * Opens or creates the file. `newEpochId` is called only when there is no epoch yet.
 * Throws `disk_locked`, `disk_format_newer`, `disk_full` or `disk_failed`.
 */
export function openSpoolDatabase(options: {
  readonly directory: string
  readonly newEpochId: () => string
  readonly log: Logger
}): DatabaseSync {
  const { directory, newEpochId, log } = options
  const path = join(directory, SPOOL_FILE)
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    const opened = tryOpen(path)
    if (opened.status === 'ok') {
      // Of use only to a file that is new: where one has been, it was lost without its copy.
      prepare(opened.database, { newEpochId, salvage: readSalvage(directory) })
      return opened.database
    }
    const aside = moveAside(path)
    const salvage = opened.salvage.epoch === null ? readSalvage(directory) : opened.salvage
    log.error(
      { path, movedTo: aside, previousEpoch: salvage.epoch },
      'the spool file is broken and was moved aside: records not yet sent are lost',
    )
    const fresh = tryOpen(path)
    if (fresh.status !== 'ok') throw new AppError('disk_failed', 'a fresh spool file is unreadable')
    prepare(fresh.database, { newEpochId, salvage })
    return fresh.database
  } catch (error) {
    throw diskError(error, `opening ${path}`)
  }
}

function tryOpen(
  path: string,
): { status: 'ok'; database: DatabaseSync } | { status: 'broken'; salvage: Salvage } {
  const database = new DatabaseSync(path)
  try {
    // Exclusive before the first read: the lock is taken then and never given back.
    database.exec('PRAGMA locking_mode = EXCLUSIVE')
    database.exec('PRAGMA auto_vacuum = INCREMENTAL')
    database.exec('PRAGMA journal_mode = WAL')
    database.exec('PRAGMA synchronous = FULL')
    database.exec(`PRAGMA wal_autocheckpoint = ${WAL_PAGES}`)
    database.exec(`PRAGMA journal_size_limit = ${WAL_BYTES_MAX}`)
    database.exec('BEGIN IMMEDIATE; COMMIT')
    const check = database.prepare('PRAGMA quick_check(1)').get()
    if (check?.quick_check === 'ok') return { status: 'ok', database }
  } catch (error) {
    const code = sqliteCode(error)
    if (code !== SQLITE_CORRUPT && code !== SQLITE_NOTADB) {
      database.close()
      throw error
    }
  }
  const salvage = salvageFrom(database)
  database.close()
  return { status: 'broken', salvage }
}

interface NewSpool {
  readonly newEpochId: () => string
  readonly salvage: Salvage
}

/** A file that could not be prepared is let go of: its lock would keep the next attempt out. */
function prepare(database: DatabaseSync, options: NewSpool): void {
  try {
    createTables(database, options)
  } catch (error) {
    database.close()
    throw error
  }
}

/** Creates the tables of a new file; refuses one of a newer format. */
function createTables(database: DatabaseSync, options: NewSpool): void {
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version ?? 0)
  if (version > SPOOL_FORMAT) {
    throw new AppError(
      'disk_format_newer',
      `the spool has format ${version}, this program reads up to ${SPOOL_FORMAT}`,
      { fields: { version } },
    )
  }
  if (version === SPOOL_FORMAT) return
  database.exec('BEGIN IMMEDIATE')
  database.exec(SCHEMA)
  database
    .prepare('INSERT INTO state VALUES (1, ?, ?, 0, 0, 0, NULL)')
    .run(options.newEpochId(), options.salvage.epoch)
  const insert = database.prepare('INSERT INTO meta VALUES (?, ?)')
  for (const [key, value] of Object.entries(options.salvage.meta)) insert.run(key, value)
  database.exec(`PRAGMA user_version = ${SPOOL_FORMAT}`)
  database.exec('COMMIT')
}

/** All or nothing: half of the facts could contradict each other. */
function salvageFrom(database: DatabaseSync): Salvage {
  try {
    const state = database.prepare('SELECT epoch FROM state').get()
    if (typeof state?.epoch !== 'string') return NO_SALVAGE
    return { epoch: state.epoch, meta: readMeta(database) }
  } catch {
    // That it is broken is known already; the copy beside it is asked next.
    return NO_SALVAGE
  }
}

export function readMeta(database: DatabaseSync): Readonly<Record<string, string>> {
  const rows = database.prepare('SELECT key, value FROM meta').all()
  return Object.fromEntries(rows.map((row) => [String(row.key), String(row.value)]))
}

/** Best effort: the file itself is what counts, this is for the day it cannot be read. */
export function writeSalvage(directory: string, salvage: Salvage): void {
  const path = join(directory, SALVAGE_FILE)
  try {
    writeFileSync(`${path}.new`, JSON.stringify(salvage), { mode: 0o600 })
    renameSync(`${path}.new`, path)
  } catch {
    rmSync(`${path}.new`, { force: true })
  }
}

function readSalvage(directory: string): Salvage {
  try {
    const parsed: unknown = JSON.parse(readFileSync(join(directory, SALVAGE_FILE), 'utf8'))
    return isSalvage(parsed) ? parsed : NO_SALVAGE
  } catch {
    return NO_SALVAGE
  }
}

function isSalvage(value: unknown): value is Salvage {
  if (typeof value !== 'object' || value === null) return false
  if (!('epoch' in value) || !('meta' in value)) return false
  const { epoch, meta } = value
  if (typeof epoch !== 'string' || !/^[0-9a-f]{32}$/.test(epoch)) return false
  if (typeof meta !== 'object' || meta === null) return false
  return Object.values(meta).every((one) => typeof one === 'string')
}

/** Takes the next free name; past the bound the last one is overwritten. */
function moveAside(path: string): string {
  let number = 1
  while (number < BROKEN_FILES_MAX && existsSync(`${path}.broken-${number}`)) number += 1
  const aside = `${path}.broken-${number}`
  renameSync(path, aside)
  // A log of the broken file must not be replayed into the fresh one.
  for (const suffix of ['-wal', '-shm', '-journal']) rmSync(path + suffix, { force: true })
  return aside
}

/** Translates what SQLite or the file system throws; our own errors pass as they are. */
export function diskError(error: unknown, doing: string): unknown {
  if (error instanceof AppError || !(error instanceof Error)) return error
  const code = sqliteCode(error)
  const systemCode = 'code' in error ? error.code : null
  const options = { cause: error, fields: { doing } }
  if (code === SQLITE_BUSY || code === SQLITE_LOCKED) {
    return new AppError('disk_locked', `${doing}: another process holds the spool`, options)
  }
  if (code === SQLITE_FULL || systemCode === 'ENOSPC' || systemCode === 'EDQUOT') {
    return new AppError('disk_full', `${doing}: no space left`, options)
  }
  if (code !== null || typeof systemCode === 'string') {
    return new AppError('disk_failed', `${doing}: ${error.message}`, options)
  }
  return error
}

/** The primary result code of an SQLite error, or `null` for any other error. */
function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error)) return null
  return typeof error.errcode === 'number' ? error.errcode & 0xff : null
}
