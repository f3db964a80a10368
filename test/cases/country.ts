/**
 * A small country for the hard cases: one whole collector with its HTTP side on a store in memory,
 * and machines whose agents, spools and links are the real ones. Cards and sockets are made up;
 * time moves only as told, from 08:00 UTC on.
 */
import {
  ALGORITHM_ED25519,
  createLogger,
  type Duplex,
  type KeyPair,
  keyPairFromSeed,
  type Network,
  parseEnrollmentToken,
  silentLogger,
} from '@yiben/shared'
import { expect, onTestFinished } from 'vitest'
import { type BalanceAnswer, balanceAnswer } from '../../collector/src/api/answers/balance.ts'
import type { App } from '../../collector/src/api/app.ts'
import { type ApiContext, createContext } from '../../collector/src/api/context.ts'
import { buildApi } from '../../collector/src/api/server.ts'
import { Lots, lotKeyOf } from '../../collector/src/bank/lots.ts'
import { loadCatalogue } from '../../collector/src/catalogue/catalogue.ts'
import { Collector, type CollectorSettings } from '../../collector/src/collector.ts'
import { controlOf } from '../../collector/src/collector-control.ts'
import { mintToken, type TokenRequest } from '../../collector/src/inventory/administration.ts'
import { logFace } from '../../collector/src/journal/cosigning.ts'
import type { LedgerGeneration } from '../../collector/src/model/ids.ts'
import type { Deposit } from '../../collector/src/model/ledger.ts'
import { SCOPE_ALL } from '../../collector/src/storage/requests.ts'
import { openSqliteStoreInProcess } from '../../collector/src/storage/sqlite/store.ts'
import { FakeRandom } from '../support/fake-clock.ts'
import { MemoryCheckpoints } from '../support/memory-checkpoints.ts'
import { SimScheduler } from '../support/sim-scheduler.ts'
import { createSimPair } from '../support/sim-socket.ts'
import { testAccess } from '../support/test-access.ts'
import { Machine, type MachineOptions } from './machine.ts'

/** 2026-03-01T08:00:00Z. */
const START_MS = 1_772_352_000_000
export const SECOND = 1_000
export const MINUTE = 60_000
export const HOUR = 3_600_000
const DAY = 24 * HOUR
const CATALOGUE = loadCatalogue()

/** An instant of the first day, `hh:mm` or `hh:mm:ss`; past 24 it is one of the days after. */
export function at(time: string): number {
  const [hour = 0, minute = 0, second = 0] = time.split(':').map(Number)
  return START_MS + (hour - 8) * HOUR + minute * MINUTE + second * SECOND
}

export const iso = (ms: number) => new Date(ms).toISOString()
export const between = (fromMs: number, toMs: number) => `from=${iso(fromMs)}&to=${iso(toMs)}`

/** The shipped ones, but rounds that are a few seconds apart. */
const SETTINGS: CollectorSettings = {
  sealDelayMs: 2 * HOUR,
  timeZone: 'Asia/Shanghai',
  intervals: {
    sequenceMs: 5 * SECOND,
    depositMs: 5 * SECOND,
    rollupMs: 30 * SECOND,
    livenessMs: 5 * SECOND,
    checkpointMs: 10 * SECOND,
  },
  bank: { observingMs: SECOND },
  liveness: { suspendMs: 30 * SECOND, silentMs: 90 * SECOND },
  limits: {
    connectionsMax: 10_000,
    handshakesPerAddressMax: 1_000,
    handshakeTimeoutMs: 10 * SECOND,
    requestsPerMinute: 1_000_000,
    followersMax: 10,
  },
}
const LEDGER = {
  generation: 1 as LedgerGeneration,
  origin: '0a'.repeat(16),
  openedAtMs: START_MS,
  identityKeyNumber: 1,
  identityKey: '0b'.repeat(32),
  isDemo: false,
}
const NO_NETWORK: Network = {
  dial: () => Promise.reject(new Error('the collector dials nobody')),
}

/** What enrolls, as often as it says. */
export interface SiteToken {
  readonly tokenId: string
  readonly secret: Uint8Array
}

// biome-ignore lint/suspicious/noExplicitAny: answers are what the cases look at
type Body = any

export class Country {
  readonly scheduler = new SimScheduler(START_MS)
  readonly random = new FakeRandom(11)
  readonly identity: KeyPair = keyPairFromSeed(ALGORITHM_ED25519, new Uint8Array(32).fill(7))
  /** The collector's machine; a step of its wall clock is its own. */
  readonly process = this.scheduler.process('collector', 5)
  /** Outlives every program on it. */
  readonly wire = this.scheduler.process('wire', 6)
  readonly store = openSqliteStoreInProcess({ path: ':memory:', newLedger: LEDGER })
  collector: Collector
  readonly log = process.env.CASE_LOG === undefined ? silentLogger : createLogger('info')
  #stop: (() => Promise<void>) | null = null
  #machines = 0
  #failure: unknown = null
  readonly #context: ApiContext
  readonly #checkpoints = new MemoryCheckpoints()
  #app: App | null = null
  #adminToken = ''

