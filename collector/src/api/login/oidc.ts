/**
 * Logging in through an OpenID Connect provider: authorization code with PKCE, state and nonce. What
 * must be known again when the browser comes back is sealed into a cookie of its own, so that nothing
 * waits here for people who never return.
 */
import { AppError, type Clock, type Random } from '@yiben/shared'
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  ClientSecretBasic,
  type Configuration,
  calculatePKCECodeChallenge,
  discovery,
  fetchUserInfo,
  None,
} from 'openid-client'
import { z } from 'zod'
import type { SecretBox } from './secret-box.ts'

const TIMEOUT_SECONDS = 10
/** How long a person may take at the provider. */
const JOURNEY_MS_MAX = 10 * 60_000
const RANDOM_BYTES = 32
const OWNER = 'oidc journey'

export interface ProviderSettings {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string | null
  readonly scopes: string
  /** Where the provider sends browsers back to. */
  readonly redirectUrl: string
  /** Values of `amr` or `acr` that stand for a second factor. */
  readonly mfa: readonly string[]
}

/** Between leaving for the provider and coming back. */
const journeySchema = z.strictObject({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  returnTo: z.string(),
  untilMs: z.number(),
})
type Journey = z.infer<typeof journeySchema>

/** What the provider says of who came back. */
export interface ProviderPerson {
  /** `<issuer>#<sub>`. */
  readonly subject: string
  readonly label: string
  readonly claims: Readonly<Record<string, unknown>>
  readonly hasSecondFactor: boolean
  readonly returnTo: string
}

export class Provider {
  readonly #settings: ProviderSettings
  readonly #clock: Clock
  readonly #box: SecretBox
  readonly #random: Random
  #configuration: Promise<Configuration> | null = null

  constructor(parts: {
    readonly settings: ProviderSettings
    readonly clock: Clock
    readonly random: Random
    readonly box: SecretBox
  }) {
    this.#settings = parts.settings
    this.#clock = parts.clock
    this.#random = parts.random
    this.#box = parts.box
  }

  /** Where to send the browser, and what to give it along. */
  async begin(returnTo: string): Promise<{ readonly url: string; readonly cookie: string }> {
    const configuration = await this.#discovered()
    const journey: Journey = {
      state: this.#word(),
      nonce: this.#word(),
      verifier: this.#word(),
      returnTo: localPath(returnTo),
      untilMs: this.#clock.wallMs() + JOURNEY_MS_MAX,
    }
    const url = buildAuthorizationUrl(configuration, {
      redirect_uri: this.#settings.redirectUrl,
      scope: this.#settings.scopes,
      code_challenge: await calculatePKCECodeChallenge(journey.verifier),
      code_challenge_method: 'S256',
      state: journey.state,
      nonce: journey.nonce,
    })
    const sealed = this.#box.seal(OWNER, Buffer.from(JSON.stringify(journey)))
    return { url: url.href, cookie: Buffer.from(sealed).toString('base64url') }
  }

  /** Who came back. Throws `login_refused` for who did not leave from here, or was not let in there. */
  async finish(query: string, cookie: string | null): Promise<ProviderPerson> {
    const journey = this.#journeyOf(cookie)
    const configuration = await this.#discovered()
    const current = new URL(this.#settings.redirectUrl)
    current.search = query
    try {
      const tokens = await authorizationCodeGrant(configuration, current, {
        expectedState: journey.state,
        expectedNonce: journey.nonce,
        pkceCodeVerifier: journey.verifier,
        idTokenExpected: true,
      })
      const told = tokens.claims()
      if (told === undefined) throw refused('the provider did not say who came back')
      const more =
        configuration.serverMetadata().userinfo_endpoint === undefined
          ? {}
          : await fetchUserInfo(configuration, tokens.access_token, told.sub)
      // What is signed counts more than what is only answered.
      return this.#personOf({ ...more, ...told }, told.sub, journey.returnTo)
    } catch (error) {
      if (error instanceof AppError) throw error
      throw refused('the provider did not confirm this login', error)
    }
  }

  #personOf(
    claims: Readonly<Record<string, unknown>>,
    sub: string,
    returnTo: string,
  ): ProviderPerson {
    const { issuer, mfa } = this.#settings
    const methods = [...textsOf(claims.amr), ...textsOf(claims.acr)]
    const [label = sub] = ['name', 'preferred_username', 'email'].flatMap((name) =>
      textsOf(claims[name]),
    )
    return {
      subject: `${issuer}#${sub}`,
      label: label.slice(0, 120),
      claims,
      hasSecondFactor: methods.some((method) => mfa.includes(method)),
      returnTo,
    }
  }

  #journeyOf(cookie: string | null): Journey {
    const sealed = cookie === null ? null : Buffer.from(cookie, 'base64url')
    const plain = sealed === null ? null : this.#box.open(OWNER, sealed)
    const journey =
      plain === null ? null : journeySchema.parse(JSON.parse(Buffer.from(plain).toString()))
    if (journey === null || journey.untilMs < this.#clock.wallMs()) {
      throw refused('this login did not begin here, or took too long: begin again')
    }
    return journey
  }

  /** Asked for once; again when it failed. */
  async #discovered(): Promise<Configuration> {
    const { clientId, clientSecret, issuer } = this.#settings
    const isPlain = issuer.startsWith('http:')
    this.#configuration ??= discovery(
      new URL(issuer),
      clientId,
      undefined,
      clientSecret === null ? None() : ClientSecretBasic(clientSecret),
      { timeout: TIMEOUT_SECONDS, execute: isPlain ? [allowInsecureRequests] : [] },
    )
    try {
      return await this.#configuration
    } catch (error) {
      this.#configuration = null
      const sentence = 'the login provider cannot be reached: log in with a token, or try again'
      throw new AppError('provider_unavailable', sentence, { cause: error })
    }
  }

  #word(): string {
    return Buffer.from(this.#random.bytes(RANDOM_BYTES)).toString('base64url')
  }
}

/** The values of a claim that is a text or a list of texts; anything else says nothing. */
export function textsOf(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return [claim]
  return Array.isArray(claim) ? claim.filter((value) => typeof value === 'string') : []
}

/** Only ever to a page of our own. */
function localPath(path: string): string {
  return /^\/(?![/\\])[^\\\s]*$/.test(path) ? path : '/'
}

function refused(sentence: string, cause?: unknown): AppError {
  return new AppError('login_refused', sentence, { cause })
}
