/**
 * Whom this node trusts to be its collector, in TLS: the authority that its enrollment token pinned,
 * then what the collector has told it since, signed with the identity that the token carried too.
 * Beside these the file of `collector.ca_file`. Only a node that was enrolled without any of them
 * trusts the authorities of its system.
 *
 * Promises: a list is on disk before it counts, and before the collector hears that it is known; an
 * older one, or one with a wrong signature, changes nothing.
 */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { getCACertificates } from 'node:tls'
import {
  AppError,
  errorSentence,
  isTrustRootsSigned,
  type Logger,
  type PublicIdentity,
  type TrustRoots,
} from '@yiben/shared'
import type { AgentConfig } from './config.ts'
import type { StateDir, Trust } from './state-dir.ts'

type Files = Pick<AgentConfig['collector'], 'caFile' | 'certFile' | 'keyFile'>

export interface NodeTrustOptions {
  readonly state: StateDir
  readonly files: Files
  /** As pinned at enrollment. */
  readonly collector: PublicIdentity
  readonly log: Logger
}

export class NodeTrust {
  readonly #options: NodeTrustOptions
  #kept: Trust | null
  /** As last read: a file that cannot be read just now changes nothing. */
  #filed: FiledTrust

  /** Throws `config_unreadable` for a file that is not there. */
  constructor(options: NodeTrustOptions) {
    this.#options = options
    this.#kept = options.state.readTrust()
    this.#filed = readFiles(options.files)
  }

  /** PEM; `null`: the system's authorities. Files are read anew, for they are replaced. */
  get ca(): string | null {
    return trustedPem(this.#kept, this.#readAgain().ca)
  }

  get clientCertificate() {
    return this.#readAgain().clientCertificate
  }

  /** The version that is known now; `null`: it was not signed by this node's collector. */
  hear(told: TrustRoots): number | null {
    const { collector, log, state } = this.#options
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
      state.writeTrust(kept)
    } catch (error) {
      log.error({ reason: errorSentence(error) }, 'the collector’s authorities could not be kept')
      return null
    }
    this.#kept = kept
    log.info({ version: told.version, authorities: roots.length }, 'authorities are known anew')
    return told.version
  }

  #readAgain(): FiledTrust {
    try {
      this.#filed = readFiles(this.#options.files)
    } catch (error) {
      this.#options.log.warn(
        { reason: errorSentence(error) },
        'a certificate file is not there now',
      )
    }
    return this.#filed
  }
}

interface FiledTrust {
  readonly ca: string | null
  readonly clientCertificate: { readonly cert: string; readonly key: string } | null
}

/** Throws `config_unreadable` with the option's name. */
export function readFiles({ caFile, certFile, keyFile }: Files): FiledTrust {
  const ca = caFile === null ? null : readPem(caFile, 'collector.ca_file')
  if (certFile === null || keyFile === null) return { ca, clientCertificate: null }
  const cert = readPem(certFile, 'collector.cert_file')
  return { ca, clientCertificate: { cert, key: readPem(keyFile, 'collector.key_file') } }
}

/** `kept`: what enrollment and the collector gave; `filed`: of the configured file. */
export function trustedPem(kept: Trust | null, filed: string | null): string | null {
  if (kept === null || kept.roots.length === 0) return filed
  const others = filed ?? (kept.isPinned ? '' : getCACertificates('default').join('\n'))
  return [...kept.roots, others].join('\n')
}

/** Certificates of a PEM text, one each. */
export function certificatesOf(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []
}

function readPem(file: string, option: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const sentence = `${option} ${file} cannot be read: ${errorSentence(error)}.`
    throw new AppError('config_unreadable', sentence, { cause: error })
  }
}

function pemsOf(roots: readonly Uint8Array[]): string[] | null {
  try {
    return roots.map((der) => new X509Certificate(der).toString())
  } catch {
    return null
  }
}
