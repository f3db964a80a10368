/**
 * Puts a ledger in the place of another, or of none, in steps of which each leaves a whole ledger.
 *
 * A draft is made beside the place (`.restoring`): the backup copied, checked, brought to this
 * program's format, begun anew. The ledger in place is folded into its one file and linked into a
 * folder of its own before the draft takes its name in one rename. Killed before the rename the old
 * ledger is there, after it the new one; what is left of a draft is removed by the next restore.
 * Only a ledger that SQLite cannot open is in place without its log for an instant, when both are
 * in that folder already.
 */
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { AppError, errorCode, errorSentence, syncFolder } from '@yiben/shared'
import type { OutboxEntry } from '../../model/ledger.ts'
import type { LedgerState } from '../requests.ts'
import type { Store } from '../store.ts'
import { integer, text } from '../values.ts'
import { endAllLogins } from './access.ts'
import { checkWhole } from './backup.ts'
import { coreOver, holdCommands, holdServing } from './core.ts'
import { chooseDriver, type Database, openConnection } from './driver.ts'
import { readLedger } from './ledger.ts'
import { migrate } from './migrate.ts'
import { forgetMoved } from './moved.ts'
import { addToOutbox } from './outbox.ts'
import { beginRecovery } from './recovery.ts'
import { forgetJoinStates } from './roster.ts'
import { inProcessStore } from './store.ts'

const MODE_OWNER_ONLY = 0o600
/** Folders of ledgers that others took the place of are called so, and when. */
const ASIDE = 'replaced-'
/** As long as the old ledger may still be the one in place. */
const PARTIAL = '.partial'
/** SQLite keeps its log and the index of it beside the file. */
const SIDE_FILES = ['-wal', '-shm'] as const

/** Which ledger a file holds, and every checkpoint that it keeps. */
export interface LedgerFacts {
  readonly ledger: LedgerState
  readonly notes: readonly string[]
}

/**
 * Keeps collectors and commands out of the place until released. Throws `disk_locked` when one of
 * them has the ledger open.
 */
export function holdPlace(ledgerPath: string): { release(): void } {
  const serving = holdServing(ledgerPath, chooseDriver())
  try {
    const commands = holdCommands(ledgerPath, chooseDriver())
    return {
      release: () => {
        commands.release()
        serving.release()
      },
    }
  } catch (error) {
    serving.release()
    throw error
  }
}

/** `null` where there is no ledger, or one that cannot be read. */
export function readFactsInPlace(ledgerPath: string): LedgerFacts | null {
  if (!existsSync(ledgerPath)) return null
  let db: Database | null = null
  try {
    db = connect(ledgerPath)
    return factsOf(db)
  } catch {
    return null
  } finally {
    db?.close()
  }
}

export class LedgerDraft {
  /** The draft as a ledger that can be asked. */
  readonly store: Store
  readonly facts: LedgerFacts
  readonly #db: Database
  readonly #path: string
  readonly #ledgerPath: string

  /** Throws when the backup is no whole ledger that this program can read; nothing is left then. */
  static copyOf(backupPath: string, ledgerPath: string): LedgerDraft {
    refuseUnfit(backupPath, ledgerPath)
    const path = `${ledgerPath}.restoring`
    removeDraft(path)
    try {
      copyFileSync(backupPath, path, constants.COPYFILE_EXCL)
      chmodSync(path, MODE_OWNER_ONLY)
      return new LedgerDraft(path, ledgerPath)
    } catch (error) {
      removeDraft(path)
      throw unfit(backupPath, error)
    }
  }

