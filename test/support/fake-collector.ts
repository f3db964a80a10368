/**
 * The collector's end of a link as simply as it can be said: it proves itself, takes each number
 * once, remembers what it took, and misbehaves only as told. Knows nothing of records' contents.
 */
import {
  type Batch,
  buildChallenge,
  type Challenge,
  type Duplex,
  decodeToCollector,
  encodeToNode,
  type Hello,
  isProofValid,
  keyPairFromSeed,
  type Refusal,
  recordHash,
  type ToCollectorMessage,
  type ToNodeMessage,
  type Welcome,
} from '@yiben/shared'
import type { FakeClock } from './fake-clock.ts'
import type { SimNetwork, SimPair } from './sim-socket.ts'

export const COLLECTOR_URL = 'wss://collector.test/v1/link'
export const COLLECTOR_KEYS = keyPairFromSeed(1, Buffer.alloc(32, 0xc0))

/** What was committed of one epoch. */
export interface FakeEpoch {
  watermark: number
  hash: Uint8Array | null
  /** By number; a lost record stands only under its own. */
  readonly records: Map<number, Uint8Array>
  isClosed: boolean
}

/** How it misbehaves; all off by default. */
export interface FakeHabits {
  /** Commits, but says nothing. */
  isMute?: boolean
  /** Asked after each hello; a refusal ends the connection before or after the challenge. */
  refuseHello?: (hello: Hello) => Refusal | null
  refuseProof?: (hello: Hello) => Refusal | null
  challenge?: (challenge: Challenge) => Challenge
  welcome?: (welcome: Welcome) => Welcome
  /** Records it refuses, by number; acknowledged all the same. */
  refusedSeqs?: ReadonlySet<number>
}

export class FakeCollector {
  readonly epochs = new Map<string, FakeEpoch>()
  readonly heard: ToCollectorMessage[] = []
  readonly batches: Batch[] = []
  readonly hellos: Hello[] = []
  readonly closes: string[] = []
  /** Batches that did not follow what was committed: none, if the node keeps its promises. */
  readonly violations: string[] = []
  habits: FakeHabits = {}
  generation = 1
  window = { windowFrames: 8, windowBytes: 1 << 20 }
  socket: Duplex | null = null
  pair: SimPair | null = null
  readonly #clock: FakeClock
  #joinState = 0

