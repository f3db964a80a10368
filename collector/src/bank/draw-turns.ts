/**
 * One thing at a time per draw: what is asked of a draw while something is being done with it waits
 * its turn, so that a retry finds what the first call left. Bounded per draw; between draws nothing
 * waits.
 */
import { AppError } from '@yiben/shared'
import type { DrawId } from '../model/draw.ts'

/** A client retries, and a second one may look after it; more at once is a loop gone wild. */
const WAITING_PER_DRAW_MAX = 16

interface Turn {
  last: Promise<unknown>
  count: number
}

export class DrawTurns {
  readonly #turns = new Map<DrawId, Turn>()

  /** Rejects with `overloaded`, or as `work` does. */
  async take<Result>(drawId: DrawId, work: () => Promise<Result>): Promise<Result> {
    const turn = this.#turns.get(drawId) ?? { last: Promise.resolve(), count: 0 }
    if (turn.count >= WAITING_PER_DRAW_MAX) {
      throw new AppError('overloaded', 'too much is being asked of this draw at once: try again')
    }
    const own = turn.last.catch(() => {}).then(work)
    turn.last = own
    turn.count += 1
    this.#turns.set(drawId, turn)
    try {
      return await own
    } finally {
      turn.count -= 1
      if (turn.count === 0) this.#turns.delete(drawId)
    }
  }

  /** Resolves when nothing is being done that was begun before. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#turns.values()].map(({ last }) => last))
  }
}
