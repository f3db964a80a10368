/**
 * A whole collector but for its HTTP side, on a store in memory and a clock that moves only as
 * told, and agents that speak to it in real handshake and record bytes over sockets in memory.
 */
import {
  ALGORITHM_ED25519,
  buildProof,
  type Challenge,
  type CloseReason,
  closeReason,
  type DurableRecord,
  decodeToNode,
  ENROLL_SECRET_BYTES,
  encodeRecord,
  encodeToCollector,
  errorCodeOfClose,
  type FromCollector,
  type Hello,
  type KeyPair,
  keyPairFromSeed,
  type LeaseNotice,
  type Logger,
  type NodeFacts,
  type RunName,
  recordHash,
  runCode,
  secretHash,
  type ToCollectorMessage,
  type UnitFacts,
  type Welcome,
  WIRE_VERSION,
  type World,
} from '@yiben/shared'
import { onTestFinished } from 'vitest'
import { GatewayNodeLink } from '../../../collector/src/gateway/node-link.ts'
import { Gateway } from '../../../collector/src/gateway/server.ts'
import type { SessionTimings } from '../../../collector/src/gateway/session-parts.ts'
import { Ingest } from '../../../collector/src/ingest/ingest.ts'
import { Liveness } from '../../../collector/src/inventory/liveness.ts'
import { Roster } from '../../../collector/src/inventory/roster.ts'
import type { LedgerGeneration, NodeId } from '../../../collector/src/model/ids.ts'
import {
  type NodeState,
  SCOPE_ALL,
  type UnitSpan,
} from '../../../collector/src/storage/requests.ts'
import { openSqliteStoreInProcess } from '../../../collector/src/storage/sqlite/store.ts'
import type { Store } from '../../../collector/src/storage/store.ts'
import { type Balance, balanceOf } from '../../../collector/src/timeline/balance.ts'
import { FakeClock, FakeRandom } from '../../support/fake-clock.ts'
import { createSimPair, type SimPair } from '../../support/sim-socket.ts'
import { unitTick } from '../timeline/support.ts'

/** 2026-03-01T08:00:00Z, a full hour. */
export const START_MS = 1_772_352_000_000
export const SECOND = 1_000
export const MINUTE = 60_000
export const HOUR = 3_600_000

const LEDGER = {
  generation: 1 as LedgerGeneration,
  origin: '0a'.repeat(16),
  openedAtMs: START_MS,
  identityKeyNumber: 1,
  identityKey: '0b'.repeat(32),
  isDemo: false,
}

/** Lets everything promised happen, however long the chain of promises is. */
export async function flush(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** Keeps what was logged, by level. */
export class LogLines implements Logger {
  readonly lines: { level: string; message: string; fields: object }[] = []
  error = this.#at('error')
  warn = this.#at('warn')
  info = this.#at('info')
  debug = this.#at('debug')
  child(): Logger {
    return this
  }

  of(level: string): readonly string[] {
    return this.lines.filter((line) => line.level === level).map((line) => line.message)
  }

  #at(level: string) {
    return (fields: object, message: string) => {
      this.lines.push({ level, message, fields })
    }
  }
}

export interface RigOptions {
  readonly limits?: { readonly connectionsMax: number; readonly handshakesPerAddressMax: number }
  readonly timings?: Partial<SessionTimings>
  /** Stands between the collector and its store. */
  readonly wrap?: (store: Store) => Store
}

export class CollectorRig {
  readonly clock = new FakeClock(START_MS)
  readonly world: World
  readonly log = new LogLines()
  readonly identity: KeyPair = keyPairFromSeed(ALGORITHM_ED25519, new Uint8Array(32).fill(7))
  readonly store: Store
  readonly silent: NodeId[] = []
  readonly events: NodeId[] = []
  /** Nodes that can be asked about leases, in the order of their connections. */
  readonly lending: NodeId[] = []
  /** What nodes have said to be lent. */
  readonly told: { readonly nodeId: NodeId; readonly leases: readonly LeaseNotice[] }[] = []
  ingest: Ingest
  liveness: Liveness
  gateway: Gateway
  nodeLink: GatewayNodeLink
  readonly #options: RigOptions

