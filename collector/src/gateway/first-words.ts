/**
 * Connections that say nothing: from the accept on, TLS included, each has so long for its first whole
 * request, and an address has so many of them at once. Links and requests have limits of their own
 * behind it; without this one a few machines could keep all the sockets of the collector for
 * themselves, a minute each.
 *
 * Node's own time for headers is looked at every half minute, and knows no addresses.
 */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { type Clock, type ErrorCode, plainAddress, type Timer } from '@yiben/shared'
import { addressRangeOf } from '../inventory/liveness-judge.ts'

export interface FirstWordsOptions {
  readonly clock: Clock
  /** From the accept to the end of the first request's headers. */
  readonly waitMs: number
  readonly silentPerAddressMax: number
  /** A connection was closed for its silence, or for that of others of its address. */
  readonly onDropped: (code: Extract<ErrorCode, 'handshake_timeout' | 'handshake_limit'>) => void
}

const SWEEP_MS = 1_000

interface Silent {
  readonly socket: Socket
  readonly range: string
  readonly sinceMs: number
}

export class FirstWords {
  readonly #options: FirstWordsOptions
  /** By the two ends of the connection, oldest first: a request tells them, under TLS too. */
  readonly #silent = new Map<string, Silent>()
  readonly #counts = new Map<string, number>()
  #timer: Timer | null = null

  constructor(options: FirstWordsOptions) {
    this.#options = options
  }

  watch(server: Pick<Server, 'on'>): void {
    server.on('connection', (socket: Socket) => this.#opened(socket))
    server.on('request', ({ socket }) => this.#spoke(keyOf(socket)))
    server.on('upgrade', ({ socket }) => this.#spoke(keyOf(socket)))
    this.#schedule()
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  #opened(socket: Socket): void {
    const key = keyOf(socket)
    const address = plainAddress(socket.remoteAddress)
    // As the gateway counts: a subscriber has a whole range of IPv6.
    const range = address.includes(':') ? addressRangeOf(address) : address
    const count = this.#counts.get(range) ?? 0
    if (count >= this.#options.silentPerAddressMax) {
      this.#drop(socket, 'handshake_limit')
      return
    }
    this.#counts.set(range, count + 1)
    this.#silent.set(key, { socket, range, sinceMs: this.#options.clock.monotonicMs() })
    socket.once('close', () => this.#spoke(key))
  }

  #spoke(key: string): void {
    const silent = this.#silent.get(key)
    if (silent === undefined) return
    this.#silent.delete(key)
    const left = (this.#counts.get(silent.range) ?? 1) - 1
    if (left === 0) this.#counts.delete(silent.range)
    else this.#counts.set(silent.range, left)
  }

  #schedule(): void {
    this.#timer = this.#options.clock.after(SWEEP_MS, () => {
      this.#sweep()
      this.#schedule()
    })
  }

  #sweep(): void {
    const { clock, waitMs } = this.#options
    const lateMs = clock.monotonicMs() - waitMs
    for (const [key, { sinceMs, socket }] of this.#silent) {
      // In the order of their opening: the others have come later still.
      if (sinceMs > lateMs) return
      this.#spoke(key)
      this.#drop(socket, 'handshake_timeout')
    }
  }

  #drop(socket: Socket, code: Parameters<FirstWordsOptions['onDropped']>[0]): void {
    this.#options.onDropped(code)
    // At once: a peer that reads nothing would not let it be closed in order.
    socket.resetAndDestroy()
  }
}

function keyOf({ localPort, remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localPort}`
}
