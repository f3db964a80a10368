/** Sessions of people, and their second factors: only hashes and what is sealed are here. */
import { ENDED_KEPT_MS, factorOf, loginCursor, loginOf } from '../access-rows.ts'
import type {
  FactorTry,
  FactorTryResult,
  FactorUse,
  FoundLogin,
  Login,
  SecondFactor,
} from '../access-store.ts'
import { pageLimit, pageOf } from '../paging.ts'
import { integerOrNull } from '../values.ts'
import type { Database } from './driver.ts'
import type { SyncStore } from './methods.ts'
import { addToOutbox } from './outbox.ts'

type AccessMethods = Pick<
  SyncStore,
  | 'openLogin'
  | 'findLogin'
  | 'raiseLogin'
  | 'endLogin'
  | 'listLogins'
  | 'findSecondFactor'
  | 'enrollSecondFactor'
  | 'trySecondFactor'
  | 'useSecondFactor'
  | 'resetSecondFactor'
  | 'listSecondFactors'
>

export function accessMethods(db: Database): AccessMethods {
  return {
    openLogin: (login) => openLogin(db, login),
    findLogin: (cookieHash) => findLogin(db, cookieHash),

    raiseLogin: ({ cookieHash, factor, newCookieHash }) => {
      const { changes } = db.run(
        'UPDATE logins SET cookie_hash = ?, factor = ? WHERE cookie_hash = ? AND ended_at_ms IS NULL',
        newCookieHash,
        factor,
        cookieHash,
      )
      return { status: changes === 1 ? 'raised' : 'not_found' }
    },

    endLogin: (loginId, atMs) => {
      const row = db.get('SELECT ended_at_ms FROM logins WHERE login_id = ?', loginId)
      if (row === undefined) return { status: 'not_found' }
      if (row.ended_at_ms !== null) return { status: 'already_ended' }
      db.run('UPDATE logins SET ended_at_ms = ? WHERE login_id = ?', atMs, loginId)
      return { status: 'ended' }
    },

    listLogins: (atMs, seenSinceMs, page) => {
      const limit = pageLimit(page)
      const [beforeMs, beforeId] = loginCursor(page.cursor)
      const rows = db
        .all(
          `SELECT l.* FROM logins l LEFT JOIN tokens t ON t.token_id = l.token_id
           WHERE l.ended_at_ms IS NULL AND l.expires_at_ms > ? AND l.seen_at_ms >= ?
             AND (t.token_id IS NULL OR (t.revoked_at_ms IS NULL AND t.expires_at_ms > ?))
             AND (l.created_at_ms, l.login_id) < (?, ?)
           ORDER BY l.created_at_ms DESC, l.login_id DESC LIMIT ?`,
          atMs,
          seenSinceMs,
          atMs,
          beforeMs,
          beforeId,
          limit + 1,
        )
        .map(loginOf)
      return pageOf(rows, limit, (login) => `${login.createdAtMs}:${login.loginId}`)
    },

    ...secondFactorMethods(db),
  }
}

function secondFactorMethods(
  db: Database,
): Omit<AccessMethods, 'openLogin' | 'findLogin' | 'raiseLogin' | 'endLogin' | 'listLogins'> {
  return {
    findSecondFactor: (subject) => findSecondFactor(db, subject),

    enrollSecondFactor: (factor) => {
      const { changes } = db.run(
        `INSERT INTO second_factors (subject, label, sealed_secret, recovery, created_at_ms)
         VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (subject) DO UPDATE SET label = excluded.label,
           sealed_secret = excluded.sealed_secret, recovery = excluded.recovery,
           created_at_ms = excluded.created_at_ms
         WHERE confirmed_at_ms IS NULL`,
        factor.subject,
        factor.label,
        factor.sealedSecret,
        JSON.stringify(factor.recovery),
        factor.createdAtMs,
      )
      return { status: changes === 1 ? 'enrolled' : 'confirmed_already' }
    },

    trySecondFactor: (attempt) => trySecondFactor(db, attempt),
    useSecondFactor: (use) => ({ status: takeProof(db, use) ? 'taken' : 'used' }),

    resetSecondFactor: (subject, atMs, outbox) => {
      const { changes } = db.run('DELETE FROM second_factors WHERE subject = ?', subject)
      if (changes === 0) return { status: 'not_found' }
      db.run(
        'UPDATE logins SET ended_at_ms = ? WHERE subject = ? AND ended_at_ms IS NULL',
        atMs,
        subject,
      )
      addToOutbox(db, outbox)
      return { status: 'reset' }
    },

    listSecondFactors: (page) => {
      const limit = pageLimit(page)
      const rows = db
        .all(
          'SELECT * FROM second_factors WHERE subject > ? ORDER BY subject LIMIT ?',
          page.cursor ?? '',
          limit + 1,
        )
        .map(factorOf)
      return pageOf(rows, limit, ({ subject }) => subject)
    },
  }
}