  constructor(options: RigOptions = {}) {
    this.#options = options
    this.world = {
      clock: this.clock,
      random: new FakeRandom(1),
      network: { dial: () => Promise.reject(new Error('the collector dials nobody')) },
    }
    const store = openSqliteStoreInProcess({ path: ':memory:', newLedger: LEDGER })
    this.store = options.wrap?.(store) ?? store
    const parts = this.#assemble()
    this.ingest = parts.ingest
    this.liveness = parts.liveness
    this.gateway = parts.gateway
    this.nodeLink = parts.nodeLink
    onTestFinished(async () => {
      await this.gateway.stop()
      await this.liveness.stop()
      await store.close()
    })
  }

  /** Puts the parts together again over the same store, as a restart does. */
  async restart(): Promise<void> {
    await this.gateway.stop()
    await this.liveness.stop()
    Object.assign(this, this.#assemble())
    await this.start()
  }

  async start(): Promise<void> {
    await this.liveness.start()
    this.gateway.start()
  }

  /** Moves time on; everything promised happens in between. */
  async run(ms: number): Promise<void> {
    const stepMs = 1_000
    for (let leftMs = ms; leftMs > 0; leftMs -= stepMs) {
      this.clock.advance(Math.min(stepMs, leftMs))
      await flush()
    }
    await flush()
  }

  /** Creates the site and a token for `uses` nodes; the secret is the token's. */
  async token(
    siteCode: string,
    uses: number,
    ttlMs = HOUR,
  ): Promise<{ id: string; secret: Uint8Array }> {
    await this.store.putSite({
      code: siteCode,
      name: siteCode,
      terms: {
        operatorCode: null,
        operatorName: null,
        ownerCode: null,
        ownerName: null,
        regionCode: '110000',
        keep: [],
        validFromMs: 0,
        validToMs: null,
      },
      outbox: [],
    })
    const id = Buffer.from(this.world.random.bytes(8)).toString('hex')
    const secret = this.world.random.bytes(ENROLL_SECRET_BYTES)
    await this.store.createToken(
      {
        tokenId: id,
        kind: 'enroll',
        secretHash: Buffer.from(secretHash(secret)).toString('hex'),
        siteCode,
        role: null,
        regionCode: null,
        cidr: null,
        usesLeft: uses,
        createdAtMs: this.clock.wallMs(),
        expiresAtMs: this.clock.wallMs() + ttlMs,
        revokedAtMs: null,
      },
      [],
    )
    return { id, secret }
  }

  /** An agent that has enrolled at `siteCode` and is online. */
  async join(
    number: number,
    change: { siteCode?: string; address?: string } = {},
  ): Promise<RigAgent> {
    const token = await this.token(change.siteCode ?? 'SITE-1', 1)
    const agent = new RigAgent(this, number)
    if (change.address !== undefined) agent.address = change.address
    await agent.connect(token)
    return agent
  }

  async state(nodeId: string): Promise<NodeState> {
    const state = await this.store.loadNode(nodeId as NodeId)
    if (state === null) throw new Error('no such node')
    return state
  }

  /** Everything stored of each unit that was ever on a node, from the beginning to now. */
  async spans(nodeId: string): Promise<readonly UnitSpan[]> {
    const page = await this.store.listUnits(SCOPE_ALL, { cursor: null, limit: 1000 })
    const spans: UnitSpan[] = []
    const nowMs = this.clock.wallMs()
    for (const unit of page.rows) {
      if (unit.nodeId !== nodeId) continue
      const range = { fromMs: START_MS - HOUR, toMs: nowMs, knownAtMs: nowMs }
      const span = await this.store.readUnitSpan(SCOPE_ALL, unit.unitId, range)
      if (span !== null) spans.push(span)
    }
    return spans
  }

  async balances(nodeId: string): Promise<readonly Balance[]> {
    const range = { fromMs: START_MS - HOUR, toMs: this.clock.wallMs() }
    return (await this.spans(nodeId)).map((span) => balanceOf(span, range))
  }

  #assemble() {
    const { store, world, log } = this
    const liveness = new Liveness({
      store,
      clock: this.clock,
      log,
      listener: {
        onSilent: (nodeIds) => {
          this.silent.push(...nodeIds)
          ingest.invalidate(nodeIds)
        },
        onChange: () => {},
      },
    })
    const ingest = new Ingest({ store, world, log })
    const roster = new Roster({ store, world, log, collectorInstance: '0c'.repeat(8) })
    const nodeLink = new GatewayNodeLink({
      store,
      clock: this.clock,
      random: world.random,
      identity: this.identity,
      onConnected: (nodeId) => this.lending.push(nodeId),
      onLeases: (nodeId, leases) => this.told.push({ nodeId, leases }),
    })
    const gateway = new Gateway({
      world,
      log,
      store,
      roster,
      ingest,
      liveness,
      identity: this.identity,
      ledger: LEDGER,
      limits: this.#options.limits ?? { connectionsMax: 10_000, handshakesPerAddressMax: 1_000 },
      ...(this.#options.timings === undefined ? {} : { timings: this.#options.timings }),
      onEvent: (nodeId) => this.events.push(nodeId),
      nodeLink,
    })
    return { liveness, ingest, gateway, nodeLink }
  }
}

/** One card of `cards` identical ones, under a strong id of its own. */
export function cardFacts(index: number, id: number, change: Partial<UnitFacts> = {}): UnitFacts {
  return {
    index,
    kind: 'card',
    parentIndex: null,
    vendor: 'nvidia',
    name: 'NVIDIA H800',
    memoryTotalMib: 81_559,
    powerCapWatts: 700,
    sharePpm: 1_000_000,
    driverVersion: '550.54',
    identities: [{ keyNumber: 1, hash: id.toString(16).padStart(64, '0'), strength: 'strong' }],
    ...change,
  }
}

interface Kept {
  readonly seq: number
  readonly bytes: Uint8Array
  readonly hash: Uint8Array
}

/** An agent as the collector sees one: a key, a spool in memory, and a socket. */
export class RigAgent {
  readonly keys: KeyPair
  readonly #rig: CollectorRig
  readonly #number: number
  address: string
  fingerprint: string
  bootId = 'boot-1'
  instance: string
  epoch: string
  previousEpoch: string | null = null
  joinState = 0
  records: Kept[] = []
  acked = 0
  nodeId = ''
  timelineEndMs: number
  cards: readonly UnitFacts[] = []
  revision = 0
  pair: SimPair | null = null
  readonly received: FromCollector[] = []
  closed: CloseReason | null = null

