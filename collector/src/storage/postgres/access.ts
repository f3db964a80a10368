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
import type { Store } from '../store.ts'
import { integerOrNull } from '../values.ts'
import type { Database } from './driver.ts'
import { addToOutbox } from './outbox.ts'
import { sql } from './sql.ts'

type AccessMethods = Pick<
  Store,
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
    openLogin: async (login) => await openLogin(db, login),
    findLogin: async (cookieHash) => await findLogin(db, cookieHash),

    raiseLogin: async ({ cookieHash, factor, newCookieHash }) => {
      const { changes } = await db.run(
        sql`UPDATE logins SET cookie_hash = ${newCookieHash}, factor = ${factor}
          WHERE cookie_hash = ${cookieHash} AND ended_at_ms IS NULL`,
      )
      return { status: changes === 1 ? 'raised' : 'not_found' }
    },

    endLogin: async (loginId, atMs) => {
      const row = await db.get(
        sql`SELECT ended_at_ms FROM logins WHERE login_id = ${loginId} FOR UPDATE`,
      )
      if (row === undefined) return { status: 'not_found' }
      if (row.ended_at_ms !== null) return { status: 'already_ended' }
      await db.run(sql`UPDATE logins SET ended_at_ms = ${atMs} WHERE login_id = ${loginId}`)
      return { status: 'ended' }
    },

    listLogins: async (atMs, seenSinceMs, page) => {
      const limit = pageLimit(page)
      const [beforeMs, beforeId] = loginCursor(page.cursor)
      const rows = (
        await db.all(
          sql`SELECT l.* FROM logins l LEFT JOIN tokens t ON t.token_id = l.token_id
           WHERE l.ended_at_ms IS NULL AND l.expires_at_ms > ${atMs}
             AND l.seen_at_ms >= ${seenSinceMs}
             AND (t.token_id IS NULL OR (t.revoked_at_ms IS NULL AND t.expires_at_ms > ${atMs}))
             AND (l.created_at_ms, l.login_id) < (${beforeMs}::bigint, ${beforeId}::text)
           ORDER BY l.created_at_ms DESC, l.login_id DESC LIMIT ${limit + 1}`,
        )
      ).map(loginOf)
      return pageOf(rows, limit, (login) => `${login.createdAtMs}:${login.loginId}`)
    },

    ...secondFactorMethods(db),
  }
}

function secondFactorMethods(
  db: Database,
): Omit<AccessMethods, 'openLogin' | 'findLogin' | 'raiseLogin' | 'endLogin' | 'listLogins'> {
  return {
    findSecondFactor: async (subject) => await findSecondFactor(db, subject),

    enrollSecondFactor: async (factor) => {
      const { changes } = await db.run(
        sql`INSERT INTO second_factors (subject, label, sealed_secret, recovery, created_at_ms)
         VALUES (${factor.subject}, ${factor.label}, ${factor.sealedSecret},
           ${JSON.stringify(factor.recovery)}, ${factor.createdAtMs})
         ON CONFLICT (subject) DO UPDATE SET label = excluded.label,
           sealed_secret = excluded.sealed_secret, recovery = excluded.recovery,
           created_at_ms = excluded.created_at_ms
         WHERE second_factors.confirmed_at_ms IS NULL`,
      )
      return { status: changes === 1 ? 'enrolled' : 'confirmed_already' }
    },

    trySecondFactor: async (attempt) => await trySecondFactor(db, attempt),
    useSecondFactor: async (use) => ({ status: (await takeProof(db, use)) ? 'taken' : 'used' }),

    resetSecondFactor: async (subject, atMs, outbox) => {
      const { changes } = await db.run(sql`DELETE FROM second_factors WHERE subject = ${subject}`)
      if (changes === 0) return { status: 'not_found' }
      await db.run(
        sql`UPDATE logins SET ended_at_ms = ${atMs} WHERE subject = ${subject}
          AND ended_at_ms IS NULL`,
      )
      addToOutbox(db, outbox)
      return { status: 'reset' }
    },

    listSecondFactors: async (page) => {
      const limit = pageLimit(page)
      const rows = (
        await db.all(
          sql`SELECT * FROM second_factors WHERE subject > ${page.cursor ?? ''} ORDER BY subject
            LIMIT ${limit + 1}`,
        )
      ).map(factorOf)
      return pageOf(rows, limit, ({ subject }) => subject)
    },
  }
}

