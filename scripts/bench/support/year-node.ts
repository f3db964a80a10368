/**
 * One node of a simulated year: real key, real link, real frames, a spool in memory, made-up cards.
 * It can be cut off and go on measuring, be switched off, get another driver, other cards.
 */
import {
  AppError,
  type DepositPolicy,
  type Duplex,
  type DurableRecord,
  encodeRecord,
  HOUR_MS,
  type KeyPair,
  Link,
  type PublicIdentity,
  type Random,
  silentLogger,
  type UnknownCause,
} from '@yiben/shared'
import { createSimPair, type SimPair } from '../../../test/support/sim-socket.ts'
import { CARDS, factsRecord } from './activity.ts'
import { fleetKeys } from './fleet-node.ts'
import { FleetSpool } from './fleet-spool.ts'
import type { JumpClock } from './jump-clock.ts'
import { type ToldTime, YearActivity } from './year-activity.ts'

const POLICY: Omit<DepositPolicy, 'atMs'> = {
  version: 1,
  enabled: true,
  keepCardsPerNode: 0,
  minFreeMs: 900_000,
  maxLeaseMs: 36_000_000,
  calendar: null,
  handover: null,
}

interface YearNodeOptions {
  readonly number: number
  readonly seed: number
  readonly address: string
  readonly clock: JumpClock
  readonly random: Random
  readonly startMs: number
  /** No tick is longer. */
  readonly tickMs: number
  readonly collector: PublicIdentity
  readonly accept: (socket: Duplex) => void
  readonly told: ToldTime
}

export class YearNode {
  readonly number: number
  readonly keys: KeyPair
  /** Which card is in which slot. */
  readonly hashes: string[]
  records = 0
  refused = 0
  readonly #options: YearNodeOptions
  readonly #spool: FleetSpool
  readonly #link: Link
  readonly #activity: YearActivity
  #ended: Promise<void> = Promise.resolve()
  #pair: SimPair | null = null
  #cutUntilMs = 0
  #off: { readonly untilMs: number; readonly cause: UnknownCause } | null = null
  /** All before is told, or is on its way. */
  #edgeMs: number
  #revision = 0
  #driver = 550

  constructor(options: YearNodeOptions) {
    const { number, seed, startMs } = options
    this.number = number
    this.keys = fleetKeys(number)
    this.hashes = Array.from({ length: CARDS }, (_, index) => hashOf(number * CARDS + index))
    this.#options = options
    this.#edgeMs = startMs
    this.#activity = new YearActivity(seed * 1_000_003 + number, startMs, options.told)
    this.#spool = new FleetSpool(number.toString(16).padStart(32, '0'), () => {})
    this.#link = this.#newLink()
  }

  get unacknowledged(): number {
    return this.#spool.unacknowledged
  }

  get isOnline(): boolean {
    return this.#link.status().state === 'online'
  }

  get isOff(): boolean {
    return this.#off !== null
  }

  start(): void {
    const { startMs } = this.#options
    const gap = { startMs, endMs: startMs, cause: 'epoch', bootId: 'bench' } as const
    this.#append({ kind: 'gap', gap }, startMs)
    this.#appendFacts(startMs)
    this.#append({ kind: 'policy', policy: { ...POLICY, atMs: startMs } }, startMs)
    this.#ended = this.#link.run()
  }

  async stop(): Promise<void> {
    await this.#link.stop()
    await this.#ended
  }

  /** Nobody hears it until then; it goes on measuring. */
  cut(untilMs: number): void {
    this.#cutUntilMs = Math.max(this.#cutUntilMs, untilMs)
    this.#pair?.cut()
    this.#pair = null
  }

  /** Nothing is known of it until then. */
  switchOff(untilMs: number, cause: UnknownCause): void {
    if (this.#off !== null) return
    this.#off = { untilMs, cause }
    this.#cutUntilMs = Math.max(this.#cutUntilMs, untilMs)
    if (untilMs > this.#options.clock.wallMs() + this.#options.tickMs) this.cut(untilMs)
  }

  /** With the next start another driver is there. */
  upgradeDriver(): void {
    this.#driver += 1
  }

  /** Tells all that is over by now, in ticks that end with their hour. */
  live(nowMs: number): void {
    if (this.#off !== null) {
      if (this.#off.untilMs > nowMs) return
      this.#comeBack(this.#off)
    }
    const { tickMs } = this.#options
    while (this.#edgeMs < nowMs) {
      const hourEndMs = (Math.floor(this.#edgeMs / HOUR_MS) + 1) * HOUR_MS
      const endMs = Math.min(this.#edgeMs + tickMs, hourEndMs, nowMs)
      const facts = { revision: this.#revision, hashes: this.hashes }
      const tick = this.#activity.tick({ startMs: this.#edgeMs, endMs }, facts)
      this.#append({ kind: 'tick', tick }, endMs)
      this.#edgeMs = endMs
    }
    this.#link.wake()
  }

  #comeBack({ untilMs, cause }: { readonly untilMs: number; readonly cause: UnknownCause }): void {
    this.#off = null
    const gap = { startMs: this.#edgeMs, endMs: untilMs, cause, bootId: `bench-${untilMs}` }
    this.#append({ kind: 'gap', gap }, untilMs)
    this.#edgeMs = untilMs
    this.#appendFacts(untilMs)
  }

  #appendFacts(atMs: number): void {
    this.#revision += 1
    const record = factsRecord(this.number, atMs)
    if (record.kind !== 'facts') throw new Error('facts are facts')
    const units = record.facts.units.map((unit, index) => ({
      ...unit,
      driverVersion: `${this.#driver}.54.15`,
      identities: [{ keyNumber: 1, hash: this.hashes[index] ?? '', strength: 'strong' as const }],
    }))
    const facts = { ...record.facts, revision: this.#revision, units }
    this.#append({ kind: 'facts', facts }, atMs)
  }

  #append(record: DurableRecord, timelineEndMs: number): void {
    this.#spool.append([{ bytes: encodeRecord(record), timelineEndMs }])
    this.records += 1
  }

  #newLink(): Link {
    const { clock, random, collector, number } = this.#options
    return new Link({
      world: { clock, random, network: { dial: () => this.#dial() } },
      spool: this.#spool,
      log: silentLogger,
      target: { url: 'ws://collector.invalid/v1/link', ca: null, proxyUrl: null },
      collector,
      identity: {
        role: 'agent',
        nodeKeys: this.keys,
        fingerprint: '',
        bootId: `bench-${number}`,
        programVersion: 'bench',
        capabilities: [],
        enrollment: null,
      },
      owner: {
        timelineNowMs: () => clock.wallMs(),
        heartbeat: () => ({ samples: 1, freeUnits: new Uint8Array(1) }),
        onTime: () => {},
        onNeedFacts: () => this.#appendFacts(this.#edgeMs),
        onNewEpoch: () => {},
        onWelcome: () => {},
        onRefused: (records) => {
          this.refused += records.length
        },
      },
    })
  }

  async #dial(): Promise<Duplex> {
    const { clock, address, accept } = this.#options
    if (clock.wallMs() < this.#cutUntilMs) {
      throw new AppError('connection_failed', 'nobody answers')
    }
    const pair = createSimPair({ clock, delayMs: () => 0, clientAddress: address })
    this.#pair = pair
    accept(pair.server)
    return pair.client
  }
}

function hashOf(card: number): string {
  return (card + 1).toString(16).padStart(64, '0')
}
