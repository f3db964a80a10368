/**
 * `/v1/session/oidc`: a person leaves for the login provider, and comes back from it as somebody whom
 * a rule of the configuration lets in, or not at all. Both are pages, not data: browsers open them.
 */
import { AppError } from '@yiben/shared'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { LoginRule } from '../../config/access-options.ts'
import type { LoginFactor } from '../../storage/access-store.ts'
import type { App } from '../app.ts'
import type { ApiContext } from '../context.ts'
import { clearOidcCookie, oidcCookie, setOidcCookie } from '../login/cookies.ts'
import type { Person } from '../login/logins.ts'
import { type Provider, type ProviderPerson, textsOf } from '../login/oidc.ts'
import { sendPage, wantsPage } from '../page.ts'
import { welcome } from './session.ts'

export function sessionOidcRoutes(app: App, context: ApiContext): void {
  app.get(
    '/v1/session/oidc',
    {
      config: { access: 'open', isLogin: true },
      schema: {
        summary: 'Sends a browser to the login provider',
        security: [],
        querystring: z.strictObject({ return_to: z.string().max(1_000).optional() }),
      },
    },
    (request, reply) =>
      asPage(request, reply, async () => {
        const { cookie, url } = await providerOf(context).begin(request.query.return_to ?? '/')
        setOidcCookie(reply, cookie, context.access.cookies)
        return reply.header('cache-control', 'no-store').redirect(url)
      }),
  )
  app.get(
    '/v1/session/oidc/callback',
    {
      config: { access: 'open', isLogin: true },
      schema: { summary: 'Where the login provider sends a browser back to', security: [] },
    },
    (request, reply) =>
      asPage(request, reply, async () => {
        const [, query = ''] = (request.raw.url ?? '').split('?', 2)
        const came = await providerOf(context).finish(query, oidcCookie(request))
        clearOidcCookie(reply, context.access.cookies)
        const opened = await context.logins.open(
          personOf(context, came, request.ip),
          factorOf(context, came),
        )
        await welcome(context, request, reply, opened)
        return reply.redirect(came.returnTo)
      }),
  )
}

/** What a rule gives to who has one of its claims; the first that fits. */
function personOf(context: ApiContext, came: ProviderPerson, address: string): Person {
  const rule = context.access.oidc?.rules.find((one) => fits(one, came.claims))
  if (rule === undefined) {
    const sentence = `${came.label} is known to the login provider, but no rule here lets them in`
    throw new AppError('login_refused', sentence)
  }
  const { regionCode, role, siteCode } = rule
  return {
    method: 'oidc',
    subject: came.subject,
    tokenId: null,
    label: came.label,
    role,
    regionCode,
    siteCode,
    address,
    untilMs: null,
  }
}

function fits({ claim, value }: LoginRule, claims: Readonly<Record<string, unknown>>): boolean {
  return Object.hasOwn(claims, claim) && textsOf(claims[claim]).includes(value)
}

function factorOf({ access }: ApiContext, { hasSecondFactor }: ProviderPerson): LoginFactor {
  if (hasSecondFactor) return 'provider'
  return access.secondFactor === 'off' ? 'off' : 'missing'
}

function providerOf({ provider }: ApiContext): Provider {
  if (provider !== null) return provider
  throw new AppError('not_found', 'no login provider is configured here: log in with a token')
}

/** A failure is told to a person as a page, to a program as any other. */
async function asPage(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: () => Promise<FastifyReply>,
): Promise<FastifyReply> {
  try {
    return await answer()
  } catch (error) {
    if (!(error instanceof AppError) || !wantsPage(request)) throw error
    return sendPage(reply, error)
  }
}
