/**
 * What collectors that report here are told of authorities, over the sessions that are open now: at
 * each connect and when they change. Kept in memory alone: a child that comes back is told again,
 * and says again what it knows.
 */
import type { ToNodeMessage, TrustRoots } from '@yiben/shared'

/** The open session of a child that understands what is said of authorities. */
export interface TrustLine {
  send(message: ToNodeMessage): void
}

export class ChildTrust {
  /** Versions that were confirmed; 0: none. */
  readonly #lines = new Map<TrustLine, number>()
  #trust: TrustRoots | null = null

  tell(trust: TrustRoots | null): void {
    this.#trust = trust
    for (const line of this.#lines.keys()) this.#tell(line)
  }

  opened(line: TrustLine): void {
    this.#lines.set(line, 0)
    this.#tell(line)
  }

  closed(line: TrustLine): void {
    this.#lines.delete(line)
  }

  onKnown(line: TrustLine, version: number): void {
    // What was never told cannot be known.
    if (this.#lines.has(line) && version <= (this.#trust?.version ?? 0)) {
      this.#lines.set(line, version)
    }
  }

  /** Children that are connected and have not confirmed this version. */
  waitedFor(version: number): number {
    return [...this.#lines.values()].filter((known) => known < version).length
  }

  #tell(line: TrustLine): void {
    if (this.#trust !== null) line.send({ kind: 'trust_roots', trustRoots: this.#trust })
  }
}
