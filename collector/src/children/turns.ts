/**
 * So many commits of children are before the store at once; the others wait here, first come, first
 * served. Where dozens of children tell all that they know, whoever else wants the store (a handshake,
 * a node of our own, a draw) waits for these few only.
 */
export class Turns {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(atOnceMax: number) {
    this.#free = atOnceMax
  }

  /** Answers, or throws, what `work` does; the turn ends with it. */
  async take<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free += 1
      else next()
    }
  }
}