  constructor(rig: CollectorRig, number: number) {
    this.#rig = rig
    this.#number = number
    const seed = new Uint8Array(32)
    new DataView(seed.buffer).setUint32(0, number)
    this.keys = keyPairFromSeed(ALGORITHM_ED25519, seed)
    this.address = `10.0.${number >> 8}.${number & 255}`
    this.fingerprint = number.toString(16).padStart(64, '0')
    this.instance = number.toString(16).padStart(32, '0')
    this.epoch = number.toString(16).padStart(32, 'e')
    this.timelineEndMs = rig.clock.wallMs()
  }

  hello(change: Partial<Hello> = {}): Hello {
    const acked = this.records.find((record) => record.seq === this.acked)
    return {
      wireVersion: WIRE_VERSION,
      role: 'agent',
      capabilities: [],
      programVersion: '0.1.0',
      algorithm: ALGORITHM_ED25519,
      nodeKey: this.keys.publicKey,
      fingerprint: this.fingerprint,
      instance: this.instance,
      epoch: this.epoch,
      previousEpoch: this.previousEpoch,
      bootId: this.bootId,
      lastSeq: this.records.at(-1)?.seq ?? 0,
      ackedSeq: acked === undefined ? 0 : this.acked,
      ackedHash: acked?.hash ?? null,
      joinState: this.joinState,
      enrollTokenId: null,
      nodeName: null,
      ledgerGeneration: 1,
      ...change,
    }
  }

