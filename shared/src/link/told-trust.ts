/**
 * Whom a node, or a collector that reports, trusts to be its collector, in TLS: what enrollment gave,
 * then what the collector has told it since, signed with the identity that is pinned. Beside these
 * the authorities of a configured file; those of the system only where nobody was ever named.
 *
 * Promises: a list is on disk before it counts, and before the collector hears that it is known; an
 * older one, or one with a wrong signature, changes nothing.
 */
import { X509Certificate } from 'node:crypto'
import { getCACertificates } from 'node:tls'
import { errorSentence } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { TrustRoots } from '../wire/key-messages.ts'
import type { PublicIdentity } from './handshake.ts'
import { isTrustRootsSigned } from './trust-signatures.ts'

export interface Trust {
  /** As the collector counts them; 0: what enrollment gave. */
  readonly version: number
  /** A token or a person has named whom to trust: the system's authorities are nobody. */
  readonly isPinned: boolean
  /** Certificates of authorities, PEM. */
  readonly roots: string[]
}

export interface ToldTrustOptions {
  /** `null`: nothing yet. */
  readonly kept: Trust | null
  /** Durable when it returns; throws where it cannot be. */
  readonly keep: (trust: Trust) => void
  /** As pinned at enrollment. */
  readonly collector: PublicIdentity
  readonly log: Logger
}

export class ToldTrust {
  readonly #options: ToldTrustOptions
  #kept: Trust | null

  constructor(options: ToldTrustOptions) {
    this.#options = options
    this.#kept = options.kept
  }

  get kept(): Trust | null {
    return this.#kept
  }

  /** The version that is known now; `null`: it was not signed by that collector, or cannot be kept. */
  hear(told: TrustRoots): number | null {
    const { collector, keep, log } = this.#options
    if (!isTrustRootsSigned(told, collector)) {
      log.error({ version: told.version }, 'a list of authorities is not signed by this collector')
      return null
    }
    const known = this.#kept?.version ?? 0
    if (told.version <= known) return known
    const roots = pemsOf(told.roots)
    if (roots === null) {
      log.error({ version: told.version }, 'a list of authorities holds what is no certificate')
      return null
    }
    const isPinned = this.#kept?.isPinned ?? false
    const kept = { version: told.version, isPinned, roots }
    try {
      keep(kept)
    } catch (error) {
      log.error({ reason: errorSentence(error) }, 'the collector’s authorities could not be kept')
      return null
    }
    this.#kept = kept
    log.info({ version: told.version, authorities: roots.length }, 'authorities are known anew')
    return told.version
  }
}

/** `kept`: what enrollment and the collector gave; `filed`: of the configured file. */
export function trustedPem(kept: Trust | null, filed: string | null): string | null {
  if (kept === null || kept.roots.length === 0) return filed
  const others = filed ?? (kept.isPinned ? '' : getCACertificates('default').join('\n'))
  return [...kept.roots, others].join('\n')
}

function pemsOf(roots: readonly Uint8Array[]): string[] | null {
  try {
    return roots.map((der) => new X509Certificate(der).toString())
  } catch {
    return null
  }
}
