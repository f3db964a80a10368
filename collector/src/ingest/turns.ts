/**
 * Who of many backlogs is decoded, folded and written now. A thousand nodes that come back after a
 * week would fill the process and the writer with their past, and the minutes of all others would
 * wait behind it: a minute of the present goes at once, a part of a backlog when it is its turn, and
 * between two parts the event loop sees to everything else.
 */
import type { Clock } from '@yiben/shared'

/** So many records go at once, whoever waits: some minutes of a node that was cut off for a moment. */
export const RECORDS_WITHOUT_TURN_MAX = 16
/**
 * Records that have their turn together, some 80 ms of folding: enough that the writer always has its
 * next group, and no more than one that tells its present can wait for.
 */
const RECORDS_AT_ONCE_MAX = 8_192
/** Records that begin together, some 12 ms of folding; then others are heard. */
const RECORDS_PER_START = 1_024

interface Waiting {
  readonly records: number
  readonly begin: () => void
}

export class Turns {
  readonly #clock: Clock
  readonly #waiting: Waiting[] = []
  #recordsNow = 0
  #isStarting = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Lanes that wait for their turn. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Runs `part` of so many records when its turn has come, first come first served. */
  async run<T>(records: number, part: () => Promise<T>): Promise<T> {
    await new Promise<void>((begin) => {
      this.#waiting.push({ records, begin })
      this.#startSoon()
    })
    try {
      return await part()
    } finally {
      this.#recordsNow -= records
      this.#startSoon()
    }
  }

  #startSoon(): void {
    if (this.#isStarting || !this.#hasRoom()) return
    this.#isStarting = true
    this.#clock.after(0, () => {
      this.#isStarting = false
      this.#start()
      this.#startSoon()
    })
  }

  #start(): void {
    let started = 0
    while (started < RECORDS_PER_START && this.#hasRoom()) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      started += next.records
      this.#recordsNow += next.records
      next.begin()
    }
  }

  /** Whether the first that waits may begin: one always may, however large. */
  #hasRoom(): boolean {
    const [next] = this.#waiting
    if (next === undefined) return false
    return this.#recordsNow === 0 || this.#recordsNow + next.records <= RECORDS_AT_ONCE_MAX
  }
}
