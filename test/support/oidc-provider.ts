/**
 * A real OpenID Connect provider on loopback: its people log in and consent at once, as whoever the
 * test says, with the claims that the test gives them.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'

export const CLIENT_ID = 'yiben'
export const CLIENT_SECRET = 'a secret of the test'

interface ProviderPerson {
  readonly sub: string
  readonly claims: Readonly<Record<string, unknown>>
  readonly amr?: readonly string[]
}

export class TestProvider {
  readonly #server: Server
  readonly #provider: Provider
  /** Who logs in next; `null`: says no. */
  person: ProviderPerson | null = { sub: 'li-lei', claims: {} }
  readonly #people = new Map<string, ProviderPerson>()

  private constructor(server: Server, redirectUrl: string) {
    const { port } = server.address() as AddressInfo
    this.#server = server
    this.#provider = new Provider(`http://127.0.0.1:${port}`, {
      clients: [
        {
          client_id: CLIENT_ID,
          client_secret: CLIENT_SECRET,
          redirect_uris: [redirectUrl],
          grant_types: ['authorization_code'],
          response_types: ['code'],
        },
      ],
      scopes: ['openid', 'profile', 'email'],
      claims: { openid: ['sub', 'amr'], profile: ['name', 'groups'], email: ['email'] },
      ttl: { AccessToken: 600, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
      findAccount: (_context, sub) => ({
        accountId: sub,
        claims: () => ({ sub, ...this.#people.get(sub)?.claims }),
      }),
      interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
      features: { devInteractions: { enabled: false } },
      pkce: { required: () => true },
      cookies: { keys: ['test'] },
    })
    const answer = this.#provider.callback()
    server.on('request', (request, response) => {
      if (request.url?.startsWith('/interaction/') === true) void this.#complete(request, response)
      else answer(request, response)
    })
  }

  static async start(redirectUrl: string): Promise<TestProvider> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new TestProvider(server, redirectUrl)
  }

  get issuer(): string {
    return this.#provider.issuer
  }

  /** Walks a browser from the provider's door to where it sends it back; the address there. */
  async walk(from: string): Promise<URL> {
    const cookies = new Map<string, string>()
    let url = new URL(from)
    // A login has a handful of steps.
    for (let step = 0; step < 10; step += 1) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const answer = await fetch(url, { redirect: 'manual', headers: { cookie } })
      for (const line of answer.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        cookies.set(name, value)
      }
      const location = answer.headers.get('location')
      if (location === null) throw new Error(`${url.href}: ${await answer.text()}`)
      url = new URL(location, url)
      if (url.origin !== this.issuer) return url
    }
    throw new Error('the provider never sends back')
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #complete(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { person } = this
    const { grantId, params, prompt, session } = await this.#provider.interactionDetails(
      request,
      response,
    )
    if (person === null) {
      const refusal = { error: 'access_denied', error_description: 'the person said no' }
      await this.#provider.interactionFinished(request, response, refusal)
      return
    }
    this.#people.set(person.sub, person)
    if (prompt.name === 'login') {
      const login = { accountId: person.sub, amr: [...(person.amr ?? ['pwd'])] }
      await this.#provider.interactionFinished(request, response, { login })
      return
    }
    const grant =
      (grantId === undefined ? undefined : await this.#provider.Grant.find(grantId)) ??
      new this.#provider.Grant({
        accountId: session?.accountId ?? '',
        clientId: String(params.client_id),
      })
    grant.addOIDCScope('openid profile email')
    const consent = { grantId: await grant.save() }
    await this.#provider.interactionFinished(request, response, { consent })
  }
}
