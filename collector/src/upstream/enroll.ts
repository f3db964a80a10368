/**
 * Admits this collector to a parent, once: dials, proves both sides, keeps what the Welcome gave. Its
 * key is the identity key of the ledger. A retry with the same token is harmless.
 */
import {
  type EnrollmentToken,
  firstContact,
  type KeyPair,
  type Logger,
  pinnedAuthorityOf,
  type Spool,
  type Welcome,
  type World,
} from '@yiben/shared'
import { COLLECTOR_VERSION } from '../version.ts'

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
  const { ca, identity, log, name, proxyUrl, spool, token, url, world } = options
  const authority = await pinnedAuthorityOf({ url, proxyUrl }, token)
  const welcome = await firstContact({
    world,
    log,
    spool,
    target: { url, ca: authority ?? ca, proxyUrl },
    role: 'collector',
    keys: identity,
    fingerprint: '',
    bootId: '',
    programVersion: COLLECTOR_VERSION,
    token,
    name,
  })
  return { welcome, authority }
}
