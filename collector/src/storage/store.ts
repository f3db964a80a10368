/**
 * THE port of the collector's storage. Methods are named by what they promise, not by table. Every
 * one is asynchronous and one transaction; arguments and results can be cloned (they cross a
 * worker); none takes a callback; every read takes a scope. Nothing here knows SQL.
 *
 * Decisions are made outside, from rows read here, and written back conditionally: a write names
 * what it was decided on (`expected…`) and answers `stale` when that has changed meanwhile.
 */
import type { CardCounts, LedgerInstant } from '../model/card-count.ts'
import type { CardClaim, Draw, DrawId, LeaseId } from '../model/draw.ts'
import type { ForecastHour, ForecastState, NodeSight } from '../model/forecast.ts'
import type { NodeId, SessionGeneration, UnitId } from '../model/ids.ts'
import type { Conflict, IdentityClaim, UnitRow } from '../model/inventory.ts'
import type {
  StoredCosignature,
  TreeExtension,
  TreeName,
  TreeNodeId,
  TreeState,
} from '../model/journal-tree.ts'
import type {
  Bucket,
  Deposit,
  JournalEntry,
  OutboxEntry,
  Seal,
  StoredOutboxEntry,
} from '../model/ledger.ts'
import type { CloneSighting, NodeRow } from '../model/node.ts'
import type { LotPromise, NodeOffer, OfferChanges, OfferCursor } from '../model/offer.ts'
import type {
  CardStock,
  DeclaredCapacity,
  KeptCards,
  ModelAtSite,
  Site,
  SiteTerms,
} from '../model/site.ts'
import type { ClosedWindow, OpenNode, Silence, UnitHour } from '../model/timeline.ts'
import type { AccessStore } from './access-store.ts'
import type {
  AccountFilter,
  AccountSums,
  BookedClaim,
  DrawMoves,
  Settlement,
  SiteRecord,
  UnsettledClaim,
} from './account-requests.ts'
import type { ChildrenStore } from './children-store.ts'
import type {
  BookedCards,
  DrawChange,
  DrawCommitResult,
  DrawFilter,
  GrantCard,
  StoredLeaseRecord,
} from './draw-requests.ts'
import type { FeedStore } from './feed-store.ts'
import type { NodeKeyStore } from './node-key-store.ts'
import type { NodeFilter, NodeHealth, NodeHealthLimits } from './node-requests.ts'
import type { PlacedStore } from './placed-store.ts'
import type { PlausibilityStore } from './plausibility-store.ts'
import type { ReportStore } from './report-store.ts'
import type {
  DepositChange,
  FactsCommit,
  FactsResult,
  ForecastHourWrite,
  ForecastStateWrite,
  FreeUnit,
  HourMaterial,
  IngestCommit,
  IngestResult,
  JournalHead,
  LedgerState,
  LotPromiseWrite,
  NodeListRow,
  NodeState,
  Page,
  PageRequest,
  QualityRows,
  Scope,
  TokenRow,
  UnitSpan,
} from './requests.ts'
import type {
  EnrollRequest,
  EnrollResult,
  OpenSessionRequest,
  OpenSessionResult,
} from './session-requests.ts'
import type { SiteFactsStore } from './site-facts-store.ts'
import type { SumStore } from './sum-store.ts'
import type { UpkeepStore } from './upkeep-store.ts'

