/**
 * A fleet and its collector in one process under a clock that jumps: the collector's own parts over
 * an SQLite file, nodes with real links, and what happens to nodes in a year. All of it follows from
 * the seed but the ids.
 */
import { randomBytes } from 'node:crypto'
import { HOUR_MS, keyPairFromSeed, type Random, silentLogger, type World } from '@yiben/shared'
import { Lots, lotKeyOf } from '../../../collector/src/bank/lots.ts'
import { loadCatalogue } from '../../../collector/src/catalogue/catalogue.ts'
import { Collector } from '../../../collector/src/collector.ts'
import { loadConfig } from '../../../collector/src/config.ts'
import { mintToken } from '../../../collector/src/inventory/administration.ts'
import type { NodeId } from '../../../collector/src/model/ids.ts'
import { modelFacts } from '../../../collector/src/plausibility/rules.ts'
import { PlausibilityWatcher } from '../../../collector/src/plausibility/watcher.ts'
import { Pruner } from '../../../collector/src/rollup/pruner.ts'
import type { LedgerState } from '../../../collector/src/storage/requests.ts'
import { openSqliteStoreInProcess } from '../../../collector/src/storage/sqlite/store.ts'
import type { Store } from '../../../collector/src/storage/store.ts'
import { CARDS, seededRandom } from './activity.ts'
import { JumpClock } from './jump-clock.ts'
import { MADE_UP_LEDGER } from './made-up-ledger.ts'
import type { ToldTime } from './year-activity.ts'
import { YearNode } from './year-node.ts'

const NODES_PER_SITE = 10
const REGIONS = ['110108', '310115', '440305', '520115', '150102', '640502', '510104', '330106']
const DAY_MS = 24 * HOUR_MS
const IDENTITY = keyPairFromSeed(1, new Uint8Array(32).fill(0xc1))
/** Of each node in a year. */
const A_YEAR = { cuts: 3, restarts: 12, drivers: 4, swaps: 1, days_off: 1 } as const
/** Most cuts are over within hours, a few take days. */
const CUT_MS_MAX = 3 * DAY_MS
const STOP_STEP_MS = 100

interface YearOptions {
  readonly path: string
  readonly nodes: number
  readonly seed: number
  readonly startMs: number
  /** Between two jumps of the clock. */
  readonly stepMs: number
  /** Length of a tick. */
  readonly tickMs: number
  /** Runs are kept for so long; `null`: as a collector does that nobody has told. */
  readonly keepMs: number | null
  /** `false`: nobody is cut off or switched off, and no card moves. */
  readonly hasEvents: boolean
}

interface Happened {
  cuts: number
  restarts: number
  drivers: number
  swaps: number
  days_off: number
}

export class YearFleet {
  readonly told: ToldTime = new Map()
  readonly nodes: YearNode[] = []
  readonly happened: Happened = { cuts: 0, restarts: 0, drivers: 0, swaps: 0, days_off: 0 }
  /** From asking for the material of an hour to having its buckets written. */
  readonly sealMs: number[] = []
  readonly correctMs: number[] = []
  readonly store: Store
  readonly #options: YearOptions
  readonly #clock: JumpClock
  readonly #random: () => number
  readonly #stop = new AbortController()
  readonly #collector: Collector
  readonly #pruner: Pruner
  #ended: Promise<void> = Promise.resolve()

