/**
 * Decides on the deposits of the nodes looked at: reads what the decisions rest on, in an order in
 * which nothing read later is older, and makes one change of them. Writes nothing.
 */
import { type Clock, type Random, randomHex } from '@yiben/shared'
import type { CardClaim } from '../model/draw.ts'
import type { NodeId, UnitId } from '../model/ids.ts'
import type { UnitRow } from '../model/inventory.ts'
import type { Deposit } from '../model/ledger.ts'
import type { ClosedWindow, OpenNode } from '../model/timeline.ts'
import type { DepositChange } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import { type DepositDecision, decideDeposits, endedWindowKeys } from './deposit.ts'
import type { Lots } from './lots.ts'
import { OwnerCalendars } from './owner-hours.ts'
import type { ProofWatch } from './proof-watch.ts'
import type { DepositSettings, NodeGuards } from './question.ts'
import { type KeepStore, type ModelRoom, SiteKeeps } from './site-keeps.ts'

const DEPOSIT_ID_BYTES = 8
/** Where nothing is kept back, or nothing is too many. */
const ANY_ROOM: ModelRoom = new Map()
const NO_EXCESS: ReadonlySet<string> = new Set()

export type DeciderStore = KeepStore &
  Pick<
    Store,
    'readOpenDeposits' | 'readClosedWindows' | 'readDepositClaims' | 'readWithheldByFinding'
  >

/** What the bank asks of liveness; answered from memory, at once. */
export interface BankLiveness {
  /** Unheard for 30 s: nothing opens. */
  isSuspended(nodeId: NodeId): boolean
  /** The collector suspects itself: nothing opens, and silence closes nothing yet. */
  depositsSuspended(): boolean
  /** Not `null` while the collector doubts its own clock: nothing opens, no offset closes. */
  clockAccusation(): object | null
  /** Collector time minus node timeline; `null` while it has not been measured. */
  clockOffsetMs(nodeId: NodeId): number | null
}

export interface DeciderOptions {
  readonly store: DeciderStore
  readonly clock: Clock
  readonly random: Random
  readonly liveness: BankLiveness
  readonly lots: Lots
  readonly settings: DepositSettings
  readonly watch: Pick<ProofWatch, 'nowMs'>
}

/** One node as it is looked at. */
export interface Look {
  readonly open: OpenNode
  readonly units: readonly UnitRow[]
  readonly isSilent: boolean
}

/** What was read for a batch of looks. */
interface Facts {
  readonly deposits: ReadonlyMap<NodeId, readonly Deposit[]>
  readonly closedWindows: readonly ClosedWindow[]
  readonly claims: readonly CardClaim[]
  readonly implausible: ReadonlySet<UnitId>
  readonly nowMs: number
}

export class Decider {
  readonly #options: DeciderOptions
  readonly #keeps: SiteKeeps
  readonly #calendars = new OwnerCalendars()
  /** Deposits of each node that are too many at its site; at most every node once. */
  readonly #excess = new Map<NodeId, ReadonlySet<string>>()

  constructor(options: DeciderOptions) {
    this.#options = options
    this.#keeps = new SiteKeeps(options)
  }

