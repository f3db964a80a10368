/**
 * The collector's parts, put together: gateway and ingest write the timeline, liveness, bank,
 * sequencer and roller follow it. Knows no HTTP and no files: the real program hands it a store and
 * sockets, the simulated world its own.
 */
import {
  type Clock,
  type Duplex,
  IDLE_BEFORE_PING_MS,
  type LeaseNotice,
  type Logger,
  randomHex,
  runServices,
  type Service,
  sleep,
} from '@yiben/shared'
import { Bank } from './bank/bank.ts'
import { Bookings } from './bank/bookings.ts'
import { CapacityFollower } from './bank/capacity-follower.ts'
import { Draws } from './bank/draws.ts'
import { Leases } from './bank/lease-follower.ts'
import { DEPOSIT_SETTINGS } from './bank/question.ts'
import { Recovery } from './bank/recovery.ts'
import { Settler } from './bank/settler.ts'
import { SteadyClock } from './bank/steady-clock.ts'
import type { Beside, CollectorOptions } from './collector-options.ts'
import { GatewayNodeLink } from './gateway/node-link.ts'
import { Gateway } from './gateway/server.ts'
import { Ingest } from './ingest/ingest.ts'
import { REFUSALS } from './inventory/enroll.ts'
import { Liveness } from './inventory/liveness.ts'
import { Roster } from './inventory/roster.ts'
import { Notary } from './journal/notary.ts'
import { Sequencer } from './journal/sequencer.ts'
import type { NodeId } from './model/ids.ts'
import type { NodeLink } from './model/node-link.ts'
import { Roller } from './rollup/roller.ts'
import type { Store } from './storage/store.ts'

export type { CollectorSettings } from './collector-options.ts'

const INSTANCE_BYTES = 8
/** Agents come back to the next process after this long, and a jitter of the gateway's. */
const RECONNECT_AFTER_MS = 1_000
/** How long agents may take to settle what is on its way; a stop is bounded by 5 s in all. */
const DRAIN_MS_MAX = 2_000
const DRAIN_LOOK_MS = 50

const NOBODY_DECLARED: Pick<Store, 'loadNode' | 'beginSilences'> = {
  loadNode: () => Promise.resolve(null),
  beginSilences: () => Promise.resolve(),
}

export class Collector {
  readonly gateway: Gateway
  readonly ingest: Ingest
  readonly liveness: Liveness
  readonly bank: Bank
  readonly sequencer: Sequencer
  readonly notary: Notary
  readonly roller: Roller
  readonly settler: Settler
  readonly recovery: Recovery
  /** Now, for all that the bank promises and ends. */
  readonly steadyClock: SteadyClock
  /** Asks nodes that are connected here, and tells them. */
  readonly nodeLink: GatewayNodeLink
  readonly draws: Draws
  readonly bookings: Bookings
  readonly leases: Leases
  readonly #log: Logger
  readonly #clock: Clock
  readonly #followers: () => readonly Service[]
  readonly #beside: Beside | null
  readonly #reach: NodeLink
  #timelineMoves = 0

