/**
 * The collector's end of a link that takes everything and keeps nothing but the last number and its
 * hash: what grows beside it is not its own. Frames arrive on the clock it is given, 1 ms later.
 */
import {
  type Batch,
  buildChallenge,
  type Clock,
  type CloseReason,
  type Duplex,
  decodeToCollector,
  encodeToNode,
  type Hello,
  keyPairFromSeed,
  type Network,
  recordHash,
  type ToNodeMessage,
} from '@yiben/shared'

const DELAY_MS = 1
const NONCE = new Uint8Array(32).fill(1)
const NODE_ID = 'n-0000000000000001'

export class TakingCollector {
  readonly identity = keyPairFromSeed(1, new Uint8Array(32).fill(0xc0))
  readonly network: Network
  readonly #clock: Clock
  #watermark = 0
  #hash: Uint8Array | null = null
  #joinState = 0
  #heartbeats = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.network = { dial: async () => this.#accept() }
  }

  get taken(): { readonly records: number; readonly heartbeats: number } {
    return { records: this.#watermark, heartbeats: this.#heartbeats }
  }

  #accept(): Duplex {
    let hello: Hello | null = null
    const near = new NearEnd(this.#clock, (frame) => {
      const message = decodeToCollector(frame)
      const say = (answer: ToNodeMessage) => near.arrive(encodeToNode(answer))
      if (message.kind === 'hello') {
        hello = message.hello
        const challenge = { helloFrame: frame, nonce: NONCE, identity: this.identity }
        const serverTimeMs = this.#clock.wallMs()
        say({ kind: 'challenge', challenge: buildChallenge({ ...challenge, serverTimeMs }) })
      } else if (message.kind === 'proof') say(this.#welcome())
      else if (message.kind === 'heartbeat') this.#heartbeats += 1
      else if (message.kind === 'batch' && hello !== null) say(this.#take(hello, message.batch))
      else if (message.kind === 'undecodable') throw new Error(message.sentence)
    })
    return near
  }

  #welcome(): ToNodeMessage {
    this.#joinState += 1
    const welcome = {
      nodeId: NODE_ID,
      watermark: this.#watermark,
      watermarkHash: this.#hash,
      ledgerGeneration: 1,
      nextJoinState: this.#joinState,
      serverTimeMs: this.#clock.wallMs(),
      settings: { samplePeriodMs: null, tickMs: null, heartbeatMs: null },
      windowFrames: 8,
      windowBytes: 1 << 20,
      identityKey: null,
      capabilities: [],
    }
    return { kind: 'welcome', welcome }
  }

  #take({ epoch }: Hello, { firstSeq, records }: Batch): ToNodeMessage {
    for (const [position, bytes] of records.entries()) {
      this.#watermark = firstSeq + position
      this.#hash = recordHash(epoch, this.#watermark, bytes)
    }
    const ack = { watermark: this.#watermark, refused: [], windowFrames: 0, windowBytes: 0 }
    return { kind: 'ack', ack: { ...ack, serverTimeMs: this.#clock.wallMs() } }
  }
}

/** The node's socket; what it sends is handed over whole and in order. */
class NearEnd implements Duplex {
  readonly remoteAddress = '192.0.2.1'
  readonly #clock: Clock
  readonly #onSent: (frame: Uint8Array) => void
  #onFrame: (frame: Uint8Array) => void = () => {}
  #onPong: () => void = () => {}
  #onClose: (reason: CloseReason) => void = () => {}
  #isClosed = false

  constructor(clock: Clock, onSent: (frame: Uint8Array) => void) {
    this.#clock = clock
    this.#onSent = onSent
  }

  /** A frame from the collector. */
  arrive(frame: Uint8Array): void {
    this.#later(() => this.#onFrame(frame))
  }

  send(frame: Uint8Array): void {
    const copy = Uint8Array.from(frame)
    this.#later(() => this.#onSent(copy))
  }

  bufferedBytes(): number {
    return 0
  }

  ping(): void {
    this.#later(() => this.#onPong())
  }

  close(reason: CloseReason): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#onClose(reason)
  }

  terminate(): void {
    this.close({ code: 1006, reason: '' })
  }

  onFrame(handler: (frame: Uint8Array) => void): void {
    this.#onFrame = handler
  }

  onPong(handler: () => void): void {
    this.#onPong = handler
  }

  onClose(handler: (reason: CloseReason) => void): void {
    this.#onClose = handler
  }

  traffic(): { readonly sentBytes: number; readonly receivedBytes: number } {
    return { sentBytes: 0, receivedBytes: 0 }
  }

  #later(run: () => void): void {
    this.#clock.after(DELAY_MS, () => {
      if (!this.#isClosed) run()
    })
  }
}
