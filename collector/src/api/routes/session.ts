/**
 * `/v1/session`: a person exchanges an access token for a session cookie, sees who they are here, and
 * leaves. Failed tries are answered all alike, and ever more slowly, by address and by token.
 */
import { AppError, parseAccessToken } from '@yiben/shared'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Login } from '../../storage/access-store.ts'
import { LOGIN_METHODS } from '../../storage/access-store.ts'
import { ROLES } from '../../storage/requests.ts'
import type { App } from '../app.ts'
import { type Asker, askerOf, askerOfLogin, findToken, type HeldToken } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import {
  clearSessionCookie,
  refuseCrossSite,
  sessionCookie,
  setSessionCookie,
} from '../login/cookies.ts'
import { csrfOf, type OpenedLogin, type Person } from '../login/logins.ts'
import { instantOrNull, instantOut, instantText, PROBLEMS } from '../schemas.ts'

/** `off`: none is asked for; `provider`: the login provider vouches for one. */
const FACTOR_STATES = ['off', 'verified', 'provider', 'to_enroll', 'to_verify'] as const

export const sessionSchema = z.object({
  demo: z.boolean(),
  role: z.enum(ROLES),
  region_code: z.string().nullable().meta({ description: 'what may be seen; null: everything' }),
  site_code: z.string().nullable(),
  label: z.string().meta({ description: 'who this is, for people to read' }),
  subject: z.string(),
  method: z.enum([...LOGIN_METHODS, 'bearer']).meta({ description: 'bearer: no session' }),
  second_factor: z.enum(FACTOR_STATES).meta({
    description: 'to_enroll and to_verify: nothing else is answered before that is done',
  }),
  expires_at: instantOut.nullable(),
  idle_expires_at: instantOut.nullable().meta({ description: 'moves on with each request' }),
  csrf: z.string().nullable().meta({
    description: 'goes into `x-yiben-csrf` of each request that changes something',
  }),
})
type SessionAnswer = z.infer<typeof sessionSchema>

export function sessionRoutes(app: App, context: ApiContext): void {
  app.get(
    '/v1/session/methods',
    {
      config: { access: 'open' },
      schema: {
        summary: 'How people can log in here',
        response: {
          200: z.object({
            demo: z.boolean(),
            token: z.literal(true),
            oidc: z.boolean(),
            second_factor: z.enum(['required', 'off']),
          }),
        },
      },
    },
    () => ({
      demo: context.ledger.isDemo,
      token: true as const,
      oidc: context.provider !== null,
      second_factor: context.access.secondFactor,
    }),
  )
  app.get(
    '/v1/session',
    {
      config: { access: 'session' },
      schema: { summary: 'Who asks', response: { 200: sessionSchema, ...PROBLEMS } },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store')
      const { login } = askerOf(request)
      if (login === null) return bearerAnswer(context, askerOf(request))
      return await sessionAnswer(context, { login, secret: sessionCookie(request) ?? '' })
    },
  )
  loginRoute(app, context)
  app.delete(
    '/v1/session',
    {
      config: { access: 'session' },
      schema: { summary: 'Leaves: the session is over', response: { 204: z.null(), ...PROBLEMS } },
    },
    async (request, reply) => {
      const { login } = askerOf(request)
      if (login === null) throw new AppError('not_found', 'a bearer token has no session')
      await context.logins.end(login.loginId)
      clearSessionCookie(reply, context.access.cookies)
      return reply.code(204).send(null)
    },
  )
}

