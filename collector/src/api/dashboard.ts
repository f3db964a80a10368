/**
 * The dashboard's files, as they were built: hashed assets for a year, the page itself asked for anew
 * each time, and the page for every address that is not the interface's, so that a reload stays where
 * one was. Where nothing was built, a plain page says how to.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from './app.ts'
import { notFoundHandler } from './errors.ts'
import { PAGE_HEADERS, pageText, wantsPage } from './page.ts'

const PAGE = 'index.html'
const ASSETS_PREFIX = '/assets/'
const YEAR_SECONDS = 31_536_000
/** What is answered as data, or not at all: never with the page. */
const INTERFACE = /^\/(v1|docs|healthz|readyz|metrics)(\/|$)/

/** Scripts of our own only. Styles may be made at run time: the components of antd are. */
const POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

const NOT_BUILT = pageText('no dashboard', [
  'The collector serves, but its dashboard was not built.',
  'From a checkout: npm run build --workspace collector/dashboard, then load this page again.',
  'The interface is described at /docs.',
])

/** Before the routes: sets who answers what no route does. */
export async function serveDashboard(app: App, folder: string): Promise<void> {
  await app.register(fastifyStatic, {
    root: folder,
    serve: false,
    // The folder may be built later: that it is missing is said by the page.
    suppressWarning: true,
    cacheControl: false,
    dotfiles: 'ignore',
    index: false,
    redirect: false,
  })
  app.setNotFoundHandler((request, reply) => {
    const isPage = request.method === 'GET' || request.method === 'HEAD'
    if (!isPage || INTERFACE.test(pathOf(request))) return notFoundHandler(request, reply)
    return sendFile(folder, request, reply)
  })
}

/** A file that is there, else the page to who can read one. */
function sendFile(folder: string, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const file = fileOf(folder, pathOf(request))
  if (file !== null) {
    const isHashed = pathOf(request).startsWith(ASSETS_PREFIX)
    const keeping = isHashed ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache'
    return reply.header('cache-control', keeping).code(200).sendFile(file)
  }
  if (!wantsPage(request)) return notFoundHandler(request, reply)
  if (!existsSync(join(folder, PAGE))) return reply.code(503).headers(PAGE_HEADERS).send(NOT_BUILT)
  reply.header('content-security-policy', POLICY).header('cache-control', 'no-cache')
  return reply.code(200).sendFile(PAGE)
}

/** The name of a file in the folder; names are plain, so that none leads out of it. */
function fileOf(folder: string, path: string): string | null {
  if (!/^(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$/.test(path)) return null
  const name = path.slice(1)
  return name !== PAGE && existsSync(join(folder, name)) && name.includes('.') ? name : null
}

function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0] ?? url
}
