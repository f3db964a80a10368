/**
 * The agent of one node: probes and owner are observed, verdicts become records, records go to the
 * spool, the link sends them, the owner's orders hold. Composed of what it is handed, so that the
 * same class runs on a real node and in the simulated world.
 *
 * Promises: a card no tool can read is unknown or faulty, never free; an order of the owner holds
 * at once; a full disk, a hung tool or a silent collector ends nothing. Its timeline begins when
 * every probe has answered once (or has been waited for long enough), so that no card enters the
 * ledger under the name of its slot a second before its own.
 */
import {
  assert,
  type Heartbeat,
  type LinkOwner,
  type LiveEvent,
  type Logger,
  type RefusedRecord,
  type TimeMeasure,
  type Timer,
  type Welcome,
} from '@yiben/shared'
import { AgentLeases, type LeaseMessage } from './agent-leases.ts'
import type { AgentLink, AgentOptions } from './agent-options.ts'
import type { Controllable, OrderResult } from './control/controllable.ts'
import type { OrderDesk, OrderedVeto } from './control/order-desk.ts'
import { type AgentStatus, agentStatus, unitStatus } from './control/status.ts'
import type { HostFacts } from './probes/node-facts.ts'
import { Bookkeeper, type BookkeeperOptions, type FactsAndUnits } from './sampling/bookkeeper.ts'
import { Consent, type DepositProblem } from './sampling/consent.ts'
import { DiskGuard } from './sampling/disk-guard.ts'
import { EmptyReadings } from './sampling/empty-readings.ts'
import { factsBody, type IndexedUnit } from './sampling/facts.ts'
import type { JudgedUnit } from './sampling/judge.ts'
import { LiveUnits } from './sampling/live-units.ts'
import { Observer } from './sampling/observer.ts'
import { policyBody } from './sampling/policy.ts'
import { UnitTable } from './sampling/unit-table.ts'
import { type BaselineProposal, proposeBaselines } from './verdict/propose.ts'
import { THRESHOLDS } from './verdict/thresholds.ts'

/** A probe that has not listed its cards by then is not waited for: it may be hung. */
const FIRST_INVENTORY_MS_MAX = 30_000
/** A collector that has lost its facts asks once; more often is a loop, and facts are large. */
const FACTS_ASKED_EVERY_MS = 30_000

export class Agent implements Controllable, LinkOwner {
  readonly #options: AgentOptions
  readonly #log: Logger
  readonly #table: UnitTable
  readonly #desk: OrderDesk
  readonly #observer: Observer
  readonly #consent: Consent
  readonly #leases: AgentLeases
  readonly #live = new LiveUnits()
  readonly #empty = new EmptyReadings(THRESHOLDS)
  readonly #disk: DiskGuard
  readonly #link: AgentLink
  #keeper: Bookkeeper | null = null
  #host: HostFacts | null = null
  #waitTimer: Timer | null = null
  #isWaitOver = false
  #isRefreshDue = false
  #isStopped = false
  #startedAtMs: number | null = null
  #endedEpochMs: number | null = null
  #factsAskedAtMs: number | null = null

