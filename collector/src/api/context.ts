/** What every route is handed: the port, the clock, the catalogue, and how the collector fares. */
import type { Clock, DurationTallyView, Logger, Random } from '@yiben/shared'
import { SiteRecords } from '../bank/accounts-record.ts'
import type { DepositExplanation } from '../bank/bank.ts'
import type { Bookings } from '../bank/bookings.ts'
import { CapacityFollower } from '../bank/capacity-follower.ts'
import type { Outlook } from '../bank/capacity-outlook.ts'
import type { Draws } from '../bank/draws.ts'
import type { RecallResult } from '../bank/lease-follower.ts'
import type { RecallRequest } from '../bank/lease-recall.ts'
import { Lots } from '../bank/lots.ts'
import type { Recovery } from '../bank/recovery.ts'
import type { Catalogue } from '../catalogue/catalogue.ts'
import type { PoolForecast } from '../forecast/live/pool-forecast.ts'
import type { ForecastReport } from '../forecast/live/report.ts'
import type { ClockAccusation } from '../inventory/clock-judge.ts'
import type { LogFace } from '../journal/cosigning.ts'
import type { NodeId } from '../model/ids.ts'
import type { DrawsBelow } from '../placed/below.ts'
import type { LedgerState } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import { type AccessParts, type AccessSettings, accessParts } from './access-parts.ts'
import { CatalogueLookup } from './answers/lookup.ts'
import { EntrySignal } from './entry-signal.ts'

export interface ApiSettings {
  readonly timeZone: string
  /** What is older than this is told or declared silent: default distance of `as_of` from now. */
  readonly settledLagMs: number
  readonly requestsPerMinute: number
  readonly followersMax: number
}

/** Whether the collector can serve; each reason is a sentence. */
export interface Readiness {
  readonly isReady: boolean
  readonly reasons: readonly string[]
  /** What it does not do meanwhile, though it serves. */
  readonly notes: readonly string[]
}

interface VitalName {
  /** `yiben_…`, ends in its unit; counters in `_total`. */
  readonly name: string
  /** A sentence without its full stop; the same wherever the vital is told. */
  readonly help: string
}

/** One number of the running collector, as `/metrics` shows it; what is not known is left out. */
export interface NumberVital extends VitalName {
  readonly kind: 'counter' | 'gauge'
  readonly value: number
  /** The same names wherever the vital is told; few values each. */
  readonly labels?: Readonly<Record<string, string>>
}

/** How long something took, since the start; shown in seconds. */
export interface DurationVital extends VitalName {
  readonly kind: 'histogram'
  readonly durations: DurationTallyView
}

export type Vital = NumberVital | DurationVital

/** The running forecast, for those who ask what it expects of pools and how it fares. */
export interface ForecastFace {
  readonly pools: PoolForecast
  report(): ForecastReport
}

/** What the parts running in this process can tell, and be told. */
export interface CollectorControl {
  /** The collector suspects its own links. */
  depositsSuspended(): boolean
  /** Not `null` while it doubts its own clock. */
  clockAccusation(): ClockAccusation | null
  /** Whether a restored ledger grants again, and who is still to be heard. */
  recovery(): Pick<Recovery, 'bankTold' | 'finish' | 'isRecovering' | 'status'>
  draws(): Draws
  bookings(): Bookings
  /** The owner's side takes a lease back. */
  recall(request: RecallRequest): Promise<RecallResult>
  explainDeposits(nodeId: NodeId): Promise<readonly DepositExplanation[]>
  /** The store holds that it is revoked. */
  nodeRevoked(nodeId: NodeId): void
  /** The store holds what a person decided on placements of these nodes. */
  placementsDecided(nodeIds: readonly NodeId[]): void
}

export interface ApiContext extends AccessParts {
  readonly store: Store
  readonly clock: Clock
  /** Makes ids that nobody can guess. */
  readonly random: Random
  readonly logger: Logger
  readonly catalogue: Catalogue
  readonly lookup: CatalogueLookup
  readonly ledger: LedgerState
  /** The journal as a log: its name, its key, its witnesses. */
  readonly face: LogFace
  readonly lots: Lots
  /** Keeps what is deposited in memory; a service to be run. */
  readonly capacity: CapacityFollower
  /** How leases of each site have ended; a service to be run. */
  readonly siteRecords: SiteRecords
  /** `null` while there is no forecast: no probability is told then, and nobody is kept out. */
  readonly outlook: () => Outlook | null
  /** `null` where no forecast runs. */
  readonly forecast: ForecastFace | null
  readonly entries: EntrySignal
  /** Cards of collectors that report here; `null`: none are drawn. */
  readonly below: DrawsBelow | null
  readonly settings: ApiSettings
  readonly readiness: () => Readiness
  /** Unheard for a while, or the collector suspects itself: visible, not drawable. */
  readonly isSuspended: (nodeId: NodeId) => boolean
  readonly control: CollectorControl
  readonly vitals: () => Promise<readonly Vital[]>
  /** Something was written to the outbox: number it soon. */
  readonly onOutbox: () => void
  /** Commits that moved a node's timeline, since the start. */
  readonly timelineMoves: () => number
}

/** What the collector hands in; the rest is made of it. */
export interface ContextParts
  extends Omit<
    ApiContext,
    | 'lookup'
    | 'lots'
    | 'capacity'
    | 'siteRecords'
    | 'outlook'
    | 'forecast'
    | 'entries'
    | 'below'
    | 'timelineMoves'
    | keyof AccessParts
  > {
  readonly access: AccessSettings
  /** Keys the ids of lots (`lotKeyOf`). */
  readonly lotKey: Uint8Array
  /** The forecast, once there is one. */
  readonly outlook?: () => Outlook | null
  readonly forecast?: ForecastFace
  readonly timelineMoves?: () => number
  readonly below?: DrawsBelow
}

export function createContext({
  below,
  forecast,
  lotKey,
  outlook,
  ...parts
}: ContextParts): ApiContext {
  const lookup = new CatalogueLookup(parts.catalogue)
  const lots = new Lots(lotKey, parts.catalogue)
  const hubOf = (regionCode: string) => lookup.hubOf(regionCode)
  return {
    ...parts,
    ...accessParts(parts),
    timelineMoves: parts.timelineMoves ?? (() => 0),
    lookup,
    lots,
    capacity: new CapacityFollower({ ...parts, lots, hubOf }),
    siteRecords: new SiteRecords(parts),
    outlook: outlook ?? (() => null),
    forecast: forecast ?? null,
    below: below ?? null,
    entries: new EntrySignal(parts.clock, parts.settings.followersMax),
  }
}
