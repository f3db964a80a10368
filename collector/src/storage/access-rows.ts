/** Rows of logins, second factors, tokens and the audit log. */
import type { AuditRow } from '../model/audit.ts'
import {
  type AuditSeal,
  LOGIN_FACTORS,
  LOGIN_METHODS,
  type Login,
  type SecondFactor,
} from './access-store.ts'
import { ROLES, type TokenRow } from './requests.ts'
import {
  bytes,
  integer,
  integerOrNull,
  type Row,
  storedJson,
  text,
  textOrNull,
  wordOf,
  wordOrNull,
} from './values.ts'

/** What is over is kept this long for people to look at; the audit log knows it for longer. */
export const ENDED_KEPT_MS = 30 * 86_400_000

/** The newest come first; what is no cursor of ours begins at the newest. */
export function loginCursor(cursor: string | null): readonly [number, string] {
  const [, atMs, loginId] = /^(\d{1,15}):([0-9a-f]{1,64})$/.exec(cursor ?? '') ?? []
  if (atMs === undefined || loginId === undefined) return [Number.MAX_SAFE_INTEGER, '']
  return [Number(atMs), loginId]
}

export function loginOf(row: Row): Login {
  return {
    loginId: text(row, 'login_id'),
    cookieHash: text(row, 'cookie_hash'),
    method: wordOf(row, 'method', LOGIN_METHODS),
    subject: text(row, 'subject'),
    tokenId: textOrNull(row, 'token_id'),
    label: text(row, 'label'),
    role: wordOf(row, 'role', ROLES),
    siteCode: textOrNull(row, 'site_code'),
    regionCode: textOrNull(row, 'region_code'),
    factor: wordOf(row, 'factor', LOGIN_FACTORS),
    address: text(row, 'address'),
    createdAtMs: integer(row, 'created_at_ms'),
    seenAtMs: integer(row, 'seen_at_ms'),
    expiresAtMs: integer(row, 'expires_at_ms'),
    endedAtMs: integerOrNull(row, 'ended_at_ms'),
  }
}

export function factorOf(row: Row): SecondFactor {
  return {
    subject: text(row, 'subject'),
    label: text(row, 'label'),
    sealedSecret: bytes(row, 'sealed_secret'),
    recovery: storedJson<readonly string[]>(text(row, 'recovery')),
    createdAtMs: integer(row, 'created_at_ms'),
    confirmedAtMs: integerOrNull(row, 'confirmed_at_ms'),
    lastStep: integer(row, 'last_step'),
    attempts: integer(row, 'attempts'),
    lockedUntilMs: integerOrNull(row, 'locked_until_ms'),
  }
}

const TOKEN_KINDS = ['enroll', 'access', 'child'] as const

export function tokenOf(row: Row): TokenRow {
  return {
    tokenId: text(row, 'token_id'),
    kind: wordOf(row, 'kind', TOKEN_KINDS),
    secretHash: text(row, 'secret_hash'),
    siteCode: textOrNull(row, 'site_code'),
    role: wordOrNull(row, 'role', ROLES),
    regionCode: textOrNull(row, 'region_code'),
    cidr: textOrNull(row, 'cidr'),
    usesLeft: integerOrNull(row, 'uses_left'),
    createdAtMs: integer(row, 'created_at_ms'),
    expiresAtMs: integer(row, 'expires_at_ms'),
    revokedAtMs: integerOrNull(row, 'revoked_at_ms'),
    ...(row.child_name === null ? {} : { childName: text(row, 'child_name') }),
  }
}

/** Rows of the chain that one answer holds: some megabytes. */
export const CHAIN_ROWS_MAX = 10_000

export function sealOf(row: Row): AuditSeal {
  return {
    throughNumber: integer(row, 'through_number'),
    hash: text(row, 'hash'),
    atMs: integer(row, 'at_ms'),
  }
}

export function auditRowOf(row: Row): AuditRow {
  return {
    number: integer(row, 'number'),
    atMs: integer(row, 'at_ms'),
    actor: textOrNull(row, 'actor'),
    role: textOrNull(row, 'role'),
    scope: textOrNull(row, 'scope'),
    loginId: textOrNull(row, 'login_id'),
    method: text(row, 'method'),
    route: text(row, 'route'),
    details: text(row, 'details'),
    status: integer(row, 'status'),
    address: text(row, 'address'),
    exportId: textOrNull(row, 'export_id'),
    purpose: textOrNull(row, 'purpose'),
    repeats: integer(row, 'repeats'),
    previousHash: text(row, 'previous_hash'),
    hash: text(row, 'hash'),
  }
}