  constructor(options: CollectorOptions) {
    const { identity, ledger, log, settings, store, world } = options
    const { clock, random } = world
    const { intervals, limits } = settings
    this.#log = log
    this.#clock = clock
    this.#followers = options.followers ?? (() => [])
    this.#beside = options.beside ?? null
    this.ingest = new Ingest({ store, world, log, onTimeline: () => this.#timelineMoved() })
    this.liveness = new Liveness({
      // Who does not lead looks, and declares nobody.
      store: this.#beside === null ? store : { ...store, ...NOBODY_DECLARED },
      clock,
      log,
      listener: {
        onSilent: (nodeIds) => {
          this.ingest.invalidate(nodeIds)
          this.bank.onSilent(nodeIds)
          this.leases.onSilent(nodeIds)
        },
        onChange: () => this.#timelineMoved(),
      },
      settings: {
        suspendAfterMs: settings.liveness.suspendMs,
        silentAfterMs: settings.liveness.silentMs,
      },
      roundMs: intervals.livenessMs,
    })
    this.sequencer = new Sequencer({
      store,
      clock,
      logger: log,
      pollMs: intervals.sequenceMs,
      onAppended: () => options.onEntries?.(),
    })
    this.notary = new Notary({
      store,
      clock,
      logger: log,
      ledger,
      identity,
      memory: options.checkpoints,
      intervalMs: intervals.checkpointMs,
    })
    this.bank = new Bank({
      store,
      clock,
      random,
      liveness: this.liveness,
      lots: options.lots,
      logger: log,
      settings: {
        ...DEPOSIT_SETTINGS,
        proofMsMax: settings.liveness.silentMs,
        observingMs: settings.bank.observingMs,
      },
      pollMs: intervals.depositMs,
      onCommitted: () => this.sequencer.hint(),
    })
    this.roller = new Roller({
      store,
      clock,
      logger: log,
      sealAfterMs: settings.sealDelayMs,
      pollMs: intervals.rollupMs,
      timeZone: settings.timeZone,
      onWritten: () => this.sequencer.hint(),
    })
    this.recovery = new Recovery({
      store,
      clock,
      logger: log,
      publicKey: identity.publicKey,
      onCommitted: () => this.sequencer.hint(),
    })
    this.settler = new Settler({
      store,
      clock,
      logger: log,
      timeZone: settings.timeZone,
      pollMs: intervals.rollupMs,
      onCommitted: () => this.sequencer.hint(),
    })
    this.steadyClock = new SteadyClock({
      clock,
      isAccused: () => this.liveness.clockAccusation() !== null,
    })
    this.nodeLink = new GatewayNodeLink({
      store,
      clock,
      random,
      identity,
      onConnected: (nodeId) => this.leases.onConnected(nodeId),
      onLeases: (nodeId, leases) =>
        (this.#beside?.onLeases ?? this.leasesTold.bind(this))(nodeId, leases),
    })
    this.#reach = options.reach?.(this.nodeLink) ?? this.nodeLink
    this.draws = this.#drawsOf(options)
    this.bookings = new Bookings({
      store,
      clock,
      desk: this.draws.desk,
      nowMs: () => this.steadyClock.nowMs(),
      pools: () => options.pools?.() ?? null,
      kindsAt: (siteCode) => options.pools?.()?.kindsAt(siteCode) ?? [],
      logger: log,
      roundMs: intervals.depositMs,
    })
    this.leases = this.#leasesOf(options)
    const collectorInstance = options.instance ?? randomHex(random, INSTANCE_BYTES)
    this.gateway = new Gateway({
      world,
      log,
      store,
      roster: new Roster({ store, world, log, collectorInstance }),
      ingest: this.ingest,
      liveness: this.liveness,
      identity,
      ledger,
      limits,
      timings: {
        handshakeMs: limits.handshakeTimeoutMs,
        idleMs: Math.min(IDLE_BEFORE_PING_MS, settings.liveness.suspendMs),
      },
      childAwayAfterMs: settings.liveness.silentMs,
      onEvent: (nodeId, event) => {
        this.bank.hint()
        this.leases.onEvent(nodeId, event)
      },
      nodeLink: this.nodeLink,
      takesChildren: this.#beside === null,
      ...(this.#beside === null ? {} : { touchMs: this.#beside.touchMs }),
      ...(options.keys === undefined ? {} : { keys: options.keys }),
    })
  }

  /**
   * Loads who there is, and settles what happened while no collector ran. Agents are let in after
   * it: the bank's first look must see what was proven live, not what is on its way.
   */
  async open(): Promise<void> {
    if (this.#beside === null) await this.recovery.open()
    await this.liveness.start()
    if (this.#beside === null) await this.bank.opened()
    this.gateway.start()
  }

  /** Once open, until `signal` is aborted; rejects when a part cannot go on. */
  async run(signal: AbortSignal): Promise<void> {
    await runServices(this.#services(), { log: this.#log, signal })
  }

  accept(socket: Duplex): void {
    this.gateway.accept(socket)
  }

  /** Commits that moved a node's timeline, and what liveness changed; since the start. */
  get timelineMoves(): number {
    return this.#timelineMoves
  }

  /** In the order of starting; they stop in reverse: links first, the journal last. */
  #services(): readonly Service[] {
    const ended = Promise.withResolvers<void>()
    const links: Service = {
      id: 'links',
      run: () => ended.promise,
      stop: async () => {
        await this.#drain()
        await this.gateway.stop()
        await this.liveness.stop()
        ended.resolve()
      },
    }
    if (this.#beside !== null) return [...this.#followers(), links]
    return [
      serviceOf('notary', this.notary),
      serviceOf('sequencer', this.sequencer),
      serviceOf('roller', this.roller),
      serviceOf('settler', this.settler),
      serviceOf('bank', this.bank),
      serviceOf('recovery', this.recovery),
      serviceOf('draws', this.draws),
      serviceOf('bookings', this.bookings),
      serviceOf('leases', this.leases),
      ...this.#followers(),
      links,
    ]
  }

  /** Agents settle what is on its way and leave by themselves; who does not is closed. */
  async #drain(): Promise<void> {
    this.gateway.drain(RECONNECT_AFTER_MS)
    const untilMs = this.#clock.monotonicMs() + DRAIN_MS_MAX
    while (this.gateway.sessionCount() > 0 && this.#clock.monotonicMs() < untilMs) {
      await sleep(this.#clock, DRAIN_LOOK_MS)
    }
  }

  /** What a node believes to be lent, wherever it has told it. */
  leasesTold(nodeId: NodeId, leases: readonly LeaseNotice[]): void {
    this.recovery.told(nodeId, leases)
    this.leases.told(nodeId, leases)
  }

  /** An administrator has revoked the node: it is out at once, and its deposits close. */
  nodeRevoked(nodeId: NodeId): void {
    const { sentence } = REFUSALS.node_revoked
    this.gateway.end(nodeId, 'node_revoked', sentence)
    this.liveness.revoked(nodeId)
  }

  /** A person has decided on placements of these nodes. */
  placementsDecided(nodeIds: readonly NodeId[]): void {
    this.ingest.invalidate(nodeIds)
    this.#timelineMoved()
  }

  #timelineMoved(): void {
    this.#timelineMoves += 1
    if (this.#beside !== null) return
    this.bank.hint()
    this.leases.hint()
    this.sequencer.hint()
  }

  #drawsOf(options: CollectorOptions): Draws {
    const { log, lots, settings, store, world } = options
    const { clock } = world
    const own = new CapacityFollower({ store, clock, logger: log, lots, hubOf: () => null })
    return new Draws({
      store,
      clock,
      nowMs: () => this.steadyClock.nowMs(),
      link: this.#reach,
      capacity: { upToDate: () => (options.capacity?.() ?? own).upToDate() },
      lots,
      forecast: () => options.forecast?.() ?? null,
      guards: {
        isRecovering: () => this.recovery.isRecovering(),
        clockAccusation: () => this.liveness.clockAccusation(),
        depositsSuspended: () => this.liveness.depositsSuspended(),
        isSuspended: (nodeId) => this.liveness.isSuspended(nodeId),
        needsFence: (siteCode) => this.leases.needsFence(siteCode),
      },
      logger: log,
      second: options.second ?? null,
      proofMsMax: settings.liveness.silentMs,
      replay: (request) => this.recovery.replay(request),
      onCommitted: (draw) => {
        this.sequencer.hint()
        this.leases.drawCommitted(draw)
      },
    })
  }

  #leasesOf({ log, lots, settings, store, world }: CollectorOptions): Leases {
    return new Leases({
      store,
      clock: world.clock,
      nowMs: () => this.steadyClock.nowMs(),
      link: this.#reach,
      guards: {
        depositsSuspended: () => this.liveness.depositsSuspended(),
        clockAccusation: () => this.liveness.clockAccusation(),
        isRecovering: () => this.recovery.isRecovering(),
      },
      lotIdOf: (nodeId, profile) => lots.idOf(nodeId, lots.kindOf(profile)),
      logger: log,
      swaps: this.draws.swaps,
      pollMs: settings.intervals.depositMs,
      onCommitted: () => this.sequencer.hint(),
      onCardsFreed: (nodeIds) => this.bank.onClaimsEnded(nodeIds),
    })
  }
}

function serviceOf(id: string, part: Pick<Service, 'run' | 'stop'>): Service {
  return { id, run: () => part.run(), stop: () => part.stop() }
}