async function openLogin(db: Database, login: Login): Promise<void> {
  await db.run(
    sql`DELETE FROM logins WHERE expires_at_ms < ${login.createdAtMs - ENDED_KEPT_MS}
      OR ended_at_ms < ${login.createdAtMs - ENDED_KEPT_MS}`,
  )
  await db.run(
    sql`INSERT INTO logins (login_id, cookie_hash, method, subject, token_id, label, role,
      site_code,
       region_code, factor, address, created_at_ms, seen_at_ms, expires_at_ms, ended_at_ms)
     VALUES (${login.loginId}, ${login.cookieHash}, ${login.method}, ${login.subject},
       ${login.tokenId}, ${login.label}, ${login.role}, ${login.siteCode}, ${login.regionCode},
       ${login.factor}, ${login.address}, ${login.createdAtMs}, ${login.seenAtMs},
       ${login.expiresAtMs}, ${login.endedAtMs})`,
  )
}

async function findLogin(db: Database, cookieHash: string): Promise<FoundLogin | null> {
  const row = await db.get(
    sql`SELECT l.*, t.expires_at_ms AS token_expires_at_ms, t.revoked_at_ms AS token_revoked_at_ms
     FROM logins l LEFT JOIN tokens t ON t.token_id = l.token_id
       WHERE l.cookie_hash = ${cookieHash}`,
  )
  if (row === undefined) return null
  const expiresAtMs = integerOrNull(row, 'token_expires_at_ms')
  const revokedAtMs = integerOrNull(row, 'token_revoked_at_ms')
  return { login: loginOf(row), token: expiresAtMs === null ? null : { expiresAtMs, revokedAtMs } }
}

async function findSecondFactor(db: Database, subject: string): Promise<SecondFactor | null> {
  const row = await db.get(sql`SELECT * FROM second_factors WHERE subject = ${subject}`)
  return row === undefined ? null : factorOf(row)
}

/** Two tries at one instant are two tries. */
async function lockSecondFactor(db: Database, subject: string): Promise<SecondFactor | null> {
  const row = await db.get(sql`SELECT * FROM second_factors WHERE subject = ${subject} FOR UPDATE`)
  return row === undefined ? null : factorOf(row)
}

/** A lock that is over is forgotten with the count that led to it. */
async function trySecondFactor(
  db: Database,
  { atMs, attemptsMax, lockMs, subject }: FactorTry,
): Promise<FactorTryResult> {
  const factor = await lockSecondFactor(db, subject)
  if (factor === null) return { status: 'absent' }
  const { lockedUntilMs } = factor
  if (lockedUntilMs !== null && lockedUntilMs > atMs) {
    return { status: 'locked', untilMs: lockedUntilMs }
  }
  const attempts = (lockedUntilMs === null ? factor.attempts : 0) + 1
  await db.run(
    sql`UPDATE second_factors
      SET attempts = ${attempts},
      locked_until_ms = ${attempts >= attemptsMax ? atMs + lockMs : null}
      WHERE subject = ${subject}`,
  )
  return { status: 'counted', factor }
}

async function takeProof(db: Database, { atMs, proof, subject }: FactorUse): Promise<boolean> {
  const factor = await lockSecondFactor(db, subject)
  if (factor === null) return false
  const isStep = 'step' in proof
  if (isStep ? proof.step <= factor.lastStep : !factor.recovery.includes(proof.recoveryHash)) {
    return false
  }
  const left = isStep
    ? factor.recovery
    : factor.recovery.filter((hash) => hash !== proof.recoveryHash)
  await db.run(
    sql`UPDATE second_factors SET attempts = 0, locked_until_ms = NULL,
      last_step = ${isStep ? proof.step : factor.lastStep}, recovery = ${JSON.stringify(left)},
       confirmed_at_ms = COALESCE(confirmed_at_ms, ${atMs}) WHERE subject = ${subject}`,
  )
  return true
}

/** Of a restored ledger: what was ended since its copy was made is not known to it. */
export async function endAllLogins(db: Database, atMs: number): Promise<void> {
  await db.run(sql`UPDATE logins SET ended_at_ms = ${atMs} WHERE ended_at_ms IS NULL`)
}