export interface Store
  extends AccessStore,
    ChildrenStore,
    FeedStore,
    NodeKeyStore,
    PlacedStore,
    PlausibilityStore,
    ReportStore,
    SiteFactsStore,
    SumStore,
    UpkeepStore {
  // life cycle
  ledgerState(): Promise<LedgerState>
  /** Writes a consistent copy of everything to a new file. */
  backup(path: string): Promise<void>
  /** Idempotent; waits for writes under way. */
  close(): Promise<void>

  // administration (each writes its own outbox entry in the same transaction)
  putSite(change: {
    readonly code: string
    readonly name: string
    readonly terms: SiteTerms
    readonly outbox: readonly OutboxEntry[]
  }): Promise<Site>
  putDeclared(declared: DeclaredCapacity, outbox: readonly OutboxEntry[]): Promise<void>
  createToken(token: TokenRow, outbox: readonly OutboxEntry[]): Promise<void>
  revokeToken(
    tokenId: string,
    atMs: number,
    outbox: readonly OutboxEntry[],
  ): Promise<{ readonly status: 'revoked' | 'not_found' }>
  listTokens(): Promise<readonly TokenRow[]>
  findToken(tokenId: string): Promise<TokenRow | null>
  resolveConflict(change: {
    readonly conflictId: number
    readonly keepUnitId: UnitId
    readonly by: string
    readonly atMs: number
    readonly outbox: readonly OutboxEntry[]
  }): Promise<{ readonly status: 'resolved' | 'not_found' | 'already_resolved' }>

  // roster and sessions
  enrollNode(request: EnrollRequest): Promise<EnrollResult>
  /** By the key in force, or by the one it has proven and is to take: then with that one. */
  findNodeByKey(algorithm: number, publicKey: string): Promise<NodeRow | null>
  openSession(request: OpenSessionRequest): Promise<OpenSessionResult>
  /** Marks nodes heard; rows whose generation is no longer current are left alone. */
  touchSessions(
    heard: readonly {
      readonly nodeId: NodeId
      readonly generation: SessionGeneration
      readonly lastHeardMs: number
      /** The same, whatever the wall clock says; for a process elsewhere. */
      readonly heardAgoMs: number
      readonly clockOffsetMs: number | null
    }[],
  ): Promise<void>
  endSession(end: {
    readonly nodeId: NodeId
    readonly generation: SessionGeneration
    readonly reason: string
    readonly atMs: number
  }): Promise<void>
  recordClone(sighting: CloneSighting): Promise<void>

  // ingest
  loadNode(nodeId: NodeId): Promise<NodeState | null>
  /** Many nodes in one transaction and one fsync; results in the same order. */
  commitIngest(commits: readonly IngestCommit[]): Promise<readonly IngestResult[]>
  readClaims(
    identities: readonly { readonly keyNumber: number; readonly hash: string }[],
  ): Promise<readonly IdentityClaim[]>
  commitFacts(commit: FactsCommit): Promise<FactsResult>
  /** Hours of one unit that were booked before, to fold late data into them. */
  readUnitHours(
    keys: readonly { readonly unitId: UnitId; readonly hourMs: number }[],
  ): Promise<readonly UnitHour[]>
  /** Declares nodes silent from their last proven instant; a node already silent is left alone. */
  beginSilences(
    silences: readonly Omit<Silence, 'silenceId'>[],
    closedWindows: readonly ClosedWindow[],
    outbox: readonly OutboxEntry[],
  ): Promise<void>

  // bank: follows the timeline by its own durable cursor
  readTimelineChanges(
    afterChangeSeq: number,
    limit: number,
  ): Promise<readonly { readonly open: OpenNode; readonly units: readonly UnitRow[] }[]>
  /** The follower's durable cursor: last `changeSeq` it has dealt with; 0 at first. */
  readCursor(follower: string): Promise<number>
  readOpenDeposits(nodeIds: readonly NodeId[] | 'all'): Promise<readonly Deposit[]>
  /** Windows that have ended, by name (`unit@startMs`); one that is not there is left out. */
  readClosedWindows(
    keys: readonly { readonly unitId: UnitId; readonly startMs: number }[],
  ): Promise<readonly ClosedWindow[]>
  commitDeposits(change: DepositChange): Promise<{ readonly status: 'committed' | 'stale' }>
  /** Live claims on cards of these nodes; of each open deposit also its last lease, when that is over. */
  readDepositClaims(nodeIds: readonly NodeId[]): Promise<readonly CardClaim[]>
  /** Sites whose terms in force at `atMs` keep cards back. */
  readKeptSites(
    atMs: number,
  ): Promise<readonly { readonly siteCode: string; readonly keep: readonly KeptCards[] }[]>
  readCardStock(siteCodes: readonly string[]): Promise<readonly CardStock[]>
  /** Open deposits of a model at a site that are not lent, the youngest first. */
  readYoungestDeposits(model: ModelAtSite, limit: number): Promise<readonly Deposit[]>
  readLotPromises(): Promise<readonly LotPromise[]>
  /** With their entries; those that somebody else has written meanwhile are left out. */
  writeLotPromises(writes: readonly LotPromiseWrite[]): Promise<void>

  // draws: decided outside, each written under the version it was decided on
  findDraw(drawId: DrawId): Promise<Draw | null>
  findDrawOfLease(leaseId: LeaseId): Promise<Draw | null>
  /** Draws with a claim on these nodes that is not ended; in the order of their making. */
  readLiveDraws(nodeIds: readonly NodeId[] | 'all'): Promise<readonly Draw[]>
  /**
   * Draws with something due by then, the longest due first. `lending`: a hold that lapses, a lease or
   * an announced recall that ends; `booking`: a booking that begins, open places to be given up.
   */
  readDueDraws(what: 'lending' | 'booking', atMs: number, limit: number): Promise<readonly Draw[]>
  /** What grants of these cards rest on now, in no order; one that stands nowhere is left out. */
  readGrantCards(unitIds: readonly UnitId[], atMs: number): Promise<readonly GrantCard[]>
  /** Many decisions in one transaction and one fsync, each by itself; results in the same order. */
  commitDraws(changes: readonly DrawChange[]): Promise<readonly DrawCommitResult[]>
  readLeaseRecords(afterNumber: number, limit: number): Promise<readonly StoredLeaseRecord[]>
  /** For followers whose decisions can be made twice; never moved back. */
  moveCursor(follower: string, to: number): Promise<void>
  /** Leases that an owner's scheduler ended since then, each once, by site (C8). */
  readOwnerClaims(
    sinceMs: number,
  ): Promise<readonly { readonly siteCode: string; readonly endedAtMs: number }[]>
  /** Draws that touch the scope, newest first. */
  listDraws(scope: Scope, filter: DrawFilter, page: PageRequest): Promise<Page<Draw>>
  /** What a draw has booked and not given up. */
  readBooked(drawId: DrawId): Promise<readonly Omit<BookedCards, 'cardsMax'>[]>
  /**
   * Cards booked for hours that begin within the range, over all draws, with any confidence; `null`
   * while nothing has changed since `seq` was `knownSeq` (-1: whatever it is).
   */
  readBookedHours(
    knownSeq: number,
    range: { readonly fromMs: number; readonly toMs: number },
  ): Promise<{
    readonly seq: number
    readonly hours: readonly Omit<BookedCards, 'cardsMax' | 'confidencePpm'>[]
  } | null>
  /** What is kept twice, computed anew, and the bounds, looked at from the rows; each is a sentence. */
  auditDraws(): Promise<readonly string[]>

  // recovery: a restored ledger does not know yet what is lent
  isRecovering(): Promise<boolean>
  /** Once and for all in this generation, with its entry. */
  endRecovery(
    outbox: readonly OutboxEntry[],
  ): Promise<{ readonly status: 'ended' | 'not_recovering' }>

  // forecast: follows the timeline by its own durable cursor
  /** Nodes whose timeline has changed behind the cursor, in the order of their change. */
  readNodeSights(afterChangeSeq: number, limit: number): Promise<readonly NodeSight[]>
  /** Windows of these cards that have ended and began at `fromMs` or later; by card, then by start. */
  readWindowsFrom(
    keys: readonly { readonly unitId: UnitId; readonly fromMs: number }[],
  ): Promise<readonly ClosedWindow[]>
  readForecastState(): Promise<ForecastState | null>
  writeForecastState(write: ForecastStateWrite): Promise<{ readonly status: 'written' | 'stale' }>
  /** With its entry; `known` when something has been said of that hour already. */
  writeForecastHour(write: ForecastHourWrite): Promise<{ readonly status: 'written' | 'known' }>
  readForecastHour(hourMs: number): Promise<ForecastHour | null>

  // accounts: settled from evidence, told per owner and per borrower
  /** Claims due to be settled, and those whose node has told more; longest due first. */
  readUnsettledClaims(nowMs: number, limit: number): Promise<readonly UnsettledClaim[]>
  /** All with their entry or none: `stale` names those that something was posted to meanwhile. */
  commitSettlements(
    settlements: readonly Settlement[],
    outbox: readonly OutboxEntry[],
  ): Promise<
    | { readonly status: 'committed' }
    | {
        readonly status: 'stale'
        readonly claims: readonly { readonly drawId: DrawId; readonly ordinal: number }[]
      }
  >
  /** Of promised time within the range: what went where, as known then. */
  readAccounts(
    scope: Scope,
    filter: AccountFilter,
    range: { readonly fromMs: number; readonly toMs: number; readonly knownAtMs: number },
  ): Promise<AccountSums>
  /** Draws whose promise begins within the range; of each what lies in the filter, whole. */
  readDrawMoves(
    scope: Scope,
    filter: AccountFilter,
    range: { readonly fromMs: number; readonly toMs: number; readonly knownAtMs: number },
  ): Promise<readonly DrawMoves[]>
  /** Sites where leases ended in the 90 days before `atMs`, as known then; by code. */
  readSiteRecords(
    scope: Scope,
    instant: { readonly atMs: number; readonly knownAtMs: number },
  ): Promise<readonly SiteRecord[]>
  /** Every claim that was ever promised, in the order of the draws; for checks. */
  listBookedClaims(page: PageRequest): Promise<Page<BookedClaim>>
  /** With its entry; `known` when the same statement was given out before. */
  keepStatement(statement: {
    readonly sha256: string
    readonly issuedAtMs: number
    readonly outbox: readonly OutboxEntry[]
  }): Promise<{ readonly status: 'issued' | 'known' }>

  // journal
  readOutbox(limit: number): Promise<readonly StoredOutboxEntry[]>
  journalHead(): Promise<JournalHead>
  /**
   * Numbers outbox entries: appends them and removes them from the outbox. An entry that the
   * sequencer has made itself carries the outbox number 0. Head of an empty journal: 0, zeros.
   */
  appendJournal(
    expectedHead: JournalHead,
    entries: readonly (JournalEntry & { readonly outboxId: number })[],
  ): Promise<{ readonly status: 'appended' | 'stale' }>
  readJournal(afterSeq: number, limit: number): Promise<readonly JournalEntry[]>
  treeState(name: TreeName): Promise<TreeState>
  /** Hashes in the order asked for; a subtree that is not kept is a bug. */
  readTreeNodes(algorithm: number, nodes: readonly TreeNodeId[]): Promise<readonly Uint8Array[]>
  /** Nodes and checkpoint together; `stale` when either has moved on since it was computed. */
  extendTree(extension: TreeExtension): Promise<{ readonly status: 'extended' | 'stale' }>
  /** Keeps the newest of each witness: by the size of the tree, then by its time. */
  keepCosignature(
    origin: string,
    cosignature: StoredCosignature,
  ): Promise<{ readonly status: 'kept' | 'older' }>

  // rollup
  sealedHours(fromMs: number, toMs: number): Promise<readonly Seal[]>
  /** The first hour that holds any time, and sealed hours that late data has changed. */
  rollupBacklog(): Promise<{
    readonly firstHourMs: number | null
    readonly lastSealedHourMs: number | null
    readonly dirtyHours: readonly number[]
  }>
  readHour(hourMs: number): Promise<HourMaterial>
  /**
   * Writes version `version` of an hour's buckets and its seal, and takes the hour off the dirty
   * list; `stale` when that version is there already or the material has another mark by now.
   */
  writeBuckets(write: {
    readonly hourMs: number
    readonly expectedMark: string
    readonly version: number
    readonly knownAtMs: number
    readonly buckets: readonly Bucket[]
    readonly outbox: readonly OutboxEntry[]
  }): Promise<{ readonly status: 'written' | 'stale' }>

  // reads for people, all scoped
  /** What every card did at one instant, as known at another, as counts of cards that are alike. */
  readLedgerAt(scope: Scope, instant: LedgerInstant): Promise<CardCounts>
  readDeclared(scope: Scope, knownAtMs: number): Promise<readonly DeclaredCapacity[]>
  readBuckets(
    scope: Scope,
    range: { readonly fromMs: number; readonly toMs: number; readonly knownAtMs: number },
  ): Promise<readonly Bucket[]>
  listSites(scope: Scope): Promise<readonly Site[]>
  listNodes(scope: Scope, page: PageRequest, filter?: NodeFilter): Promise<Page<NodeListRow>>
  findNode(scope: Scope, nodeId: string): Promise<NodeListRow | null>
  readNodeHealth(scope: Scope, limits: NodeHealthLimits): Promise<NodeHealth>
  /** What each unit that is placed on the node now did in the range; in the order of their numbers. */
  readNodeSpans(
    scope: Scope,
    nodeId: string,
    range: { readonly fromMs: number; readonly toMs: number; readonly knownAtMs: number },
  ): Promise<readonly UnitSpan[]>
  /** With a node's id, only what is or was placed on it. */
  listUnits(scope: Scope, page: PageRequest, nodeId?: string | null): Promise<Page<UnitRow>>
  findUnits(scope: Scope, acceleratorId: number): Promise<readonly UnitRow[]>
  /** The placements of these numbers that lie in the scope; in no order. */
  readUnits(scope: Scope, unitIds: readonly UnitId[]): Promise<readonly UnitRow[]>
  readUnitSpan(
    scope: Scope,
    unitId: UnitId,
    range: { readonly fromMs: number; readonly toMs: number; readonly knownAtMs: number },
  ): Promise<UnitSpan | null>
  listDeposits(scope: Scope, openOnly: boolean, page: PageRequest): Promise<Page<Deposit>>
  readFreeUnits(scope: Scope): Promise<readonly FreeUnit[]>
  /** What these nodes offer now, in no order; one that has told nothing yet is left out. */
  readOffers(scope: Scope, nodeIds: readonly NodeId[]): Promise<readonly NodeOffer[]>
  /** Offers that may have changed behind the cursor, each as it is now. */
  readOfferChanges(after: OfferCursor, limit: number): Promise<OfferChanges>
  /** A conflict is in the scope of either claim; newest first. */
  listConflicts(scope: Scope, openOnly: boolean, page: PageRequest): Promise<Page<Conflict>>
  findConflict(scope: Scope, conflictId: number): Promise<Conflict | null>
  readQuality(scope: Scope, sinceMs: number): Promise<QualityRows>
}
