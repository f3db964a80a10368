/**
 * Runs what writes to the state folder so that a disk that takes nothing ends nothing: told once,
 * and once more when it is over; whoever asked tries again in a later round.
 */
import { errorCode, errorSentence, type Logger } from '@yiben/shared'
import { isDiskFailure } from './record-queue.ts'

export class DiskGuard {
  readonly #log: Logger
  #isFailing = false

  constructor(log: Logger) {
    this.#log = log
  }

  /** Whether the disk took it. Anything but a disk failure is thrown on. */
  run(write: () => void): boolean {
    try {
      write()
    } catch (error) {
      if (!isDiskFailure(error)) throw error
      if (!this.#isFailing) {
        const fields = { code: errorCode(error), reason: errorSentence(error) }
        this.#log.error(fields, 'the state folder takes nothing: tried again each round')
      }
      this.#isFailing = true
      return false
    }
    if (this.#isFailing) this.#log.info({}, 'the state folder takes what is written again')
    this.#isFailing = false
    return true
  }
}
