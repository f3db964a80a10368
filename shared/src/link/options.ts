/** What a link is made of, and how it says it stands. */
import type { Logger } from '../log.ts'
import type { Spool } from '../spool/spool.ts'
import type { World } from '../world.ts'
import type { PublicIdentity } from './handshake.ts'
import type { NodeIdentity } from './hello.ts'
import type { LinkOwner } from './owner.ts'
import type { LinkState } from './state.ts'
import type { LinkTimings } from './timings.ts'

export interface LinkOptions {
  readonly world: World
  readonly spool: Spool
  readonly owner: LinkOwner
  readonly log: Logger
  readonly identity: NodeIdentity
  readonly target: {
    /** As `linkUrlOf` makes it. */
    readonly url: string
    readonly ca: string | null
    readonly proxyUrl: string | null
    readonly clientCertificate?: { readonly cert: string; readonly key: string } | null
    readonly allowsPlainText?: boolean
  }
  /** The identity the enrollment token carried; no other collector is spoken to. */
  readonly collector: PublicIdentity
  readonly timings?: Partial<LinkTimings>
}

/** How the link stands, for local control. */
export interface LinkStatus {
  readonly state: LinkState
  readonly sinceMonotonicMs: number
  readonly nodeId: string | null
  /** Why the last connection ended or was refused; `null` while all is well. */
  readonly lastProblem: { readonly code: string; readonly sentence: string } | null
  readonly unacknowledgedRecords: number
}
