/**
 * A node of the simulated world that is enrolled as any other and whose records nobody measured: it
 * speaks the wire by hand, and sends what its maker believes to be of use. Nothing it tells may
 * change a figure of anybody else, whatever becomes of its own.
 */
import {
  ALGORITHM_ED25519,
  buildProof,
  type Duplex,
  type DurableRecord,
  decodeToNode,
  type EnrollmentToken,
  encodeRecord,
  encodeToCollector,
  type Hello,
  HOUR_MS,
  type KeyPair,
  keyPairFromSeed,
  linkUrlOf,
  type NodeFacts,
  parseEnrollmentToken,
  type Random,
  randomHex,
  recordHash,
  SUBPROTOCOL,
  type Tick,
  type ToNodeMessage,
  WIRE_VERSION,
} from '@yiben/shared'
import { LEASES_CAPABILITY } from '../../agent/src/agent-leases.ts'
import { factsOf, tickOf } from '../support/records.ts'
import type { SimProcess } from '../support/sim-scheduler.ts'
import type { Chance } from './chance.ts'
import { SimLine } from './network.ts'
import { COLLECTOR_URL } from './node-agent.ts'
import type { SimWorld } from './world.ts'

const FORGER = 'forger'
const SECOND_MS = 1_000
const MINUTE_MS = 60_000
const DAY_MS = 24 * HOUR_MS
const CARDS = 2
/** Far more than a machine holds. */
const CARDS_MANY = 72
const COUNT_HUGE = 2 ** 31 - 1
const REPLAYED_MAX = 60

export function isForger(name: string): boolean {
  return name.startsWith(`${FORGER}-`)
}

interface Forgery {
  readonly name: string
  /** Of the hello, in place of what an honest node would say. */
  readonly hello?: (forger: SimForger) => Partial<Hello>
  /** What is told next; honest facts were told before. */
  readonly tell: (forger: SimForger) => void
}

export const FORGERIES: readonly Forgery[] = [
  {
    name: 'time that is booked already',
    tell: (forger) => forger.tick({ startMs: forger.edgeMs - 5 * MINUTE_MS, spanMs: MINUTE_MS }),
  },
  {
    name: 'time that has not come',
    tell: (forger) => {
      forger.tick({ startMs: forger.edgeMs, spanMs: 4 * MINUTE_MS })
      forger.tick({ startMs: forger.edgeMs + DAY_MS, spanMs: MINUTE_MS })
    },
  },
  {
    name: 'a day of 25 hours',
    tell: (forger) => forger.tick({ startMs: forger.nowMs - 25 * HOUR_MS, spanMs: 25 * HOUR_MS }),
  },
  {
    name: 'more than a card can have done',
    tell: (forger) =>
      forger.tick({ startMs: forger.edgeMs, spanMs: MINUTE_MS }, (unit) => ({
        ...unit,
        samplesGot: COUNT_HUGE,
        activeMs: COUNT_HUGE,
        energyJoules: COUNT_HUGE,
        utilizationSumPermille: COUNT_HUGE,
      })),
  },
  {
    name: 'more cards than there are',
    tell: (forger) => forger.facts(forger.strangers(CARDS_MANY)),
  },
  {
    name: 'facts of tomorrow',
    tell: (forger) => forger.facts({ ...forger.stolen(), atMs: forger.nowMs + DAY_MS }),
  },
  {
    name: 'what another node has sent',
    tell: (forger) => forger.replay(),
  },
  {
    name: 'the epoch of another node',
    hello: (forger) => forger.epochOfAnother(),
    tell: (forger) => forger.tick({ startMs: forger.edgeMs, spanMs: MINUTE_MS }),
  },
  {
    name: 'the cards of another node',
    tell: (forger) => {
      forger.facts({ ...forger.stolen(), atMs: forger.nowMs })
      forger.tick({ startMs: forger.edgeMs, spanMs: 30 * SECOND_MS })
    },
  },
  {
    name: 'the cards of another node, as they were long ago',
    tell: (forger) => {
      forger.facts({ ...forger.stolen(), atMs: forger.nowMs - DAY_MS })
      forger.tick({ startMs: forger.nowMs - HOUR_MS, spanMs: HOUR_MS })
    },
  },
  {
    name: 'leases and an owner’s word of nobody',
    tell: (forger) => forger.makeUpLeases(),
  },
]

export class SimForger {
  readonly name: string
  readonly #world: SimWorld
  readonly #forgery: Forgery
  readonly #chance: Chance
  readonly #process: SimProcess
  readonly #line: SimLine
  readonly #random: Random
  readonly #keys: KeyPair
  readonly #fingerprint: string
  /** Ids of cards that it has made up. */
  readonly #own: string[] = []
  #epoch: string
  #socket: Duplex | null = null
  #facts: NodeFacts | null = null
  #revision = 0
  #seq = 0
  #hash: Uint8Array | null = null
  #joinState = 0
  #isEnrolled = false
  /** End of what it has told, as an honest node would go on. */
  edgeMs = 0

