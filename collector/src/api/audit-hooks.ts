/**
 * One row of the audit log for each request that is not open to everybody, refused ones and logins
 * included: who, in which role and scope, what, with which parameters, what was answered. Never a
 * body, a header, a token or a code.
 *
 * A read's row is written within a second. A write and an export are answered only after their row
 * is durable; while the log cannot be written they are refused before anything is done.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AuditFacts } from '../model/audit.ts'
import type { App } from './app.ts'
import type { Asker } from './auth.ts'
import type { ApiContext } from './context.ts'
import { PROBLEM_TYPE, problemOf, RETRY_AFTER_SECONDS } from './errors.ts'

/** What an export says of itself. */
export interface ExportNote {
  readonly exportId: string
  readonly table: string
  readonly format: string
  readonly purpose: string
  readonly rows: number
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Open, and logged all the same: somebody tries to log in. */
    isLogin?: boolean
  }
  interface FastifyRequest {
    isAudited: boolean
  }
}

/** Longer than any value that a question may have. */
const VALUE_LENGTH_MAX = 200
const DETAILS_LENGTH_MAX = 4_000
/** Not written down, wherever they come. */
const SECRET_NAMES = /token|secret|password|^code$|^state$/i
/** A page that asks by itself says so, so that it does not keep its person's session alive. */
const BACKGROUND_HEADER = 'x-yiben-background'
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** By the asker of one request. */
const exportNotes = new WeakMap<Asker, ExportNote>()

export function markExport(asker: Asker, note: ExportNote): void {
  exportNotes.set(asker, note)
}

/** Before the answer: first of all hooks that see it. */
export function auditHooks(app: App, context: ApiContext): void {
  const { audit } = context
  app.decorateRequest('isAudited', false)
  app.addHook('preHandler', async (request) => {
    if (isLogged(request)) audit.refuseUnlogged(mustBeDurable(request))
  })
  app.addHook('onSend', async (request, reply, payload) => {
    if (!isLogged(request)) return payload
    return await audited(context, request, reply, payload)
  })
  app.addHook('onResponse', async (request, reply) => {
    // Streams are answered past the hooks.
    if (isLogged(request)) auditStream(context, request, reply.statusCode)
  })
  app.addHook('onClose', () => audit.close())
}

/** Of an answer that is streamed: its row is noted when it begins. */
export function auditStream(
  context: Pick<ApiContext, 'audit' | 'clock'>,
  request: FastifyRequest,
  status: number,
): void {
  if (request.isAudited) return
  request.isAudited = true
  context.audit.note(factsOf(request, status, context.clock.wallMs()))
}

async function audited(
  { audit, clock, logins }: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
): Promise<unknown> {
  const nowMs = clock.wallMs()
  const { asker } = request
  request.isAudited = true
  const isBackground = request.headers[BACKGROUND_HEADER] !== undefined
  if (asker?.login && reply.statusCode < 400 && !isBackground && logins.isSeenDue(asker.login)) {
    audit.seen(asker.login.loginId, nowMs)
  }
  const facts = factsOf(request, reply.statusCode, nowMs)
  if (!mustBeDurable(request) || reply.statusCode >= 400) {
    audit.note(facts)
    return payload
  }
  try {
    await audit.write(facts)
    return payload
  } catch {
    // The log's owner has told why. What was done stands; the asker learns that it is not logged.
    const sentence = 'the audit log cannot be written: what was asked may have been done'
    reply.code(503).header('content-type', PROBLEM_TYPE).header('retry-after', RETRY_AFTER_SECONDS)
    reply.removeHeader('content-length')
    reply.removeHeader('content-disposition')
    return JSON.stringify(problemOf('audit_unavailable', sentence))
  }
}

function isLogged(request: FastifyRequest): boolean {
  if (request.is404 || request.isAudited) return false
  const { access, isLogin } = request.routeOptions.config
  return isLogin === true || (access !== undefined && access !== 'open')
}

function mustBeDurable({ asker, method }: FastifyRequest): boolean {
  return !SAFE_METHODS.has(method) || (asker !== null && exportNotes.has(asker))
}

function factsOf(request: FastifyRequest, status: number, atMs: number): AuditFacts {
  const { asker, method } = request
  const note = asker === null ? undefined : exportNotes.get(asker)
  return {
    atMs,
    actor: asker?.actor ?? null,
    role: asker?.role ?? null,
    scope: asker === null ? null : JSON.stringify(asker.scope),
    loginId: asker?.login?.loginId ?? null,
    method,
    route: request.routeOptions.url ?? 'none',
    details: detailsOf(request, note),
    status,
    address: request.ip,
    exportId: note?.exportId ?? null,
    purpose: note?.purpose ?? null,
    repeats: 1,
  }
}

function detailsOf(request: FastifyRequest, note: ExportNote | undefined): string {
  const details = {
    path: wordsOf(request.params),
    query: wordsOf(askedOf(request)),
    ...(note === undefined
      ? {}
      : { export: { table: note.table, format: note.format, rows: note.rows } }),
  }
  const text = JSON.stringify(details)
  if (text.length <= DETAILS_LENGTH_MAX) return text
  return JSON.stringify({ ...details, path: {}, query: {}, cut: true })
}

/** As it was written, not as it was understood. */
function askedOf({ raw }: FastifyRequest): Readonly<Record<string, string>> {
  const [, query = ''] = (raw.url ?? '').split('?', 2)
  return Object.fromEntries(new URLSearchParams(query))
}

/** Values as text; without what must not be written down. */
function wordsOf(values: unknown): Readonly<Record<string, string>> {
  if (typeof values !== 'object' || values === null) return {}
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const text = SECRET_NAMES.test(name) ? '…' : String(value)
      return [name.slice(0, VALUE_LENGTH_MAX), text.slice(0, VALUE_LENGTH_MAX)]
    }),
  )
}
