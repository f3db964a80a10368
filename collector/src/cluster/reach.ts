/**
 * Leases between the collector that leads and nodes that are connected to others: questions and
 * notices go to the process that has the node's session, what nodes believe to be lent comes from
 * there. A process that does not answer in time answers what a node does that cannot be reached.
 */
import { decodeToCollector, encodeToCollector, type LeaseNotice } from '@yiben/shared'
import type { NodeId } from '../model/ids.ts'
import {
  ANSWER_MS_MAX,
  type LendingAnswer,
  type LendingQuestion,
  type NodeLink,
  type NoticeToNode,
} from '../model/node-link.ts'
import type { Post } from './post.ts'

const ASK = 'lease_ask'
const NOTICE = 'lease_notice'
const LEASES = 'leases'
/** The way there and back. */
const WAY_MS = 500

/** The link to nodes that are connected here. */
export interface OwnLink extends NodeLink {
  isOpen(nodeId: NodeId): boolean
}

/** Of the one that leads: nodes wherever they are. */
export class Reach implements NodeLink {
  readonly #own: OwnLink
  readonly #post: Pick<Post, 'ask'>
  readonly #instanceOf: (nodeId: NodeId) => string | null

  constructor(
    own: OwnLink,
    post: Pick<Post, 'ask'>,
    instanceOf: (nodeId: NodeId) => string | null,
  ) {
    this.#own = own
    this.#post = post
    this.#instanceOf = instanceOf
  }

  async ask(question: LendingQuestion): Promise<LendingAnswer> {
    const instance = this.#elsewhere(question.nodeId)
    if (instance === null) return await this.#own.ask(question)
    const answer = await this.#post.ask(instance, ASK, question, ANSWER_MS_MAX + WAY_MS)
    return (answer as LendingAnswer | null) ?? { status: 'unreachable' }
  }

  async notify(notice: NoticeToNode): Promise<boolean> {
    const instance = this.#elsewhere(notice.nodeId)
    if (instance === null) return await this.#own.notify(notice)
    return (await this.#post.ask(instance, NOTICE, notice, ANSWER_MS_MAX)) === true
  }

  #elsewhere(nodeId: NodeId): string | null {
    return this.#own.isOpen(nodeId) ? null : this.#instanceOf(nodeId)
  }
}

/** Of the one that leads: hears what nodes have told elsewhere. */
export function hearLeases(
  post: Post,
  onLeases: (nodeId: NodeId, leases: readonly LeaseNotice[]) => void,
): void {
  post.on(LEASES, (content) => {
    const { frame, nodeId } = content as { nodeId: NodeId; frame: string }
    const message = decodeToCollector(Buffer.from(frame, 'base64'))
    if (message.kind === 'leases') onLeases(nodeId, message.leases)
  })
}

/** Of the others: asks and tells nodes that are connected here for the one that leads. */
export function serveReach(post: Post, own: OwnLink): void {
  post.on(ASK, (content) => own.ask(content as LendingQuestion))
  post.on(NOTICE, (content) => own.notify(content as NoticeToNode))
}

/** Of the others: what a node has told here. */
export function tellLeases(
  post: Post,
  leader: string,
  nodeId: NodeId,
  leases: readonly LeaseNotice[],
): void {
  const frame = Buffer.from(encodeToCollector({ kind: 'leases', leases })).toString('base64')
  post.tell(leader, LEASES, { nodeId, frame })
}
