/**
 * The mark of a ledger file whose ledger is kept elsewhere now. Two ledgers of one origin would both
 * sign: so the file stops being one that any program opens, this one and older ones, and says where
 * its ledger went. It is written in two steps, around the instant at which the other place has the
 * ledger: killed between them, the same move run again finds out which it was.
 */
import { existsSync } from 'node:fs'
import { AppError } from '@yiben/shared'
import { flag, integer, text } from '../values.ts'
import { chooseDriver, type Database, openUntouched } from './driver.ts'

/** `YIBN`: tells a ledger from any other SQLite file. */
export const LEDGER_APPLICATION = 0x5949424e
/** `YIBM`: a ledger that has been moved, or is about to be. */
const MOVED_APPLICATION = 0x5949424d

interface Moved {
  /** Hosts and name of the database, without user and password. */
  readonly to: string
  /** When the move was begun. */
  readonly atMs: number
  /** The other place is known to have it. */
  readonly isDone: boolean
}

/** `null`: the ledger is here. */
export function readMoved(db: Database): Moved | null {
  if (applicationOf(db) !== MOVED_APPLICATION) return null
  const row = db.get('SELECT place, at_ms, is_done FROM moved') ?? {}
  return { to: text(row, 'place'), atMs: integer(row, 'at_ms'), isDone: flag(row, 'is_done') }
}

/** Throws `conflict` for a file whose ledger went elsewhere, and says where. */
export function refuseMoved(db: Database): void {
  const moved = readMoved(db)
  if (moved === null) return
  const { atMs, isDone, to } = moved
  const at = new Date(atMs).toISOString()
  const sentence = isDone
    ? `The ledger of this file was moved to ${to} at ${at}: set storage.url to that.`
    : `A move of this ledger to ${to} was broken off at ${at}: run \`migrate\` once more, it finds out whether the ledger is there.`
  throw new AppError('conflict', sentence, { fields: { to } })
}

/**
 * Throws `conflict` where the file is a ledger that went nowhere: whoever set an address beside it and
 * began a fresh ledger there would have lost it without a word.
 */
export function refuseUnmoved(path: string): void {
  if (!existsSync(path) || !isLedger(path)) return
  throw new AppError(
    'conflict',
    `storage.url is set, but ${path} is a ledger that was never moved there: run \`migrate --from sqlite\`, or, where that ledger is not to go on, move the file elsewhere.`,
  )
}

function isLedger(path: string): boolean {
  let db: Database | null = null
  try {
    db = openUntouched(path, chooseDriver())
    return applicationOf(db) === LEDGER_APPLICATION
  } catch {
    // What cannot be read as one is none that anybody could go on with.
    return false
  } finally {
    db?.close()
  }
}

/** From now on nobody opens the file as a ledger, whatever becomes of the move. */
export function markMoving(db: Database, to: string, atMs: number): void {
  db.transaction('write', () => {
    db.run('DROP TABLE IF EXISTS moved')
    db.run(
      `CREATE TABLE moved (one INTEGER PRIMARY KEY CHECK (one = 1), place TEXT NOT NULL,
         at_ms INTEGER NOT NULL, is_done INTEGER NOT NULL) STRICT`,
    )
    db.run('INSERT INTO moved (one, place, at_ms, is_done) VALUES (1, ?, ?, 0)', to, atMs)
    db.exec(`PRAGMA application_id = ${MOVED_APPLICATION}`)
  })
}

/** The other place has it. */
export function markMoved(db: Database): void {
  db.transaction('write', () => {
    db.run('UPDATE moved SET is_done = 1')
  })
}

/** The ledger is here again: of a move that came to nothing, and of a copy that is restored. */
export function forgetMoved(db: Database): void {
  if (readMoved(db) === null) return
  db.transaction('write', () => {
    db.run('DROP TABLE moved')
    db.exec(`PRAGMA application_id = ${LEDGER_APPLICATION}`)
  })
}

function applicationOf(db: Database): number {
  return integer(db.get('PRAGMA application_id') ?? {}, 'application_id')
}
