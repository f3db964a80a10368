/**
 * Sessions of people: opened for who has shown who they are, found by the secret of their cookie,
 * ended by logging out, by `security`, by the end of their token, by idleness and by age.
 *
 * The secret has 256 random bits and is stored hashed. Giving a second factor makes a new one, so
 * that a cookie set before it is worth nothing after it.
 */
import { AppError, type Clock, labelledHash, type Random, randomHex } from '@yiben/shared'
import type { FoundLogin, Login, LoginFactor } from '../../storage/access-store.ts'
import type { Store } from '../../storage/store.ts'

const SECRET_BYTES = 32
const SECRET_SHAPE = /^[A-Za-z0-9_-]{43}$/
const ID_BYTES = 8
/** A login is written down as heard of at most this often. */
const SEEN_EVERY_MS = 30_000

export interface LoginTimes {
  readonly idleMs: number
  readonly absoluteMs: number
}

type LoginStore = Pick<Store, 'openLogin' | 'findLogin' | 'raiseLogin' | 'endLogin'>

/** Who has shown who they are, and what they may. */
export type Person = Pick<
  Login,
  'method' | 'subject' | 'tokenId' | 'label' | 'role' | 'siteCode' | 'regionCode' | 'address'
> & {
  /** No login outlives what it rests on; `null`: nothing bounds it. */
  readonly untilMs: number | null
}

/** A login with the secret that its cookie carries. */
export interface OpenedLogin {
  readonly login: Login
  readonly secret: string
}

export class Logins {
  readonly times: LoginTimes
  readonly #store: LoginStore
  readonly #clock: Clock
  readonly #random: Random
  readonly #listeners = new Set<() => void>()

  constructor(parts: {
    readonly store: LoginStore
    readonly clock: Clock
    readonly random: Random
    readonly times: LoginTimes
  }) {
    this.#store = parts.store
    this.#clock = parts.clock
    this.#random = parts.random
    this.times = parts.times
  }

  async open({ untilMs, ...person }: Person, factor: LoginFactor): Promise<OpenedLogin> {
    const nowMs = this.#clock.wallMs()
    const secret = this.#newSecret()
    const login: Login = {
      ...person,
      loginId: randomHex(this.#random, ID_BYTES),
      cookieHash: cookieHash(secret),
      factor,
      createdAtMs: nowMs,
      seenAtMs: nowMs,
      expiresAtMs: Math.min(nowMs + this.times.absoluteMs, untilMs ?? Number.MAX_SAFE_INTEGER),
      endedAtMs: null,
    }
    await this.#store.openLogin(login)
    return { login, secret }
  }

  /** Throws `session_ended`, the same for one that is over and for one that never was. */
  async find(secret: string): Promise<Login> {
    const found = SECRET_SHAPE.test(secret) ? await this.#store.findLogin(cookieHash(secret)) : null
    if (found === null || !this.#lives(found)) {
      throw new AppError('session_ended', 'this session is over: log in again')
    }
    return found.login
  }

  /** The second factor was given. */
  async raise(login: Login, factor: LoginFactor): Promise<OpenedLogin> {
    const secret = this.#newSecret()
    const newCookieHash = cookieHash(secret)
    const { cookieHash: old } = login
    const { status } = await this.#store.raiseLogin({ cookieHash: old, newCookieHash, factor })
    if (status === 'not_found') throw new AppError('session_ended', 'this session is over')
    return { login: { ...login, cookieHash: newCookieHash, factor }, secret }
  }

  async end(loginId: string): Promise<'ended' | 'not_found' | 'already_ended'> {
    const { status } = await this.#store.endLogin(loginId, this.#clock.wallMs())
    this.changed()
    return status
  }

  /** Something may have ended: whoever streams to a person looks whether they may still see it. */
  changed(): void {
    for (const listener of [...this.#listeners]) listener()
  }

  /** Calls back after anything may have ended; answers how to stop that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** When it ends if nothing more is asked. */
  idleEndMs(login: Login): number {
    return Math.min(login.expiresAtMs, this.#clock.wallMs() + this.times.idleMs)
  }

  /** Whether it is time to write down that it was heard of. */
  isSeenDue(login: Login): boolean {
    return this.#clock.wallMs() - login.seenAtMs >= Math.min(SEEN_EVERY_MS, this.times.idleMs / 4)
  }

  #lives({ login, token }: FoundLogin): boolean {
    const nowMs = this.#clock.wallMs()
    if (login.endedAtMs !== null || login.expiresAtMs <= nowMs) return false
    if (nowMs - login.seenAtMs > this.times.idleMs) return false
    if (login.tokenId === null) return true
    return token !== null && token.revokedAtMs === null && token.expiresAtMs > nowMs
  }

  #newSecret(): string {
    return Buffer.from(this.#random.bytes(SECRET_BYTES)).toString('base64url')
  }
}

/** What a page shows with each request that changes something; only our own page can read it. */
export function csrfOf(secret: string): string {
  return Buffer.from(labelledHash('yiben.login-csrf.v1', secret)).toString('base64url')
}

function cookieHash(secret: string): string {
  return Buffer.from(labelledHash('yiben.login-cookie.v1', secret)).toString('hex')
}
