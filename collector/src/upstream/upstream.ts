/**
 * A collector that reports to its parent (DESIGN 7): a feeder that moves what has changed into the
 * spool, and the same link as an agent's. Its key there is the identity key of the ledger, which is
 * also the origin of all that it tells. With the parent away the ledger goes on as it is.
 */
import {
  type ChildAsk,
  DRAWS_CAPABILITY,
  DRAWS_OPEN_CAPABILITY,
  type EpochChange,
  errorSentence,
  type Heartbeat,
  type KeyMessage,
  type KeyPair,
  Link,
  type LinkOwner,
  type LinkStatus,
  type Logger,
  type RefusedRecord,
  Rounds,
  type Service,
  type Spool,
  TRUST_CAPABILITY,
  type World,
} from '@yiben/shared'
import type { UpstreamConfig } from '../config/upstream-options.ts'
import type { Store } from '../storage/store.ts'
import { COLLECTOR_VERSION } from '../version.ts'
import { Answering, type ParentAnswerer } from './answering.ts'
import { Counts } from './counts.ts'
import { EarlyHours } from './early-hours.ts'
import { Feeder } from './feeder.ts'
import type { Enrollment, UpstreamNote } from './folder.ts'
import type { ParentTrust } from './parent-trust.ts'

const NOTE_EVERY_MS = 5_000
const NO_UNITS = new Uint8Array(0)

export type UpstreamStore = Pick<
  Store,
  | 'readFeed'
  | 'countFeed'
  | 'feedMade'
  | 'turnFeed'
  | 'readOwnSites'
  | 'readHour'
  | 'sealedHours'
  | 'readLedgerAt'
>

export interface UpstreamOptions {
  readonly world: World
  readonly log: Logger
  readonly store: UpstreamStore
  readonly identity: KeyPair
  readonly generation: number
  readonly enrollment: Enrollment
  readonly spool: Spool & { close(): void }
  readonly target: {
    readonly url: string
    readonly ca: string | null
    readonly proxyUrl: string | null
  }
  /** Keeps what the parent tells of authorities; left out: that is not followed. */
  readonly trust?: Pick<ParentTrust, 'hear'>
  readonly settings: Pick<UpstreamConfig, 'feedMs' | 'countsMs' | 'hourDelayMs'>
  readonly settledLagMs: number
  /** Answers what the parent asks about draws; left out: it is told that nobody does. */
  readonly answerer?: ParentAnswerer
  /** Keeps how it stands for whoever asks from another process. */
  readonly keepNote: (note: UpstreamNote) => void
}

/** How it stands, for metrics. */
export interface UpstreamStatus {
  readonly link: LinkStatus
  readonly lagMs: number
  /** Changed and not in the spool yet; `null` before it was counted. */
  readonly feedEntries: number | null
  readonly refusedRecords: number
  readonly leftOutRecords: number
}

export class Upstream implements Service, LinkOwner {
  readonly id = 'upstream'
  readonly #options: UpstreamOptions
  readonly #log: Logger
  readonly #link: Link
  readonly #feeder: Feeder
  readonly #hours: EarlyHours
  readonly #counts: Counts
  readonly #answering: Answering
  readonly #rounds: Rounds
  #isBegun = false
  #countsAtMs = Number.NEGATIVE_INFINITY
  #noteAtMs = Number.NEGATIVE_INFINITY
  #feedEntries: number | null = null
  #refusedRecords = 0

