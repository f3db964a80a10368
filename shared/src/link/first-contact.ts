/**
 * The contact in which a peer is admitted by its token: one link, until its Welcome has come. One
 * attempt: whoever typed the command is there to try again.
 */
import type { KeyPair } from '../algorithms.ts'
import { AppError, ERROR_CODES, type ErrorCode } from '../errors.ts'
import type { EnrollmentToken } from '../token.ts'
import type { Welcome } from '../wire/messages.ts'
import { sleep } from '../world.ts'
import type { NodeIdentity } from './hello.ts'
import { Link } from './link.ts'
import type { LinkOptions } from './options.ts'
import { findPinnedAuthority } from './trust-pin.ts'
import type { Way } from './tunnel.ts'

/** The link bounds its own handshake; this bounds the whole contact. */
const CONTACT_MS_MAX = 30_000
const LOOK_EVERY_MS = 50
const DIAL_MS_MAX = 10_000

export interface FirstContactOptions
  extends Pick<LinkOptions, 'world' | 'log' | 'spool' | 'target'>,
    Pick<NodeIdentity, 'role' | 'fingerprint' | 'bootId' | 'programVersion'> {
  readonly keys: KeyPair
  readonly token: EnrollmentToken
  /** What whoever enrolls calls itself. */
  readonly name: string
}

/**
 * Before anything is said: where the token pins an authority, it must be the one that is shown. PEM;
 * `null`: the token pins none, or there is no TLS to look at. Throws as `findPinnedAuthority`.
 */
export async function pinnedAuthorityOf(
  way: Omit<Way, 'timeoutMs'>,
  { authorityPin }: EnrollmentToken,
): Promise<string | null> {
  if (authorityPin === null || new URL(way.url).protocol === 'ws:') return null
  return await findPinnedAuthority({ ...way, timeoutMs: DIAL_MS_MAX }, authorityPin)
}

/** Throws what the other side refused with, or `connection_failed`. */
export async function firstContact(options: FirstContactOptions): Promise<Welcome> {
  const { bootId, fingerprint, keys, log, name, programVersion, role } = options
  const { spool, target, token, world } = options
  let welcome: Welcome | null = null
  const link = new Link({
    world,
    log,
    spool,
    target,
    collector: { algorithm: token.algorithm, publicKey: token.collectorKey },
    identity: {
      role,
      nodeKeys: keys,
      fingerprint,
      bootId,
      programVersion,
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
    for (let waitedMs = 0; waitedMs < CONTACT_MS_MAX; waitedMs += LOOK_EVERY_MS) {
      if (welcome !== null) return welcome
      const { state, lastProblem } = link.status()
      if (lastProblem !== null && (state === 'waiting' || state === 'refused')) {
        throw new AppError(knownCode(lastProblem.code), lastProblem.sentence)
      }
      await sleep(world.clock, LOOK_EVERY_MS)
    }
    throw new AppError('connection_failed', `${target.url} did not answer in time.`)
  } finally {
    await link.stop()
    await ended
  }
}

/** A newer peer may refuse with a code that this version does not know. */
function knownCode(code: string): ErrorCode {
  return ERROR_CODES.find((known) => known === code) ?? 'connection_failed'
}
