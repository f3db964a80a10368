/**
 * Questions and words between the processes of one ledger, over its messages. A word may be lost and
 * an answer may not come: whoever asks waits for a bounded time and is told `null`. What one process
 * says to another arrives in the order in which it was said.
 */
import { type Clock, type Logger, type Random, randomHex, type Timer } from '@yiben/shared'
import type { Members, MessageTo } from '../storage/members.ts'

/** A look without having been woken: a lost wake costs this much time. */
const LOOK_MS = 500
const ID_BYTES = 8
/** Letters that wait to be sent; past it nothing is asked and nothing told. */
const WAITING_MAX = 10_000
const MESSAGES_PER_SEND_MAX = 500
/** An answer that is longer comes in parts. */
const PART_LENGTH = 512 * 1024

/** What a message holds; `JSON` of it is sent. */
type Letter =
  | { readonly kind: 'word'; readonly topic: string; readonly content: unknown }
  | {
      readonly kind: 'question'
      readonly topic: string
      readonly content: unknown
      readonly id: string
    }
  | {
      readonly kind: 'answer'
      readonly id: string
      readonly part: string
      readonly isLast: boolean
    }

/** Answers a question, or takes a word. What it throws is answered with nothing. */
export type PostHandler = (content: unknown, sender: string) => unknown

export interface PostOptions {
  readonly members: Pick<Members, 'send' | 'take'>
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

interface Asked {
  readonly parts: string[]
  readonly receiver: string
  readonly timer: Timer
  readonly answer: (content: unknown) => void
}

export class Post {
  readonly #options: PostOptions
  readonly #handlers = new Map<string, PostHandler>()
  readonly #asked = new Map<string, Asked>()
  #waiting: MessageTo[] = []
  #isSending = false
  #isTaking = false
  #isWoken = false
  #isClosed = false
  #timer: Timer | null = null

  constructor(options: PostOptions) {
    this.#options = options
  }

  on(topic: string, handler: PostHandler): void {
    this.#handlers.set(topic, handler)
  }

  /** From now on what comes is read. */
  start(): void {
    this.#timer = this.#options.clock.after(LOOK_MS, () => {
      this.wake()
      if (!this.#isClosed) this.start()
    })
  }

  /** Something may have come. */
  wake(): void {
    this.#isWoken = true
    if (!this.#isTaking && !this.#isClosed) void this.#takeAll()
  }

  tell(receiver: string, topic: string, content: unknown): void {
    this.#put(receiver, { kind: 'word', topic, content })
  }

  /** `null`: no answer within the time, or none that could be given. */
  ask(receiver: string, topic: string, content: unknown, withinMs: number): Promise<unknown> {
    const { clock, random } = this.#options
    return new Promise((resolve) => {
      const id = randomHex(random, ID_BYTES)
      const answer = (told: unknown) => {
        if (!this.#asked.delete(id)) return
        timer.cancel()
        resolve(told)
      }
      const timer = clock.after(withinMs, () => answer(null))
      this.#asked.set(id, { parts: [], receiver, timer, answer })
      if (!this.#put(receiver, { kind: 'question', topic, content, id })) answer(null)
    })
  }

  /** Nothing is read or sent any more; who waits is told `null`. */
  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#waiting = []
    for (const { answer } of [...this.#asked.values()]) answer(null)
  }

  #put(receiver: string, letter: Letter): boolean {
    if (this.#isClosed || this.#waiting.length >= WAITING_MAX) return false
    this.#waiting.push({ receiver, body: JSON.stringify(letter) })
    if (!this.#isSending) void this.#sendAll()
    return true
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true
    // What is said in the same turn goes together.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const some = this.#waiting.slice(0, MESSAGES_PER_SEND_MAX)
      this.#waiting = this.#waiting.slice(MESSAGES_PER_SEND_MAX)
      try {
        await this.#options.members.send(some)
      } catch (error) {
        this.#options.log.debug({ err: error, messages: some.length }, 'messages are lost')
      }
    }
    this.#isSending = false
  }

  async #takeAll(): Promise<void> {
    this.#isTaking = true
    try {
      while (this.#isWoken && !this.#isClosed) {
        this.#isWoken = false
        const messages = await this.#options.members.take()
        if (messages.length > 0) this.#isWoken = true
        for (const { body, sender } of messages) this.#read(body, sender)
      }
    } catch (error) {
      this.#options.log.debug({ err: error }, 'messages could not be read')
    }
    this.#isTaking = false
  }

  #read(body: string, sender: string): void {
    const letter = JSON.parse(body) as Letter
    if (letter.kind === 'answer') {
      const asked = this.#asked.get(letter.id)
      if (asked === undefined || asked.receiver !== sender) return
      asked.parts.push(letter.part)
      if (letter.isLast) asked.answer(JSON.parse(asked.parts.join('')))
      return
    }
    void this.#handle(letter, sender)
  }

  async #handle(letter: Exclude<Letter, { kind: 'answer' }>, sender: string): Promise<void> {
    let told: unknown = null
    try {
      told = (await this.#handlers.get(letter.topic)?.(letter.content, sender)) ?? null
    } catch (error) {
      this.#options.log.warn(
        { err: error, topic: letter.topic },
        'another collector gets no answer',
      )
    }
    if (letter.kind === 'question') this.#answer(sender, letter.id, JSON.stringify(told))
  }

  #answer(receiver: string, id: string, text: string): void {
    for (let from = 0; from === 0 || from < text.length; from += PART_LENGTH) {
      const part = text.slice(from, from + PART_LENGTH)
      this.#put(receiver, { kind: 'answer', id, part, isLast: from + PART_LENGTH >= text.length })
    }
  }
}
