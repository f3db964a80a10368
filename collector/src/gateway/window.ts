/** How much of a session is unacknowledged. An agent that sends past its window breaks the protocol. */

export interface WindowLimits {
  readonly frames: number
  readonly bytes: number
}

interface OnTheWay {
  readonly lastSeq: number
  readonly bytes: number
  readonly cameAtMs: number
}

export class AckWindow {
  readonly #limits: WindowLimits
  readonly #batches: OnTheWay[] = []
  #bytes = 0

  constructor(limits: WindowLimits) {
    this.#limits = limits
  }

  /** `false`: past the window. One batch always goes, however large. */
  take(lastSeq: number, bytes: number, cameAtMs: number): boolean {
    this.#batches.push({ lastSeq, bytes, cameAtMs })
    this.#bytes += bytes
    if (this.#batches.length === 1) return true
    return this.#batches.length <= this.#limits.frames && this.#bytes <= this.#limits.bytes
  }

  /** How long the oldest batch has waited that is acknowledged with it; `null`: none is. */
  acknowledge(watermark: number, nowMs: number): number | null {
    let waitedMs: number | null = null
    for (;;) {
      const first = this.#batches[0]
      if (first === undefined || first.lastSeq > watermark) return waitedMs
      this.#batches.shift()
      this.#bytes -= first.bytes
      waitedMs ??= nowMs - first.cameAtMs
    }
  }
}
