/**
 * Keeps when each node was last heard, and acts on silence: suspended at 30 s, declared silent in
 * the store at 90 s, many at once judged as one loss (DESIGN 2.3). Everything is measured by the
 * monotonic clock; after a start every node is given the same time to come back, while silence is
 * still dated from its last proven second.
 */
import { type Clock, errorSentence, type Goodbye, type Logger, type Timer } from '@yiben/shared'
import type { NodeId } from '../model/ids.ts'
import type { OutboxEntry } from '../model/ledger.ts'
import { SCOPE_ALL } from '../storage/requests.ts'
import type { Store } from '../storage/store.ts'
import { type ClockAccusation, judgeClock, OffsetFilter } from './clock-judge.ts'
import {
  addressRangeOf,
  type HeardNode,
  judgeLoss,
  LIVENESS_SETTINGS,
  type LivenessSettings,
  type Loss,
  presenceOf,
} from './liveness-judge.ts'
import { censusOf, type NodeCensus } from './node-census.ts'
import { type SilenceBegun, type SilenceCause, silenceOf } from './silence.ts'

const ROUND_MS_DEFAULT = 1_000
/** A round this much too late means that this process slept, and could hear nobody. */
const STALL_MS = 5_000
const NODES_PER_PAGE = 1_000
/** Silences of one transaction. */
const SILENCES_PER_WRITE_MAX = 256
/** A session that ended so was ordered: its silence is no fault. */
export const ENDED_BY_GOODBYE = 'goodbye'
/** How the store marks sessions that a stopped collector had left open. */
const ENDED_BY_STOP = 'collector_stopped'

type LivenessStore = Pick<Store, 'listNodes' | 'loadNode' | 'beginSilences'>

/** Who wants to know; each is called after the store holds what it tells of. */
export interface LivenessListener {
  /** Their silence is declared: cached state of theirs is out of date, their windows have ended. */
  onSilent(nodeIds: readonly NodeId[]): void
  /** What `isSuspended`, `depositsSuspended` or `clockAccusation` answer has changed. */
  onChange(): void
}

export interface LivenessOptions {
  readonly store: LivenessStore
  readonly clock: Clock
  readonly log: Logger
  readonly listener: LivenessListener
  readonly settings?: Partial<LivenessSettings>
  /** How often is judged. */
  readonly roundMs?: number
}

interface Tracked extends HeardNode {
  siteCode: string
  addressRange: string
  lastHeardMs: number
  isExcused: boolean
  cause: SilenceCause
  presence: ReturnType<typeof presenceOf>
  /** The store has been told of this silence. */
  isDeclared: boolean
  readonly offsets: OffsetFilter
  /** `null`: it is connected here, or nothing is known. */
  offsetElsewhereMs: number | null
}

interface Suspicion {
  readonly vanished: readonly NodeId[]
  readonly untilMs: number
}

export class Liveness {
  readonly #store: LivenessStore
  readonly #clock: Clock
  readonly #log: Logger
  readonly #listener: LivenessListener
  readonly #settings: LivenessSettings
  readonly #roundMs: number
  readonly #nodes = new Map<NodeId, Tracked>()
  #suspicion: Suspicion | null = null
  #accusation: ClockAccusation | null = null
  /** The loss that was last told of, so that one loss is judged once. */
  #lossUntilMs = Number.NEGATIVE_INFINITY
  #lastRoundMs: number
  #timer: Timer | null = null
  #isStopped = false
  #round: Promise<void> = Promise.resolve()
  #isStoreFailing = false

  constructor(options: LivenessOptions) {
    this.#store = options.store
    this.#clock = options.clock
    this.#log = options.log
    this.#listener = options.listener
    this.#settings = { ...LIVENESS_SETTINGS, ...options.settings }
    this.#roundMs = options.roundMs ?? ROUND_MS_DEFAULT
    this.#lastRoundMs = options.clock.monotonicMs()
  }

