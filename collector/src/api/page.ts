/** Plain pages for browsers, where there is no dashboard to say it: one heading, a few sentences. */
import type { AppError } from '@yiben/shared'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { statusOf } from './errors.ts'

/** Nothing is loaded, run or framed. */
const PAGE_POLICY =
  "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

export function wantsPage({ headers }: FastifyRequest): boolean {
  return headers.accept?.includes('text/html') ?? false
}

/** What could not be done, as a page. */
export function sendPage(reply: FastifyReply, { code, message }: AppError): FastifyReply {
  return reply
    .code(statusOf(code))
    .headers(PAGE_HEADERS)
    .send(pageText(code, [message]))
}

export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': PAGE_POLICY,
  'cache-control': 'no-store',
} as const

export function pageText(title: string, paragraphs: readonly string[]): string {
  const lines = paragraphs.map((text) => `<p>${escaped(text)}</p>`)
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Yiben: ${escaped(title)}</title></head>
<body><h1>${escaped(title.replaceAll('_', ' '))}</h1>
${lines.join('\n')}
<p><a href="/">Yiben</a></p></body></html>
`
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
