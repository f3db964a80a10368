/**
 * The collector of the simulated world: the whole of it but for HTTP, on a file that outlives it.
 * It can be killed and started again; its machine's wall clock can be wrong.
 */
import { join } from 'node:path'
import {
  ALGORITHM_ED25519,
  type Clock,
  ENROLL_SECRET_BYTES,
  formatEnrollmentToken,
  keyPairFromSeed,
  type Logger,
  type Network,
  type Random,
  randomHex,
  secretHash,
  TOKEN_ID_BYTES,
} from '@yiben/shared'
import { Lots, lotKeyOf } from '../../collector/src/bank/lots.ts'
import { loadCatalogue } from '../../collector/src/catalogue/catalogue.ts'
import { Collector, type CollectorSettings } from '../../collector/src/collector.ts'
import { mintToken } from '../../collector/src/inventory/administration.ts'
import { generationAfter, openingEntry } from '../../collector/src/journal/opening.ts'
import type { LedgerGeneration } from '../../collector/src/model/ids.ts'
import type { LedgerState } from '../../collector/src/storage/requests.ts'
import { chooseDriver, openConnection } from '../../collector/src/storage/sqlite/driver.ts'
import { LedgerDraft } from '../../collector/src/storage/sqlite/restore.ts'
import { MemoryCheckpoints } from '../support/memory-checkpoints.ts'
import type { SimProcess, SimScheduler } from '../support/sim-scheduler.ts'
import type { SimHub } from './network.ts'
import { type SimDisk, SimStore, type StoreMutant } from './store.ts'

/** Seals come soon, and rounds are as far apart as they may be, to keep a world quick. */
export const SIM_SETTINGS: CollectorSettings = {
  sealDelayMs: 300_000,
  timeZone: 'Asia/Shanghai',
  intervals: {
    sequenceMs: 2_000,
    depositMs: 2_000,
    rollupMs: 30_000,
    livenessMs: 1_000,
    checkpointMs: 60_000,
  },
  bank: { observingMs: 1_000 },
  liveness: { suspendMs: 30_000, silentMs: 90_000 },
  limits: {
    connectionsMax: 10_000,
    handshakesPerAddressMax: 1_000,
    handshakeTimeoutMs: 10_000,
    requestsPerMinute: 1_000,
    followersMax: 10,
  },
}

const IDENTITY = keyPairFromSeed(ALGORITHM_ED25519, new Uint8Array(32).fill(7))
const LOTS = new Lots(lotKeyOf(IDENTITY), loadCatalogue())
const TOKEN_MS = 30 * 24 * 3_600_000
const NO_NETWORK: Network = {
  dial: () => Promise.reject(new Error('the collector dials nobody')),
}

/** Spoils what a restore has made of a backup, before it takes the place. */
export interface RestoreMutant {
  /** SQL that the restored ledger is to be changed with. */
  readonly sql?: string
  readonly keepsGeneration?: boolean
}

interface Life {
  readonly process: SimProcess
  readonly store: SimStore
  readonly collector: Collector
  readonly stop: AbortController
  readonly ended: Promise<void>
}

export interface SimCollectorOptions {
  readonly scheduler: SimScheduler
  readonly hub: SimHub
  readonly folder: string
  readonly random: Random
  readonly log: Logger
  readonly settings?: Partial<CollectorSettings>
  readonly mutant?: StoreMutant
  readonly restoreMutant?: RestoreMutant
  readonly disk?: SimDisk
  /** It ended by itself: a bug. */
  readonly onFailure: (error: unknown) => void
}

export class SimCollector {
  readonly path: string
  ledger: LedgerState
  /** How wrong the wall clock of its machine is. */
  wallOffsetMs = 0
  readonly #options: SimCollectorOptions
  readonly #checkpoints = new MemoryCheckpoints()
  #life: Life | null = null
  #isDiskFull = false
  #isStarting = false

  constructor(options: SimCollectorOptions) {
    this.#options = options
    this.path = join(options.folder, 'ledger.sqlite')
    this.ledger = {
      generation: 1 as LedgerGeneration,
      origin: randomHex(options.random, 16),
      openedAtMs: options.scheduler.nowMs,
      identityKeyNumber: 1,
      identityKey: randomHex(options.random, 32),
      isDemo: false,
    }
  }

  get isAlive(): boolean {
    return this.#life !== null || this.#isStarting
  }

