/**
 * Cookies of people who log in, and what a browser must show beside them. A page of another site can
 * make a browser send requests here, but neither reads our answers nor knows the `x-yiben-csrf` word
 * that they carry; browsers also say where a request comes from.
 */
// Gives requests and replies their cookies, also where this file is read without the server.
import type {} from '@fastify/cookie'
import { AppError, equalBytes } from '@yiben/shared'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { csrfOf } from './logins.ts'

const SESSION_COOKIE = 'yiben_session'
/** What is remembered of a login at a provider while the person is there. */
const OIDC_COOKIE = 'yiben_oidc'
const OIDC_PATH = '/v1/session/oidc'
const CSRF_HEADER = 'x-yiben-csrf'
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

export interface CookieSettings {
  readonly isSecure: boolean
  readonly publicOrigin: string | null
}

export function sessionCookie(request: FastifyRequest): string | null {
  return request.cookies[SESSION_COOKIE] ?? null
}

export function setSessionCookie(
  reply: FastifyReply,
  secret: string,
  { isSecure }: CookieSettings,
): void {
  // No age: it goes with the browser; when it ends is kept here.
  const options = { path: '/', httpOnly: true, sameSite: 'strict', secure: isSecure } as const
  reply.setCookie(SESSION_COOKIE, secret, options)
}

export function clearSessionCookie(reply: FastifyReply, { isSecure }: CookieSettings): void {
  const options = { path: '/', httpOnly: true, sameSite: 'strict', secure: isSecure } as const
  reply.clearCookie(SESSION_COOKIE, options)
}

export function oidcCookie(request: FastifyRequest): string | null {
  return request.cookies[OIDC_COOKIE] ?? null
}

/** Not `strict`: the browser comes back from another site with it. */
export function setOidcCookie(
  reply: FastifyReply,
  value: string,
  { isSecure }: CookieSettings,
): void {
  const options = { path: OIDC_PATH, httpOnly: true, sameSite: 'lax', secure: isSecure } as const
  reply.setCookie(OIDC_COOKIE, value, options)
}

export function clearOidcCookie(reply: FastifyReply, { isSecure }: CookieSettings): void {
  const options = { path: OIDC_PATH, httpOnly: true, sameSite: 'lax', secure: isSecure } as const
  reply.clearCookie(OIDC_COOKIE, options)
}

/** Of a request with a session cookie: one that changes something must be our own page's. */
export function refuseForged(
  request: FastifyRequest,
  secret: string,
  settings: CookieSettings,
): void {
  if (SAFE_METHODS.has(request.method)) return
  refuseCrossSite(request, settings, true)
  const given = request.headers[CSRF_HEADER]
  const isRight =
    typeof given === 'string' && equalBytes(Buffer.from(given), Buffer.from(csrfOf(secret)))
  if (isRight) return
  throw new AppError(
    'cross_site',
    `a request with a session cookie that changes something carries the session's csrf word as \`${CSRF_HEADER}\``,
  )
}

/** `mustTell`: a browser that says nothing of where the request comes from is refused too. */
export function refuseCrossSite(
  request: FastifyRequest,
  { publicOrigin }: CookieSettings,
  mustTell: boolean,
): void {
  const { 'sec-fetch-site': site, origin } = request.headers
  const isTold = site !== undefined || origin !== undefined
  const isOwnSite = site === undefined || site === 'same-origin'
  const isOwnOrigin =
    origin === undefined || origin === publicOrigin || hostOf(origin) === request.headers.host
  if (isOwnSite && isOwnOrigin && (isTold || !mustTell)) return
  throw new AppError('cross_site', 'this request comes from a page of another site')
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null
}
