/** Why the link last went wrong: kept for status, logged once per kind of outage. */
import { AppError } from '../errors.ts'
import type { Logger } from '../log.ts'

export interface Problem {
  readonly code: string
  readonly sentence: string
}

export class Problems {
  readonly #log: Logger
  #last: Problem | null = null

  constructor(log: Logger) {
    this.#log = log
  }

  /** An outage is one line, not one per attempt. */
  note(code: string, sentence: string): void {
    const isNew = this.#last?.code !== code
    this.#last = { code, sentence }
    if (isNew) this.#log.warn({ code }, sentence)
  }

  last(): Problem | null {
    return this.#last
  }

  clear(): void {
    this.#last = null
  }

  /**
   * The result, or `null` after an expected failure: a full or failing disk never ends the process,
   * and what was not written comes again (L14). Anything else is a bug and is thrown on.
   */
  attempt<Result>(run: () => Result): Result | null {
    try {
      return run()
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      this.note(error.code, error.message)
      return null
    }
  }
}
