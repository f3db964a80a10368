/** Draws of whatever has to be chosen in a world, from its seed. */
import type { Random } from '@yiben/shared'

export class Chance {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  get isHeads(): boolean {
    return this.#random.fraction() < 0.5
  }

  /** A whole number of [from, to). */
  whole(from: number, to: number): number {
    return Math.floor(from + (to - from) * this.#random.fraction())
  }

  of<One>(list: readonly One[]): One {
    const one = list[this.whole(0, list.length)]
    if (one === undefined) throw new Error('nothing to choose from')
    return one
  }
}
