/**
 * The public HTTP interface as the dashboard asks it: JSON with the session's cookie, and problem
 * documents (RFC 9457) as errors that carry their stable code.
 */
import { keepPreviousData, type UseQueryResult, useQuery } from '@tanstack/react-query'

/** `undefined` and `null` are left out. */
export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>

export class Problem extends Error {
  readonly status: number
  /** Stable; texts hang on it. */
  readonly code: string

  constructor(status: number, code: string, detail: string) {
    super(detail)
    this.name = 'Problem'
    this.status = status
    this.code = code
  }
}

/** Told to the server with everything that changes something; it comes with the session. */
let csrf: string | null = null

export function setCsrf(value: string | null): void {
  csrf = value
}

let backgroundAsks = 0

/** What is asked while `ask` runs was asked by the page itself: it does not keep a session alive. */
export async function inBackground(ask: () => Promise<void>): Promise<void> {
  backgroundAsks += 1
  try {
    await ask()
  } finally {
    backgroundAsks -= 1
  }
}

export function pathOf(path: string, query: Query = {}): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') params.set(name, String(value))
  }
  const text = params.toString()
  return text === '' ? path : `${path}?${text}`
}

export async function getJson<Answer>(
  path: string,
  query: Query = {},
  signal?: AbortSignal,
): Promise<Answer> {
  return await ask<Answer>(pathOf(path, query), signal === undefined ? {} : { signal })
}

export async function sendJson<Answer>(
  method: 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<Answer> {
  const headers: Record<string, string> = {}
  if (csrf !== null) headers['x-yiben-csrf'] = csrf
  if (body !== undefined) headers['content-type'] = 'application/json'
  return await ask<Answer>(path, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}

/** The answer's own text, for what is about its bytes. */
export async function getText(
  path: string,
  query: Query = {},
  signal?: AbortSignal,
): Promise<string> {
  return await askText(pathOf(path, query), signal === undefined ? {} : { signal })
}

async function ask<Answer>(path: string, init: RequestInit): Promise<Answer> {
  const text = await askText(path, init)
  return (text === '' ? null : parsed(text)) as Answer
}

async function askText(path: string, init: RequestInit): Promise<string> {
  const response = await fetch(path, {
    ...init,
    credentials: 'same-origin',
    headers: {
      accept: 'application/json',
      ...(backgroundAsks > 0 ? { 'x-yiben-background': '1' } : {}),
      ...init.headers,
    },
  })
  const text = await response.text()
  if (response.ok) return text
  throw problemOf(response.status, text === '' ? null : parsed(text))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function problemOf(status: number, body: unknown): Problem {
  const isObject = typeof body === 'object' && body !== null
  const code = isObject && 'code' in body && typeof body.code === 'string' ? body.code : 'unknown'
  const detail =
    isObject && 'detail' in body && typeof body.detail === 'string' ? body.detail : `HTTP ${status}`
  return new Problem(status, code, detail)
}

/** An answer that is kept on the page while a newer one is fetched. `null` asks nothing. */
export function useAnswer<Answer>(
  path: string | null,
  query: Query = {},
): UseQueryResult<Answer, Error> {
  return useQuery<Answer, Error>({
    queryKey: [path, query],
    queryFn: ({ signal }) => getJson<Answer>(path ?? '', query, signal),
    enabled: path !== null,
    placeholderData: keepPreviousData,
  })
}
