/**
 * Failures as RFC 9457 problem documents: one table from code to status. Whatever is not in the
 * table, and every bug, is a 500 `internal` whose cause stays in the log.
 */
import { AppError, type ErrorCode, type Logger } from '@yiben/shared'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { z } from 'zod'

export const PROBLEM_TYPE = 'application/problem+json'

const STATUS: Readonly<Partial<Record<ErrorCode, number>>> = {
  request_invalid: 400,
  purpose_required: 400,
  export_too_large: 400,
  usage_invalid: 400,
  config_invalid: 400,
  unauthenticated: 401,
  token_malformed: 401,
  token_unknown: 401,
  token_expired: 401,
  token_revoked: 401,
  session_ended: 401,
  second_factor_refused: 401,
  forbidden: 403,
  second_factor_required: 403,
  cross_site: 403,
  login_refused: 403,
  second_factor_locked: 429,
  not_found: 404,
  conflict: 409,
  month_not_over: 409,
  cursor_expired: 410,
  as_of_pruned: 410,
  rate_limited: 429,
  overloaded: 503,
  draining: 503,
  disk_full: 503,
  store_unavailable: 503,
  second_journal_unavailable: 503,
  provider_unavailable: 503,
  audit_unavailable: 503,
}

/** Retry soon: what is answered with 503 passes by itself. */
export const RETRY_AFTER_SECONDS = '5'

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.string(),
    detail: z.string(),
    field: z.string().optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem document; `code` is never renamed' })
export type Problem = z.infer<typeof problemSchema>

export function statusOf(code: ErrorCode): number {
  return STATUS[code] ?? 500
}

export function problemOf(code: ErrorCode, detail: string, field?: string): Problem {
  return {
    type: `urn:yiben:problem:${code}`,
    title: code.replaceAll('_', ' '),
    status: statusOf(code),
    code,
    detail,
    ...(field === undefined ? {} : { field }),
  }
}

function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="yiben"')
  // Nor who asks too much, nor who sends the rest of a refused body, keeps a connection for it.
  if (problem.status === 429 || !reply.request.raw.complete) reply.header('connection', 'close')
  if (problem.status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS)
  // Handed over as text: a problem is not what the route's response schema describes.
  return reply
    .code(problem.status)
    .header('content-type', PROBLEM_TYPE)
    .header('x-content-type-options', 'nosniff')
    .serializer((text: unknown) => String(text))
    .send(JSON.stringify(problem))
}

/** Fastify's own failures that are the asker's, by its code. */
const FASTIFY_CODES: Readonly<Record<string, string>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'the body must be sent as application/json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'the body is not JSON',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'the body is empty',
  FST_ERR_CTP_BODY_TOO_LARGE: 'the body is too large',
}

export function errorHandler(logger: Logger) {
  return (error: FastifyError | AppError, request: FastifyRequest, reply: FastifyReply) => {
    const problem = problemOfError(error)
    if (error instanceof AppError && typeof error.fields.retryAfterMs === 'number') {
      reply.header('retry-after', Math.ceil(error.fields.retryAfterMs / 1000))
    }
    if (problem.status === 500) {
      const fields = { err: error, method: request.method, path: pathOf(request.url) }
      logger.error(fields, 'request failed')
    }
    return sendProblem(reply, problem)
  }
}

export function notFoundHandler(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const detail = `nothing answers ${request.method} ${pathOf(request.url)}`
  return sendProblem(reply, problemOf('not_found', detail))
}

function problemOfError(error: FastifyError | AppError): Problem {
  if (error instanceof AppError) {
    if (statusOf(error.code) === 500) return problemOf('internal', 'the collector failed')
    const { field } = error.fields
    return problemOf(error.code, error.message, typeof field === 'string' ? field : undefined)
  }
  if (hasZodFastifySchemaValidationErrors(error)) return invalidRequest(error)
  const sentence = FASTIFY_CODES[error.code]
  if (sentence !== undefined) return problemOf('request_invalid', sentence)
  if (error.statusCode === 429) return problemOf('rate_limited', 'too many requests; slow down')
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return problemOf('request_invalid', error.message)
  }
  return problemOf('internal', 'the collector failed')
}

function invalidRequest(error: {
  readonly validation: readonly {
    readonly instancePath: string
    readonly message?: string | undefined
    readonly params?: object
  }[]
}): Problem {
  const [issue] = error.validation
  const path = (issue?.instancePath ?? '').slice(1).replaceAll('/', '.')
  const field = path === '' ? unknownKey(issue?.params) : path
  const message = path === '' && field !== undefined ? 'is not known here' : issue?.message
  const detail = [field, message ?? 'is wrong'].filter((part) => part !== undefined).join(': ')
  return problemOf('request_invalid', detail, field)
}

function unknownKey(params: object | undefined): string | undefined {
  if (params === undefined || !('keys' in params) || !Array.isArray(params.keys)) return undefined
  const [key] = params.keys
  return typeof key === 'string' ? key : undefined
}

/** Without the query: it may hold what a log should not. */
function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? url
}
