/**
 * Admits this collector to a parent, once: dials, proves both sides, keeps what the Welcome gave. Its
 * key is the identity key of the ledger. A retry with the same token is harmless.
 */
import {
  AppError,
  type EnrollmentToken,
  ERROR_CODES,
  type ErrorCode,
  findPinnedAuthority,
  type KeyPair,
  Link,
  type Logger,
  type Spool,
  sleep,
  type Welcome,
  type World,
} from '@yiben/shared'
import { COLLECTOR_VERSION } from '../version.ts'

/** The link bounds its own handshake; this bounds the whole command. */
const ENROLL_MS_MAX = 30_000
const DIAL_MS_MAX = 10_000
const LOOK_EVERY_MS = 50

export interface ContactOptions {
  readonly world: World
  readonly log: Logger
  readonly identity: KeyPair
  readonly spool: Spool
  readonly token: EnrollmentToken
  readonly name: string
  /** As `linkUrlOf` makes it. */
  readonly url: string
  readonly ca: string | null
  readonly proxyUrl: string | null
}

export interface Contact {
  readonly welcome: Welcome
  /** PEM, as the token pins it; `null`: it pins none. */
  readonly authority: string | null
}

/** Throws what the parent refused with, or `connection_failed`, `collector_untrusted` … */
export async function contactParent(options: ContactOptions): Promise<Contact> {
  const authority = await authorityOf(options)
  return { welcome: await firstContact(options, authority), authority }
}

/** Before anything is said: where the token pins an authority, it must be the one that is shown. */
async function authorityOf({ proxyUrl, token, url }: ContactOptions): Promise<string | null> {
  if (token.authorityPin === null || new URL(url).protocol === 'ws:') return null
  return await findPinnedAuthority({ url, proxyUrl, timeoutMs: DIAL_MS_MAX }, token.authorityPin)
}

/** One attempt: whoever typed the command is there to try again. */
async function firstContact(options: ContactOptions, authority: string | null): Promise<Welcome> {
  const { ca, identity, log, name, proxyUrl, spool, token, url, world } = options
  let welcome: Welcome | null = null
  const link = new Link({
    world,
    log,
    spool,
    target: { url, ca: authority ?? ca, proxyUrl },
    collector: { algorithm: token.algorithm, publicKey: token.collectorKey },
    identity: {
      role: 'collector',
      nodeKeys: identity,
      fingerprint: '',
      bootId: '',
      programVersion: COLLECTOR_VERSION,
      capabilities: [],
      enrollment: { tokenId: token.id, secret: token.secret, nodeName: name },
    },
    owner: {
      heartbeat: () => ({ samples: 0, freeUnits: new Uint8Array(0) }),
      timelineNowMs: () => null,
      onWelcome: (given) => {
        welcome = given
      },
      onTime: () => {},
      onRefused: () => {},
      onNeedFacts: () => {},
      onNewEpoch: () => {},
    },
  })
  const ended = link.run()
  try {
    for (let waitedMs = 0; waitedMs < ENROLL_MS_MAX; waitedMs += LOOK_EVERY_MS) {
      if (welcome !== null) return welcome
      const { lastProblem, state } = link.status()
      if (lastProblem !== null && (state === 'waiting' || state === 'refused')) {
        throw new AppError(knownCode(lastProblem.code), lastProblem.sentence)
      }
      await sleep(world.clock, LOOK_EVERY_MS)
    }
    throw new AppError('connection_failed', `${url} did not answer in time`)
  } finally {
    await link.stop()
    await ended
  }
}

/** A newer parent may refuse with a code that this version does not know. */
function knownCode(code: string): ErrorCode {
  return ERROR_CODES.find((known) => known === code) ?? 'connection_failed'
}
