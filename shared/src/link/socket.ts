/**
 * A message socket as the link sees it: whole binary frames in order, and one close. `dial.ts` and
 * `listen.ts` make it of a WebSocket; the simulated world makes it of a queue.
 */

export interface CloseReason {
  /** WebSocket close code. */
  readonly code: number
  /** `<stable code>: sentence`, at most 123 bytes as RFC 6455 allows. */
  readonly reason: string
}

export interface Duplex {
  /** Address of the other side, without its port; for limits and tokens bound to a CIDR. */
  readonly remoteAddress: string
  /** Queues one frame. Silently dropped after close: the close event tells. */
  send(frame: Uint8Array): void
  /** Bytes accepted by `send` that the network has not taken yet. */
  bufferedBytes(): number
  /** A WebSocket ping; the answer arrives at `onPong`. */
  ping(): void
  close(reason: CloseReason): void
  /** Drops the connection without a closing handshake. */
  terminate(): void
  /** Handlers are set once, before the first await after the socket was handed over. */
  onFrame(handler: (frame: Uint8Array) => void): void
  onPong(handler: () => void): void
  /** Called exactly once, whoever closed. */
  onClose(handler: (reason: CloseReason) => void): void
  /** Bytes since opening, framing included where the transport knows them. */
  traffic(): { readonly sentBytes: number; readonly receivedBytes: number }
}
