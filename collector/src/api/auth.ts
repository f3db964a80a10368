/**
 * Who asks, in which role, and what of the ledger the asker may see: by a bearer token, or by the
 * cookie of a person who has logged in. Checks of a token in order: form, known and secret right,
 * revoked, expired, role, whole ledger. A wrong secret reads like an unknown token, and takes as long.
 */
import { AppError, type Clock, equalBytes, parseAccessToken, secretHash } from '@yiben/shared'
import type { FastifyRequest } from 'fastify'
import { scopeOf } from '../inventory/administration.ts'
import type { Login } from '../storage/access-store.ts'
import type { Role, Scope, TokenRow } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import { type AccessName, accessOf } from './access.ts'
import { type CookieSettings, refuseForged, sessionCookie } from './login/cookies.ts'
import type { Logins } from './login/logins.ts'

/** Who asks. Every read of the store passes `scope`. */
export interface Asker {
  /** Id of the token it rests on, or the subject at the provider (`<issuer>#<sub>`). */
  readonly actor: string
  readonly role: Role
  readonly scope: Scope
  /** `null`: a program, with a bearer token. */
  readonly login: Login | null
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The row of `access.ts`; a route without one answers nobody. */
    access?: AccessName
  }
  interface FastifyRequest {
    asker: Asker | null
  }
}

const BEARER = /^Bearer +(\S+)$/i
/** Compared with where no token is found, so that the answer takes as long. */
const NO_HASH = new Uint8Array(32)

export interface AuthParts {
  readonly store: Pick<Store, 'findToken'>
  readonly clock: Clock
  readonly logins: Logins
  readonly access: { readonly cookies: CookieSettings }
}

/** An `onRequest` hook: sets `request.asker`, or throws. */
export function authenticator(parts: AuthParts) {
  return async (request: FastifyRequest): Promise<void> => {
    if (request.is404) return
    const name = request.routeOptions.config.access
    if (name === undefined) throw new AppError('forbidden', 'this route is open to nobody')
    if (accessOf(name).roles === 'open') return
    // Known before it is judged: what was refused is logged with who asked.
    request.asker = await authenticate(request, parts)
    authorize(request.asker, name)
  }
}

/** Whether a request that is still being answered would be let in again. */
export async function stillHolds(request: FastifyRequest, parts: AuthParts): Promise<boolean> {
  const name = request.routeOptions.config.access
  try {
    const asker = await authenticate(request, parts)
    if (name !== undefined) authorize(asker, name)
    return name !== undefined
  } catch (error) {
    if (error instanceof AppError) return false
    throw error
  }
}

/** Of a request behind a route that is not open. */
export function askerOf(request: FastifyRequest): Asker {
  if (request.asker === null) throw new AppError('unauthenticated', 'this needs an access token')
  return request.asker
}

/** As entries of the journal name who did something. */
export function authorOf({ actor, login }: Asker): string {
  return login !== null && login.tokenId === null ? `${login.label} (${actor})` : `token ${actor}`
}

/** A header wins over a cookie: programs say what they mean. */
async function authenticate(request: FastifyRequest, parts: AuthParts): Promise<Asker> {
  const { authorization } = request.headers
  if (authorization === undefined) {
    const secret = sessionCookie(request)
    if (secret !== null) {
      const login = await parts.logins.find(secret)
      refuseForged(request, secret, parts.access.cookies)
      return askerOfLogin(login)
    }
  }
  const [, text] = BEARER.exec(authorization ?? '') ?? []
  if (text === undefined) {
    throw new AppError(
      'unauthenticated',
      'this needs an access token, sent as `Authorization: Bearer yba_…`, or a session',
    )
  }
  const row = await findToken(text, parts)
  return { actor: row.tokenId, role: row.role, scope: scopeOf(row), login: null }
}

/** An access token that holds now. */
export type HeldToken = TokenRow & { readonly role: Role }

/** Throws for one that is malformed, unknown, revoked, expired, or has no role. */
export async function findToken(
  text: string,
  { clock, store }: Pick<AuthParts, 'clock' | 'store'>,
): Promise<HeldToken> {
  const { id, secret } = parseAccessToken(text)
  const row = await store.findToken(id)
  const stored = row === null ? NO_HASH : Buffer.from(row.secretHash, 'hex')
  const isRight = equalBytes(secretHash(secret), stored)
  if (row === null || row.kind !== 'access' || !isRight) {
    throw new AppError('token_unknown', 'the access token is not known')
  }
  return heldToken(row, clock.wallMs())
}

export function askerOfLogin(login: Login): Asker {
  const { role, subject, tokenId } = login
  return { actor: tokenId ?? subject, role, scope: scopeOf(login), login }
}

function heldToken(row: TokenRow, nowMs: number): HeldToken {
  const { role } = row
  if (row.revokedAtMs !== null) {
    throw new AppError('token_revoked', 'the access token has been revoked')
  }
  if (row.expiresAtMs <= nowMs) {
    const at = new Date(row.expiresAtMs).toISOString()
    throw new AppError('token_expired', `the access token expired at ${at}`)
  }
  if (role === null) throw new AppError('forbidden', 'the access token has no role')
  return { ...row, role }
}

function authorize(asker: Asker, name: AccessName): void {
  const { beforeSecondFactor, roles, wholeLedgerOnly } = accessOf(name)
  if (asker.login?.factor === 'missing' && !beforeSecondFactor) {
    throw new AppError('second_factor_required', 'this session still needs its second factor')
  }
  if (roles !== 'open' && !roles.includes(asker.role)) {
    throw new AppError('forbidden', `the role ${asker.role} may not ask for this`)
  }
  const isBound = asker.scope.regions !== 'all' || asker.scope.sites !== 'all'
  if (wholeLedgerOnly && isBound) {
    throw new AppError('forbidden', 'a token bound to a region or a site may not ask for this')
  }
}