  get life(): Life {
    if (this.#life === null) throw new Error('the collector is not running')
    return this.#life
  }

  get clock(): Clock {
    return this.life.process.clock
  }

  /** Every note that was signed here, whatever became of it. */
  get signedNotes(): readonly string[] {
    return this.#checkpoints.remembered
  }

  get sealDelayMs(): number {
    return this.#options.settings?.sealDelayMs ?? SIM_SETTINGS.sealDelayMs
  }

  /** What its machine's wall clock shows, running or not. */
  get wallMs(): number {
    return Math.round(this.#options.scheduler.nowMs + this.wallOffsetMs)
  }

  async start(): Promise<void> {
    const { scheduler, random, log, hub, onFailure, settings, mutant, disk } = this.#options
    if (this.isAlive) return
    this.#isStarting = true
    const seed = Math.floor(random.fraction() * 2 ** 31)
    const process = scheduler.process('collector', seed, this.wallOffsetMs)
    const store = new SimStore(this.path, this.ledger, mutant ?? ((inner) => inner), disk ?? {})
    store.setFull(this.#isDiskFull)
    const { clock } = process
    const collector = new Collector({
      world: { clock, random: process.random, network: NO_NETWORK },
      log,
      store: store.store,
      ledger: this.ledger,
      identity: IDENTITY,
      lots: LOTS,
      settings: { ...SIM_SETTINGS, ...settings },
      checkpoints: this.#checkpoints,
    })
    const stop = new AbortController()
    const ended = collector
      .open()
      .then(() => {
        if (!process.isAlive) return undefined
        hub.listen((socket) => collector.accept(socket))
        return collector.run(stop.signal)
      })
      .catch((error: unknown) => {
        if (process.isAlive) onFailure(error)
      })
    this.#life = { process, store, collector, stop, ended }
    this.#isStarting = false
  }

  /** As `kill -9`. */
  kill(): void {
    const life = this.#life
    if (life === null) return
    this.#life = null
    life.process.kill()
    this.#options.hub.listen(null)
    void life.store.die()
  }

  /** In order, as `systemctl stop` does; the clock has to go on meanwhile. */
  async stop(): Promise<void> {
    const life = this.#life
    if (life === null) return
    life.stop.abort()
    await life.ended
    this.kill()
  }

  /** Killed, and nobody here has the ledger open any more. */
  async letGo(): Promise<void> {
    const store = this.#life?.store
    this.kill()
    await store?.die()
  }

  /** As `restore --replace` does; nobody else may have the ledger open. */
  async restore(backup: string): Promise<void> {
    await this.letGo()
    const draft = LedgerDraft.copyOf(backup, this.path)
    const { ledger } = draft.facts
    const openedAtMs = this.wallMs
    const { restoreMutant } = this.#options
    const known = [ledger.generation, this.ledger.generation]
    const generation = restoreMutant?.keepsGeneration
      ? ledger.generation
      : generationAfter(known, openedAtMs)
    this.ledger = { ...ledger, generation, openedAtMs }
    draft.begin(this.ledger, openingEntry(this.ledger, this.#checkpoints.note))
    draft.place(`${openedAtMs}`)
    if (restoreMutant?.sql !== undefined) this.#spoil(restoreMutant.sql)
  }

  #spoil(sql: string): void {
    const db = openConnection({
      path: this.path,
      driver: chooseDriver(),
      isReader: false,
      synchronous: 'OFF',
    })
    db.exec(sql)
    db.close()
  }

  /** Dies at the `writes`-th write from now on. */
  crashAt(writes: number, isBefore: boolean): void {
    const life = this.#life
    if (life !== null) life.store.crash = { writes, isBefore, kill: () => this.kill() }
  }

  stepWall(toOffsetMs: number): void {
    this.#life?.process.stepWall(toOffsetMs - this.wallOffsetMs)
    this.wallOffsetMs = toOffsetMs
  }

  setDiskFull(isFull: boolean): void {
    this.#isDiskFull = isFull
    this.#life?.store.setFull(isFull)
  }

  /** From now on there is a bank: a recovery waits for its word. */
  async createBankToken(): Promise<void> {
    const { random } = this.#options
    const nowMs = this.wallMs
    const { row, outbox } = mintToken(
      { role: 'bank', siteCode: null, regionCode: null, cidr: null, uses: null, ttlMs: TOKEN_MS },
      { random, identity: IDENTITY, by: 'test', nowMs },
    )
    await this.life.store.store.createToken(row, outbox)
  }

  /** A token that admits any number of nodes to `siteCode`. */
  async createToken(siteCode: string): Promise<string> {
    const { random } = this.#options
    const { store } = this.life.store
    const nowMs = this.wallMs
    await store.putSite({
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
    const id = randomHex(random, TOKEN_ID_BYTES)
    const secret = random.bytes(ENROLL_SECRET_BYTES)
    const token = {
      tokenId: id,
      kind: 'enroll' as const,
      secretHash: Buffer.from(secretHash(secret)).toString('hex'),
      siteCode,
      role: null,
      regionCode: null,
      cidr: null,
      usesLeft: null,
      createdAtMs: nowMs,
      expiresAtMs: nowMs + TOKEN_MS,
      revokedAtMs: null,
    }
    await store.createToken(token, [])
    const { algorithm, publicKey } = IDENTITY
    return formatEnrollmentToken({ id, secret, algorithm, collectorKey: publicKey })
  }
}
