/**
 * `/v1/tokens`, `/v1/sessions`: who is let in, by what, and until when; made, shown and taken back by
 * `security`, under the same rules as on the command line. A token is shown once.
 */
import { AppError } from '@yiben/shared'
import { z } from 'zod'
import { mintToken, TOKEN_TTL_MS_DEFAULT, tokenRevoked } from '../../inventory/administration.ts'
import { LOGIN_FACTORS, LOGIN_METHODS, type Login } from '../../storage/access-store.ts'
import { ROLES, type TokenRow } from '../../storage/requests.ts'
import type { App } from '../app.ts'
import { askerOf, authorOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import {
  durationIn,
  instantOrNull,
  instantOut,
  instantText,
  nextCursorOut,
  PROBLEMS,
  pageIn,
  pageOf,
} from '../schemas.ts'

const TTL_MAX = '400d'

const tokenSchema = z.object({
  token_id: z.string(),
  kind: z.enum(['enroll', 'access', 'child']),
  role: z.enum(ROLES).nullable(),
  site_code: z.string().nullable(),
  region_code: z.string().nullable(),
  from: z.string().nullable().meta({ description: 'addresses it may be used from' }),
  uses_left: z.number().int().nullable(),
  created_at: instantOut,
  expires_at: instantOut,
  revoked_at: instantOut.nullable(),
  is_valid: z.boolean(),
})

const newTokenIn = z.strictObject({
  role: z.enum(ROLES).optional().meta({ description: 'left out: an enrollment token of the site' }),
  site_code: z.string().max(64).optional(),
  region_code: z.string().max(6).optional(),
  from: z.string().max(64).optional(),
  uses: z.number().int().optional(),
  ttl: durationIn(TTL_MAX).optional(),
})

const loginSchema = z.object({
  session_id: z.string(),
  method: z.enum(LOGIN_METHODS),
  subject: z.string(),
  label: z.string(),
  role: z.enum(ROLES),
  site_code: z.string().nullable(),
  region_code: z.string().nullable(),
  second_factor: z.enum(LOGIN_FACTORS),
  address: z.string(),
  created_at: instantOut,
  seen_at: instantOut,
  expires_at: instantOut,
})

const idIn = z.object({ id: z.string().regex(/^[0-9a-f]{16}$/) })

export function tokensRoutes(app: App, context: ApiContext): void {
  app.get(
    '/v1/tokens',
    {
      config: { access: 'tokens' },
      schema: {
        summary: 'All tokens, without their secrets',
        response: { 200: z.object({ tokens: z.array(tokenSchema) }), ...PROBLEMS },
      },
    },
    async () => {
      const rows = await context.store.listTokens()
      return { tokens: rows.map((row) => tokenAnswer(row, context.clock.wallMs())) }
    },
  )
  app.post(
    '/v1/tokens',
    {
      config: { access: 'tokens_change' },
      schema: {
        summary: 'Makes a token and shows it, once',
        body: newTokenIn,
        response: { 201: tokenSchema.extend({ token: z.string() }), ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const { clock, random, store } = context
      const { body } = request
      const minted = mintToken(
        {
          role: body.role ?? null,
          siteCode: body.site_code ?? null,
          regionCode: body.region_code ?? null,
          cidr: body.from ?? null,
          uses: body.uses ?? null,
          ttlMs: body.ttl ?? TOKEN_TTL_MS_DEFAULT,
        },
        {
          random,
          identity: context.access.identity,
          authorityPin: context.access.authorityPin?.() ?? null,
          by: authorOf(askerOf(request)),
          nowMs: clock.wallMs(),
        },
      )
      await store.createToken(minted.row, minted.outbox)
      context.onOutbox()
      reply.header('cache-control', 'no-store').code(201)
      return { ...tokenAnswer(minted.row, clock.wallMs()), token: minted.text }
    },
  )
  app.post(
    '/v1/tokens/:id/revoke',
    {
      config: { access: 'tokens_change' },
      schema: {
        summary: 'Ends a token at once, and the sessions that rest on it',
        params: idIn,
        response: { 200: tokenSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const { clock, store } = context
      const { id } = request.params
      const nowMs = clock.wallMs()
      const entry = tokenRevoked(id, authorOf(askerOf(request)), nowMs)
      const { status } = await store.revokeToken(id, nowMs, [entry])
      const row = status === 'not_found' ? null : await store.findToken(id)
      if (row === null) throw new AppError('not_found', `there is no token ${id}`)
      context.onOutbox()
      context.logins.changed()
      return tokenAnswer(row, nowMs)
    },
  )
  sessionsRoutes(app, context)
}

function sessionsRoutes(app: App, context: ApiContext): void {
  app.get(
    '/v1/sessions',
    {
      config: { access: 'sessions' },
      schema: {
        summary: 'People who are logged in now, newest first',
        querystring: z.strictObject(pageIn),
        response: {
          200: z.object({ sessions: z.array(loginSchema), next_cursor: nextCursorOut }),
          ...PROBLEMS,
        },
      },
    },
    async (request) => {
      const nowMs = context.clock.wallMs()
      const sinceMs = nowMs - context.logins.times.idleMs
      const page = await context.store.listLogins(nowMs, sinceMs, pageOf(request.query))
      return { sessions: page.rows.map(loginAnswer), next_cursor: page.nextCursor }
    },
  )
  app.delete(
    '/v1/sessions/:id',
    {
      config: { access: 'sessions_end' },
      schema: {
        summary: 'Ends a session at once',
        params: idIn,
        response: { 200: z.object({ status: z.enum(['ended', 'already_ended']) }), ...PROBLEMS },
      },
    },
    async (request) => {
      const { id } = request.params
      const status = await context.logins.end(id)
      if (status === 'not_found') throw new AppError('not_found', `there is no session ${id}`)
      return { status }
    },
  )
}

function tokenAnswer(row: TokenRow, nowMs: number): z.infer<typeof tokenSchema> {
  return {
    token_id: row.tokenId,
    kind: row.kind,
    role: row.role,
    site_code: row.siteCode,
    region_code: row.regionCode,
    from: row.cidr,
    uses_left: row.usesLeft,
    created_at: instantText(row.createdAtMs),
    expires_at: instantText(row.expiresAtMs),
    revoked_at: instantOrNull(row.revokedAtMs),
    is_valid: row.revokedAtMs === null && row.expiresAtMs > nowMs && row.usesLeft !== 0,
  }
}

function loginAnswer(login: Login): z.infer<typeof loginSchema> {
  return {
    session_id: login.loginId,
    method: login.method,
    subject: login.subject,
    label: login.label,
    role: login.role,
    site_code: login.siteCode,
    region_code: login.regionCode,
    second_factor: login.factor,
    address: login.address,
    created_at: instantText(login.createdAtMs),
    seen_at: instantText(login.seenAtMs),
    expires_at: instantText(login.expiresAtMs),
  }
}
