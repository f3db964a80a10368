/** Moves records from the spool to the wire within the window, and acks from the wire to the spool. */
import { assert } from '../assert.ts'
import type { Spool } from '../spool/spool.ts'
import { encodeToCollector } from '../wire/codec.ts'
import type { Ack } from '../wire/messages.ts'
import type { Clock } from '../world.ts'
import {
  type AckResult,
  buildBatch,
  cutBatch,
  hasRoomFor,
  nextReadLimit,
  noteSent,
  openWindow,
  predecessorOf,
  type SendWindow,
  settle,
} from './batches.ts'

export class Sender {
  readonly #spool: Spool
  readonly #clock: Clock
  #window: SendWindow | null = null

  constructor(spool: Spool, clock: Clock) {
    this.#spool = spool
    this.#clock = clock
  }

  /** Begins at a watermark both sides agree on; nothing is on the way. */
  open(
    watermark: number,
    grant: { readonly windowFrames: number; readonly windowBytes: number },
  ): void {
    this.#window = openWindow(watermark, grant)
  }

  close(): void {
    this.#window = null
  }

  /** Nothing is unacknowledged on this connection. */
  isIdle(): boolean {
    return this.#window === null || this.#window.inFlight.length === 0
  }

  /** The oldest batch on the way has waited longer than this. */
  isOverdue(afterMs: number): boolean {
    const oldest = this.#window?.inFlight[0]
    return oldest !== undefined && this.#clock.monotonicMs() - oldest.sentAtMs > afterMs
  }

  /**
   * Sends batches until the window is full or the spool is empty; each batch uses up window, which
   * bounds the loop. Throws what the spool throws; then nothing of that batch was sent.
   */
  pump(send: (frame: Uint8Array) => void): void {
    for (;;) {
      const window = this.#window
      const limit = window === null ? null : nextReadLimit(window)
      if (window === null || limit === null) return
      const records = cutBatch(this.#spool.read(limit.fromSeq, limit))
      const first = records[0]
      const last = records.at(-1)
      if (first === undefined || last === undefined) return
      const predecessor = predecessorOf(first)
      assert(predecessor <= window.sentSeq, 'a batch stands for nothing that was sent before')
      const predecessorHash = predecessor === 0 ? null : this.#spool.hashAt(predecessor)
      assert(predecessor === 0 || predecessorHash !== null, 'the record before a batch is kept')
      const frame = encodeToCollector({
        kind: 'batch',
        batch: buildBatch(records, predecessorHash),
      })
      if (!hasRoomFor(window, frame.length)) return
      this.#spool.markSent(last.seq)
      this.#window = noteSent(window, {
        lastSeq: last.seq,
        bytes: frame.length,
        sentAtMs: this.#clock.monotonicMs(),
      })
      send(frame)
    }
  }

  /**
   * The window moves even when the spool cannot note the ack (a full disk): the number is then
   * noted with the next one, or comes again with the next Welcome.
   */
  settle(ack: Ack, noteAck: (watermark: number) => void): AckResult {
    assert(this.#window !== null, 'acks are taken while the window is open')
    const result = settle(this.#window, ack)
    if (result.status === 'settled') {
      this.#window = result.window
      noteAck(result.window.watermark)
    }
    return result
  }
}