  /** Opens a socket and says nothing yet. */
  dial(): SimPair {
    this.received.length = 0
    this.closed = null
    const pair = createSimPair({ clock: this.#rig.clock, clientAddress: this.address })
    this.pair = pair
    // What a former connection still says is not this one's.
    pair.client.onFrame((frame) => {
      if (this.pair === pair) this.received.push(decodeToNode(frame))
    })
    pair.client.onClose((reason) => {
      if (this.pair === pair) this.closed = reason
    })
    this.#rig.gateway.accept(pair.server)
    return pair
  }

  /** The whole handshake; answers `welcome` or the code it was refused with. */
  async connect(
    token: { id: string; secret: Uint8Array } | null = null,
    change: { hello?: Partial<Hello>; spoilProof?: boolean } = {},
  ): Promise<string> {
    this.dial()
    const hello = this.hello({
      ...(token === null ? {} : { enrollTokenId: token.id, nodeName: `node-${this.#number}` }),
      ...change.hello,
    })
    const helloFrame = encodeToCollector({ kind: 'hello', hello })
    this.pair?.client.send(helloFrame)
    await this.#turns()
    const challenge = this.#last('challenge')?.challenge
    if (challenge === undefined) return this.outcome()
    this.send({
      kind: 'proof',
      proof: this.#proof(helloFrame, challenge, token, change.spoilProof),
    })
    await this.#turns()
    const welcome = this.#last('welcome')?.welcome
    if (welcome !== undefined) this.#welcomed(welcome)
    return this.outcome()
  }

  /** `welcome`, or the code of the refusal or close. */
  outcome(): string {
    const refusal = this.#last('refusal')?.refusal
    if (refusal !== undefined) return refusal.code
    if (this.closed !== null) return errorCodeOfClose(this.closed) ?? 'closed'
    return this.#last('welcome') === undefined ? 'nothing' : 'welcome'
  }

  send(message: ToCollectorMessage): void {
    this.pair?.client.send(encodeToCollector(message))
  }

  disconnect(): void {
    this.pair?.client.close(closeReason('draining', 'the agent stops'))
  }

  /** Keeps a record in the spool; does not send it. */
  keep(record: DurableRecord | Uint8Array): Kept {
    const seq = (this.records.at(-1)?.seq ?? 0) + 1
    const bytes = record instanceof Uint8Array ? record : encodeRecord(record)
    const kept = { seq, bytes, hash: recordHash(this.epoch, seq, bytes) }
    this.records.push(kept)
    return kept
  }

  /** A new spool, which names the one before. */
  newEpoch(epoch: string): void {
    this.previousEpoch = this.epoch
    this.epoch = epoch
    this.records = []
    this.acked = 0
    this.revision = 0
  }

  keepGap(toMs: number, cause: 'restart' | 'reboot' | 'epoch' = 'restart'): void {
    const gap = { startMs: this.timelineEndMs, endMs: toMs, cause, bootId: this.bootId }
    this.keep({ kind: 'gap', gap })
    this.timelineEndMs = toMs
  }

  keepFacts(cards: readonly UnitFacts[], change: Partial<NodeFacts> = {}): void {
    this.cards = cards
    this.revision += 1
    const facts: NodeFacts = {
      revision: this.revision,
      atMs: this.timelineEndMs,
      agentVersion: '0.1.0',
      bootId: this.bootId,
      operatingSystem: null,
      kernel: null,
      architecture: null,
      cpuModel: null,
      cpuCores: null,
      memoryTotalMib: null,
      virtualization: null,
      ownerKind: 'none',
      units: cards,
      probes: [],
      ...change,
    }
    this.keep({ kind: 'facts', facts })
  }

  /** Ticks of a minute in which every unit does the same, from the end of the timeline on. */
  keepTicks(name: RunName, count = 1, spanMs = MINUTE): void {
    for (let tick = 0; tick < count; tick += 1) {
      this.keep({
        kind: 'tick',
        tick: {
          factsRevision: this.revision,
          startMs: this.timelineEndMs,
          spanMs,
          samplesExpected: 6,
          cpuBusyMs: null,
          cpuTotalMs: null,
          units: this.cards.map((unit) =>
            unitTick(unit.index, [{ code: runCode(name), durationMs: spanMs }]),
          ),
        },
      })
      this.timelineEndMs += spanMs
    }
  }

  /** Sends what is kept from `fromSeq` to `toSeq` as one batch. */
  async sendBatch(fromSeq = this.acked + 1, toSeq = this.records.at(-1)?.seq ?? 0): Promise<void> {
    this.sendBatchNow(fromSeq, toSeq)
    await this.#turns()
  }

  sendBatchNow(
    fromSeq: number,
    toSeq: number,
    change: { previousHash?: Uint8Array | null } = {},
  ): void {
    const records = this.records.filter((one) => one.seq >= fromSeq && one.seq <= toSeq)
    const before = this.records.find((one) => one.seq === fromSeq - 1)
    this.send({
      kind: 'batch',
      batch: {
        firstSeq: fromSeq,
        previousHash: before?.hash.subarray(0, 8) ?? null,
        records: records.map((one) => one.bytes),
        lostCount: 0,
        ...change,
      },
    })
  }

  /** A node as it begins: anchor, facts, and `minutes` of ticks, told as they happen. */
  async begin(
    cards: readonly UnitFacts[],
    name: RunName = 'free/proven',
    minutes = 0,
  ): Promise<void> {
    this.keepGap(this.#rig.clock.wallMs(), 'epoch')
    this.keepFacts(cards)
    await this.sendBatch()
    await this.live(name, minutes)
  }

  /** Lives through `minutes`, one tick and six heartbeats each. */
  async live(name: RunName, minutes: number): Promise<void> {
    for (let minute = 0; minute < minutes; minute += 1) {
      for (let beat = 0; beat < 6; beat += 1) {
        await this.#rig.run(10 * SECOND)
        this.heartbeat()
      }
      this.keepTicks(name)
      await this.sendBatch()
    }
  }

  heartbeat(): void {
    this.send({ kind: 'heartbeat', heartbeat: { samples: 1, freeUnits: new Uint8Array(0) } })
  }

  acks() {
    return this.received.flatMap((message) => (message.kind === 'ack' ? [message.ack] : []))
  }

  #proof(
    helloFrame: Uint8Array,
    challenge: Challenge,
    token: { secret: Uint8Array } | null,
    isSpoilt = false,
  ) {
    const proof = buildProof({
      helloFrame,
      challenge,
      nodeKeys: this.keys,
      enrollSecret: token?.secret ?? null,
    })
    if (!isSpoilt) return proof
    const signature = Uint8Array.from(proof.signature)
    signature[0] = (signature[0] ?? 0) ^ 1
    return { ...proof, signature }
  }

  #welcomed(welcome: Welcome): void {
    this.nodeId = welcome.nodeId
    this.joinState = welcome.nextJoinState
    this.acked = welcome.watermark
  }

  #last<Kind extends FromCollector['kind']>(kind: Kind) {
    const found = this.received.findLast((message) => message.kind === kind)
    return found as Extract<FromCollector, { kind: Kind }> | undefined
  }

  /** A few milliseconds: there, commit, and back. */
  async #turns(): Promise<void> {
    for (let turn = 0; turn < 4; turn += 1) {
      this.#rig.clock.advance(1)
      await flush()
    }
    this.acked = Math.max(this.acked, ...this.acks().map((ack) => ack.watermark))
  }
}
