/**
 * Two ends of a connection that exists only in memory, driven by a clock: frames arrive whole, in
 * order and after a delay, as over a WebSocket. A connection can be cut (both ends hear of it) or
 * go half-open (nothing arrives any more and nobody is told), as real ones do.
 */
import {
  AppError,
  type Clock,
  type CloseReason,
  type DialTarget,
  type Duplex,
  type Network,
} from '@yiben/shared'

/** As `ws` counts: header of an unmasked frame of this size, the mask apart. */
function headerBytes(payloadBytes: number): number {
  return payloadBytes > 65_535 ? 10 : payloadBytes > 125 ? 4 : 2
}

const ABNORMAL_CLOSE: CloseReason = { code: 1006, reason: '' }

export interface SimPair {
  /** The end that dialled. */
  readonly client: SimSocket
  readonly server: SimSocket
  /** Both ends hear a close without a reason. */
  cut(): void
  /** From now on nothing arrives at either end, and nobody is told. */
  halfOpen(): void
}

export interface SimPairOptions {
  readonly clock: Clock
  /** One way; asked for each frame. Default 1 ms. */
  readonly delayMs?: () => number
  readonly clientAddress?: string
  readonly serverAddress?: string
}

export function createSimPair(options: SimPairOptions): SimPair {
  const delayMs = options.delayMs ?? (() => 1)
  const line = { isHalfOpen: false }
  const client = new SimSocket(options.clock, delayMs, line, {
    remoteAddress: options.serverAddress ?? '192.0.2.1',
    isMasking: true,
  })
  const server = new SimSocket(options.clock, delayMs, line, {
    remoteAddress: options.clientAddress ?? '192.0.2.2',
    isMasking: false,
  })
  client.join(server)
  server.join(client)
  return {
    client,
    server,
    cut: () => {
      client.hearClose(ABNORMAL_CLOSE)
      server.hearClose(ABNORMAL_CLOSE)
    },
    halfOpen: () => {
      line.isHalfOpen = true
    },
  }
}

export class SimSocket implements Duplex {
  readonly remoteAddress: string
  readonly #clock: Clock
  readonly #delayMs: () => number
  readonly #line: { isHalfOpen: boolean }
  readonly #maskBytes: number
  #peer: SimSocket | null = null
  #isClosed = false
  /** Order is kept whatever the delays: nothing arrives before what was sent before it. */
  #lastArrivalMs = 0
  #sentBytes = 0
  #receivedBytes = 0
  #onFrame: ((frame: Uint8Array) => void) | null = null
  #onPong: (() => void) | null = null
  #onClose: ((reason: CloseReason) => void) | null = null
  /** What arrives before a handler is set waits for it. */
  readonly #early: Uint8Array[] = []
  #earlyClose: CloseReason | null = null

  constructor(
    clock: Clock,
    delayMs: () => number,
    line: { isHalfOpen: boolean },
    side: { readonly remoteAddress: string; readonly isMasking: boolean },
  ) {
    this.#clock = clock
    this.#delayMs = delayMs
    this.#line = line
    this.remoteAddress = side.remoteAddress
    this.#maskBytes = side.isMasking ? 4 : 0
  }

  join(peer: SimSocket): void {
    this.#peer = peer
  }

  send(frame: Uint8Array): void {
    if (this.#isClosed) return
    // A copy, as a network makes one: the sender may reuse its buffer.
    const copy = Uint8Array.from(frame)
    const bytes = copy.length + headerBytes(copy.length) + this.#maskBytes
    this.#sentBytes += bytes
    this.#later(() => this.#peer?.hearFrame(copy, bytes))
  }

  bufferedBytes(): number {
    return 0
  }

  ping(): void {
    if (this.#isClosed) return
    this.#sentBytes += 2 + this.#maskBytes
    this.#later(() => this.#peer?.hearPing())
  }

  close(reason: CloseReason): void {
    if (this.#isClosed) return
    this.#later(() => this.#peer?.hearClose(reason))
    this.hearClose(reason)
  }

  terminate(): void {
    if (this.#isClosed) return
    this.#later(() => this.#peer?.hearClose(ABNORMAL_CLOSE))
    this.hearClose(ABNORMAL_CLOSE)
  }

  onFrame(handler: (frame: Uint8Array) => void): void {
    this.#onFrame = handler
    for (const frame of this.#early.splice(0)) handler(frame)
  }

  onPong(handler: () => void): void {
    this.#onPong = handler
  }

  onClose(handler: (reason: CloseReason) => void): void {
    this.#onClose = handler
    if (this.#earlyClose !== null) handler(this.#earlyClose)
    this.#earlyClose = null
  }

  traffic(): { readonly sentBytes: number; readonly receivedBytes: number } {
    return { sentBytes: this.#sentBytes, receivedBytes: this.#receivedBytes }
  }

  hearFrame(frame: Uint8Array, bytes: number): void {
    if (this.#isClosed) return
    this.#receivedBytes += bytes
    if (this.#onFrame === null) this.#early.push(frame)
    else this.#onFrame(frame)
  }

  hearPing(): void {
    if (this.#isClosed) return
    this.#later(() => this.#peer?.hearPong())
  }

  hearPong(): void {
    if (!this.#isClosed) this.#onPong?.()
  }

  hearClose(reason: CloseReason): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#onClose === null) this.#earlyClose = reason
    else this.#onClose(reason)
  }

  #later(run: () => void): void {
    const nowMs = this.#clock.monotonicMs()
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, nowMs + this.#delayMs())
    this.#clock.after(this.#lastArrivalMs - nowMs, () => {
      if (!this.#line.isHalfOpen) run()
    })
  }
}

/** What stands at an address: is handed the server's end of each connection. */
export type SimListener = (socket: SimSocket, pair: SimPair) => void

/** A network of addresses; a dial to one where nobody listens is refused. */
export class SimNetwork implements Network {
  readonly #clock: Clock
  readonly #listeners = new Map<string, SimListener>()
  readonly #open = new Set<SimPair>()
  readonly #delayMs: () => number
  readonly #clientAddress: string
  #isPartitioned = false

  constructor(options: {
    readonly clock: Clock
    readonly delayMs?: () => number
    readonly clientAddress?: string
  }) {
    this.#clock = options.clock
    this.#delayMs = options.delayMs ?? (() => 1)
    this.#clientAddress = options.clientAddress ?? '192.0.2.2'
  }

  listen(url: string, listener: SimListener): void {
    this.#listeners.set(url, listener)
  }

  /** Nobody answers at the address any more, and what is open is cut. */
  unlisten(url: string): void {
    this.#listeners.delete(url)
    this.cutAll()
  }

  cutAll(): void {
    for (const pair of this.#open) pair.cut()
    this.#open.clear()
  }

  /** While partitioned every open connection is dead without notice, and dials time out. */
  partition(isPartitioned: boolean): void {
    this.#isPartitioned = isPartitioned
    if (!isPartitioned) return
    for (const pair of this.#open) pair.halfOpen()
    this.#open.clear()
  }

  dial(target: DialTarget): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      const isLost = this.#isPartitioned
      this.#clock.after(isLost ? target.timeoutMs : this.#delayMs(), () => {
        const listener = this.#listeners.get(target.url)
        if (isLost || this.#isPartitioned || listener === undefined) {
          reject(new AppError('connection_failed', `nobody answers at ${target.url}`))
          return
        }
        const pair = createSimPair({
          clock: this.#clock,
          delayMs: this.#delayMs,
          clientAddress: this.#clientAddress,
        })
        this.#open.add(pair)
        listener(pair.server, pair)
        resolve(pair.client)
      })
    })
  }
}