  constructor(world: SimWorld, forgery: Forgery, chance: Chance) {
    world.forgers += 1
    this.name = `${FORGER}-${world.forgers}`
    this.#world = world
    this.#forgery = forgery
    this.#chance = chance
    this.#process = world.scheduler.process(this.name, chance.whole(0, COUNT_HUGE))
    this.#random = this.#process.random
    const clock = world.scheduler.process('network', world.seed).clock
    this.#line = new SimLine(world.hub, { clock, random: this.#random, address: '10.1.0.1' })
    this.#keys = keyPairFromSeed(ALGORITHM_ED25519, this.#random.bytes(32))
    this.#fingerprint = randomHex(this.#random, 32)
    this.#epoch = randomHex(this.#random, 16)
  }

  get nowMs(): number {
    return Math.round(this.#world.nowMs)
  }

  /** Comes, tells, is sent away, comes again, until its time is over. */
  start(lifeMs: number): void {
    this.#process.clock.after(lifeMs, () => this.#leave())
    this.#again(0)
  }

  #leave(): void {
    this.#socket?.terminate()
    this.#process.kill()
  }

  #again(delayMs: number): void {
    this.#process.clock.after(delayMs, () => {
      this.#session().catch((error: unknown) => {
        if (!this.#process.isAlive) return
        this.#world.note(`${this.name} is sent away: ${String(error)}`)
        this.#again(this.#chance.whole(5, 30) * SECOND_MS)
      })
    })
  }

  async #session(): Promise<void> {
    const { collector } = this.#world
    if (!collector.isAlive) throw new Error('nobody is there')
    const token = this.#isEnrolled
      ? null
      : parseEnrollmentToken(await collector.createToken('SITE-1'))
    const socket = await this.#line.networkOf(this.#process).dial({
      url: linkUrlOf(COLLECTOR_URL),
      subprotocol: SUBPROTOCOL,
      ca: null,
      proxyUrl: null,
      timeoutMs: 10_000,
    })
    this.#socket = socket
    const closed = Promise.withResolvers<never>()
    const heard: ToNodeMessage[] = []
    let wake: (() => void) | null = null
    socket.onFrame((frame) => {
      const message = decodeToNode(frame)
      if (message.kind === 'unknown' || message.kind === 'undecodable') return
      heard.push(message)
      wake?.()
    })
    socket.onClose(({ code, reason }) => closed.reject(new Error(`${code} ${reason}`)))
    const next = async (): Promise<ToNodeMessage> => {
      for (;;) {
        const message = heard.shift()
        if (message !== undefined) return message
        const more = new Promise<void>((resolve) => {
          wake = resolve
        })
        await Promise.race([more, closed.promise])
      }
    }
    await this.#join(socket, token, next)
    this.#isEnrolled = true
    if (this.#facts === null) this.facts({ ...this.strangers(CARDS), atMs: this.nowMs })
    this.#tellNow(socket)
    await closed.promise
  }

  async #join(
    socket: Duplex,
    token: EnrollmentToken | null,
    next: () => Promise<ToNodeMessage>,
  ): Promise<void> {
    const hello = { ...this.#hello(token), ...this.#forgery.hello?.(this) }
    const helloFrame = encodeToCollector({ kind: 'hello', hello })
    socket.send(helloFrame)
    const answer = await next()
    if (answer.kind !== 'challenge') throw new Error(answer.kind)
    const proof = buildProof({
      helloFrame,
      challenge: answer.challenge,
      nodeKeys: this.#keys,
      enrollSecret: token?.secret ?? null,
    })
    socket.send(encodeToCollector({ kind: 'proof', proof }))
    const joined = await next()
    if (joined.kind !== 'welcome') {
      throw new Error(joined.kind === 'refusal' ? joined.refusal.code : joined.kind)
    }
    this.#epoch = hello.epoch
    this.#joinState = joined.welcome.nextJoinState
    // It goes on wherever the collector stands: a liar has no records to lose.
    this.#seq = joined.welcome.watermark
    this.#hash = joined.welcome.watermarkHash
    if (this.#seq === 0) this.#facts = null
  }

  #tellNow(socket: Duplex): void {
    if (this.#socket !== socket) return
    this.#forgery.tell(this)
    this.#process.clock.after(this.#chance.whole(4, 40) * SECOND_MS, () => this.#tellNow(socket))
  }

  facts(facts: NodeFacts): void {
    this.#revision += 1
    this.#facts = { ...facts, revision: this.#revision }
    if (this.edgeMs === 0) this.edgeMs = facts.atMs
    this.send([{ kind: 'facts', facts: this.#facts }])
  }

  tick(
    span: { readonly startMs: number; readonly spanMs: number },
    change: (unit: Tick['units'][number]) => Tick['units'][number] = (unit) => unit,
  ): void {
    const cards = this.#facts?.units.length ?? CARDS
    const tick = tickOf({ ...span, cards })
    const units = tick.units.map(change)
    this.edgeMs = Math.max(this.edgeMs, span.startMs + span.spanMs)
    this.send([{ kind: 'tick', tick: { ...tick, factsRevision: this.#revision, units } }])
  }

  send(records: readonly DurableRecord[]): void {
    this.#sendBytes(records.map(encodeRecord))
  }

  /** Records of whoever has sent any, as they were; under this epoch and these numbers. */
  replay(): void {
    const all = [...this.#world.auditor.overheard().values()].filter((sent) => sent.length > 0)
    if (all.length === 0) return
    this.#sendBytes(this.#chance.of(all).slice(-REPLAYED_MAX))
  }

  epochOfAnother(): Partial<Hello> {
    const epochs = [...this.#world.auditor.overheard().keys()]
    if (epochs.length === 0) return {}
    const epoch = this.#chance.of(epochs)
    return { epoch, previousEpoch: this.#chance.of(epochs), lastSeq: 1_000_000 }
  }

  /** Cards that nobody else has. */
  strangers(cards: number): NodeFacts {
    const facts = factsOf(cards)
    while (this.#own.length < cards) this.#own.push(randomHex(this.#random, 32))
    const units = facts.units.map((unit) => ({
      ...unit,
      identities: [
        { keyNumber: 1, hash: this.#own[unit.index] ?? '', strength: 'strong' as const },
      ],
    }))
    return { ...facts, atMs: this.nowMs, units }
  }

  /** Every card of some other node, under the ids that it goes by. */
  stolen(): NodeFacts {
    const facts = factsOf(1)
    const [first] = facts.units
    const victim = this.#chance.of(this.#world.nodes)
    const rows = this.#world.db.all(
      `SELECT i.hash FROM identities i
       JOIN units u ON u.accelerator_id = i.accelerator_id
       WHERE u.node_id = ? AND u.kind = 'card' AND u.valid_to_ms IS NULL`,
      victim.nodeId ?? '',
    )
    if (first === undefined || rows.length === 0) return this.strangers(CARDS)
    const units = rows.map((row, index) => ({
      ...first,
      index,
      identities: [{ keyNumber: 1, hash: String(row.hash), strength: 'strong' as const }],
    }))
    return { ...facts, units }
  }

  makeUpLeases(): void {
    const lent = this.#world.db.all('SELECT lease_id FROM leases LIMIT 20')
    const leaseId =
      lent.length === 0 ? 'e-0011223344556677' : String(this.#chance.of(lent).lease_id)
    const atMs = this.nowMs
    const lease = { atMs, leaseId, revision: COUNT_HUGE, units: [0], cause: 'reclaim' as const }
    this.send([
      { kind: 'veto', veto: { atMs: atMs - DAY_MS, kind: 'reclaim', units: [] } },
      { kind: 'lease', lease: { ...lease, event: 'ended' } },
      { kind: 'lease', lease: { ...lease, event: 'taken', cause: null } },
    ])
    const notice = {
      leaseId,
      kind: 'lend' as const,
      units: [0],
      startMs: atMs - HOUR_MS,
      endMs: atMs + DAY_MS,
      revision: 1,
      epoch: this.#epoch,
      account: 'lab',
      cause: '',
      algorithm: this.#keys.algorithm,
      signature: this.#random.bytes(64),
    }
    this.#socket?.send(encodeToCollector({ kind: 'leases', leases: [notice] }))
  }

  #sendBytes(records: readonly Uint8Array[]): void {
    const previousHash = this.#hash?.slice(0, 8) ?? null
    const firstSeq = this.#seq + 1
    for (const bytes of records) {
      this.#seq += 1
      this.#hash = recordHash(this.#epoch, this.#seq, bytes)
    }
    const batch = { firstSeq, previousHash, records, lostCount: 0 }
    this.#socket?.send(encodeToCollector({ kind: 'batch', batch }))
  }

  #hello(token: EnrollmentToken | null): Hello {
    return {
      wireVersion: WIRE_VERSION,
      role: 'agent',
      capabilities: [LEASES_CAPABILITY],
      programVersion: '0.1.0',
      algorithm: this.#keys.algorithm,
      nodeKey: this.#keys.publicKey,
      fingerprint: this.#fingerprint,
      instance: randomHex(this.#random, 16),
      epoch: this.#epoch,
      previousEpoch: null,
      bootId: `${this.name} boot`,
      lastSeq: this.#seq,
      ackedSeq: 0,
      ackedHash: null,
      joinState: this.#joinState,
      enrollTokenId: token?.id ?? null,
      nodeName: token === null ? null : this.name,
      ledgerGeneration: 0,
    }
  }
}