function loginRoute(app: App, context: ApiContext): void {
  app.post(
    '/v1/session',
    {
      config: { access: 'open', isLogin: true },
      schema: {
        summary: 'Logs a person in: an access token for a session cookie',
        security: [],
        body: z.strictObject({
          token: z.string().max(400),
          code: z.string().max(64).optional().meta({ description: 'second factor' }),
        }),
        response: { 200: sessionSchema, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const { access, logins, secondFactors } = context
      refuseCrossSite(request, access.cookies, false)
      const token = await heldTokenOf(context, request, request.body.token)
      const person = personOfToken(token, request.ip)
      if (access.secondFactor === 'off') {
        return await welcome(context, request, reply, await logins.open(person, 'off'))
      }
      if (!(await secondFactors.isEnrolled(person.subject))) {
        return await welcome(context, request, reply, await logins.open(person, 'missing'))
      }
      const { code } = request.body
      if (code === undefined) {
        throw new AppError('second_factor_required', 'give the code of your second factor too')
      }
      await secondFactors.verify(person.subject, code)
      return await welcome(context, request, reply, await logins.open(person, 'verified'))
    },
  )
}

/** Sets the cookie; a session that the browser had before is over. */
export async function welcome(
  context: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  opened: OpenedLogin,
): Promise<SessionAnswer> {
  const { access, logins } = context
  const before = sessionCookie(request)
  if (before !== null) {
    const old = await logins.find(before).catch(() => null)
    if (old !== null && old.loginId !== opened.login.loginId) await logins.end(old.loginId)
  }
  request.asker = askerOfLogin(opened.login)
  setSessionCookie(reply, opened.secret, access.cookies)
  reply.header('cache-control', 'no-store')
  return await sessionAnswer(context, opened)
}

async function sessionAnswer(
  { ledger, logins, secondFactors }: ApiContext,
  { login, secret }: OpenedLogin,
): Promise<SessionAnswer> {
  const isEnrolled = login.factor === 'missing' && (await secondFactors.isEnrolled(login.subject))
  return {
    demo: ledger.isDemo,
    role: login.role,
    region_code: login.regionCode,
    site_code: login.siteCode,
    label: login.label,
    subject: login.subject,
    method: login.method,
    second_factor:
      login.factor !== 'missing' ? login.factor : isEnrolled ? 'to_verify' : 'to_enroll',
    expires_at: instantText(login.expiresAtMs),
    idle_expires_at: instantText(logins.idleEndMs(login)),
    csrf: csrfOf(secret),
  }
}

async function bearerAnswer({ ledger, store }: ApiContext, asker: Asker): Promise<SessionAnswer> {
  const row = await store.findToken(asker.actor)
  return {
    demo: ledger.isDemo,
    role: asker.role,
    region_code: row?.regionCode ?? null,
    site_code: row?.siteCode ?? null,
    label: tokenLabel(asker.role, asker.actor),
    subject: tokenSubject(asker.actor),
    method: 'bearer',
    second_factor: 'off',
    expires_at: instantOrNull(row?.expiresAtMs ?? null),
    idle_expires_at: null,
    csrf: null,
  }
}

/** Refuses who has failed too often, before anything is looked up. */
async function heldTokenOf(
  context: ApiContext,
  request: FastifyRequest,
  text: string,
): Promise<HeldToken> {
  const { addressThrottle, tokenThrottle } = context
  const tokenId = tokenIdOf(text)
  const waits = [addressThrottle.waitMs(request.ip), tokenThrottle.waitMs(tokenId ?? '')]
  const waitMs = Math.max(...waits)
  if (waitMs > 0) {
    const sentence = `too many failed logins: try again in ${Math.ceil(waitMs / 1000)} s`
    throw new AppError('rate_limited', sentence, { fields: { retryAfterMs: waitMs } })
  }
  try {
    const token = await findToken(text, context)
    addressThrottle.succeeded(request.ip)
    tokenThrottle.succeeded(token.tokenId)
    return token
  } catch (error) {
    addressThrottle.failed(request.ip)
    if (tokenId !== null) tokenThrottle.failed(tokenId)
    throw error
  }
}

function tokenIdOf(text: string): string | null {
  try {
    return parseAccessToken(text).id
  } catch {
    return null
  }
}

function personOfToken(token: HeldToken, address: string): Person {
  const { expiresAtMs, regionCode, role, siteCode, tokenId } = token
  return {
    method: 'token',
    subject: tokenSubject(tokenId),
    tokenId,
    label: tokenLabel(role, tokenId),
    role,
    regionCode,
    siteCode,
    address,
    untilMs: expiresAtMs,
  }
}

/** Whose second factor it is that a token's owner has. */
export function tokenSubject(tokenId: string): string {
  return `token ${tokenId}`
}

function tokenLabel(role: Login['role'], tokenId: string): string {
  return `${role} ${tokenId.slice(0, 8)}`
}
