/**
 * Questions and notices about leases over the sessions that are open now: the bank's `NodeLink`. Unit
 * numbers become the indexes of the node's current epoch and back; an index is never given to another
 * unit within an epoch, so that what was once read of a session stays true. A node without the
 * capability is asked nothing and told nothing: it is unreachable.
 *
 * What a node says is bounded: an answer counts once, only to a question that waits for it, and only
 * from the node that was asked.
 */
import {
  type Clock,
  type KeyPair,
  type LeaseAnswer,
  type LeaseNotice,
  type Random,
  randomHex,
  signLeaseNotice,
  type Timer,
  type ToNodeMessage,
} from '@yiben/shared'
import type { NodeId, UnitId } from '../model/ids.ts'
import {
  ANSWER_MS_MAX,
  type LendingAnswer,
  type LendingQuestion,
  type NodeLink,
  type NoticeToNode,
} from '../model/node-link.ts'
import type { Store } from '../storage/store.ts'

const QUERY_ID_BYTES = 8
/** Questions that one node may have before it; more are not sent. */
const QUESTIONS_MAX = 64
/** A node tells its leases once after each connect; one message a minute is more than it needs. */
const TOLD_BURST = 4
const TOLD_EVERY_MS = 60_000
/** Codes that the bank is shown; anything else a node says stays its own. */
const REASON = /^[a-z][a-z0-9_]{0,47}$/

const UNREACHABLE: LendingAnswer = { status: 'unreachable' }

/** The open session of a node that understands lease messages. */
export interface LendingSession {
  readonly nodeId: NodeId
  readonly epoch: string
  send(message: ToNodeMessage): void
}

export interface GatewayNodeLinkOptions {
  readonly store: Pick<Store, 'loadNode'>
  readonly clock: Clock
  readonly random: Random
  /** Signs notices; nodes have pinned its public half. */
  readonly identity: KeyPair
  /** A node can be told about leases again. */
  readonly onConnected?: (nodeId: NodeId) => void
  /** What a node believes to be lent, after it has connected. */
  readonly onLeases?: (nodeId: NodeId, leases: readonly LeaseNotice[]) => void
}

interface Question {
  readonly nodeId: NodeId
  readonly indexes: ReadonlyMap<UnitId, number>
  readonly answer: (answer: LendingAnswer) => void
  readonly timer: Timer
}

interface Line {
  readonly session: LendingSession
  /** What is known of this epoch; bounded by the units of a node. */
  readonly indexes: Map<UnitId, number>
  questions: number
  told: { tokens: number; atMs: number }
}

export class GatewayNodeLink implements NodeLink {
  readonly #options: GatewayNodeLinkOptions
  readonly #lines = new Map<NodeId, Line>()
  readonly #questions = new Map<string, Question>()

  constructor(options: GatewayNodeLinkOptions) {
    this.#options = options
  }

  /** Takes the place of an older session of the node, whose questions are answered by nobody. */
  connected(session: LendingSession): void {
    const before = this.#lines.get(session.nodeId)
    if (before !== undefined) this.closed(before.session)
    const atMs = this.#options.clock.monotonicMs()
    const told = { tokens: TOLD_BURST, atMs }
    this.#lines.set(session.nodeId, { session, indexes: new Map(), questions: 0, told })
    this.#options.onConnected?.(session.nodeId)
  }

