/** What a session is made of: the parts that it writes to and asks, shared by all of them. */
import type { Duplex, Hello, KeyPair, LiveEvent, Logger, Settings, World } from '@yiben/shared'
import type { Ingest } from '../ingest/ingest.ts'
import type { Liveness } from '../inventory/liveness.ts'
import type { Roster } from '../inventory/roster.ts'
import type { NodeId } from '../model/ids.ts'
import type { LedgerState } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import type { KeyDesk } from '../tls/key-desk.ts'
import type { GatewayCounts, LinkPhase } from './counts.ts'
import type { GatewayNodeLink } from './node-link.ts'
import type { PulseTimings } from './pulse.ts'

export interface SessionDeps {
  readonly world: World
  readonly log: Logger
  readonly store: Pick<Store, 'endSession'>
  readonly roster: Roster
  readonly ingest: Ingest
  readonly liveness: Liveness
  /** Signs the challenge: what enrollment tokens carry. */
  readonly identity: KeyPair
  readonly ledger: LedgerState
  readonly settings: Settings
  readonly timings: SessionTimings
  /** A node has told at once that a card has left free, was vetoed or has failed. */
  readonly onEvent: (nodeId: NodeId, event: LiveEvent) => void
  /** What goes back and forth about leases. */
  readonly nodeLink: Pick<GatewayNodeLink, 'connected' | 'closed' | 'onAnswer' | 'onLeases'>
  /** What goes back and forth about keys and authorities. Left out: nothing does. */
  readonly keys?: Pick<KeyDesk, 'opened' | 'closed' | 'onMessage' | 'children'>
  readonly counts: GatewayCounts
}

/** What a session asks of the gateway. */
export interface SessionOwner<Session> {
  /** Makes room for a node whose proof has been verified; `false` when its old session lives on. */
  replace(session: Session, hello: Hello): Promise<boolean>
  proven(session: Session): void
  ended(session: Session, phase: LinkPhase, reason: string): void
  /** The hello is of a collector that wants to report: another kind of session goes on with it. */
  handOver(session: Session, socket: Duplex, hello: Hello, frame: Uint8Array): void
}

export interface SessionTimings extends PulseTimings {
  /** From the connection to the proof. */
  readonly handshakeMs: number
}
