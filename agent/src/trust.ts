/**
 * Whom this node trusts to be its collector, in TLS: the authority that its enrollment token pinned,
 * then what the collector has told it since, signed with the identity that the token carried too.
 * Beside these the file of `collector.ca_file`. Only a node that was enrolled without any of them
 * trusts the authorities of its system.
 */
import { readFileSync } from 'node:fs'
import {
  AppError,
  errorSentence,
  type Logger,
  type PublicIdentity,
  ToldTrust,
  type TrustRoots,
  trustedPem,
} from '@yiben/shared'
import type { AgentConfig } from './config.ts'
import type { StateDir } from './state-dir.ts'

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
  readonly #told: ToldTrust
  /** As last read: a file that cannot be read just now changes nothing. */
  #filed: FiledTrust

  /** Throws `config_unreadable` for a file that is not there. */
  constructor(options: NodeTrustOptions) {
    const { collector, log, state } = options
    this.#options = options
    this.#told = new ToldTrust({
      kept: state.readTrust(),
      keep: (trust) => state.writeTrust(trust),
      collector,
      log,
    })
    this.#filed = readFiles(options.files)
  }

  /** PEM; `null`: the system's authorities. Files are read anew, for they are replaced. */
  get ca(): string | null {
    return trustedPem(this.#told.kept, this.#readAgain().ca)
  }

  get clientCertificate() {
    return this.#readAgain().clientCertificate
  }

  /** The version that is known now; `null`: it was not signed by this node's collector. */
  hear(told: TrustRoots): number | null {
    return this.#told.hear(told)
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