  constructor(clock: FakeClock, network: SimNetwork) {
    this.#clock = clock
    network.listen(COLLECTOR_URL, (socket, pair) => this.#accept(socket, pair))
  }

  send(message: ToNodeMessage): void {
    this.socket?.send(encodeToNode(message))
  }

  epoch(id: string): FakeEpoch {
    const known = this.epochs.get(id)
    if (known !== undefined) return known
    const fresh = { watermark: 0, hash: null, records: new Map(), isClosed: false }
    this.epochs.set(id, fresh)
    return fresh
  }

  /** A connection that does not come over the simulated network: a real process on loopback. */
  accept(socket: Duplex): void {
    this.#accept(socket, null)
  }

  #accept(socket: Duplex, pair: SimPair | null): void {
    this.socket = socket
    this.pair = pair
    let helloFrame: Uint8Array | null = null
    let hello: Hello | null = null
    let challenge: Challenge | null = null
    let isWelcome = false
    socket.onPong(() => {})
    socket.onClose((close) => this.closes.push(close.reason))
    socket.onFrame((frame) => {
      const message = decodeToCollector(frame)
      if (message.kind === 'undecodable' || message.kind === 'unknown') {
        this.violations.push(message.kind)
        return
      }
      this.heard.push(message)
      if (message.kind === 'hello') {
        hello = message.hello
        helloFrame = frame
        this.hellos.push(hello)
        const refusal = this.habits.refuseHello?.(hello) ?? null
        if (refusal !== null) return this.#refuse(socket, refusal)
        challenge = this.#challenge(frame)
        socket.send(encodeToNode({ kind: 'challenge', challenge }))
      } else if (message.kind === 'proof') {
        if (hello === null || helloFrame === null || challenge === null) return
        const { proof } = message
        if (!isProofValid({ hello, helloFrame, challenge, proof })) {
          const sentence = 'proof.signature does not fit'
          return this.#refuse(socket, { code: 'signature_invalid', sentence, retryAfterMs: 0 })
        }
        const refusal = this.habits.refuseProof?.(hello) ?? null
        if (refusal !== null) return this.#refuse(socket, refusal)
        isWelcome = true
        socket.send(encodeToNode({ kind: 'welcome', welcome: this.#welcome(hello) }))
      } else if (message.kind === 'batch') {
        if (!isWelcome || hello === null) this.violations.push('a batch before Welcome')
        else this.#take(socket, hello.epoch, message.batch)
      }
    })
  }

  #challenge(helloFrame: Uint8Array): Challenge {
    const challenge = buildChallenge({
      helloFrame,
      nonce: new Uint8Array(32).fill(this.hellos.length),
      serverTimeMs: this.#clock.wallMs(),
      identity: COLLECTOR_KEYS,
    })
    return this.habits.challenge?.(challenge) ?? challenge
  }

  #welcome(hello: Hello): Welcome {
    if (hello.previousEpoch !== null) this.epoch(hello.previousEpoch).isClosed = true
    const { watermark, hash } = this.epoch(hello.epoch)
    this.#joinState += 1
    const welcome: Welcome = {
      nodeId: 'node-1',
      watermark,
      watermarkHash: hash,
      ledgerGeneration: this.generation,
      nextJoinState: this.#joinState,
      serverTimeMs: this.#clock.wallMs(),
      settings: { samplePeriodMs: null, tickMs: null, heartbeatMs: null },
      ...this.window,
      identityKey: null,
      capabilities: [],
    }
    return this.habits.welcome?.(welcome) ?? welcome
  }

  #refuse(socket: Duplex, refusal: Refusal): void {
    socket.send(encodeToNode({ kind: 'refusal', refusal }))
    socket.close({ code: 1008, reason: `${refusal.code}: ${refusal.sentence}` })
  }

  /** Group commit in miniature: what follows is taken, what is known is skipped. */
  #take(socket: Duplex, epochId: string, batch: Batch): void {
    this.batches.push(batch)
    const epoch = this.epoch(epochId)
    const first = batch.firstSeq - batch.lostCount
    if (first > epoch.watermark + 1) this.violations.push(`a hole before ${first}`)
    if (first === epoch.watermark + 1 && epoch.hash !== null) {
      const expected = Buffer.from(epoch.hash.slice(0, 8))
      if (!expected.equals(batch.previousHash ?? new Uint8Array(0))) {
        this.violations.push(`batch ${first} does not follow its predecessor`)
      }
    }
    batch.records.forEach((bytes, position) => {
      const seq = batch.firstSeq + position
      const known = epoch.records.get(seq)
      if (known !== undefined && !Buffer.from(known).equals(bytes)) {
        this.violations.push(`record ${seq} changed after it was sent`)
      }
      if (seq <= epoch.watermark) return
      epoch.records.set(seq, Uint8Array.from(bytes))
      epoch.watermark = seq
      epoch.hash = recordHash(epochId, seq, bytes)
    })
    if (this.habits.isMute === true) return
    const refused = [...epoch.records.keys()]
      .filter((seq) => seq >= batch.firstSeq && this.habits.refusedSeqs?.has(seq))
      .map((seq) => ({ seq, code: 'record_out_of_range', sentence: 'utilization_sum is -5' }))
    const ack = {
      watermark: epoch.watermark,
      refused,
      windowFrames: 0,
      windowBytes: 0,
      serverTimeMs: this.#clock.wallMs(),
    }
    socket.send(encodeToNode({ kind: 'ack', ack }))
  }
}
