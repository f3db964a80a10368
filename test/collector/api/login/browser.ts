/** A browser over the HTTP interface under test: keeps cookies, says where its requests come from. */
import type { App } from '../../../../collector/src/api/app.ts'

export interface Page {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: bodies are what the test looks at
  readonly body: any
}

export class Browser {
  readonly #app: App
  readonly cookies = new Map<string, string>()
  /** As set last, with its attributes. */
  readonly setCookies = new Map<string, Readonly<Record<string, unknown>>>()
  csrf = ''

  constructor(app: App) {
    this.#app = app
  }

  async ask(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    payload?: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Page> {
    const answer = await this.#app.inject({
      method,
      url,
      cookies: Object.fromEntries(this.cookies),
      headers: {
        accept: 'application/json',
        ...(method === 'GET' ? {} : { 'sec-fetch-site': 'same-origin' }),
        ...(this.csrf === '' ? {} : { 'x-yiben-csrf': this.csrf }),
        ...headers,
      },
      ...(payload === undefined ? {} : { payload }),
    })
    for (const cookie of answer.cookies) {
      this.setCookies.set(cookie.name, { ...cookie })
      if (cookie.value === '') this.cookies.delete(cookie.name)
      else this.cookies.set(cookie.name, cookie.value)
    }
    const isJson = String(answer.headers['content-type'] ?? '').includes('json')
    const body = isJson && answer.body !== '' ? answer.json() : null
    if (typeof body?.csrf === 'string') this.csrf = body.csrf
    return { status: answer.statusCode, headers: answer.headers, text: answer.body, body }
  }

  get(url: string): Promise<Page> {
    return this.ask('GET', url)
  }

  logIn(token: string, code?: string): Promise<Page> {
    return this.ask('POST', '/v1/session', { token, ...(code === undefined ? {} : { code }) })
  }
}
