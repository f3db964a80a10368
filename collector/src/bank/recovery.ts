/**
 * After a restore: what is lent must be known before anything is granted (SPEC, Recovery; C15).
 *
 *   restore ──▶ recovering ──(nodes and bank have told, or a person says so)──▶ granting
 *
 * Nodes show their leases with each connection, in our own signed words. Those of a draw that the
 * bank asks for again become that draw; those that no bank has named by the end become draws of
 * nobody, so that no card is granted twice. What has been shown is kept in memory: nodes show it
 * again to the next process. A node that comes later is heard as ever, and its leases are adopted
 * then. Nodes are waited for `nodesMs`, the bank without limit: a person can end it at any time.
 */
import {
  type Clock,
  isLeaseNoticeSigned,
  type LeaseNotice,
  type Logger,
  Rounds,
} from '@yiben/shared'
import type { Draw, DrawId, DrawRequest, LeaseId } from '../model/draw.ts'
import type { NodeId } from '../model/ids.ts'
import { SCOPE_ALL } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import {
  adoptedDraw,
  joinedDraw,
  type PlacedLease,
  placedLease,
  type ShownLease,
  shownLeases,
  unnamedRequest,
} from './adoption.ts'
import { drawTagIn, drawTagOf, isLeaseOf } from './lease-id.ts'
import { recoveryEndedEntry } from './recovery-entries.ts'

/** DESIGN 10: all agents are back within 60 s of a start; ten times that is away for longer. */
const NODES_MS_DEFAULT = 600_000
const ROUND_MS_DEFAULT = 2_000
const PAGE_NODES = 1_000
/** Far above what a bank has drawn of one ledger at once; who asks again later is answered then. */
const NAMED_MAX = 100_000
const BY_ITSELF = 'collector'

export type RecoveryStore = Pick<
  Store,
  | 'isRecovering'
  | 'endRecovery'
  | 'listNodes'
  | 'listTokens'
  | 'listSites'
  | 'loadNode'
  | 'findDraw'
  | 'findDrawOfLease'
  | 'commitDraws'
>

export interface RecoveryOptions {
  readonly store: RecoveryStore
  readonly clock: Clock
  readonly logger: Logger
  /** Of the collector, hex: a lease is believed only in its words. */
  readonly publicKey: string
  /** How long nodes are waited for that have not been heard. */
  readonly nodesMs?: number
  readonly roundMs?: number
  /** Entries were written. */
  readonly onCommitted?: () => void
}

export interface RecoveryStatus {
  readonly isRecovering: boolean
  readonly nodesTold: number
  /** Active nodes that have not told since this process started. */
  readonly missing: readonly NodeId[]
  /** Until then missing nodes are waited for, monotonic ms from now; 0: no longer. */
  readonly nodesWaitMs: number
  /** `none`: there is no bank that could have drawn anything. */
  readonly bank: 'none' | 'awaited' | 'told'
  /** Leases that nodes show and no draw is known for yet. */
  readonly unclaimed: readonly { readonly leaseId: LeaseId; readonly nodeId: NodeId }[]
  /** Since this process started. */
  readonly leasesAdopted: number
}

export class Recovery {
  readonly #options: RecoveryOptions
  readonly #logger: Logger
  readonly #rounds: Rounds
  readonly #told = new Set<NodeId>()
  /** Not settled yet; bounded by the leases that nodes may show. */
  readonly #shown = new Map<LeaseId, ShownLease>()
  /** Draws that were asked for again, by their tags, bounded: leases of theirs may still be shown. */
  readonly #named = new Map<string, Map<DrawId, DrawRequest>>()
  #isRecovering = false
  #hasBankTold = false
  #leasesAdopted = 0
  #openedAtMs: number
  /** Decisions are made one after the other. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: RecoveryOptions) {
    this.#options = options
    this.#logger = options.logger.child({ component: 'recovery' })
    this.#openedAtMs = options.clock.monotonicMs()
    this.#rounds = new Rounds({
      clock: options.clock,
      intervalMs: options.roundMs ?? ROUND_MS_DEFAULT,
      round: () => this.#inTurn(() => this.#round()),
      onFailure: (error) => this.#logger.error({ err: error }, 'leases could not be reconciled'),
    })
  }

  /** Before anything is granted or any agent is let in. */
  async open(): Promise<void> {
    this.#isRecovering = await this.#options.store.isRecovering()
    this.#openedAtMs = this.#options.clock.monotonicMs()
    if (this.#isRecovering) {
      this.#logger.warn({}, 'this ledger was restored: nothing is granted until all is told')
    }
  }

