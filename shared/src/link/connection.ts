/**
 * One connection from dial to close: what was heard on it and when. Once dropped it says nothing
 * more, whatever still arrives on its socket.
 */
import { encodeToCollector } from '../wire/codec.ts'
import type { Challenge, Heartbeat, ToCollectorMessage } from '../wire/messages.ts'
import type { Clock, Timer } from '../world.ts'
import type { CloseReason, Duplex } from './socket.ts'
import type { LinkTimings } from './timings.ts'

export interface ConnectionEvents {
  onFrame(frame: Uint8Array): void
  onClose(reason: CloseReason): void
  /** Pinged, and no answer came in time. */
  onSilence(): void
  /** Asked with every look at the silence; `true` ends the watch. */
  isOverdue(): boolean
  onOverdue(): void
}

export class Connection {
  /** Verified against the pinned key; until then the peer may be anyone. */
  challenge: Challenge | null = null
  /** Monotonic; `null` before Welcome. */
  onlineSinceMs: number | null = null
  readonly #socket: Duplex
  readonly #clock: Clock
  readonly #timings: LinkTimings
  readonly #events: ConnectionEvents
  #lastHeardMs: number
  #pingedAtMs: number | null = null
  #watchTimer: Timer | null = null
  #heartbeatTimer: Timer | null = null
  #isDropped = false

  constructor(socket: Duplex, clock: Clock, timings: LinkTimings, events: ConnectionEvents) {
    this.#socket = socket
    this.#clock = clock
    this.#timings = timings
    this.#events = events
    this.#lastHeardMs = clock.monotonicMs()
    socket.onFrame((frame) => this.#hear(() => events.onFrame(frame)))
    socket.onPong(() => this.#hear(() => {}))
    socket.onClose((reason) => this.#hear(() => events.onClose(reason)))
  }

  /** Encodes and sends; returns the frame as it was sent. */
  send(message: ToCollectorMessage): Uint8Array {
    const frame = encodeToCollector(message)
    this.sendFrame(frame)
    return frame
  }

  sendFrame(frame: Uint8Array): void {
    this.#socket.send(frame)
  }

  /** L10 and L11: from now on a peer that is gone without a word, or sits on our batches, is found. */
  watch(): void {
    this.#watchTimer = this.#clock.after(this.#timings.pingMs, () => {
      const nowMs = this.#clock.monotonicMs()
      if (this.#pingedAtMs !== null && nowMs - this.#pingedAtMs >= this.#timings.pingMs) {
        this.#events.onSilence()
        return
      }
      if (this.#events.isOverdue()) {
        this.#events.onOverdue()
        return
      }
      if (this.#pingedAtMs === null && nowMs - this.#lastHeardMs >= this.#timings.idleMs) {
        this.#pingedAtMs = nowMs
        this.#socket.ping()
      }
      if (!this.#isDropped) this.watch()
    })
  }

  /** A heartbeat every `everyMs`, until dropped. */
  beat(everyMs: number, read: () => Heartbeat): void {
    this.#heartbeatTimer = this.#clock.after(everyMs, () => {
      this.send({ kind: 'heartbeat', heartbeat: read() })
      this.beat(everyMs, read)
    })
  }

  /** Says why and lets go; the closing handshake has a bounded time. */
  drop(reason: CloseReason): void {
    if (this.#isDropped) return
    this.#isDropped = true
    this.#watchTimer?.cancel()
    this.#heartbeatTimer?.cancel()
    this.#socket.close(reason)
    this.#clock.after(this.#timings.closeMs, () => this.#socket.terminate())
  }

  #hear(run: () => void): void {
    if (this.#isDropped) return
    this.#lastHeardMs = this.#clock.monotonicMs()
    this.#pingedAtMs = null
    run()
  }
}