  constructor(options: UpstreamOptions) {
    const { identity, settings, spool, store, world } = options
    this.#options = options
    this.#log = options.log.child({ component: 'upstream' })
    const origin = identity.publicKey
    this.#link = this.#createLink()
    this.#feeder = new Feeder({
      store,
      spool,
      clock: world.clock,
      log: this.#log,
      origin,
      generation: options.generation,
      isOnline: () => this.#link.status().state === 'online',
      onAppended: () => this.#link.wake(),
    })
    this.#hours = new EarlyHours({ store, log: this.#log, origin, delayMs: settings.hourDelayMs })
    this.#answering = new Answering(options.answerer ?? null, this.#log, (childAnswer) =>
      this.#link.say({ kind: 'child_answer', childAnswer }),
    )
    this.#counts = new Counts({ store, origin, settledLagMs: options.settledLagMs })
    this.#rounds = new Rounds({
      clock: world.clock,
      intervalMs: settings.feedMs,
      round: () => this.#round(),
      onFailure: (error) =>
        this.#log.error(
          { code: error.code, reason: error.message },
          'the parent is not told more for now',
        ),
    })
  }

  async run(): Promise<void> {
    const ended = this.#link.run()
    await this.#rounds.run()
    await ended
  }

  async stop(): Promise<void> {
    await this.#rounds.stop()
    await this.#link.stop()
    this.#options.spool.close()
  }

  status(): UpstreamStatus {
    return {
      link: this.#link.status(),
      lagMs: this.#feeder.lagMs,
      feedEntries: this.#feedEntries,
      refusedRecords: this.#refusedRecords,
      leftOutRecords: this.#feeder.leftOutRecords,
    }
  }

  heartbeat(): Heartbeat {
    return { samples: 0, freeUnits: NO_UNITS }
  }

  timelineNowMs(): number | null {
    return null
  }

  onWelcome({ nodeId }: { readonly nodeId: string }): void {
    this.#answering.connected()
    if (nodeId === this.#options.enrollment.childId) return
    this.#log.warn({ child_id: nodeId }, 'the parent knows this collector under another id')
  }

  onTime(): void {}

  onRefused(records: readonly RefusedRecord[]): void {
    this.#refusedRecords += records.length
    const [first] = records
    if (first === undefined) return
    const { code, sentence, seq } = first
    this.#log.error(
      { seq, code, reason: sentence, records: records.length },
      'the parent refused what it was told',
    )
  }

  onNeedFacts(): void {}

  /** Its key is the ledger's and is never changed: only authorities are heard. */
  onKeyMessage(message: KeyMessage): void {
    if (message.kind !== 'trust_roots') return
    const version = this.#options.trust?.hear(message.trustRoots) ?? null
    if (version !== null) this.#link.say({ kind: 'trust_known', version })
  }

  onChildAsk(ask: ChildAsk): void {
    this.#answering.take(ask)
  }

  onNewEpoch({ sentence }: EpochChange): void {
    this.#feeder.epochBegan()
    this.#log.warn({ reason: sentence }, 'the parent is told everything again')
    this.#rounds.wake()
  }

  onOnline(): void {
    this.#rounds.wake()
  }

  async #round(): Promise<boolean> {
    if (!this.#isBegun) await this.#begin()
    await this.#make()
    const hasMore = await this.#feeder.round()
    await this.#note()
    return hasMore
  }

  /** Also in a ledger that was restored from before it reported. */
  async #begin(): Promise<void> {
    const { enrollment, identity, store } = this.#options
    await store.turnFeed(true)
    await store.feedMade([
      {
        kind: 'collector',
        collector: {
          origin: identity.publicKey,
          name: enrollment.name,
          parentOrigin: enrollment.parent.publicKey,
          programVersion: COLLECTOR_VERSION,
          awaySinceMs: null,
        },
      },
    ])
    this.#isBegun = true
  }

  async #make(): Promise<void> {
    const { settings, world } = this.#options
    const nowMs = Math.round(world.clock.wallMs())
    await this.#hours.round(nowMs)
    const monotonicMs = world.clock.monotonicMs()
    if (monotonicMs - this.#countsAtMs < settings.countsMs) return
    this.#countsAtMs = monotonicMs
    await this.#counts.round(nowMs)
  }

  async #note(): Promise<void> {
    const { keepNote, world } = this.#options
    const nowMs = world.clock.monotonicMs()
    if (nowMs - this.#noteAtMs < NOTE_EVERY_MS) return
    this.#noteAtMs = nowMs
    this.#feedEntries = await this.#feeder.behind()
    const { feedEntries, lagMs, leftOutRecords, link, refusedRecords } = this.status()
    try {
      keepNote({
        at_ms: Math.round(world.clock.wallMs()),
        link: link.state,
        problem: link.lastProblem,
        unacknowledged_records: link.unacknowledgedRecords,
        feed_entries: feedEntries,
        lag_ms: Math.round(lagMs),
        refused_records: refusedRecords,
        left_out_records: leftOutRecords,
      })
    } catch (error) {
      this.#log.debug({ reason: errorSentence(error) }, 'how the link stands could not be written')
    }
  }

  #createLink(): Link {
    const { answerer, enrollment, identity, log, spool, target, trust, world } = this.#options
    return new Link({
      world,
      spool,
      log,
      owner: this,
      target,
      collector: enrollment.parent,
      identity: {
        role: 'collector',
        nodeKeys: identity,
        // A ledger may be restored on another machine; copies of it show by their join state.
        fingerprint: '',
        bootId: '',
        programVersion: COLLECTOR_VERSION,
        capabilities: [
          ...capabilitiesOf(answerer),
          ...(trust === undefined ? [] : [TRUST_CAPABILITY]),
        ],
        enrollment: null,
      },
    })
  }
}

/** Draws that were placed once are answered for, whether or not new ones are taken. */
function capabilitiesOf(answerer: ParentAnswerer | undefined): readonly string[] {
  if (answerer === undefined) return []
  return answerer.isOpen ? [DRAWS_CAPABILITY, DRAWS_OPEN_CAPABILITY] : [DRAWS_CAPABILITY]
}
