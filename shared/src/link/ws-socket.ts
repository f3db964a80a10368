/**
 * A WebSocket as the link sees it. Frames are binary and bounded by the socket itself; what arrives
 * before the handlers are set waits for them, up to a bound.
 */
import type { Socket } from 'node:net'
import { plainAddress } from './address.ts'
import { closeReason } from './close-reason.ts'
import type { CloseReason, Duplex } from './socket.ts'

/** Handlers are set before the first await; more than a few early frames is no honest peer. */
const EARLY_FRAMES_MAX = 16
/** What `ws` reports when a frame passes `maxPayload`; it closes with 1009 by itself. */
const TOO_LARGE_CODE = 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
/** A close that nobody explained (RFC 6455, 7.1.5). */
const ABNORMAL_CODE = 1006

/** What is needed of a WebSocket of `ws`, which only `dial.ts` and `listen.ts` know. */
export interface MessageSocket {
  readonly readyState: number
  readonly OPEN: number
  readonly bufferedAmount: number
  on(event: 'message', listener: (data: unknown, isBinary: boolean) => void): unknown
  on(event: 'pong', listener: () => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'close', listener: (code: number, reason: Buffer) => void): unknown
  send(
    frame: Uint8Array,
    options: { readonly binary: boolean; readonly compress: boolean },
    done: () => void,
  ): void
  ping(): void
  close(code: number, reason: string): void
  terminate(): void
}

export class WsSocket implements Duplex {
  readonly remoteAddress: string
  readonly #webSocket: MessageSocket
  readonly #socket: Socket
  /** Bytes of the HTTP upgrade, which are not the link's. */
  readonly #sentBefore: number
  readonly #receivedBefore: number
  readonly #early: Uint8Array[] = []
  #failure: CloseReason | null = null
  #closed: CloseReason | null = null
  #onFrame: ((frame: Uint8Array) => void) | null = null
  #onPong: (() => void) | null = null
  #onClose: ((reason: CloseReason) => void) | null = null

  constructor(webSocket: MessageSocket, socket: Socket) {
    this.#webSocket = webSocket
    this.#socket = socket
    this.remoteAddress = plainAddress(socket.remoteAddress)
    this.#sentBefore = socket.bytesWritten
    this.#receivedBefore = socket.bytesRead
    webSocket.on('message', (data, isBinary) => this.#hear(data, isBinary))
    webSocket.on('pong', () => this.#onPong?.())
    webSocket.on('error', (error) => this.#noteFailure(error))
    webSocket.on('close', (code, reason) => this.#hearClose(code, reason.toString('utf8')))
  }

  send(frame: Uint8Array): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return
    // A failed write ends in 'close', which tells.
    this.#webSocket.send(frame, { binary: true, compress: false }, () => {})
  }

  bufferedBytes(): number {
    return this.#webSocket.bufferedAmount
  }

  ping(): void {
    if (this.#webSocket.readyState === this.#webSocket.OPEN) this.#webSocket.ping()
  }

  close(reason: CloseReason): void {
    this.#failure ??= reason
    this.#webSocket.close(reason.code, reason.reason)
  }

  terminate(): void {
    this.#webSocket.terminate()
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
    if (this.#closed !== null) handler(this.#closed)
  }

  traffic(): { readonly sentBytes: number; readonly receivedBytes: number } {
    return {
      sentBytes: this.#socket.bytesWritten - this.#sentBefore,
      receivedBytes: this.#socket.bytesRead - this.#receivedBefore,
    }
  }

  #hear(data: unknown, isBinary: boolean): void {
    // With the default `binaryType` a message is one Buffer.
    if (!isBinary || !(data instanceof Uint8Array)) {
      this.close(closeReason('frame_undecodable', 'frames are binary'))
      return
    }
    if (this.#onFrame !== null) {
      this.#onFrame(data)
    } else if (this.#early.length < EARLY_FRAMES_MAX) {
      this.#early.push(data)
    } else {
      this.terminate()
    }
  }

  #noteFailure(error: Error): void {
    const isTooLarge = 'code' in error && error.code === TOO_LARGE_CODE
    this.#failure ??= isTooLarge
      ? closeReason('frame_too_large', 'a frame was larger than this side takes')
      : { code: ABNORMAL_CODE, reason: `connection_failed: ${error.message}` }
  }

  #hearClose(code: number, reason: string): void {
    // What this side found wrong says more than the code the transport ended with.
    const closed =
      code === ABNORMAL_CODE || reason === ''
        ? (this.#failure ?? { code, reason })
        : { code, reason }
    this.#closed = closed
    this.#onClose?.(closed)
  }
}
