/**
 * What PostgreSQL says when it lets us down, as codes of ours. Everything else (a broken
 * constraint, a wrong statement) is a bug and passes through as it is.
 */
import { AppError, type ErrorCode } from '@yiben/shared'

interface Translation {
  readonly code: ErrorCode
  readonly sentence: string
}

const AWAY: Translation = { code: 'store_unavailable', sentence: 'The database does not answer.' }

/** By SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html) or its class. */
const BY_STATE: Readonly<Record<string, Translation>> = {
  '08': AWAY,
  '57P': AWAY,
  '3D000': { code: 'store_unavailable', sentence: 'There is no such database.' },
  '28': { code: 'store_unavailable', sentence: 'The database refuses our user or password.' },
  // A primary that has become a standby.
  '25006': { code: 'store_unavailable', sentence: 'The database takes no writes now.' },
  '53100': { code: 'disk_full', sentence: 'The disk of the database is full.' },
  '53': { code: 'overloaded', sentence: 'The database has no room for more.' },
  '55P03': { code: 'overloaded', sentence: 'A row of the database stayed locked for too long.' },
  '58': { code: 'disk_failed', sentence: 'The disk of the database failed.' },
  XX001: { code: 'disk_failed', sentence: 'The database is damaged.' },
  XX002: { code: 'disk_failed', sentence: 'The database is damaged.' },
}

/** Words of the sockets and of the library, where the database has not said anything. */
const SOCKET_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
])
const LIBRARY_SENTENCES =
  /^(Connection terminated|Client (was closed|has encountered)|timeout (expired|exceeded)|Query read timeout|Cannot use a pool)/

export function translatePostgresError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof AppError) return error
  const known = translationOf(error)
  if (known === undefined) return error
  return new AppError(known.code, known.sentence, {
    cause: error,
    fields: { postgres: error.message },
  })
}

function translationOf(error: Error): Translation | undefined {
  const code = codeOf(error)
  if (code === null) return LIBRARY_SENTENCES.test(error.message) ? AWAY : undefined
  if (SOCKET_CODES.has(code)) return AWAY
  return BY_STATE[code] ?? BY_STATE[code.slice(0, 3)] ?? BY_STATE[code.slice(0, 2)]
}

/** A unique index, a check or a trigger of ours said no. */
export function isConstraintError(error: unknown): boolean {
  return error instanceof Error && (codeOf(error) ?? '').startsWith('23')
}

/** What was to be locked stayed in use for as long as we wait. */
export function isLockTimeout(error: unknown): boolean {
  return error instanceof Error && codeOf(error) === LOCK_NOT_AVAILABLE
}

/** Two transactions stood in each other's way; the same again will do, on what is true by then. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = codeOf(error)
  return code === SERIALIZATION_FAILURE || code === DEADLOCK || code === UNIQUE_VIOLATION
}

const SERIALIZATION_FAILURE = '40001'
const DEADLOCK = '40P01'
const LOCK_NOT_AVAILABLE = '55P03'
/** Another process was first with the same row: looked at again, it is there. */
const UNIQUE_VIOLATION = '23505'

function codeOf(error: Error): string | null {
  return 'code' in error && typeof error.code === 'string' ? error.code : null
}
