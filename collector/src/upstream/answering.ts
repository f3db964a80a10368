/**
 * Questions of the parent, so many at once, each answered on the connection that it came by or not at
 * all: the parent asks again, and what was done is done.
 */
import { type ChildAnswer, type ChildAsk, errorSentence, type Logger } from '@yiben/shared'

/** The parent has no more before it than this from an honest program; the rest comes again. */
const QUESTIONS_MAX = 256
const UNHEARD = { status: 'unheard', body: new Uint8Array(0) } as const

/** Whoever decides on draws of this collector. */
export interface ParentAnswerer {
  /** New draws are taken. */
  readonly isOpen: boolean
  answer(ask: ChildAsk): Promise<Omit<ChildAnswer, 'askId'>>
}

export class Answering {
  readonly #answerer: ParentAnswerer | null
  readonly #log: Logger
  readonly #say: (answer: ChildAnswer) => void
  #connection = 0
  #questions = 0

  constructor(answerer: ParentAnswerer | null, log: Logger, say: (answer: ChildAnswer) => void) {
    this.#answerer = answerer
    this.#log = log
    this.#say = say
  }

  /** By a new connection. */
  connected(): void {
    this.#connection += 1
  }

  take(ask: ChildAsk): void {
    void this.#answer(ask)
  }

  async #answer(ask: ChildAsk): Promise<void> {
    const connection = this.#connection
    const answer = await this.#answered(ask)
    if (connection === this.#connection) this.#say({ askId: ask.askId, ...answer })
  }

  async #answered(ask: ChildAsk): Promise<Omit<ChildAnswer, 'askId'>> {
    if (this.#answerer === null || this.#questions >= QUESTIONS_MAX) return UNHEARD
    this.#questions += 1
    try {
      return await this.#answerer.answer(ask)
    } catch (error) {
      const fields = { kind: ask.kind, err: error, reason: errorSentence(error) }
      this.#log.warn(fields, 'a question of the parent could not be answered')
      return UNHEARD
    } finally {
      this.#questions -= 1
    }
  }
}