  private constructor() {
    const { clock } = this.process
    this.collector = this.#newCollector()
    this.#context = createContext({
      store: this.store,
      clock,
      random: this.random,
      logger: silentLogger,
      catalogue: CATALOGUE,
      ledger: LEDGER,
      face: logFace(LEDGER, this.identity, []),
      lotKey: lotKeyOf(this.identity),
      access: testAccess(),
      control: controlOf(() => this.collector),
      settings: {
        timeZone: 'Asia/Shanghai',
        settledLagMs: 2 * MINUTE,
        requestsPerMinute: 1_000_000,
        followersMax: 4,
      },
      readiness: () => ({ isReady: true, reasons: [], notes: [] }),
      isSuspended: (nodeId) => {
        const { liveness } = this.collector
        return liveness.isSuspended(nodeId) || liveness.depositsSuspended()
      },
      vitals: async () => [],
      onOutbox: () => {},
    })
  }

  static async open(): Promise<Country> {
    const country = new Country()
    await country.startCollector()
    country.#app = await buildApi({ context: country.#context })
    country.#adminToken = await country.#mint({ role: 'admin' })
    onTestFinished(async () => {
      await country.stopCollector()
      country.#context.entries.close()
      await country.#app?.close()
      await country.store.close()
      expect(country.#failure).toBeNull()
    })
    return country
  }

  /** A new process over the same ledger. */
  async startCollector(): Promise<void> {
    if (this.#stop !== null) return
    const stop = new AbortController()
    this.collector = this.#newCollector()
    await this.collector.open()
    const ended = this.collector.run(stop.signal).catch((error: unknown) => {
      this.#failure = error
    })
    this.#stop = async () => {
      stop.abort()
      await this.until(ended)
    }
  }

  /** In order; until it is started again nobody listens. */
  async stopCollector(): Promise<void> {
    const stop = this.#stop
    this.#stop = null
    await stop?.()
  }

  /** The true time. */
  get nowMs(): number {
    return this.scheduler.nowMs
  }

  async run(ms: number): Promise<void> {
    await this.scheduler.advance(ms)
  }

  async runTo(instantMs: number): Promise<void> {
    expect(instantMs).toBeGreaterThanOrEqual(this.nowMs)
    await this.run(instantMs - this.nowMs)
  }

  /** Runs on until `work` is done, at most for ten minutes. */
  async until<Result>(work: Promise<Result>): Promise<Result> {
    let isDone = false
    const watched = work.finally(() => {
      isDone = true
    })
    for (let spentMs = 0; !isDone && spentMs < 10 * MINUTE; spentMs += 100) await this.run(100)
    return watched
  }

  async token(siteCode: string, uses: number): Promise<SiteToken> {
    await this.store.putSite({
      code: siteCode,
      name: siteCode,
      terms: {
        operatorCode: null,
        operatorName: null,
        ownerCode: null,
        ownerName: null,
        regionCode: '150100',
        keep: [],
        validFromMs: 0,
        validToMs: null,
      },
      outbox: [],
    })
    const { id, secret } = parseEnrollmentToken(await this.#mint({ siteCode, uses, role: null }))
    return { tokenId: id, secret }
  }

  /** A machine of a site, enrolled and not yet started. */
  async machine(options: Omit<MachineOptions, 'country' | 'number' | 'token'>): Promise<Machine> {
    this.#machines += 1
    const number = this.#machines
    const token = await this.token(options.siteCode ?? 'SITE-1', 1)
    const machine = new Machine({ ...options, country: this, number, token })
    if (options.diskOf !== undefined) return machine
    await this.until(machine.enroll())
    // Samples follow the start: on full ten seconds the cases can say when they are taken.
    await this.run(10 * SECOND - (this.nowMs % (10 * SECOND)))
    return machine
  }

  /** As `machine`, started, and given a second to be heard. */
  async join(options: Omit<MachineOptions, 'country' | 'number' | 'token'>): Promise<Machine> {
    const machine = await this.machine(options)
    machine.start()
    await this.run(SECOND)
    expect(machine.linkState).toBe('online')
    return machine
  }

  /** A connection of a machine; `null` when nobody answers. */
  connect(address: string) {
    if (this.#stop === null) return null
    const pair = createSimPair({ clock: this.wire.clock, clientAddress: address })
    const server: Duplex = pair.server
    this.collector.accept(server)
    return pair
  }

  async get(url: string): Promise<Body> {
    const headers = { authorization: `Bearer ${this.#adminToken}` }
    const answer = await this.#app?.inject({ method: 'GET', url, headers })
    expect([url, answer?.statusCode]).toEqual([url, 200])
    return answer?.json()
  }

  /** As the administrator. */
  async post(url: string, payload: object): Promise<Body> {
    const headers = { authorization: `Bearer ${this.#adminToken}` }
    const answer = await this.#app?.inject({ method: 'POST', url, headers, payload })
    expect([url, answer?.statusCode]).toEqual([url, 200])
    return answer?.json()
  }

  /** Cards per stage at an instant as known at another; both default to now. */
  async stages(
    ask: { readonly asOfMs?: number; readonly knownAtMs?: number } = {},
  ): Promise<Record<string, number>> {
    const query = new URLSearchParams()
    if (ask.asOfMs !== undefined) query.set('as_of', iso(ask.asOfMs))
    if (ask.knownAtMs !== undefined) query.set('known_at', iso(ask.knownAtMs))
    const { rows } = await this.get(`/v1/ledger?${query}`)
    const stages: [string, { cards: number }][] = Object.entries(rows[0].stages)
    return Object.fromEntries(stages.map(([stage, { cards }]) => [stage, cards]))
  }

  /** Every placement of every unit, in order of units. */
  async placements(): Promise<Body[]> {
    const rows: Body[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page = await this.get(`/v1/accelerators?limit=500${cursor && `&cursor=${cursor}`}`)
      rows.push(...page.accelerators)
      cursor = page.next_cursor
    }
    return rows
  }

  /**
   * `[from, to, state/cause]` of a card's placement, as `hh:mm:ss` of UTC. Neighbours that differ
   * only in when they became known are one.
   */
  async story(
    card: number,
    fromMs: number,
    placement = 0,
  ): Promise<readonly (readonly [string, string, string])[]> {
    const url = `/v1/accelerators/${card}/timeline?${between(fromMs, this.nowMs)}`
    const { placements } = await this.get(url)
    const story: [string, string, string][] = []
    for (const { from, to, state, cause } of placements[placement].segments) {
      const last = story.at(-1)
      const name = `${state}/${cause}`
      if (last?.[2] === name && last[1] === clockTime(from)) last[1] = clockTime(to)
      else story.push([clockTime(from), clockTime(to), name])
    }
    return story
  }

  /** Every deposit there ever was, oldest first. */
  async deposits(): Promise<readonly Deposit[]> {
    const page = await this.store.listDeposits(SCOPE_ALL, false, { cursor: null, limit: 1000 })
    return [...page.rows].sort((left, right) => left.openedAtMs - right.openedAtMs)
  }

  /** The whole ledger's balance over a span; nothing may be missing or booked twice. */
  async balance(fromMs: number, toMs: number, card: number | null = null): Promise<BalanceAnswer> {
    const scope = SCOPE_ALL
    const ask = { scope, acceleratorId: card, fromMs, toMs, nowMs: this.nowMs, isDemo: false }
    const body = await balanceAnswer(this.store, ask)
    expect(body).toMatchObject({ balanced: true, errors: [] })
    return body
  }

  /** Entries of a kind, in the order of the journal. */
  async entries(kind: string): Promise<Body[]> {
    await this.collector.sequencer.drain()
    const { entries } = await this.get('/v1/journal/entries?limit=1000')
    return entries
      .filter((entry: Body) => entry.kind === kind)
      .map((entry: Body) => ({ ...entry, payload: JSON.parse(entry.canonical).payload }))
  }

  #newCollector(): Collector {
    const { clock, random } = this.process
    return new Collector({
      world: { clock, random, network: NO_NETWORK },
      log: this.log,
      store: this.store,
      ledger: LEDGER,
      identity: this.identity,
      lots: new Lots(lotKeyOf(this.identity), CATALOGUE),
      settings: SETTINGS,
      checkpoints: this.#checkpoints,
      onEntries: () => this.#context.entries.appended(),
    })
  }

  async #mint(request: Partial<TokenRequest>): Promise<string> {
    const whole = { role: null, siteCode: null, regionCode: null, cidr: null, uses: null }
    const minted = mintToken(
      { ...whole, ttlMs: 365 * DAY, ...request },
      { random: this.random, identity: this.identity, by: 'test', nowMs: this.nowMs },
    )
    await this.store.createToken(minted.row, minted.outbox)
    return minted.text
  }
}

function clockTime(instant: string): string {
  return instant.slice(11).replace('.000Z', '')
}
