/**
 * Questions to children over the sessions that are open now. An answer counts once, only to a question
 * that waits for it, and only from the child that was asked; what comes later, or twice, is nobody's.
 *
 * Numbers of questions begin anywhere and are never used again by this process: an answer that was on
 * its way when a connection broke is not taken for one to another question.
 */
import {
  ASK_BODY_BYTES_MAX,
  ASK_HOPS_MAX,
  type ChildAnswer,
  type ChildAsk,
  type Clock,
  type Random,
  randomHex,
  type Timer,
  type ToNodeMessage,
} from '@yiben/shared'
import type { ChildLine, ChildQuestion, ChildReply, DrawingChild } from '../model/child-line.ts'

/** Questions that one child may have before it; more are not sent. */
const QUESTIONS_MAX = 256
/** A child that reads no more than this has not read the questions before it. */
const UNREAD_BYTES_MAX = 2 * 1024 * 1024
/** Random bits of the first number: with what is counted on it stays an exact integer. */
const FIRST_ID_BYTES = 5

const UNHEARD: ChildReply = { status: 'unheard' }

/** The open session of a child that understands questions about draws. */
export interface AskedSession extends DrawingChild {
  send(message: ToNodeMessage): void
  unreadBytes(): number
}

interface Question {
  readonly session: AskedSession
  readonly answer: (reply: ChildReply) => void
  readonly timer: Timer
}

export interface ChildAsksOptions {
  readonly clock: Clock
  readonly random: Random
}

export class ChildAsks implements ChildLine {
  readonly #clock: Clock
  readonly #sessions = new Map<string, AskedSession>()
  readonly #questions = new Map<number, Question>()
  readonly #listeners: (() => void)[] = []
  #lastId: number

  constructor({ clock, random }: ChildAsksOptions) {
    this.#clock = clock
    this.#lastId = Number.parseInt(randomHex(random, FIRST_ID_BYTES), 16)
  }

  onConnected(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** Takes the place of an older session of the child, whose questions are answered by nobody. */
  connected(session: AskedSession): void {
    const before = this.#sessions.get(session.childId)
    if (before !== undefined) this.closed(before)
    this.#sessions.set(session.childId, session)
    for (const listener of this.#listeners) listener()
  }

  closed(session: AskedSession): void {
    if (this.#sessions.get(session.childId) === session) this.#sessions.delete(session.childId)
    for (const [askId, question] of this.#questions) {
      if (question.session === session) this.#settle(askId, UNHEARD)
    }
  }

  drawing(): readonly DrawingChild[] {
    return [...this.#sessions.values()]
  }

  ask({ body, kind, path, withinMs }: ChildQuestion): Promise<ChildReply> {
    const [childId = '', ...below] = path
    const session = this.#sessions.get(childId)
    const isSent = below.length <= ASK_HOPS_MAX && body.length <= ASK_BODY_BYTES_MAX
    if (session === undefined || !isSent || !this.#hasRoom(session)) return Promise.resolve(UNHEARD)
    this.#lastId += 1
    const childAsk: ChildAsk = { askId: this.#lastId, kind, path: below, withinMs, body }
    return new Promise((answer) => {
      const { askId } = childAsk
      const timer = this.#clock.after(withinMs, () => this.#settle(askId, UNHEARD))
      this.#questions.set(askId, { session, answer, timer })
      session.send({ kind: 'child_ask', childAsk })
    })
  }

  /** One that nobody waits for is ignored. */
  onAnswer(session: AskedSession, { askId, body, status }: ChildAnswer): void {
    if (this.#questions.get(askId)?.session !== session) return
    this.#settle(askId, status === 'answered' ? { status, body } : { status })
  }

  #hasRoom(session: AskedSession): boolean {
    if (session.unreadBytes() > UNREAD_BYTES_MAX) return false
    let count = 0
    for (const question of this.#questions.values()) if (question.session === session) count += 1
    return count < QUESTIONS_MAX
  }

  #settle(askId: number, reply: ChildReply): void {
    const question = this.#questions.get(askId)
    if (question === undefined) return
    this.#questions.delete(askId)
    question.timer.cancel()
    question.answer(reply)
  }
}
