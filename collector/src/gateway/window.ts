/** How much of a session is unacknowledged. An agent that sends past its window breaks the protocol. */

export interface WindowLimits {
  readonly frames: number
  readonly bytes: number
}

interface OnTheWay {
  readonly lastSeq: number
  readonly bytes: number
}

export class AckWindow {
  readonly #limits: WindowLimits
  readonly #batches: OnTheWay[] = []
  #bytes = 0

  constructor(limits: WindowLimits) {
    this.#limits = limits
  }

  /** `false`: past the window. One batch always goes, however large. */
  take(lastSeq: number, bytes: number): boolean {
    this.#batches.push({ lastSeq, bytes })
    this.#bytes += bytes
    if (this.#batches.length === 1) return true
    return this.#batches.length <= this.#limits.frames && this.#bytes <= this.#limits.bytes
  }

  acknowledge(watermark: number): void {
    for (;;) {
      const first = this.#batches[0]
      if (first === undefined || first.lastSeq > watermark) return
      this.#batches.shift()
      this.#bytes -= first.bytes
    }
  }
}