  constructor(options: AgentOptions) {
    this.#options = options
    this.#log = options.log.child({ component: 'agent' })
    this.#disk = new DiskGuard(this.#log)
    this.#leases = this.#createLeases()
    this.#desk = this.#leases.desk
    this.#consent = new Consent(options.config.deposit, this.#desk.orders)
    this.#table = new UnitTable({
      spool: options.spool,
      vendors: options.entries.map(({ vendor }) => vendor),
    })
    this.#observer = this.#createObserver()
    this.#link = options.createLink(this)
  }

  /** A call of some library will never come back: only SIGKILL ends this process. */
  get isHung(): boolean {
    return this.#observer.isHung
  }

  /** Until `stop`. */
  async run(): Promise<void> {
    this.#host = await this.#options.hostFacts()
    if (this.#isStopped) return
    this.#waitTimer = this.#options.clock.after(FIRST_INVENTORY_MS_MAX, () => {
      this.#isWaitOver = true
      this.#begin()
    })
    this.#observer.start(this.#desk.isPaused)
    await this.#link.run()
  }

  /** Ordered end: driver handles closed, the last word written and, where possible, sent. */
  async stop(): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#waitTimer?.cancel()
    this.#leases.leases.stop()
    await this.#observer.stop()
    this.#keeper?.goodbye((await this.#options.stopReason?.()) ?? 'stop')
    await this.#link.stop()
  }

  timelineNowMs(): number | null {
    return this.#keeper?.nowMs() ?? null
  }

  heartbeat(): Heartbeat {
    const indexes = this.#table.units.map(({ index }) => index)
    return {
      samples: this.#observer.takeSampleCount(),
      freeUnits: this.#live.freeBitmap(indexes),
    }
  }

  onWelcome({ nodeId, capabilities }: Pick<Welcome, 'nodeId' | 'capabilities'>): void {
    this.#leases.onWelcome(capabilities)
    if (nodeId === this.#options.node.nodeId) return
    this.#log.error({ nodeId }, 'the collector knows this node under another id: enroll it anew')
  }

  onOnline(): void {
    this.#leases.onOnline()
  }

  onLeaseMessage(message: LeaseMessage): void {
    this.#leases.hear(message)
  }

  onTime({ offsetMs, uncertaintyMs }: TimeMeasure): void {
    // What may be the way of the answer is no error of the clock.
    this.#keeper?.learnOffset(Math.abs(offsetMs) > uncertaintyMs ? offsetMs : 0)
  }

  onRefused(records: readonly RefusedRecord[]): void {
    // One line an ack: a backlog that is refused whole would fill the disk with its log.
    const [first] = records
    if (first === undefined) return
    const { seq, code, sentence } = first
    this.#log.error(
      { seq, code, reason: sentence, records: records.length },
      'the collector refused records: their time is unknown(refused)',
    )
  }

  onNeedFacts(): void {
    const nowMs = this.#options.clock.monotonicMs()
    const askedAtMs = this.#factsAskedAtMs
    if (this.#keeper === null || (askedAtMs !== null && nowMs - askedAtMs < FACTS_ASKED_EVERY_MS)) {
      return
    }
    this.#factsAskedAtMs = nowMs
    this.#disk.run(() => this.#keeper?.setFacts(this.#factsAndUnits(), true))
  }

  onNewEpoch(): void {
    this.#endedEpochMs = this.#nowMs()
    this.#keeper = null
    this.#live.keepOnly(new Set())
    this.#begin()
  }

  status(): AgentStatus {
    const { spool, config, agentVersion, node, clock, owner } = this.#options
    const keeper = this.#keeper
    const atMs = this.#nowMs()
    return agentStatus({
      agentVersion,
      nodeId: node.nodeId,
      atMs,
      startedAtMs: this.#startedAtMs,
      orders: this.#desk.orders,
      spool: spool.state(),
      waitingRecords: keeper?.waitingRecords ?? 0,
      clock: { stepMs: keeper?.stepMs ?? 0, offsetMs: keeper?.offsetMs ?? null },
      link: this.#link.status(),
      collectorUrl: config.collectorUrl,
      monotonicMs: clock.monotonicMs(),
      owner: { kind: owner.kind, problems: owner.problems ?? [] },
      probes: this.#table.probeFacts(),
      handoverProblems: this.#leases.leases.problems,
      units: this.#table.units.map((unit) =>
        unitStatus(unit, {
          live: this.#live.get(unit.index),
          problem: this.#depositProblem(unit, atMs),
          lent: this.#leases.leases.leaseOf(unit.id),
        }),
      ),
    })
  }

  reclaim(names: readonly string[], noticeMs = 0): OrderResult {
    return this.#desk.reclaim(names, noticeMs)
  }

  offer(names: readonly string[]): OrderResult {
    return this.#desk.offer(names)
  }

  async pause(forMs: number | null): Promise<OrderResult> {
    const released = this.#observer.pause()
    const result = this.#desk.pause(forMs)
    this.#bookUnread()
    await released
    return result
  }

  resume(): OrderResult {
    if (!this.#desk.isPaused) return { status: 'done', units: [], leasesEnded: 0, isDurable: true }
    const result = this.#desk.resume()
    this.#observer.resume()
    return result
  }

  proposeBaselines(): readonly BaselineProposal[] {
    const { baselines } = this.#options.config
    return proposeBaselines(this.#empty.observations(), baselines, THRESHOLDS)
  }

  #nowMs(): number {
    return this.#keeper?.nowMs() ?? Math.round(this.#options.clock.wallMs())
  }

  #depositProblem(unit: IndexedUnit, atMs: number): DepositProblem | null {
    const offsetMs = this.#keeper?.offsetMs ?? null
    return this.#consent.problem(unit, { atMs, live: this.#live.get(unit.index), offsetMs })
  }

  #createLeases(): AgentLeases {
    return new AgentLeases({
      options: this.#options,
      disk: this.#disk,
      keeper: () => this.#keeper,
      units: () => this.#table.units,
      recordVeto: (veto) => this.#recordVeto(veto),
      lookNow: (units) => this.#observer.lookNow(units),
      say: (message) => this.#link.say(message),
    })
  }

  #createObserver(): Observer {
    const { config, node } = this.#options
    return new Observer({
      ...this.#options,
      context: {
        thresholds: THRESHOLDS,
        hostPidNamespace: node.hostPidNamespace,
        approvedBaselines: config.baselines,
      },
      periodMs: config.samplePeriodMs,
      phaseMs: Math.floor(node.phase * config.samplePeriodMs),
      limits: config.probes,
      units: () => (this.#keeper === null ? [] : this.#table.units),
      nowMs: () => this.#nowMs(),
      events: {
        bus: (pci) => this.#table.notePci(pci),
        inventory: (inventory, detection) => {
          this.#table.note(inventory, detection)
          this.#refreshUnits()
        },
        judged: (judged, observedAtMs) => this.#book(judged, observedAtMs),
        round: () => this.#round(),
      },
    })
  }

  #round(): void {
    this.#begin()
    const keeper = this.#keeper
    if (keeper === null) return
    keeper.round()
    this.#desk.keepAgain()
    this.#leases.leases.round()
    if (this.#isRefreshDue) this.#refreshUnits()
    if (this.#desk.orders.isPauseOver(keeper.nowMs())) this.resume()
    this.#bookUnread()
    const units = keeper.unitsOf(this.#table.units)
    keeper.setConsent(this.#consent.cutterUnits(units, keeper.nowMs()))
    // Looked at in every round, so that `status` can say since when.
    for (const unit of units) this.#depositProblem(unit, keeper.nowMs())
  }

  /** Begins the node's timeline once its units are known; tried again while the disk is full. */
  #begin(): void {
    const isReady = this.#table.isComplete || this.#isWaitOver || this.#desk.isPaused
    if (this.#keeper !== null || this.#isStopped || this.#host === null || !isReady) return
    this.#disk.run(() => {
      if (this.#endedEpochMs === null) this.#table.refresh()
      else this.#table.beginEpoch()
      this.#keeper = new Bookkeeper(this.#bookkeeperOptions(), this.#factsAndUnits())
      this.#endedEpochMs = null
      this.#startedAtMs ??= this.#nowMs()
      this.#desk.recordEarly()
      this.#leases.leases.begin(this.#keeper.nowMs())
      this.#log.info(
        { units: this.#table.units.length, revision: this.#keeper.factsRevision },
        'the timeline of this node goes on',
      )
    })
  }

  #bookkeeperOptions(): BookkeeperOptions {
    const { clock, log, spool, config, node, cpuTime, bootTimeMs } = this.#options
    return {
      clock,
      log,
      spool,
      cpuTime,
      bootTimeMs,
      bootId: node.bootId,
      nodePhaseMs: Math.floor(node.phase * config.tickMs),
      tickMs: config.tickMs,
      samplePeriodMs: config.samplePeriodMs,
      policy: policyBody(config),
      notBeforeMs: this.#endedEpochMs,
      lendingOf: (index) => this.#leases.leases.planOf(index),
      onAppended: () => this.#link.wake(),
    }
  }

  #factsAndUnits(): FactsAndUnits {
    const { agentVersion, node, owner } = this.#options
    const host = this.#host
    assert(host !== null, 'host facts are read before anything is told')
    const units = this.#table.units
    return {
      body: factsBody({
        agentVersion,
        bootId: node.bootId,
        host,
        ownerKind: owner.kind,
        units,
        probes: this.#table.probeFacts(),
        identityKey: node.identityKey,
        nodeId: node.nodeId,
      }),
      units: this.#consent.cutterUnits(units, this.#nowMs()),
    }
  }

  #refreshUnits(): void {
    const keeper = this.#keeper
    if (keeper === null) {
      this.#begin()
      return
    }
    this.#isRefreshDue = true
    this.#disk.run(() => {
      this.#table.refresh()
      keeper.setFacts(this.#factsAndUnits())
      this.#isRefreshDue = false
    })
    this.#live.keepOnly(new Set(this.#table.units.map(({ index }) => index)))
    this.#consent.keepOnly(this.#table.units)
    this.#empty.keepOnly(new Set(this.#table.units.map(({ id }) => id)))
  }

  #book(judged: readonly JudgedUnit[], observedAtMs: number): void {
    const keeper = this.#keeper
    if (keeper === null) return
    const here = judged.filter(({ unit }) => keeper.hasUnit(unit.index))
    const atMs = keeper.atMonotonic(observedAtMs)
    this.#leases.leases.note(here, atMs)
    const rows = here.map(({ row }) => row)
    keeper.observe(atMs, rows)
    const codeOf = (index: number) => keeper.currentCode(index)
    const { leftFree, fault } = this.#live.note(here, atMs, codeOf)
    if (leftFree.length > 0) this.#say({ kind: 'left_free', units: leftFree, atMs })
    if (fault.length > 0) this.#say({ kind: 'fault', units: fault, atMs })
    this.#empty.note(here, atMs)
    keeper.cutIfDue()
  }

  #bookUnread(): void {
    const unread = this.#observer.unread()
    if (unread.length > 0) this.#book(unread, this.#options.clock.monotonicMs())
  }

  /** In the stream at once, and told at once. */
  #recordVeto({ kind, units }: OrderedVeto): 'durable' | 'waiting' | 'too_early' {
    const keeper = this.#keeper
    if (keeper === null) return 'too_early'
    const atMs = keeper.nowMs()
    const consent = this.#consent.cutterUnits(keeper.unitsOf(this.#table.units), atMs)
    const told = units.length > 0 ? units : this.#table.units.map(({ index }) => index)
    this.#say({ kind: 'veto', units: told, atMs })
    return keeper.addVeto({ atMs, kind, units }, consent)
  }

  #say(event: LiveEvent): void {
    this.#link.say({ kind: 'event', event })
  }
}
