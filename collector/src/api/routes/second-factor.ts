/**
 * `/v1/session/second-factor`: a person sets up the codes of their own device, shows that they work,
 * or gives one after logging in through a provider that asked for none. Each lets the rest of the
 * interface answer this session, under a new cookie. `/v1/second-factors`: who has one, and taking
 * away one that was lost, by `security` alone.
 */
import { AppError } from '@yiben/shared'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Login } from '../../storage/access-store.ts'
import type { App } from '../app.ts'
import { askerOf, authorOf } from '../auth.ts'
import type { ApiContext } from '../context.ts'
import {
  instantOrNull,
  instantOut,
  instantText,
  nextCursorOut,
  PROBLEMS,
  pageIn,
  pageOf,
} from '../schemas.ts'
import { sessionSchema, tokenSubject, welcome } from './session.ts'

const codeIn = z.strictObject({ code: z.string().min(1).max(64) })

const enrolmentSchema = z.object({
  secret: z.string().meta({ description: 'base 32; shown only now' }),
  otpauth_uri: z.string().meta({ description: 'for a QR code that an authenticator reads' }),
  recovery_codes: z.array(z.string()).meta({ description: 'each works once; shown only now' }),
})

const factorsSchema = z.object({
  second_factors: z.array(
    z.object({
      subject: z.string(),
      label: z.string(),
      created_at: instantOut,
      confirmed_at: instantOut.nullable(),
      recovery_codes_left: z.number().int(),
      locked_until: instantOut.nullable(),
    }),
  ),
  next_cursor: nextCursorOut,
})

export function secondFactorRoutes(app: App, context: ApiContext): void {
  app.post(
    '/v1/session/second-factor/enroll',
    {
      config: { access: 'session' },
      schema: {
        summary: 'Makes a second factor; it counts once a code of it was confirmed',
        response: { 200: enrolmentSchema, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store')
      const { label, subject } = loginOf(request)
      const made = await context.secondFactors.enroll(subject, label)
      return {
        secret: made.secret,
        otpauth_uri: made.uri,
        recovery_codes: [...made.recoveryCodes],
      }
    },
  )
  for (const step of ['confirm', 'verify'] as const) {
    app.post(
      `/v1/session/second-factor/${step}`,
      {
        config: { access: 'session' },
        schema: {
          summary:
            step === 'confirm'
              ? 'Shows with a first code that a new second factor works'
              : 'Gives a code of the second factor, or a recovery code',
          body: codeIn,
          response: { 200: sessionSchema, ...PROBLEMS },
        },
      },
      async (request, reply) => {
        const login = loginOf(request)
        await context.secondFactors[step](login.subject, request.body.code)
        return await raised(context, request, reply, login)
      },
    )
  }
  administrationRoutes(app, context)
}

function administrationRoutes(app: App, context: ApiContext): void {
  app.get(
    '/v1/second-factors',
    {
      config: { access: 'second_factors' },
      schema: {
        summary: 'Who has a second factor',
        querystring: z.strictObject(pageIn),
        response: { 200: factorsSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const page = await context.store.listSecondFactors(pageOf(request.query))
      const rows = page.rows.map((factor) => ({
        subject: factor.subject,
        label: factor.label,
        created_at: instantText(factor.createdAtMs),
        confirmed_at: instantOrNull(factor.confirmedAtMs),
        recovery_codes_left: factor.recovery.length,
        locked_until: instantOrNull(factor.lockedUntilMs),
      }))
      return { second_factors: rows, next_cursor: page.nextCursor }
    },
  )
  app.post(
    '/v1/second-factors/reset',
    {
      config: { access: 'second_factors_reset' },
      schema: {
        summary: 'Takes a second factor away, and ends the sessions that it let in',
        body: z.strictObject({ subject: z.string().min(1).max(1024) }),
        response: { 200: z.object({ status: z.literal('reset') }), ...PROBLEMS },
      },
    },
    async (request) => {
      const { subject } = request.body
      const asker = askerOf(request)
      if ([asker.login?.subject, tokenSubject(asker.actor)].includes(subject)) {
        throw new AppError('forbidden', 'nobody resets their own second factor')
      }
      const atMs = context.clock.wallMs()
      const payload = { by: authorOf(asker), subject }
      const { status } = await context.store.resetSecondFactor(subject, atMs, [
        { kind: 'second_factor_reset', atMs, payload },
      ])
      if (status === 'not_found') {
        throw new AppError('not_found', `${subject} has no second factor`)
      }
      context.onOutbox()
      context.logins.changed()
      return { status }
    },
  )
}

async function raised(
  context: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  login: Login,
) {
  const opened = await context.logins.raise(login, 'verified')
  return await welcome(context, request, reply, opened)
}

function loginOf(request: FastifyRequest): Login {
  const { login } = askerOf(request)
  if (login === null) throw new AppError('not_found', 'a bearer token has no session')
  return login
}
