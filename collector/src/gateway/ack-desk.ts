/**
 * Batches of one session that are on the way, and their acknowledgements, whoever sends them: a node
 * or a collector that reports here. An ack names what was refused; nobody is told more than he reads.
 */
import {
  type Batch,
  type Clock,
  type Duplex,
  encodeToNode,
  REFUSED_PER_ACK_MAX,
  type RefusedRecord,
  WINDOW_BYTES_DEFAULT,
  WINDOW_FRAMES_CROWDED,
  WINDOW_FRAMES_DEFAULT,
} from '@yiben/shared'
import type { GatewayCounts } from './counts.ts'
import { AckWindow } from './window.ts'

/** What the other side has not read of our answers by now it never will. */
const BUFFERED_BYTES_MAX = 1024 * 1024

export class AckDesk {
  readonly #socket: Duplex
  readonly #clock: Clock
  readonly #counts: GatewayCounts
  readonly #framesGranted: () => number
  /** As it was told last; the welcome tells the first. */
  #framesTold = WINDOW_FRAMES_CROWDED
  readonly #window = new AckWindow({ frames: WINDOW_FRAMES_DEFAULT, bytes: WINDOW_BYTES_DEFAULT })

  /** Fewer batches may be granted than are taken: those on the way were sent by the grant before. */
  constructor(
    socket: Duplex,
    clock: Clock,
    counts: GatewayCounts,
    framesGranted: () => number = () => WINDOW_FRAMES_DEFAULT,
  ) {
    this.#socket = socket
    this.#clock = clock
    this.#counts = counts
    this.#framesGranted = framesGranted
  }

  /** `false`: past the window, which breaks the protocol. */
  take(batch: Batch, frameBytes: number): boolean {
    this.#counts.recordsCame(batch.records.length)
    const lastSeq = batch.firstSeq + batch.records.length - 1
    return this.#window.take(lastSeq, frameBytes, this.#clock.monotonicMs())
  }

  /** `false`: the other side does not read its acknowledgements. */
  acknowledge(watermark: number, refused: readonly RefusedRecord[]): boolean {
    const waitedMs = this.#window.acknowledge(watermark, this.#clock.monotonicMs())
    this.#counts.acknowledged(waitedMs, refused)
    const ack = {
      watermark,
      refused: refused.slice(0, REFUSED_PER_ACK_MAX),
      windowFrames: this.#framesToTell(),
      windowBytes: 0,
      serverTimeMs: this.#clock.wallMs(),
    }
    this.#socket.send(encodeToNode({ kind: 'ack', ack }))
    return this.#socket.bufferedBytes() <= BUFFERED_BYTES_MAX
  }

  /** 0, which takes no byte, while it is what it was. */
  #framesToTell(): number {
    const granted = this.#framesGranted()
    if (granted === this.#framesTold) return 0
    this.#framesTold = granted
    return granted
  }
}

/** The code that a close from the other side carries; its words may be anybody's. */
export function endReasonOf(closeReason: string): string {
  return closeReason === '' ? 'connection_lost' : (closeReason.split(':', 1)[0] ?? closeReason)
}
