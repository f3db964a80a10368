/**
 * The JSON routes as exports ask them: the same handler, the same question, on behalf of the same
 * asker. So a table cannot say anything that the route would not say, nor to anybody else.
 */
import { AppError, assert } from '@yiben/shared'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { AccessName } from '../access.ts'
import type { App } from '../app.ts'

export interface AskedRoute {
  readonly access: AccessName
  /** What may be asked, without the paging. */
  readonly question: z.ZodRawShape
  readonly isPaged: boolean
  readonly answer: z.ZodObject
  ask(request: FastifyRequest, reply: FastifyReply, what: Asked): Promise<unknown>
}

export interface Asked {
  readonly query: object
  readonly params: object
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown

/** Made before the routes are registered: it sees them come. */
export class AskedRoutes {
  readonly #routes = new Map<string, AskedRoute>()

  constructor(app: App) {
    app.addHook('onRoute', (route) => {
      const { config, handler, method, schema, url } = route
      const access = config?.access
      if (method !== 'GET' || access === undefined) return
      const { querystring, response } = (schema ?? {}) as RouteSchema
      const answer = response?.[200]
      if (!(answer instanceof z.ZodObject)) return
      const shape = querystring instanceof z.ZodObject ? querystring.shape : {}
      const { cursor, limit: _, ...question } = shape
      this.#routes.set(url, {
        access,
        question,
        isPaged: cursor !== undefined,
        answer,
        ask: async (request, reply, { query, params }) => {
          // Everything else of the request, who asks above all, stays as it is.
          const asked: FastifyRequest = Object.create(request, {
            query: { value: query },
            params: { value: params },
          })
          return await (handler as unknown as Handler).call(app, asked, silenced(reply))
        },
      })
    })
  }

  get(url: string): AskedRoute {
    const route = this.#routes.get(url)
    assert(route !== undefined, `${url} is a JSON route that was registered before its exports`)
    return route
  }
}

/**
 * For a route that answers by itself, which it does to refuse or in another format: it throws, so
 * that nothing is sent before the file, or in its place without being an export.
 */
function silenced(reply: FastifyReply): FastifyReply {
  const send = (sent: unknown): never => {
    const { success, data } = refusalSchema.safeParse(sent)
    if (!success)
      throw new AppError('request_invalid', 'a table is made of JSON: ask without `format`')
    throw new AppError(data.status === 503 ? 'store_unavailable' : 'not_found', data.detail)
  }
  return Object.create(reply, { send: { value: send } })
}

const refusalSchema = z.object({ status: z.number().int(), detail: z.string() })

interface RouteSchema {
  readonly querystring?: unknown
  readonly response?: Readonly<Record<number, unknown>>
}
