/**
 * What SQLite says when the disk lets it down, as codes of ours. Everything else (a broken
 * constraint, a wrong statement) is a bug and passes through as it is.
 */
import { AppError, type ErrorCode } from '@yiben/shared'

interface Translation {
  readonly code: ErrorCode
  readonly sentence: string
}

/** By SQLite's primary result code (https://sqlite.org/rescode.html). */
const BY_RESULT_CODE: Readonly<Record<number, Translation>> = {
  5: { code: 'disk_locked', sentence: 'The ledger file is locked by another program.' },
  6: { code: 'disk_locked', sentence: 'The ledger file is locked by another connection.' },
  8: { code: 'disk_failed', sentence: 'The ledger file cannot be written: it is read-only.' },
  10: { code: 'disk_failed', sentence: 'The disk of the ledger file failed.' },
  11: { code: 'disk_failed', sentence: 'The ledger file is damaged.' },
  13: { code: 'disk_full', sentence: 'The disk of the ledger file is full.' },
  14: { code: 'disk_failed', sentence: 'The ledger file cannot be opened.' },
  26: { code: 'disk_failed', sentence: 'The ledger file is not a SQLite database.' },
}

const SQLITE_CONSTRAINT = 19

/** better-sqlite3 names the result code, `node:sqlite` numbers it. */
const RESULT_CODE_NAMES: readonly (readonly [prefix: string, code: number])[] = [
  ['SQLITE_BUSY', 5],
  ['SQLITE_LOCKED', 6],
  ['SQLITE_READONLY', 8],
  ['SQLITE_IOERR', 10],
  ['SQLITE_CORRUPT', 11],
  ['SQLITE_FULL', 13],
  ['SQLITE_CANTOPEN', 14],
  ['SQLITE_NOTADB', 26],
  ['SQLITE_CONSTRAINT', SQLITE_CONSTRAINT],
]

export function translateSqliteError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof AppError) return error
  const resultCode = resultCodeOf(error)
  const known = resultCode === null ? undefined : BY_RESULT_CODE[resultCode]
  if (known === undefined) return error
  return new AppError(known.code, known.sentence, {
    cause: error,
    fields: { sqlite: error.message },
  })
}

/** A unique index, a check or a trigger of ours said no. */
export function isConstraintError(error: unknown): boolean {
  return error instanceof Error && resultCodeOf(error) === SQLITE_CONSTRAINT
}

function resultCodeOf(error: Error): number | null {
  if ('errcode' in error && typeof error.errcode === 'number') return error.errcode & 0xff
  if (!('code' in error) || typeof error.code !== 'string') return null
  const name = error.code
  return RESULT_CODE_NAMES.find(([prefix]) => name.startsWith(prefix))?.[1] ?? null
}
