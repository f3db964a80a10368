/**
 * Asks nodes whether they lend cards now, and remembers for a draw what they answered. The memory is
 * of this process and lasts as long as an acceptance counts: after a crash nodes are asked again.
 * Silence is no acceptance.
 */
import { type Clock, errorSentence, type Logger } from '@yiben/shared'
import type { DrawId, DrawRefusal } from '../model/draw.ts'
import type { NodeId, UnitId } from '../model/ids.ts'
import {
  ANSWER_MS_MAX,
  type LendingAnswer,
  type LendingQuestion,
  type NodeLink,
} from '../model/node-link.ts'
import { ACCEPTANCE_MS_MAX, type Acceptance, type Acceptances } from './draw-post.ts'
import { refusalOf } from './draw-refusal.ts'

/** Why cards cannot be had from a node; `unitIds` empty: none of those asked for. */
export interface Obstacle {
  readonly nodeId: NodeId
  readonly unitIds: readonly UnitId[]
  readonly refusal: DrawRefusal
}

export interface Asked {
  readonly acceptances: Acceptances
  readonly obstacles: readonly Obstacle[]
}

export class DrawAsking {
  readonly #link: Pick<NodeLink, 'ask'>
  readonly #clock: Clock
  readonly #logger: Logger
  /** The one heard last comes last. */
  readonly #accepted = new Map<DrawId, Map<NodeId, Acceptance>>()

  constructor(link: Pick<NodeLink, 'ask'>, clock: Clock, logger: Logger) {
    this.#link = link
    this.#clock = clock
    this.#logger = logger
  }

  /** All at once; takes as long as the slowest node, and at most `ANSWER_MS_MAX`. */
  async ask(questions: readonly LendingQuestion[], isUnfencedTaken: boolean): Promise<Asked> {
    const acceptances = new Map<NodeId, Acceptance>()
    const obstacles: Obstacle[] = []
    const answers = await Promise.all(
      questions.map(async (question) => {
        const askedAtMonotonicMs = this.#clock.monotonicMs()
        return { question, askedAtMonotonicMs, answer: await this.#answerOf(question) }
      }),
    )
    for (const { question, askedAtMonotonicMs, answer } of answers) {
      const { nodeId } = question
      const refusal = refusalIn(answer, isUnfencedTaken)
      if (answer.status === 'accepted' && refusal === null) {
        const { sampledAtMs, isFenced } = answer
        // A node is asked twice at once where its cards are lent until different ends.
        const unitIds = new Set([...(acceptances.get(nodeId)?.unitIds ?? []), ...question.unitIds])
        acceptances.set(nodeId, { unitIds, askedAtMonotonicMs, sampledAtMs, isFenced })
      } else if (refusal !== null) {
        const unitIds = answer.status === 'declined' ? answer.unitIds : []
        obstacles.push({ nodeId, unitIds, refusal })
      }
    }
    return { acceptances, obstacles }
  }

  remember(drawId: DrawId, acceptances: Acceptances): void {
    const known = this.#accepted.get(drawId) ?? new Map<NodeId, Acceptance>()
    for (const [nodeId, acceptance] of acceptances) known.set(nodeId, acceptance)
    this.#accepted.delete(drawId)
    this.#accepted.set(drawId, known)
    this.#forgetOld()
  }

  acceptancesOf(drawId: DrawId): Acceptances {
    return this.#accepted.get(drawId) ?? new Map<NodeId, Acceptance>()
  }

  forget(drawId: DrawId): void {
    this.#accepted.delete(drawId)
  }

  #forgetOld(): void {
    const sinceMs = this.#clock.monotonicMs() - ACCEPTANCE_MS_MAX
    for (const [drawId, known] of this.#accepted) {
      const isOld = [...known.values()].every((one) => one.askedAtMonotonicMs < sinceMs)
      if (!isOld) return
      this.#accepted.delete(drawId)
    }
  }

  async #answerOf(question: LendingQuestion): Promise<LendingAnswer> {
    const silence = Promise.withResolvers<LendingAnswer>()
    const timer = this.#clock.after(ANSWER_MS_MAX, () => silence.resolve(UNREACHABLE))
    try {
      return await Promise.race([this.#link.ask(question), silence.promise])
    } catch (error) {
      // Whatever went wrong on the way: nothing is granted on it.
      const fields = { node_id: question.nodeId, err: error }
      this.#logger.warn(fields, `a node could not be asked: ${errorSentence(error)}`)
      return UNREACHABLE
    } finally {
      timer.cancel()
    }
  }
}

const UNREACHABLE: LendingAnswer = { status: 'unreachable' }

function refusalIn(answer: LendingAnswer, isUnfencedTaken: boolean): DrawRefusal | null {
  switch (answer.status) {
    case 'declined':
      return refusalOf('declined', { reason: answer.reason })
    case 'unreachable':
      return refusalOf('node_unreachable')
    case 'accepted':
      // The node knows best: its fence may be newer than the lot that was looked at.
      return answer.isFenced || isUnfencedTaken ? null : refusalOf('unfenced')
  }
}
