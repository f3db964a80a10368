/**
 * Whose certificate the parent may show: the authority that the token pinned, until the parent tells
 * of others; beside these the file of `upstream.ca`, read anew at each connect.
 */
import { errorSentence, type Logger, ToldTrust, type TrustRoots, trustedPem } from '@yiben/shared'
import type { Enrollment, UpstreamFolder } from './folder.ts'

export interface ParentTrustOptions {
  readonly folder: Pick<UpstreamFolder, 'readTrust' | 'writeTrust'>
  readonly enrollment: Pick<Enrollment, 'authority' | 'parent'>
  /** PEM of the configured file, `null` for none. Throws where it cannot be read. */
  readonly readFile: () => string | null
  readonly log: Logger
}

export class ParentTrust {
  readonly #options: ParentTrustOptions
  readonly #told: ToldTrust
  /** As last read: a file that cannot be read just now changes nothing. */
  #filed: string | null

  /** Throws `config_unreadable` for a file that is not there. */
  constructor(options: ParentTrustOptions) {
    const { enrollment, folder, log, readFile } = options
    const { authority, parent } = enrollment
    const pinned = authority === null ? null : { version: 0, isPinned: true, roots: [authority] }
    this.#options = options
    this.#filed = readFile()
    this.#told = new ToldTrust({
      kept: folder.readTrust() ?? pinned,
      keep: (trust) => folder.writeTrust(trust),
      collector: parent,
      log,
    })
  }

  /** PEM; `null`: the system's authorities. */
  get ca(): string | null {
    const { log, readFile } = this.#options
    try {
      this.#filed = readFile()
    } catch (error) {
      log.warn({ reason: errorSentence(error) }, 'upstream.ca is not there now')
    }
    return trustedPem(this.#told.kept, this.#filed)
  }

  /** The version that is known now; `null`: the parent has not signed it. */
  hear(told: TrustRoots): number | null {
    return this.#told.hear(told)
  }
}
