/**
 * Admits this node to a collector, once: makes the node's key, dials, proves both sides, keeps what
 * the Welcome gave. A retry with the same token and key is harmless: the collector answers it like
 * the first, and what is kept is written whole.
 */
import {
  AppError,
  errorCode,
  firstContact,
  type Logger,
  linkUrlOf,
  openFileSpool,
  parseEnrollmentToken,
  pinnedAuthorityOf,
  type World,
} from '@yiben/shared'
import { type Fingerprint, type FingerprintSource, readFingerprint } from './identity.ts'
import { type Enrollment, StateDir, type Trust } from './state-dir.ts'
import { certificatesOf, readFiles } from './trust.ts'

export interface EnrollOptions {
  readonly world: World
  readonly log: Logger
  readonly stateDir: string
  /** As the administrator typed it. */
  readonly collectorUrl: string
  readonly token: string
  /** What the administrator calls this node. */
  readonly nodeName: string
  readonly caFile: string | null
  /** What the file holds is trusted from now on, also where it is not configured. */
  readonly keepsCa?: boolean
  readonly certFile?: string | null
  readonly keyFile?: string | null
  readonly allowsPlain?: boolean
  readonly proxyUrl: string | null
  readonly rootPrefix: string
  readonly bootId: string
  readonly agentVersion: string
}

export interface Enrolled {
  /** `enrolled_anew`: the disk was a copy of another machine's, whose state was put aside. */
  readonly status: 'enrolled' | 'enrolled_anew' | 'already_enrolled'
  readonly enrollment: Enrollment
}

/**
 * Throws what the collector refused with, or `connection_failed`, `token_malformed` … A disk that
 * was copied carries the key of the machine it was copied from: refused as its clone, this machine
 * gets a key of its own (C10).
 */
export async function enroll(options: EnrollOptions): Promise<Enrolled> {
  const token = parseEnrollmentToken(options.token)
  const url = linkUrlOf(options.collectorUrl, options.allowsPlain)
  const state = StateDir.create(options.stateDir)
  const before = state.readEnrollment()
  const isSame =
    before?.tokenId === token.id &&
    before.collector.publicKey === token.collectorKey &&
    state.readKey() !== null
  if (isSame) {
    const enrollment = { ...before, collectorUrl: url }
    if (before.collectorUrl !== url) state.writeEnrollment(enrollment)
    return { status: 'already_enrolled', enrollment }
  }
  const hadKey = state.readKey() !== null
  try {
    return { status: 'enrolled', enrollment: await enrollOnce(options, { token, url, state }) }
  } catch (error) {
    if (!hadKey || errorCode(error) !== 'node_clone') throw error
    state.setAside()
    const enrollment = await enrollOnce(options, { token, url, state })
    return { status: 'enrolled_anew', enrollment }
  }
}

async function enrollOnce(
  options: EnrollOptions,
  parts: { readonly token: Token; readonly url: string; readonly state: StateDir },
): Promise<Enrollment> {
  const { token, url, state } = parts
  const nodeKeys = state.readOrCreateKey(options.world.random)
  const fingerprint = fingerprintOf(options.rootPrefix, nodeKeys.publicKey, null)
  const { world, log } = options
  const spool = openFileSpool({ directory: state.path, random: world.random, log })
  try {
    const way = wayTo(options, url)
    const trust = await firstTrust(options, way, token)
    const welcome = await firstContact({
      world,
      log,
      spool,
      target: { ...way, ca: trust.ca },
      role: 'agent',
      keys: nodeKeys,
      fingerprint: fingerprintHex(fingerprint),
      bootId: options.bootId,
      programVersion: options.agentVersion,
      token,
      name: options.nodeName,
    })
    const { identityKey } = welcome
    if (identityKey === null) {
      throw new AppError('message_unexpected', 'welcome.identity_key is missing: an old collector.')
    }
    const enrollment: Enrollment = {
      nodeId: welcome.nodeId,
      collectorUrl: url,
      collector: { algorithm: token.algorithm, publicKey: token.collectorKey },
      identityKey: {
        number: identityKey.number,
        key: Buffer.from(identityKey.key).toString('hex'),
      },
      fingerprintSource: fingerprint?.source ?? null,
      tokenId: token.id,
    }
    state.writeTrust(trust.kept)
    state.writeEnrollment(enrollment)
    return enrollment
  } finally {
    spool.close()
  }
}

/**
 * The machine's digest under the node's key. A source pinned at enrollment that cannot be read now
 * would make this node look like a copy of itself, so it stops the program.
 */
export function fingerprintOf(
  rootPrefix: string,
  publicKey: string,
  source: FingerprintSource | null,
): Fingerprint | null {
  const nodeKey = Buffer.from(publicKey, 'hex')
  const fingerprint = readFingerprint({ rootPrefix, nodeKey, source })
  if (fingerprint === null && source !== null) {
    throw new AppError(
      'permission_denied',
      `This machine was enrolled by its ${source}, which cannot be read now: run the agent as the user who enrolled it (root).`,
    )
  }
  return fingerprint
}

/** A machine that shows nothing of its hardware has an empty fingerprint: clones show by join state. */
export function fingerprintHex(fingerprint: Fingerprint | null): string {
  return fingerprint === null ? '' : Buffer.from(fingerprint.digest).toString('hex')
}

type Token = ReturnType<typeof parseEnrollmentToken>

/** How the collector is reached, with what its certificate files hold. */
type Way = ReturnType<typeof wayTo>

function wayTo(options: EnrollOptions, url: string) {
  const { allowsPlain = false, caFile, certFile = null, keyFile = null, proxyUrl } = options
  const { ca, clientCertificate } = readFiles({ caFile, certFile, keyFile })
  return { url, proxyUrl, ca, clientCertificate, allowsPlainText: allowsPlain }
}

interface FirstTrust {
  /** For this contact: the pinned authority and nobody else, where there is a pin. */
  readonly ca: string | null
  /** For all that come after. */
  readonly kept: Trust
}

async function firstTrust(options: EnrollOptions, way: Way, token: Token): Promise<FirstTrust> {
  const given = options.keepsCa === true && way.ca !== null ? certificatesOf(way.ca) : []
  const pinned = await pinnedAuthorityOf(way, token)
  const roots = pinned === null ? given : [pinned, ...given]
  return { ca: pinned ?? way.ca, kept: { version: 0, isPinned: roots.length > 0, roots } }
}
