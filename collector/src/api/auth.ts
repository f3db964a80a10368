/**
 * Bearer tokens: who asks, in which role, and what of the ledger the asker may see. Checks in
 * order: form, known and secret right, revoked, expired, role, whole ledger. A wrong secret reads
 * like an unknown token, and takes as long.
 */
import { AppError, type Clock, equalBytes, parseAccessToken, secretHash } from '@yiben/shared'
import type { FastifyRequest } from 'fastify'
import { scopeOf } from '../inventory/administration.ts'
import type { Role, Scope, TokenRow } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import { type AccessName, accessOf } from './access.ts'

/** Who asks. Every read of the store passes `scope`. */
export interface Asker {
  readonly tokenId: string
  readonly role: Role
  readonly scope: Scope
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
}

/** An `onRequest` hook: sets `request.asker`, or throws. */
export function authenticator(parts: AuthParts) {
  return async (request: FastifyRequest): Promise<void> => {
    if (request.is404) return
    const name = request.routeOptions.config.access
    if (name === undefined) throw new AppError('forbidden', 'this route is open to nobody')
    if (accessOf(name).roles === 'open') return
    const asker = await authenticate(request.headers.authorization, parts)
    authorize(asker, name)
    request.asker = asker
  }
}

/** Of a request behind a route that is not open. */
export function askerOf(request: FastifyRequest): Asker {
  if (request.asker === null) throw new AppError('unauthenticated', 'this needs an access token')
  return request.asker
}

export async function authenticate(header: string | undefined, parts: AuthParts): Promise<Asker> {
  const [, text] = BEARER.exec(header ?? '') ?? []
  if (text === undefined) {
    throw new AppError(
      'unauthenticated',
      'this needs an access token, sent as `Authorization: Bearer yba_…`',
    )
  }
  const { id, secret } = parseAccessToken(text)
  const row = await parts.store.findToken(id)
  const stored = row === null ? NO_HASH : Buffer.from(row.secretHash, 'hex')
  const isRight = equalBytes(secretHash(secret), stored)
  if (row === null || row.kind !== 'access' || !isRight) {
    throw new AppError('token_unknown', 'the access token is not known')
  }
  return askerOfToken(row, parts.clock.wallMs())
}

function askerOfToken(row: TokenRow, nowMs: number): Asker {
  if (row.revokedAtMs !== null) {
    throw new AppError('token_revoked', 'the access token has been revoked')
  }
  if (row.expiresAtMs <= nowMs) {
    const at = new Date(row.expiresAtMs).toISOString()
    throw new AppError('token_expired', `the access token expired at ${at}`)
  }
  if (row.role === null) throw new AppError('forbidden', 'the access token has no role')
  return { tokenId: row.tokenId, role: row.role, scope: scopeOf(row) }
}

function authorize(asker: Asker, name: AccessName): void {
  const { roles, wholeLedgerOnly } = accessOf(name)
  if (roles !== 'open' && !roles.includes(asker.role)) {
    throw new AppError('forbidden', `the role ${asker.role} may not ask for this`)
  }
  const isBound = asker.scope.regions !== 'all' || asker.scope.sites !== 'all'
  if (wholeLedgerOnly && isBound) {
    throw new AppError('forbidden', 'a token bound to a region or a site may not ask for this')
  }
}