  closed(session: LendingSession): void {
    const { nodeId } = session
    if (this.#lines.get(nodeId)?.session !== session) return
    this.#lines.delete(nodeId)
    for (const [queryId, question] of this.#questions) {
      if (question.nodeId === nodeId) this.#settle(queryId, question, UNREACHABLE)
    }
  }

  /** Whether the node can be asked here. */
  isOpen(nodeId: NodeId): boolean {
    return this.#lines.has(nodeId)
  }

  async ask({ nodeId, unitIds, startMs, untilMs }: LendingQuestion): Promise<LendingAnswer> {
    const line = this.#lines.get(nodeId)
    if (line === undefined || line.questions >= QUESTIONS_MAX) return UNREACHABLE
    line.questions += 1
    try {
      const indexes = await this.#indexesOf(line, unitIds)
      const isGone = this.#lines.get(nodeId) !== line
      if (isGone || unitIds.some((unitId) => !indexes.has(unitId))) return UNREACHABLE
      return await new Promise((answer) => {
        const queryId = randomHex(this.#options.random, QUERY_ID_BYTES)
        const { clock } = this.#options
        const timer = clock.after(ANSWER_MS_MAX, () => this.#expire(queryId))
        this.#questions.set(queryId, { nodeId, indexes, answer, timer })
        const units = [...indexes.values()]
        const { epoch } = line.session
        const leaseQuery = { queryId, units, startMs, untilMs, epoch }
        line.session.send({ kind: 'lease_query', leaseQuery })
      })
    } finally {
      line.questions -= 1
    }
  }

  async notify(notice: NoticeToNode): Promise<boolean> {
    const { nodeId, unitIds, ...rest } = notice
    const line = this.#lines.get(nodeId)
    if (line === undefined) return false
    const indexes = await this.#indexesOf(line, unitIds)
    if (this.#lines.get(nodeId) !== line) return false
    // A card that this epoch has never shown cannot be named, and is not lent here either.
    if (indexes.size === 0) return false
    const units = [...indexes.values()]
    const unsigned = { ...rest, units, epoch: line.session.epoch }
    const leaseNotice = signLeaseNotice(this.#options.identity, unsigned)
    line.session.send({ kind: 'lease_notice', leaseNotice })
    return true
  }

  /** One that nobody waits for is ignored. */
  onAnswer(nodeId: NodeId, answer: LeaseAnswer): void {
    const question = this.#questions.get(answer.queryId)
    if (question === undefined || question.nodeId !== nodeId) return
    this.#settle(answer.queryId, question, answerOf(answer, question.indexes))
  }

  /** `false`: the node tells its leases more often than any node needs to. */
  onLeases(nodeId: NodeId, leases: readonly LeaseNotice[]): boolean {
    const line = this.#lines.get(nodeId)
    if (line === undefined) return true
    const nowMs = this.#options.clock.monotonicMs()
    const refilled = line.told.tokens + (nowMs - line.told.atMs) / TOLD_EVERY_MS
    const tokens = Math.min(TOLD_BURST, refilled) - 1
    line.told = { tokens, atMs: nowMs }
    if (tokens < 0) return false
    this.#options.onLeases?.(nodeId, leases)
    return true
  }

  #expire(queryId: string): void {
    const question = this.#questions.get(queryId)
    if (question !== undefined) this.#settle(queryId, question, UNREACHABLE)
  }

  #settle(queryId: string, question: Question, answer: LendingAnswer): void {
    this.#questions.delete(queryId)
    question.timer.cancel()
    question.answer(answer)
  }

  /** Those of the units that this epoch has; reads the node once for each that is new. */
  async #indexesOf(line: Line, unitIds: readonly UnitId[]): Promise<ReadonlyMap<UnitId, number>> {
    if (unitIds.some((unitId) => !line.indexes.has(unitId))) {
      const state = await this.#options.store.loadNode(line.session.nodeId)
      if (state !== null && state.factsEpoch === line.session.epoch) {
        for (const { unitId, index } of state.placements) line.indexes.set(unitId, index)
      }
    }
    const found = new Map<UnitId, number>()
    for (const unitId of unitIds) {
      const index = line.indexes.get(unitId)
      if (index !== undefined) found.set(unitId, index)
    }
    return found
  }
}

/** Nothing is granted on words alone: an acceptance rests on a sample. */
function answerOf(answer: LeaseAnswer, indexes: ReadonlyMap<UnitId, number>): LendingAnswer {
  const { accepted, sampledAtMs, isFenced, reason, declinedUnits } = answer
  if (accepted && sampledAtMs > 0) return { status: 'accepted', sampledAtMs, isFenced }
  const declined = new Set(declinedUnits)
  const unitIds = [...indexes].flatMap(([unitId, index]) => (declined.has(index) ? [unitId] : []))
  const told = REASON.test(reason) ? reason : 'unspecified'
  return { status: 'declined', reason: accepted ? 'unproven' : told, unitIds }
}