  run(): Promise<void> {
    return this.#rounds.run()
  }

  stop(): Promise<void> {
    return this.#rounds.stop()
  }

  /** A round now. */
  async drain(): Promise<void> {
    await this.#rounds.once()
  }

  /** Nothing is granted, and nothing that ends a lease is decided, while it is true. */
  isRecovering(): boolean {
    return this.#isRecovering
  }

  /** What a node believes to be lent, after each of its connections; also when it is nothing. */
  told(nodeId: NodeId, notices: readonly LeaseNotice[]): void {
    const { clock, publicKey } = this.#options
    const signed = notices.filter((notice) => isLeaseNoticeSigned(notice, publicKey))
    if (signed.length < notices.length) {
      const fields = { node_id: nodeId, notices: notices.length - signed.length }
      this.#logger.warn(fields, 'a node shows leases that this collector has not signed')
    }
    this.#told.add(nodeId)
    for (const [leaseId, lease] of this.#shown) {
      if (lease.nodeId === nodeId) this.#shown.delete(leaseId)
    }
    for (const lease of shownLeases(nodeId, signed, clock.wallMs())) {
      this.#shown.set(lease.leaseId, lease)
    }
    if (this.#isRecovering || this.#shown.size > 0) this.#rounds.wake()
  }

  /** The bank says that it has asked again for every draw it knows of. */
  bankTold(): void {
    this.#hasBankTold = true
    this.#rounds.wake()
  }

  /**
   * A draw that this ledger does not know is asked for again: what nodes show of it becomes that
   * draw, posted. `null`: no node shows any of it yet; when one does, it is that draw.
   */
  replay(request: DrawRequest): Promise<Draw | null> {
    return this.#inTurn(async () => {
      const { clock, store } = this.#options
      const known = await store.findDraw(request.drawId)
      if (known !== null) return known
      this.#name(request)
      const own = await this.#placed(({ leaseId, nodeId }) =>
        isLeaseOf(leaseId, request.drawId, nodeId),
      )
      if (own.length === 0) return null
      const change = adoptedDraw(request, own, clock.wallMs())
      const [result] = await store.commitDraws([change])
      if (result?.status !== 'committed') {
        this.#logger.warn({ status: result?.status }, 'a draw could not be adopted yet')
        return null
      }
      this.#settled(own)
      return change.draw
    })
  }

  /** A person answers for what has not been told. */
  finish(by: string): Promise<{ readonly status: 'ended' | 'not_recovering' }> {
    return this.#inTurn(() => this.#end(by, 'by_name'))
  }

  async status(): Promise<RecoveryStatus> {
    return {
      isRecovering: this.#isRecovering,
      nodesTold: this.#told.size,
      missing: this.#isRecovering ? await this.#missing() : [],
      nodesWaitMs: this.#isRecovering ? this.#nodesWaitMs() : 0,
      bank: this.#isRecovering ? await this.#bank() : 'none',
      unclaimed: [...this.#shown.values()].map(({ leaseId, nodeId }) => ({ leaseId, nodeId })),
      leasesAdopted: this.#leasesAdopted,
    }
  }

  async #round(): Promise<boolean> {
    const { store } = this.#options
    if (this.#isRecovering && !(await store.isRecovering())) this.#granting('a command')
    await this.#settleKnown()
    if (!this.#isRecovering) {
      await this.#adoptUnnamed()
      return false
    }
    const isHeard = this.#nodesWaitMs() === 0 || (await this.#missing()).length === 0
    if (isHeard && (await this.#bank()) !== 'awaited') await this.#end(BY_ITSELF, 'complete')
    return false
  }

  /** Leases whose draws the ledger knows, or that belong to one that was asked for again. */
  async #settleKnown(): Promise<void> {
    const { clock, store } = this.#options
    for (const lease of [...this.#shown.values()]) {
      const known = await store.findDrawOfLease(lease.leaseId)
      if (known !== null) {
        this.#shown.delete(lease.leaseId)
        continue
      }
      const request = this.#requestOf(lease)
      const [placed] = request === null ? [] : await this.#placed((one) => one === lease)
      if (request === null || placed === undefined) continue
      const draw = await store.findDraw(request.drawId)
      if (draw !== null && draw.state !== 'posted') continue
      const nowMs = clock.wallMs()
      const change =
        draw === null ? adoptedDraw(request, [placed], nowMs) : joinedDraw(draw, placed, nowMs)
      const [result] = await store.commitDraws([change])
      if (result?.status === 'committed') this.#settled([placed])
    }
  }

  #requestOf({ leaseId, nodeId }: ShownLease): DrawRequest | null {
    const named = this.#named.get(drawTagIn(leaseId))?.values() ?? []
    for (const request of named) if (isLeaseOf(leaseId, request.drawId, nodeId)) return request
    return null
  }

  #name(request: DrawRequest): void {
    const tag = drawTagOf(request.drawId)
    const alike = this.#named.get(tag)
    if (alike !== undefined) alike.set(request.drawId, request)
    else if (this.#named.size < NAMED_MAX)
      this.#named.set(tag, new Map([[request.drawId, request]]))
  }

  /** What no bank has named: a card of it must not be granted to anybody else. */
  async #adoptUnnamed(): Promise<void> {
    const { clock, store } = this.#options
    const placed = await this.#placed(() => true)
    if (placed.length === 0) return
    const changes = placed.map((lease) =>
      adoptedDraw(unnamedRequest(lease), [lease], clock.wallMs()),
    )
    const results = await store.commitDraws(changes)
    const done = placed.filter((_, position) => results[position]?.status === 'committed')
    this.#settled(done)
  }

  async #end(
    by: string,
    why: 'complete' | 'by_name',
  ): Promise<{ readonly status: 'ended' | 'not_recovering' }> {
    const { clock, store } = this.#options
    if (!(await store.isRecovering())) return { status: 'not_recovering' }
    await this.#settleKnown()
    await this.#adoptUnnamed()
    const counts = {
      nodesTold: this.#told.size,
      nodesMissing: (await this.#missing()).length,
      leasesAdopted: this.#leasesAdopted,
    }
    const result = await store.endRecovery([
      recoveryEndedEntry({ by, why, atMs: clock.wallMs(), counts }),
    ])
    this.#granting(by)
    return result
  }

  #granting(by: string): void {
    this.#isRecovering = false
    this.#options.onCommitted?.()
    this.#logger.info({ by }, 'the recovery has ended: cards are granted again')
  }

  #settled(leases: readonly PlacedLease[]): void {
    for (const { leaseId } of leases) this.#shown.delete(leaseId)
    this.#leasesAdopted += leases.length
    if (leases.length > 0) this.#options.onCommitted?.()
  }

  /** Shown leases whose nodes have told which cards they are. */
  async #placed(isMeant: (lease: ShownLease) => boolean): Promise<readonly PlacedLease[]> {
    const { clock, store } = this.#options
    const meant = [...this.#shown.values()].filter(isMeant)
    if (meant.length === 0) return []
    const sites = new Map((await store.listSites(SCOPE_ALL)).map((site) => [site.code, site.terms]))
    const placed: PlacedLease[] = []
    for (const lease of meant) {
      const node = await store.loadNode(lease.nodeId)
      if (node === null) continue
      const terms = sites.get(node.node.siteCode)
      const found = placedLease(lease, node, terms?.ownerCode ?? terms?.operatorCode ?? '')
      if (found === null) continue
      if (found.cards.every(({ endMs }) => endMs > clock.wallMs())) placed.push(found)
      else this.#shown.delete(lease.leaseId)
    }
    return placed
  }

  #nodesWaitMs(): number {
    const { clock, nodesMs = NODES_MS_DEFAULT } = this.#options
    return Math.max(0, this.#openedAtMs + nodesMs - clock.monotonicMs())
  }

  async #missing(): Promise<readonly NodeId[]> {
    const missing: NodeId[] = []
    let cursor: string | null = null
    do {
      const page: Awaited<ReturnType<RecoveryStore['listNodes']>> =
        await this.#options.store.listNodes(SCOPE_ALL, { cursor, limit: PAGE_NODES })
      for (const { node } of page.rows) {
        if (node.status === 'active' && !this.#told.has(node.nodeId)) missing.push(node.nodeId)
      }
      cursor = page.nextCursor
    } while (cursor !== null)
    return missing
  }

  async #bank(): Promise<RecoveryStatus['bank']> {
    if (this.#hasBankTold) return 'told'
    const nowMs = this.#options.clock.wallMs()
    const tokens = await this.#options.store.listTokens()
    const isThere = tokens.some(
      ({ expiresAtMs, revokedAtMs, role }) =>
        role === 'bank' && revokedAtMs === null && expiresAtMs > nowMs,
    )
    return isThere ? 'awaited' : 'none'
  }

  #inTurn<Result>(decide: () => Promise<Result>): Promise<Result> {
    const turn = this.#turn.then(decide, decide)
    this.#turn = turn.catch(() => {})
    return turn
  }
}
