/**
 * The simulated world: one collector and its nodes, everything real but time, chance, network and
 * the cards themselves; all of it from one seed. Nothing happens but in `run`.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { errorSentence, type Logger, silentLogger } from '@yiben/shared'
import { hashIdentity } from '../../agent/src/identity.ts'
import type { CollectorSettings } from '../../collector/src/collector.ts'
import { coreOver } from '../../collector/src/storage/sqlite/core.ts'
import {
  chooseDriver,
  type Database,
  openConnection,
} from '../../collector/src/storage/sqlite/driver.ts'
import { inProcessStore } from '../../collector/src/storage/sqlite/store.ts'
import type { Store } from '../../collector/src/storage/store.ts'
import { FakeRandom } from '../support/fake-clock.ts'
import { type SimProcess, SimScheduler } from '../support/sim-scheduler.ts'
import { Auditor } from './auditor.ts'
import { SIM_VENDOR, SimCards } from './cards.ts'
import { type RestoreMutant, SimCollector } from './collector.ts'
import type { Loss } from './losses.ts'
import { SimHub, SimLine } from './network.ts'
import { NODE_SETTINGS, SimNode } from './node.ts'
import type { NodeSettings } from './node-agent.ts'
import type { SimDisk, StoreMutant } from './store.ts'

/** 2026-03-01T08:00:00Z. */
export const HOUR_8_MS = 1_772_352_000_000

export interface WorldOptions {
  readonly seed: number
  readonly startMs?: number
  readonly node?: Partial<NodeSettings>
  readonly collector?: Partial<CollectorSettings>
  readonly mutant?: StoreMutant
  readonly restoreMutant?: RestoreMutant
  readonly disk?: SimDisk
  /** Of collector and agents; silent unless somebody looks. */
  readonly log?: Logger
}

export interface NewNode {
  readonly cards: readonly string[]
  readonly siteCode?: string
  readonly settings?: Partial<NodeSettings>
}

/** In memory where the system has such a folder: worlds do not wait for disks. */
function newFolder(): string {
  const memory = statSync('/dev/shm', { throwIfNoEntry: false })
  return mkdtempSync(join(memory?.isDirectory() ? '/dev/shm' : tmpdir(), 'yiben-world-'))
}

interface Still {
  readonly atMs: number
  readonly work: () => Promise<void>
}

export class SimWorld implements AsyncDisposable {
  readonly seed: number
  readonly random: FakeRandom
  readonly scheduler: SimScheduler
  readonly hub = new SimHub()
  readonly cards: SimCards
  readonly auditor: Auditor
  readonly collector: SimCollector
  readonly nodes: SimNode[] = []
  /** What went wrong by itself: parts that ended, promises of the world's own that broke. */
  readonly problems: string[] = []
  /** What was done to this world, for whoever has to understand a failure. */
  readonly trace: string[] = []
  forgers = 0
  /** Every time that the collector was restored, in order. */
  readonly losses: Loss[] = []
  /** Whoever remembers more than the ledger is told before it is put back. */
  readonly beforeLoss: (() => Promise<void>)[] = []
  readonly folder: string
  /** What happens to the world from outside has a clock that nobody kills. */
  readonly fate: SimProcess
  readonly #options: WorldOptions
  readonly #startMs: number
  readonly #keyOfHash = new Map<string, string>()
  readonly #everyNode: SimNode[] = []
  /** By time. */
  readonly #stills: Still[] = []
  #machines = 0
  #reader: { readonly db: Database; readonly store: Store } | null = null