  private constructor(path: string, ledgerPath: string) {
    this.#path = path
    this.#ledgerPath = ledgerPath
    this.#db = connect(path)
    try {
      checkWhole(this.#db)
      // What is restored is a ledger of its own: it begins a generation.
      forgetMoved(this.#db)
      migrate(this.#db)
      this.facts = factsOf(this.#db)
    } catch (error) {
      this.#db.close()
      throw error
    }
    this.store = inProcessStore(coreOver(this.#db, () => {}))
  }

  /**
   * From now on it is a new generation, which begins with `opening`, before anything that waited in
   * the outbox, and does not know yet what is lent.
   */
  begin(generation: Pick<LedgerState, 'generation' | 'openedAtMs'>, opening: OutboxEntry): void {
    const db = this.#db
    db.transaction('write', () => {
      db.run(
        'UPDATE ledger SET generation = ?, opened_at_ms = ?',
        generation.generation,
        generation.openedAtMs,
      )
      addToOutbox(db, [opening])
      const row = db.get('SELECT max(outbox_id) AS outbox_id FROM outbox') ?? {}
      const openingId = integer(row, 'outbox_id')
      db.run(
        `INSERT INTO outbox (kind, at_ms, payload)
         SELECT kind, at_ms, payload FROM outbox WHERE outbox_id < ? ORDER BY outbox_id`,
        openingId,
      )
      db.run('DELETE FROM outbox WHERE outbox_id < ?', openingId)
      forgetJoinStates(db)
      endAllLogins(db, generation.openedAtMs)
      beginRecovery(db, generation.generation)
    })
  }

  /** Takes the place; answers the folder that what was there is in now, `null` for nothing. */
  place(stamp: string): string | null {
    fold(this.#db)
    this.#db.close()
    syncFile(this.#path)
    const folder = dirname(this.#ledgerPath)
    const asideDir = join(folder, `${ASIDE}${stamp}`)
    const wasThere = setAside(this.#ledgerPath, asideDir)
    renameSync(this.#path, this.#ledgerPath)
    syncFolder(folder)
    if (!wasThere) return null
    nameAside(asideDir)
    return asideDir
  }

  /** Leaves nothing of itself; harmless after `place`. */
  discard(): void {
    this.#db.close()
    removeDraft(this.#path)
  }
}

function connect(path: string): Database {
  return openConnection({ path, driver: chooseDriver(), isReader: false, synchronous: 'FULL' })
}

function factsOf(db: Database): LedgerFacts {
  return {
    ledger: readLedger(db),
    notes: db.all('SELECT note FROM checkpoints').map((row) => text(row, 'note')),
  }
}

function refuseUnfit(backupPath: string, ledgerPath: string): void {
  const backup = statSync(backupPath, { throwIfNoEntry: false })
  if (backup === undefined || !backup.isFile()) {
    throw new AppError('not_found', `There is no backup at ${backupPath}.`)
  }
  const place = statSync(ledgerPath, { throwIfNoEntry: false })
  if (place !== undefined && place.ino === backup.ino && place.dev === backup.dev) {
    throw new AppError('conflict', `${backupPath} is the ledger that is in place.`)
  }
  const log = statSync(`${backupPath}-wal`, { throwIfNoEntry: false })
  if (log !== undefined && log.size > 0) {
    const sentence = `${backupPath} was copied while it was written: ${basename(backupPath)}-wal holds the rest; take a copy that \`backup\` has made.`
    throw new AppError('conflict', sentence)
  }
}

function unfit(backupPath: string, error: unknown): AppError {
  const code = errorCode(error)
  const sentence = `${backupPath} cannot be restored: ${errorSentence(error)}`
  return new AppError(code === 'internal' ? 'disk_failed' : code, sentence, { cause: error })
}

/** Everything is in the one file: nothing that lies beside it is needed any more. */
function fold(db: Database): void {
  db.exec('PRAGMA busy_timeout = 0')
  db.exec('PRAGMA journal_mode = DELETE')
  const { journal_mode: mode } = db.get('PRAGMA journal_mode') ?? {}
  if (mode !== 'delete') {
    throw new AppError('disk_locked', 'Another program has the ledger open: close it first.')
  }
}

/**
 * The ledger in place stays there, and is in a folder that `nameAside` gives its name to. `false`
 * where nothing was in place.
 */
function setAside(ledgerPath: string, asideDir: string): boolean {
  const folder = dirname(ledgerPath)
  settleAsides(ledgerPath)
  foldInPlace(ledgerPath)
  const names = ['', ...SIDE_FILES].filter((suffix) => existsSync(`${ledgerPath}${suffix}`))
  if (names.length === 0) return false
  const partial = `${asideDir}${PARTIAL}`
  mkdirSync(partial, { mode: 0o700 })
  for (const suffix of names) {
    const path = `${ledgerPath}${suffix}`
    linkSync(path, join(partial, basename(path)))
  }
  syncFolder(partial)
  syncFolder(folder)
  // A log that stayed would be taken for that of the new file.
  for (const suffix of SIDE_FILES) rmSync(`${ledgerPath}${suffix}`, { force: true })
  syncFolder(folder)
  return true
}

function nameAside(asideDir: string): void {
  renameSync(`${asideDir}${PARTIAL}`, asideDir)
  syncFolder(dirname(asideDir))
}

/** What a restore that was killed has left: a second name of the ledger in place, or the old one. */
function settleAsides(ledgerPath: string): void {
  const folder = dirname(ledgerPath)
  const inPlace = statSync(ledgerPath, { throwIfNoEntry: false })
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(ASIDE) || !name.endsWith(PARTIAL)) continue
    const partial = join(folder, name)
    const aside = statSync(join(partial, basename(ledgerPath)), { throwIfNoEntry: false })
    if (aside === undefined || aside.ino === inPlace?.ino) rmSync(partial, { recursive: true })
    else nameAside(partial.slice(0, -PARTIAL.length))
  }
}

/** One that is damaged cannot be folded: it is set aside as it is. */
function foldInPlace(ledgerPath: string): void {
  if (!existsSync(ledgerPath)) return
  let db: Database | null = null
  try {
    db = connect(ledgerPath)
    fold(db)
  } catch (error) {
    if (errorCode(error) !== 'disk_failed') throw error
  } finally {
    db?.close()
  }
}

function removeDraft(path: string): void {
  for (const suffix of ['', '-journal', ...SIDE_FILES]) rmSync(`${path}${suffix}`, { force: true })
}

function syncFile(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