function openLogin(db: Database, login: Login): void {
  db.run(
    'DELETE FROM logins WHERE expires_at_ms < ? OR ended_at_ms < ?',
    login.createdAtMs - ENDED_KEPT_MS,
    login.createdAtMs - ENDED_KEPT_MS,
  )
  db.run(
    `INSERT INTO logins (login_id, cookie_hash, method, subject, token_id, label, role, site_code,
       region_code, factor, address, created_at_ms, seen_at_ms, expires_at_ms, ended_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    login.loginId,
    login.cookieHash,
    login.method,
    login.subject,
    login.tokenId,
    login.label,
    login.role,
    login.siteCode,
    login.regionCode,
    login.factor,
    login.address,
    login.createdAtMs,
    login.seenAtMs,
    login.expiresAtMs,
    login.endedAtMs,
  )
}

function findLogin(db: Database, cookieHash: string): FoundLogin | null {
  const row = db.get(
    `SELECT l.*, t.expires_at_ms AS token_expires_at_ms, t.revoked_at_ms AS token_revoked_at_ms
     FROM logins l LEFT JOIN tokens t ON t.token_id = l.token_id WHERE l.cookie_hash = ?`,
    cookieHash,
  )
  if (row === undefined) return null
  const expiresAtMs = integerOrNull(row, 'token_expires_at_ms')
  const revokedAtMs = integerOrNull(row, 'token_revoked_at_ms')
  return { login: loginOf(row), token: expiresAtMs === null ? null : { expiresAtMs, revokedAtMs } }
}

function findSecondFactor(db: Database, subject: string): SecondFactor | null {
  const row = db.get('SELECT * FROM second_factors WHERE subject = ?', subject)
  return row === undefined ? null : factorOf(row)
}

/** Of a restored ledger: what was ended since its copy was made is not known to it. */
export function endAllLogins(db: Database, atMs: number): void {
  db.run('UPDATE logins SET ended_at_ms = ? WHERE ended_at_ms IS NULL', atMs)
}

/** A lock that is over is forgotten with the count that led to it. */
function trySecondFactor(
  db: Database,
  { atMs, attemptsMax, lockMs, subject }: FactorTry,
): FactorTryResult {
  const factor = findSecondFactor(db, subject)
  if (factor === null) return { status: 'absent' }
  const { lockedUntilMs } = factor
  if (lockedUntilMs !== null && lockedUntilMs > atMs) {
    return { status: 'locked', untilMs: lockedUntilMs }
  }
  const attempts = (lockedUntilMs === null ? factor.attempts : 0) + 1
  db.run(
    'UPDATE second_factors SET attempts = ?, locked_until_ms = ? WHERE subject = ?',
    attempts,
    attempts >= attemptsMax ? atMs + lockMs : null,
    subject,
  )
  return { status: 'counted', factor }
}

function takeProof(db: Database, { atMs, proof, subject }: FactorUse): boolean {
  const factor = findSecondFactor(db, subject)
  if (factor === null) return false
  const isStep = 'step' in proof
  if (isStep ? proof.step <= factor.lastStep : !factor.recovery.includes(proof.recoveryHash)) {
    return false
  }
  const left = isStep
    ? factor.recovery
    : factor.recovery.filter((hash) => hash !== proof.recoveryHash)
  db.run(
    `UPDATE second_factors SET attempts = 0, locked_until_ms = NULL, last_step = ?, recovery = ?,
       confirmed_at_ms = COALESCE(confirmed_at_ms, ?) WHERE subject = ?`,
    isStep ? proof.step : factor.lastStep,
    JSON.stringify(left),
    atMs,
    subject,
  )
  return true
}