  /** In the order of the looks, which are of different nodes. */
  async decide(looks: readonly Look[]): Promise<readonly DepositDecision[]> {
    if (looks.length === 0) return []
    await this.#keeps.refresh()
    const facts = await this.#read(looks)
    const decisions = looks.map((look) => this.#decideOne(look, facts, ANY_ROOM))
    const sites = looks.map((look, index) => this.#keptSiteOf(look, decisions[index]))
    const kept = new Set(sites.filter((siteCode) => siteCode !== null))
    if (kept.size === 0) return decisions
    // Made anew where the site's owner keeps cards back: each node takes of what is left of them.
    const rooms = new Map(await this.#keeps.roomOf(kept))
    return decisions.map((decision, index) => {
      const [look, siteCode] = [looks[index], sites[index] ?? null]
      if (look === undefined || siteCode === null) return decision
      const limited = this.#decideOne(look, facts, rooms.get(siteCode) ?? ANY_ROOM)
      rooms.set(siteCode, limited.siteRoomLeft)
      return limited
    })
  }

  async changeOf(
    looks: readonly Look[],
    decisions: readonly DepositDecision[],
    cursor: { readonly from: number; readonly to: number },
  ): Promise<DepositChange> {
    const openings = decisions.flatMap((decision) => decision.openings)
    const opened = new Set(openings.map(({ unitId }) => unitId))
    const rows = looks.flatMap(({ units }) => units).filter(({ unitId }) => opened.has(unitId))
    return {
      expectedCursor: cursor.from,
      cursor: cursor.to,
      openings,
      closings: decisions.flatMap((decision) => decision.closings),
      rewindows: decisions.flatMap((decision) => decision.rewindows),
      models: await this.#keeps.modelsOf(rows),
      decidedAtMs: this.#options.clock.wallMs(),
      outbox: decisions.flatMap((decision) => decision.outbox),
    }
  }

  /** A decision was stale: the owners' terms may be what has changed. */
  wasStale(): void {
    this.#keeps.forget()
  }

  /** A decision on the node counts. */
  settled(nodeId: NodeId): void {
    this.#excess.delete(nodeId)
  }

  /** Nodes with deposits that are too many at their site; they close when the node is looked at. */
  async nodesWithTooMany(): Promise<readonly NodeId[]> {
    await this.#keeps.refresh()
    const found = await this.#keeps.excess()
    for (const [nodeId, depositIds] of found) this.#excess.set(nodeId, depositIds)
    return [...found.keys()]
  }

  /** Claims last: what they say of a card is not older than what its node has told. */
  async #read(looks: readonly Look[]): Promise<Facts> {
    const { clock, store } = this.#options
    const nodeIds = looks.map(({ open }) => open.nodeId)
    const deposits = Map.groupBy(await store.readOpenDeposits(nodeIds), ({ nodeId }) => nodeId)
    const keys = looks.flatMap(({ open }) => {
      return endedWindowKeys(open, deposits.get(open.nodeId) ?? [])
    })
    const closedWindows = keys.length === 0 ? [] : await store.readClosedWindows(keys)
    const implausible = new Set(await store.readWithheldByFinding(nodeIds))
    const claims = await store.readDepositClaims(nodeIds)
    return { deposits, closedWindows, claims, implausible, nowMs: clock.wallMs() }
  }

  #decideOne(look: Look, facts: Facts, siteRoom: ModelRoom): DepositDecision {
    const { lots, random, settings, watch } = this.#options
    const { nodeId, policy } = look.open
    return decideDeposits({
      ...look,
      openDeposits: facts.deposits.get(nodeId) ?? [],
      closedWindows: facts.closedWindows,
      claims: facts.claims,
      implausible: facts.implausible,
      isCalendarReadable: this.#calendars.of(policy?.calendar ?? null).isReadable,
      siteRoom,
      siteExcess: this.#excess.get(nodeId) ?? NO_EXCESS,
      nowMs: facts.nowMs,
      proofNowMs: watch.nowMs(nodeId, facts.nowMs),
      guards: this.#guardsOf(nodeId),
      settings,
      lots,
      mintDepositId: () => `d-${randomHex(random, DEPOSIT_ID_BYTES)}`,
    })
  }

  /** The site, when something would open there of a model of which cards are kept back. */
  #keptSiteOf({ units }: Look, decision: DepositDecision | undefined): string | null {
    const opened = new Set(decision?.openings.map(({ unitId }) => unitId))
    const row = units.find(({ profile, siteCode, unitId }) => {
      return opened.has(unitId) && this.#keeps.isKept(siteCode, this.#modelOf(profile))
    })
    return row?.siteCode ?? null
  }

  #modelOf(profile: UnitRow['profile']): string | null {
    return this.#options.lots.kindOf(profile).model
  }

  #guardsOf(nodeId: NodeId): NodeGuards {
    const { liveness } = this.#options
    return {
      isSuspended: liveness.isSuspended(nodeId),
      depositsSuspended: liveness.depositsSuspended(),
      isClockAccused: liveness.clockAccusation() !== null,
      clockOffsetMs: liveness.clockOffsetMs(nodeId),
    }
  }
}
