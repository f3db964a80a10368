/** One province that reports to a nation: real key, real enrollment, real link and frames, made-up records. */
import {
  ALGORITHM_ED25519,
  type ChildRecord,
  encodeChildRecord,
  type KeyPair,
  keyPairFromSeed,
  Link,
  linkUrlOf,
  parseEnrollmentToken,
  type RecordVersion,
  type SpoolEntry,
  silentLogger,
  type World,
} from '@yiben/shared'
import { checkpointText, ledgerSigner } from '../../../collector/src/journal/checkpoint.ts'
import type { LedgerGeneration } from '../../../collector/src/model/ids.ts'
import { FleetSpool } from './fleet-spool.ts'
import { type NationPlan, Province } from './nation-plan.ts'

const SEED_BYTES = 32
const ROOT_BYTES = 32
/** So much waits in the spool; the rest is made when there is room, as a feed is read. */
const WAITING_RECORDS_MAX = 1_024
const PAGE_RECORDS = 64

/** What a child is to tell next. */
export type Telling =
  | { readonly kind: 'inventory'; readonly generation: number }
  | { readonly kind: 'hour'; readonly hourMs: number; readonly revision: number }
  | { readonly kind: 'counts'; readonly atMs: number; readonly revision: number }
  /** One card in so many nodes is another one from then on. */
  | { readonly kind: 'exchanges'; readonly atMs: number; readonly nodes: number }
  | { readonly kind: 'checkpoint'; readonly size: number }

export interface NationChildOptions {
  readonly world: World
  readonly plan: NationPlan
  readonly number: number
  readonly url: string
  readonly token: string
  readonly onRefused: (sentence: string) => void
  readonly onAcked: (waitedMs: number) => void
}

type Unversioned<Record = ChildRecord> = Record extends { readonly kind: infer Kind extends string }
  ? { readonly kind: Kind; readonly body: object }
  : never

export class NationChild {
  readonly province: Province
  readonly #keys: KeyPair
  readonly #parent: string
  readonly #spool: FleetSpool
  readonly #link: Link
  readonly #number: number
  readonly #queue: Iterator<Unversioned>[] = []
  #version: RecordVersion = { generation: 1, number: 0 }
  #told = 0
  #isPumping = false

  constructor({ world, plan, number, url, token, onAcked, onRefused }: NationChildOptions) {
    this.province = new Province(plan, number)
    this.#number = number
    const seed = Buffer.alloc(SEED_BYTES, 0x6b)
    seed.writeUInt32BE(number, 0)
    this.#keys = keyPairFromSeed(ALGORITHM_ED25519, seed)
    const enrollment = parseEnrollmentToken(token)
    this.#parent = enrollment.collectorKey
    this.#spool = new FleetSpool(number.toString(16).padStart(32, '0'), (waitedMs) => {
      onAcked(waitedMs)
      this.#pumpSoon()
    })
    this.#link = new Link({
      world,
      spool: this.#spool,
      log: silentLogger,
      target: { url: linkUrlOf(url), ca: null, proxyUrl: null },
      collector: { algorithm: enrollment.algorithm, publicKey: enrollment.collectorKey },
      identity: {
        role: 'collector',
        nodeKeys: this.#keys,
        fingerprint: '',
        bootId: '',
        programVersion: 'bench',
        capabilities: [],
        enrollment: {
          tokenId: enrollment.id,
          secret: enrollment.secret,
          nodeName: `province-${number}`,
        },
      },
      owner: {
        timelineNowMs: () => null,
        heartbeat: () => ({ samples: 0, freeUnits: new Uint8Array(0) }),
        onWelcome: () => {},
        onTime: () => {},
        onNeedFacts: () => {},
        onNewEpoch: () => {},
        onRefused: (records) => {
          for (const { code, sentence } of records) onRefused(`${code}: ${sentence}`)
        },
      },
    })
  }

  run(): Promise<void> {
    return this.#link.run()
  }

  get isOnline(): boolean {
    return this.#link.status().state === 'online'
  }

  /** Everything it was to tell is acknowledged. */
  get isSettled(): boolean {
    return this.#queue.length === 0 && this.#spool.unacknowledged === 0
  }

  get acknowledged(): number {
    return this.#told - this.#spool.unacknowledged
  }

  tell(telling: Telling): void {
    if (telling.kind === 'inventory') this.#version = { generation: telling.generation, number: 0 }
    this.#queue.push(this.#records(telling))
    this.#pumpSoon()
  }

  *#records(telling: Telling): Generator<Unversioned> {
    const { province } = this
    switch (telling.kind) {
      case 'inventory': {
        const name = `Province ${this.#number}`
        const programVersion = 'bench'
        const body = { name, parentOrigin: this.#parent, programVersion, awaySinceMs: null }
        yield { kind: 'collector', body }
        for (let at = 0; at < province.sites; at += 1) {
          yield { kind: 'site', body: province.site(at) }
        }
        for (let at = 0; at < province.nodes; at += 1) {
          yield { kind: 'node', body: province.node(at, null) }
        }
        break
      }
      case 'hour':
        for (let at = 0; at < province.sites; at += 1) {
          yield { kind: 'hour', body: province.hour(at, telling.hourMs, telling.revision) }
        }
        break
      case 'counts':
        for (let at = 0; at < province.sites; at += 1) {
          yield { kind: 'counts', body: province.counts(at, telling.atMs, telling.revision) }
        }
        break
      case 'exchanges': {
        const every = Math.max(1, Math.floor(province.nodes / Math.max(1, telling.nodes)))
        for (let at = 0; at < province.nodes; at += every) {
          yield { kind: 'node', body: province.node(at, telling.atMs) }
        }
        break
      }
      case 'checkpoint': {
        const ledger = {
          origin: this.#number.toString(16).padStart(32, '0'),
          generation: 1 as LedgerGeneration,
        }
        const signer = ledgerSigner(ledger, this.#keys)
        const root = new Uint8Array(ROOT_BYTES).fill(telling.size % 256)
        const text = checkpointText({ origin: signer.name, size: telling.size, root })
        yield { kind: 'checkpoint', body: { note: signer.sign(text) } }
        break
      }
    }
  }

  #pumpSoon(): void {
    if (this.#isPumping || this.#queue.length === 0) return
    this.#isPumping = true
    setImmediate(() => {
      this.#isPumping = false
      this.#pump()
    })
  }

  #pump(): void {
    while (this.#queue.length > 0 && this.#spool.unacknowledged < WAITING_RECORDS_MAX) {
      const entries = this.#page()
      if (entries.length === 0) return
      this.#told += entries.length
      this.#spool.append(entries)
      this.#link.wake()
    }
  }

  #page(): readonly SpoolEntry[] {
    const entries: SpoolEntry[] = []
    const timelineEndMs = Date.now()
    while (entries.length < PAGE_RECORDS) {
      const [first] = this.#queue
      if (first === undefined) break
      const next = first.next()
      if (next.done === true) {
        this.#queue.shift()
        continue
      }
      const { body, kind } = next.value
      this.#version = { ...this.#version, number: this.#version.number + 1 }
      const reported = { ...body, origin: this.#keys.publicKey, version: this.#version }
      // The kinds of the plan have the shapes of the records of these kinds.
      const record = { kind, [kind]: reported } as unknown as ChildRecord
      entries.push({ bytes: encodeChildRecord(record), timelineEndMs })
    }
    return entries
  }
}