  constructor(options: YearOptions) {
    const { path, seed, startMs } = options
    this.#options = options
    this.#clock = new JumpClock(startMs)
    this.#random = seededRandom(seed)
    const newLedger: LedgerState = { ...MADE_UP_LEDGER, openedAtMs: startMs }
    // The time of its syncs to disk is not what is measured.
    this.store = openSqliteStoreInProcess({ path, newLedger, synchronous: 'OFF' })
    const config = loadConfig({ file: null, env: {}, flags: {} })
    const runsMs = options.keepMs ?? config.upkeep.retention.runsMs
    const store = this.#timed(this.store)
    const catalogue = loadCatalogue()
    const parts = { store, clock: this.#clock, logger: silentLogger }
    const pruner = new Pruner({ ...parts, retention: { ...config.upkeep.retention, runsMs } })
    const watcher = new PlausibilityWatcher({
      ...parts,
      facts: modelFacts(catalogue),
      onFound: () => this.#collector.bank.hint(),
    })
    let note: string | null = null
    this.#pruner = pruner
    this.#collector = new Collector({
      world: this.#world,
      log: silentLogger,
      store,
      ledger: newLedger,
      identity: IDENTITY,
      lots: new Lots(lotKeyOf(IDENTITY), catalogue),
      settings: {
        ...config,
        // A round that comes later than it should is taken for a stop of the collector.
        intervals: { ...config.intervals, livenessMs: options.stepMs },
      },
      checkpoints: {
        read: () => note,
        remember: (signed) => {
          note = signed
        },
      },
      followers: () => [pruner, watcher],
    })
  }

  get nowMs(): number {
    return this.#clock.wallMs()
  }

  get isSettled(): boolean {
    return this.nodes.every((node) => node.isOnline && node.unacknowledged === 0)
  }

  get records(): number {
    return this.nodes.reduce((sum, node) => sum + node.records, 0)
  }

  get refused(): number {
    return this.nodes.reduce((sum, node) => sum + node.refused, 0)
  }

  get prunedRows(): number {
    return this.#pruner.prunedRows
  }

  async start(): Promise<void> {
    for (let first = 0; first < this.#options.nodes; first += NODES_PER_SITE) {
      await this.#addSite(first, Math.min(this.#options.nodes, first + NODES_PER_SITE))
    }
    await this.#collector.open()
    this.#ended = this.#collector.run(this.#stop.signal)
    this.#ended.catch(() => this.#stop.abort())
    for (const node of this.nodes) node.start()
    await this.#clock.fire()
  }

  /** Until then; what happens to nodes is left out where `isQuiet`. */
  async runTo(endMs: number, isQuiet = false): Promise<void> {
    const { hasEvents, stepMs } = this.#options
    while (this.nowMs < endMs) {
      if (this.#stop.signal.aborted) await this.#ended
      if (hasEvents && !isQuiet) this.#happen(stepMs)
      this.#clock.set(Math.min(endMs, this.nowMs + stepMs))
      this.#live()
      await this.#clock.fire()
    }
  }

  /** All parts, in order; the store stays open. */
  async stop(): Promise<void> {
    const stopped = Promise.all(this.nodes.map((node) => node.stop()))
    await this.#clock.until(stopped, STOP_STEP_MS)
    this.#stop.abort()
    await this.#clock.until(this.#ended, STOP_STEP_MS)
  }

  get #world(): World {
    const network = { dial: () => Promise.reject(new Error('a collector dials nobody')) }
    return { clock: this.#clock, random: this.#chance, network }
  }

  get #chance(): Random {
    return { fraction: this.#random, bytes: (length) => randomBytes(length) }
  }

  /** Ticks of short steps lie apart, as those of real nodes do. */
  #live(): void {
    const { stepMs, tickMs } = this.#options
    const turns = Math.max(1, Math.floor(tickMs / stepMs))
    const turn = Math.floor(this.nowMs / stepMs) % turns
    for (const node of this.nodes) {
      if (node.number % turns === turn || turns === 1) node.live(this.nowMs)
    }
  }

  #happen(stepMs: number): void {
    const share = stepMs / (365 * DAY_MS)
    for (const node of this.nodes) {
      if (node.isOff) continue
      if (this.#random() < A_YEAR.cuts * share) {
        this.happened.cuts += 1
        node.cut(this.#after(HOUR_MS, HOUR_MS + CUT_MS_MAX * this.#random() ** 2))
      }
      if (this.#random() < A_YEAR.restarts * share) {
        this.happened.restarts += 1
        node.switchOff(this.#after(10_000, 60_000), 'restart')
      } else if (this.#random() < A_YEAR.drivers * share) {
        this.happened.drivers += 1
        node.upgradeDriver()
        node.switchOff(this.#after(600_000, 2_400_000), 'reboot')
      } else if (this.#random() < A_YEAR.days_off * share) {
        this.happened.days_off += 1
        node.switchOff(this.#after(6 * HOUR_MS, 3 * DAY_MS), 'reboot')
      } else if (this.#random() < A_YEAR.swaps * share) this.#swap(node)
    }
  }

  /** A card of this node and one of another change places, with both switched off. */
  #swap(node: YearNode): void {
    const other = this.nodes[Math.floor(this.#random() * this.nodes.length)]
    if (other === undefined || other === node || other.isOff) return
    this.happened.swaps += 1
    const untilMs = this.#after(HOUR_MS, 4 * HOUR_MS)
    const [here, there] = [this.#slot(), this.#slot()]
    const [own, foreign] = [node.hashes[here] ?? '', other.hashes[there] ?? '']
    node.switchOff(untilMs, 'reboot')
    other.switchOff(untilMs, 'reboot')
    node.hashes[here] = foreign
    other.hashes[there] = own
  }

  #slot(): number {
    return Math.floor(this.#random() * CARDS)
  }

  #after(leastMs: number, mostMs: number): number {
    const seconds = Math.round((leastMs + this.#random() * (mostMs - leastMs)) / 1_000)
    return this.nowMs + seconds * 1_000
  }

  async #addSite(first: number, end: number): Promise<void> {
    const nowMs = this.nowMs
    const number = first / NODES_PER_SITE
    const siteCode = `YEAR-${number}`
    const terms = {
      operatorCode: '91110000MA01OPER11',
      operatorName: 'Operator',
      ownerCode: null,
      ownerName: null,
      regionCode: REGIONS[number % REGIONS.length] ?? '110108',
      keep: [],
      validFromMs: 0,
      validToMs: null,
    }
    await this.store.putSite({ code: siteCode, name: siteCode, terms, outbox: [] })
    const uses = end - first
    const { row, outbox } = mintToken(
      { role: null, siteCode, regionCode: null, cidr: null, uses, ttlMs: DAY_MS },
      { random: this.#chance, identity: IDENTITY, by: 'bench', nowMs },
    )
    await this.store.createToken(row, outbox)
    for (let at = first; at < end; at += 1) {
      const node = this.#newNode(at, `10.0.${number}.${1 + at - first}`)
      const { algorithm, publicKey } = node.keys
      const enrolled = await this.store.enrollNode({
        tokenId: row.tokenId,
        secretHash: row.secretHash,
        remoteAddress: '127.0.0.1',
        nodeId: `n-${at.toString(16).padStart(16, '0')}` as NodeId,
        nodeName: `year-${at}`,
        algorithm,
        publicKey,
        fingerprint: '',
        joinState: 0,
        nowMs,
      })
      if (enrolled.status !== 'enrolled') throw new Error(`a node is ${enrolled.status}`)
      this.nodes.push(node)
    }
  }

  #newNode(number: number, address: string): YearNode {
    const { seed, startMs, tickMs } = this.#options
    return new YearNode({
      number,
      seed,
      address,
      clock: this.#clock,
      random: this.#chance,
      startMs,
      tickMs,
      collector: { algorithm: IDENTITY.algorithm, publicKey: IDENTITY.publicKey },
      accept: (socket) => this.#collector.accept(socket),
      told: this.told,
    })
  }

  /** The port, with the time that hours take noted. */
  #timed(store: Store): Store {
    let askedAtMs = 0
    return {
      ...store,
      readHour: (hourMs) => {
        askedAtMs = performance.now()
        return store.readHour(hourMs)
      },
      writeBuckets: async (write) => {
        const result = await store.writeBuckets(write)
        const times = write.version === 1 ? this.sealMs : this.correctMs
        times.push(performance.now() - askedAtMs)
        return result
      },
    }
  }
}