  /** Loads who there is, and watches from then on. */
  async start(): Promise<void> {
    const nowMs = this.#clock.monotonicMs()
    let cursor: string | null = null
    do {
      const page: Awaited<ReturnType<Store['listNodes']>> = await this.#store.listNodes(SCOPE_ALL, {
        cursor,
        limit: NODES_PER_PAGE,
      })
      for (const { node, session, timelineEndMs } of page.rows) {
        if (timelineEndMs === null || this.#nodes.has(node.nodeId)) continue
        const tracked = this.#track(node.nodeId, node.siteCode, session?.remoteAddress ?? '', nowMs)
        const isRevoked = node.status === 'revoked'
        const hasGone = isRevoked || session?.endedReason === ENDED_BY_GOODBYE
        tracked.cause = hasGone ? 'stopped' : 'silent'
        // Who was not connected when the collector stopped is not lost by its start.
        tracked.isExcused = session?.endedReason !== null && session?.endedReason !== ENDED_BY_STOP
      }
      cursor = page.nextCursor
    } while (cursor !== null)
    this.#lastRoundMs = this.#clock.monotonicMs()
    this.#schedule()
  }

  /** Idempotent; waits for the round under way. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    await this.#round
  }

  /** A session of the node has opened; at another process, heard there so long ago. */
  connected(
    node: { readonly nodeId: NodeId; readonly siteCode: string; readonly remoteAddress: string },
    heardAgoMs = 0,
  ): void {
    const nowMs = this.#clock.monotonicMs()
    const tracked =
      this.#nodes.get(node.nodeId) ??
      this.#track(node.nodeId, node.siteCode, node.remoteAddress, nowMs)
    tracked.siteCode = node.siteCode
    tracked.addressRange = addressRangeOf(node.remoteAddress)
    tracked.isExcused = false
    tracked.cause = 'silent'
    this.heard(node.nodeId, heardAgoMs)
  }

  /** Any frame or pong of an authenticated session; at another process, so long ago. */
  heard(nodeId: NodeId, agoMs = 0): void {
    const tracked = this.#nodes.get(nodeId)
    if (tracked === undefined) return
    tracked.lastHeardMs = Math.max(tracked.lastHeardMs, this.#clock.monotonicMs() - agoMs)
    if (agoMs >= this.#settings.suspendAfterMs) return
    tracked.isDeclared = false
    if (tracked.presence === 'heard') return
    tracked.presence = 'heard'
    this.#listener.onChange()
  }

  /** The node has said goodbye: what follows is no loss. */
  goodbye(nodeId: NodeId, reason: Goodbye['reason']): void {
    const tracked = this.#nodes.get(nodeId)
    if (tracked === undefined) return
    tracked.isExcused = true
    tracked.cause = reason === 'stop' ? 'stopped' : reason
  }

  /** It may not come back: silent from its last proven second, without waiting for it. */
  revoked(nodeId: NodeId): void {
    this.goodbye(nodeId, 'stop')
    const tracked = this.#nodes.get(nodeId)
    if (tracked === undefined) return
    const goneMs = this.#clock.monotonicMs() - this.#settings.silentAfterMs
    tracked.lastHeardMs = Math.min(tracked.lastHeardMs, goneMs)
    tracked.presence = 'suspended'
    this.#listener.onChange()
  }

  /** The collector has sent the node away: its absence is no loss either. */
  drained(nodeId: NodeId): void {
    const tracked = this.#nodes.get(nodeId)
    if (tracked !== undefined) tracked.isExcused = true
  }

  /** A live tick: it ended at `nodeMs` on the node and was received at `receivedMs` here. */
  offsetSample(nodeId: NodeId, receivedMs: number, nodeMs: number, waitMs: number): void {
    this.#nodes.get(nodeId)?.offsets.add(receivedMs, nodeMs, waitMs)
  }

  /** What the process has found that the node is connected to. */
  offsetElsewhere(nodeId: NodeId, offsetMs: number | null): void {
    const tracked = this.#nodes.get(nodeId)
    if (tracked !== undefined) tracked.offsetElsewhereMs = offsetMs
  }

  /** Collector time minus node time, `null` while unknown. */
  clockOffsetMs(nodeId: NodeId): number | null {
    const tracked = this.#nodes.get(nodeId)
    return tracked?.offsetElsewhereMs ?? tracked?.offsets.offsetMs() ?? null
  }

  /** How many are heard and how many are not, for whoever watches. */
  census(): NodeCensus {
    return censusOf(this.#nodes.values())
  }

  /** Unheard for 30 s, or never heard: no new hold or deposit on its cards. */
  isSuspended(nodeId: NodeId): boolean {
    return this.#nodes.get(nodeId)?.presence !== 'heard'
  }

  /** The collector suspects itself: deposits stay visible and are neither drawn nor closed. */
  depositsSuspended(): boolean {
    return this.#suspicion !== null
  }

  /** The collector's own clock is in doubt: nothing is posted. */
  clockAccusation(): ClockAccusation | null {
    return this.#accusation
  }

  /** One round of judgement, as the timer does it; for tests and for the simulated world. */
  async judge(): Promise<void> {
    const nowMs = this.#clock.monotonicMs()
    this.#forgiveStall(nowMs)
    const hasChanged = this.#updatePresence(nowMs)
    const entries = [...this.#judgeLoss(nowMs), ...this.#judgeClock()]
    if (hasChanged || entries.length > 0) this.#listener.onChange()
    await this.#write(entries)
  }

  #schedule(): void {
    if (this.#isStopped) return
    this.#timer = this.#clock.after(this.#roundMs, () => {
      this.#round = this.judge()
        .catch((error: unknown) => {
          this.#log.error({ err: error }, 'liveness could not be judged')
        })
        .finally(() => this.#schedule())
    })
  }

  #track(nodeId: NodeId, siteCode: string, address: string, nowMs: number): Tracked {
    const tracked: Tracked = {
      nodeId,
      siteCode,
      addressRange: addressRangeOf(address),
      lastHeardMs: nowMs,
      isExcused: false,
      cause: 'silent',
      presence: 'suspended',
      isDeclared: false,
      offsets: new OffsetFilter(),
      offsetElsewhereMs: null,
    }
    this.#nodes.set(nodeId, tracked)
    return tracked
  }

  /** Time in which this process did not run is nobody's silence. */
  #forgiveStall(nowMs: number): void {
    const stalledMs = nowMs - this.#lastRoundMs - this.#roundMs
    this.#lastRoundMs = nowMs
    if (stalledMs <= STALL_MS) return
    this.#log.warn({ stalled_ms: stalledMs }, 'the collector was stopped for a while')
    for (const node of this.#nodes.values()) {
      node.lastHeardMs = Math.min(nowMs, node.lastHeardMs + stalledMs)
    }
  }

  #updatePresence(nowMs: number): boolean {
    let hasChanged = false
    for (const node of this.#nodes.values()) {
      const presence = presenceOf(nowMs - node.lastHeardMs, this.#settings)
      // Who has not come back since the start stays suspended until heard.
      const isWaiting = node.presence === 'suspended' && presence === 'heard'
      if (isWaiting || presence === node.presence) continue
      node.presence = presence
      hasChanged = true
    }
    return hasChanged
  }

  #judgeLoss(nowMs: number): readonly OutboxEntry[] {
    if (this.#suspicion !== null) return this.#endSuspicion(this.#suspicion, nowMs)
    const loss = judgeLoss(this.#nodes.values(), nowMs, this.#settings)
    if (loss.status === 'none' || nowMs < this.#lossUntilMs) return []
    // Nodes stay in the window of a loss for its whole length: one loss is told once.
    this.#lossUntilMs = nowMs + this.#settings.lossWindowMs
    const fields = { nodes: loss.nodes, vanished: loss.vanished.length }
    if (loss.status !== 'self') {
      this.#log.warn({ ...fields, explained_by: loss.explainedBy }, 'a site has vanished')
      return []
    }
    this.#log.error(fields, 'nodes of many sites have vanished at once: the collector is in doubt')
    const untilMs = nowMs + this.#settings.suspicionMs
    this.#suspicion = { vanished: loss.vanished, untilMs }
    return [this.#entry('liveness_suspended', suspicionPayload(loss))]
  }

  /** Over when most are back, and at the latest after its time. */
  #endSuspicion(suspicion: Suspicion, nowMs: number): readonly OutboxEntry[] {
    const missing = suspicion.vanished.filter((nodeId) => this.isSuspended(nodeId)).length
    const isOver = nowMs >= suspicion.untilMs
    if (!isOver && missing * 2 > suspicion.vanished.length) return []
    this.#suspicion = null
    this.#lossUntilMs = nowMs + this.#settings.lossWindowMs
    this.#log.info({ still_missing: missing }, 'the collector trusts its links again')
    return [this.#entry('liveness_resumed', { reason: 'links', still_missing: missing })]
  }

  #judgeClock(): readonly OutboxEntry[] {
    const heard = [...this.#nodes.values()].filter((node) => node.presence === 'heard')
    const moves = heard.flatMap(({ offsets }) => {
      const latestMs = offsets.latestMs()
      if (latestMs === null) return []
      if (offsets.settledMs() === null) offsets.settle()
      return [{ settledMs: offsets.settledMs() ?? latestMs, latestMs }]
    })
    const accusation = judgeClock(moves)
    const before = this.#accusation
    this.#accusation = accusation
    if (accusation === null) {
      for (const node of heard) node.offsets.settle()
      if (before === null) return []
      this.#log.info({}, 'the clock of this collector agrees with its nodes again')
      return [this.#entry('liveness_resumed', { reason: 'clock' })]
    }
    if (before !== null) return []
    this.#log.error({ by_ms: accusation.byMs }, accusation.sentence)
    return [this.#entry('liveness_suspended', { reason: 'clock', by_ms: accusation.byMs })]
  }

  async #write(entries: readonly OutboxEntry[]): Promise<void> {
    try {
      if (entries.length > 0) await this.#store.beginSilences([], [], entries)
      await this.#declare()
      this.#isStoreFailing = false
    } catch (error) {
      // Tried again with the next round; said once.
      if (!this.#isStoreFailing) {
        const fields = { err: error, reason: errorSentence(error) }
        this.#log.error(fields, 'silences cannot be written')
      }
      this.#isStoreFailing = true
    }
  }

  async #declare(): Promise<void> {
    const due = [...this.#nodes.values()].filter(
      (node) => node.presence === 'silent' && !node.isDeclared,
    )
    for (let first = 0; first < due.length; first += SILENCES_PER_WRITE_MAX) {
      await this.#declareSome(due.slice(first, first + SILENCES_PER_WRITE_MAX))
    }
  }

  async #declareSome(nodes: readonly Tracked[]): Promise<void> {
    const nowMs = this.#clock.wallMs()
    const begun: SilenceBegun[] = []
    for (const node of nodes) {
      const state = await this.#store.loadNode(node.nodeId)
      const one = state === null ? null : silenceOf(state, node.cause, nowMs)
      // Whoever was heard meanwhile is not silent.
      if (one !== null && node.presence === 'silent') begun.push(one)
    }
    const windows = begun.flatMap((one) => one.closedWindows)
    const silences = begun.map((one) => one.silence)
    if (silences.length > 0) await this.#store.beginSilences(silences, windows, [])
    for (const node of nodes) if (node.presence === 'silent') node.isDeclared = true
    const nodeIds = silences.map((silence) => silence.nodeId)
    if (nodeIds.length === 0) return
    this.#log.info({ nodes: nodeIds.length }, 'nodes are silent')
    this.#listener.onSilent(nodeIds)
  }

  #entry(kind: OutboxEntry['kind'], payload: OutboxEntry['payload']): OutboxEntry {
    return { kind, atMs: this.#clock.wallMs(), payload }
  }
}

function suspicionPayload(loss: Exclude<Loss, { status: 'none' }>): OutboxEntry['payload'] {
  return { reason: 'links', nodes: loss.nodes, vanished: loss.vanished.length }
}