  constructor(options: WorldOptions) {
    this.#options = options
    this.seed = options.seed
    this.random = new FakeRandom(options.seed)
    this.#startMs = options.startMs ?? HOUR_8_MS
    this.scheduler = new SimScheduler(this.#startMs)
    this.fate = this.scheduler.process('fate', options.seed)
    this.cards = new SimCards(options.seed, this.#startMs)
    this.auditor = new Auditor((hash) => this.#keyOf(hash))
    this.folder = newFolder()
    this.collector = new SimCollector({
      scheduler: this.scheduler,
      hub: this.hub,
      folder: this.folder,
      random: this.random,
      log: options.log ?? silentLogger,
      ...(options.collector === undefined ? {} : { settings: options.collector }),
      ...(options.mutant === undefined ? {} : { mutant: options.mutant }),
      ...(options.restoreMutant === undefined ? {} : { restoreMutant: options.restoreMutant }),
      ...(options.disk === undefined ? {} : { disk: options.disk }),
      onFailure: (error) => this.problems.push(`the collector ended: ${detailOf(error)}`),
    })
  }

  /** The true time. */
  get nowMs(): number {
    return this.scheduler.nowMs
  }

  /** Reads the ledger beside whoever writes it. */
  get store(): Store {
    return this.#openReader().store
  }

  get db(): Database {
    return this.#openReader().db
  }

  async run(ms: number): Promise<void> {
    const endMs = this.nowMs + ms
    for (let next = this.#stills[0]; next !== undefined; next = this.#stills[0]) {
      if (next.atMs > endMs) break
      this.#stills.shift()
      await this.scheduler.advance(Math.max(0, next.atMs - this.nowMs))
      await next.work()
    }
    await this.scheduler.advance(endMs - this.nowMs)
  }

  /** Does `work` while the world stands still: nothing else happens meanwhile. */
  standStill(delayMs: number, work: () => Promise<void>): void {
    this.#stills.push({ atMs: this.nowMs + delayMs, work })
    this.#stills.sort((left, right) => left.atMs - right.atMs)
  }

  /** Runs until `work` is done, at most for `ms`. */
  async until<Result>(work: Promise<Result>, ms = 60_000): Promise<Result> {
    let isDone = false
    const settled = work.finally(() => {
      isDone = true
    })
    settled.catch(() => {})
    for (let spentMs = 0; !isDone && spentMs < ms; spentMs += 100) await this.run(100)
    if (!isDone) throw new Error('what was waited for did not happen')
    return settled
  }

  /** A machine with cards, enrolled and running. */
  async addNode(options: NewNode): Promise<SimNode> {
    const node = this.newNode(options)
    await this.enroll(node, options.siteCode)
    node.start()
    return node
  }

  /** A machine that nobody has enrolled yet. */
  newNode(options: NewNode): SimNode {
    const node = this.#machine(options)
    this.nodes.push(node)
    return node
  }

  /** A machine for the disk of another; of the same hardware, as far as anybody can tell, or not. */
  newCopy(original: SimNode, isSameHardware: boolean): SimNode {
    const copy = this.#machine({ cards: [`foreign-${this.#machines}`] })
    if (isSameHardware) copy.resemble(original)
    return copy
  }

  #machine({ cards, settings }: NewNode): SimNode {
    this.#machines += 1
    const number = this.#machines
    const network = this.scheduler.process('network', this.seed)
    const random = new FakeRandom(this.seed ^ (number * 0x9e3779b1))
    const node = new SimNode({
      name: `node-${number}`,
      scheduler: this.scheduler,
      folder: this.folder,
      line: new SimLine(this.hub, { clock: network.clock, random, address: `10.0.${number}.1` }),
      random,
      cards: this.cards,
      auditor: this.auditor,
      watermarkOf: (epoch) => this.watermarkOf(epoch),
      settings: { ...NODE_SETTINGS, ...this.#options.node, ...settings },
      ...(this.#options.log === undefined ? {} : { log: this.#options.log }),
    })
    node.plugged.push(...cards.map((key) => ({ key, slices: 0 })))
    this.#everyNode.push(node)
    return node
  }

  async enroll(node: SimNode, siteCode = 'SITE-1'): Promise<void> {
    // A collector may die under it: what it was asked for then never comes.
    await this.until(this.collector.createToken(siteCode).then((token) => node.enroll(token)))
  }

  /** What is committed of an epoch, whoever asks; 0 for one the ledger has not met. */
  watermarkOf(epoch: string): number {
    const row = this.db.get('SELECT watermark FROM epochs WHERE epoch = ?', epoch)
    return Number(row?.watermark ?? 0)
  }

  /** The collector's ledger is put back as it was when the backup was made; it starts anew. */
  async restoreCollector(backup: string): Promise<void> {
    await this.#closeReader()
    await this.collector.restore(backup)
    await this.collector.start()
  }

  /** The power goes and comes; `spoil` is what the disk has made of the ledger's files meanwhile. */
  async spoilLedger(spoil: () => void): Promise<void> {
    await this.#closeReader()
    await this.collector.letGo()
    spoil()
    await this.collector.start()
  }

  async #closeReader(): Promise<void> {
    await this.#reader?.store.close()
    this.#reader = null
  }

  note(text: string): void {
    const atMs = this.nowMs - this.#startMs
    this.trace.push(`${(atMs / 60_000).toFixed(2)} min: ${text}`)
  }

  mkdir(name: string): string {
    const path = join(this.folder, name)
    mkdirSync(path, { recursive: true })
    return path
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.#everyNode) node.kill()
    this.collector.kill()
    await this.#closeReader()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #openReader(): { readonly db: Database; readonly store: Store } {
    if (this.#reader !== null) return this.#reader
    const path = this.collector.path
    const options = { path, driver: chooseDriver(), isReader: true, synchronous: 'OFF' } as const
    const db = openConnection(options)
    this.#reader = { db, store: inProcessStore(coreOver(db, () => {})) }
    return this.#reader
  }

  /** What the ledger knows a card or a part of one by. */
  hashOf(key: string): string {
    const { identityKeyNumber, identityKey } = this.collector.ledger
    const hashKey = { keyNumber: identityKeyNumber, key: Buffer.from(identityKey, 'hex') }
    return hashIdentity(hashKey, { vendor: SIM_VENDOR, strength: 'strong', raw: key }, '').hash
  }

  /** Cards come to nodes during a world, so that names are looked up as they are met. */
  #keyOf(hash: string): string {
    const known = this.#keyOfHash.get(hash)
    if (known !== undefined) return known
    for (const key of this.cards.keys) this.#keyOfHash.set(this.hashOf(key), key)
    return this.#keyOfHash.get(hash) ?? hash
  }
}

function detailOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : errorSentence(error)
}
