/** What a collector is made of: what its parts stand on, and what it is told to do and to leave. */
import type { KeyPair, LeaseNotice, Logger, Service, World } from '@yiben/shared'
import type { BookedPools } from './bank/booking-judge.ts'
import type { CapacityFollower } from './bank/capacity-follower.ts'
import type { SecondDisk } from './bank/draw-desk.ts'
import type { DrawForecast } from './bank/draw-plan.ts'
import type { Lots } from './bank/lots.ts'
import type { CollectorConfig } from './config.ts'
import type { GatewayNodeLink } from './gateway/node-link.ts'
import type { CheckpointMemory } from './journal/notary.ts'
import type { NodeId } from './model/ids.ts'
import type { NodeLink } from './model/node-link.ts'
import type { LedgerState } from './storage/requests.ts'
import type { Store } from './storage/store.ts'
import type { KeyDesk } from './tls/key-desk.ts'

export type CollectorSettings = Pick<
  CollectorConfig,
  'sealDelayMs' | 'timeZone' | 'intervals' | 'bank' | 'liveness' | 'limits'
>

export interface CollectorOptions {
  readonly world: World
  readonly log: Logger
  readonly store: Store
  readonly ledger: LedgerState
  /** Signs challenges; its public half is in every enrollment token. */
  readonly identity: KeyPair
  /** Names what is deposited. */
  readonly lots: Lots
  readonly settings: CollectorSettings
  /** What was signed last, kept beside the store. */
  readonly checkpoints: CheckpointMemory
  /** Run and stopped with its own parts: they follow the same store. */
  readonly followers?: () => readonly Service[]
  /** Entries were numbered: who follows the journal may look. */
  readonly onEntries?: () => void
  /** What is deposited, as draws look at it. Left out: they follow it themselves, as they draw. */
  readonly capacity?: () => Pick<CapacityFollower, 'upToDate'>
  /** `null`, or left out: nothing is known of how long cards last. */
  readonly forecast?: () => DrawForecast | null
  /** What nodes are told of keys and authorities; left out: nothing. */
  readonly keys?: KeyDesk
  /** Decisions are written there before they are answered. */
  readonly second?: SecondDisk | null
  /** What will be free, for bookings; `null`, or left out: nothing can be booked. */
  readonly pools?: () => BookedPools | null
  /** Of the session rows; left out: a random one. */
  readonly instance?: string
  /** Beside another one that leads: nodes are served here, and nothing is decided. */
  readonly beside?: Beside
  /** Nodes wherever they are connected, given the link to those here; left out: here alone. */
  readonly reach?: (own: GatewayNodeLink) => NodeLink
}

/** How the one that leads learns of what a node has told here. */
export interface Beside {
  /** What it believes to be lent, after it has connected. */
  readonly onLeases: (nodeId: NodeId, leases: readonly LeaseNotice[]) => void
  /** How often is written who is heard. */
  readonly touchMs: number
}
